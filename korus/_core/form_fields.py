"""Fields of a form and their choices, read from its definition (reference 4.17). No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from korus._core.raw_json import iri_of, json_object, objects, text
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Choice", "FormDefinition", "FormField", "code_of", "name_of", "read_choices", "time_zone_of"]

_QUOTED = 60


@frozen
class Choice:
    """One choice of a field."""

    code: str
    label: str | None = None


@frozen
class FormField:
    """One field of a form, as far as the API described it.

    Attributes:
        iri: Its IRI.
        id: Its id.
        code: Its code.
        label: Its label.
        type: Its type, empty if the API sent none.
        required: True if it must be answered.
        choices: Its choices; None if they are not known.
    """

    iri: str | None
    id: str | None = None
    code: str | None = None
    label: str | None = None
    type: str = ""
    required: bool = False
    choices: tuple[Choice, ...] | None = None

    @classmethod
    def read(cls, entry: object, form: str | None = None) -> FormField:
        """Read a field: a model, its JSON, or a bare IRI, which can be answered unchecked.

        Args:
            entry: The field.
            form: The IRI of its form, from which the IRI of a field that has only an id is made.
        """
        source = json_object(entry)
        if source is None:
            return cls(iri_of(entry))
        identity, iri = text(source, "id"), iri_of(source)
        if iri is None and identity and form:
            iri = f"{form}/fields/{identity}"
        return cls(
            iri=iri,
            id=identity,
            code=text(source, "code"),
            label=text(source, "label"),
            type=text(source, "type") or "",
            required=source.get("required") is True,
            choices=_listed_choices(source),
        )

    @property
    def name(self) -> str:
        """The name to show."""
        return self.code or self.label or self.iri or self.id or "(a field without a name)"

    @property
    def names(self) -> frozenset[str]:
        """All names that an answer may use."""
        return frozenset(name for name in (self.code, self.label, self.id, self.iri) if name)


@frozen
class FormDefinition:
    """A form.

    Attributes:
        iri: Its IRI; None if it has neither an IRI nor an id.
        fields: Its fields, in order.
        raw: The definition as received.
    """

    iri: str | None
    fields: tuple[FormField, ...] = ()
    raw: Any = field(default=None, repr=False, eq=False)

    @classmethod
    def read(cls, form: object, iri: str | None = None) -> FormDefinition:
        """Read a form: a model or its JSON; anything else has no fields.

        Args:
            form: The form.
            iri: Its IRI, if the definition does not have it.
        """
        source = json_object(form)
        if source is None:
            return cls(None, raw=form)
        identity = text(source, "id")
        found = iri_of(source) or iri or (f"/v1/forms/{identity}" if identity else None)
        return cls(found, tuple(FormField.read(entry, found) for entry in objects(source, "fields")), form)

    def to_dict(self) -> dict[str, Any]:
        """Return its JSON, with its IRI."""
        named = {} if self.iri is None else {"@id": self.iri}
        return {**(json_object(self.raw) or {}), **named}


def read_choices(given: Iterable[object] | None) -> tuple[Choice, ...] | None:
    """Read choices: models, their JSON, or codes. One without a code cannot be sent and is left out.

    Raises:
        InvalidArgument: One of them is something else.
    """
    if given is None:
        return None
    found: list[Choice] = []
    for entry in given:
        source = json_object(entry)
        if source is not None:
            code = source.get("code")
            if isinstance(code, str):
                found.append(Choice(code, text(source, "label")))
        elif isinstance(entry, str):
            found.append(Choice(str.__str__(entry)))
        else:
            shown = repr(entry)
            shown = shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}…"
            raise InvalidArgument(f"choices must be FormFieldChoice objects or codes, got {shown}")
    return tuple(found)


def _listed_choices(source: Mapping[str, Any]) -> tuple[Choice, ...] | None:
    """Read the choices of a field as the API lists them; malformed entries are ignored."""
    if not isinstance(source.get("choices"), list):
        return None
    listed = objects(source, "choices")
    return read_choices(entry for entry in listed if isinstance(entry, str) or json_object(entry) is not None)


def code_of(choice: object) -> object:
    """Return the code of a choice given as an object; other values are returned as they are."""
    source = json_object(choice)
    return choice if source is None else source.get("code")


def name_of(form_field: object) -> str | None:
    """Return the name of a field given as a text or an object."""
    source = json_object(form_field)
    if source is None:
        return str.__str__(form_field) if isinstance(form_field, str) else None
    return iri_of(source) or text(source, "id") or text(source, "code") or text(source, "label")


def time_zone_of(place: object) -> object:
    """Return the time zone of a product base, None if it has none; other values are returned as they are."""
    source = json_object(place)
    return place if source is None else source.get("timezone")
