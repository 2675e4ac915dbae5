"""Writing the receipt: whole or not at all, for its owner only, keeping what an earlier one says was bought."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from korus._core.raw_json import json_object, objects

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

__all__ = ["NAME", "with_earlier", "write_receipt"]

NAME: Final = "receipt.json"
_LARGEST: Final = 16 << 20
_LOCK_SECONDS: Final = 5.0
_PAUSE: Final = 0.05


def write_receipt(folder: Path, receipt: Mapping[str, Any]) -> None:
    """Write a receipt; what an earlier one in the folder says was bought, and this one does not, is taken over.

    An earlier one that cannot be read is kept under another name.

    Raises:
        OSError: It cannot be written; the earlier one is as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        target = folder / NAME
        earlier = _read(target)
        text = json.dumps(with_earlier(receipt, earlier or {}), indent=2, ensure_ascii=False) + "\n"
        if earlier is None:
            _set_aside(target)
        _replace(target, text.encode())


def with_earlier(written: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return a receipt with those items of an earlier one whose orders it does not have.

    Args:
        written: The receipt.
        earlier: An earlier receipt, of whatever version or shape.
    """
    named = {iri for item in written["items"] for iri in _orders_of(item)} | {*written["other_orders"]}
    kept: list[Any] = []
    for item in (*objects(earlier, "items"), *objects(earlier, "earlier_items")):
        orders = _orders_of(item)
        if orders - named:
            kept.append(item)
            named |= orders
    strays = [iri for iri in objects(earlier, "other_orders") if isinstance(iri, str) and iri not in named]
    return {**written, "other_orders": [*written["other_orders"], *strays], "earlier_items": kept}


def _orders_of(item: object) -> set[str]:
    source = json_object(item) or {}
    return {iri for iri in (source.get("order"), *objects(source, "orders")) if isinstance(iri, str)}


def _read(file: Path) -> Mapping[str, Any] | None:
    """Read an earlier receipt; empty if there is none, None if it cannot be read as one."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return {}
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        try:
            return json_object(json.loads(opened.read(_LARGEST)))
        except (OSError, ValueError, RecursionError):
            return None


def _set_aside(file: Path) -> None:
    descriptor, name = tempfile.mkstemp(prefix="receipt-", suffix=".json", dir=file.parent)
    os.close(descriptor)
    file.replace(name)


def _replace(target: Path, content: bytes) -> None:
    # mkstemp creates it with O_EXCL and O_NOFOLLOW under a random name, as 0600
    descriptor, name = tempfile.mkstemp(prefix=".korus-", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every file system can
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # not every file system can
        return True
    return True


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Keep other runs, which may have another log, from writing a receipt between reading and writing this one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        ends = time.monotonic() + _LOCK_SECONDS
        while not _is_locked(descriptor) and time.monotonic() < ends:
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)
