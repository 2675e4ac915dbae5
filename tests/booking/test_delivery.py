"""Documents at the sandbox, sync and async: waited for politely, saved whole or not at all."""

import io
import os
import threading
import time
from datetime import timedelta

import httpx
import pytest
from pypdf import PdfReader

from korus import RetryPolicy
from korus.errors import DocumentsNotReady, DownloadFailed, InvalidArgument, ValidationFailed

PATCH = "update_order_document"


@pytest.fixture
def order(front):
    """An order whose documents come at once."""
    for catalog in front.korus.catalogs.list():
        for base in front.korus.product_bases.list(catalog):
            if base.disabled or not base.instant_document_delivery or base.beneficiary_info_may_be_required:
                continue
            for offer in front.korus.offers.list(catalog, product_base=base, sort="desc", page_size=20).page(
                1
            ):
                if all(ticket.date_access and not ticket.form for ticket in offer.tickets):
                    front.sandbox.set_stock(offer.iri, 100)
                    return front.order(front.hold(offer, quantity=2)).succeeded[0]
    raise AssertionError("the sandbox sells nothing that is delivered at once")


def ready(front):
    front.sandbox.clock.advance(10)


def test_the_tickets_are_real_files_named_after_the_order(front, order, tmp_path):
    ready(front)
    (path,) = front.korus.documents.download(order, to=tmp_path / "tickets", language="fr")
    assert path.parent == tmp_path / "tickets"
    assert path.name.startswith(order.reference)
    assert path.name.endswith("_fr.pdf")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(path.read_bytes())).pages)
    assert order.reference in text
    assert front.sandbox.inspect.storage_requests_with_token == 0


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_tickets_are_for_their_owner_only(front, order, tmp_path, umask):
    ready(front)
    before = os.umask(umask)
    try:
        (path,) = front.korus.documents.download(order, to=tmp_path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_running_it_again_gives_the_same_files_and_leaves_nothing_behind(front, order, tmp_path):
    ready(front)
    first = front.korus.documents.download(order, to=tmp_path)
    second = front.korus.documents.download(order.iri, to=str(tmp_path))
    assert first == second
    assert sorted(tmp_path.iterdir()) == sorted(first)


def test_waiting_reports_progress_and_ends_when_all_are_ready(front, order):
    seen = []
    threading.Timer(0.3, ready, [front]).start()
    front.sandbox.clock.advance(-1)
    documents = front.korus.documents.wait(order, timeout=10, progress=seen.append)
    assert len(documents) == 1
    assert seen[0].pending == seen[-1].ready == (documents[0].iri,)
    assert seen[0].due is not None


def test_waiting_ends_at_the_deadline_and_says_what_is_missing(front, order):
    front.sandbox.clock.advance(-20)
    began = time.monotonic()
    with pytest.raises(DocumentsNotReady) as caught:
        front.korus.documents.wait(order, timeout=0.7)
    assert 0.6 < time.monotonic() - began < 3
    assert len(caught.value.pending) == 1


def test_what_is_due_long_after_the_deadline_is_not_waited_for(front, order, tmp_path):
    front.sandbox.clock.advance(-3600)
    began = time.monotonic()
    with pytest.raises(DocumentsNotReady, match="the last is due at"):
        front.korus.documents.download(order, to=tmp_path, timeout=30)
    assert time.monotonic() - began < 5


def test_documents_that_wait_for_names_are_not_waited_for(front):
    for catalog in front.korus.catalogs.list():
        for base in front.korus.product_bases.list(catalog):
            if not base.beneficiary_info_may_be_required or base.disabled:
                continue
            for offer in front.korus.offers.list(catalog, product_base=base, sort="desc", page_size=20).page(
                1
            ):
                if all(ticket.date_access and not ticket.form for ticket in offer.tickets):
                    front.sandbox.set_stock(offer.iri, 100)
                    order = front.order(front.hold(offer)).succeeded[0]
                    with pytest.raises(DocumentsNotReady, match="require a beneficiary"):
                        front.korus.documents.wait(order, timeout=30)
                    return
    pytest.fail("the sandbox sells nothing that asks for names")


def too_early(front, when, *, count=None):
    """Have the API refuse the address of a document, in its own words."""
    words = f"This document can be downloaded from {when}."
    body = {"status": 422, "violations": [{"propertyPath": "", "message": words}], "detail": words}
    front.sandbox.faults.add("status", operation=PATCH, status=422, count=count, body=body)


@pytest.mark.parametrize("moment", ["1999-12-31T23:59:59+00:00", "soon"])
def test_a_document_that_is_too_early_is_asked_for_again(front, order, tmp_path, moment):
    ready(front)
    too_early(front, moment, count=2)
    (path,) = front.korus.documents.download(order, to=tmp_path, timeout=10)
    assert path.read_bytes().startswith(b"%PDF-")
    assert front.requests(PATCH) == 3


def test_a_fraction_of_a_second_cut_off_a_due_time_is_waited_for(front, order, tmp_path):
    (document,) = front.sandbox.box_office.orders[order.id].documents
    document.downloadable = front.sandbox.clock.now() + timedelta(seconds=0.9)
    assert front.korus.documents.download(order, to=tmp_path, timeout=10)


def test_a_document_that_stays_too_early_is_not_ready_and_not_failed(front, order, tmp_path):
    ready(front)
    too_early(front, "1999-12-31T23:59:59+00:00")
    began, seen = time.monotonic(), []
    with pytest.raises(DocumentsNotReady) as caught:
        front.korus.documents.download(order, to=tmp_path, timeout=1, progress=seen.append)
    assert 0.9 < time.monotonic() - began < 4
    (pending,) = caught.value.pending
    assert (seen[-1].ready, seen[-1].pending) == ((), (pending,))
    assert list(tmp_path.iterdir()) == []


def test_a_document_due_long_after_the_patience_is_given_up_at_once(front, order, tmp_path):
    ready(front)
    too_early(front, "9999-12-31T23:59:59+00:00")
    began = time.monotonic()
    with pytest.raises(DocumentsNotReady):
        front.korus.documents.download(order, to=tmp_path, timeout=60)
    assert time.monotonic() - began < 5
    assert front.requests(PATCH) == 1


def test_any_other_refusal_of_a_document_is_raised_at_once(front, order, tmp_path):
    ready(front)
    front.sandbox.faults.add("status", operation=PATCH, status=422, body={"detail": "No such language."})
    with pytest.raises(ValidationFailed):
        front.korus.documents.download(order, to=tmp_path, timeout=60)
    assert front.requests(PATCH) == 1


@pytest.mark.parametrize("timeout", [-1, float("inf"), float("nan"), "60", True])
def test_a_timeout_that_is_none_is_refused(front, order, timeout):
    with pytest.raises(InvalidArgument, match="timeout"):
        front.korus.documents.wait(order, timeout=timeout)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("drop_before", {}),
        ("drop_after", {}),
        ("cut_short", {}),
        ("cut_short", {"chunked": True}),
        ("status", {"status": 503}),
        ("status", {"status": 429}),
    ],
)
def test_interrupted_download_is_restarted(front, order, tmp_path, kind, rule):
    ready(front)
    front.sandbox.faults.add(kind, operation="storage", count=1, **rule)
    (path,) = front.korus.documents.download(order, to=tmp_path)
    assert path.read_bytes().startswith(b"%PDF-")
    assert list(tmp_path.iterdir()) == [path]


def test_expired_address_is_requested_again_once(front, order, tmp_path):
    ready(front)
    front.sandbox.faults.add("status", operation="storage", count=1, status=400)
    assert front.korus.documents.download(order, to=tmp_path)
    assert front.requests(PATCH) == 2
    front.sandbox.faults.add("status", operation="storage", status=403)
    with pytest.raises(DownloadFailed, match="refused the address twice"):
        front.korus.documents.download(order, to=tmp_path / "other")
    assert front.requests(PATCH) == 4
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("kind", ["html", "empty"])
def test_what_is_no_pdf_is_not_saved(front, order, tmp_path, kind):
    ready(front)
    client = front.client(retry=RetryPolicy(attempts=2, first_wait=0.01))
    front.sandbox.faults.add(kind, operation="storage", **({"status": 200} if kind == "html" else {}))
    with pytest.raises(DownloadFailed):
        client.documents.download(order, to=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_longer_than_allowed_is_not_saved(front, order, tmp_path):
    ready(front)
    with pytest.raises(DownloadFailed, match="longer than 100 bytes"):
        front.korus.documents.download(order, to=tmp_path, max_bytes=100)
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_is_followed_only_where_that_is_allowed(front, order, tmp_path):
    ready(front)
    front.sandbox.faults.add("status", operation="storage", status=302)
    with pytest.raises(DownloadFailed, match="pass follow_redirects=True to allow it"):
        front.korus.documents.download(order, to=tmp_path)
    assert front.requests("storage") == 1
    with pytest.raises(DownloadFailed, match="redirect without a target"):
        front.korus.documents.download(order, to=tmp_path, follow_redirects=True)


def test_the_temporary_address_itself_can_be_had(front, order):
    ready(front)
    (document,) = front.korus.documents.wait(order)
    patched = front.korus.documents.url(document, language="fr")
    assert patched.temporary_url.startswith(front.sandbox.storage_url)
    assert patched.cached_language == "fr"
    assert httpx.get(patched.temporary_url).content.startswith(b"%PDF-")
