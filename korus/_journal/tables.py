"""Tables of a journal, and their migration from earlier versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
    update,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ACCOUNT_LENGTH", "CLAIMS", "INTENTS", "META", "MIGRATIONS", "RUNS", "SCHEMA_VERSION", "SUBJECTS"]

SCHEMA_VERSION: Final = 2
"""The version of the journal's tables; a journal written by a later korus is refused."""

ACCOUNT_LENGTH: Final = 64
"""The greatest length of an account's name."""

_METADATA = MetaData()
META = Table(
    "korus_journal_meta",
    _METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)
INTENTS = Table(
    "korus_journal_intents",
    _METADATA,
    Column("id", String(36), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("state", String(12), nullable=False),
    Column("account", String(ACCOUNT_LENGTH), nullable=False),
    Column("reference", String(200)),
    Column("owner", String(300), nullable=False),
    Column("lease", Float(53), nullable=False),
    Column("created", Float(53), nullable=False),
    Column("updated", Float(53), nullable=False),
    Column("taken", Float(53)),
    Column("details", Text, nullable=False),
    Column("private", Text, nullable=False),
    Column("outcome", Text),
    Column("epoch", Integer, nullable=False, server_default="1"),
    Column("sent", Float(53)),
    Column("completable", Boolean, nullable=False, server_default=text("true")),
    Index("korus_journal_intents_open", "state", "account"),
    Index("korus_journal_intents_reference", "reference"),
    Index("korus_journal_intents_updated", "updated"),
)
SUBJECTS = Table(
    "korus_journal_subjects",
    _METADATA,
    Column("intent", String(36), primary_key=True),
    Column("place", Float(53), primary_key=True),
    Column("subject", String(200), nullable=False),
    Index("korus_journal_subjects_subject", "subject"),
)
CLAIMS = Table(
    "korus_journal_claims",
    _METADATA,
    Column("account", String(ACCOUNT_LENGTH), primary_key=True),
    Column("iri", String(200), primary_key=True),
    Column("intent", String(36), nullable=False),
    Column("created", Float(53), nullable=False),
)
RUNS = Table(
    "korus_journal_runs",
    _METADATA,
    Column("account", String(ACCOUNT_LENGTH), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("owner", String(300), nullable=False),
    Column("lease", Float(53), nullable=False),
    Column("created", Float(53), nullable=False),
)


def _migrate_to_2(connection: Connection, _: object) -> None:
    """Add the epoch, and the columns for recovery: whether anything was sent, and whether it may be completed."""
    table = INTENTS.name
    for column in (
        "epoch INTEGER NOT NULL DEFAULT 1",
        "sent DOUBLE PRECISION",
        "completable BOOLEAN NOT NULL DEFAULT true",
    ):
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column}"))
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN state TYPE VARCHAR(12)"))
    RUNS.create(connection, checkfirst=True)
    connection.execute(update(INTENTS).values(sent=INTENTS.c.updated))
    connection.execute(update(INTENTS).where(INTENTS.c.state == "looking").values(state="reconciling"))
    connection.execute(update(INTENTS).where(INTENTS.c.state == "unknown").values(completable=False))


MIGRATIONS: Final[Mapping[int, Callable[[Connection, Any], None]]] = {1: _migrate_to_2}
"""The migration of each earlier version to the next one."""
