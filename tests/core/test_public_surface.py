"""What may be imported, and that importing costs next to nothing."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import korus
from korus import models, types

ROOT = Path(__file__).parents[2]
RESOURCES = sorted(path.stem for path in (ROOT / "korus/_async/resources").glob("[!_]*.py"))


def modules_after(statement: str) -> set[str]:
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


BUILD = "korus.{}(client_id='a', client_secret='b', environment='production')"


def test_importing_korus_imports_nothing_of_it() -> None:
    loaded = modules_after("import korus")
    assert {name for name in loaded if name.split(".")[0] in {"korus", "korus_api"}} == {
        "korus",
        "korus._late_names",
        "korus._version",
    }
    assert not loaded & {"httpx", "attr", "anyio", "asyncio", "importlib.metadata"}


def test_building_a_client_imports_one_half_and_no_model() -> None:
    loaded = modules_after(f"import korus\n{BUILD.format('Korus')}")
    ours = {name for name in loaded if name.startswith("korus")}
    assert not any(name.startswith(("korus._async", "korus._sync.resources", "korus_api.")) for name in ours)
    assert not any(name.startswith(("korus.cli", "korus.sandbox", "korus.testing")) for name in ours)
    assert not loaded & {
        "anyio",
        "trio",
        "msgspec",
        "orjson",
        "sqlalchemy",
        "typer",
        "starlette",
        "pytest",
        "vcr",
    }
    assert len(ours) <= 55  # small modules, one idea each


def test_building_an_async_client_leaves_the_other_half_alone() -> None:
    loaded = modules_after(f"import korus\n{BUILD.format('AsyncKorus')}")
    assert not any(name.startswith("korus._sync") for name in loaded)
    assert "trio" not in loaded


def test_a_call_imports_its_own_operation_and_models_only() -> None:
    statement = (
        "import httpx, korus\n"
        "def answer(request):\n"
        "    token = {'access_token': 't', 'expires_in': 60}\n"
        "    return httpx.Response(200, json=token if request.url.path == '/t' else {'id': 'o1'})\n"
        "korus.Korus(client_id='a', client_secret='b', base_url='http://a.test', token_url='http://a.test/t',\n"
        "    transport=httpx.MockTransport(answer)).orders.get('o1')"
    )
    loaded = modules_after(statement)
    operations = {name for name in loaded if name.startswith("korus_api.api.") and name.count(".") == 3}
    assert operations == {"korus_api.api.order.get_order"}
    assert "korus_api.models.offer" not in loaded


@pytest.mark.parametrize("name", korus.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(korus, name)
    if inspect.isclass(found) or inspect.ismodule(found):
        assert found.__doc__
        assert len(found.__doc__) > 20


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Moon'"):
        korus.Moon  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'Moon'"):
        models.Moon  # noqa: B018
    assert dir(korus) == sorted(korus.__all__)
    assert "Offer" in dir(models)


def test_every_model_can_be_imported_by_name() -> None:
    assert len(set(models.__all__)) == len(models.__all__)
    for name in models.__all__:
        found = getattr(models, name)
        assert inspect.isclass(found)
        assert found.__doc__
    assert models.Customer is models.BulkOrderInputCustomer
    assert models.Beneficiary is models.PatchOrderItemTicketInputBeneficiary


def public_methods() -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for client_kind, client in (("_async", korus.AsyncKorus), ("_sync", korus.Korus)):
        kinds = [client, korus.AsyncPages if client_kind == "_async" else korus.Pages]
        for name in RESOURCES:
            module = importlib.import_module(f"korus.{client_kind}.resources.{name}")
            kinds += [getattr(module, each) for each in module.__all__]
        for kind in kinds:
            found += [
                (f"{kind.__name__}.{name}", member)
                for name, member in inspect.getmembers_static(kind)
                if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
            ]
    return found


@pytest.mark.parametrize(
    ("name", "method"), public_methods(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_public_method_explains_itself(name: str, method: object) -> None:
    text = inspect.getdoc(method) or ""
    assert text.split("\n")[0].rstrip().endswith((".", ":")), name
    if inspect.isfunction(method) and len(inspect.signature(method).parameters) > 1:
        assert "Args:" in text, f"{name} has arguments and does not explain them"
        arguments = text.split("Args:")[1]
        for parameter in list(inspect.signature(method).parameters)[1:]:
            if parameter not in {"kind", "error", "traceback"}:
                assert f"{parameter}:" in arguments, f"{name} does not explain {parameter}"


@pytest.mark.parametrize("name", types.__all__)
def test_type_that_a_user_holds_can_be_imported(name: str) -> None:
    found = getattr(types, name)
    assert isinstance(found, type)
    assert found.__name__ == name
    assert inspect.getdoc(found)


def test_types_lists_its_own_names_only() -> None:
    assert dir(types) == sorted(types.__all__) == sorted(types._HOMES)
    with pytest.raises(AttributeError, match="no attribute 'wire'"):
        types.wire  # noqa: B018


def test_importing_types_loads_none_of_them() -> None:
    assert not modules_after("import korus.types") & {"attr", "httpx", "sqlalchemy", "korus._booking"}


@pytest.mark.parametrize("kind", [korus.Korus, korus.AsyncKorus])
def test_dir_of_a_client_lists_what_users_use(kind: type) -> None:
    client = kind(client_id="a", client_secret="b", environment="production")
    close = "aclose" if kind is korus.AsyncKorus else "close"
    assert set(dir(client)) == {*RESOURCES} | {"cache", "config", "from_env", "raw_answer", "request"} | {
        "transport",
        "with_options",
        close,
    }
    assert all(hasattr(kind, name) for name in dir(client))


@pytest.mark.parametrize("name", RESOURCES)
def test_the_program_whose_types_are_checked_uses_every_resource(name: str) -> None:
    program = "tests/types/accepted.py"
    assert f"korus.{name}." in (ROOT / program).read_text(), f"{program} does not use korus.{name}"


@pytest.mark.parametrize("name", ["errors", "forms", "hooks", "iri", "models", "money", "types"])
def test_a_public_module_lists_its_own_names_only(name: str) -> None:
    module = importlib.import_module(f"korus.{name}")
    assert dir(module) == sorted(module.__all__)
    assert all(hasattr(module, each) for each in module.__all__)
