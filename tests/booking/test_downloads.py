"""How files are named and checked, whatever a server says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus._booking.document_facts import OrderName
from korus._booking.file_checks import (
    check_address,
    check_content,
    file_name,
    is_stale,
    length_of,
    next_address,
)
from korus.errors import DownloadFailed

PDF = b"%PDF-1.7\n...\n%%EOF\n"


@given(st.text(), st.text(), st.one_of(st.none(), st.text()), st.text())
def test_no_name_whatever_leaves_the_folder(reference, identity, language, content_type):
    name = file_name(reference, identity, language, content_type)
    assert not set(name) & set("/\\\0:\n ")
    assert name.strip(".") != ""
    assert not name.startswith(".") or name in {".bin", ".pdf"} or len(name) > 4
    assert len(name.encode()) < 255


def test_a_name_says_order_document_and_language():
    assert (
        file_name("LANTRN-7C41E9", "019c", "fr", "application/pdf; charset=binary")
        == "LANTRN-7C41E9_019c_fr.pdf"
    )
    odd = file_name("../../etc", "../passwd", None, "image/png")
    assert re.fullmatch(r"etc_passwd_[0-9a-f]{8}\.png", odd)
    assert file_name(OrderName.read({}).name, "d", None, "") == "order_d.bin"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("A", "a:b", None), ("A", "a;b", None)),
        (("A", "a-b", None), ("A", "a:b", None)),
        (("A", "ab", None), ("A", "aB", None)),
        (("A", "b", None), ("A", "b.", None)),
        (("A_b", "c", None), ("A", "b_c", None)),
        (("A", "b" * 80, None), ("A", "b" * 81, None)),
        (("A/1", "b", None), ("A 1", "b", None)),
        (("A", "b", "fr"), ("A", "b", "fr;q=0.5")),
    ],
)
def test_two_documents_never_have_the_same_name(one, other):
    names = [
        file_name(reference, identity, language, "application/pdf")
        for reference, identity, language in (one, other)
    ]
    assert names[0].lower() != names[1].lower()
    assert all(len(name) < 255 for name in names)


@pytest.mark.parametrize(
    ("content_type", "beginning", "suffix"),
    [
        ("application/octet-stream", PDF, ".pdf"),
        ("", PDF, ".pdf"),
        ("image/png", PDF, ".pdf"),
        ("binary/octet-stream", b"\x89PNG\r\n\x1a\n...", ".png"),
        ("application/octet-stream", b"\xff\xd8\xff\xe0...", ".jpg"),
        ("application/octet-stream", b"PK\x03\x04...", ".zip"),
        ("application/vnd.apple.pkpass", b"PK\x03\x04...", ".pkpass"),
        ("application/octet-stream", b"something", ".bin"),
    ],
)
def test_a_file_is_named_by_what_it_begins_with(content_type, beginning, suffix):
    assert file_name("R", "d", None, content_type, beginning) == f"R_d{suffix}"


@pytest.mark.parametrize(
    "address", ["ftp://s/x", "file:///etc/passwd", "//s/x", "", "http://[::1", "javascript:1"]
)
def test_an_address_that_is_not_http_is_refused(address):
    with pytest.raises(DownloadFailed, match="not http or https"):
        check_address(address)


@pytest.mark.parametrize(
    ("said", "length"), [("12", 12), ("9" * 5000, None), ("-1", None), ("1e3", None), ("", None)]
)
def test_an_announced_length_is_read_or_ignored(said, length):
    assert length_of({"content-length": said}) == length


def check(content=PDF, **more):
    usual = {"announced": len(content), "content_type": "application/pdf", "address": "https://s/x"}
    check_content(content[:16], content[-1024:], len(content), **{**usual, **more})


def test_a_whole_pdf_is_taken():
    check()
    check(announced=None)
    check(b"PNG", announced=3, content_type="image/png")


@pytest.mark.parametrize(
    ("content", "more", "reason"),
    [
        (PDF, {"announced": 99}, "incomplete: received 19 of 99"),
        (b"", {"announced": None}, "empty"),
        (b"<html>", {}, "not a PDF"),
        (b"<html>", {"content_type": "text/html", "address": "https://s/x.PDF?Signature=1"}, "not a PDF"),
        (b"<Error/>", {"content_type": "application/xml"}, "a message instead of a file"),
        (b"%PDF-1.7 and then nothing", {"announced": None}, "end marker of the PDF is missing"),
    ],
)
def test_what_is_not_what_it_should_be_is_refused(content, more, reason):
    with pytest.raises(DownloadFailed, match=reason):
        check(content, **more)


def test_a_length_counts_only_where_the_body_is_seen_as_it_was_sent():
    assert length_of({"content-length": "12"}) == 12
    assert length_of({"content-length": "12", "content-encoding": "gzip"}) is None
    assert length_of({"content-length": "twelve"}) is None
    assert length_of({}) is None


def test_a_redirect_never_leaves_https():
    assert next_address("https://a/x", "/y") == "https://a/y"
    assert next_address("http://a/x", "https://b/y") == "https://b/y"
    for location in (None, "", "http://a/y", "ftp://a/y"):
        with pytest.raises(DownloadFailed):
            next_address("https://a/x", location)


def test_only_refusals_can_mean_that_an_address_has_expired():
    assert [status for status in (200, 302, 400, 403, 404, 410, 429, 500) if is_stale(status)] == [
        400,
        403,
        404,
        410,
    ]
