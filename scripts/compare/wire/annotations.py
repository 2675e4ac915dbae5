"""Comparison of annotations of schemas: texts, defaults, deprecation."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from scripts.compare.wire.facets import Facets, moved
from scripts.compare.wire.graph import BOTH
from scripts.compare.wire.shapes import Branch, Shape, Use, token
from scripts.compare.wire.sunset import SUNSET, sunset_change
from scripts.descriptions.values import Json, as_object

if TYPE_CHECKING:
    from scripts.compare.wire.book import Book

__all__ = ["Annotations"]

Stated: TypeAlias = tuple[Json, str] | None
"""Value and its place."""

TEXTS = {
    "title": ("schema-title-changed", "title"),
    "description": ("schema-description-changed", "description"),
    "example": ("schema-example-changed", "example"),
    "examples": ("schema-example-changed", "examples"),
    "externalDocs": ("schema-external-docs-changed", "link to documentation"),
}


class Annotations(Facets):
    """Comparison of annotations."""

    def _annotations(self, old_use: Use, new_use: Use) -> None:
        before, after = self.old.shape(old_use.core), self.new.shape(new_use.core)
        several = len(before.merged) > 1 or len(after.merged) > 1 or len(old_use.core) + len(new_use.core) > 2  # noqa: PLR2004 - explained by its use
        olds, news = self.old.annotations(old_use), self.new.annotations(new_use)

        def say(rule: str, old: Stated, new: Stated, clause: str, subject: str = "", **values: Json) -> None:
            """Report a change of an annotation, with other values if given."""
            self._say(
                "",
                values.get("was", old[0] if old else None),
                values.get("now", new[0] if new else None),
                clause,
                names=dict.fromkeys(BOTH, rule),
                at=(old[1] if old else before.source, new[1] if new else after.source),
                subject=subject,
            )

        for keyword, (name, what) in TEXTS.items():
            old, new = olds.get(keyword), news.get(keyword)
            if several and (old is None) != (new is None):
                # a schema merged by hand has no texts of parts, so these are compared only for equal numbers of parts
                self._part_texts(before, after, keyword, name, what)
            elif _differ(old, new):
                verb = "changed" if old and new else "was added" if new else "was removed"
                say(name, old, new, f"its {what} {verb}", keyword)
        for keyword in sorted(name for name in olds.keys() | news.keys() if ":" in name):
            old, new = olds.get(keyword), news.get(keyword)
            if _differ(old, new):
                clause = moved(old[0] if old else None, new[0] if new else None)
                say("schema-annotation-changed", old, new, f"its annotation {keyword} {clause}", keyword)
        old, new = (side.deep_annotation(use, "default") for side, use in self._sides(old_use, new_use))
        if (old is None) != (new is None) or _differ(old, new):
            verb = "changed" if old and new else "added" if new else "removed"
            stated = [token(side[0]) for side in (old, new) if side]
            value = f"changed from {stated[0]} to {stated[1]}" if old and new else f"{stated[0]} was {verb}"
            say(f"default-{verb}", old, new, f"its default {value}")
        old, new = (side.deep_annotation(use, "deprecated") for side, use in self._sides(old_use, new_use))
        was, now = bool(old and old[0] is True), bool(new and new[0] is True)
        if was != now:
            rule = "property-deprecated" if now else "property-no-longer-deprecated"
            clause = "it is deprecated now" if now else "it is not deprecated any more"
            say(rule, old, new, clause, was=was, now=now)
        old, new = (side.deep_annotation(use, SUNSET) for side, use in self._sides(old_use, new_use))
        change = sunset_change({SUNSET: old[0]} if old else {}, {SUNSET: new[0]} if new else {})
        if change is not None:
            rule, former, present, clause = change
            say(rule, old, new, clause, SUNSET, was=former, now=present)

    def _sides(self, old_use: Use, new_use: Use) -> tuple[tuple[Book, Use], tuple[Book, Use]]:
        return (self.old, old_use), (self.new, new_use)

    def _part_texts(self, before: Shape, after: Shape, keyword: str, name: str, what: str) -> None:
        if len(before.merged) != len(after.merged):
            return
        for was_at, now_at in zip(before.merged, after.merged, strict=True):
            was = as_object(self.old.document.at(was_at)).get(keyword)
            now = as_object(self.new.document.at(now_at)).get(keyword)
            if token(was) != token(now):
                verb = "was added" if was is None else "was removed" if now is None else "changed"
                self._say(
                    "",
                    was,
                    now,
                    f"the {what} of a part {verb}",
                    names=dict.fromkeys(BOTH, name),
                    at=(was_at, now_at),
                    subject=keyword,
                )

    def _variant_annotations(self, old: Branch, new: Branch) -> None:
        """Compare the annotations of two alternatives; without alternatives, the pair was compared already."""
        if old.variant is None and new.variant is None:
            return
        one = Use((old.variant,)) if old.variant else self.pair.old
        other = Use((new.variant,)) if new.variant else self.pair.new
        if (one.core, other.core) not in self.annotated and (old.variant is None) == (new.variant is None):
            self.annotated.add((one.core, other.core))
            self._annotations(one, other)


def _differ(old: Stated, new: Stated) -> bool:
    return token(old[0] if old else None) != token(new[0] if new else None)
