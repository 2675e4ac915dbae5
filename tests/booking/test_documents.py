"""Documents from a storage host of any kind, sync and async: as files, as bytes and as streams."""

import asyncio
import errno
import os
import threading
from contextlib import contextmanager

import httpx
import pytest
from booking_front import Clients

from korus import AsyncKorus, Korus, RetryPolicy
from korus._core.part_files import PartFile
from korus.errors import DocumentsNotReady, DownloadFailed, InvalidArgument, InvalidIri, ValidationFailed

PDF = b"%PDF-1.7\n" + b"x" * 5000 + b"\n%%EOF\n"
ORDER = "/v1/booking/orders/019c"


class Host(httpx.MockTransport):
    """An API with one order and its documents, and a storage host that sends what it is told to."""

    def __init__(self):
        self.files = {"d1": {"content": PDF}}
        self.content_type = "application/pdf"
        self.asked = []
        self.refusals = []
        super().__init__(self.answer)

    def answer(self, request):
        path = request.url.path
        if request.url.host == "storage.example":
            self.asked.append(path)
            assert "authorization" not in request.headers
            told = {"headers": {"content-type": self.content_type}, **self.files[path.rpartition("/")[2]]}
            return httpx.Response(told.pop("status", 200), **told)
        if path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 300, "token_type": "Bearer"})
        if path.endswith("/documents"):
            members = [{"@id": f"{ORDER}/documents/{name}", "id": name} for name in self.files]
            return httpx.Response(200, json={"member": members, "totalItems": len(members)})
        if "/documents/" in path:
            if self.refusals:
                return httpx.Response(422, json={"detail": self.refusals.pop(0)})
            name = path.rpartition("/")[2]
            return httpx.Response(
                200, json={"@id": path, "id": name, "temporaryUrl": f"https://storage.example/{name}"}
            )
        return httpx.Response(200, json={"@id": ORDER, "id": "019c", "reference": "R-1", "items": []})


SETTINGS = {
    "client_id": "shop",
    "client_secret": "secret",
    "base_url": "https://api.example",
    "token_url": "https://auth.example/token",
    "retry": RetryPolicy(attempts=2, first_wait=0.001, longest_wait=0.01),
}


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def korus(client_kind, host):
    class Settings:
        credentials, base_url, token_url = {}, SETTINGS["base_url"], SETTINGS["token_url"]

    made = Clients(client_kind, Settings)
    yield made.make(**SETTINGS, transport=host)
    made.close()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class TestFiles:
    @pytest.mark.parametrize(
        "content_type", ["application/octet-stream", "binary/octet-stream", "", "text/plain"]
    )
    def test_a_pdf_of_another_name_is_saved_as_a_pdf(self, korus, host, tmp_path, content_type):
        host.content_type = content_type
        (path,) = korus.documents.download(ORDER, to=tmp_path)
        assert path.name == "R-1_d1.pdf"
        assert path.read_bytes() == PDF

    def test_ids_that_differ_in_odd_characters_only_are_different_files(self, korus, host, tmp_path):
        host.files = {
            name: {"content": PDF + name.encode()} for name in ("a:b", "a;b", "a-b", "A-b", "a'b", "a_b")
        }
        paths = korus.documents.download(ORDER, to=tmp_path)
        assert len({path.name.lower() for path in paths}) == len(host.files)
        assert {path.read_bytes() for path in paths} == {file["content"] for file in host.files.values()}
        assert korus.documents.download(ORDER, to=tmp_path) == paths

    def test_a_full_disk_is_an_error_of_korus_and_leaves_nothing(self, korus, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(DownloadFailed, match="cannot write it to disk: No space left on device"):
            korus.documents.download(ORDER, to=tmp_path)
        assert names(tmp_path) == []

    @pytest.mark.parametrize("kind", ["a file", "below a file", "a folder in the way"])
    def test_a_place_that_cannot_be_written_is_an_error_of_korus(self, korus, tmp_path, kind):
        to = tmp_path / "tickets"
        if kind == "a folder in the way":
            (to / "R-1_d1.pdf").mkdir(parents=True)
        else:
            to.write_text("taken")
        with pytest.raises(DownloadFailed, match="cannot write it to disk"):
            korus.documents.download(ORDER, to=to / "below" if kind == "below a file" else to)
        assert names(tmp_path) == ["tickets"]

    @pytest.mark.parametrize("to", [None, 7, b"tickets", "a\0b"])
    def test_a_folder_that_is_no_path_is_refused_before_anything_is_sent(self, korus, host, to):
        with pytest.raises(InvalidArgument, match="`to` must be the path of a folder"):
            korus.documents.download(ORDER, to=to)
        assert host.asked == []

    @pytest.mark.parametrize(
        "told",
        [
            {"status": 302, "headers": {"location": "http://[::1"}},
            {"headers": {"content-length": "9" * 5000, "content-type": "text/html"}, "content": b"<html>"},
        ],
    )
    def test_a_lying_storage_host_is_an_error_of_korus(self, korus, host, tmp_path, told):
        host.files["d1"] = told
        with pytest.raises(DownloadFailed):
            korus.documents.download(ORDER, to=tmp_path, follow_redirects=True)
        assert names(tmp_path) == []


class TestOpening:
    @pytest.mark.parametrize("size", [100, 5 * 1024 * 1024])
    def test_a_document_can_be_had_as_an_open_file(self, korus, host, size):
        content = b"%PDF-" + b"x" * size + b"%%EOF"
        host.files["d1"] = {"content": content}
        with korus.documents.open(f"{ORDER}/documents/d1") as file:
            assert file.read() == content
            file.seek(0)
            assert file.read(5) == b"%PDF-"

    @pytest.mark.parametrize(
        "told",
        [{"content": b"<html>"}, {"content": b""}, {"content": b"%PDF-1.7 without end"}, {"status": 418}],
    )
    def test_what_is_not_the_document_is_not_opened(self, korus, host, told):
        host.files["d1"] = told
        with pytest.raises(DownloadFailed):
            korus.documents.open(f"{ORDER}/documents/d1")

    def test_a_document_that_is_too_early_is_waited_for(self, korus, host):
        host.refusals = ["This document can be downloaded from 1999-12-31T00:00:00+00:00."]
        with korus.documents.open(f"{ORDER}/documents/d1") as file:
            assert file.read() == PDF
        host.refusals = ["This document can be downloaded from 9999-12-31T00:00:00+00:00."]
        with pytest.raises(DocumentsNotReady):
            korus.documents.open(f"{ORDER}/documents/d1", timeout=1)
        host.refusals = ["No such language."]
        with pytest.raises(ValidationFailed):
            korus.documents.open(f"{ORDER}/documents/d1")

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"document": ORDER}, InvalidIri),
            ({"timeout": -1}, InvalidArgument),
            ({"language": "é"}, InvalidArgument),
        ],
    )
    def test_arguments_that_cannot_be_sent_are_refused(self, korus, host, arguments, error):
        with pytest.raises(error):
            korus.documents.open(**{"document": f"{ORDER}/documents/d1", **arguments})
        assert host.asked == []

    def test_a_file_longer_than_allowed_is_refused(self, korus):
        with pytest.raises(DownloadFailed, match="longer than 100 bytes"):
            korus.documents.open(f"{ORDER}/documents/d1", max_bytes=100)


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, which may break off."""

    def __init__(self, *pieces):
        self.pieces = pieces

    def __iter__(self):
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self):
        for piece in self:
            yield piece


@contextmanager
def sync_client(host):
    with Korus(**SETTINGS, transport=host) as client:
        yield client


class TestStreaming:
    def test_the_pieces_are_passed_on_as_they_come(self, host):
        host.files["d1"] = {"stream": Pieces(b"%PDF-", b"1.7 ..........", b"abc", b"%%EOF")}
        with sync_client(host) as korus, korus.documents.stream(f"{ORDER}/documents/d1") as stream:
            assert (stream.content_type, stream.size) == ("application/pdf", None)
            assert list(stream) == [b"%PDF-1.7 ..........", b"abc", b"%%EOF"]

    async def test_the_async_client_streams_alike(self, host):
        host.files["d1"] = {"stream": Pieces(b"%PDF-", b"1.7 ..........", b"abc", b"%%EOF")}
        async with AsyncKorus(**SETTINGS, transport=host) as korus:
            async with korus.documents.stream(f"{ORDER}/documents/d1") as stream:
                assert [chunk async for chunk in stream] == [b"%PDF-1.7 ..........", b"abc", b"%%EOF"]
            host.files["d1"] = {"content": PDF}
            async with korus.documents.stream(f"{ORDER}/documents/d1") as stream:
                assert stream.size == len(PDF)
                assert await stream.read() == PDF
            host.files["d1"] = {"stream": Pieces(b"%PDF-1.7 ..........", httpx.ReadError("gone"))}
            async with korus.documents.stream(f"{ORDER}/documents/d1") as stream:
                assert await anext(stream) == b"%PDF-1.7 .........."
                with pytest.raises(DownloadFailed):
                    await anext(stream)

    @pytest.mark.parametrize(
        ("pieces", "before"),
        [
            ((b"<html>", b"<body>nothing like a ticket"), 0),
            ((b"%PDF-1.7 ..........", b"and no end"), 2),
            ((b"%PDF-1.7 ..........", httpx.ReadError("gone")), 1),
            ((b"",), 0),
        ],
    )
    def test_what_is_wrong_shows_while_it_is_read(self, host, pieces, before):
        host.files["d1"] = {"stream": Pieces(*pieces)}
        seen = []
        with (
            sync_client(host) as korus,
            korus.documents.stream(f"{ORDER}/documents/d1") as stream,
            pytest.raises(DownloadFailed),
        ):
            seen.extend(stream)
        assert len(seen) == before

    def test_a_storage_host_that_fails_at_first_is_asked_again(self, host):
        host.files["d1"] = {"status": 503}
        with sync_client(host) as korus:
            with (
                pytest.raises(DownloadFailed, match="answered 503"),
                korus.documents.stream(f"{ORDER}/documents/d1"),
            ):
                pass
            assert len(host.asked) == 2

    def test_a_stream_can_be_left_at_any_moment(self, host):
        host.files["d1"] = {"stream": Pieces(*([b"%PDF-1.7 .........."] * 100))}
        with sync_client(host) as korus:
            with korus.documents.stream(f"{ORDER}/documents/d1") as stream:
                next(stream)
            with pytest.raises(StopIteration):
                next(stream)


class TestCancelling:
    @pytest.mark.parametrize("step", ["open", "write", "finish"])
    async def test_a_task_that_is_cancelled_leaves_no_part(self, host, tmp_path, monkeypatch, step):
        inside, go_on, ended = threading.Event(), threading.Event(), threading.Event()
        original = getattr(PartFile, step)

        def slow(part, *arguments):
            inside.set()
            go_on.wait(10)
            try:
                return original(part, *arguments)
            finally:
                ended.set()

        monkeypatch.setattr(PartFile, step, slow)
        async with AsyncKorus(**SETTINGS, transport=host) as korus:
            task = asyncio.create_task(korus.documents.download(ORDER, to=tmp_path))
            assert await asyncio.to_thread(inside.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            go_on.set()
            assert await asyncio.to_thread(ended.wait, 10)
        assert [name for name in names(tmp_path) if name.endswith(".part")] == []
