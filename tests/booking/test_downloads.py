"""How files are named and checked, whatever a server says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus.downloads import check_content, file_name, is_stale, length_of, next_address
from korus.errors import DownloadFailed

PDF = b"%PDF-1.7\n...\n%%EOF\n"


@given(st.text(), st.text(), st.one_of(st.none(), st.text()), st.text())
def test_no_name_whatever_leaves_the_folder(reference, identity, language, content_type):
    name = file_name({"reference": reference}, identity, language, content_type)
    assert not set(name) & set("/\\\0:\n ")
    assert name.strip(".") != ""
    assert not name.startswith(".") or name in {".bin", ".pdf"} or len(name) > 4
    assert len(name.encode()) < 255


def test_a_name_says_order_document_and_language():
    order = {"reference": "LANTRN-7C41E9"}
    assert file_name(order, "019c", "fr", "application/pdf; charset=binary") == "LANTRN-7C41E9_019c_fr.pdf"
    assert file_name({"reference": "../../etc"}, "../passwd", None, "image/png") == "etc_passwd.png"
    assert file_name({}, "d", None, "") == "order_d.bin"


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
        (PDF, {"announced": 99}, "cut short: 19 of 99"),
        (b"", {"announced": None}, "empty"),
        (b"<html>", {}, "no PDF"),
        (b"<html>", {"content_type": "text/html", "address": "https://s/x.PDF?Signature=1"}, "no PDF"),
        (b"<Error/>", {"content_type": "application/xml"}, "a message instead of a file"),
        (b"%PDF-1.7 and then nothing", {"announced": None}, "no end"),
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
