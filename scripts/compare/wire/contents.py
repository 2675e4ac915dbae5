"""Comparison of request and response bodies, by status and media type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from scripts.compare.wire.parameters import PRIMITIVES, Parameters
from scripts.compare.wire.shapes import Shape, Use, token
from scripts.descriptions.pointers import escape, last
from scripts.descriptions.values import Json, Object, as_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.compare.wire.book import Book
    from scripts.compare.wire.documents import Document
    from scripts.compare.wire.findings import Operation
    from scripts.compare.wire.rules import Direction
    from scripts.compare.wire.sides import Sides

__all__ = ["Contents", "answers", "media_types"]

ENCODING_DEFAULTS: dict[str, Json] = {"style": "form", "allowReserved": False, "headers": {}}
_NEVER = object()
FORMS = ("multipart/", "application/x-www-form-urlencoded", "*/*")


@define(eq=False)
class Contents:
    """Comparison of the bodies of operations."""

    sides: Sides
    parameters: Parameters

    def request(self, operation: Operation, was: Object, now: Object) -> None:
        """Compare the request bodies of an operation."""
        old = (
            self.sides.old.follow(f"{operation.old}/requestBody")
            if as_object(was.get("requestBody"))
            else None
        )
        new = (
            self.sides.new.follow(f"{operation.new}/requestBody")
            if as_object(now.get("requestBody"))
            else None
        )
        part = "request body"
        former = as_object(self.sides.old.at(old)) if old is not None else {}
        present = as_object(self.sides.new.at(new)) if new is not None else {}
        if old is not None and new is not None:
            self.sides.fields(part, operation, (old, new), former, present, part=part)
            self._contents(operation, (old, new), former, present, part, "request")
        elif old is not None or new is not None:
            required = present.get("required") is True
            added = "required-request-body-added" if required else "request-body-added"
            self.sides.say(
                operation,
                "request-body-removed" if new is None else added,
                (old or operation.old, new or operation.new),
                sorted(as_object(former.get("content"))) if old is not None else None,
                sorted(as_object(present.get("content"))) if new is not None else None,
                "the request body was removed"
                if new is None
                else f"{'a required' if required else 'an optional'} request body was added",
                part=part,
            )

    # --- media types --------------------------------------------------------------------------------------------------

    def _contents(  # noqa: PLR0917 - fixed order
        self,
        operation: Operation,
        at: tuple[str, str],
        was: Object,
        now: Object,
        part: str,
        direction: Direction,
        *,
        only_link: bool = False,
    ) -> None:
        olds, news = media_types(was), media_types(now)
        for name in sorted(olds.keys() | news.keys()):
            former, present = olds.get(name), news.get(name)
            if former is None:
                former = _covering(name, olds)
            elif present is None:
                present = _covering(name, news)
            if former is not None and present is not None:
                places = f"{at[0]}/content/{escape(former)}", f"{at[1]}/content/{escape(present)}"
                self._media(operation, places, f"{part} {name}", direction)
                # the new range contains it, or it replaces the old range
                if name in olds or (direction == "response" and not only_link):
                    continue
            if not only_link:
                self._added_or_removed(operation, at, name, (olds, news), part, direction)
        if direction == "response" and not only_link and bool(olds) != bool(news):
            self.sides.say(
                operation,
                "response-body-added" if news else "response-body-removed",
                at,
                sorted(olds) or None,
                sorted(news) or None,
                "the response has a body now" if news else "the response has no body any more",
                part=part,
                direction=direction,
            )

    def _added_or_removed(  # noqa: PLR0917 - fixed order
        self,
        operation: Operation,
        at: tuple[str, str],
        name: str,
        both: tuple[dict[str, str], dict[str, str]],
        part: str,
        direction: Direction,
    ) -> None:
        """Report an added or removed media type."""
        olds, news = both
        old: Json = olds.get(name)
        new: Json = news.get(name)
        rule = f"{direction}-media-type-{'added' if name in news else 'removed'}"
        clause = f"the media type {name} was {'added' if name in news else 'removed'}"
        if direction == "response" and not (olds and news):
            return
        if direction == "response" and name in olds and any(_covering(one, {name: name}) for one in news):
            rule, new = "response-media-range-narrowed", sorted(news)
            clause = f"of the media types {name}, only {', '.join(sorted(news))} is left"
        self.sides.say(operation, rule, at, old, new, clause, part=part, direction=direction, subject=name)

    def _media(self, operation: Operation, at: tuple[str, str], part: str, direction: Direction) -> None:
        was, now = as_object(self.sides.old.at(at[0])), as_object(self.sides.new.at(at[1]))
        for keyword, inside in (("schema", part), ("itemSchema", f"{part} each item")):
            places = [
                f"{place}/{keyword}" if keyword in media else None
                for place, media in zip(at, (was, now), strict=True)
            ]
            self.sides.lead(operation, places[0], places[1], direction, inside)
        self.sides.fields("media", operation, at, was, now, part=part, direction=direction)
        if _encoding(self.sides.old_book, was, at[0]) != _encoding(self.sides.new_book, now, at[1]):
            self.sides.say(
                operation,
                f"{direction}-encoding-changed",
                at,
                was.get("encoding"),
                now.get("encoding"),
                "the encoding of its parts changed",
                part=part,
                direction=direction,
            )

    # --- responses ----------------------------------------------------------------------------------------------------

    def answers(self, operation: Operation, was: Object, now: Object) -> None:
        """Compare the responses of an operation."""
        olds = answers(self.sides.old, operation.old or "", was)
        news = answers(self.sides.new, operation.new or "", now)
        for status in sorted(self._ranges(operation, olds, news)):
            part = f"response {status}"
            old, new = olds.get(status), news.get(status)
            if old is not None and new is not None:
                self._answer(operation, (old, new), part)
                continue
            verb, others = ("added", olds) if old is None else ("removed", news)
            cover = _covering_status(status, others)
            success = "success-" if status[0] in "123" and cover is None else ""
            self.sides.say(
                operation,
                f"response-{success}status-{verb}",
                (old or operation.old, new or operation.new),
                None if old is None else status,
                None if new is None else status,
                f"the response {status} was {verb}",
                part=part,
                direction="response",
            )
            if cover is not None:
                self._answer(operation, (old or cover, new or cover), part, only_link=True)

    def _ranges(self, operation: Operation, olds: dict[str, str], news: dict[str, str]) -> set[str]:
        """Compare a range of statuses with the single ones that replace it, or the reverse; return the rest."""
        rest = olds.keys() | news.keys()
        for wide in [status for status in rest if status.endswith("XX")]:
            if (wide in olds) == (wide in news):
                continue
            narrowed = wide in olds
            ranged, single = (olds, news) if narrowed else (news, olds)
            inside = sorted(
                status
                for status in single
                if status[0] == wide[0] and status not in ranged and status != wide
            )
            if not inside:
                continue
            places = [(olds[wide], news[one]) if narrowed else (olds[one], news[wide]) for one in inside]
            listed = ", ".join(inside)
            self.sides.say(
                operation,
                f"response-status-range-{'narrowed' if narrowed else 'widened'}",
                places[0],
                wide if narrowed else inside,
                inside if narrowed else wide,
                f"of the responses {wide}, only {listed} is left"
                if narrowed
                else f"any response {wide} is possible instead of {listed}",
                part=f"response {wide}",
                direction="response",
            )
            for status, place in zip(inside, places, strict=True):
                self._answer(operation, place, f"response {status}")
            rest = rest - {wide, *inside}
        return set(rest)

    def _answer(
        self, operation: Operation, at: tuple[str, str], part: str, *, only_link: bool = False
    ) -> None:
        was, now = as_object(self.sides.old.at(at[0])), as_object(self.sides.new.at(at[1]))
        if not only_link:
            self.sides.fields("response", operation, at, was, now, part=part, direction="response")
            self.parameters.headers(operation, at, was, now, part)
        self._contents(operation, at, was, now, part, "response", only_link=only_link)


# --- reading ----------------------------------------------------------------------------------------------------------


def answers(document: Document, location: str, content: Object) -> dict[str, str]:
    """Return the location of each response of an operation by status."""
    return {
        status.upper() if status != "default" else status: document.follow(
            f"{location}/responses/{escape(status)}"
        )
        for status in as_object(content.get("responses"))
        if not status.startswith("x-")
    }


def media_types(holder: Mapping[str, Json]) -> dict[str, str]:
    """Return the media types as written, by their normal form."""
    found: dict[str, str] = {}
    for name in as_object(holder.get("content")):
        kind, *parameters = [part.strip().lower() for part in name.split(";")]
        kept = sorted(part for part in parameters if part and part.replace('"', "") != "charset=utf-8")
        found[";".join((kind, *kept))] = name
    return found


def _covering(name: str, others: dict[str, str]) -> str | None:
    for wide in (f"{name.partition('/')[0]}/*", "*/*"):
        if wide in others and wide != name:
            return others[wide]
    return None


def _covering_status(status: str, others: dict[str, str]) -> str | None:
    if status == "default":
        return None
    wide = f"{status[0]}XX"
    if status != wide and wide in others:
        return others[wide]
    return others.get("default")


def _encoding(book: Book, media: Object, at: str) -> str:
    """Return the canonical text of the encoding of a body's parts, without defaults."""
    found: dict[str, Json] = {}
    if not last(at).lower().startswith(FORMS):
        return token(found)  # not a media type with parts
    shape = book.shape(book.use(f"{at}/schema").core) if "schema" in media else None
    for name, content in as_object(media.get("encoding")).items():
        kept = {
            key: value
            for key, value in as_object(content).items()
            if not key.startswith("x-") and value != ENCODING_DEFAULTS.get(key, _NEVER)
        }
        if kept.get("style") is None and kept.get("explode") is True:
            del kept["explode"]
        usual = _usual_content_type(book, shape, name)
        if usual == "application/json" and as_object(content).keys() & {"style", "explode", "allowReserved"}:
            kept["style"] = as_object(content).get("style", "form")  # the style replaces JSON
        if str(kept.get("contentType", "")).lower() == usual:
            del kept["contentType"]
        if kept:
            found[name] = kept
    return token(found)


def _usual_content_type(book: Book, shape: Shape | None, name: str) -> str | None:
    """Return the default content type of a part, by its type."""
    objects = shape.kinds.get("object", []) if shape else []
    declared = next((branch.properties[name] for branch in objects if name in branch.properties), None)
    if declared is None:
        return None
    part = book.shape(declared.use.core)
    kinds = set(part.kinds) - {"null"}
    if kinds == {"array"} and isinstance(part.kinds["array"][0].items, Use):
        part = book.shape(part.kinds["array"][0].items.core)
        kinds = set(part.kinds) - {"null"}
    if kinds == {"object"}:
        return "application/json"
    if kinds == {"string"} and any("contentMediaType" in branch.limits for branch in part.kinds["string"]):
        return "application/octet-stream"
    return "text/plain" if kinds and kinds <= PRIMITIVES else None
