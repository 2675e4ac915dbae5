"""Reader of CSV tables as spreadsheets write them. No I/O.

It accepts commas, semicolons and tabs, Excel's first line ``sep=;``, a byte order mark, and empty columns and rows at
the end. A quotation mark that makes the rest of the file ambiguous is refused with its line.
"""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Table", "TableInvalid", "decode_table", "read_table"]

_SEPARATORS: Final = ",;\t"
# the first line in which Excel declares the separator
_SAYS_SEPARATOR: Final = re.compile(r'"?sep=(.)"?[;,\t]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_QUOTED: Final = re.compile(r'"(?:[^"]|"")*"')
_BOMS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class TableInvalid(ValueError):
    """The text is not a table in CSV."""


@frozen
class Table:
    """Content of a CSV file.

    Attributes:
        headings: The headings, without empty ones at the end; one in between may be empty.
        rows: The cells of each row that is not blank, without white space around them.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def decode_table(content: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with its byte order mark, as Excel writes "Unicode text".

    Raises:
        UnicodeDecodeError: It has another encoding.
    """
    return content.decode(_BOMS.get(content[:2], "utf-8-sig"))


def read_table(text: str) -> Table:
    """Read the text of a CSV file.

    Raises:
        TableInvalid: It is not CSV, with the line of the fault, or it has no heading.
    """
    text = text.removeprefix("\ufeff")
    said = _SAYS_SEPARATOR.match(text)
    body = text if said is None else text[said.end() :]
    separator = _guess(body) if said is None else said[1]
    lines = _lines(body, separator, 1 if said is None else 2)
    filled = [cells for cells in lines if any(cells)]
    if not filled:
        raise TableInvalid("the CSV file has no heading")
    headings, *rows = filled
    while not headings[-1]:
        headings = headings[:-1]
    return Table(headings, tuple(rows))


def _guess(text: str) -> str:
    """Return the most frequent separator of the first line, outside of quotation marks."""
    heading = next((line for line in re.split(r"\r\n|\r|\n", text) if line.strip(_SEPARATORS + ' "')), "")
    plain = _QUOTED.sub("", heading)
    return max(_SEPARATORS, key=plain.count)


def _lines(text: str, separator: str, first: int) -> Iterator[tuple[str, ...]]:
    # only CSV's line ends count, not all of Unicode's
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        began = reader.line_num + first
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, TypeError, ValueError) as cause:
            raise TableInvalid(f"not a CSV file: line {began} cannot be read ({cause})") from None
        yield tuple(cell.strip() for cell in cells)
