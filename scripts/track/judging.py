"""Effects of a new version on korus itself: the calls that would fail, and the remaining tasks for a maintainer.

A change on the wire matters if korus calls the operation, passes the argument, reads the key or uses the address. All
four are found in korus's source. Corrections of the overlay are included: what it corrects breaks nothing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from attrs import frozen

from korus._http.endpoints import NEUTRAL
from scripts.compare.python.uses import Call, Use
from scripts.compare.wire.findings import erased
from scripts.descriptions.values import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from scripts.compare.python import Meaning, NameChange
    from scripts.compare.wire.records import Record
    from scripts.descriptions import Document
    from scripts.generate.source import Model

__all__ = ["INBOUND", "Reach", "Task", "addresses", "escaped", "new_addresses", "tasks"]

PAGED = {"page_size": ("items_per_page", "page")}
CONFIG = "korus/_core/config.py"
MODELS, WRITTEN = {"korus_api", "models"}, "korus/_sync/"
MOST = 6
# fields that announce calls by the API, which korus does not receive
INBOUND = ("webhook-", "callback-")


@frozen
class Task:
    """Remaining task.

    Attributes:
        text: The task, in one line.
        breaks: True if korus fails, or does not work as documented, until it is done.
    """

    text: str
    breaks: bool = False


class Reach:
    """Parts of a raw client that korus calls, passes, reads and exposes to its users."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning = meaning
        self.layer = meaning.layer
        self.old, self.new = meaning.surfaces
        self.calls: dict[str, Call] = {}
        self.names: dict[str, str] = {}
        for surface in meaning.surfaces:
            for name, call in self.layer.calls(surface).items() if self.layer else ():
                self.calls.setdefault(surface.operations[name].label, call)
                self.names.setdefault(surface.operations[name].label, name)
        self.reached = self.old.reached()
        self.reached_now = self.new.reached()

    def gives(self, label: str, argument: str) -> list[Use]:
        """Return the lines that pass an argument to an operation."""
        call = self.calls.get(label)
        if call is None:
            return []
        paged = [
            use for name, others in PAGED.items() if argument in others for use in call.gives.get(name, ())
        ]
        return [*call.gives.get(argument, ()), *paged]

    def called(self, record: Record) -> list[str]:
        """Return the operations of a record that korus calls."""
        return sorted({label for label in map(_label, record.operations) if label in self.calls})

    def reads(self, wire: str, labels: Iterable[str]) -> list[Use]:
        """Return the lines of korus that read a key in answers of some operations."""
        wanted = set(labels)
        found: set[Use] = set()
        for surface, reached in ((self.old, self.reached), (self.new, self.reached_now)):
            for model in surface.models.values():
                if (
                    any(one.wire == wire for one in model.attributes.values())
                    and reached.get(model.name, set()) & wanted
                ):
                    found.update(self.layer.reads(model.name, wire, surface) if self.layer else ())
        return sorted(found, key=lambda use: use.place)

    def writes(self, change: NameChange) -> list[Use]:
        """Return the lines that write the former name of a class, a member, an operation or a parameter."""
        if change.kind == "operation" and change.renamed and change.owner != change.element:
            return [use for label in change.operations & self.calls.keys() for use in self.calls[label].uses]
        if change.kind == "parameter" and change.renamed:
            return [use for label in change.operations for use in self.gives(label, change.old or "")]
        found: set[Use] = set()
        for module in self.layer.modules if self.layer else ():
            # other modules have their own names, and `_sync` is written from `_async`
            if not MODELS & module.names.keys() or module.file.startswith(WRITTEN):
                continue
            tables = module.names, module.attributes
            if change.kind == "class":
                found.update(use for table in tables for use in table.get(change.owner, ()))
            elif change.kind == "member" and any(change.owner in table for table in tables):
                found.update(module.attributes.get(change.element, ()))
        return sorted(found, key=lambda use: use.place)

    def meets(self, change: NameChange) -> bool:
        """Return True if a change reaches users of korus; others concern the raw client only."""
        labels = change.operations & self.calls.keys()
        if change.kind in {"operation", "returns"}:
            return bool(labels)
        if change.kind == "parameter":
            given = any(self.gives(label, change.element) for label in labels)
            return bool(labels) and (given or change.breaking or change.renamed)
        if change.kind == "other":
            return False
        model = self._model(change)
        if model is None or model.members or model.reads or change.kind == "class":
            return bool(labels) or not change.operations or self._is_answered(change)
        # a mapping from users is passed on unchanged
        return change.breaking or self._is_given_whole(change.owner)

    def _model(self, change: NameChange) -> Model | None:
        return self.new.models.get(change.owner) or self.old.models.get(change.owner)

    def _is_answered(self, change: NameChange) -> bool:
        return bool(
            (self.reached.get(change.owner, set()) | self.reached_now.get(change.owner, set()))
            & self.calls.keys()
        )

    def _is_given_whole(self, owner: str) -> bool:
        return any(
            module.file == "korus/models.py" and owner in module.texts
            for module in (self.layer.modules if self.layer else ())
        )


def _label(operation: str) -> str:
    method, _, path = operation.partition(" ")
    return f"{method} {erased(path)}"


def _lines(uses: Iterable[Use]) -> str:
    found = list(dict.fromkeys(uses))
    shown = ", ".join(f"`{use}`" for use in found[:MOST])
    return shown + (f" and {len(found) - MOST} more" if len(found) > MOST else "")


# --- what fails ---------------------------------------------------------------------------------------------------


def tasks(meaning: Meaning, former: Document, present: Document, root: Path) -> list[Task]:
    """Return the remaining tasks, those that break korus first.

    Args:
        meaning: The effects of the change.
        former: The former description, as corrected by the overlay.
        present: The present one.
        root: The repository.
    """
    reach = Reach(meaning)
    found = [
        *_failing(reach),
        *_misnamed(reach),
        *_moved(former, present, root),
        *_deprecated(reach),
        *_uncalled(reach),
        *_inbound(meaning),
    ]
    return sorted(dict.fromkeys(found), key=lambda task: not task.breaks)


def _failing(reach: Reach) -> Iterator[Task]:
    for record in reach.meaning.corrected:
        labels = reach.called(record)
        if record.level != "breaking" or not labels or record.id.startswith(("server-", *INBOUND)):
            continue
        uses = (
            _request_uses(reach, record, labels)
            if record.direction == "request"
            else _answer_uses(reach, record, labels)
        )
        if uses:
            yield Task(f"fix korus: {escaped(record.message)} It is used in {_lines(uses)}", breaks=True)


def _misnamed(reach: Reach) -> Iterator[Task]:
    """Find names of the raw client that korus uses and that no longer exist, independent of changes on the wire."""
    for change in reach.meaning.name_changes():
        uses = reach.writes(change) if change.renamed or change.new is None else []
        if uses:
            yield Task(f"fix korus: {escaped(change.sentence)}. It is used in {_lines(uses)}", breaks=True)


def _request_uses(reach: Reach, record: Record, labels: list[str]) -> list[Use]:
    """Return the lines that send values that are rejected now, or omit values that are now required."""
    calls = [use for label in labels for use in reach.calls[label].uses]
    wire = record.parameter
    if wire is None:
        return calls
    found: list[Use] = []
    for label in labels:
        parameters = _parameters(reach, label)
        name = parameters.get(wire, wire)
        given = reach.gives(label, name)
        if "required" in record.id:
            always = name in NEUTRAL or any(name in others for others in PAGED.values())
            found += [] if always else given or reach.calls[label].uses
        else:
            found += given
    return found


def _parameters(reach: Reach, label: str) -> dict[str, str]:
    """Return the Python names of an operation's parameters by their names on the wire."""
    found: dict[str, str] = {}
    for surface in (reach.new, reach.old):
        for operation in surface.operations.values():
            if operation.label == label:
                found |= {one.wire: name for name, one in operation.parameters().items() if one.wire}
    return found


# an answer with more content is read as before: malformed values are absent, unknown values are kept
TOLERATED = (
    "nullable",
    "enum-value-added",
    "enum-lifted",
    "widened",
    "no-longer-required",
    "became-optional",
)


def _answer_uses(reach: Reach, record: Record, labels: list[str]) -> list[Use]:
    """Return the lines that read values that are no longer sent."""
    if any(part in record.id for part in TOLERATED):
        return []
    key = record.key
    if key is not None:
        return reach.reads(key, labels)
    if record.id.startswith(
        ("response-success-status", "response-media-type", "response-body", "response-type-changed")
    ):
        return [use for label in labels for use in reach.calls[label].uses]
    return []


# --- addresses ----------------------------------------------------------------------------------------------------


def addresses(document: Document) -> dict[str, str]:
    """Return every address of a description for calls and tokens, with its purpose."""
    found: dict[str, str] = {}
    holders: list[tuple[object, str]] = [(document, "")]
    for path, item in as_object(document.get("paths")).items():
        holders.append((item, f" of {path}"))
        holders += [
            (operation, f" of {method.upper()} {path}")
            for method, operation in as_object(item).items()
            if isinstance(operation, dict)
        ]
    for holder, of in holders:
        for server in as_list(as_object(holder).get("servers")):
            found.setdefault(str(as_object(server).get("url", "")).rstrip("/"), f"a server{of}")
    schemes = as_object(as_object(document.get("components")).get("securitySchemes"))
    for name, scheme in schemes.items():
        for flow in (scheme, *as_object(as_object(scheme).get("flows")).values()):
            for keyword in ("tokenUrl", "authorizationUrl", "refreshUrl", "openIdConnectUrl"):
                found.setdefault(
                    str(as_object(flow).get(keyword, "")).rstrip("/"), f"the {keyword} of `{name}`"
                )
    found.pop("", None)
    return found


def new_addresses(former: Document, present: Document) -> list[str]:
    """Return the added and removed addresses, one per line."""
    before, after = addresses(former), addresses(present)
    return [
        *[f"New address: {address} ({after[address]})." for address in sorted(after.keys() - before.keys())],
        *[
            f"Removed address: {address} ({before[address]})."
            for address in sorted(before.keys() - after.keys())
        ],
    ]


def _moved(former: Document, present: Document, root: Path) -> Iterator[Task]:
    before, after = addresses(former), addresses(present)
    named = _named_addresses(root)
    for address in sorted(before.keys() - after.keys()):
        lines = named.get(address, [])
        if lines:
            text = (
                f"{address} ({before[address]}) is no longer in the description, but used in {_lines(lines)}"
            )
            yield Task(f"fix korus: {text}", breaks=True)
        else:
            yield Task(f"check a removed address: {address} ({before[address]})")
    for address in sorted(after.keys() - before.keys()):
        known = f"; korus has it in {_lines(named[address])}" if address in named else ""
        yield Task(
            f"check a new address, and add it to `{CONFIG}` if it is correct: {address} ({after[address]}){known}"
        )


def _named_addresses(root: Path) -> dict[str, list[Use]]:
    path = root / CONFIG
    found: dict[str, list[Use]] = {}
    if path.exists():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "://" in node.value:
                found.setdefault(node.value.rstrip("/"), []).append(Use(CONFIG, node.lineno, ""))
    return found


# --- what works for now, or is not used yet -----------------------------------------------------------------------


def _deprecated(reach: Reach) -> Iterator[Task]:
    for record in reach.meaning.corrected:
        if not record.id.endswith("-deprecated") or record.id.endswith("no-longer-deprecated"):
            continue
        labels = reach.called(record)
        wire, key = record.parameter, record.key
        if key is not None and record.direction == "response":
            uses = reach.reads(key, labels)
        elif wire is not None:
            uses = [
                use
                for label in labels
                for use in reach.gives(label, _parameters(reach, label).get(wire, wire))
            ]
        else:
            uses = [use for label in labels for use in reach.calls[label].uses]
        if uses:
            yield Task(f"replace a deprecated part: {escaped(record.message)} It is used in {_lines(uses)}")


def _uncalled(reach: Reach) -> Iterator[Task]:
    for change in reach.meaning.name_changes():
        if change.old is not None or reach.meets(change) or change.breaking:
            continue
        if change.kind == "operation":
            yield Task(f"korus does not support the new operation `{change.name}` ({change.wire})")
        elif change.kind == "parameter" and change.operations & reach.calls.keys():
            short = change.name.removeprefix("api.")
            yield Task(f"korus does not support the new argument `{change.element}` of `{short}`")
        elif change.kind == "attribute" and _is_sent(reach, change):
            yield Task(f"korus does not support the new field `{change.name.removeprefix('models.')}`")


def _is_sent(reach: Reach, change: NameChange) -> bool:
    model = reach.new.models.get(change.owner)
    return model is not None and not model.reads and bool(change.operations & reach.calls.keys())


def _inbound(meaning: Meaning) -> Iterator[Task]:
    added = [
        record for record in meaning.comparison.changes if record.id in {"webhook-added", "callback-added"}
    ]
    if added:
        names = ", ".join(sorted({f"`{record.where.path or record.new}`" for record in added}))
        yield Task(f"korus does not receive calls of the API, so these are ignored: {names}")


def escaped(words: str) -> str:
    """Escape a text for Markdown."""
    return words.replace("<", "&lt;")
