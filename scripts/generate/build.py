"""Build of the package from a description file: overlay, prepare, generate, audit, swap.

The package is written to a temporary folder and moved to its place in one step after the audit passes, so that an
error leaves the existing package unchanged. Files of an earlier generation are removed with their folder.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from scripts.descriptions import (
    FOLDER,
    DescriptionError,
    Document,
    api_version,
    load,
    sha256,
)
from scripts.descriptions.bundle import bundled
from scripts.descriptions.overlay import apply_file
from scripts.generate.audit import audit
from scripts.generate.launcher import COMMAND, Origin, write_package
from scripts.generate.prepare import prepare
from scripts.generate.prepare.kept import Kept, read_kept, write_kept

OVERLAY = FOLDER / "overlay.yaml"
NAMES = FOLDER / "names.toml"
"""The fixed names, for descriptions of this API only."""
_MARK = f"# Written by `{COMMAND}`"


class AuditFailedError(Exception):
    """The generated package lacks parts of the description; the message lists them."""


class OutputError(Exception):
    """The package cannot be moved to its place."""


def build(
    source: Path,
    target: Path,
    *,
    overlay: Path | None = None,
    bare: bool = False,
    names: Path = NAMES,
    grow: bool = False,
) -> str:
    """Generate the package for the description in `source` into the folder `target`.

    Args:
        source: The description, YAML or JSON.
        target: The folder of the package; the files of an earlier run are replaced.
        overlay: An overlay to apply instead of the project's, which is for descriptions of this API only.
        bare: True to apply no overlay.
        names: The table of fixed names.
        grow: True to add new names to the table.

    Returns:
        The counts of the audit, as text.

    Raises:
        DescriptionError: The description or the overlay is invalid.
        GenerationError: The generator does not support a part of it.
        AuditFailedError: The package would lack a part of it.
        OutputError: `target` contains files that no earlier run wrote.
    """
    target = Path(target).resolve()
    _check_replaceable(target)
    bundle = bundled(source, corrected(load(source), overlay=overlay, bare=bare))
    document = bundle.document
    try:
        kept = read_kept(names) if is_ours(document) else Kept()
        prepared = prepare(document, kept)
    except RecursionError as error:
        raise DescriptionError(f"{source} nests its schemas too deeply") from error
    about = prepared.document["info"]
    origin = Origin(title=about["title"], version=about["version"], sha256=sha256(source.read_bytes()))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise OutputError(f"cannot write beside {target}: {error.strerror}") from error
    try:
        fresh = workshop / target.name
        write_package(prepared.document, origin, fresh)
        report = audit(document, fresh, prepared.left_out)
        if report.missing:
            raise AuditFailedError(report.text())
        # the checks of recorded traffic that are shipped with korus need the description
        text = json.dumps(document, ensure_ascii=False, indent=1, default=str)
        (fresh / "description.json").write_text(f"{text}\n", encoding="utf-8")
        if grow:
            write_kept(kept.grown(prepared.kept), names)
        _swap(fresh, target, workshop)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    lines = [
        f"ignored, not part of OpenAPI {document['openapi']}:",
        *(f"  {one}" for one in bundle.unknown),
    ]
    return "\n".join([*(lines if bundle.unknown else ()), report.text()])


def corrected(document: Document, *, overlay: Path | None = None, bare: bool = False) -> Document:
    """Apply the overlay for a description.

    Raises:
        DescriptionError: The overlay cannot be applied.
    """
    if bare:
        return document
    if overlay is not None:
        return apply_file(document, overlay)
    if OVERLAY.exists() and is_ours(document):
        return apply_file(document, OVERLAY)
    return document


def is_ours(document: Document) -> bool:
    """Return True if the title of a description is the one of this API."""
    try:
        api_version(document)
    except DescriptionError:  # `prepare` reports errors other than `OtherApiError`
        return False
    return True


def _check_replaceable(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"{target} is a file, not a folder")
    if not any(path.name != "__pycache__" for path in target.iterdir()):
        return
    init = target / "__init__.py"
    if not init.is_file() or not init.read_text(encoding="utf-8", errors="replace").startswith(_MARK):
        raise OutputError(
            f"{target} contains files that this command did not write; empty it or choose another folder"
        )


def _swap(fresh: Path, target: Path, workshop: Path) -> None:
    before = workshop / "before"
    if target.exists():
        target.rename(before)
    try:
        fresh.rename(target)
    except OSError:
        if before.exists():
            before.rename(target)
        raise
