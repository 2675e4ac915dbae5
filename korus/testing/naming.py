"""File names of cassettes: unique for each test unless its marker names one, and valid on every file system.

A test with a plain name has a plain file: ``test_shop/test_first.yaml``. A name that another test would have too, or
that is not valid, gets a short hash of all that identifies the test.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

__all__ = ["cassette_path"]

_FORBIDDEN: Final = re.compile(r"[<>?%*:|\"'/\\\x00-\x1f\x7f]")
# bytes of a file's name, some of which are needed for the hash and for temporary files beside it
_LONGEST: Final = 180
# tests with another value of these share one cassette
_CLIENT_PARAMETERS: Final = frozenset({"anyio_backend", "client_kind"})
# texts that no other value is written like
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_.]*")


def cassette_path(node: pytest.Item) -> Path:
    """Return the file of a test's cassette.

    Its name is the test's, with its class and its parameters, or the one in the marker; it is the same for sync and
    async clients. Its folder is named after the module. Below the folder that ``korus_cassettes`` names, modules with
    the same name are distinguished by their folders.
    """
    marker = node.get_closest_marker("korus_cassette")
    given = str(marker.kwargs.get("name") or "").removesuffix(".yaml") if marker else ""
    name = _file_name(given, given) if given else _test_name(node)
    base = str(node.config.getini("korus_cassettes"))
    module = Path(node.path)
    if not base:
        return module.parent / "cassettes" / module.stem / name
    root = node.config.rootpath / base
    beside = root / module.stem / name
    own = root / _folder(module, root) / module.stem / name
    # before folders counted, a cassette was here; it is another module's if one belongs there
    is_old = beside.is_file() and not own.is_file() and not (root.parent / module.name).exists()
    return beside if is_old else own


def _folder(module: Path, root: Path) -> Path:
    """Return the folders between a module and the parent of the folder of all cassettes."""
    parts = Path(os.path.relpath(module.parent, root.parent)).parts
    return Path(*("__" if part == ".." else part for part in parts))


def _test_name(node: pytest.Item) -> str:
    function = str(getattr(node, "originalname", None) or node.name)
    classes = [part.name for part in node.listchain() if _is_class(part)]
    call: Any = getattr(node, "callspec", None)
    own: dict[str, object] = {}
    if call is not None:
        own = {name: value for name, value in call.params.items() if name not in _CLIENT_PARAMETERS}
    places: Mapping[str, int] = getattr(call, "indices", {})
    told = "-".join(_written(name, value, places) for name, value in own.items())
    plain = ".".join([*classes, function]) + (f"[{told}]" if own else "")
    if all(_is_plain(value) for value in own.values()):
        return _file_name(plain, plain)
    exact = [(name, _exact(name, value, places)) for name, value in own.items()]
    return _file_name(plain, f"{plain}{exact!r}", ambiguous=True)


def _is_class(part: object) -> bool:
    return isinstance(getattr(part, "obj", None), type)


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return bool(_PLAIN.fullmatch(value)) and value not in {"nan", "inf"}
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _written(name: str, value: object, places: Mapping[str, int]) -> str:
    return str(value) if isinstance(value, str | int | float | None) else f"{name}{places.get(name, '')}"


def _exact(name: str, value: object, places: Mapping[str, int]) -> str:
    """Return what distinguishes a parameter from the others of its test: its value, or its position."""
    return repr(value) if isinstance(value, str | int | float | None) else f"#{places.get(name, 0)}"


def _file_name(name: str, exact: str, *, ambiguous: bool = False) -> str:
    """Write a name as a file name; if that changes it, a hash of the original keeps it unique."""
    written = _FORBIDDEN.sub("-", name)
    short = written.encode(errors="replace")[:_LONGEST].decode(errors="ignore").rstrip(". ")
    if ambiguous or short != name:
        short += "~" + hashlib.sha256(exact.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{short}.yaml"
