"""Comparison of types, alternatives and discriminators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.compare.wire.facets import is_integer, type_names
from scripts.compare.wire.insides import Insides
from scripts.compare.wire.shapes import KINDS, Branch, Shape, Use
from scripts.descriptions.pointers import last
from scripts.descriptions.values import Json, as_object

if TYPE_CHECKING:
    from scripts.compare.wire.book import Book

__all__ = ["Alternatives"]


class Alternatives(Insides):
    """Comparison of the types and alternatives of a schema."""

    def _types(self) -> None:
        before, after = self.before, self.after
        had, has = "null" in before.kinds, "null" in after.kinds
        old_types, new_types = type_names(before), type_names(after)
        removed = {kind for kind in before.kinds if kind not in after.kinds} - {"null"}
        added = {kind for kind in after.kinds if kind not in before.kinds} - {"null"}
        old_integer, new_integer = is_integer(before), is_integer(after)
        if "number" in before.kinds and "number" in after.kinds and not _enumerated(before, "number"):
            if new_integer and not old_integer and not _enumerated(after, "number"):
                removed.add("number")
            elif old_integer and not new_integer and not _enumerated(after, "number"):
                added.add("number")
        # `nullable` covers every type against every type but null
        if had != has and not (len(before.kinds) == 1 and had) and not (len(after.kinds) == 1 and has):
            self._say(
                "nullable",
                had,
                has,
                "it may be null now" if has else "it may not be null any more",
                narrowed=had,
                widened=has,
            )
        elif had != has:
            (added if has else removed).add("null")
        if removed or added:
            self._say(
                "type",
                old_types,
                new_types,
                f"its type changed from {_words(old_types)} to {_words(new_types)}",
                narrowed=bool(removed),
                widened=bool(added),
            )

    def _alternatives(self, kind: str, olds: list[Branch], news: list[Branch]) -> None:
        pairs, removed, added = self._matched(olds, news)
        for old, new in pairs:
            self._branches(old, new)
            self._variant_annotations(old, new)
        for branch in removed:
            place = branch.variant or branch.source
            self._say(
                "variant",
                self._variant_name(self.old, branch),
                None,
                f"the alternative {self._variant_name(self.old, branch)} was removed",
                narrowed=None,
                at=(place, self.after.source),
                subject=self._variant_name(self.old, branch),
                branches=(branch, None),
            )
        for branch in added:
            place = branch.variant or branch.source
            self._say(
                "variant",
                None,
                self._variant_name(self.new, branch),
                f"the alternative {self._variant_name(self.new, branch)} was added",
                widened=None,
                at=(self.before.source, place),
                subject=self._variant_name(self.new, branch),
                branches=(None, branch),
            )
        was, is_ = self.before.choice.get(kind), self.after.choice.get(kind)
        other = bool(was and is_ and was != is_)
        # values that the new alternative of `oneOf` admits, too, match twice now
        overlap = kind not in {"object", "array"} and self._may_overlap(was, is_, removed, added)
        narrowed = is_ == "oneOf" and (other or bool(added))
        widened = (is_ == "anyOf") if other else (was == "oneOf" and bool(removed))
        change = (was, is_, narrowed, widened)
        if (other or overlap) and change not in self.chosen:
            self.chosen.add(change)
            self._say(
                "choice",
                was or "one alternative",
                is_ or "one alternative",
                f"{was} became {is_}"
                if other
                else "exactly one alternative must match, and the alternatives changed",
                narrowed=None if narrowed else False,
                widened=None if widened else False,
            )

    @staticmethod
    def _may_overlap(was: str | None, is_: str | None, removed: list[Branch], added: list[Branch]) -> bool:
        """Return True if alternatives were added to or removed from a choice in which only one may match."""
        return (is_ == "oneOf" and bool(added)) or (was == "oneOf" and bool(removed))

    def _matched(
        self, olds: list[Branch], news: list[Branch]
    ) -> tuple[list[tuple[Branch, Branch]], list[Branch], list[Branch]]:
        if len(olds) == 1 and len(news) == 1:
            return [(olds[0], news[0])], [], []
        pairs: list[tuple[Branch, Branch]] = []
        left = list(olds)
        free = list(news)
        for depth in (4, 0):
            by_digest: dict[str, list[Branch]] = {}
            for branch in free:
                by_digest.setdefault(self.new.branch_digest(branch, depth), []).append(branch)
            for old in list(left):
                same = by_digest.get(self.old.branch_digest(old, depth))
                if same:
                    new = same.pop(0)
                    pairs.append((old, new))
                    left.remove(old)
                    free.remove(new)
        scored = sorted(
            (
                (-score, i, j)
                for i, old in enumerate(left)
                for j, new in enumerate(free)
                if (score := self._likeness(old, new)) > 0
            ),
        )
        taken_old: set[int] = set()
        taken_new: set[int] = set()
        for _, i, j in scored:
            if i not in taken_old and j not in taken_new:
                taken_old.add(i)
                taken_new.add(j)
                pairs.append((left[i], free[j]))
        return (
            pairs,
            [old for i, old in enumerate(left) if i not in taken_old],
            [new for j, new in enumerate(free) if j not in taken_new],
        )

    def _likeness(self, old: Branch, new: Branch) -> float:  # noqa: C901 - a flat list of cases
        """Return how similar two alternatives are; 0 if they do not correspond."""
        tags_old, tags_new = self._tags(self.old, old), self._tags(self.new, new)
        for name in tags_old.keys() & tags_new.keys():
            if not tags_old[name] & tags_new[name]:
                return 0
        score = 0.0
        if (
            old.variant
            and new.variant
            and last(old.variant) == last(new.variant)
            and not last(old.variant).isdigit()
        ):
            score += 2
        if tags_old.keys() & tags_new.keys():
            score += 2
        names_old, names_new = set(old.properties), set(new.properties)
        if names_old or names_new:
            score += len(names_old & names_new) / len(names_old | names_new)
        elif old.kind == "object":
            score += 0.5
        if old.kind == "array":
            score += 0.5
        if old.kind in {"string", "number"}:
            score += 0.2
            if (old.values is None) == (new.values is None):
                score += 0.2
            if old.limits.keys() & new.limits.keys():
                score += 0.3
        return score if score >= 0.3 else 0  # noqa: PLR2004 - explained by its use

    def _tags(self, book: Book, branch: Branch) -> dict[str, frozenset[str]]:
        """Return the enumerated properties, which distinguish alternatives."""
        tags: dict[str, frozenset[str]] = {}
        for name, declared in branch.properties.items():
            if name not in branch.required:
                continue
            shape = book.shape(declared.use.core)
            if set(shape.kinds) == {"string"} and len(shape.kinds["string"]) == 1:
                values = shape.kinds["string"][0].values
                if values is not None and len(values) == 1:
                    tags[name] = frozenset(values)
        return tags

    def _variant_name(self, book: Book, branch: Branch) -> str:
        place = branch.variant or branch.source
        name = last(place)
        if not name.isdigit():
            return name
        tags = self._tags(book, branch)
        if tags:
            key = min(tags)
            return f"{key}={min(tags[key])}"
        if branch.properties:
            return "{" + ", ".join(sorted(branch.properties)[:4]) + "}"
        return branch.kind

    def _discriminators(self) -> None:
        olds, news = self.before.discriminators, self.after.discriminators
        was = as_object(self.old.document.at(olds[0])) if olds else {}
        now = as_object(self.new.document.at(news[0])) if news else {}
        if not was and not now:
            return
        at = (olds[0] if olds else self.before.source, news[0] if news else self.after.source)
        if not was or not now:
            self._say(
                "discriminator",
                was.get("propertyName"),
                now.get("propertyName"),
                "a discriminator was added to its alternatives"
                if now
                else "the discriminator of its alternatives was removed",
                narrowed=None,
                widened=None,
                at=at,
            )
            return
        if was.get("propertyName") != now.get("propertyName"):
            self._say(
                "discriminator-property",
                was.get("propertyName"),
                now.get("propertyName"),
                f"its discriminator is {now.get('propertyName')} instead of {was.get('propertyName')}",
                narrowed=True,
                widened=True,
                at=at,
            )
        old_map = self._mapping(self.old, was, olds[0], self.before)
        new_map = self._mapping(self.new, now, news[0], self.after)
        for value in sorted(old_map.keys() | new_map.keys()):
            former, present = old_map.get(value), new_map.get(value)
            if former is None or present is None:
                self._say(
                    "discriminator-mapping",
                    value if former is not None else None,
                    value if present is not None else None,
                    f"the value {value} of the discriminator was {'added' if present is not None else 'removed'}",
                    narrowed=present is None,
                    widened=former is None,
                    at=at,
                    subject=value,
                )
            elif self._elsewhere(former, present):
                self._say(
                    "discriminator-mapping",
                    last(former.core[0]),
                    last(present.core[0]),
                    f"the value {value} of the discriminator selects another alternative",
                    narrowed=True,
                    widened=True,
                    at=at,
                    subject=value,
                )

    def _mapping(
        self, book: Book, discriminator: dict[str, Json], place: str, shape: Shape
    ) -> dict[str, Use]:
        """Return the schema of each value of the discriminator, including implicit ones."""
        found: dict[str, Use] = {}
        for value, target in as_object(discriminator.get("mapping")).items():
            if isinstance(target, str):
                plain = "/" not in target and "#" not in target and "." not in target
                reference = f"#/components/schemas/{target}" if plain else target
                try:
                    found[value] = book.use(book.document.target(reference, place))
                except Exception:  # noqa: BLE001 - not a reference, so it is a plain name
                    found[value] = Use((f"?{target}",))
        written = {use.core for use in found.values()}
        for branch in shape.kinds.get("object", ()):
            if branch.variant and branch.variant.startswith("/components/schemas/"):
                use = book.use(branch.variant)
                if use.core not in written:
                    found.setdefault(last(branch.variant), use)
        return found

    def _elsewhere(self, former: Use, present: Use) -> bool:
        if former.core[0].startswith("?") or present.core[0].startswith("?"):
            return former != present
        if last(former.core[0]) == last(present.core[0]):
            return False
        return self.old.digest(former) != self.new.digest(present) and self._paired(former, present)

    def _paired(self, former: Use, present: Use) -> bool:
        """Return True if two alternatives with different names are not a renamed one."""
        olds = [b for b in self.before.kinds.get("object", ()) if b.variant == former.core[0]]
        news = [b for b in self.after.kinds.get("object", ()) if b.variant == present.core[0]]
        if not olds or not news:
            return True
        pairs, _, _ = self._matched(self.before.kinds.get("object", []), self.after.kinds.get("object", []))
        return (olds[0], news[0]) not in pairs


def _enumerated(shape: Shape, kind: str) -> bool:
    return all(branch.values is not None for branch in shape.kinds.get(kind, ()))


def _words(names: list[str]) -> str:
    if len(names) == len(KINDS):
        return "anything"
    return " or ".join(names) or "nothing"
