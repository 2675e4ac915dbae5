"""Proposals, as a patch: methods for new operations of known resources, and new names of renamed classes.

A new list or read operation is offered as a thin method on the async resource that calls its neighbours in the raw
client, with a scenario to record. Renamed classes get their new names in the lines of korus that use the former ones.
The patch is not applied automatically.
"""

from __future__ import annotations

import ast
import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from scripts.generate.source import words
from scripts.track.judging import Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.compare.python import Meaning
    from scripts.generate.source import Operation, Parameter, Surface

__all__ = ["proposal"]

RESOURCES = "korus/_async/resources"
PAGED = ("page", "items_per_page")


def proposal(meaning: Meaning, root: Path) -> str:
    """Return the patch, empty if there are no proposals.

    Args:
        meaning: The effects of the new version.
        root: The repository.
    """
    surface = meaning.surfaces[1]
    came = [
        surface.operations[change.owner]
        for change in meaning.name_changes()
        if change.kind == "operation" and change.old is None and change.owner in surface.operations
    ]
    by_file: dict[str, list[_Method]] = {}
    for operation in came:
        file = _file_of(operation, meaning)
        method = _Method.of(operation, surface) if file and operation.method == "GET" else None
        if file and method:
            by_file.setdefault(file, []).append(method)
    renames = _renames(meaning)
    parts: list[str] = []
    for file in sorted(by_file.keys() | renames.keys()):
        before = after = (root / file).read_text(encoding="utf-8")
        methods = by_file.get(file, [])
        after = _with_names(after, renames.get(file, {}))
        parts += _diff(file, before, _with_methods(after, methods) if methods else after)
        for method in methods:
            parts += _diff(
                f"tests/recorded/test_{method.operation.name}.py", "", method.scenario(Path(file).stem)
            )
    return "".join(parts)


def _renames(meaning: Meaning) -> dict[str, dict[int, dict[str, str]]]:
    """Return the new names by the former ones, for each line of each file that uses one of those."""
    reach = Reach(meaning)
    found: dict[str, dict[int, dict[str, str]]] = {}
    for change in meaning.name_changes():
        if change.kind == "class" and change.renamed:
            for use in reach.writes(change):
                found.setdefault(use.file, {}).setdefault(use.line, {})[change.owner] = change.element
    return found


def _with_names(text: str, renames: dict[int, dict[str, str]]) -> str:
    lines = text.splitlines(keepends=True)
    for line, names in renames.items():
        written = "|".join(map(re.escape, names))
        lines[line - 1] = re.sub(rf"\b({written})\b", lambda found: names[found[1]], lines[line - 1])  # noqa: B023 - used at once
    return "".join(lines)


def _file_of(operation: Operation, meaning: Meaning) -> str | None:
    """Return the resource whose methods call operations of the same package."""
    if meaning.layer is None:
        return None
    package = operation.module.rpartition(".")[0]
    known = {
        one.name
        for one in meaning.surfaces[0].operations.values()
        if one.module.rpartition(".")[0] == package
    }
    for module in meaning.layer.modules:
        if module.file.startswith(f"{RESOURCES}/") and operation.name in module.calls:
            return None
    found = [
        module.file
        for module in meaning.layer.modules
        if module.file.startswith(f"{RESOURCES}/") and known & module.calls.keys()
    ]
    return found[0] if found else None


@frozen
class _Method:
    """Proposed method."""

    operation: Operation
    answer: str
    is_list: bool

    @classmethod
    def of(cls, operation: Operation, surface: Surface) -> _Method | None:
        """Return the method of an operation that answers a class, or a list of one; None for any other."""
        function = operation.functions.get("sync")
        named = [name for name in words(function.returns) if name in surface.models] if function else []
        answers = [name for name in sorted(named) if name not in {"Error", "ConstraintViolation"}]
        if len(answers) != 1:
            return None
        member = surface.models[answers[0]].attributes.get("member")
        if member is None:
            return cls(operation, answers[0], is_list=False)
        members = sorted(words(member.annotation) & surface.models.keys())
        return cls(operation, members[0], is_list=True) if len(members) == 1 else None

    def _parameters(self) -> Iterator[Parameter]:
        for parameter in self.operation.parameters().values():
            if not (self.is_list and parameter.name in PAGED):
                yield parameter

    def code(self) -> str:
        """Return the method, indented as in its class."""
        given = list(self._parameters())
        places = [f"{one.name}: str" for one in given if one.default is None]
        filters = [f"{one.name}: {_annotation(one)} = None" for one in given if one.default is not None]
        paging = ["page_size: int | None = None", "prefetch: int = 0"] if self.is_list else []
        keywords = ["*", *filters, *paging] if filters or paging else []
        signature = ", ".join(["self", *places, *keywords])
        head = "def" if self.is_list else "async def"
        answer = f"AsyncPages[{self.answer}]" if self.is_list else self.answer
        texts = [
            f"            {one.name}: `{one.wire or one.name}` in the API's description." for one in given
        ]
        if self.is_list:
            texts += [
                "            page_size: Items per request, from 1; the API's default if None.",
                "            prefetch: Pages to fetch ahead.",
            ]
        call = ["page_size=page_size", "prefetch=prefetch"] if self.is_list else []
        call += [f"{one.name}={one.name}" for one in given]
        verb, run = ("List", "return self._list") if self.is_list else ("Read", "return await self._get")
        return "\n".join(
            [
                f"    {head} {self.operation.name}({signature}) -> {answer}:",
                f'        """{verb} `{self.operation.method} {self.operation.path}`.',
                "",
                *(["        Args:", *texts, ""] if texts else []),
                "        Raises:",
                "            OperationUnavailable: The API's version does not have this operation.",
                "            KorusError: The request failed; see `korus.errors`.",
                '        """',
                f'        {run}("{self.operation.name}", lambda: models.{self.answer}, {", ".join(call)})',
                "",
            ]
        )

    def scenario(self, resource: str) -> str:
        """Return a scenario to record."""
        places = ", ".join(f'"{one.name}"' for one in self._parameters() if one.default is None)
        call = f"client.{resource}.{self.operation.name}({places})"
        read = f"    assert list({call})" if self.is_list else f"    assert {call}.iri"
        return "\n".join(
            [
                f'"""Scenario of `{self.operation.method} {self.operation.path}`."""',
                "",
                "# insert existing ids, then `make record`",
                "",
                "",
                f"def test_{self.operation.name}(client):",
                read,
                "",
            ]
        )


def _annotation(parameter: Parameter) -> str:
    plain = [part.strip() for part in parameter.annotation.split("|")]
    # classes of the raw client are passed as text
    kinds = [part if part in {"str", "int", "float", "bool", "list[str]"} else "str" for part in plain]
    kept = [kind for part, kind in zip(plain, kinds, strict=True) if part not in {"Unset", "None"}]
    return " | ".join([*dict.fromkeys(kept), "None"])


def _with_methods(text: str, methods: list[_Method]) -> str:
    tree = ast.parse(text)
    kind = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    lines = text.splitlines(keepends=True)
    end = kind.end_lineno or len(lines)
    for method in methods:
        lines.insert(end, f"\n{method.code()}")
    needed = [
        f"    from korus.models import {name}\n" for name in sorted({method.answer for method in methods})
    ]
    if any(method.is_list for method in methods) and "import AsyncPages" not in text:
        needed.insert(0, "    from korus._async.http.pages import AsyncPages\n")
    if "from korus_api import models\n" not in text:
        first = next(i for i, line in enumerate(lines) if line.startswith("from korus."))
        lines.insert(first, "from korus_api import models\n\n")
    at = next((i for i, line in enumerate(lines) if line.startswith("if TYPE_CHECKING:")), None)
    if at is not None:
        lines[at + 1 : at + 1] = [line for line in needed if not _imports(text, line.split()[-1])]
    return "".join(lines)


def _imports(text: str, name: str) -> bool:
    return any(
        alias.name == name
        for node in ast.parse(text).body
        if isinstance(node, ast.If)
        for inner in node.body
        if isinstance(inner, ast.ImportFrom)
        for alias in inner.names
    )


def _diff(file: str, before: str, after: str) -> list[str]:
    old = f"a/{file}" if before else "/dev/null"
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), old, f"b/{file}"
    )
    head = [f"diff --git a/{file} b/{file}\n", *(() if before else ("new file mode 100644\n",))]
    return [*head, *lines]
