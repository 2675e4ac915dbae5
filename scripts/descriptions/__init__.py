"""Descriptions of the API on disk: reading, writing, order of versions, and the lock.

Every tool reads descriptions with this package, so that all of them use the same rules for YAML, the same order of
versions and the same lock. For downloads, corrections and generation see ``scripts.fetch``,
``scripts.descriptions.overlay`` and ``scripts.generate``.
"""

from __future__ import annotations

from scripts.descriptions.documents import Document, dump, load, parse
from scripts.descriptions.errors import CutShortError, DescriptionError, OtherApiError
from scripts.descriptions.files import (
    FOLDER,
    descriptions,
    file_name,
    find,
    sha256,
    version_key,
    versions,
    write_whole,
)
from scripts.descriptions.identity import TITLE, api_version, check_whole, is_reconstructed
from scripts.descriptions.lock import Description, Generator, Lock, lock_text, read_lock, write_lock
from scripts.descriptions.reading import read

__all__ = [
    "FOLDER",
    "TITLE",
    "CutShortError",
    "Description",
    "DescriptionError",
    "Document",
    "Generator",
    "Lock",
    "OtherApiError",
    "api_version",
    "check_whole",
    "descriptions",
    "dump",
    "file_name",
    "find",
    "is_reconstructed",
    "load",
    "lock_text",
    "parse",
    "read",
    "read_lock",
    "sha256",
    "version_key",
    "versions",
    "write_lock",
    "write_whole",
]
