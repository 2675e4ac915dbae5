"""Sixty people in fifteen places: nothing that was announced is left in any encoding."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections import Counter
from urllib.parse import unquote_plus

import pytest
from identities import CARDS, IBANS, PLACEMENTS, TOKENS, people

from korus.testing import scanning
from korus.testing.cassettes import Cassette, Header, read, write
from korus.testing.privacy import Exchange
from korus.testing.pseudonyms import Kind, Pseudonyms
from korus.testing.recording import interactions_of, now

PEOPLE = people()


def exchange(uri="/v1/booking/orders", body=None, headers=None, xml=None):
    kind = "application/xml" if xml else "application/ld+json"
    return Exchange(
        method="GET",
        uri=f"https://api.korusticket.com{uri}",
        request_headers={},
        request_body=b"",
        status=200,
        reason="OK",
        response_headers={
            "content-type": (kind,),
            **{name: (value,) for name, value in (headers or {}).items()},
        },
        response_body=(xml or json.dumps(body or {}, ensure_ascii=False)).encode(),
    )


def announced(person):
    return exchange(body={"customer": {key: value for key, value in person.items() if key != "script"}})


def readings(text):
    """Every text that can be read out of one: with all escapes undone, and what is packed in it."""
    for _ in range(4):
        text = html.unescape(unquote_plus(text))
        text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    yield text
    for word in re.findall(r"[A-Za-z0-9+/=_-]{16,}", text):
        try:
            yield base64.b64decode(word + "=" * (-len(word) % 4)).decode()
        except ValueError:
            continue


def plain(text):
    return re.sub(
        r"[\s\W_]+", "", unicodedata.normalize("NFC", unicodedata.normalize("NFKD", text).casefold())
    )


def left(person, texts):
    """The fields of a person that can still be read in some texts."""
    everything = [plain(reading) for text in texts for reading in readings(text)]
    return {
        key
        for key, value in person.items()
        if key != "script" and any(plain(value) in one for one in everything)
    }


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """How many of the sixty are left in each place, by field and by script."""
    return table_of(PEOPLE, tmp_path_factory)


def table_of(people, tmp_path_factory):
    found = Counter()
    for number, person in enumerate(people):
        values = {key: value for key, value in person.items() if key != "script"}
        planted = [
            (place, key, exchange(**plant(value)))
            for place, plant in PLACEMENTS.items()
            for key, value in values.items()
        ]
        done = interactions_of([announced(person), *(one for _, _, one in planted)], Pseudonyms())
        for (place, key, _), one in zip(planted, done[1:], strict=True):
            texts = [
                one.request.uri,
                *(v for vs in one.response.headers.values() for v in vs),
                one.response.content.decode(),
            ]
            if key in left({key: values[key]}, texts):
                found[place, key, person["script"]] += 1
        if not number % 12:
            path = tmp_path_factory.mktemp("people") / "story.yaml"
            header = Header(
                origin="sandbox",
                api_version="release",
                recorded_at=now(),
                korus_version="0",
                purpose="People.",
            )
            write(path, Cassette(header=header, interactions=done))
            assert read(path).interactions == done
            assert scanning.scan([path]) == []
    return found


def test_nothing_of_a_few_people_is_left(tmp_path_factory):
    assert table_of(PEOPLE[::8], tmp_path_factory) == {}


@pytest.mark.proof
def test_nothing_of_sixty_people_is_left(table):
    assert table == {}


def concealed(*exchanges):
    return [
        one.response.content.decode() + one.request.uri for one in interactions_of(exchanges, Pseudonyms())
    ]


# in capitals a token is no token any more
BY_FORM = [place for place in PLACEMENTS if place != "capitals"]


@pytest.mark.parametrize("place", BY_FORM)
@pytest.mark.parametrize(
    "value", [*CARDS, *IBANS, *TOKENS[:-1], "canary@müller-post.example.org", "+45 31 22 44 55"]
)
def test_what_a_scan_would_find_is_concealed_without_being_announced(place, value):
    (text,) = concealed(exchange(**PLACEMENTS[place](value)))
    assert left({"it": value}, [text]) == set()


@pytest.mark.parametrize(
    "value", ["4111 1111 1111 1112", "DE89370400440532013001", "1234567890123456", "4111111111111"]
)
def test_numbers_whose_check_digits_do_not_fit_stay(value):
    (text,) = concealed(exchange(body={"number": value}))
    assert value in text


SAME = {
    "phone": ("+45 31 22 44 55", ["31 22 44 55", "31224455", "0045 31224455", "+45-31-22-44-55", "(+45) 31.22.44.55", "4531224455"]),
    "dateOfBirth": (
        "1984-05-06",
        ["06.05.1984", "6.5.1984", "06/05/1984", "05/06/1984", "6 May 1984", "May 6th, 1984", "6. Mai 1984", "19840506",
         "6 de mayo de 1984", "1984年5月6日", "06-May-1984", "6.5.84", "1984/05/06"],
    ),
    "lastname": ("Quorndéau", ["QUORNDEAU", "Quornde\u0301au", "Ｑｕｏｒｎｄéａｕ", "quorndéau", "Quorn\u00addéau"]),
    "firstname": ("Anna-Lena", ["Anna Lena", "ANNA\u2011LENA", "anna_lena", "AnnaLena", "Anna%2DLena"]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "other"), [(key, other) for key, (_, others) in SAME.items() for other in others]
)
def test_a_person_is_the_same_person_in_every_notation(key, other):
    told = exchange(body={"customer": {key: SAME[key][0]}})
    first, second = concealed(told, exchange(body={"text": f"it is {other}, they say"}))
    pseudonym = json.loads(first.partition("https://")[0])["customer"][key]
    assert f"it is {pseudonym}, they say" in second


@pytest.mark.parametrize(
    ("kind", "key"), [(Kind.PHONE, "phone"), (Kind.BIRTHDATE, "dateOfBirth"), (Kind.FAMILY, "lastname")]
)
def test_pseudonyms_do_not_depend_on_the_notation(kind, key):
    value, others = SAME[key]
    same = {
        Pseudonyms().replace(kind, one) for one in (value, others[0], unicodedata.normalize("NFD", value))
    }
    digits = {re.sub(r"[^0-9]", "", one)[-9:] for one in same}
    assert len(digits) == 1 if kind is Kind.PHONE else len(same) <= 2


def test_one_character_names_of_chinese_are_found_inside_sentences():
    _, text = concealed(exchange(body={"lastname": "李"}), exchange(body={"note_": "请通知李女士"}))
    assert "李" not in text


def test_xml_elements_and_columns_of_tables_announce_what_they_hold():
    markup = "<order><customer><name>Ottilie Quorn</name><lastname>Xylander</lastname></customer><contact mail='a'/></order>"
    table = exchange(xml="firstname;city\nZyxwabelle;Paris\n", headers={"content-type": "text/csv"})
    seen = exchange(body={"text": "Xylander, Quorn and Zyxwabelle in Paris"})
    text = concealed(exchange(xml=markup), table, seen)[-1]
    assert [name for name in ("Xylander", "Quorn", "Zyxwabelle") if name in text] == []
    assert "in Paris" in text
