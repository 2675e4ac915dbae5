"""Effect of a change on values, by proof or by example.

If the comparison of pairs does not determine the effect, there are two methods. The first works with sets: it can prove
that every value of one schema is a value of the other. The second searches for a witness: a value that one schema
allows and the other does not, checked by a validator. If both fail, the effect is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs

from scripts.compare.wire.portable import INT_RANGES, MOST_REFERENCES, Portable, compiled
from scripts.compare.wire.records import Witness
from scripts.compare.wire.samples import FORMATS, GENERIC, NoSampleError, Sampler, from_pattern
from scripts.compare.wire.shapes import Branch, Use, token
from scripts.descriptions.pointers import escape
from scripts.descriptions.values import Json, as_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.compare.wire.book import Book
    from scripts.compare.wire.graph import Change, Pair
    from scripts.compare.wire.rules import Direction

__all__ = ["Judge"]

PLAIN: tuple[Json, ...] = ("text", 1, True, None, [], {})
MOST_CANDIDATES = 400
MOST_PROVED = 40
"""The maximum number of schemas referenced by a schema that is compared as a set."""
CONTAINMENTS = {
    jsonschema_rs.canonical.Containment.YES: True,
    jsonschema_rs.canonical.Containment.NO: False,
}


class _Side:
    """Schemas and validators of one document."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.sampler = Sampler(book)
        self.portable: dict[Direction, Portable] = {
            "request": Portable(book, "request"),
            "response": Portable(book, "response"),
        }
        self._validators: dict[tuple[tuple[str, ...], Direction], Any] = {}

    def schema(
        self, core: tuple[str, ...], direction: Direction, most: int = MOST_REFERENCES
    ) -> dict[str, Json] | None:
        return self.portable[direction].schema(core, most)

    def validator(self, core: tuple[str, ...], direction: Direction) -> Any:
        """Return a validator, or None if the schema is too large or not supported."""
        key = (core, direction)
        if key not in self._validators:
            self._validators[key] = None
            schema = self.schema(core, direction)
            if schema is not None:
                self._validators[key] = compiled(schema)
        return self._validators[key]


class Judge:
    """Judge of the effect of changes between two documents."""

    def __init__(self, old: Book, new: Book) -> None:
        self.old = _Side(old)
        self.new = _Side(new)
        self._proofs: dict[
            tuple[tuple[str, ...], tuple[str, ...], Direction], tuple[bool | None, bool | None]
        ] = {}
        self._witnesses: dict[tuple[int, bool, Direction], Witness] = {}

    # --- proof ------------------------------------------------------------------------------------------------------

    def proof(self, pair: Pair, direction: Direction) -> tuple[bool | None, bool | None]:
        """Return True if nothing was narrowed, and True if nothing was widened; None if not proved."""
        key = (pair.old.core, pair.new.core, direction)
        if key not in self._proofs:
            old, new = (self.old, pair.old.core), (self.new, pair.new.core)
            self._proofs[key] = _covers(new, old, direction), _covers(old, new, direction)
        return self._proofs[key]

    def breaks(self, pair: Pair, direction: Direction) -> bool | None:
        """Return True if the values of a pair break clients; None if not proved."""
        covered = self.proof(pair, direction)[0 if direction == "request" else 1]
        return None if covered is None else not covered

    def variant_proof(self, pair: Pair, change: Change, direction: Direction) -> bool:
        """Return True if it is proved that an added or removed alternative has no effect."""
        old, new = change.branches
        if old is not None and new is None:
            place = (old.variant or old.source,)
            return _covers((self.new, pair.new.core), (self.old, place), direction) is True
        if new is not None and old is None:
            place = (new.variant or new.source,)
            return _covers((self.old, pair.old.core), (self.new, place), direction) is True
        return False

    # --- witnesses --------------------------------------------------------------------------------------------------

    def witness(self, pair: Pair, change: Change, direction: Direction, *, narrowing: bool) -> Witness:
        """Search for a value that only one of two schemas allows.

        Args:
            pair: The schemas.
            change: The change.
            direction: The direction of the values.
            narrowing: True to search for a value of the old schema, False for one of the new schema.
        """
        key = (id(change), narrowing, direction)
        if key not in self._witnesses:
            self._witnesses[key] = self._witness(pair, change, direction, narrowing=narrowing)
        return self._witnesses[key]

    def _witness(self, pair: Pair, change: Change, direction: Direction, *, narrowing: bool) -> Witness:
        old = self.old.validator(pair.old.core, direction)
        new = self.new.validator(pair.new.core, direction)
        if old is None or new is None:
            return Witness(found=False, reason="the validator does not support one of the schemas")
        inside, outside = (old, new) if narrowing else (new, old)
        alternative = self._alternative(change, direction, narrowing=narrowing)
        tried: set[str] = set()
        for value in _Candidates(self, pair, change, narrowing=narrowing):
            mark = token(value)
            if mark in tried:
                continue
            tried.add(mark)
            if len(tried) > MOST_CANDIDATES:
                break
            try:
                if (
                    inside.is_valid(value)
                    and not outside.is_valid(value)
                    and (alternative is None or alternative.is_valid(value))
                ):
                    return Witness(
                        found=True,
                        value=value,
                        old_pointer=pair.old.core[0],
                        new_pointer=pair.new.core[0],
                    )
            except ValueError:
                continue
        return Witness(found=False, reason=f"none of {len(tried)} values shows it")

    def _alternative(self, change: Change, direction: Direction, *, narrowing: bool) -> Any:
        """Return a validator of the added or removed alternative, which must allow the witness."""
        branch = change.branches[0 if narrowing else 1]
        if change.facet != "variant" or branch is None:
            return None
        side = self.old if narrowing else self.new
        return side.validator((branch.variant or branch.source,), direction)


def _covers(
    wide: tuple[_Side, tuple[str, ...]], narrow: tuple[_Side, tuple[str, ...]], direction: Direction
) -> bool | None:
    """Return True if every value of one schema is one of another; None if unknown."""
    schemas = [side.schema(core, direction, MOST_PROVED) for side, core in (wide, narrow)]
    try:
        first, second = (
            jsonschema_rs.canonicalize(schema, draft=20, validate_formats=True)
            for schema in schemas
            if schema is not None
        )
        return CONTAINMENTS.get(first.covers(second))
    except (ValueError, TypeError, jsonschema_rs.ReferencingError):
        return None


class _Candidates:
    """Candidate values for a change, the most likely first."""

    def __init__(self, judge: Judge, pair: Pair, change: Change, *, narrowing: bool) -> None:
        here, there = (judge.old, judge.new) if narrowing else (judge.new, judge.old)
        self.sampler, self.other = here.sampler, there.sampler
        self.use, self.other_use = (pair.old, pair.new) if narrowing else (pair.new, pair.old)
        old, new = change.branches
        self.branch, self.other_branch = (old, new) if narrowing else (new, old)
        self.change = change
        self.value = change.old if narrowing else change.new
        self.narrowing = narrowing

    def __iter__(self) -> Iterator[Json]:
        for source in (self._own, self._wholes, self._pool):
            yield from source()

    def _wholes(self) -> Iterator[Json]:
        """Build values from opaque constraints: excluded or required ones."""
        for sampler, side in ((self.sampler, self.branch), (self.other, self.other_branch)):
            if side is None:
                continue
            for keyword, places in side.opaque.items():
                for place in places:
                    for part in _parts(sampler.book, keyword, place):
                        for value in sampler.several(sampler.book.use(part)):
                            yield from self._placed(keyword, part, value)

    def _placed(self, keyword: str, part: str, value: Json) -> Iterator[Json]:
        if keyword == "contains":
            yield [value]
            yield [value, value, value]
            return
        yield value
        if isinstance(value, dict) and self.branch is not None and self.branch.kind == "object":
            for full in (False, True):
                try:
                    base = self.sampler.object(self.branch, full=full)
                except NoSampleError:
                    break
                yield {**base, **value}
                if keyword == "dependentSchemas":
                    yield {**base, **value, part.rpartition("/")[2]: "text"}

    def _own(self) -> Iterator[Json]:
        branch = self.branch
        facet = self.change.facet
        if facet == "enum":
            yield self.value
        if branch is None:
            return
        if branch.kind == "string":
            yield from self._texts(branch)
        elif branch.kind == "number":
            yield from self._numbers(branch)
        elif branch.kind == "array":
            yield from self._lists(branch)
        elif branch.kind == "object":
            yield from self._objects(branch)

    def _texts(self, branch: Branch) -> Iterator[Json]:  # noqa: C901 - a flat list of cases
        if branch.values is not None:
            yield from branch.values.values()
            return
        other = self.other_branch
        yield from self.sampler.texts(branch)
        lengths: set[int] = set()
        for side in (branch, other):
            if side is None:
                continue
            for name in ("minLength", "maxLength"):
                if name in side.limits:
                    bound = int(side.limits[name])
                    lengths |= {bound - 1, bound, bound + 1}
        for length in sorted(lengths):
            if 0 <= length <= 100_000:  # noqa: PLR2004 - explained by its use
                yield "x" * length
                yield from _of_length(branch, length)
        if "format" in branch.limits or (other is not None and "format" in other.limits):
            for values in FORMATS.values():
                yield from values
        if other is not None:
            for pattern in sorted(other.limits.get("pattern", ())):
                for text in from_pattern(pattern):
                    yield text
                    yield f"{text}!"
                    yield text[:-1]
                    yield text.upper()
                    yield text.lower()

    def _numbers(self, branch: Branch) -> Iterator[Json]:
        if branch.values is not None:
            yield from branch.values.values()
            return
        yield from self.sampler.numbers(branch)
        for side in (branch, self.other_branch):
            if side is None:
                continue
            for name in ("minimum", "maximum"):
                if name in side.limits:
                    bound = side.limits[name][0]
                    yield from (bound, bound - 1, bound + 1, bound - 0.5, bound + 0.5)
            for step in sorted(side.limits.get("multipleOf", ())):
                for count in (1, 2, 3, 5, 7, 0):
                    yield step * count
                    yield int(step * count)
            for name in sorted(side.limits.get("format", ())):
                if name in INT_RANGES:
                    low, high = INT_RANGES[name]
                    yield from (high, high + 1, low, low - 1)

    def _lists(self, branch: Branch) -> Iterator[Json]:  # noqa: C901 - a flat list of cases
        counts: set[int] = {0, 1, 2, len(branch.prefix)}
        for side in (branch, self.other_branch):
            if side is None:
                continue
            counts.add(len(side.prefix))
            for name in ("minItems", "maxItems"):
                if name in side.limits:
                    bound = int(side.limits[name])
                    counts |= {bound - 1, bound, bound + 1}
        for count in sorted(counts):
            if count < 0:
                continue
            for same in (False, True):
                try:
                    yield self.sampler.list(branch, count, same=same)
                except NoSampleError:
                    break
        for value in GENERIC:
            if not isinstance(value, list | dict):
                yield [value]
                yield [value, value]

    def _objects(self, branch: Branch) -> Iterator[Json]:  # noqa: C901 - a flat list of cases
        bases: list[dict[str, Json]] = []
        for sampler, side in ((self.sampler, branch), (self.other, self.other_branch)):
            if side is None or side.kind != "object":
                continue
            for full in (False, True):
                try:
                    bases.append(sampler.object(side, full=full))
                except NoSampleError:
                    break
        bases = bases or [{}]
        subject = self.change.subject
        named = self.change.facet in {"required", ""} and subject
        if named:
            for base in bases:
                yield {key: value for key, value in base.items() if key != subject}
            for base in bases:
                declared = branch.properties.get(subject)
                if declared is not None:
                    for full in (False, True):
                        try:
                            yield {**base, subject: self.sampler.value(declared.use, full=full)}
                        except NoSampleError:
                            break
                for value in GENERIC[:1] + GENERIC[14:15] + GENERIC[24:25] + GENERIC[26:28] + GENERIC[32:33]:
                    yield {**base, subject: value}
        yield from bases
        for base in bases:
            yield from self._more(branch, base)

    def _more(self, branch: Branch, base: dict[str, Json]) -> Iterator[Json]:  # noqa: C901, PLR0912 - a flat list of cases
        extra: Use | bool | None = branch.additional
        if isinstance(extra, Use):
            for full in (False, True):
                try:
                    value = self.sampler.value(extra, full=full)
                except NoSampleError:
                    break
                yield {**base, "extra": value}
        for plain in PLAIN:
            yield {**base, "extra": plain}
        counts: set[int] = set()
        for sampler, side in ((self.sampler, branch), (self.other, self.other_branch)):
            if side is None:
                continue
            for name in ("minProperties", "maxProperties"):
                if name in side.limits:
                    bound = int(side.limits[name])
                    counts |= {bound - 1, bound, bound + 1}
            for pattern, declared in side.patterns.items():
                for name in from_pattern(pattern):
                    try:
                        yield {**base, name: sampler.value(declared.use)}
                    except NoSampleError:
                        continue
                    for plain in PLAIN:
                        yield {**base, name: plain}
            for name, asked in side.dependents.items():
                yield {**base, name: "text"}
                yield {
                    **{key: value for key, value in base.items() if key not in asked},
                    name: base.get(name, "text"),
                }
        for count in sorted(counts):
            if 0 <= count <= 1000:  # noqa: PLR2004 - explained by its use
                made = dict(list(base.items())[:count])
                for name, declared in branch.properties.items():
                    if len(made) >= count:
                        break
                    if name not in made:
                        try:
                            made[name] = self.sampler.value(declared.use)
                        except NoSampleError:
                            continue
                while len(made) < count:
                    try:
                        made[f"extra{len(made)}"] = (
                            self.sampler.value(extra) if isinstance(extra, Use) else "text"
                        )
                    except NoSampleError:
                        break
                yield made
        for name in ("A", "a_b", "x" * 40, "0", ""):
            yield {**base, name: "text"}
        for name in base:
            yield {key: value for key, value in base.items() if key != name}

    def _pool(self) -> Iterator[Json]:  # noqa: C901 - a flat list of cases
        yield from self.sampler.several(self.use)
        yield from GENERIC
        if self.branch is None or self.other_branch is None:
            shape = self.sampler.book.shape(self.use.core)
            for branches in shape.kinds.values():
                for branch in branches:
                    if branch.kind == "number":
                        yield from self._numbers(branch)
                    elif branch.kind == "string":
                        yield from self._texts(branch)
        yield from self.other.several(self.other_use)
        for sampler, use in ((self.sampler, self.use), (self.other, self.other_use)):
            shape = sampler.book.shape(use.core)
            for branch in shape.kinds.get("object", ())[:8]:
                try:
                    base = sampler.object(branch, full=True)
                except NoSampleError:
                    continue
                for name in base:
                    for value in ("text", 1, None):
                        yield {**base, name: value}
                    yield {key: value for key, value in base.items() if key != name}


def _parts(book: Book, keyword: str, place: str) -> Iterator[str]:
    """Return the locations of the schemas in a constraint."""
    content = as_object(book.document.at(place))
    if keyword == "dependentSchemas":
        yield from (f"{place}/{keyword}/{escape(name)}" for name in as_object(content.get(keyword)))
    elif keyword == "allOf":
        yield place
    else:
        names = ("if", "then", "else") if keyword == "if" else (keyword,)
        yield from (f"{place}/{name}" for name in names if isinstance(content.get(name), dict))


def _of_length(branch: Branch, length: int) -> Iterator[str]:
    """Yield texts of a given length for a pattern, by extending a matching one."""
    for pattern in sorted(branch.limits.get("pattern", ())):
        for text in from_pattern(pattern):
            if len(text) == length:
                yield text
            elif text and len(text) < length:
                yield text + text[-1] * (length - len(text))
                yield text[0] * (length - len(text)) + text
