"""The public surface: what ``__all__`` names is there, explains itself, and is all there is."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import korus

MODULES = sorted(
    name
    for _, name, _ in pkgutil.walk_packages(korus.__path__, "korus.")
    if not any(part.startswith("_") for part in name.split("."))
)


def test_all_names_the_whole_surface_of_korus() -> None:
    borrowed = {"annotations", "Any", "TYPE_CHECKING"}
    public = {
        name
        for name in vars(korus)
        if not name.startswith("_") and not isinstance(vars(korus)[name], ModuleType)
    }
    assert public - borrowed <= set(korus.__all__)
    assert sorted(korus.__all__) == sorted(set(korus.__all__))
    assert {"Korus", "AsyncKorus", "__version__"} <= set(korus.__all__)
    assert set(korus.__all__) <= set(dir(korus))


@pytest.mark.parametrize("name", sorted(korus.__all__))
def test_a_public_name_can_be_imported_and_explains_itself(name: str) -> None:
    value = getattr(korus, name)
    if inspect.isclass(value) or inspect.isfunction(value) or inspect.ismodule(value):
        assert inspect.getdoc(value), f"korus.{name} has no docstring"


@pytest.mark.parametrize("module", MODULES)
def test_public_modules_list_and_document_their_names(module: str) -> None:
    found = importlib.import_module(module)
    assert inspect.getdoc(found), f"{module} has no docstring"
    if module.endswith("__main__"):
        return
    assert hasattr(found, "__all__"), f"{module} has no __all__"
    silent = []
    for name in found.__all__:
        value = getattr(found, name)
        if getattr(value, "__module__", module) != module or not (
            inspect.isclass(value) or inspect.isfunction(value)
        ):
            continue
        if not value.__doc__:
            silent.append(name)
        if inspect.isclass(value):
            silent += [f"{name}.{member}" for member in silent_members(value)]
    assert silent == []


def silent_members(kind: type) -> list[str]:
    members = {name: value for name, value in vars(kind).items() if not name.startswith("_")}
    return [
        name
        for name, value in members.items()
        if (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod))
        and not inspect.getdoc(getattr(kind, name))
    ]


def test_both_clients_offer_the_same() -> None:
    def surface(client: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(value).parameters) if inspect.isfunction(value) else []
            for name, value in vars(client).items()
            if not name.startswith("_")
        }

    renamed = {"aclose": "close"}
    asynchronous = {renamed.get(name, name): value for name, value in surface(korus.AsyncKorus).items()}
    assert asynchronous == surface(korus.Korus)
