"""Sixty people in fifteen places: nothing that was announced is left in any encoding."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections import Counter
from urllib.parse import quote_plus, unquote_plus

import pytest
from identities import CARDS, IBANS, PLACEMENTS, TOKENS, people

from korus.testing import scanning
from korus.testing.cassettes import Cassette, Header, read, write
from korus.testing.keys import kind_of_key
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
            path = tmp_path_factory.mktemp("people") / "scenario.yaml"
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


TOKEN = "rk_live_" + "51H8xQzKd93mvBLw"
DE, PL, TR = "Jörg Müller-Lüdenscheidt", "Łękawska", "Işıkdağ"
WRITTEN = [
    ("firstname", "Renée", "=?utf-8?Q?for_Ren=C3=A9e?="),
    ("lastname", DE, "=?utf-8?B?SsO2cmcgTcO8bGxlci1Mw7xkZW5zY2hlaWR0?="),
    ("accessToken", TOKEN, f"=?utf-8?Q?{TOKEN.replace('_', '=5F')}?="),
    ("firstname", "Renée", "Dear Ren=C3=A9e, dear Rene=CC=81e"),
    ("firstname", "Renée", "b'for Ren\\xc3\\xa9e and Ren\\xe9e'"),
    ("firstname", "𠮷野", "'for \\U00020bb7\\u91ce' \\u{20bb7}\\u{91ce}"),
    ("firstname", "Anna-Lena", "for Ａｎｎａ－Ｌｅｎａ and \u200bAn\u200bna\u2011Le\u00adna"),
    ("email", "an.na@canary.example.net", "ａｎ.ｎａ＠ｃａｎａｒｙ.ｅｘａｍｐｌｅ.ｎｅｔ, a\u200bn.na@canary.example.net"),
    ("phone", "+45 31 22 44 55", "order-of-+45-31-22-44-55-12, x_45_31_22_44_55_12, \u2066+45\u00a031\u00a022\u201144 55\u2069"),
    ("dateOfBirth", "1984-05-06", "of_1984_05_06_1, 06051984, 1984\u201105\u201106, １９８４-０５-０６"),
    ("lastname", DE, "Joerg Mueller-Luedenscheidt, MUELLER, Muller-Ludenscheidt, JÃ¶rg"),
    ("lastname", PL, "Lekawska, LEKAWSKA, Å\x81Ä\x99kawska"),
    ("lastname", TR, "IŞIKDAĞ, Isikdag"),
    ("firstname", "Øyvind", "Oyvind and Oeyvind"),
    ("lastname", "ჯავახიშვილი", base64.encodebytes(f"{'a long text '*6}ჯავახიშვილი".encode()).decode()),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "written"), WRITTEN)
def test_what_is_announced_is_found_in_every_encoding(key, value, written):
    _, text = concealed(exchange(body={"customer": {key: value}}), exchange(body={"text": written}))
    said = json.loads(text.partition("https://")[0])["text"]
    assert left({key: value}, [said]) == set()
    # nothing is left but the words around it
    rest = re.sub(
        r"(?:[A-Za-z]+-[0-9a-z]{10}|\+999[0-9]{9}|190[0-9]-[0-9-]{5})(?:@person\.example)?", "", said
    )
    assert {*re.findall(r"[^\W_]{3,}", rest)} <= {"for", "and", "Dear", "dear", "order", "utf"}


def test_credentials_in_an_address_are_concealed_and_its_host_stays():
    (text,) = concealed(
        exchange(body={"url": "https://ottilie:pw12345@files.example/a, https://ottilie@files.example/b"})
    )
    assert "ottilie" not in text
    assert "pw12345" not in text
    assert ("@files.example/a" in text, "@files.example/b" in text) == (True, True)


@pytest.mark.parametrize("key", [TOKEN, f"filter[{TOKEN}]", "ottilie", "seats[ottilie]"])
def test_what_is_announced_is_no_key(key):
    told = exchange(body={"customer": {"firstname": "Ottilie", "accessToken": TOKEN}})
    _, text = concealed(
        told, exchange(body={"meta": {key: 1}}, uri=f"/v1/booking/orders?{quote_plus(key)}=1")
    )
    assert TOKEN not in text
    assert "ottilie" not in text


@pytest.mark.parametrize("name", ["Order", "Member", "Date", "Page"])
def test_keys_of_the_api_are_not_names(name):
    told = exchange(body={"customer": {"firstname": name, "lastname": "Xylander"}})
    uri = "/v1/booking/orders?order[date]=asc&page=2"
    answer = {"hydra:member": [], "member": [], "order": 1, "date": "2030-04-15"}
    _, text = concealed(told, exchange(body=answer, uri=uri))
    assert text == json.dumps(answer) + "https://api.korusticket.com" + uri


SAME = {
    "phone": ("+45 31 22 44 55", ["31 22 44 55", "31224455", "0045 31224455", "+45-31-22-44-55", "(+45) 31.22.44.55", "4531224455"]),
    "dateOfBirth": (
        "1984-05-06",
        ["06051984", "05061984", "1984_05_06", "06.05.1984", "6.5.1984", "06/05/1984", "05/06/1984", "6 May 1984", "May 6th, 1984", "6. Mai 1984", "19840506",
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


def test_a_number_is_a_birth_date_too():
    told = exchange(body={"customer": {"dateOfBirth": "1984-05-06"}})
    _, text = concealed(told, exchange(body={"day": 19840506, "other": 6051984, "third": 19840507}))
    day, other, third = json.loads(text.partition("https://")[0]).values()
    assert (day == 19840506, other, third) == (False, 6051984, 19840507)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("customerFirstName", Kind.GIVEN), ("guest_1_firstname", Kind.GIVEN), ("First name of visitor 2", Kind.GIVEN),
        ("billingLastName", Kind.FAMILY), ("Last name (as on the passport)", Kind.FAMILY), ("lastname2", Kind.FAMILY),
        ("leadGuestName", Kind.NAME), ("Name of the participant", Kind.NAME), ("buyer_name", Kind.NAME),
        ("billingEmail", Kind.EMAIL), ("guest_phone", Kind.PHONE), ("Date of birth (DD/MM/YYYY)", Kind.BIRTHDATE),
        ("passportNo", Kind.ADDRESS), ("productName", None), ("eventNotes", None), ("nameOfEvent", None),
        ("orderReferenceType", None), ("personCount", None),
    ],
)  # fmt: skip
def test_a_qualified_name_announces_what_its_last_words_say(key, kind):
    assert kind_of_key(key) == kind


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
