"""Launcher of openapi-python-client, in this process, on a prepared description.

Changes to the generator, and why:

* A subclass of `Project` adds functions for the templates and writes the modules that the generator does not have
  (`_reading`, `_writing`, `operations`, `py.typed`). The generator's parser, file layout and order of steps are
  unchanged.
* Objects and lists are allowed in every parameter location during the run; otherwise the generator rejects an
  object in a header and drops the operation.
* The formatting hooks are off, so that the result does not depend on an installed formatter; the templates
  write formatted text.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import GeneratorData
from openapi_python_client.parser.properties import AnyProperty, ModelProperty
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.schema import ParameterLocation

from scripts.descriptions import DescriptionError
from scripts.generate.prepare.media import essence, kind_of
from scripts.generate.prepare.names import module_name
from scripts.generate.rendering import Rendering

if TYPE_CHECKING:
    from collections.abc import Generator

    from scripts.descriptions.values import Object

TEMPLATES = Path(__file__).resolve().parent / "templates"
COMMAND = "python -m scripts.generate"

_PLACED = (
    AnyProperty,
    ConstProperty,
    DateProperty,
    DateTimeProperty,
    FileProperty,
    ListProperty,
    ModelProperty,
    NoneProperty,
    UnionProperty,
)


@frozen
class Origin:
    """Source of the description, for the headers of the generated files."""

    title: str
    version: str
    sha256: str


_PLACES = "_allowed_locations"


class GenerationError(Exception):
    """The generator does not support a part of the description; the message names it."""


class _Project(Project):
    """Generator project with additional modules."""

    def write_runtime(self) -> None:
        """Write the modules that the generated code imports."""
        for template, target in (
            ("reading.py.jinja", "_reading.py"),
            ("writing.py.jinja", "_writing.py"),
            ("operations.py.jinja", "operations.py"),
        ):
            text = self.env.get_template(template).render()
            (self.package_dir / target).write_text(text, encoding="utf-8", newline="\n")
        (self.package_dir / "py.typed").write_bytes(b"")


def write_package(document: Object, origin: Origin, target: Path) -> None:
    """Generate the package for a prepared description into the empty folder `target`.

    Raises:
        GenerationError: The generator dropped a part or failed.
        DescriptionError: The generator rejects the document.
    """
    config = _config(document, target)
    with _every_place_allowed(), contextlib.redirect_stdout(io.StringIO()):
        try:
            data = GeneratorData.from_dict(document, config=config)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise GenerationError(f"the generator failed: {type(error).__name__}: {error}") from error
        if isinstance(data, GeneratorError):
            raise DescriptionError(f"the generator rejects the description: {data.detail or data.header}")
        rendering = Rendering.of(document, config.package_name_override or "client")
        project = _Project(openapi=data, config=config, custom_template_path=TEMPLATES)
        project.env.filters.update(rendering.filters())
        known: dict[str, Any] = {
            **rendering.functions(),
            "prepared": document,
            "command": COMMAND,
            "source_title": _one_line(origin.title),
            "source_version": _one_line(origin.version),
            "source_sha256": origin.sha256,
        }
        project.env.globals.update(known)
        problems = [*project.build()]
        project.write_runtime()
    if problems:
        raise GenerationError(
            "; ".join(_one_line(f"{problem.header} {problem.detail or ''}") for problem in problems)
        )
    _nest(target, document)
    _settle(target)


def _nest(target: Path, document: Object) -> None:
    """Move modules of versioned operations into a package of their version: `api/v2_order` becomes `api/v2/order`."""
    emptied: set[Path] = set()
    for item in document["paths"].values():
        for operation in item.values():
            *packages, name = operation["x-operation"]["module"].split(".")
            if len(packages) == 1:
                continue
            former = target / "api" / operation["tags"][0]
            folder = target.joinpath("api", *packages)
            folder.mkdir(parents=True, exist_ok=True)
            for parent, source in ((folder.parent, target / "api"), (folder, former)):
                (parent / "__init__.py").write_bytes((source / "__init__.py").read_bytes())
            path = former / f"{module_name(operation['operationId'])}.py"
            text = re.sub(r"^( *from \.\.)\.", r"\1..", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            (folder / f"{name}.py").write_text(text, encoding="utf-8", newline="\n")
            emptied.add(former)
    for folder in emptied:
        shutil.rmtree(folder)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _config(document: Object, target: Path) -> Config:
    settings = ConfigFile(
        package_name_override=target.name,
        project_name_override=target.name,
        post_hooks=[],
        content_type_overrides=_content_types(document),
    )
    return Config.from_sources(
        config_file=settings,
        meta_type=MetaType.NONE,
        document_source=target,
        file_encoding="utf-8",
        overwrite=True,
        output_path=target,
    )


def _content_types(document: Object) -> dict[str, str]:
    """Map every media type to one that the generator supports."""
    known = {
        "json": "application/json",
        "form": "application/x-www-form-urlencoded",
        "multipart": "multipart/form-data",
    }
    found: dict[str, str] = {}
    for item in document["paths"].values():
        for operation in item.values():
            for media in operation.get("requestBody", {}).get("content", {}):
                found[media] = known.get(kind_of(media), "application/octet-stream")
            for response in operation["responses"].values():
                for media in response.get("content", {}):
                    kind = kind_of(media)
                    as_known = "application/json" if kind == "json" else "application/octet-stream"
                    found.setdefault(media, as_known)
                    if essence(media) == media and kind == "json":
                        found[media] = "application/json"
    return found


@contextlib.contextmanager
def _every_place_allowed() -> Generator[None]:
    before = {kind: vars(kind).get(_PLACES) for kind in _PLACED}
    try:
        for kind in _PLACED:
            setattr(kind, _PLACES, set(ParameterLocation))
        yield
    finally:
        for kind, places in before.items():
            if places is None:
                delattr(kind, _PLACES)
            else:
                setattr(kind, _PLACES, places)


def _settle(target: Path) -> None:
    """Remove trailing blanks and surplus blank lines, as a formatter would."""
    for path in sorted(target.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = [line.rstrip() for line in text.split("\n")]
        settled = "\n".join(lines).strip("\n") + "\n"
        if settled != text:
            path.write_text(settled, encoding="utf-8", newline="\n")
