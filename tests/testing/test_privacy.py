"""Canaries of every kind are planted in every place of an exchange; none may be left in the cassette."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest
from attrs import evolve
from reportlab.pdfgen import canvas

from korus.testing import cassettes, plainyaml, scanning
from korus.testing.bodies import BodyUnreadable
from korus.testing.matching import MadeRequest, Matcher
from korus.testing.privacy import Exchange, conceal
from korus.testing.pseudonyms import Kind, Pseudonyms
from korus.testing.recording import interactions_of, now

CANARIES = {
    "firstname": "Zyxwabelle",
    "lastname": "Quorndéau",
    "email": "zyx.quorn+tickets@canary-mail.net",
    "phone": "+33639980456",
    "dateOfBirth": "1984-05-06",
    "placeOfBirth": "Trézigné",
    "voucher": "4400112233557799",
    "reference": "LANTRN-7C41E9",
    "externalReference": "SHOP-424242",
    "connectorReference": "5120-77-AA",
    "access_token": "opaque-Xk29fjw02kfls93",
    "refresh_token": "eyJhbGciOi.eyJzdWIiOjEy.c2lnbmF0dXJl",
    "client_secret": "s3cr3t-Vbn7-canary",
    "client_id": "svc-account-canary",
    "cookie": "sessioncookiecanary81",
    "Signature": "bXk+c2ln/bmF0dXJlY2FuYXJ5==",
}
PLACES = [
    "query",
    "named query",
    "path",
    "form",
    "named form",
    "json",
    "deep json",
    "json key",
    "free text",
    "upper case text",
    "escaped text",
    "html text",
    "address in text",
    "json in text",
    "list",
    "plain text body",
    "error page",
    "header",
    "request body",
    "pdf",
    "compressed",
]


def exchange(**changes):
    plain = {
        "method": "POST",
        "uri": "https://api.korusticket.com/v1/booking/orders/_bulk",
        "request_headers": {"content-type": ("application/ld+json",)},
        "request_body": b"",
        "status": 200,
        "reason": "OK",
        "response_headers": {"content-type": ("application/ld+json",)},
        "response_body": b"{}",
    }
    return Exchange(**{**plain, **changes})


def announcing(name, value):
    """An exchange that says in one place what the value is, as every real scenario does somewhere."""
    if name == "cookie":
        return exchange(request_headers={"cookie": (f"sid={value}; theme=dark",)})
    if name in {"access_token", "refresh_token", "client_secret", "client_id"}:
        return exchange(
            uri="https://auth.korusticket.com/token",
            request_headers={"content-type": ("application/x-www-form-urlencoded",)},
            request_body=urlencode({"grant_type": "client_credentials", name: value}).encode(),
        )
    if name == "Signature":
        return exchange(
            response_body=json.dumps(
                {"temporaryUrl": f"https://s.example/a.pdf?Expires=9&Signature={quote(value, safe='')}"}
            ).encode()
        )
    return exchange(response_body=json.dumps({"customer": {name: value}}).encode())


def planted(place, name, value):  # noqa: PLR0911, PLR0912 - one place after the other
    text = f"Remark: {value}, as agreed"
    json_type = {"content-type": ("application/ld+json; charset=utf-8",)}
    match place:
        case "query":
            return exchange(uri=f"https://api.korusticket.com/v1/x?q={quote_plus(value)}&page=1")
        case "named query":
            return exchange(uri=f"https://api.korusticket.com/v1/x?{name}={quote(value, safe='')}")
        case "path":
            return exchange(uri=f"https://api.korusticket.com/v1/people/{quote(value, safe='')}/cards")
        case "form":
            form = {"content-type": ("application/x-www-form-urlencoded",)}
            return exchange(request_headers=form, request_body=urlencode({"remark": text}).encode())
        case "named form":
            form = {"content-type": ("application/x-www-form-urlencoded",)}
            return exchange(request_headers=form, request_body=urlencode({name: value}).encode())
        case "json":
            return exchange(response_body=json.dumps({name: value}).encode())
        case "deep json":
            return exchange(response_body=json.dumps({"a": [{"b": [[{"somewhere": value}]]}]}).encode())
        case "json key":
            return exchange(response_body=json.dumps({f"Seen {value}": 1}, ensure_ascii=False).encode())
        case "free text":
            return exchange(response_body=json.dumps({"notes": text}, ensure_ascii=False).encode())
        case "upper case text":
            return exchange(response_body=json.dumps({"notes": text.upper()}, ensure_ascii=False).encode())
        case "escaped text":
            return exchange(
                response_body=json.dumps({"notes": text}, ensure_ascii=True).replace("/", "\\/").encode()
            )
        case "html text":
            return exchange(
                response_body=json.dumps({"description": f"<p>{html.escape(value)}</p>"}).encode()
            )
        case "address in text":
            inside = f"see https://x.example/p?{name}={quote(value, safe='')}&b=2 soon"
            return exchange(response_body=json.dumps({"detail": inside}).encode())
        case "json in text":
            return exchange(response_body=json.dumps({"payload": json.dumps({name: value})}).encode())
        case "list":
            return exchange(response_body=json.dumps([1, [value, None]]).encode())
        case "plain text body":
            return exchange(response_headers={"content-type": ("text/plain",)}, response_body=text.encode())
        case "error page":
            page = {"content-type": ("text/html; charset=utf-8",)}
            return exchange(
                status=502, response_headers=page, response_body=f"<h1>Bad</h1><p>{text}</p>".encode()
            )
        case "header":
            names = (
                "authorization",
                "x-user",
                "set-cookie",
                "location",
                "www-authenticate",
                "content-disposition",
            )
            headers = {
                one: (f"Bearer {value}" if one == "authorization" else f"/x?{name}={quote(value)}",)
                for one in names
            }
            return exchange(request_headers=headers, response_headers={**headers, **json_type})
        case "request body":
            return exchange(
                request_headers=json_type, request_body=json.dumps({"items": [{"note": text}]}).encode()
            )
        case "pdf":
            return exchange(
                response_headers={"content-type": ("application/pdf",)}, response_body=a_pdf(value)
            )
        case "compressed":
            packed = {"content-type": ("application/json",), "content-encoding": ("gzip",)}
            return exchange(
                response_headers=packed, response_body=gzip.compress(json.dumps({"n": text}).encode())
            )
    raise AssertionError(place)


def a_pdf(text):
    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.drawString(72, 700, f"Ticket for {text}")
    page.showPage()
    page.save()
    return out.getvalue()


def written(tmp_path, *exchanges, **options):
    """The text of the cassette that the exchanges become."""
    header = cassettes.Header(
        origin="sandbox", api_version="release", recorded_at=now(), korus_version="0", purpose="Canaries."
    )
    path = tmp_path / "canaries.yaml"
    scenario = cassettes.Cassette(
        header=header, interactions=interactions_of(exchanges, Pseudonyms(), **options)
    )
    cassettes.write(path, scenario)
    return path


def traces(value):
    folded = value.casefold()
    yield folded
    yield quote(value, safe="").casefold()
    yield quote_plus(value).casefold()
    yield html.escape(value).casefold()
    yield json.dumps(value)[1:-1].casefold()
    yield base64.b64encode(value.encode()).decode().casefold()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", CANARIES)
def test_no_canary_survives_in_place(tmp_path, name, place):
    value = CANARIES[name]
    path = written(tmp_path, announcing(name, value), planted(place, name, value))
    # what stands in base64 is looked at as well
    text = path.read_text(encoding="utf-8")
    for one in cassettes.read(path).interactions:
        text += one.request.content.decode("utf-8", "replace") + one.response.content.decode("latin-1")
    left = [trace for trace in traces(value) if trace in text.casefold()]
    assert left == []
    assert scanning.scan([path]) == []


@pytest.mark.parametrize("name", CANARIES)
def test_canary_announced_only_in_place_is_removed_too(tmp_path, name):
    value = CANARIES[name]
    path = written(tmp_path, planted("address in text", name, value), planted("json in text", name, value))
    assert value.casefold() not in path.read_text(encoding="utf-8").casefold()


@pytest.mark.parametrize("name", ["email", "phone", "refresh_token"])
@pytest.mark.parametrize("place", PLACES)
def test_what_shows_by_its_form_is_replaced_without_being_announced(tmp_path, name, place):
    value = CANARIES[name]
    if (name, place) == ("refresh_token", "upper case text"):
        return  # a token in capitals is no token any more
    path = written(tmp_path, planted(place, "remark", value))
    text = path.read_text(encoding="utf-8") + "".join(
        one.response.content.decode("latin-1") for one in cassettes.read(path).interactions
    )
    assert value.casefold() not in text.casefold()


def test_the_same_person_is_the_same_person_everywhere():
    first = exchange(response_body=json.dumps({"firstname": "Ada", "email": "ada@example.com"}).encode())
    second = exchange(response_body=json.dumps({"info": "Ada or ADA, ada@example.com, not Adam"}).encode())
    one, other = (json.loads(done.response_body) for done in conceal([first, second], Pseudonyms()))
    given = Pseudonyms().replace(Kind.GIVEN, "Ada")
    assert one["firstname"] == given
    assert other["info"] == f"{given} or {given}, {one['email']}, not Adam"


def test_private_form_answers_are_replaced():
    field = "/v1/forms/019c23d2-0000-7abc-8def-000000000001/fields/019c23d2-0000-7abc-8def-000000000002"
    form = {
        "fields": [
            {"@id": field, "code": "last_name", "type": "text"},
            {"@id": "/v1/forms/x", "code": "seats", "type": "integer"},
        ]
    }
    answer = {"fields": [{"field": field, "value": "Quorndean"}, {"field": "/v1/forms/x", "value": "2"}]}
    _, sent = conceal(
        [
            exchange(response_body=json.dumps(form).encode()),
            exchange(request_body=json.dumps(answer).encode()),
        ],
        Pseudonyms(),
    )
    values = [one["value"] for one in json.loads(sent.request_body)["fields"]]
    assert values == [Pseudonyms().replace(Kind.FAMILY, "Quorndean"), "2"]


def test_what_is_not_private_stays_as_it_is():
    body = b'{"@type":"BookingOrder", "status":"confirmed","totalAmountInclTax":"36.50","date":"2026-04-18", "n": 1.50}\n'
    (done,) = conceal([exchange(response_body=body)], Pseudonyms())
    assert done.response_body == body


def test_a_type_or_a_status_is_no_name_even_for_a_customer_called_order():
    body = {
        "@type": "Order",
        "status": "confirmed",
        "customer": {"lastname": "Order", "firstname": "Confirmed"},
    }
    (done,) = conceal([exchange(response_body=json.dumps(body).encode())], Pseudonyms())
    found = json.loads(done.response_body)
    assert (found["@type"], found["status"]) == ("Order", "confirmed")
    assert found["customer"]["lastname"] == Pseudonyms().replace(Kind.FAMILY, "Order")


def test_identifiers_agree_in_urls_and_bodies_and_keep_their_order():
    low, high = "019c23d2-0000-7abc-8def-000000000001", "019c23d2-0000-7abc-8def-000000000002"
    (done,) = conceal(
        [
            exchange(
                uri=f"https://a.example/v1/x/{low}",
                response_body=json.dumps({"ids": [high, f"/v1/x/{low}"]}).encode(),
            )
        ],
        Pseudonyms(),
    )
    first, second = json.loads(done.response_body)["ids"]
    assert done.uri == f"https://a.example{second}"
    assert low not in done.uri
    assert second.rpartition("/")[2] < first


def test_the_addresses_of_a_sandbox_get_the_same_names_on_every_run():
    token = exchange(
        uri="http://127.0.0.1:41001/token",
        request_headers={"content-type": ("application/x-www-form-urlencoded",)},
        request_body=b"grant_type=client_credentials",
    )
    call = exchange(
        uri="http://127.0.0.1:41002/v1/x", response_body=b'{"url":"http://localhost:41003/f.pdf?x=1"}'
    )
    fetch = exchange(method="GET", uri="http://localhost:41003/f.pdf?x=1")
    done = conceal([token, call, fetch], Pseudonyms())
    assert [one.uri for one in done] == [
        "https://auth.sandbox.test/token",
        "https://api.sandbox.test/v1/x",
        "https://storage.sandbox.test/f.pdf?x=1",
    ]
    assert done[1].response_body == b'{"url":"https://storage.sandbox.test/f.pdf?x=1"}'


def test_concealing_twice_changes_nothing():
    once = conceal([announcing(name, value) for name, value in CANARIES.items()], Pseudonyms())
    assert conceal(once, Pseudonyms()) == once


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b'{"firstname":"Ada"'),
        ("application/json", b'{"a":1,"a":2}'),
        ("application/json", b'{"a": "\xff"}'),
    ],
)
def test_unreadable_json_is_refused_with_its_request(content_type, content):
    with pytest.raises(
        BodyUnreadable, match=r"POST https://api.korusticket.com/v1/booking/orders/_bulk.*not recorded"
    ):
        conceal(
            [exchange(response_headers={"content-type": (content_type,)}, response_body=content)],
            Pseudonyms(),
        )


BINARY = [
    ("application/octet-stream", {}, b"\x00\x01\x02\xff"),
    ("image/png", {}, b"\x89PNG\r\n\x1a\n\x00\x00"),
    ("multipart/form-data; boundary=x", {}, b"--x\r\nContent-Disposition: form-data\r\n\r\nAda\r\n--x--"),
    ("text/html", {"content-encoding": ("br",)}, b"\x0b\x02\x80Ada\x03"),
    ("text/html", {"content-encoding": ("zstd",)}, b"(\xb5/\xfd\x04\x00\x19\x00\x00Ada"),
]


@pytest.mark.parametrize(("content_type", "coding", "content"), BINARY)
def test_a_body_of_bytes_is_kept_by_type_length_and_digest(tmp_path, content_type, coding, content):
    headers = {"content-type": (content_type,), **coding}
    one = exchange(
        request_headers=headers, request_body=content, response_headers=headers, response_body=content
    )
    path = written(tmp_path, one)
    (kept,) = cassettes.read(path).interactions
    assert b"Ada" not in kept.response.content
    said = f"concealed: {content_type.partition(';')[0]}, "
    assert said.encode() in kept.request.content
    assert said.encode() in kept.response.content
    assert "content-encoding" not in kept.response.headers
    assert scanning.scan([path]) == []
    assert conceal(conceal([one], Pseudonyms()), Pseudonyms()) == conceal([one], Pseudonyms())
    made = MadeRequest(method="POST", uri=one.uri, headers={"content-type": content_type}, content=content)
    other = evolve(made, content=content[:-1] + b"!")
    matcher = Matcher(Pseudonyms())
    assert matcher.differences(kept.request, made) == []
    assert [found.place for found in matcher.differences(kept.request, other)] == ["body"]


def test_a_body_of_several_parts_is_recognised_by_another_boundary():
    bodies = [b"--%s\r\n\r\nAda\r\n--%s--" % (one, one) for one in (b"abcdef", b"123456")]
    headers = {"content-type": ("multipart/form-data",)}
    one, other = (
        conceal([exchange(request_headers=headers, request_body=body)], Pseudonyms()) for body in bodies
    )
    assert one == other


def test_harmless_document_is_kept_and_one_with_a_code_replaced(tmp_path):
    harmless = a_pdf("nobody in particular")
    out = io.BytesIO()
    page = canvas.Canvas(out)
    for row in range(12):
        for column in range(12):
            page.rect(column * 5, row * 5, 5, 5, fill=1)
    page.save()
    headers = {"content-type": ("application/pdf",)}
    kept, replaced = conceal(
        [exchange(response_headers=headers, response_body=one) for one in (harmless, out.getvalue())],
        Pseudonyms(),
    )
    assert kept.response_body == harmless
    assert b"stands for a document" in replaced.response_body
    path = written(tmp_path, exchange(response_headers=headers, response_body=harmless))
    assert cassettes.read(path).interactions[0].response.content == harmless


def test_only_allowed_headers_are_kept():
    headers = {
        "x-powered-by": ("PHP",),
        "set-cookie": ("a=b",),
        "retry-after": ("3",),
        "ratelimit-remaining": ("0",),
        "content-type": ("application/json",),
        "authorization": ("Bearer abcdefghij",),
    }
    (done,) = conceal([exchange(request_headers=headers, response_headers=headers)], Pseudonyms())
    assert set(done.request_headers) == {"content-type", "authorization"}
    assert done.request_headers["authorization"] == (
        f"Bearer {Pseudonyms().replace(Kind.TOKEN, 'abcdefghij')}",
    )
    assert set(done.response_headers) == {"retry-after", "ratelimit-remaining", "content-type"}


def test_secrets_of_the_machine_are_replaced_wherever_they_stand():
    (done,) = conceal(
        [exchange(response_body=b'{"echo":"my-own-secret!"}')], Pseudonyms(), secrets=["my-own-secret!"]
    )
    assert b"my-own-secret" not in done.response_body


def test_a_cassette_of_canaries_is_readable_yaml(tmp_path):
    path = written(tmp_path, *(announcing(name, value) for name, value in CANARIES.items()))
    assert len(plainyaml.load(path.read_text())["interactions"]) == len(CANARIES)


HELD_BACK = "Marta kommt mit dem Rollstuhl"


@pytest.mark.parametrize(
    "changes",
    [
        {"request_body": json.dumps({"notes": HELD_BACK}).encode()},
        {"request_body": json.dumps({"items": [{"Comment": HELD_BACK}]}).encode()},
        {"request_body": json.dumps({"formData": {"fields": [{"field": "/v1/forms/f/fields/1", "value": HELD_BACK}]}}).encode()},
        {"reason": HELD_BACK},
        {"response_headers": {"content-disposition": (f'attachment; filename="{HELD_BACK}.pdf"; size=3',)}},
        {"response_headers": {"content-disposition": (f"attachment; filename*=UTF-8''{HELD_BACK.replace(' ', '%20')}",)}},
        {"response_headers": {"content-disposition": (f'inline; filename="{HELD_BACK}',)}},
        {"response_headers": {"content-type": ("text/csv",)}, "response_body": f"name\n{HELD_BACK}\n".encode()},
        {"response_headers": {"content-type": ("text/html",)}, "response_body": f"<h1>{HELD_BACK}</h1>".encode()},
        {"response_headers": {"content-type": ("application/xml",)}, "response_body": f"<a>{HELD_BACK}</a>".encode()},
        {"response_headers": {"content-type": ("text/plain",)}, "response_body": HELD_BACK.encode()},
    ],
)  # fmt: skip
def test_what_people_write_in_their_own_words_is_concealed(changes: dict) -> None:
    (done,) = conceal([exchange(**changes)], Pseudonyms())
    written = f"{done.uri} {done.request_headers} {done.request_body!r} {done.reason} {done.response_headers} {done.response_body!r}"
    assert not [word for word in ("Marta", "kommt", "Rollstuhl") if word in written]
    assert conceal([done], Pseudonyms()) == (done,)


def test_a_file_name_keeps_its_extension_and_a_page_its_kind() -> None:
    (done,) = conceal(
        [exchange(response_headers={"content-disposition": ('attachment; filename="Ada.pdf"',), "content-type": ("text/html",)},
                  response_body=b"<html>Ada</html>")], Pseudonyms()
    )  # fmt: skip
    assert done.response_headers["content-disposition"] == ('attachment; filename="file.pdf"',)
    assert done.response_body == b"<html>concealed: 16 characters</html>"


@pytest.mark.parametrize("value", ["true", "false", "2", "7.50", "18:45", "red"])
def test_answers_that_say_nothing_about_anybody_stay(value: str) -> None:
    form = {
        "fields": [
            {
                "@id": "/v1/forms/f/fields/9",
                "type": "single_choice",
                "code": "colour",
                "choices": [{"code": "red"}],
            }
        ]
    }
    field = "/v1/forms/f/fields/9" if value == "red" else "/v1/forms/f/fields/1"
    body = json.dumps({"fields": [{"field": field, "value": value}]}).encode()
    (_, done) = conceal(
        [exchange(response_body=json.dumps(form).encode()), exchange(request_body=body)], Pseudonyms()
    )
    assert done.request_body == body


@pytest.mark.parametrize(
    "word", ["a", "a.", "a-", "_", "eyJ", "QUJD", "%41", "a%3", "a@", "email:", "name:", "tel:", "://a", "+33", "(0", "a=b&"]
)  # fmt: skip
def test_one_long_word_is_concealed_in_linear_time(word: str) -> None:
    def seconds(length: int) -> float:
        body = json.dumps({"a": word * (length // len(word))}).encode()
        began = time.process_time()
        conceal([exchange(request_body=body)], Pseudonyms())
        return time.process_time() - began

    # a ratio and no limit: eight times as long takes some eight times as long, and not sixty-four
    short = min(seconds(4_000) for _ in range(3))
    assert seconds(32_000) < 24 * max(short, 0.02)


PARK = [
    exchange(
        method="GET",
        uri="https://api.korusticket.com/v1/ticketing/catalogs/1/offers",
        response_body=json.dumps(
            {"member": [{"name": "Lantern Park", "label": "Rose", "venue": {"street": "1 Park Lane", "contact": "info@lantern.example.net"}}]}
        ).encode(),
    ),
    exchange(
        request_body=json.dumps({"customer": {"firstname": "Rose", "lastname": "Park"}}).encode(),
        response_body=json.dumps(
            {"offer": {"name": "Lantern Park", "label": "Rose"}, "text": "A day in Lantern Park for Rose Park", "for": "Rose"}
        ).encode(),
    ),
    exchange(method="GET", uri="https://api.korusticket.com/v1/ticketing/catalogs/1/offers?name=Lantern%20Park&for=Park"),
]  # fmt: skip


def test_a_text_of_the_catalogue_is_not_taken_for_a_customer_of_that_name():
    shown, booked, asked = conceal(PARK, Pseudonyms())
    (offer,) = json.loads(shown.response_body)["member"]
    mail = Pseudonyms().replace(Kind.EMAIL, "info@lantern.example.net")
    assert offer == {
        "name": "Lantern Park",
        "label": "Rose",
        "venue": {"street": "1 Park Lane", "contact": mail},
    }
    rose, park = (Pseudonyms().replace(*one) for one in ((Kind.GIVEN, "Rose"), (Kind.FAMILY, "Park")))
    answer = json.loads(booked.response_body)
    assert answer["offer"] == {"name": "Lantern Park", "label": "Rose"}
    assert answer["text"] == f"A day in Lantern Park for {rose} {park}"
    assert answer["for"] == rose
    assert asked.uri.endswith(f"?name=Lantern%20Park&for={park}")
    assert conceal(conceal(PARK, Pseudonyms()), Pseudonyms()) == conceal(PARK, Pseudonyms())


def test_words_of_the_apis_paths_are_not_names():
    told = exchange(
        request_body=json.dumps({"customer": {"firstname": "Price", "lastname": "Orders"}}).encode()
    )
    uri = "https://api.korusticket.com/v1/booking/orders/7"
    done = conceal(
        [told, exchange(uri=uri, response_body=json.dumps({"@id": "/v1/booking/orders/7"}).encode())],
        Pseudonyms(),
    )
    assert done[1].uri == uri
    assert json.loads(done[1].response_body) == {"@id": "/v1/booking/orders/7"}


def test_concealing_takes_time_in_proportion_to_an_answer():
    def seconds(people: int) -> float:
        told = [
            {"customer": {"firstname": f"Zyx{n}abelle", "phone": f"+336{n:08}"}, "text": f"for Zyx{n}abelle"}
            for n in range(people)
        ]
        began = time.process_time()
        conceal([exchange(response_body=json.dumps(told).encode())], Pseudonyms())
        return time.process_time() - began

    # eight times as many take some eight times as long, and not sixty-four
    few = min(seconds(60) for _ in range(2))
    assert seconds(480) < 24 * max(few, 0.02)


def test_a_loopback_address_that_is_only_named_has_the_name_of_storage():
    (done,) = conceal(
        [
            exchange(
                uri="http://127.0.0.1:41002/v1/x",
                response_body=b'{"url":"http:\\/\\/127.0.0.1:41003\\/f.pdf"}',
            )
        ],
        Pseudonyms(),
    )
    assert json.loads(done.response_body) == {"url": "https://storage.sandbox.test/f.pdf"}
