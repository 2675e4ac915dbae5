"""Class names of definitions, with one class for equal definitions.

Names do not depend on the order of the schemas. Definitions with the same name and equal content become one class. If
their contents differ, the resource's own form keeps the name and the others are named after their context:
`OfferPrice`, and `OfferPriceInOffer`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from attrs import define, field

from scripts.descriptions.values import is_list, is_object
from scripts.generate.prepare.dialect import HYDRA_BASE, ComponentName, component_name
from scripts.generate.prepare.flatten import COMPONENT
from scripts.generate.prepare.names import class_name, module_name, pascal
from scripts.generate.prepare.shapes import Definition, referenced_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

RESERVED_CLASSES = frozenset(
    {"Any", "AuthenticatedClient", "Client", "File", "Final", "Literal", "Mapping", "OpenInt",
     "OpenStr", "Operation", "Response", "Self", "UNSET", "Unset", "OPERATION", "TYPE_CHECKING", "ClassVar"}
)  # fmt: skip
"""Names used in the generated modules; `Model` is appended to the name of a schema with such a name."""


@define
class Names:
    """Names by the key of a definition (`of`), and keys of definitions that share the class of another."""

    of: dict[str, str] = field(factory=dict[str, str])
    same_as: dict[str, str] = field(factory=dict[str, str])


def assign(definitions: Mapping[str, Definition], *, api_platform: bool, kept: Mapping[str, str]) -> Names:
    """Return names for all `definitions`; those in `kept` keep their names.

    Args:
        definitions: The definitions by their keys.
        api_platform: True if API Platform wrote the description.
        kept: Names from earlier runs, by the key of their current or former definition.
    """
    names = Names()
    identity = _identities(definitions)
    taken: dict[str, str] = {}
    reserved = _keep(definitions, names, identity, taken, kept)
    _name_components(definitions, names, identity, taken, reserved, api_platform=api_platform)
    waiting = {key for key in definitions if key not in names.of and key not in names.same_as}
    while waiting:
        ready = {
            key
            for key in waiting
            if definitions[key].scope.parent is None or _named(names, definitions[key].scope.parent)
        }
        _name_level(definitions, ready or waiting, names, identity, taken, api_platform=api_platform)
        waiting -= ready or waiting
    return names


def _keep(
    definitions: Mapping[str, Definition],
    names: Names,
    identity: dict[str, int],
    taken: dict[str, str],
    kept: Mapping[str, str],
) -> dict[str, set[str]]:
    """Assign the kept names; if definitions that shared a name now differ, the first keeps it.

    Returns:
        The names of removed definitions, each with the base names of components that may reuse it.
    """
    holders: dict[str, list[str]] = defaultdict(list)
    for key, name in sorted(kept.items()):
        holders[name].append(key)
    reserved: dict[str, set[str]] = {}
    for name, keys in holders.items():
        present = [key for key in keys if key in definitions]
        if not present:
            gone = {component_name(one, api_platform=True).base for one in map(_component_in, keys) if one}
            reserved[module_name(name)] = gone
        elif module_name(name) not in taken:
            first = min(present, key=lambda key: (definitions[key].scope.component is None, key))
            names.of[first] = name
            taken[module_name(name)] = first
            same = [key for key in present if key != first and identity[key] == identity[first]]
            names.same_as.update(dict.fromkeys(same, first))
    return reserved


def _component_in(key: str) -> str | None:
    """Return the component of a definition's key, or None for a nested definition."""
    found = re.fullmatch(r"\w+:#/components/schemas/([^/]+)", key)
    return found[1].replace("~1", "/").replace("~0", "~") if found else None


def _named(names: Names, key: str | None) -> str | None:
    return names.of.get(names.same_as.get(key or "", key or ""))


def _identities(definitions: Mapping[str, Definition]) -> dict[str, int]:
    """Return a number for each definition; definitions with deeply equal content have the same number."""
    number: dict[str, int] = dict.fromkeys(definitions, 0)
    count = 0
    while True:
        seen: dict[str, int] = {}
        refined: dict[str, int] = {}
        for key, definition in definitions.items():
            signature = json.dumps(
                [definition.kind, definition.direction, number[key], _skeleton(definition.body, number)],
                sort_keys=True,
                default=str,
            )
            refined[key] = seen.setdefault(signature, len(seen))
        number = refined
        if len(seen) == count:
            return number
        count = len(seen)


def _skeleton(node: Any, number: Mapping[str, int]) -> Any:
    if is_object(node):
        key = referenced_key(node)
        if key is not None:
            return {"is": number[key]}
        return {
            name: _skeleton(value, number)
            for name, value in node.items()
            if name == "properties" or name not in {"description", "x-documented"}
        }
    return [_skeleton(value, number) for value in node] if is_list(node) else node


def _name_components(
    definitions: Mapping[str, Definition],
    names: Names,
    identity: dict[str, int],
    taken: dict[str, str],
    reserved: Mapping[str, set[str]],
    *,
    api_platform: bool,
) -> None:
    read = {
        definition.scope.component for definition in definitions.values() if definition.direction == "read"
    }
    wanted: dict[str, list[tuple[str, ComponentName]]] = defaultdict(list)
    for key, definition in sorted(definitions.items()):
        if definition.scope.component is None or key in names.of or key in names.same_as:
            continue
        parts = component_name(definition.scope.component, api_platform=api_platform)
        base = parts.base
        if (
            definition.direction == "request"
            and definition.scope.component in read
            and not base.endswith("Input")
        ):
            base = f"{base}Input"
        wanted[base].append((key, parts))
    for base, group in sorted(wanted.items()):
        distinct: dict[int, list[tuple[str, ComponentName]]] = defaultdict(list)
        for key, parts in group:
            distinct[identity[key]].append((key, parts))
        competing = sorted(distinct.values(), key=lambda members: members[0][0])
        chosen = [base] if len(competing) == 1 else _disambiguated(base, competing)
        for name, members in zip(chosen, competing, strict=True):
            first = members[0][0]
            known = taken.get(module_name(name))
            if known is not None and identity.get(known) == identity[first]:
                names.same_as.update({key: known for key, _ in members})
                continue
            blocked = {other for other, bases in reserved.items() if members[0][1].base not in bases}
            version = _VERSION.search(members[0][1].component)
            later = (
                f"{name}V{version[1]}" if version and module_name(name) in taken.keys() | blocked else name
            )
            names.of[first] = _take(later, first, taken, blocked)
            names.same_as.update({key: first for key, _ in members[1:]})


_VERSION = re.compile(r"-v(\d{1,3})\.")


def _disambiguated(base: str, competing: list[list[tuple[str, ComponentName]]]) -> list[str]:
    """Return distinct names for different schemas with the same name `base`."""
    owners = [
        number
        for number, members in enumerate(competing)
        if any(name.owns_base and not name.dto for _, name in members)
    ]
    primary = [
        number
        for number in owners
        if any(name.owns_base and name.is_primary for _, name in competing[number])
    ] or owners
    shorts = {number: competing[number][0][1].short for number in primary}
    if len(set(shorts.values())) < len(shorts):
        # several representations of one class: the preferred one keeps the name
        primary = [min(primary, key=lambda number: _representation_rank(competing[number][0][1]))]
    result: list[str] = []
    for number, members in enumerate(competing):
        name = members[0][1]
        if primary == [number]:
            result.append(base)
        elif number in primary:
            result.append(class_name(name.short))
        elif name.subject and not name.owns_base:
            result.append(f"{base}In{name.subject}")
        else:
            ending = pascal(name.action) or pascal(name.representation) or pascal(name.dto or "") or "Plain"
            result.append(class_name(f"{base}{ending}"))
    if len(set(result)) < len(result):
        result = [
            class_name(
                name.removesuffix(pascal(members[0][1].action))
                + pascal(members[0][1].action)
                + pascal(members[0][1].representation)
            )
            if result.count(name) > 1 and name != base
            else name
            for name, members in zip(result, competing, strict=True)
        ]
    return result


def _representation_rank(name: ComponentName) -> tuple[int, str]:
    order = ("jsonld", "", "json")
    rank = order.index(name.representation) if name.representation in order else len(order)
    return rank, name.component


def _name_level(
    definitions: Mapping[str, Definition],
    ready: set[str],
    names: Names,
    identity: dict[str, int],
    taken: dict[str, str],
    *,
    api_platform: bool,
) -> None:
    """Name the definitions nested in definitions that have a name."""
    wanted: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    full: dict[str, str] = {}
    for key in sorted(ready):
        short, full[key] = _candidates(definitions[key], names, api_platform=api_platform)
        wanted[short][identity[key]].append(key)
    crowded = {short for short, groups in wanted.items() if len(groups) > 1}
    final: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for short, groups in wanted.items():
        for number, keys in groups.items():
            for key in keys:
                final[full[key] if short in crowded else short][number].append(key)
    for name, groups in sorted(final.items()):
        for keys in sorted(groups.values()):
            first = keys[0]
            known = taken.get(module_name(name))
            if known is not None and identity.get(known) == identity[first]:
                names.same_as.update(dict.fromkeys(keys, known))
                continue
            names.of[first] = _take(name if known is None else full[first], first, taken)
            names.same_as.update(dict.fromkeys(keys[1:], first))


def _candidates(definition: Definition, names: Names, *, api_platform: bool) -> tuple[str, str]:
    """Return the regular name, and a longer one to use if the first is taken."""
    scope = definition.scope
    root = _named(names, scope.parent) if scope.parent else (scope.literal or "Model")
    if root and root.startswith(COMPONENT):
        component = root[len(COMPONENT) :]
        root = component_name(component, api_platform=api_platform).base
        if HYDRA_BASE.match(component) and "Collection" in component:
            root = "Collection"
    ending = "".join(scope.segments)
    full = class_name(f"{root}{ending}")
    if definition.direction == "request" and scope.component is None and scope.parent is None:
        return full, full
    if scope.segments[:1] == ("LdContext",):
        return class_name(ending), full
    if scope.segments[:1] in (("View",), ("Search",)) and (root or "").endswith("Collection"):
        return class_name(f"Collection{ending}"), full
    return full, full


def _take(name: str, key: str, taken: dict[str, str], blocked: Collection[str] = ()) -> str:
    """Claim `name`, or the next free name; names that differ only in case would share a file."""
    if name in RESERVED_CLASSES:
        name = f"{name}Model"
    candidate, number = name, 2
    while module_name(candidate) in taken or module_name(candidate) in blocked:
        candidate, number = f"{name}{number}", number + 1
    taken[module_name(candidate)] = key
    return candidate
