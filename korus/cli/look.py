"""``korus catalogs``, ``offers``, ``orders``, …: commands that list and show, and change nothing.

Each is a thin shell over one method of `korus.Korus`, with its filters. Lists are tables for people, or with ``--json``
one object a line; ``--limit`` shortens them, ``--all`` does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import islice
from typing import Annotated, Any, Final, TypeAlias

import typer

from korus import Korus
from korus._core.texts import folded
from korus.cli.shown import print_json, print_table
from korus.errors import InvalidArgument, OperationUnavailable

__all__ = ["COMMANDS", "catalog_named", "day_of"]

_LIMIT: Final = 20

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs: one object a line.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="The most entries to show.")]
Everything = Annotated[bool, typer.Option("--all", help="Show all entries.")]
CatalogArgument = Annotated[str, typer.Argument(help="The catalogue: its IRI, id or name.")]
OfferArgument = Annotated[str, typer.Argument(help="The offer's IRI.")]

Row: TypeAlias = Sequence[object]


def _show_list(
    items: Iterable[Any],
    headings: Sequence[str],
    row: Callable[[Any], Row],
    *,
    limit: int | None,
    as_json: bool,
) -> None:
    found = iter(items)
    shown = list(found) if limit is None and not as_json else islice(found, limit)
    if as_json:
        for item in shown:
            print_json(item.to_dict())
        return
    rows = [row(item) for item in shown]
    if not rows:
        typer.echo("nothing")
        return
    print_table(headings, rows)
    if limit is not None and next(found, None) is not None:
        typer.echo(f"and more; --limit {limit * 5} or --all shows them", err=True)


def _show_one(item: Any, fields: Sequence[tuple[str, object]], *, as_json: bool) -> None:
    if as_json:
        print_json(item.to_dict())
        return
    width = max(len(name) for name, _ in fields)
    for name, value in fields:
        typer.echo(f"{name.ljust(width)}  {'-' if value is None or value == '' else value}")


def day_of(written: str | None, name: str) -> date | None:
    """Read the date of an option; None if it was not given.

    Raises:
        BadParameter: It is not a date.
    """
    if written is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(
            f"must be a date such as 2027-05-15, got {written!r}", param_hint=name
        ) from None


def catalog_named(korus: Korus, written: str) -> str:
    """Return a catalogue's IRI by its IRI, id or name.

    Raises:
        InvalidArgument: There is no such catalogue, or more than one.
    """
    if "/" in written:
        return written
    found = [
        catalog
        for catalog in korus.catalogs.list()
        if written == catalog.id or folded(catalog.name) == folded(written)
    ]
    if len(found) != 1:
        how_many = "no" if not found else "more than one"
        raise InvalidArgument(f"There is {how_many} catalogue {written!r}. `korus catalogs` lists them.")
    return str(found[0].iri)


def _price(price: Any) -> str | None:
    if price is None or price.amount_incl_tax is None:
        return None
    return f"{price.amount_incl_tax} {(price.currency or '').upper()}".strip()


def catalogs(*, limit: Limit = _LIMIT, everything: Everything = False, as_json: AsJson = False) -> None:
    """List the catalogues that are granted to you."""
    with Korus.from_env() as korus:
        _show_list(
            korus.catalogs.list(),
            ("catalogue", "name", "imported"),
            lambda each: (each.iri, each.name, each.last_synced_at),
            limit=None if everything else limit,
            as_json=as_json,
        )


def bases(
    catalog: CatalogArgument,
    *,
    with_disabled: Annotated[bool, typer.Option("--with-disabled", help="List disabled ones too.")] = False,
    limit: Limit = _LIMIT,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List the product bases of a catalogue."""
    with Korus.from_env() as korus:
        _show_list(
            korus.product_bases.list(catalog_named(korus, catalog), with_disabled=with_disabled or None),
            ("product base", "name", "disabled"),
            lambda each: (each.iri, each.name, _yes(each.disabled)),
            limit=None if everything else limit,
            as_json=as_json,
        )


def products(
    of: Annotated[str, typer.Argument(help="A product base's IRI, or a catalogue: its IRI, id or name.")],
    *,
    limit: Limit = _LIMIT,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List the products of a product base, or of all bases of a catalogue."""
    with Korus.from_env() as korus:
        _show_list(
            _products(korus, of),
            ("product", "name", "disabled"),
            lambda each: (each.iri, each.name, _yes(each.disabled)),
            limit=None if everything else limit,
            as_json=as_json,
        )


def _products(korus: Korus, of: str) -> Iterable[Any]:
    if "/product_bases/" in of:
        yield from korus.products.list(of)
        return
    catalog = catalog_named(korus, of)
    try:
        found = list(korus.product_bases.list(catalog))
    except OperationUnavailable:  # the old model has no bases
        yield from korus.products.list(catalog)
        return
    for base in found:
        yield from korus.products.list(base)


def offers(
    catalog: CatalogArgument,
    *,
    after: Annotated[str | None, typer.Option(help="Only on this date or later (2027-05-15).")] = None,
    before: Annotated[str | None, typer.Option(help="Only on this date or earlier.")] = None,
    product: Annotated[list[str] | None, typer.Option(help="Only of this product; may be repeated.")] = None,
    base: Annotated[str | None, typer.Option(help="Only of this product base.")] = None,
    session: Annotated[str | None, typer.Option(help="Only of this session.")] = None,
    option_value: Annotated[
        list[str] | None, typer.Option(help="Only with this option value; may be repeated.")
    ] = None,
    sort: Annotated[str | None, typer.Option(help="By date: asc or desc.")] = None,
    limit: Limit = _LIMIT,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List the offers of a catalogue: the price and the stock of a product on each date."""
    with Korus.from_env() as korus:
        _show_list(
            korus.offers.list(
                catalog_named(korus, catalog),
                after=day_of(after, "--after"),
                before=day_of(before, "--before"),
                products=product or None,
                product_base=base,
                session=session,
                option_values=option_value or None,
                sort=sort,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  (judged by the library)
                page_size=None if not everything and limit <= _LIMIT else 50,
            ),
            ("offer", "date", "product", "price", "left"),
            _offer_row,
            limit=None if everything else limit,
            as_json=as_json,
        )


def sessions(
    of: Annotated[str, typer.Argument(help="An offer ticket's IRI.")],
    *,
    limit: Limit = _LIMIT,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List the sessions that can be chosen for a ticket of an offer."""
    with Korus.from_env() as korus:
        _show_list(
            korus.offers.sessions(of),
            ("session", "begins", "left"),
            lambda each: (each.iri, each.occurs_at, each.available_quantity),
            limit=None if everything else limit,
            as_json=as_json,
        )


def form(
    of: Annotated[str, typer.Argument(help="The form's IRI or id.")], *, as_json: AsJson = False
) -> None:
    """Show the fields of a form."""
    with Korus.from_env() as korus:
        found = korus.forms.get(of)
    if as_json:
        print_json(found.to_dict())
        return
    rows = [(each.code, each.label, str(each.type_), _yes(each.required)) for each in found.fields or ()]
    print_table(("field", "label", "type", "required"), rows)


def availability(offer: OfferArgument, *, as_json: AsJson = False) -> None:
    """Show the current stock of an offer and of each of its sessions."""
    with Korus.from_env() as korus:
        found = korus.offers.availability(offer)
    left = found.available_quantity
    fields: list[tuple[str, object]] = [("left", "no limit known" if left is None else left)]
    fields += [(str(each.session), each.available_quantity) for each in found.sessions_availability or ()]
    _show_one(found, fields, as_json=as_json)


def price(offer: OfferArgument, *, as_json: AsJson = False) -> None:
    """Show the current price of an offer."""
    with Korus.from_env() as korus:
        found = korus.offers.price(offer)
    fields = [
        ("incl. tax", found.amount_incl_tax),
        ("excl. tax", found.amount_excl_tax),
        ("currency", (found.currency or "").upper()),
    ]
    _show_one(found, fields, as_json=as_json)


def reservations(
    *,
    sort: Annotated[str | None, typer.Option(help="By when they were made: asc or desc.")] = "desc",
    limit: Limit = _LIMIT,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List your reservations, the newest first."""
    with Korus.from_env() as korus:
        _show_list(
            korus.reservations.list(sort=sort),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            ("reservation", "status", "made", "expires"),
            lambda each: (each.iri, str(each.status), each.created_at, each.expires_at),
            limit=None if everything else limit,
            as_json=as_json,
        )


def orders(
    *,
    reference: Annotated[str | None, typer.Option(help="Only with this external reference.")] = None,
    after: Annotated[str | None, typer.Option(help="Only made on this date or later (2027-05-15).")] = None,
    before: Annotated[str | None, typer.Option(help="Only made on this date or earlier.")] = None,
    sort: Annotated[str | None, typer.Option(help="By when they were made: asc or desc.")] = "desc",
    limit: Limit = _LIMIT,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List your orders, the newest first."""
    with Korus.from_env() as korus:
        _show_list(
            korus.orders.list(
                external_reference=reference,
                created_after=day_of(after, "--after"),
                created_before=day_of(before, "--before"),
                sort=sort,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  (judged by the library)
            ),
            ("order", "reference", "status", "made"),
            lambda each: (each.iri, each.external_reference, str(each.status), each.created_at),
            limit=None if everything else limit,
            as_json=as_json,
        )


def order(
    of: Annotated[str, typer.Argument(help="The order's IRI or id.")], *, as_json: AsJson = False
) -> None:
    """Show an order."""
    with Korus.from_env() as korus:
        found = korus.orders.get(of)
    fields: list[tuple[str, object]] = [
        ("order", found.iri),
        ("reference", found.external_reference),
        ("status", found.status),
        ("made", found.created_at),
        ("items", len(found.items or ())),
    ]
    _show_one(found, fields, as_json=as_json)


def tickets(
    of: Annotated[str, typer.Argument(help="The order's IRI or id.")], *, as_json: AsJson = False
) -> None:
    """List the tickets of an order, without the names of those who use them."""
    with Korus.from_env() as korus:
        found = [each for item in korus.orders.get(of).items or () for each in item.tickets or ()]
    _show_list(
        found,
        ("ticket", "status", "begins"),
        lambda each: (each.iri, str(each.status), getattr(each, "session_occurs_at", None)),
        limit=None,
        as_json=as_json,
    )


def _offer_row(offer: Any) -> Row:
    name = offer.product and offer.product.name
    return offer.iri, offer.date, name, _price(offer.price), offer.available_quantity


def _yes(value: object) -> str | None:
    return "yes" if value else None


COMMANDS: Final = {
    "catalogs": catalogs,
    "bases": bases,
    "products": products,
    "offers": offers,
    "sessions": sessions,
    "form": form,
    "availability": availability,
    "price": price,
    "reservations": reservations,
    "orders": orders,
    "order": order,
    "tickets": tickets,
}
"""The commands by their names."""
