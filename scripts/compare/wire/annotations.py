"""Compare what annotates schemas: texts, defaults, deprecation."""

from __future__ import annotations

from scripts.compare.wire.facets import Facets, moved
from scripts.compare.wire.graph import BOTH
from scripts.compare.wire.shapes import Branch, Shape, Use, token
from scripts.compare.wire.sunset import SUNSET, sunset_change
from scripts.descriptions.values import as_object

__all__ = ["Annotations"]

TEXTS = {
    "title": ("schema-title-changed", "title"),
    "description": ("schema-description-changed", "description"),
    "example": ("schema-example-changed", "example"),
    "examples": ("schema-example-changed", "examples"),
    "externalDocs": ("schema-external-docs-changed", "link to documentation"),
}


class Annotations(Facets):
    """The comparison of annotations."""

    def _annotations(self, old_use: Use, new_use: Use) -> None:
        before, after = self.old.shape(old_use.core), self.new.shape(new_use.core)
        several = len(before.merged) > 1 or len(after.merged) > 1 or len(old_use.core) + len(new_use.core) > 2  # noqa: PLR2004 - a number that says itself
        olds, news = self.old.annotations(old_use), self.new.annotations(new_use)
        for keyword, (name, what) in TEXTS.items():
            old, new = olds.get(keyword), news.get(keyword)
            if old is None and new is None:
                continue
            if several and (old is None or new is None):
                # merging by hand loses the texts of the parts, so they count where as many parts are merged
                self._part_texts(before, after, keyword, name, what)
                continue
            was, is_ = old[0] if old else None, new[0] if new else None
            if token(was) != token(is_):
                verb = "changed" if old and new else "was added" if new else "was removed"
                self._say(
                    "",
                    was,
                    is_,
                    f"its {what} {verb}",
                    names=dict.fromkeys(BOTH, name),
                    at=(old[1] if old else before.source, new[1] if new else after.source),
                    subject=keyword,
                )
        for keyword in sorted(name for name in olds.keys() | news.keys() if ":" in name):
            old, new = olds.get(keyword), news.get(keyword)
            was, is_ = old[0] if old else None, new[0] if new else None
            if token(was) != token(is_):
                self._say(
                    "",
                    was,
                    is_,
                    f"its annotation {keyword} {moved(was, is_)}",
                    names=dict.fromkeys(BOTH, "schema-annotation-changed"),
                    at=(old[1] if old else before.source, new[1] if new else after.source),
                    subject=keyword,
                )
        old = self.old.deep_annotation(old_use, "default")
        new = self.new.deep_annotation(new_use, "default")
        if (old is None) != (new is None) or (old and new and token(old[0]) != token(new[0])):
            verb = "changed" if old and new else "added" if new else "removed"
            was, is_ = old[0] if old else None, new[0] if new else None
            text = {
                "changed": f"its default changed from {token(was)} to {token(is_)}",
                "added": f"its default {token(is_)} was added",
                "removed": f"its default {token(was)} was removed",
            }[verb]
            self._say(
                "",
                was,
                is_,
                text,
                names=dict.fromkeys(BOTH, f"default-{verb}"),
                at=(old[1] if old else before.source, new[1] if new else after.source),
            )
        old = self.old.deep_annotation(old_use, "deprecated")
        new = self.new.deep_annotation(new_use, "deprecated")
        was, is_ = bool(old and old[0] is True), bool(new and new[0] is True)
        if was != is_:
            self._say(
                "",
                was,
                is_,
                "it is deprecated now" if is_ else "it is not deprecated any more",
                names=dict.fromkeys(BOTH, "property-deprecated" if is_ else "property-no-longer-deprecated"),
                at=(old[1] if old else before.source, new[1] if new else after.source),
            )
        old, new = self.old.deep_annotation(old_use, SUNSET), self.new.deep_annotation(new_use, SUNSET)
        change = sunset_change({SUNSET: old[0]} if old else {}, {SUNSET: new[0]} if new else {})
        if change is not None:
            rule, was, is_, text = change
            self._say(
                "",
                was,
                is_,
                text,
                names=dict.fromkeys(BOTH, rule),
                at=(old[1] if old else before.source, new[1] if new else after.source),
                subject=SUNSET,
            )

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
        """Compare what annotates two alternatives; where there are none, the pair itself was compared already."""
        if old.variant is None and new.variant is None:
            return
        one = Use((old.variant,)) if old.variant else self.pair.old
        other = Use((new.variant,)) if new.variant else self.pair.new
        if (one.core, other.core) not in self.annotated and (old.variant is None) == (new.variant is None):
            self.annotated.add((one.core, other.core))
            self._annotations(one, other)
