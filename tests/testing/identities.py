"""Sixty invented people and where their data may stand: what a recording must not let through.

Nobody of these exists. Names are in eight scripts; phones, dates, cards, accounts and tokens in many notations, the cards and
accounts with right check digits and from the ranges that are kept for tests.
"""

from __future__ import annotations

import base64
import html
import json
import unicodedata
from urllib.parse import quote, quote_plus

NAMES = {
    "Latin": [
        ("Ottilie", "Quorndéau"), ("Jörg-Uwe", "Straßberger"), ("Łucja", "Wójcikowska"), ("Þórdís", "Ægisdóttir"),
        ("Nguyễn", "Thị Hoà"), ("Seán", "O’Dubhghaill"), ("İpek", "Çağlayangil"), ("Élodie", "d’Arcy-Vaux"),
    ],
    "Greek": [("Ουρανία", "Ξενοφώντος"), ("Ζήσης", "Παπαδιαμαντής")],
    "Cyrillic": [("Фёкла", "Щербатюк"), ("Юлія", "Їжакевич"), ("Йордан", "Хаджийски")],
    "Han": [("王", "小明"), ("慕容", "雪晴"), ("李", "诗"), ("山崎", "翠")],
    "Kana": [("あかり", "たかはし"), ("ガブリエル", "ドゥボワ")],
    "Hangul": [("서연", "김"), ("지훈", "남궁")],
    "Arabic": [("زينب", "الخوارزمي"), ("مُنير", "بن عاشور")],
    "Hebrew": [("אביגיל", "בן־ציון"), ("עוזי", "שפירא")],
}  # fmt: skip
PHONES = [
    "+33639980456",
    "+45 31 22 44 55",
    "+1 415-555-0132",
    "+44 (0)7700 900347",
    "+376 312 345",
    "+81-90-1234-5678",
]
DATES = ["1984-05-06", "23.11.1979", "1991-12-31T00:00:00+00:00", "2001/02/28"]
CARDS = [
    "4111 1111 1111 1111",
    "5555555555554444",
    "3782-822463-10005",
    "6011000990139424",
    "DE89370400440532013000",
]
IBANS = [
    "GB82 WEST 1234 5698 7654 32",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "BE68539007547034",
]
TOKENS = [
    "sk_live_" + "9aKd72jHq0PzLw41", "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a", "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "glpat-" + "x9Zt3LmQ7vBn2Wc8Rk4T", "xoxb-" + "2468013579-abcdEFGHijkl", "opaque.Xk29fjw02kfls93",
]  # fmt: skip
MAILS = [
    "{}@canary-mail.example.net",
    "{}+tickets@müller-post.example.org",
    "first.{}@sub.canary.example.co.uk",
]


def people() -> list[dict[str, str]]:
    """Return the sixty, each with the values that an answer announces."""
    names = [(script, *pair) for script, pairs in NAMES.items() for pair in pairs]
    found = []
    for number in range(60):
        script, given, family = names[number % len(names)]
        # every second time round a name is decomposed, as some systems write it
        form = "NFD" if number >= len(names) else "NFC"
        account = CARDS[number % len(CARDS)] if number % 2 else IBANS[number % len(IBANS)]
        found.append(
            {
                "script": script,
                "firstname": unicodedata.normalize(form, given),
                "lastname": unicodedata.normalize(form, family),
                "email": MAILS[number % len(MAILS)].format(f"canary{number}"),
                "phone": PHONES[number % len(PHONES)],
                "dateOfBirth": DATES[number % len(DATES)],
                "cardNumber": account,
                "accessToken": TOKENS[number % len(TOKENS)],
            }
        )
    return found


def _base64(value: str) -> str:
    return base64.b64encode(f"for {value}, thanks".encode()).decode()


def _escaped(value: str) -> str:
    return json.dumps({"x": f"for {value}"})[7:-2]


PLACEMENTS = {
    "another field": lambda v: {"body": {"somewhere": v}},
    "free text": lambda v: {"body": {"text": f"The guest ({v}) comes at eight."}},
    "path": lambda v: {"uri": f"/v1/booking/people/{quote('the ' + v, safe='')}/cards"},
    "query": lambda v: {"uri": f"/v1/booking/orders?q={quote_plus('the ' + v)}"},
    "query, twice encoded": lambda v: {"uri": f"/v1/booking/orders?back={quote(quote('/x?q=the ' + v, safe=''), safe='')}"},
    "Link header": lambda v: {"headers": {"link": f"<https://api.example/v1/x/the%20{quote(v, safe='')}?page=2>; rel=next"}},
    "content-disposition": lambda v: {
        "headers": {"content-disposition": f"attachment; filename*=UTF-8''ticket%20{quote(v, safe='')}.pdf; note=\"{quote(v)}\""}
    },
    "address inside JSON": lambda v: {"body": {"url": f"https://files.example/of%20{quote(v, safe='')}/a.pdf?n={quote_plus(v)}&x=1"}},
    "HTML": lambda v: {"body": {"html": f"<p>{''.join(f'&#{ord(c)};' for c in v)}</p><b>{html.escape(v)}</b>"}},
    "escapes in JSON in JSON": lambda v: {"body": {"payload": f"text\\n{_escaped(v)}\\n"}},
    "other normal form": lambda v: {
        "body": {"nfc": "to " + unicodedata.normalize("NFC", v), "nfd": "to " + unicodedata.normalize("NFD", v)}
    },
    "capitals": lambda v: {"body": {"text": f"MR {v.upper()}"}},
    "base64": lambda v: {"body": {"data": _base64(v)}},
    "key": lambda v: {"body": {f"Seats of {v}": 2}},
    "XML": lambda v: {"xml": f"<order><remark>{html.escape(v)}</remark></order>"},
}  # fmt: skip
