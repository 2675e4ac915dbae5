"""Storage host of the sandbox: another origin that serves documents at signed addresses which expire.

It needs no token, and counts requests that carry one, since sending it there is a leak (reference 7.4). The form of the
address is the published one; host, account and signature are the sandbox's.
"""

from __future__ import annotations

import base64
import hmac
import threading
from collections import OrderedDict
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from attrs import frozen

from korus.sandbox.ids import digest_of, uuid7
from korus.sandbox.ticket_pdf import draw_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from korus.sandbox.boxoffice import Document, Order
    from korus.sandbox.clock import Clock

__all__ = ["DownloadRefused", "Storage"]

_BUCKET = "korus-sandbox-documents"
_ACCOUNT = "sandbox@korus.example"
_KEPT_FILES = 128


class DownloadRefused(Exception):
    """The address is expired or forged, or its file does not exist."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.xml = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"


@frozen
class _Stored:
    order: Order
    document: Document
    language: str


class Storage:
    """Signed addresses and the files behind them.

    Args:
        clock: The clock by which addresses expire.
        lifetime: How long an address is valid.
    """

    def __init__(self, clock: Clock, *, lifetime: timedelta = timedelta(minutes=5)) -> None:
        self.clock = clock
        self.lifetime = lifetime
        self.origin = ""
        self._key = digest_of("storage key")
        self._objects: dict[str, _Stored] = {}
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def sign(self, order: Order, document: Document, language: str) -> str:
        """Return a temporary address of a document in a language."""
        name = uuid7(digest_of(document.id, document.edition, language))
        path = f"/{_BUCKET}/{order.organization}/{order.id}/{name}.pdf"
        with self._lock:
            self._objects[path] = _Stored(order, document, language)
        expires = int((self.clock.now() + self.lifetime).timestamp())
        query = urlencode(
            {"GoogleAccessId": _ACCOUNT, "Expires": expires, "Signature": self._signature(path, str(expires))}
        )
        return f"{self.origin}{path}?{query}"

    def _signature(self, path: str, expires: str) -> str:
        return base64.b64encode(hmac.digest(self._key, f"GET\n{path}\n{expires}".encode(), sha256)).decode()

    def read(self, path: str, query: Mapping[str, str]) -> bytes:
        """Return the file behind an address.

        Raises:
            DownloadRefused: 400 when it has expired, 403 when it is forged, 404 when the file does not exist.
        """
        expires = query.get("Expires", "")
        if not hmac.compare_digest(
            self._signature(path, expires).encode(), query.get("Signature", "").encode()
        ):
            raise DownloadRefused(403, "SignatureDoesNotMatch", "The signature does not match the address.")
        if int(expires) <= self.clock.now().timestamp():
            raise DownloadRefused(400, "ExpiredToken", "The address has expired.")
        with self._lock:
            stored = self._objects.get(path)
            file = self._files.get(path)
        if stored is None:
            raise DownloadRefused(404, "NoSuchKey", "There is no such file.")
        if file is None:
            file = draw_document(stored.order, stored.document, stored.language)
            with self._lock:
                self._files[path] = file
                while len(self._files) > _KEPT_FILES:
                    self._files.popitem(last=False)
        return file
