"""The scan finds what should not be in a cassette, says where, and never prints it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from korus.testing import cassettes, scanning
from korus.testing.cassettes import Interaction, RecordedRequest, RecordedResponse
from korus.testing.privacy import Exchange
from korus.testing.pseudonyms import Kind, Pseudonyms
from korus.testing.recording import interactions_of


def written(
    tmp_path, header, *, uri="https://a.test/v1/x", request=None, response=None, headers=None, answered=None
):
    path = tmp_path / "one.yaml"
    one = Interaction(
        request=RecordedRequest(method="GET", uri=uri, headers=headers or {}, body=request or {}),
        response=RecordedResponse(status=200, headers=answered or {}, body=response or {}),
    )
    cassettes.write(path, cassettes.Cassette(header=header, interactions=(one,)))
    return path


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ({"response": {"json": {"customer": [{"firstname": "Ada"}]}}}, "given"),
        ({"response": {"json": {"lastname": "Lovelace"}}}, "family"),
        ({"response": {"json": {"dateOfBirth": "1984-05-06"}}}, "birthdate"),
        ({"response": {"json": {"placeOfBirth": "Nantes"}}}, "place"),
        ({"response": {"json": {"voucher": 4400112233557799}}}, "voucher"),
        ({"response": {"json": {"reference": "LANTRN-7C41E9"}}}, "reference"),
        ({"request": {"json": {"notes": "write to ada@lovelace.org"}}}, "e-mail address"),
        ({"response": {"text": "call +33 6 39 98 04 56 now"}}, "phone number"),
        ({"response": {"json": {"note": "06 39 98 04 56"}}}, "phone number"),
        ({"request": {"form": [["client_secret", "hush-hush"]]}}, "secret"),
        ({"response": {"json": {"access_token": "abcdefgh"}}}, "token"),
        ({"headers": {"authorization": ("Bearer abcdefgh",)}}, "credential"),
        ({"headers": {"cookie": ("a=b",)}}, "a header that is not kept"),
        ({"answered": {"set-cookie": ("a=b",)}}, "a header that is not kept"),
        ({"uri": "https://a.test/v1/x?external_reference=SHOP-42"}, "reference in the address"),
        (
            {"uri": "https://s.test/f.pdf?Expires=1&Signature=c2lnbmF0dXJl"},
            "signature or secret in an address",
        ),
        ({"response": {"json": {"url": "https://me:hidden@host.test/x"}}}, "password in an address"),
        ({"response": {"json": {"x": "eyJhbGciOi.eyJzdWIiOjEy.c2ln"}}}, "JSON web token"),
        ({"response": {"json": {"x": "AKIAIOSFODNN7EXAMPLE"}}}, "access key"),
        (
            {"response": {"json": {"x": "kJ8sd7Fh2Lq0ZxPw93mVbT51rYcN"}}},
            "word that looks random",
        ),
        ({"response": {"json": {"x": "-----BEGIN RSA PRIVATE KEY-----"}}}, "private key"),
        ({"response": {"base64": "AAEC/w=="}}, "a body that cannot be read"),
    ],
)
def test_each_kind_of_leak_is_found_and_not_printed(tmp_path, header, where, what):
    path = written(tmp_path, header, **where)
    leaks = scanning.scan([path])
    assert what in {leak.what for leak in leaks}
    for leak in leaks:
        assert leak.cassette == path.as_posix()
        assert leak.line or leak.pointer.startswith("/interactions/0/")
        assert not any(
            secret in str(leak) for secret in ("lovelace.org", "hush-hush", "7C41E9", "abcdefgh", "hidden")
        )


def packed(text):
    return base64.b64encode(text.encode()).decode()


NAMED = json.dumps({"customer": {"firstname": "Zyxwabelle"}})
SIGNED = "https://files.test/a.pdf?X-Amz-Signature=0a1b2c3d4e"


@pytest.mark.parametrize(
    "where",
    [
        {"response": {"json": {"payload": NAMED}}},
        {"response": {"json": {"payload": json.dumps({"inner": NAMED})}}},
        {"response": {"json": {"payload": json.dumps({"voucher": 4400112233557799})}}},
        {"response": {"json": {"payload": json.dumps({"dateOfBirth": "1984-05-06"})}}},
        {"response": {"json": {"next": "/v1/x?lastname=Quorndean&page=2"}}},
        {"response": {"json": {"next": "/v1/x?externalReference=SHOP-42&page=2"}}},
        {"response": {"json": {"next": f"/v1/x?to={quote(SIGNED, safe='')}"}}},
        {"response": {"json": {"note": "Place of birth: Nantes"}}},
        {"response": {"json": {"customer": {"name": "Zyxwabelle Quorndean"}}}},
        {"response": {"json": {"x": packed("Bearer abcdef")}}},
        {"response": {"json": {"x": packed(packed(NAMED))}}},
        {"response": {"text": "<p>First name: Zyxwabelle</p>"}},
        {"response": {"base64": packed("%PDF-1.4\n(zyx.quorn@canary-mail.net)")}},
        {"response": {"base64": packed("%PDF-1.4\n(First name: Zyxwabelle)")}},
        {"request": {"form": [["customer[firstname]", "Zyxwabelle"]]}},
        {"request": {"form": [["payload", NAMED]]}},
        {"answered": {"location": ("/v1/x?firstname=Zyxwabelle",)}},
        {"uri": "https://a.test/v1/x?customer%5Blastname%5D=Quorndean"},
        {"uri": "https://a.test/v1/x?customer.lastname=Quorndean"},
        {"uri": f"https://a.test/v1/x?filter={quote(NAMED)}"},
        *(
            {"response": {"json": {"note": f"call {number} now"}}}
            for number in (
                "0033 6 39 98 04 56",
                "+33 (0)6 39 98 04 56",
                "0639980456",
                "06.39.98.04.56",
                "030 12345678",
                "030/12345678",
                "(030) 12345678",
                "0171 2345678",
                "020 7946 0958",
                "(212) 555-0142",
                "212-555-0142",
            )
        ),
        {"response": {"json": {"note": "tel:+33639980456"}}},
        {"response": {"json": {"note": "an jürgen@bücher.example bitte"}}},
        {"response": {"json": {"note": "иван@пример.рф"}}},
    ],
)
def test_planted_secret_is_found_and_removed_by_saving(tmp_path, header, where):
    path = written(tmp_path, header, **where)
    leaks = scanning.scan([path])
    assert leaks
    assert all(leak.line or leak.pointer.startswith("/interactions/0/") for leak in leaks)
    assert not any(secret in str(leak) for leak in leaks for secret in ("Zyxwabelle", "Quorndean", "canary"))
    one = cassettes.read(path).interactions[0]
    exchange = Exchange(
        method=one.request.method,
        uri=one.request.uri,
        request_headers={"content-type": ("application/x-www-form-urlencoded",)}
        if "form" in where.get("request", {})
        else {},
        request_body=one.request.content,
        status=200,
        reason="OK",
        response_headers=one.response.headers,
        response_body=one.response.content,
    )
    saved = cassettes.Cassette(header=header, interactions=interactions_of([exchange], Pseudonyms()))
    cassettes.write(path, saved)
    assert scanning.scan([path]) == []


def test_dates_amounts_and_numbers_of_articles_are_no_phone_numbers(tmp_path, header):
    body = {
        "at": "2026-04-18T09:30:00+02:00",
        "days": ["2026-04-18", "18.04.2026", "18/04/2026"],
        "amount": "1234.50",
        "sku": "0012-3456",
        "version": "1.0.38",
        "seats": [101, 102, 103],
        "image": "https://img.test/640x480/2026/04/18/0012345.png",
        "codes": ["cGxhaW4gd29yZHM=", "requiredBeneficiaryFields", "0123"],
    }
    assert scanning.scan([written(tmp_path, header, response={"json": body})]) == []


def test_pseudonyms_identifiers_and_ordinary_data_are_no_leaks(tmp_path, header):
    made = Pseudonyms()
    body = {
        "firstname": made.replace(Kind.GIVEN, "Ada"),
        "email": made.replace(Kind.EMAIL, "ada@x.org"),
        "phone": made.replace(Kind.PHONE, "+33639980456"),
        "voucher": made.replace(Kind.VOUCHER, "4400112233557799"),
        "dateOfBirth": made.replace(Kind.BIRTHDATE, "1984-05-06"),
        "requiredBeneficiaryFields": ["firstname", "lastname", "email"],
        "reservation": "/v1/booking/reservations/019c23ce-8130-757d-9573-7de8ce887e98",
        "@id": "/.well-known/genid/4e1e2be9579a3d4208d9",
        "token_type": "Bearer",
        "totalAmountInclTax": "1036.50",
        "createdAt": "2026-02-03T14:05:06+00:00",
        "phoneless": None,
    }
    assert scanning.scan([written(tmp_path, header, response={"json": body})]) == []


def test_file_that_is_not_a_cassette_is_a_leak_and_scanned_too(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("cassette: 1\nfirstname: Ada\nclient_secret: hush-hush-hush\nx: [\n")
    leaks = scanning.scan([path])
    assert {(leak.line, leak.what) for leak in leaks} >= {(0, "unreadable"), (2, "given"), (3, "secret")}
    path.write_bytes(b"\xff\xfe")
    assert [leak.what for leak in scanning.scan([path])] == ["unreadable"]


def test_secret_of_this_machine_is_found_anywhere(tmp_path, header):
    path = written(tmp_path, header, response={"json": {"x": "plainword"}})
    assert [leak.what for leak in scanning.scan([path], secrets=["plainword"])] == [
        "a secret of this machine"
    ]
