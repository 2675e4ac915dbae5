"""``korus mirror``: a copy of the catalogues in a database, and the changes in them.

A thin shell over `korus.mirror`. ``--database`` or ``KORUS_MIRROR`` names the database; a path is SQLite.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from korus import Korus
from korus._core.secret import Secret
from korus.cli.look import catalog_named, day_of
from korus.cli.shown import print_json, print_table
from korus.errors import ConfigurationError
from korus.mirror import Change, Mirror, Progress, SweepReport, SyncReport, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

__all__ = ["app"]

FAILED: Final = 1
QUARANTINED: Final = 3
BUSY: Final = 4

_CHUNK: Final = 500

app = typer.Typer(no_args_is_help=True, help="Keep a copy of the catalogues, and show changes.")

Database = Annotated[
    str | None,
    typer.Option(
        "--database", help="The copy: a path (SQLite) or a SQLAlchemy URL; KORUS_MIRROR when left out."
    ),
]
Prefix = Annotated[str, typer.Option("--prefix", help="The prefix of the tables' names.")]
Schema = Annotated[str | None, typer.Option("--schema", help="The schema of the tables, on PostgreSQL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs: one object a line.")]

_PREFIX: Final = "korus_mirror_"


@app.command()
def sync(
    catalog: Annotated[
        list[str] | None, typer.Argument(help="Catalogues: IRIs, ids or names; all when left out.")
    ] = None,
    *,
    after: Annotated[str | None, typer.Option(help="Only offers on this date or later (2027-05-15).")] = None,
    before: Annotated[str | None, typer.Option(help="Only offers on this date or earlier.")] = None,
    sessions: Annotated[bool, typer.Option("--sessions", help="Read the sessions of offers too.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Read every page again.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Remove entries in quarantine, if they are still missing.")
    ] = False,
    max_removal_share: Annotated[
        float, typer.Option(min=0, max=1, help="The share of one kind that may be removed without --accept.")
    ] = 0.2,
    database: Database = None,
    prefix: Prefix = _PREFIX,
    schema: Schema = None,
    as_json: AsJson = False,
) -> None:
    """Read the catalogues and write the changes.

    The exit status is 0 if all was read, 1 if something could not be read
    (the next run continues there), 3 if more would be removed than
    --max-removal-share allows (nothing was removed; check it, and allow
    it with --accept), and 4 if another worker is reading all of it.
    """
    between = (day_of(after, "--after"), day_of(before, "--before"))
    with (
        Korus.from_env() as korus,
        _mirror(database, prefix, schema, korus, max_removal_share=max_removal_share) as mirror,
    ):
        wanted = [catalog_named(korus, each) for each in catalog] if catalog else None
        report = mirror.sync(
            wanted,
            between=between,
            sessions=sessions,
            full=full,
            accept=accept,
            progress=_progress(as_json=as_json),
        )
    if as_json:
        for sweep in report.sweeps:
            print_json(_described(sweep))
        print_json(_summary(report))
    else:
        _show(report)
    raise typer.Exit(_status(report))


def _status(report: SyncReport) -> int:
    if report.failed:
        return FAILED
    if any(sweep.state == "quarantined" for sweep in report.sweeps):
        return QUARANTINED
    if all(sweep.state == "busy" for sweep in report.sweeps):
        return BUSY
    return 0


@app.command()
def changes(
    *,
    since: Annotated[int, typer.Option(min=0, help="The number of the last known change.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="The most changes to show.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only of this kind, such as offer; may be repeated.")
    ] = None,
    consumer: Annotated[
        str | None, typer.Option(help="Continue at this consumer's position, in place of --since.")
    ] = None,
    acknowledge: Annotated[
        bool,
        typer.Option("--acknowledge", help="Advance the consumer's position to the last printed change."),
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    database: Database = None,
    prefix: Prefix = _PREFIX,
    schema: Schema = None,
    as_json: AsJson = False,
) -> None:
    """Show changes, oldest first. Sends no request to the API."""
    if acknowledge and (consumer is None or kind):
        raise typer.BadParameter("needs --consumer, and no --kind", param_hint="--acknowledge")
    with _mirror(database, prefix, schema) as mirror:
        start = since if consumer is None else mirror.consumer(consumer).position()
        read = _read(mirror, start, limit, kind)
        if csv:
            last = _last(read, lambda found: write_csv(found, sys.stdout))
        elif as_json:
            last = _last(read, _print_changes)
        else:
            last = _last(read, _table_of_changes)
        sys.stdout.flush()
        if acknowledge and consumer is not None and last:
            mirror.consumer(consumer).acknowledge(last)


def _read(mirror: Mirror, since: int, limit: int | None, kinds: list[Any] | None) -> Iterable[Change]:
    """Read changes in chunks, so that memory does not grow with the feed."""
    left = limit
    while found := mirror.changes(since, min(_CHUNK, left or _CHUNK), kinds=kinds):
        yield from found
        since = found[-1].seq
        if left is not None:
            left -= len(found)
            if left <= 0:
                return


def _last(changes: Iterable[Change], show: Callable[[Iterable[Change]], object]) -> int:
    """Show changes; return the number of the last one, 0 without one."""
    last = [0]

    def noted() -> Iterable[Change]:
        for change in changes:
            yield change
            last[0] = change.seq

    show(noted())
    return last[0]


def _print_changes(changes: Iterable[Change]) -> None:
    for change in changes:
        print_json(change.to_dict())


def _table_of_changes(changes: Iterable[Change]) -> None:
    rows = [
        (change.seq, f"{change.at[:19]}Z", change.op, change.kind, change.iri, ", ".join(change.fields))
        for change in changes
    ]
    if rows:
        print_table(("number", "seen", "change", "kind", "what", "fields"), rows)
    else:
        typer.echo("nothing")


@app.command()
def calendar(
    product: Annotated[str, typer.Argument(help="The product's IRI.")],
    month: Annotated[str, typer.Argument(help="The month, such as 2027-05.")],
    *,
    database: Database = None,
    prefix: Prefix = _PREFIX,
    schema: Schema = None,
    as_json: AsJson = False,
) -> None:
    """Show the days of a month: availability and the lowest price. Sends no request to the API."""
    with _mirror(database, prefix, schema) as mirror:
        days = mirror.calendar(product, month)
    if as_json:
        for day in days:
            print_json(
                {
                    "date": day.date.isoformat(),
                    "status": day.status,
                    "lowest_price": None if day.lowest_price is None else str(day.lowest_price),
                    "lowest_price_minor": day.lowest_price_minor,
                    "currency": day.currency,
                    "available": day.available,
                    "offers": list(day.offers),
                    "sessions": [
                        {
                            "iri": each.iri,
                            "starts_at": None if each.starts_at is None else each.starts_at.isoformat(),
                            "zone": each.zone,
                            "available": each.available,
                        }
                        for each in day.sessions
                    ],
                }
            )
        return
    print_table(
        ("day", "", "from", "left", "sessions"),
        [
            (
                day.date,
                day.status.replace("_", " "),
                None if day.lowest_price is None else f"{day.lowest_price} {day.currency or ''}".strip(),
                day.available,
                " ".join(f"{each.starts_at:%H:%M}" for each in day.sessions if each.starts_at),
            )
            for day in days
        ],
    )


@app.command()
def history(
    offer: Annotated[str, typer.Argument(help="The offer's IRI.")],
    *,
    database: Database = None,
    prefix: Prefix = _PREFIX,
    schema: Schema = None,
    as_json: AsJson = False,
) -> None:
    """Show the history of an offer's price and stock. Sends no request to the API."""
    with _mirror(database, prefix, schema) as mirror:
        periods = mirror.price_history(offer)
    if as_json:
        for each in periods:
            print_json(
                {
                    "since": each.since,
                    "until": each.until,
                    "price": each.price,
                    "price_minor": each.price_minor,
                    "currency": each.currency,
                    "available": each.available,
                }
            )
    elif periods:
        print_table(
            ("since", "until", "price", "", "left"),
            [
                (each.since[:19], each.until and each.until[:19], each.price, each.currency, each.available)
                for each in periods
            ],
        )
    else:
        typer.echo("nothing")


@app.command()
def status(
    *,
    database: Database = None,
    prefix: Prefix = _PREFIX,
    schema: Schema = None,
    as_json: AsJson = False,
) -> None:
    """Show the age and the content of the copy. Sends no request to the API.

    The exit status is 3 if removals are in quarantine.
    """
    with _mirror(database, prefix, schema) as mirror:
        found = mirror.status()
    held = [sweep for sweep in found.sweeps if sweep["state"] == "quarantined"]
    if as_json:
        print_json(
            {
                "counts": dict(found.counts),
                "last_change": found.last_change,
                "consumers": dict(found.consumers),
                "sweeps": [dict(sweep) for sweep in found.sweeps],
            }
        )
    else:
        typer.echo(", ".join(f"{number} {kind.replace('_', ' ')}s" for kind, number in found.counts.items()))
        typer.echo(f"last change: {found.last_change}")
        for name, seq in found.consumers.items():
            typer.echo(f"consumer {name}: {seq}")
        if found.sweeps:
            print_table(
                ("scope", "state", "ended", "reason"),
                [
                    (each["scope"], each["state"], (each["ended_at"] or "")[:19], each["reason"])
                    for each in found.sweeps
                ],
            )
    if held:
        raise typer.Exit(QUARANTINED)


# --- what all have in common ----------------------------------------------------------------------------------


@contextmanager
def _mirror(
    database: str | None, prefix: str, schema: str | None, korus: Korus | None = None, **options: Any
) -> Generator[Mirror]:
    named = database or os.environ.get("KORUS_MIRROR")
    if not named:
        raise ConfigurationError("Name the mirror's database: --database PATH_OR_URL, or KORUS_MIRROR.")
    with Mirror(Secret(named), korus, prefix=prefix, schema=schema, **options) as mirror:
        yield mirror


def _progress(*, as_json: bool) -> Callable[[Progress], object] | None:
    """Show the progress of a sweep, on a terminal only."""
    if as_json or not sys.stderr.isatty():
        return None

    def show(progress: Progress) -> None:
        total = "" if progress.total is None else f" of {progress.total}"
        line = f"{progress.kind.replace('_', ' ')}s: {progress.read}{total}"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()

    return show


def _described(sweep: SweepReport) -> dict[str, Any]:
    return {
        "catalog": sweep.scope.catalog,
        "scope": sweep.scope.name,
        "state": sweep.state,
        "added": sweep.added,
        "changed": sweep.changed,
        "removed": sweep.removed,
        "unchanged": sweep.unchanged,
        "waiting": sweep.waiting,
        "quarantined": sweep.quarantined,
        "reason": sweep.reason,
    }


def _summary(report: SyncReport) -> dict[str, int]:
    return {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "quarantined": report.quarantined,
    }


def _show(report: SyncReport) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    print_table(
        ("scope", "state", "added", "changed", "removed", "unchanged", "reason"),
        [
            (each.scope.name, each.state, each.added, each.changed, each.removed, each.unchanged, each.reason)
            for each in report.sweeps
        ],
    )
    if report.quarantined:
        typer.echo(
            f"{report.quarantined} removals are held back; look at them, and let them through with --accept",
            err=True,
        )
