"""Phone numbers and dates in the notations that people and programs use, normalised to numbers and days."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["dates_in", "dates_where", "nationals"]

_LEAST_NATIONAL, _LEAST_WITH_CODE = 5, 10
# country calling codes of one and two digits; all others have three
_SHORT_CODES = re.compile(r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")

_MONTHS: Mapping[str, int] = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
        "januar februar marz april mai juni juli august september oktober november dezember",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan feb mar apr may jun jul aug sep oct nov dec",
    )
    for number, name in enumerate(names.split(), start=1)
}
_SIGN = r"(?:[-/._]|\. )"
_DATE = re.compile(
    r"(?<![0-9])(?:"
    rf"(?P<y1>[0-9]{{4}}){_SIGN}(?P<m1>[0-9]{{1,2}}){_SIGN}(?P<d1>[0-9]{{1,2}})"
    rf"|(?P<a2>[0-9]{{1,2}}){_SIGN}(?P<b2>[0-9]{{1,2}}){_SIGN}(?P<y2>[0-9]{{4}}|[0-9]{{2}})"
    r"|(?P<digits>[0-9]{8})"
    r"|(?P<d4>[0-9]{1,2})(?:st|nd|rd|th|er|\.|º)?[\s-]{1,3}(?:(?:de|of)\s)?(?P<m4>[^\W\d_]{3,10})\.?,?[\s-]{1,3}(?:de\s)?(?P<y4>[0-9]{4})"
    r"|(?P<y5>[0-9]{4})\s?[年년]\s?(?P<m5>[0-9]{1,2})\s?[月월]\s?(?P<d5>[0-9]{1,2})\s?[日일]"
    r")(?![0-9])"
    r"|(?<![^\W\d_])(?P<m6>[^\W\d_]{3,10})\.?\s{1,3}(?P<d6>[0-9]{1,2})(?:st|nd|rd|th)?,?\s{1,3}(?P<y6>[0-9]{4})(?![0-9])",
    re.IGNORECASE,
)


def nationals(text: str) -> dict[str, None]:
    """Return the possible national digits of a phone number, the most likely first.

    ``+33 6 39 98 04 56``, ``0033639980456`` and ``06.39.98.04.56`` are one number.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("(")
    digits = re.sub(r"\D", "", plain)
    found: list[str] = []
    if plain.startswith("+"):
        found = [_without_code(digits)]
    elif plain.startswith("00"):
        found = [_without_code(digits[2:])]
    else:
        found = [digits]
        if len(digits) >= _LEAST_WITH_CODE and not digits.startswith("0"):
            found.append(_without_code(digits))
    bare = (one.lstrip("0") for one in found)
    return dict.fromkeys(one for one in bare if len(one) >= _LEAST_NATIONAL)


def _without_code(digits: str) -> str:
    return digits[
        2
        if digits[:1] not in {"1", "7"} and _SHORT_CODES.match(digits)
        else 1
        if digits[:1] in {"1", "7"}
        else 3 :
    ]


def dates_in(text: str) -> dict[dt.date, None]:
    """Return the days that a text may mean as a date, the most likely first."""
    found = next(dates_where(text), None)
    return found[2] if found is not None and not found[0] else {}


def dates_where(text: str) -> Iterator[tuple[int, int, dict[dt.date, None]]]:
    """Yield start, end and possible days of every date in a text: day first, then as in the United States."""
    for found in _DATE.finditer(text):
        days = dict.fromkeys(_days(found))
        if days:
            yield found.start(), found.end(), days


def _days(found: re.Match[str]) -> Iterator[dt.date]:
    for number in "15":
        if found[f"y{number}"]:
            yield from _day(found[f"y{number}"], found[f"m{number}"], found[f"d{number}"])
    for number in "46":
        if found[f"y{number}"]:
            yield from _day(found[f"y{number}"], str(_month(found[f"m{number}"])), found[f"d{number}"])
    if found["digits"]:
        yield from _compact(found["digits"])
    if found["y2"]:
        years = [found["y2"]] if len(found["y2"]) > 2 else [f"19{found['y2']}", f"20{found['y2']}"]  # noqa: PLR2004
        for year in years:
            yield from _day(year, found["b2"], found["a2"])
            yield from _day(year, found["a2"], found["b2"])


def _compact(digits: str) -> Iterator[dt.date]:
    for year, month, day in (
        (digits[:4], digits[4:6], digits[6:]),
        (digits[4:], digits[2:4], digits[:2]),
        (digits[4:], digits[:2], digits[2:4]),
    ):
        if year.startswith(("19", "20")):
            yield from _day(year, month, day)


def _month(name: str) -> int:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return _MONTHS.get("".join(one for one in plain if not unicodedata.combining(one)), 0)


def _day(year: str, month: str, day: str) -> Iterator[dt.date]:
    try:
        yield dt.date(int(year), int(month), int(day))
    except ValueError:
        return
