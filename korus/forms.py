"""Form answers: Python values in, the texts of the API out, and back. No I/O, no server needed.

A ticket may come with a form (reference 4.17). The API takes every answer as text, in a format that depends
on the type of the field (reference 6). This module knows the formats, refuses what would be misread or lost,
and checks the answers of a whole form against its definition, reporting every problem at once.

Which Python values a field takes:

============== ======================================================== ==========================
field type     Python value                                             text sent
============== ======================================================== ==========================
text           `str`                                                    the text, unchanged
bool           `bool`                                                   ``true``, ``false``
integer        `int`, but not `bool`                                    ``4``
decimal        `~decimal.Decimal`, `int` (not `bool`) or decimal text   ``7.50``
date           `~datetime.date` (not `~datetime.datetime`), or its text ``2026-04-18``
time           `~datetime.time` without zone and seconds, or its text   ``18:45``
datetime       `~datetime.datetime` without microseconds, or its text   ``2026-04-18 18:45:00``
single_choice  a choice: its code, its label, or the choice itself      the choice's code
multi_choice   a list, tuple or set of choices                          one text for each choice
============== ======================================================== ==========================

"Or its text" means the very text in the last column: JSON has no decimals, dates and times, so a booking read
from a file can hold them as texts. JSON does have integers and booleans, so ``"4"`` is no integer and
``"true"`` no bool.

The rules that save an answer from being misread:

* A float is refused for a decimal (``0.1`` is not what it looks like), and so are NaN, infinities and
  exponents. Decimals are written out with at least two digits after the point; none of their digits is
  dropped.
* A time of day keeps hours and minutes only, so other seconds than 0 are refused; so are a datetime's
  microseconds.
* A datetime with a zone is converted to ``time_zone`` (the venue's); where none is stated it is refused. One
  without is taken as the venue's local time and sent as it stands.
* Texts may not hold control characters (line breaks and tabs are some), nor halves of surrogate pairs;
  otherwise Unicode is kept as given. A required text may not be blank.
* A choice is found by its code first and by its label otherwise; a label that two choices share is refused. Names of
  fields and choices match whatever Unicode form (composed or not) they are in.
* A field of a type that is not in the table takes a text, as is.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from attrs import field, frozen

from korus._core.field_types import FIELD_TYPES as _TYPES
from korus._core.form_fields import (
    Choice,
    FormDefinition,
    FormField,
    code_of,
    name_of,
    read_choices,
    time_zone_of,
)
from korus._core.texts import normal
from korus.errors import AnswersInvalid, InvalidArgument

__all__ = [
    "FIELD_TYPES",
    "AnswerProblem",
    "FormAnswers",
    "Value",
    "coerce_field",
    "parse_field",
    "zone",
]

FIELD_TYPES: tuple[str, ...] = tuple(_TYPES)
"""The field types of the reference, section 6. The API may add more: they are sent as texts."""

Value = str | bool | int | Decimal | date | time | datetime | Sequence[str]
"""The Python value of one field, as returned by `parse_field`."""

# far beyond any honest answer, and below the length at which Python refuses to read or write an integer
_MOST_DIGITS = 1000
_SHORTEST_FRACTION = 2
_QUOTED = 60


class _Refused(ValueError):
    """Why one value cannot be sent or read; becomes an `AnswerProblem`."""


@frozen
class AnswerProblem:
    """Why one answer cannot be sent.

    Attributes:
        reason: What is wrong and what to give instead.
        field: The code, label or IRI of the field; the name as it was given when no field has it; None when
            it is the form itself.
    """

    reason: str
    field: str | None = None

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


@frozen
class _Setting:
    """Field against which a value is checked."""

    choices: tuple[Choice, ...] | None
    time_zone: tzinfo | None
    required: bool


def coerce_field(
    type: str,  # noqa: A002 - the API's word
    value: object,
    choices: Iterable[object] | None = None,
    *,
    time_zone: object = None,
    required: bool = False,
) -> tuple[str, ...]:
    """Turn a Python value into the texts of one form field.

    Args:
        type: One of `FIELD_TYPES`; any other type takes a text.
        value: The answer, of a Python type from the table of this module.
        choices: The choices of a choice field: objects from the form, JSON objects with ``code`` and
            ``label``, or codes. None when they are not known: then any text is let through. An empty one
            allows nothing.
        time_zone: The zone of the venue, for datetimes that have a zone: an IANA name, a `~datetime.tzinfo`,
            or anything that has a ``timezone`` (a product base). None when it is not known.
        required: True if the field must be answered; then a blank text and an empty list are refused.

    Returns:
        One text for each entry to send: one for every type but ``multi_choice``, which gives one for each
        choice, in the order given (proposal P20 of the reference).

    Raises:
        AnswersInvalid: The value does not fit; its ``problems`` has the reason.
        InvalidArgument: ``type`` is no text, or ``time_zone`` names no known zone.
    """
    setting = _Setting(read_choices(choices), zone(time_zone), required)
    try:
        return _coerce(_kind(type), value, setting)
    except _Refused as refused:
        raise AnswersInvalid([AnswerProblem(str(refused))]) from None


def parse_field(
    type: str,  # noqa: A002 - the API's word
    texts: str | Iterable[str],
    choices: Iterable[object] | None = None,
) -> Value:
    """Turn the texts of one form field back into the Python value they stand for: undo `coerce_field`.

    Args:
        type: One of `FIELD_TYPES`; a field of any other type is read as text.
        texts: The texts, or the text.
        choices: As for `coerce_field`.

    Returns:
        `str`, `bool`, `int`, `~decimal.Decimal`, `~datetime.date`, `~datetime.time`, `~datetime.datetime`
        (without a
        zone: the venue's local time), the code of the choice, or the list of the codes in their order.

    Raises:
        AnswersInvalid: The texts are not in the format of the type.
        InvalidArgument: ``type`` is no text, or ``texts`` holds something else.
    """
    kind, listed = _kind(type), _texts(texts)
    try:
        return _parse(kind, listed, read_choices(choices))
    except _Refused as refused:
        raise AnswersInvalid([AnswerProblem(str(refused))]) from None


def _kind(named: object) -> str:
    if not isinstance(named, str):
        raise InvalidArgument(f"the type of a field is a text such as 'integer', not {_quote(named)}")
    return str.__str__(named)


def _texts(given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    listed = tuple(cast("Iterable[object]", given)) if isinstance(given, Iterable) else (given,)
    texts = tuple(text for text in listed if isinstance(text, str))
    if len(texts) < len(listed):
        raise InvalidArgument(f"texts are a text or several, not {_quote(listed)}")
    return texts


def zone(named: object) -> tzinfo | None:
    """Return the time zone that a name, a `~datetime.tzinfo` or something with a ``timezone`` stands for.

    Raises:
        InvalidArgument: No zone of that name is known on this machine.
    """
    if named is None or isinstance(named, tzinfo):
        return named
    name = time_zone_of(named)
    if name is None:
        return None
    if not isinstance(name, str):
        raise InvalidArgument(f"not a time zone: {_quote(named)}; give an IANA name such as 'Europe/Lisbon'")
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise InvalidArgument(
            f"no time zone named {_quote(name)} is known here; give an IANA name such as 'Europe/Lisbon'"
            " (where the system has none, install the package tzdata)"
        ) from None


@frozen
class FormAnswers:
    """The answers to one form, checked against it.

    Attributes:
        form: The form: a `Form`, or the JSON object of one.
        answers: The answers by field: its code, its label, its id, its IRI, or the field itself. None means
            that the field is left out.
        time_zone: As for `coerce_field`.
        problems: Everything that keeps the answers from being sent; empty when they can be.

    Nothing is raised before `form_data` is asked for, so that the problems of many forms can be collected
    first.
    """

    form: object
    answers: Mapping[Any, object] = field(repr=False)
    time_zone: object = None
    problems: tuple[AnswerProblem, ...] = field(init=False)
    _entries: tuple[tuple[FormField, tuple[str, ...]], ...] = field(init=False, repr=False)
    _form_iri: str | None = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check everything once; the result is as frozen as what it was made from."""
        form = FormDefinition.read(self.form)
        entries, problems = _answer(form.fields, self.answers, zone(self.time_zone))
        if form.iri is None:
            problems = [
                AnswerProblem("the form has neither an IRI nor an id, so answers cannot name it"),
                *problems,
            ]
        object.__setattr__(self, "_form_iri", form.iri)
        object.__setattr__(self, "_entries", tuple(entries))
        object.__setattr__(self, "problems", tuple(problems))

    @property
    def form_data(self) -> dict[str, Any]:
        """The ``formData`` object of a reservation request (reference 4.9), fields in the order of the form.

        Raises:
            AnswersInvalid: The answers have problems.
        """
        if self.problems:
            raise AnswersInvalid(self.problems)
        return {
            "form": self._form_iri,
            "fields": [
                {"field": entry.iri, "value": value} for entry, values in self._entries for value in values
            ],
        }

    def to_dict(self) -> dict[str, Any]:
        """The same as `form_data`."""
        return self.form_data

    @property
    def values(self) -> dict[str, Value]:
        """The answers as they will be understood: by field code (or label, or IRI), in the form's order.

        Raises:
            AnswersInvalid: The answers have problems.
        """
        if self.problems:
            raise AnswersInvalid(self.problems)
        return {entry.name: _parse(entry.type, values, entry.choices) for entry, values in self._entries}


def _answer(
    fields: Sequence[FormField], answers: Mapping[Any, object], time_zone: tzinfo | None
) -> tuple[list[tuple[FormField, tuple[str, ...]]], list[AnswerProblem]]:
    """Find the field of each answer, coerce it, and say what is wrong or missing."""
    problems: list[AnswerProblem] = []
    given: dict[int, object] = {}
    for name, value in answers.items():
        found = _find(fields, name)
        if isinstance(found, AnswerProblem):
            problems.append(found)
        elif found in given:
            problems.append(AnswerProblem("answered twice, under different names", fields[found].name))
        else:
            given[found] = value
    entries: list[tuple[FormField, tuple[str, ...]]] = []
    for place, entry in enumerate(fields):
        value = given.get(place)
        if value is None:
            if entry.required:
                problems.append(AnswerProblem("this required field has no answer", entry.name))
            continue
        try:
            texts = _coerce(entry.type, value, _Setting(entry.choices, time_zone, entry.required))
        except _Refused as refused:
            problems.append(AnswerProblem(str(refused), entry.name))
            continue
        if texts and entry.iri is None:
            problems.append(AnswerProblem("the form gives this field neither an IRI nor an id", entry.name))
        elif texts:
            entries.append((entry, texts))
    return entries, problems


def _find(fields: Sequence[FormField], name: object) -> int | AnswerProblem:
    wanted = _names(name)
    found = [place for place, entry in enumerate(fields) if entry.names & wanted]
    if not found:
        alike = {normal(each) for each in wanted}
        found = [place for place, entry in enumerate(fields) if alike & {*map(normal, entry.names)}]
    if len(found) == 1:
        return found[0]
    shown = next(iter(sorted(wanted)), _quote(name))
    if not found:
        listed = ", ".join(entry.name for entry in fields) or "none"
        return AnswerProblem(f"the form has no such field; its fields are: {listed}", shown)
    listed = ", ".join(f"{fields[place].name} ({fields[place].iri or fields[place].id})" for place in found)
    return AnswerProblem(f"more than one field goes by this name: {listed}; give the IRI of one", shown)


def _names(name: object) -> frozenset[str]:
    best = name_of(name)
    return frozenset([] if best is None else [best])


# ---------------------------------------------------------------------- values to texts


def _coerce(kind: str, value: object, setting: _Setting) -> tuple[str, ...]:
    if value is None:
        raise _Refused("None is not an answer; leave the field out instead")
    if kind in _COERCE:
        return _COERCE[kind](value, setting)
    (text,) = _text_to(value, setting)
    _check_shape(kind, text)
    return (text,)


def _text_to(value: object, setting: _Setting) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise _wrong_type(value, "a str")
    plain = _clean(str.__str__(value))
    if setting.required and not plain.strip():
        raise _Refused("a required field cannot be answered with a blank text")
    return (plain,)


def _bool_to(value: object, _: _Setting) -> tuple[str, ...]:
    if not isinstance(value, bool):
        raise _wrong_type(value, "True or False")
    return ("true" if value else "false",)


def _integer_to(value: object, _: _Setting) -> tuple[str, ...]:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(value, "an int")
    return (_digits(value),)


def _decimal_to(value: object, _: _Setting) -> tuple[str, ...]:
    if isinstance(value, float):
        raise _Refused(
            f"a float is not exact: give Decimal({str(value)!r}) or the text {str(value)!r} instead"
        )
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise _wrong_type(value, "a Decimal, an int or a text such as '7.50'")
    if isinstance(value, str):
        value = cast("Decimal", _read("decimal", str.__str__(value)))
    if isinstance(value, Decimal):
        return (_written_out(value),)
    return (_digits(value) + "." + "0" * _SHORTEST_FRACTION,)


def _written_out(value: Decimal) -> str:
    """Write all digits of a decimal, without an exponent and with at least two after the point."""
    if not value.is_finite():
        raise _Refused(f"{value} is not a number that can be sent")
    sign, digits, exponent = value.as_tuple()
    places = cast("int", exponent)
    if places > 0:
        raise _Refused(f"{value} has an exponent; write it out, such as Decimal('100') for Decimal('1E+2')")
    if len(digits) > _MOST_DIGITS or -places > _MOST_DIGITS:
        raise _Refused(f"a number of more than {_MOST_DIGITS} digits cannot be sent")
    written = "".join(map(str, digits)).rjust(1 - places, "0")
    whole, fraction = (written[:places], written[places:]) if places else (written, "")
    minus = "-" if sign and any(digits) else ""
    return f"{minus}{whole.lstrip('0') or '0'}.{fraction.ljust(_SHORTEST_FRACTION, '0')}"


def _date_to(value: object, _: _Setting) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_read("date", value).isoformat(),)
    if isinstance(value, datetime):
        raise _Refused("a datetime is not a date; give its .date() if that is meant")
    if not isinstance(value, date):
        raise _wrong_type(value, "a date or a text such as '2026-04-18'")
    return (date(value.year, value.month, value.day).isoformat(),)


def _time_to(value: object, _: _Setting) -> tuple[str, ...]:
    if isinstance(value, str):
        value = _read("time", value)
    if not isinstance(value, time):
        raise _wrong_type(value, "a time or a text such as '18:45'")
    if value.tzinfo is not None:
        raise _Refused("a time of day is sent without a zone; give a time without tzinfo, local to the venue")
    if value.second or value.microsecond:
        raise _Refused("only hours and minutes are sent, and this time has seconds that would be lost")
    return (f"{value.hour:02}:{value.minute:02}",)


def _datetime_to(value: object, setting: _Setting) -> tuple[str, ...]:
    if isinstance(value, str):
        value = _read("datetime", value)
    if not isinstance(value, datetime):
        raise _wrong_type(value, "a datetime or a text such as '2026-04-18 18:45:00'")
    if value.microsecond:
        raise _Refused("only whole seconds are sent, and this datetime has microseconds that would be lost")
    if value.utcoffset() is not None:
        if setting.time_zone is None:
            raise _Refused(
                "this datetime has a zone, and the venue's is not known: state time_zone, or give the venue's"
                " local time without tzinfo"
            )
        try:
            value = value.astimezone(setting.time_zone)
        except OverflowError:
            raise _Refused("this datetime lies outside the years 1 to 9999 in the venue's zone") from None
    if value.microsecond:  # zones of the past can have odd offsets
        raise _Refused("in the venue's zone this datetime has microseconds that would be lost")
    # not strftime, which writes the year 33 as 33
    return (value.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds"),)


def _single_to(value: object, setting: _Setting) -> tuple[str, ...]:
    code = _code(value, setting.choices)
    if setting.required and not code.strip():
        raise _Refused("a required field cannot be answered with a blank choice")
    return (code,)


def _multi_to(value: object, setting: _Setting) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple, AbstractSet)):
        raise _wrong_type(value, "a list of choices")
    members = cast("Iterable[object]", value)
    codes = [_code(member, setting.choices) for member in members]
    if isinstance(value, AbstractSet):  # unordered, and the same answer must give the same texts
        codes.sort()
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    if repeated:
        raise _Refused(f"chosen more than once: {', '.join(map(_quote, repeated))}")
    if setting.required and not codes:
        raise _Refused("a required field needs at least one choice")
    return tuple(codes)


def _code(value: object, choices: tuple[Choice, ...] | None) -> str:
    given = code_of(value)
    is_object = given is not value
    if not isinstance(given, str):
        raise _wrong_type(value, "the code or the label of a choice, or the choice itself")
    plain = _clean(str.__str__(given))
    if choices is None or any(choice.code == plain for choice in choices):
        return plain
    labelled = {choice.code for choice in choices if choice.label == plain} if not is_object else set[str]()
    if not labelled and not is_object:
        alike = normal(plain)
        labelled = {
            choice.code
            for choice in choices
            if any(alike == normal(name) for name in (choice.code, choice.label) if name)
        }
    if len(labelled) == 1:
        return labelled.pop()
    if labelled:
        raise _Refused(
            f"{_quote(plain)} is the label of several choices: give the code, one of {_listed(labelled)}"
        )
    allowed = _listed(choice.code for choice in choices) or "none"
    raise _Refused(f"{_quote(plain)} is not one of the choices: {allowed}")


def _clean(value: str) -> str:
    for place, character in enumerate(value):
        category = unicodedata.category(character)
        if category == "Cc":
            raise _Refused(
                f"control characters cannot be sent, and character {place + 1} is U+{ord(character):04X}"
            )
        if category == "Cs":
            raise _Refused(f"character {place + 1} is half of a surrogate pair, which is no text")
    return value


def _digits(value: int) -> str:
    number = int(value)  # an IntEnum's own text is not its number in every Python
    if number and math.log10(abs(number)) >= _MOST_DIGITS:
        raise _Refused(f"a number of more than {_MOST_DIGITS} digits cannot be sent")
    return str(number)


_COERCE: Mapping[str, Callable[[object, _Setting], tuple[str, ...]]] = {
    "bool": _bool_to,
    "integer": _integer_to,
    "decimal": _decimal_to,
    "date": _date_to,
    "time": _time_to,
    "datetime": _datetime_to,
    "single_choice": _single_to,
    "multi_choice": _multi_to,
}


# ---------------------------------------------------------------------- texts to values


def _parse(kind: str, texts: Sequence[str], choices: tuple[Choice, ...] | None) -> Value:
    for entry in cast("Sequence[object]", texts):
        if not isinstance(entry, str):
            raise _wrong_type(entry, "texts")
    known = _TYPES.get(kind, _TYPES["text"])
    if known.is_multiple:
        return [_read_code(entry, choices) for entry in texts]
    if len(texts) != 1:
        raise _Refused(f"a field of type {kind or 'text'} has one text, and here are {len(texts)}")
    if known.has_choices:
        return _read_code(texts[0], choices)
    return cast("Value", _read(kind, str.__str__(texts[0])))


def _read(kind: str, value: str) -> Any:
    _check_shape(kind, value)
    known = _TYPES.get(kind)
    return value if known is None else known.read(value)


def _check_shape(kind: str, value: str) -> None:
    # Python reads many more forms than the API writes, so the shape is checked first
    problem = _TYPES[kind].problem_with(value) if kind in _TYPES else None
    if problem:
        raise _Refused(f"{_quote(value)} {problem}")


def _read_code(value: str, choices: tuple[Choice, ...] | None) -> str:
    if choices is not None and all(choice.code != value for choice in choices):
        allowed = _listed(choice.code for choice in choices) or "none"
        raise _Refused(f"{_quote(value)} is not one of the choices: {allowed}")
    return str.__str__(value)


def _wrong_type(value: object, wanted: str) -> _Refused:
    return _Refused(f"{_quote(value)} is a {type(value).__name__}; give {wanted}")


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(_quote(code) for code in codes)


def _quote(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}…"


def __dir__() -> list[str]:
    return sorted(__all__)
