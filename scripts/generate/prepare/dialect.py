"""Names in descriptions written by API Platform, and their parts.

API Platform writes `TicketingOffer.jsonld-v1.offer.read` for the class `TicketingOffer` in the representation
JSON-LD with the serialisation group `v1.offer.read`, and `api_v1ticketingcatalogs_get_collection` for an
operation. Names in other descriptions are used unchanged.
"""

from __future__ import annotations

import re
from typing import Any

from attrs import frozen

from scripts.descriptions.values import Object, as_object, is_object
from scripts.generate.prepare.names import class_name, pascal

PREFIXES = ("Booking", "Ticketing")
"""Class prefixes for the two halves of the API; not part of the resource's name."""

FORMATS = frozenset(
    {"jsonld", "jsonMergePatch", "jsonapi", "jsonhal", "json", "xml", "csv", "html", "geojson", "yaml"}
)
HYDRA_BASE = re.compile(r"Hydra(Item|Collection)BaseSchema")
_OPERATION_ID = re.compile(r"^_?api_.+_(get_collection|get|post|put|patch|delete)$")
_NEXT_GROUP = re.compile(r"(?:(?<=\.read)|(?<=\.write))_(?=\w+\.)")
_PRIMARY_ACTIONS = ("read", "get", "show", "")


@frozen
class ComponentName:
    """Parts of a component's name.

    Attributes:
        component: The whole name, as in the description.
        short: The resource's class, with its prefix: `TicketingOffer`.
        dto: The input or output class, if any: `BulkOrderInput`.
        representation: `jsonld`, `jsonMergePatch` and the like, or empty.
        subject: The resource that the serialisation group belongs to, in Pascal case, or empty.
        action: The action of the group, such as `read` or `patch_read`, or empty.
    """

    component: str
    short: str
    dto: str | None = None
    representation: str = ""
    subject: str = ""
    action: str = ""

    @property
    def base(self) -> str:
        """The Python class name of this component, unless it conflicts with another."""
        return class_name(self.dto) if self.dto else class_name(without_prefix(self.short))

    @property
    def owns_base(self) -> bool:
        """True if the component is the resource's own form, not its form inside another resource."""
        return not self.subject or self.subject.lower() == self.base.lower()

    @property
    def is_primary(self) -> bool:
        """True if the component is the result of reading the resource."""
        return self.action in _PRIMARY_ACTIONS


def is_api_platform(description: Object) -> bool:
    """Return True if API Platform wrote the description, detected by its names."""
    schemas: Any = as_object(description.get("components")).get("schemas") or {}
    if any(".jsonld" in name or HYDRA_BASE.match(name) for name in map(str, schemas)):
        return True
    return any(
        is_object(operation) and _OPERATION_ID.match(str(operation.get("operationId", "")))
        for item in as_object(description.get("paths")).values()
        if is_object(item)
        for operation in item.values()
    )


def without_prefix(name: str) -> str:
    """Return a class name without the prefix `Booking` or `Ticketing`."""
    for prefix in PREFIXES:
        rest = name[len(prefix) :]
        if name.startswith(prefix) and rest[:1].isupper():
            return rest
    return name


def component_name(name: str, *, api_platform: bool) -> ComponentName:
    """Split the name of a component; names that API Platform did not write are kept whole."""
    if not api_platform:
        return ComponentName(component=name, short=name)
    head, _, groups = name.partition("-")
    parts = head.split(".")
    representation = next((part for part in parts[1:] if part in FORMATS), "")
    classes = [part for part in parts[1:] if part not in FORMATS]
    if groups.endswith((".jsonMergePatch", ".jsonld")):
        groups, _, representation = groups.rpartition(".")
    groups = groups.removesuffix("_noid")
    # groups are joined by `_`, which names may contain, too: `Book.read_Enum.read`, `order_item.read`
    several = [group.split(".") for group in _NEXT_GROUP.split(groups)]
    own = class_name(without_prefix(parts[0])).lower()
    *before, action = next((one for one in several if own in map(str.lower, one[:-1])), several[0])
    if action in FORMATS:
        action = ""
    subject = pascal(before[-1]) if before else ""
    return ComponentName(
        component=name,
        short=parts[0],
        dto=classes[-1] if classes else None,
        representation=representation,
        subject=subject,
        action=action,
    )


def generated_verb(operation_id: str) -> str | None:
    """Return the ending of a generated operation id (`get_collection`), or None for an authored one."""
    match = _OPERATION_ID.match(operation_id)
    return match[1] if match else None
