"""Reference pages: the part between two marks of each page is written from the code."""

from __future__ import annotations

import re
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any, cast

import typer.main
from korus_api.operations import OPERATIONS

from korus import Korus, RetryPolicy, Timeouts, cli
from korus._core import config
from scripts.docs.docstrings import describe_class, describe_function, find, prose, summary, table
from scripts.docs.error_notes import NOTES
from scripts.docs.layout import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PAGES", "written"]

_BEGIN = "<!-- written by `python -m scripts.docs`: begin -->\n"
_MIB = 1024**2
_END = "<!-- written by `python -m scripts.docs`: end -->\n"

_MODULES = (
    "korus.types",
    "korus.hooks",
    "korus.forms",
    "korus.iri",
    "korus.money",
    "korus.mirror",
    "korus.doctor",
    "korus.sandbox",
)


def names(module: str) -> list[str]:
    """Return a module's public names, in order."""
    return sorted(str(name).strip("'\"") for name in find(module).exports or ())


def _resources() -> list[str]:
    """Return the resources of the client, in the order of its properties."""
    client, resources = find("korus._async.client.AsyncKorus"), find("korus._async.resources")
    return [name for name in client.members if not name.startswith("_") and name in resources.members]


def library() -> str:
    """Write the client, its resources, and the public modules."""
    client = find("korus._sync.client.Korus")
    parts = [describe_class(client, "Korus", 2, fields=False)]
    for resource in _resources():
        module = find(f"korus._sync.resources.{resource}")
        kind = find(f"{module.path}.{names(module.path)[0]}")
        parts.append(describe_class(kind, f"korus.{resource}", 2, fields=False))
    parts += [
        _thing(f"korus.{name}", name, 2)
        for name in (
            "BulkReservation",
            "BulkOutcome",
            "Pages",
            "Page",
            "RetryPolicy",
            "Timeouts",
            "Cache",
            "Tracing",
        )
    ]
    seen = {"BulkOutcome", "Page", "RetryPolicy", "Timeouts", "Cache", "Problem", "Violation"}
    for module in _MODULES:
        parts.append(f"## Module {module}\n\n{prose(find(module).docstring.value)}\n")
        parts += [
            _thing(f"{module}.{name}", name, 3)
            for name in names(module)
            if name not in seen and not name.startswith("Async")
        ]
    return "\n".join(filter(None, parts))


def _thing(path: str, name: str, level: int) -> str:
    thing = find(path)
    if thing.is_class:
        return describe_class(thing, name, level)
    if thing.is_function:
        return describe_function(thing, name, level)
    return f"{'#' * level} {name}\n\n{prose(thing.docstring.value) if thing.docstring else ''}\n"


def models() -> str:
    """Write every model with its fields: attribute, type and meaning."""
    package = find("korus_api.models")
    parts: list[str] = []
    for name in sorted(str(one).strip("'\"") for one in package.exports):
        thing = find(f"korus_api.models.{name}")
        if not thing.is_class:
            parts.append(f"## {name}\n\n{summary(thing)}\n")
            continue
        short = {
            "BulkOrderInputCustomer": "Customer",
            "PatchOrderItemTicketInputBeneficiary": "Beneficiary",
        }.get(name)
        also = f"`korus.models.{short}` is a short name for it.\n\n" if short else ""
        parts.append(f"## {name}\n\n{summary(thing)}\n\n{also}{_fields(thing)}\n")
    return "\n".join(parts)


def _fields(thing: Any) -> str:
    attributes = [
        one
        for key, one in thing.members.items()
        if one.is_attribute and not key.startswith("_") and key != "additional_properties"
    ]
    if not attributes:
        return ""
    if "OpenStr" in map(str, thing.bases):
        return table(("member", "value"), [(f"`{one.name}`", f"`{one.value}`") for one in attributes]) + "\n"
    rows = [
        (f"`{one.name}`", f"`{one.annotation}`", prose(one.docstring.value if one.docstring else ""))
        for one in attributes
        if "property" not in one.labels
    ]
    return table(("field", "type", "meaning"), rows) + "\n"


def errors() -> str:
    """Write one section for each error: cause, advice and example."""
    parts: list[str] = []
    for name in _by_tree():
        thing = find(f"korus.errors.{name}")
        base = ", ".join(f"`{base}`" for base in map(str, thing.bases)).replace(
            "_Problems", "InvalidArgument"
        )
        note = NOTES[name]
        text = thing.docstring.value.split("\nAttributes:")[0]
        cause = prose(note.cause or text).strip()
        parts.append(f"### {name}\n\n**Cause.** {cause} It is a {base}.\n\n**What to do.** {note.advice}\n")
        attributes = [s for s in thing.docstring.parsed if s.kind.value == "attributes"]
        if attributes:
            rows = [(f"`{one.name}`", prose(one.description)) for one in attributes[0].value]
            parts.append(table(("field", "meaning"), rows) + "\n")
        if note.example:
            parts.append(f"```python\n{note.example.strip()}\n```\n")
    return "\n".join(parts)


def _by_tree() -> list[str]:
    """Return the errors in the order of the tree in the module's docstring."""
    drawn = re.findall(
        r"(?:─ |^|^ {4})([A-Z]\w+)(?= |$)", find("korus.errors").docstring.value, flags=re.MULTILINE
    )
    return [name for name in dict.fromkeys(drawn) if name in NOTES]


def settings() -> str:
    """Write the arguments of the client, and the fields of the settings that are objects: defaults and meaning."""
    variables = config._VARIABLES  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    parts: list[str] = []
    for kind, path in (
        (Korus, "korus._sync.client.Korus"),
        (RetryPolicy, "korus._core.retry_policy.RetryPolicy"),
        (Timeouts, "korus._core.config.Timeouts"),
    ):
        parameters = signature(kind).parameters
        sections = {section.kind.value: section.value for section in find(path).docstring.parsed}
        rows = [
            (
                f"`{one.name}`",
                *([f"`{variables[one.name]}`" if one.name in variables else ""] if kind is Korus else []),
                _default(parameters[one.name].default),
                prose(one.description),
            )
            for one in sections.get("parameters") or sections["attributes"]
        ]
        head = (
            ("argument", "variable", "default", "meaning")
            if kind is Korus
            else ("field", "default", "meaning")
        )
        parts.append(f"## {kind.__name__}\n\n{table(head, rows)}\n")
    return "\n".join(parts)


def _default(value: object) -> str:
    """Write a default; nothing for an absent or an empty one."""
    if isinstance(value, frozenset):
        return ", ".join(map(str, sorted(cast("frozenset[int]", value))))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int) and value >= _MIB:
        return f"{value // _MIB} MiB"
    return "" if value is None or value == () else f"{value}"


def commands() -> str:
    """Write every command with its arguments and options."""
    parts = ["## All commands\n"]
    for name in cli._SUB_COMMANDS:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        group = cast("Any", typer.main.get_command(cli._app(name)))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        parts += _command(group.commands[name], f"korus {name}")
    return "\n".join(parts)


def _command(command: Any, name: str) -> list[str]:
    if nested := getattr(command, "commands", None):
        return [part for key, one in nested.items() for part in _command(one, f"{name} {key}")]
    text = prose((command.help or "").replace("\b", "").split("\f")[0]).strip()
    rows = [
        (
            f"`{one.metavar or one.name.upper()}`"
            if one.param_type_name == "argument"
            else ", ".join(f"`{o}`" for o in one.opts + one.secondary_opts),
            (getattr(one, "help", None) or "")
            + (f" (`{one.envvar}`)" if getattr(one, "envvar", None) else ""),
        )
        for one in command.params
        if not getattr(one, "hidden", False)
    ]
    return [f"### {name}\n\n{text}\n", table(("argument", "meaning"), rows) + "\n" if rows else ""]


def plugin() -> str:
    """Write the plugin's fixtures, markers and options."""
    module = find("korus.testing.plugin")
    source = (ROOT / "korus/testing/plugin.py").read_text(encoding="utf-8")
    fixtures = re.findall(r"^@pytest\.fixture\n(?:async )?def ([a-z]\w*)", source, flags=re.MULTILINE)
    rows = [(f"`{name}`", prose(module[name].docstring.value)) for name in sorted(fixtures)]
    options = re.findall(r'addoption\(\s*"([\w-]+)".*?help="(.*?)",\n', source, flags=re.DOTALL)
    return (
        "## All fixtures\n\n"
        + table(("fixture", "is"), rows)
        + "\n\n## All options\n\n"
        + table(("option of pytest", "meaning"), [(f"`{name}`", text) for name, text in options])
        + "\n"
    )


_METHOD_OR_CALL = re.compile(
    r"^    (?:async )?def (?P<method>\w+)|\b(?:_get|_list|endpoint|model_of)\(\s*\"(?P<operation>\w+)\"",
    re.MULTILINE,
)


def api() -> str:
    """Write the operations of the API and the methods that call them."""
    callers: dict[str, list[str]] = {
        "bulk_create_reservations": ["reservations.bulk"],
        "bulk_create_orders": ["orders.create"],
        "update_order_item_ticket": ["tickets.set_beneficiary"],
    }
    for resource in _resources():
        path = ROOT / f"korus/_async/resources/{resource}.py"
        method = ""
        for found in _METHOD_OR_CALL.finditer(path.read_text(encoding="utf-8")):
            method = found["method"] or method
            if found["operation"]:
                callers.setdefault(found["operation"], []).append(f"{resource}.{method}")
    rows: list[tuple[str, ...]] = []
    for name, module in sorted(OPERATIONS.items()):
        operation = import_module(module).OPERATION
        methods = ", ".join(
            f"[`{one}`](library.md#korus{one.replace('.', '')})"
            for one in dict.fromkeys(callers.get(name, ()))
        )
        rows.append((f"`{operation.method} {operation.path}`", f"`{name}`", methods))
    return table(("request", "operation", "methods of the client"), rows) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "reference/library.md": library,
    "reference/models.md": models,
    "reference/errors.md": errors,
    "reference/settings.md": settings,
    "reference/commands.md": commands,
    "reference/pytest-plugin.md": plugin,
    "reference/api.md": api,
}


def written(page: str) -> str:
    """Return a page with a new text between its marks."""
    text = (DOCS / page).read_text(encoding="utf-8")
    head, begin, rest = text.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"docs/{page} lacks the marks between which it is written")
    body = re.sub(r"\n{3,}", "\n\n", PAGES[page]()).strip()
    return f"{head}{begin}\n{body}\n\n{end}{tail}"
