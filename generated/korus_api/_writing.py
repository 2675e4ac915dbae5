# Written by `python -m scripts.generate` from KorusTicket API release. Do not edit: it is written anew.
"""Write requests: bodies, and parameters in paths, queries, headers and cookies.

Values that are `UNSET` are left out; None is sent as null in a body and left out elsewhere.
"""

from __future__ import annotations

import datetime
import enum
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .types import File, FileTypes, Unset

_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}


def write_value(value: Any) -> Any:
    """Turn any value into what JSON can hold; files stay files."""
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
    """Write one value as the text of a parameter: `true`, `2026-04-18`, `12`."""
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
    """Write a value, a list or an object as one text (the OpenAPI style `simple`)."""
    plain = write_value(value)
    if isinstance(plain, list):
        return separator.join(text_of(item) for item in plain)
    if isinstance(plain, dict):
        sign = "=" if explode else separator
        return separator.join(f"{key}{sign}{text_of(item)}" for key, item in plain.items())
    return text_of(plain)


def path_part(
    value: Any, name: str = "", *, style: str = "simple", explode: bool = False, as_json: bool = False
) -> str:
    """Write a parameter for its place in the path, with everything quoted that could end that place."""
    plain = write_value(value)
    if as_json:
        return quote(json.dumps(plain, ensure_ascii=False), safe="")
    if style in {"label", "matrix"}:
        return _prefixed(plain, name, style=style, explode=explode)
    if isinstance(plain, list | dict):
        text = joined(plain, explode=explode)
        return quote(text, safe=",=")
    text = quote(text_of(plain), safe="")
    # `.` and `..` would be taken for steps within the path
    return text.replace(".", "%2E") if text in {".", ".."} else text


def _prefixed(plain: Any, name: str, *, style: str, explode: bool) -> str:
    sign = "." if style == "label" else ";"
    if isinstance(plain, dict) and explode:
        return "".join(f"{sign}{quote(str(key), safe='')}={quote(text_of(item), safe='')}" for key, item in plain.items())
    if isinstance(plain, list) and explode:
        start = sign if style == "label" else f"{sign}{name}="
        return "".join(f"{start}{quote(text_of(item), safe='')}" for item in plain)
    start = sign if style == "label" else f"{sign}{name}="
    return start + quote(joined(plain), safe=",")


def add_query(
    params: list[tuple[str, str]],
    name: str,
    value: Any,
    *,
    style: str = "form",
    explode: bool = True,
    as_json: bool = False,
) -> None:
    """Add a parameter to a query."""
    if value is None or isinstance(value, Unset):
        return
    plain = write_value(value)
    if as_json:
        params.append((name, json.dumps(plain, ensure_ascii=False)))
    elif isinstance(plain, dict):
        _query_object(params, name, plain, style=style, explode=explode)
    elif isinstance(plain, list):
        if explode:
            params.extend((name, text_of(item)) for item in plain)
        elif plain:
            params.append((name, joined(plain, separator=_SEPARATORS.get(style, ","))))
    else:
        params.append((name, text_of(plain)))


def _query_object(
    params: list[tuple[str, str]], name: str, plain: Mapping[str, Any], *, style: str, explode: bool
) -> None:
    if style == "deepObject":
        for key, item in plain.items():
            deeper = f"{name}[{key}]"
            if isinstance(item, dict):
                _query_object(params, deeper, item, style=style, explode=explode)
            elif isinstance(item, list):
                params.extend((f"{deeper}[]", text_of(inner)) for inner in item)
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
    """Add a parameter to the cookies of this request."""
    if value is None or isinstance(value, Unset):
        return
    plain = write_value(value)
    text = quote(json.dumps(plain) if as_json else joined(plain, explode=explode), safe=",=:/")
    pair = f"{name}={text}"
    headers["Cookie"] = f"{headers['Cookie']}; {pair}" if "Cookie" in headers else pair


def form_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """Write a body as the fields of a form."""
    return {
        name: [text_of(item) for item in value] if isinstance(value, list) else text_of(value)
        for name, value in body.items()
    }


def form_parts(body: Mapping[str, Any]) -> list[tuple[str, FileTypes]]:
    """Write a body as the parts of a multipart form: files as files, objects as JSON, all else as text."""
    parts: list[tuple[str, FileTypes]] = []
    for name, value in body.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, File):
                parts.append((name, item.to_tuple()))
            elif isinstance(item, dict):
                parts.append((name, (None, json.dumps(item, ensure_ascii=False), "application/json")))
            else:
                parts.append((name, (None, text_of(item), None)))
    return parts
