"""Faulty answers of the two bulk calls, which repeat, omit, reorder, contradict or hide entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scripts.simulate.model import at_time

if TYPE_CHECKING:
    from scripts.simulate.choices import Choices
    from scripts.simulate.model import Api

__all__ = ["HOLD_TWISTS", "ORDER_TWISTS", "Entries", "failed_hold", "failed_order", "twisted"]

Entries = tuple[list[Any], list[Any]]
"""Successful and failed entries of an answer."""
_Twist = "Callable[[list[Any], list[Any], Choices], Entries]"

_COMMON: Final = (
    "answer in another order",
    "answer repeats an entry",
    "answer omits an entry",
    "empty answer",
)
HOLD_TWISTS: Final = (
    *_COMMON,
    "answer repeats one instead of another",
    "answer refuses another twice instead of one",
    "answer refuses what it lists",
    "answer lists something else",
    "answer contradicts itself",
    "bare IRIs in the answer",
    "answer without items",
)
ORDER_TWISTS: Final = (
    *_COMMON,
    "answer refuses another twice instead of one",
    "answer refuses what it lists",
    "answer lists something else",
    "answer lists something else instead",
    "answer contradicts itself",
    "bare IRIs in the answer",
    "answer names no reservation",
)


def failed_hold(place: int, item: Any, reason: str, choices: Choices) -> Any:
    """Return an entry of ``failedReservations``, in one of the shapes that it may have."""
    return choices.pick(
        (
            {"offer": item["offer"], "quantity": item["quantity"], "code": "refused", "message": reason},
            {"propertyPath": f"items[{place}].offer", "message": reason},
            {"code": "refused", "message": reason},
            reason,
        )
    )


def failed_order(iri: str, reason: str, choices: Choices) -> Any:
    """Return an entry of ``failedOrders``, in one of the shapes that it may have."""
    return choices.pick(
        (
            {"reservation": iri, "code": None, "message": reason},
            {"detail": f"{reason}", "subject": {"iri": iri}},
        )
    )


def twisted(  # noqa: PLR0911 (one for each kind)
    kind: str, made: list[Any], failed: list[Any], choices: Choices, api: Api
) -> Entries:
    """Return the entries of an answer with a fault."""
    place = choices.draw() * len(made) // 1000 if made else 0
    match kind:
        case "answer in another order":
            return made[::-1], failed
        case "answer repeats an entry":
            return [*made, *made[place : place + 1]], failed
        case "answer omits an entry":
            return made[:place] + made[place + 1 :], failed
        case "empty answer":
            return [], []
        case "answer repeats one instead of another" if len(made) > 1:
            return [*made[1:], made[1]], failed
        case "bare IRIs in the answer":
            return [entry["@id"] for entry in made], failed
        case "answer without items":
            return [{**entry, "items": []} for entry in made], failed
        case "answer names no reservation":
            return [{key: entry[key] for key in entry if key != "reservation"} for entry in made], failed
        case "answer contradicts itself" if made:
            return [
                *made,
                {**made[place], "totalAmountInclTax": "0.10", "createdAt": at_time(-9).isoformat()},
            ], failed
        case _:
            return _mixed(kind, place, made, failed, api)


def _mixed(kind: str, place: int, made: list[Any], failed: list[Any], api: Api) -> Entries:
    if not made:
        return made, failed
    entry, left = made[place], made[:place] + made[place + 1 :]
    refusal = {"message": "refused", **_name_of(entry)}
    match kind:
        case "answer refuses another twice instead of one" if left:
            again = failed[:1] or [{"message": "refused", **_name_of(left[0])}]
            return left, [*failed, *again]
        case "answer refuses what it lists":
            return made, [*failed, refusal]
        case "answer lists something else":
            return [*made, *_foreign(made, api)], failed
        case "answer lists something else instead":
            return [*left, *_foreign(made, api)], failed
        case _:
            return made, failed


def _name_of(entry: Any) -> dict[str, Any]:
    if "reservation" in entry:
        return {"reservation": entry["reservation"]}
    return {"offer": entry["items"][0]["offer"]} if entry["items"] and "offer" in entry["items"][0] else {}


def _foreign(made: list[Any], api: Api) -> list[Any]:
    """Return an existing entry of another caller, or an entry that belongs to no request."""
    shown = {entry["@id"] for entry in made}
    if "items" in made[0] and "offerTickets" in (made[0]["items"] or [{}])[0]:
        others = [held for held in api.held.values() if held.iri not in shown and not held.orders]
        if others:
            return [api.reservation(others[-1], others[-1].made, others[-1].made)]
        item = {**made[0]["items"][0], "offer": "/v1/ticketing/catalogs/c/offers/nobodys"}
        return [{**made[0], "@id": "/v1/booking/reservations/99999999", "items": [item]}]
    other = {"reservation": "/v1/booking/reservations/99999999", "externalReference": "SOMEBODY-ELSE"}
    return [{**made[0], "@id": "/v1/booking/orders/99999999", **other}]
