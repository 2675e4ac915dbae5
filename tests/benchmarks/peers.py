"""Build what korus is measured against, from the same description, into ``build/bench/peers``.

Every peer gets the corrected description in the form that suits it best: all of them would otherwise drop
models, because the description has ``@id`` beside ``id``. Nothing here is tuned against a peer: names of models
are short, media types are plain JSON, and what the API may leave out is optional, as the description has it.
"""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.descriptions import find, load, read_lock
from scripts.generate.build import corrected
from scripts.generate.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["BARE", "FOLDER", "JAVA", "MSGSPEC", "PYDANTIC", "bare_command", "build", "renamed", "why_absent"]

FOLDER = Path("build/bench/peers").resolve()
BARE = "bare_client"
PYDANTIC = "pydantic_models"
MSGSPEC = "msgspec_models"
JAVA = "java_client"

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


def prepared() -> dict[str, Any]:
    """Give the newest description, corrected and prepared as `make generate` does it."""
    source = find(read_lock().current)
    return prepare(corrected(load(source))).document


def build() -> dict[str, str]:
    """Build every peer; give for each that cannot be built the reason.

    Peers that were built from the same description by the same versions are kept.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    document = prepared()
    in_python = json.dumps(_portable(document, wire=False), indent=1)
    on_wire = json.dumps(_portable(document, wire=True), indent=1)
    stamp = FOLDER / "built.json"
    wanted = {"python": in_python, "wire": on_wire, "interpreter": sys.version, "here": str(FOLDER)}
    if stamp.exists() and (before := json.loads(stamp.read_text("utf-8")))["wanted"] == wanted:
        reasons: dict[str, str] = before["absent"]
    else:
        (FOLDER / "python.json").write_text(in_python, "utf-8")
        (FOLDER / "wire.json").write_text(on_wire, "utf-8")
        reasons = {
            name: reason for name, make in _MAKERS.items() if (reason := _attempt(name, make)) is not None
        }
        stamp.write_text(json.dumps({"wanted": wanted, "absent": reasons}), "utf-8")
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    return reasons


def why_absent(reasons: dict[str, str], name: str) -> str | None:
    """Say why a peer is not there, None when it is."""
    return reasons.get(name)


def module(name: str) -> ModuleType:
    """Import a peer."""
    return importlib.import_module(name)


def bare_command(target: Path) -> list[str]:
    """Give the command that runs the generator as it comes, without our templates."""
    config = FOLDER / "bare.json"
    config.write_text(
        json.dumps(
            {"package_name_override": target.name, "project_name_override": target.name, "post_hooks": []}
        ),
        "utf-8",
    )
    return [
        sys.executable, "-m", "openapi_python_client", "generate",
        "--path", str(FOLDER / "python.json"), "--output-path", str(target),
        "--meta", "none", "--overwrite", "--config", str(config),
    ]  # fmt: skip


def _attempt(name: str, make: Any) -> str | None:
    target = FOLDER / name
    shutil.rmtree(target, ignore_errors=True)
    target.with_suffix(".py").unlink(missing_ok=True)
    try:
        make(target)
    except FileNotFoundError as error:
        return f"cannot be built here: {error.filename or error} is missing"
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines()
        return f"its generator gave up: {said[-1] if said else error}"
    return None


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _make_bare(target: Path) -> None:
    _run(bare_command(target))


def _make_models(target: Path, kind: str) -> None:
    _run([
        sys.executable, "-m", "datamodel_code_generator",
        "--input", str(FOLDER / "wire.json"), "--input-file-type", "openapi",
        "--output", str(target.with_suffix(".py")), "--output-model-type", kind,
        "--target-python-version", "3.11", "--use-annotated", "--use-union-operator", "--disable-timestamp",
    ])  # fmt: skip


def _make_java(target: Path) -> None:
    if shutil.which("java") is None:
        raise FileNotFoundError(2, "not found", "java")
    import openapi_generator_cli

    jar = Path(openapi_generator_cli.__file__).with_name("openapi-generator.jar")
    made = target.with_name(f"{target.name}_project")
    shutil.rmtree(made, ignore_errors=True)
    _run([
        "java", "-jar", str(jar), "generate", "-g", "python",
        "-i", str(FOLDER / "wire.json"), "-o", str(made),
        f"--additional-properties=packageName={target.name}", "--skip-validate-spec",
        "--global-property=models,apis,supportingFiles,modelDocs=false,apiDocs=false,modelTests=false,apiTests=false",
    ])  # fmt: skip
    (made / target.name).rename(target)


_MAKERS = {
    BARE: _make_bare,
    PYDANTIC: lambda target: _make_models(target, "pydantic_v2.BaseModel"),
    MSGSPEC: lambda target: _make_models(target, "msgspec.Struct"),
    JAVA: _make_java,
}


def renamed(value: Any, model: str, document: dict[str, Any] | None = None) -> Any:
    """Write a value of the API under the Python names, for the peer that can only read those."""
    document = document or prepared()
    return _renamed(value, {"$ref": f"#/components/schemas/{model}"}, document["components"]["schemas"])


def _renamed(value: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    for form in _forms(schema, schemas):
        if isinstance(value, list) and "items" in form:
            return [_renamed(item, form["items"], schemas) for item in value]
        if isinstance(value, dict) and "properties" in form:
            python = {wire: name for name, wire in form.get("x-wire", {}).items()}
            return {
                python.get(key, key): _renamed(
                    item, form["properties"].get(python.get(key, key), {}), schemas
                )
                for key, item in value.items()
            }
    return value


def _forms(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        yield from _forms(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for part in schema.get("anyOf", ()):
        yield from _forms(part, schemas)
    yield schema


def _portable(document: dict[str, Any], *, wire: bool) -> dict[str, Any]:
    """Take our own members out, and put the wire's names in where asked to."""
    schemas = {name: _schema(schema, wire=wire) for name, schema in document["components"]["schemas"].items()}
    paths = {
        path: {method: _operation(item[method]) for method in _METHODS if method in item}
        for path, item in document["paths"].items()
    }
    return {
        "openapi": "3.1.0",
        "info": document["info"],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _schema(schema: dict[str, Any], *, wire: bool) -> dict[str, Any]:
    names: dict[str, str] = schema.get("x-wire", {}) if wire else {}
    plain = {
        key: value for key, value in schema.items() if not key.startswith("x-") or key == "x-enum-varnames"
    }
    if "properties" in plain:
        plain["properties"] = {names.get(name, name): value for name, value in plain["properties"].items()}
    if schema.get("x-direction") == "read":
        plain.pop("required", None)
    elif "required" in plain:
        plain["required"] = [names.get(name, name) for name in plain["required"]]
    return plain


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in operation.items() if not key.startswith("x-") and key != "security"}
    if "requestBody" in plain:
        plain["requestBody"] = {
            **plain["requestBody"],
            "content": _json_only(plain["requestBody"]["content"]),
        }
    plain["responses"] = {
        status: {**answer, "content": _json_only(answer["content"])} if "content" in answer else answer
        for status, answer in operation["responses"].items()
    }
    return plain


def _json_only(content: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": next(iter(content.values()))}
