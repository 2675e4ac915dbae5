"""Name the operations, each by its method and its resource: `list_offers`, `bulk_create_orders`.

That holds where API Platform made up the operation ids. Authored ids are used as they are, in snake case, and
where there is none the path says what the operation is. All names of a description are different, and none
depends on the order in which the operations are listed. Where paths of several versions stand beside each other, those
of the later ones go to packages of their own: `v2.order.list_orders`. What had a name keeps it.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from scripts.descriptions.values import Object, is_list
from scripts.generate.prepare.dialect import generated_verb, is_api_platform, without_prefix
from scripts.generate.prepare.names import identifier, pascal, plural, singular, snake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.generate.prepare.operations import Operation

_VERBS = {
    "get_collection": "list",
    "get": "get",
    "post": "create",
    "patch": "update",
    "put": "replace",
    "delete": "delete",
}


def name_all(document: Object, operations: list[Operation], kept: Mapping[str, str]) -> None:
    """Assign every operation its name and the folder it goes to, all names different.

    Args:
        document: The description.
        operations: Its operations.
        kept: The package and name of operations that had one, by `label`.
    """
    api_platform = is_api_platform(document)
    first = _first_version([*[one.path for one in operations], *kept])
    nouns: dict[tuple[str, str], set[str]] = defaultdict(set)
    for operation in operations:
        match = _VERSION.match(operation.path)
        if match and first is not None and int(match[1]) > first:
            operation.version = f"v{match[1]}"
        tag = _tag(operation)
        nouns[operation.version, identifier(without_prefix(tag))].add(tag)
    fresh: list[Operation] = []
    for operation in operations:
        if label(operation) in kept:
            *package, operation.directory, operation.name = kept[label(operation)].split(".")
            operation.version = ".".join(package)
            continue
        tag = _tag(operation)
        short = without_prefix(tag) if api_platform else tag
        shared = len(nouns[operation.version, identifier(short)]) > 1
        noun = identifier(tag if api_platform and shared else short)
        operation.directory = identifier(short)
        operation.name = _name(operation, noun.rstrip("_"), api_platform=api_platform)
        fresh.append(operation)
    given: dict[str, set[str]] = defaultdict(set)
    for name in kept.values():
        *package, _, plain = name.split(".")
        given[".".join(package)].add(plain)
    for version in {operation.version for operation in fresh}:
        _tell_apart([one for one in fresh if one.version == version], given[version])


_VERSION = re.compile(r"(?:[A-Z]+ )?/?v(\d{1,3})/")


def _first_version(paths: list[str]) -> int | None:
    found = [int(match[1]) for match in map(_VERSION.match, paths) if match]
    return min(found, default=None)


def label(operation: Operation) -> str:
    """Return what an operation is kept by: its method and path without the names of its parameters."""
    method = operation.sent_as or operation.method.upper()
    return f"{method} {re.sub(r'{[^{}]*}', '{}', operation.path)}"


def _tag(operation: Operation) -> str:
    tags = operation.source.get("tags")
    if is_list(tags) and tags:
        # a version that the package says already
        return re.sub(rf"[ _.-]?{operation.version}$", "", str(tags[0]), flags=re.IGNORECASE) or str(tags[0])
    if generated_verb(str(operation.source.get("operationId", ""))):
        static = [
            part
            for part in operation.path.split("/")
            if part and "{" not in part and not part.startswith("_")
        ]
        return pascal(singular(static[-1])) if static else "Default"
    return "default"


def _name(operation: Operation, noun: str, *, api_platform: bool) -> str:
    given = operation.source.get("operationId")
    authored = given.strip() if isinstance(given, str) else ""
    verb = generated_verb(authored) if api_platform else None
    if verb is None:
        return (
            identifier(authored)
            if authored
            else identifier(f"{operation.method} {_path_words(operation.path)}")
        )
    last = operation.path.rstrip("/").rpartition("/")[2]
    action = _VERBS[verb]
    if last.startswith("_"):
        many = plural(noun) if verb in {"post", "get_collection"} or "bulk" in last else noun
        return identifier(f"{snake(last)}_{action}_{many}")
    object_name = plural(noun) if verb == "get_collection" else noun
    if (
        "{" not in last
        and last
        and not noun.endswith(snake(singular(last)))
        and not noun.endswith(snake(last))
    ):
        return identifier(f"{action}_{object_name}_{snake(last)}")
    return identifier(f"{action}_{object_name}")


def _path_words(path: str) -> str:
    return " ".join(re.sub(r"[{}]", "", part) for part in path.split("/") if part) or "root"


def _tell_apart(operations: list[Operation], given: set[str]) -> None:
    """Name operations of one name after what they stand below; the shortest path gets a free name."""
    by_name: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        by_name[operation.name].append(operation)
    taken = given | {name for name, group in by_name.items() if len(group) == 1 and name not in given}
    for name, group in sorted(by_name.items()):
        if len(group) == 1 and name not in given:
            continue
        ordered = sorted(group, key=lambda one: (one.path.count("/"), one.path, one.method))
        for rank, operation in enumerate(ordered):
            candidates = (
                [name]
                if rank == 0 and name not in given
                else [_below(operation, name), identifier(f"{name}_{operation.method}")]
            )
            candidates.append(identifier(f"{name} {operation.method} {_path_words(operation.path)}"))
            number = 2
            while all(candidate in taken for candidate in candidates):
                candidates.append(identifier(f"{name}_{number}"))
                number += 1
            operation.name = next(candidate for candidate in candidates if candidate not in taken)
            taken.add(operation.name)


def _below(operation: Operation, name: str) -> str:
    parts = [part for part in operation.path.split("/") if part]
    static = [part for part, after in itertools.pairwise(parts) if "{" not in part and "{" in after]
    if static and "{" in parts[-1]:
        static = static[:-1]
    return (
        identifier(f"{name}_of_{snake(singular(static[-1]))}")
        if static
        else identifier(f"{name}_{operation.method}")
    )
