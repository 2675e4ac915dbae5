"""Download of the published description, stored under its version.

The addresses are tried in order. The download is checked (it must be a complete OpenAPI 3 document of this API),
stored in ``openapi/`` byte for byte, and entered in the lock as the current version. A reconstructed file is
replaced by the first download of its version. After an error, no existing file is changed.

This module does not compare or generate: see ``scripts.track`` and ``scripts.generate``.

Exit statuses:

====== ==========================================================================================
0      stored, or nothing new
2      invalid arguments
10     no network: no connection, or it was lost before the response began
11     a time-out
12     404 or 410: nothing is published at the address
13     another status than 200, or too many redirections
14     a web page instead of a description
15     incomplete
16     not an OpenAPI 3 document, or one whose version cannot name a file
17     the description of another API
18     a known version with other content; it was stored beside the first
19     larger than the limit
20     a file could not be read or written
====== ==========================================================================================

If several addresses fail, the status is that of the first.
"""

from __future__ import annotations

import argparse
import codecs
import sys
import time
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from attrs import evolve, frozen

from scripts.descriptions import (
    FOLDER,
    CutShortError,
    Description,
    DescriptionError,
    Document,
    Lock,
    OtherApiError,
    api_version,
    check_whole,
    descriptions,
    file_name,
    is_reconstructed,
    parse,
    read_lock,
    sha256,
    write_lock,
    write_whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Republished = Callable[[str], bool]

__all__ = ["ADDRESSES", "Failure", "FetchError", "Fetched", "download", "fetch", "main", "take"]

ADDRESSES = (
    "https://docs.korusticket.com/_bundle/openapi.yaml",
    "https://docs.korusticket.com/_spec/openapi.yaml",
)
"""The addresses of the published description, the newer one first (section 1.2 of the API reference)."""

TIMEOUT = 30.0
LIMIT = 32 * 2**20
OK = 200


class Failure(IntEnum):
    """Reason why nothing was stored under its version; the value is the exit status."""

    NO_NETWORK = 10
    TIMEOUT = 11
    NOT_FOUND = 12
    OTHER_STATUS = 13
    WEB_PAGE = 14
    CUT_SHORT = 15
    NOT_OPENAPI = 16
    OTHER_API = 17
    OTHER_CONTENT = 18
    TOO_LARGE = 19
    UNWRITABLE = 20


class FetchError(Exception):
    """Nothing was stored under its version.

    Attributes:
        failure: The reason.
        message: One line for users.
        path: The second file, if the version existed with other content.
        version: Its stated version, in that case.
    """

    def __init__(
        self, failure: Failure, message: str, *, path: Path | None = None, version: str | None = None
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = " ".join(message.split())
        self.path = path
        self.version = version


def refused(_version: str) -> bool:
    """Refuse a version that exists with other content."""
    return False


@frozen
class Filing:
    """Settings for storing a description.

    Attributes:
        name: Its name in messages.
        url: The address of the download.
        folder: The folder of descriptions and lock.
        lock: The present lock.
        switch: True to make it the current version.
        republished: Decides whether a version may replace one with other content.
    """

    name: str
    url: str | None
    folder: Path
    lock: Lock
    switch: bool
    republished: Republished


@frozen
class Fetched:
    """Result of a download.

    Attributes:
        version: Its version.
        path: Its file.
        sha256: The digest of its bytes.
        url: The address of the download.
        new: True if the file did not have this content before.
        replaced: True if it replaced a reconstructed file.
        previous: The previous current version.
        current: The present current version.
    """

    version: str
    path: Path
    sha256: str
    url: str
    new: bool
    replaced: bool
    previous: str
    current: str

    def __str__(self) -> str:
        """Return a summary in one line."""
        if not self.new:
            now = (
                ""
                if self.previous == self.current
                else f"; current is now {self.current}, was {self.previous}"
            )
            return f"{self.version}: nothing new, {self.path.name} is the description at {self.url}{now}"
        how = ", replacing the reconstructed one" if self.replaced else ""
        return f"{self.version}: stored as {self.path.name} from {self.url}{how}; current was {self.previous}"


def fetch(
    urls: Sequence[str] = ADDRESSES,
    *,
    folder: Path = FOLDER,
    timeout: float = TIMEOUT,
    limit: int = LIMIT,
    switch: bool = True,
    accept_cut_short: bool = False,
    republished: Republished = refused,
) -> Fetched:
    """Download the description, store it and enter it in the lock.

    Args:
        urls: The addresses to try in order.
        folder: The folder of descriptions and lock.
        timeout: The seconds for the whole download, for each address.
        limit: The maximum number of bytes.
        switch: True to make it the current version in the lock.
        accept_cut_short: True to store it even if it refers to missing parts.
        republished: Called for a version that exists with other content; returns True to replace it.

    Raises:
        FetchError: The download failed; no existing file was changed.
    """
    lock = _lock(folder)
    failures: list[tuple[str, FetchError]] = []
    for url in urls:
        try:
            content = download(url, timeout=timeout, limit=limit)
            version, document = _checked(content, url, accept_cut_short=accept_cut_short)
        except FetchError as error:
            failures.append((url, error))
            continue
        filing = Filing(url, url, folder, lock, switch=switch, republished=republished)
        return _filed(version, document, content, filing)
    if not failures:
        raise FetchError(Failure.NO_NETWORK, "no address to fetch from")
    raise FetchError(failures[0][1].failure, "; ".join(error.message for _, error in failures))


def take(
    content: bytes,
    name: str,
    *,
    folder: Path = FOLDER,
    switch: bool = True,
    accept_cut_short: bool = False,
    republished: Republished = refused,
) -> Fetched:
    """Store a local description as if it had been downloaded.

    Args:
        content: The file.
        name: Its name in messages; the lock contains no address.
        folder: The folder of descriptions and lock.
        switch: True to make it the current version in the lock.
        accept_cut_short: True to store it even if it refers to missing parts.
        republished: Called for a version that exists with other content; returns True to replace it.

    Raises:
        FetchError: It was refused; no existing file was changed.
    """
    lock = _lock(folder)
    version, document = _checked(content, name, accept_cut_short=accept_cut_short)
    filing = Filing(name, None, folder, lock, switch=switch, republished=republished)
    return _filed(version, document, content, filing)


def download(url: str, *, timeout: float = TIMEOUT, limit: int = LIMIT) -> bytes:
    """Download a complete text file.

    Args:
        url: Its address; redirections are followed.
        timeout: The seconds for the whole download.
        limit: The maximum number of bytes.

    Raises:
        FetchError: It could not be downloaded, or is a web page.
    """
    deadline = time.monotonic() + timeout
    received = bytearray()
    begun = False
    try:
        with (
            # identity, so that the announced length is that of the stored file
            httpx.Client(
                timeout=timeout, follow_redirects=True, headers={"Accept-Encoding": "identity"}
            ) as client,
            client.stream("GET", url) as answer,
        ):
            begun = True
            _check_head(answer, url)
            is_page = "html" in answer.headers.get("Content-Type", "").lower()
            for chunk in answer.iter_bytes():
                received += chunk
                if len(received) > limit:
                    raise FetchError(Failure.TOO_LARGE, f"{url} is larger than {limit} bytes")
                if time.monotonic() > deadline:
                    raise FetchError(Failure.TIMEOUT, f"{url} was not complete after {timeout:g} s")
    except httpx.TimeoutException as error:
        raise FetchError(Failure.TIMEOUT, f"{url} did not answer within {timeout:g} s") from error
    except httpx.TooManyRedirects as error:
        raise FetchError(Failure.OTHER_STATUS, f"{url} redirects too often") from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        if begun:
            raise FetchError(
                Failure.CUT_SHORT, f"{url} ended after {len(received)} bytes: {error}"
            ) from error
        raise FetchError(Failure.NO_NETWORK, f"{url} cannot be reached: {error}") from error
    except httpx.InvalidURL as error:
        raise FetchError(Failure.NO_NETWORK, f"{url} is not an address: {error}") from error
    start = bytes(received[:4096]).lstrip(b"\xef\xbb\xbf \t\r\n")
    # documentation servers send a page for every path
    if start.startswith(b"<") or (is_page and not _is_json(bytes(received))):
        raise FetchError(Failure.WEB_PAGE, f"{url} is a web page, not a description")
    return bytes(received)


def _check_head(answer: httpx.Response, url: str) -> None:
    status = answer.status_code
    if status in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
        raise FetchError(Failure.NOT_FOUND, f"{url} answers {status}: nothing is published there")
    if status != OK:
        raise FetchError(Failure.OTHER_STATUS, f"{url} answers {status}")


def _checked(content: bytes, url: str, *, accept_cut_short: bool) -> tuple[str, Document]:
    """Read a download, and return it with its version."""
    if not content.strip():
        raise FetchError(Failure.CUT_SHORT, f"{url} is empty")
    try:
        document = parse(content, name="the download")
        version = api_version(document, content)
        file_name(version)
        if not accept_cut_short:
            _check_end(content)
            check_whole(document)
    except OtherApiError as error:
        raise FetchError(Failure.OTHER_API, f"{url} is not a description of this API: {error}") from error
    except CutShortError as error:
        raise FetchError(Failure.CUT_SHORT, f"{url} is incomplete: {error}") from error
    except DescriptionError as error:
        raise FetchError(Failure.NOT_OPENAPI, f"{url} is not a description: {error}") from error
    return version, document


def _check_end(content: bytes) -> None:
    # incomplete YAML is usually still valid YAML, but tools that write it end the last line
    if not _is_json(content) and not content.endswith(b"\n"):
        raise CutShortError("its last line has no end")


def _is_json(content: bytes) -> bool:
    return content.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")


def _lock(folder: Path) -> Lock:
    try:
        return read_lock(folder)
    except DescriptionError as error:
        raise FetchError(Failure.UNWRITABLE, str(error)) from error


def _filed(version: str, document: Document, content: bytes, filing: Filing) -> Fetched:
    folder, lock = filing.folder, filing.lock
    digest = sha256(content)
    suffix = ".json" if _is_json(content) else ".yaml"
    entry = Description(
        file=file_name(version, suffix=suffix),
        sha256=digest,
        origin="downloaded",
        url=filing.url,
        fetched=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    known = lock.descriptions.get(version)
    before = descriptions(folder).get(version)
    same = replaced = False
    kept = lock
    try:
        if before is not None:
            same = sha256(before.read_bytes()) == digest
            # a description that is marked as reconstructed is not a download of the published one
            replaced = (
                known is not None and known.origin == "reconstructed" and not is_reconstructed(document)
            )
            if same:
                entry = (
                    known if known is not None and known.sha256 == digest else evolve(entry, file=before.name)
                )
            elif not replaced and not filing.republished(version):
                _file_beside(_beside(version, content, suffix, folder), content, version, before)
            elif not replaced:  # the first published file is kept
                first = before.read_bytes()
                beside = _beside(version, first, before.suffix, folder)
                write_whole(beside, first)
                if known is not None:
                    kept = lock.renamed(version, beside.stem, file=beside.name)
        after = kept.with_description(version, entry, current=filing.switch)
        path = before if same and before is not None else folder / entry.file
        _write(path, content, before=before, lock_before=lock, lock_after=after, folder=folder)
    except OSError as error:
        raise FetchError(
            Failure.UNWRITABLE, f"{error.filename or folder} cannot be written: {error.strerror}"
        ) from error
    return Fetched(
        version=version,
        path=path,
        sha256=digest,
        url=filing.name,
        new=not same,
        replaced=replaced and not same,
        previous=lock.current,
        current=after.current,
    )


def _beside(version: str, content: bytes, suffix: str, folder: Path) -> Path:
    return folder / f"{version}+{sha256(content)[:8]}{suffix}"


def _file_beside(beside: Path, content: bytes, version: str, first: Path) -> None:
    if not (beside.exists() and beside.read_bytes() == content):
        write_whole(beside, content)
    raise FetchError(
        Failure.OTHER_CONTENT,
        f"{version} is published with other content than {first.name}: stored beside it as {beside.name}",
        path=beside,
        version=version,
    )


def _write(
    path: Path, content: bytes, *, before: Path | None, lock_before: Lock, lock_after: Lock, folder: Path
) -> None:
    """Write the file, then the lock; restore the file if the lock cannot be written."""
    earlier = path.read_bytes() if path.exists() else None
    if earlier != content:
        write_whole(path, content)
    try:
        if lock_after != lock_before:
            write_lock(lock_after, folder)
    except OSError:
        if earlier is None:
            path.unlink()
        elif earlier != content:
            write_whole(path, earlier)
        raise
    if before is not None and before != path:
        before.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line; that of the process if None.

    Returns:
        The exit status, from the table in the module's docstring.
    """
    parser = argparse.ArgumentParser(
        prog="python -m scripts.fetch",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--url",
        action="append",
        metavar="URL",
        help="an address to try instead of the known ones; repeatable",
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="the folder of the descriptions (default: openapi/)"
    )
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT, metavar="SECONDS", help="the time limit for each address"
    )
    parser.add_argument("--limit", type=int, default=LIMIT, metavar="BYTES", help="the maximum size")
    parser.add_argument(
        "--keep-current", action="store_true", help="store it without making it the current version"
    )
    parser.add_argument(
        "--accept-cut-short",
        action="store_true",
        help="store it although it is incomplete",
    )
    given = parser.parse_args(arguments)
    try:
        fetched = fetch(
            given.url or ADDRESSES,
            folder=given.folder,
            timeout=given.timeout,
            limit=given.limit,
            switch=not given.keep_current,
            accept_cut_short=given.accept_cut_short,
        )
    except FetchError as error:
        print(f"fetch: {error.message}", file=sys.stderr)
        return int(error.failure)
    print(f"fetch: {fetched}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
