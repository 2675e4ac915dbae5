"""OpenAPI Overlay 1.0, applied to a description.

An overlay is a list of actions, each with a JSONPath (RFC 9535) that selects nodes and either an update to
merge into them or the instruction to remove them. The description itself is never changed; a corrected copy is
returned. The overlay (`openapi/overlay.yaml`) explains its purpose and each action.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import jsonpath_rfc9535

from scripts.descriptions import DescriptionError, Document, load
from scripts.descriptions.values import is_list, is_object

if TYPE_CHECKING:
    from pathlib import Path


class OverlayError(DescriptionError):
    """The overlay is not an Overlay 1.0 document, or an action cannot be applied."""


def apply_file(description: Document, overlay: Path) -> Document:
    """Apply the overlay in a file.

    Raises:
        OverlayError: It is not an overlay, or an action cannot be applied.
        DescriptionError: The file cannot be read.
    """
    return apply(description, load(overlay), name=overlay.name)


def apply(description: Document, overlay: Document, *, name: str = "the overlay") -> Document:
    """Return a copy of `description` with all actions of `overlay` applied in order.

    An action that selects nothing changes nothing, so a correction has no effect after the description is fixed.

    Args:
        description: The description, which is not changed.
        overlay: An Overlay 1.0 document.
        name: The name of the overlay in errors.

    Raises:
        OverlayError: It is not an overlay, or an action cannot be applied.
    """
    if not str(overlay.get("overlay", "")).startswith("1."):
        raise OverlayError(f"{name} is not an overlay: `overlay` must be `1.…`")
    actions: Any = overlay.get("actions")
    if not is_list(actions):
        raise OverlayError(f"{name} is not an overlay: `actions` must be a list")
    result = copy.deepcopy(description)
    for number, action in enumerate(actions, start=1):
        if not is_object(action) or not isinstance(action.get("target"), str):
            raise OverlayError(f"{name}, action {number}: no target")
        try:
            _carry_out(result, action)
        except jsonpath_rfc9535.JSONPathError as error:
            first_line = str(error).partition("\n")[0]
            raise OverlayError(
                f"{name}, action {number}: the target is not a JSONPath: {first_line}"
            ) from error
        except OverlayError as error:
            raise OverlayError(f"{name}, action {number}: {error}") from error
    return result


def _carry_out(document: Document, action: Document) -> None:
    nodes = jsonpath_rfc9535.find(action["target"], document)
    if action.get("remove") is True:
        # the last first, so that the indexes of list members stay valid
        for node in sorted(nodes, key=lambda node: [_sortable(key) for key in node.location], reverse=True):
            _remove(document, node.location)
        return
    update: Any = action.get("update")
    if update is None:
        return
    for node in nodes:
        value: Any = node.value
        if is_object(value):
            if not is_object(update):
                raise OverlayError("the target is an object, the update is not")
            _merge(value, update)
        elif is_list(value):
            value.append(copy.deepcopy(update))
        else:
            raise OverlayError("the target is neither an object nor a list")


def _sortable(key: int | str) -> tuple[int, str]:
    return (key, "") if isinstance(key, int) else (0, key)


def _remove(document: Document, location: tuple[int | str, ...]) -> None:
    if not location:
        raise OverlayError("the whole document cannot be removed")
    parent: Any = document
    for key in location[:-1]:
        parent = parent[key]
    del parent[location[-1]]


def _merge(target: Document, update: Document) -> None:
    """Merge objects key by key; lists are appended to, everything else is replaced."""
    for key, value in update.items():
        known = target.get(key)
        if is_object(known) and is_object(value):
            _merge(known, value)
        elif is_list(known) and is_list(value):
            known.extend(copy.deepcopy(value))
        else:
            target[key] = copy.deepcopy(value)
