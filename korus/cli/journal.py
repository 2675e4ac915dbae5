"""``korus journal``: what bookings left open, and settling it.

A thin shell over `Korus.journal`. The journal is the one that ``--journal`` or ``KORUS_JOURNAL`` names, else the one
that ``korus book`` keeps in the user's state folder.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from korus import Korus
from korus.cli.own_log import log_setting
from korus.cli.shown import print_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from korus._booking.outcomes import Recovered
    from korus._journal.database import JournalEntry
    from korus._journal.intent_log import Kind

__all__ = ["app"]

NOT_FORGOTTEN = 1
STILL_OPEN = 3

app = typer.Typer(
    no_args_is_help=True, help="List and settle bookings that an interrupted process left open."
)

Journal = Annotated[
    str | None,
    typer.Option(
        "--journal",
        help="The journal's file, or its SQLAlchemy URL; when left out KORUS_JOURNAL, else that of `korus book`.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d{1,6})([smhdw])")


@app.command("list")
def list_entries(  # noqa: PLR0917 - typer makes an option of each
    everything: Annotated[bool, typer.Option("--all", help="Show settled entries too.")] = False,
    kind: Annotated[str | None, typer.Option(help="Only these: hold or order.")] = None,
    reference: Annotated[str | None, typer.Option(help="Only those with this external reference.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most entries to list, newest first.")] = 100,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """List the entries of the journal, by default only open ones. Sends no request to the API."""
    wanted = cast("Kind | None", kind)  # another text is refused by `list`
    with _client(journal) as korus:
        entries = korus.journal.list(open_only=not everything, kind=wanted, reference=reference, limit=limit)
    if as_json:
        _print_json([entry.to_dict() for entry in entries])
    elif not entries:
        typer.echo("nothing" if everything else "nothing is open")
    else:
        print_columns([_row(entry) for entry in entries])


@app.command()
def recover(
    complete: Annotated[
        bool, typer.Option(help="Complete orders that were not made, while their holds last.")
    ] = True,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Ask the API for the outcome of all open entries, and record it.

    The exit status is 0 if no entry is open any more, and 3 otherwise.
    """
    with _client(journal) as korus:
        recovered = korus.journal.recover(complete=complete)
        still_open = len(korus.journal.list(open_only=True))
    if as_json:
        _print_json([_described(found) for found in recovered])
    elif not recovered:
        typer.echo("nothing had been left behind")
    else:
        print_columns([_outcome(found) for found in recovered])
    if still_open:
        typer.echo(f"{still_open} still open; run this again later", err=True)
        raise typer.Exit(STILL_OPEN)


@app.command()
def forget(
    entry: Annotated[str, typer.Argument(help="The entry's id, as `korus journal list` shows it.")],
    journal: Journal = None,
) -> None:
    """Release an entry that cannot be settled, such as one of a removed sandbox. Sends no request to the API.

    Its lines can then be booked again. The exit status is 1 if there is no
    such entry, if it is settled, or if a process works on it.
    """
    with _client(journal) as korus:
        is_forgotten = korus.journal.forget(entry)
    if not is_forgotten:
        typer.echo(f"not released: {entry} is not open, or a process works on it", err=True)
        raise typer.Exit(NOT_FORGOTTEN)
    typer.echo("forgotten")


@app.command()
def prune(
    older_than: Annotated[
        str | None,
        typer.Option(help="Forget entries settled longer ago, such as 30d or 12h; by default the retention."),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(help="Set the retention for all processes that share the journal, such as 90d."),
    ] = None,
    journal: Journal = None,
) -> None:
    """Forget settled entries. What is open is never forgotten."""
    with _client(journal) as korus:
        if keep is not None:
            korus.journal.retain(_span(keep))
        gone = korus.journal.prune(None if older_than is None else _span(older_than))
    typer.echo(f"{gone} forgotten")


def _client(journal: str | None) -> Korus:
    return Korus.from_env(**log_setting()) if journal is None else Korus.from_env(journal=journal)


def _span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text.strip().lower())
    if not match:
        raise typer.BadParameter(f"not a span of time: {text!r}; give one such as 30d, 12h or 15m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _row(entry: JournalEntry) -> Sequence[str]:
    what = f"{len(entry.details.get('items') or entry.details.get('reservations') or ())} lines"
    state = f"{entry.state}, being seen to" if entry.alive else entry.state
    return entry.id, entry.kind, entry.reference or "-", what, state, f"{entry.created_at:%Y-%m-%d %H:%M:%S}Z"


def _described(found: Recovered) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": found.kind,
        "reference": found.reference,
        "settled": found.settled,
        "lines": [
            {
                "line": outcome.line.number,
                "status": outcome.status,
                "made": [str(result.iri) for result in outcome.results],
                "reason": outcome.reason,
            }
            for outcome in found.lines
        ],
        "error": None if found.error is None else found.error.message,
    }


def _outcome(found: Recovered) -> Sequence[str]:
    if not found.settled:
        became = f"open still: {found.error.message if found.error else 'not clear'}"
    else:
        made = [str(result.iri) for result in found.succeeded]
        became = ", ".join(made) if made else "nothing was made"
    return found.id, found.kind, found.reference or "-", became


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
