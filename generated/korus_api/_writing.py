# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Writers of requests: bodies, and parameters in paths, queries, headers and cookies.

Values that are `UNSET` are left out; None is sent as null in a body and left out elsewhere.
"""

from __future__ import annotations

import datetime
import enum
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from .types import File, FileTypes, Unset

_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
_RESERVED = ":/?@!$'()*,;=[]"  # `&`, `#` and `+` would end a value or change it
_ESCAPED = re.compile("%[0-9A-Fa-f]{2}")


def write_value(value: Any) -> Any:
    """Return the JSON form of a value; files are kept."""
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, str | int | float | File):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [write_value(item) for item in value]
    if isinstance(value, Mapping):
        return {key: write_value(item) for key, item in value.items() if not isinstance(item, Unset)}
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    to_dict = getattr(value, "to_dict", None)
    return str(value) if to_dict is None else to_dict()


def text_of(value: Any) -> str:
    """Return the text of a single parameter value: `true`, `2026-04-18`, `12`."""
    plain = write_value(value)
    if plain is True:
        return "true"
    if plain is False:
        return "false"
    if plain is None:
        return ""
    if isinstance(plain, dict | list):
        return json.dumps(plain, ensure_ascii=False)
    return str(plain)


def joined(value: Any, *, explode: bool = False, separator: str = ",") -> str:
    """Return the text of a value, list or object in the OpenAPI style `simple`."""
    return _joined(value, text_of, explode=explode, separator=separator)


def _joined(value: Any, write: Callable[[Any], str], *, explode: bool, separator: str) -> str:
    plain = write_value(value)
    if isinstance(plain, list):
        return separator.join(write(item) for item in plain)
    if isinstance(plain, dict):
        sign = "=" if explode else separator
        return separator.join(f"{write(key)}{sign}{write(item)}" for key, item in plain.items())
    return write(plain)


def _escaped(value: Any) -> str:
    return quote(text_of(value), safe="")


def _reserved(value: Any) -> str:
    """Escape a value except for reserved characters and existing escapes (RFC 6570, section 3.2.3)."""
    text, parts, start = text_of(value), [], 0
    for found in _ESCAPED.finditer(text):
        parts += [quote(text[start : found.start()], safe=_RESERVED), found.group()]
        start = found.end()
    return "".join([*parts, quote(text[start:], safe=_RESERVED)])


def path_part(
    value: Any, name: str = "", *, style: str = "simple", explode: bool = False, as_json: bool = False
) -> str:
    """Return the escaped text of a path parameter."""
    plain = write_value(value)
    if as_json:
        return quote(json.dumps(plain, ensure_ascii=False), safe="")
    if style in {"label", "matrix"}:
        return _prefixed(plain, name, style=style, explode=explode)
    if isinstance(plain, list | dict):
        return _joined(plain, _escaped, explode=explode, separator=",")
    text = quote(text_of(plain), safe="")
    # `.` and `..` would be dot segments of the path
    return text.replace(".", "%2E") if text in {".", ".."} else text


def _prefixed(plain: Any, name: str, *, style: str, explode: bool) -> str:
    sign = "." if style == "label" else ";"
    if isinstance(plain, dict) and explode:
        return "".join(f"{sign}{quote(str(key), safe='')}={quote(text_of(item), safe='')}" for key, item in plain.items())
    if isinstance(plain, list) and explode:
        start = sign if style == "label" else f"{sign}{name}="
        return "".join(f"{start}{quote(text_of(item), safe='')}" for item in plain)
    start = sign if style == "label" else f"{sign}{name}="
    return start + _joined(plain, _escaped, explode=False, separator=",")


def add_query(
    params: list[tuple[str, str]],
    name: str,
    value: Any,
    *,
    style: str = "form",
    explode: bool = True,
    as_json: bool = False,
    reserved: bool = False,
    quoted: bool = False,
) -> None:
    """Add a parameter to a query; if `quoted`, escape names and values but not the delimiters between them."""
    if value is None or isinstance(value, Unset):
        return
    plain = write_value(value)
    if quoted:
        _add_quoted(params, name, plain, style=style, explode=explode, as_json=as_json, reserved=reserved)
    elif as_json:
        params.append((name, json.dumps(plain, ensure_ascii=False)))
    elif isinstance(plain, dict):
        _query_object(params, name, plain, style=style, explode=explode)
    elif isinstance(plain, list):
        if style == "deepObject":
            _deep(params, name, plain)
        elif explode:
            params.extend((name, text_of(item)) for item in plain)
        elif plain:
            params.append((name, joined(plain, separator=_SEPARATORS.get(style, ","))))
    else:
        params.append((name, text_of(plain)))


def _add_quoted(
    params: list[tuple[str, str]], name: str, plain: Any, *, style: str, explode: bool, as_json: bool, reserved: bool
) -> None:
    write = _reserved if reserved else _escaped
    if isinstance(plain, list | dict) and not explode and not as_json and style != "deepObject":
        separator = {"spaceDelimited": "%20", "pipeDelimited": "|"}.get(style, ",")
        inside = write
        if style == "spaceDelimited":  # a space in a value must differ from the delimiter
            inside = lambda value: write(value).replace("%20", "%2520")
        if plain:
            params.append((_escaped(name), _joined(plain, inside, explode=False, separator=separator)))
        return
    pairs: list[tuple[str, str]] = []
    add_query(pairs, name, plain, style=style, explode=explode, as_json=as_json)
    params.extend((_escaped(key), write(text)) for key, text in pairs)


def query_text(params: list[tuple[str, str]]) -> str:
    """Return the query string of escaped names and values."""
    return "?" + "&".join(f"{name}={value}" for name, value in params) if params else ""


def _deep(params: list[tuple[str, str]], name: str, items: list[Any]) -> None:
    """Add a list in the style `deepObject`: objects with their index in brackets, other values with empty brackets."""
    for number, item in enumerate(items):
        if isinstance(item, dict):
            _query_object(params, f"{name}[{number}]", item, style="deepObject", explode=True)
        else:
            params.append((f"{name}[]", text_of(item)))


def _query_object(
    params: list[tuple[str, str]], name: str, plain: Mapping[str, Any], *, style: str, explode: bool
) -> None:
    if style == "deepObject":
        for key, item in plain.items():
            deeper = f"{name}[{key}]"
            if isinstance(item, dict):
                _query_object(params, deeper, item, style=style, explode=explode)
            elif isinstance(item, list):
                _deep(params, deeper, item)
            else:
                params.append((deeper, text_of(item)))
    elif explode:
        for key, item in plain.items():
            add_query(params, key, item)
    else:
        params.append((name, joined(plain, separator=_SEPARATORS.get(style, ","))))


def add_header(headers: dict[str, str], name: str, value: Any, *, explode: bool = False, as_json: bool = False) -> None:
    """Add a parameter to the headers."""
    if value is None or isinstance(value, Unset):
        return
    plain = write_value(value)
    headers[name] = json.dumps(plain) if as_json else joined(plain, explode=explode)


def add_cookie(headers: dict[str, str], name: str, value: Any, *, explode: bool = True, as_json: bool = False) -> None:
    """Add a parameter to the `Cookie` header."""
    if value is None or isinstance(value, Unset):
        return
    plain = write_value(value)
    if as_json:
        text = quote(json.dumps(plain), safe=",=:/")
    else:
        text = _joined(plain, lambda item: quote(text_of(item), safe="=:/"), explode=explode, separator=",")
    pair = f"{name}={text}"
    headers["Cookie"] = f"{headers['Cookie']}; {pair}" if "Cookie" in headers else pair


def form_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form fields of a body."""
    return {
        name: [text_of(item) for item in value] if isinstance(value, list) else text_of(value)
        for name, value in body.items()
    }


def _is_json(content_type: str) -> bool:
    plain = content_type.partition(";")[0].strip().lower()
    return plain == "application/json" or plain.endswith("+json")


def _check_written(name: str, content_type: str) -> None:
    """Raise TypeError if an object would need an unsupported media type, such as XML."""
    if content_type and "," not in content_type and content_type != "text/plain" and not _is_json(content_type):
        raise TypeError(f"`{name}` is an object, which cannot be sent as {content_type}")


def form_text(body: Mapping[str, Any], encoding: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a body as URL-encoded form, each field with its encoding."""
    params: list[tuple[str, str]] = []
    for name, value in body.items():
        how = encoding.get(name, {})
        if _is_json(how.get("content_type", "")) and "style" not in how:
            params.append((_escaped(name), _escaped(json.dumps(write_value(value), ensure_ascii=False))))
        elif isinstance(value, dict) and "style" not in how:
            _check_written(name, how.get("content_type", ""))
            params.append((_escaped(name), _escaped(value)))
        else:
            add_query(
                params,
                name,
                "" if value is None else value,
                style=how.get("style", "form"),
                explode=how.get("explode", True),
                reserved=how.get("reserved", False),
                quoted=True,
            )
    return "&".join(f"{name}={value}" for name, value in params)


def form_parts(
    body: Mapping[str, Any], encoding: Mapping[str, Mapping[str, Any]] | None = None
) -> list[tuple[str, FileTypes]]:
    """Return the parts of a multipart form: files as files, objects as JSON, other values as text."""
    parts: list[tuple[str, FileTypes]] = []
    for name, value in body.items():
        how = (encoding or {}).get(name, {})
        written = how.get("content_type", "")
        usual = None if "*" in written or "," in written or not written else written
        if "style" in how and isinstance(value, list | dict) and not _holds_files(value):
            params: list[tuple[str, str]] = []
            add_query(params, name, value, style=how["style"], explode=how["explode"])
            parts.extend((key, (None, text, usual)) for key, text in params)
        elif _is_json(written) and not _holds_files(value):
            parts.append((name, (None, json.dumps(write_value(value), ensure_ascii=False), written)))
        else:
            parts.extend((name, _part(name, item, usual)) for item in (value if isinstance(value, list) else [value]))
    return parts


def _holds_files(value: Any) -> bool:
    return any(isinstance(item, File) for item in (value if isinstance(value, list) else [value]))


def _part(name: str, item: Any, usual: str | None) -> FileTypes:
    if isinstance(item, File):
        # most servers treat a part without a file name as text
        named = (item.file_name or name, item.payload, item.mime_type or usual)
        return (*named, dict(item.headers)) if item.headers else named
    if isinstance(item, dict):
        _check_written(name, usual or "")
        return (None, json.dumps(item, ensure_ascii=False), usual or "application/json")
    return (None, text_of(item), usual)


def send_empty_form(request: dict[str, Any]) -> None:
    """Send an empty multipart form, for which httpx would send no body."""
    if not request["files"]:
        del request["files"]
        request["content"] = b"--empty--\r\n"
        request["headers"]["Content-Type"] = "multipart/form-data; boundary=empty"
