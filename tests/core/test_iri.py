"""Addresses: what is accepted as a resource, and that nothing else is."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus.errors import InvalidIri
from korus.iri import (
    CATALOG,
    DOCUMENT,
    EVENT_SESSION,
    FORM,
    KINDS,
    OFFER,
    OFFER_TICKET,
    OFFER_TICKET_SESSION,
    ORDER,
    RESERVATION,
    SESSIONS,
    TICKET,
    origin,
    parse_id,
    parse_iri,
    reference,
    relative_iri,
    relative_iris,
    same_origin,
)
from korus.models import Catalog, Offer, OfferPrice, OrderItemTicketResource

if TYPE_CHECKING:
    from korus import iri

BASE = "https://api.korusticket.com"
C = "/v1/ticketing/catalogs/c1"
IDS = st.text(string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@", min_size=1, max_size=40).filter(
    lambda text: text not in {".", ".."}
)


@given(kind=st.sampled_from(KINDS), ids=st.lists(IDS, min_size=4, max_size=4))
def test_every_kind_is_read_back_with_its_ids(kind: iri.Kind, ids: list[str]) -> None:
    named = dict(zip(kind.ids, ids, strict=False))
    path = kind.template.format(**named)
    for text in (path, BASE + path, "HTTPS://API.KorusTicket.com:443" + path):
        found = parse_iri(text, kind, base_url=BASE)
        assert (found.kind, found.iri, dict(found.ids)) == (kind, path, named)
        assert found.id == list(named.values())[-1]
    assert parse_iri(path).kind is kind


@given(text=st.text())
def test_a_text_is_a_resource_or_an_invalid_iri_and_never_anything_else(text: str) -> None:
    try:
        found = reference(text, CATALOG, base_url=BASE)
    except InvalidIri:
        return
    assert found.iri == f"/v1/ticketing/catalogs/{found.id}"
    assert "/" not in found.id


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        " ",
        "/",
        ".",
        "..",
        "a/b",
        "a b",
        "c1\n",
        "c1\x00",
        "c1\x7f",
        "c1?x=1",
        "c1#x",
        "%2e%2e",
        "c1%2F..",
        "c\u00e91",
        "\u202ec1",
        f"{C}/",
        f"{C}?page=2",
        f"{C}#a",
        f" {C}",
        f"{C}\n",
        f"{C}/../c2",
        "/v1/ticketing/catalogs/",
        "/v1/ticketing/catalogs//",
        "/v1/ticketing/catalogs/..",
        "/v1/ticketing/catalogs/%2e%2e",
        "/v1/ticketing/catalogs/c1/offers/o1",
        "/v1/booking/orders/o1",
        "v1/ticketing/catalogs/c1",
        "\\v1\\ticketing\\catalogs\\c1",
        "/.well-known/genid/4e1e2be9579a3d4208d9",
        f"https://evil.test{C}",
        f"//evil.test{C}",
        f"https://api.korusticket.com.evil.test{C}",
        f"https://api.korusticket.com@evil.test{C}",
        f"https://user:pw@api.korusticket.com{C}",
        f"https://api.korusticket.com:444{C}",
        f"http://api.korusticket.com{C}",
        f"ftp://api.korusticket.com{C}",
        "https://[broken/v1",
        "x" * 300,
        "\ud800",
        None,
        3,
        True,
        b"c1",
        [],
        {},
        {"@id": None},
        {"@id": f"{C}/offers/o1"},
        pytest.param(object(), id="object"),
    ],
    ids=repr,
)
def test_what_is_no_catalogue_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidIri):
        reference(wrong, CATALOG, base_url=BASE)


def test_an_absolute_iri_needs_a_known_origin() -> None:
    with pytest.raises(InvalidIri, match="own host"):
        parse_iri(BASE + C, CATALOG)


def test_an_absolute_iri_below_the_prefix_of_a_gateway_is_relative_to_it() -> None:
    found = parse_iri(f"https://gate.test/tickets{C}", CATALOG, base_url="https://gate.test/tickets")
    assert found.iri == C


def test_another_kind_is_named_in_the_refusal() -> None:
    with pytest.raises(InvalidIri, match="an offer is needed here, and this is a catalogue"):
        reference(C, OFFER)
    with pytest.raises(InvalidIri, match="a catalogue is needed here, and this is an offer"):
        reference(f"{C}/offers/o1", CATALOG)


@pytest.mark.parametrize(
    ("value", "kinds", "path"),
    [
        ("c1", [CATALOG], C),
        (uuid4(), [RESERVATION], None),
        ("019A57F7-0D80-4F8F-8D5C-E33A8015044C7", [ORDER], None),
        ({"@id": f"{C}/offers/o1", "id": "o1"}, [OFFER], f"{C}/offers/o1"),
        ({"@id": "/.well-known/genid/00", "id": "c1"}, [CATALOG], C),
        (Catalog.from_dict({"@id": C}), [CATALOG], C),
        (Catalog.from_dict({"id": "c1"}), [CATALOG], C),
        (Offer.from_dict({"@id": f"{C}/offers/o1"}), [OFFER], f"{C}/offers/o1"),
        (
            OrderItemTicketResource.from_dict({"@id": "/v1/booking/orders/a/items/b/tickets/c"}),
            [TICKET],
            "/v1/booking/orders/a/items/b/tickets/c",
        ),
        (f"{C}/events/e1/sessions/s1", SESSIONS, f"{C}/events/e1/sessions/s1"),
        (f"{C}/offers/o1/tickets/t1/sessions/s1", SESSIONS, f"{C}/offers/o1/tickets/t1/sessions/s1"),
    ],
)
def test_objects_iris_and_ids_are_taken(value: object, kinds: list[iri.Kind], path: str | None) -> None:
    found = reference(value, *kinds, base_url=BASE)
    assert found.kind in kinds
    assert path is None or found.iri == path
    assert reference(found, *kinds) == found


@pytest.mark.parametrize("kind", [OFFER, OFFER_TICKET, TICKET, DOCUMENT, OFFER_TICKET_SESSION])
def test_insufficient_id_is_refused_with_the_reason(kind: iri.Kind) -> None:
    with pytest.raises(InvalidIri, match="an id alone does not address"):
        reference("x1", kind)


def test_an_id_below_a_known_parent_is_enough() -> None:
    order = reference("a", ORDER)
    assert reference("d1", DOCUMENT, parent=order).iri == "/v1/booking/orders/a/documents/d1"


@pytest.mark.parametrize(
    "wrong",
    [
        Catalog.from_dict({"@id": C}),
        Catalog.from_dict({"id": "o1"}),
        OfferPrice.from_dict({"@id": f"{C}/offers/o1/price"}),
        Offer.from_dict({}),
    ],
    ids=["another kind", "another kind by id", "a price", "nothing in it"],
)
def test_a_model_of_another_kind_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidIri):
        reference(wrong, OFFER)


def test_a_resource_knows_what_it_lies_below() -> None:
    session = parse_iri(f"{C}/offers/o1/tickets/t1/sessions/s1")
    assert session.kind is OFFER_TICKET_SESSION
    assert session.up(OFFER).iri == f"{C}/offers/o1"
    assert session.up(CATALOG).id == "c1"
    assert session.is_within(session.up(OFFER_TICKET))
    assert not session.is_within(parse_iri(f"{C}/offers/o"))
    with pytest.raises(InvalidIri):
        session.up(ORDER)
    assert parse_iri(f"{C}/events/e1/sessions/s1").kind is EVENT_SESSION
    assert str(reference("f1", FORM)) == "/v1/forms/f1"


@pytest.mark.parametrize("wrong", ["", ".", "..", "a/b", "a b", None, 1, "\n", "a" * 256])
def test_a_bare_id_has_to_fit_into_a_path(wrong: object) -> None:
    with pytest.raises(InvalidIri, match="this is no code"):
        parse_id(wrong, "code")


def test_origins_are_compared_by_meaning() -> None:
    assert origin("HTTPS://Api.Test") == ("https", "api.test", 443)
    assert same_origin("https://api.test/a", "https://API.test:443")
    assert same_origin("http://127.0.0.1:80/", "http://127.0.0.1")
    assert not same_origin("https://api.test", "http://api.test")
    assert not same_origin("https://api.test", "https://api.test:8443")
    assert not same_origin("nonsense", "https://api.test")
    assert not same_origin("https://a:b:c", "https://api.test")


PREFIXED = "https://gateway.test/tickets/"


@pytest.mark.parametrize(
    "iri",
    [
        "/v1/booking/orders/o",
        "/tickets/v1/booking/orders/o",
        "https://gateway.test/v1/booking/orders/o",
        "https://gateway.test/tickets/v1/booking/orders/o",
    ],
)
def test_an_iri_is_read_with_the_prefix_of_a_gateway_and_without(iri: str) -> None:
    assert parse_iri(iri, base_url=PREFIXED).iri == "/v1/booking/orders/o"
    assert relative_iri(iri, PREFIXED) == "/v1/booking/orders/o"


@pytest.mark.parametrize(
    "iri", ["/tickets/booking/orders/o", "/ticketsv1/booking/orders/o", "/other/v1/booking/orders/o"]
)
def test_another_prefix_is_not_taken_away(iri: str) -> None:
    with pytest.raises(InvalidIri):
        parse_iri(iri, base_url=PREFIXED)
    assert relative_iri(iri, PREFIXED) == iri


def test_a_prefix_that_looks_like_a_resource_hides_none() -> None:
    assert parse_iri("/v1/booking/orders/o", base_url="https://gateway.test/v1").iri == "/v1/booking/orders/o"
    assert (
        parse_iri("/v1/v1/booking/orders/o", base_url="https://gateway.test/v1").iri == "/v1/booking/orders/o"
    )


def test_the_iris_of_a_document_lose_the_prefix_and_nothing_else_does() -> None:
    document = {
        "@id": "/tickets/v1/booking/orders/o",
        "blank": {"@id": "/tickets/.well-known/genid/7"},
        "list": ["/tickets/v1/forms/f", "/v1/forms/f", 7, None, True],
        "notes": "see /tickets/v1/forms/f",
        "temporaryUrl": "https://gateway.test/tickets/v1/files/x.pdf",
        "/tickets/v1/key": 1.5,
    }
    assert relative_iris(document, "/tickets") == {
        "@id": "/v1/booking/orders/o",
        "blank": {"@id": "/.well-known/genid/7"},
        "list": ["/v1/forms/f", "/v1/forms/f", 7, None, True],
        "notes": "see /tickets/v1/forms/f",
        "temporaryUrl": "https://gateway.test/tickets/v1/files/x.pdf",
        "/tickets/v1/key": 1.5,
    }
    assert relative_iris(document, "") is document
