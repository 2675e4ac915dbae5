"""Tables of a mirror, with a prefix or schema of the user's choice.

What is queried has a column of its own; the whole object is JSON in ``bodies``, so a new field of the API needs no
migration. Times are ISO 8601 text in UTC.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from korus.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from korus._mirror.content import KindName

__all__ = ["DEFAULT_PREFIX", "SCHEMA_VERSION", "Tables", "build_tables"]

SCHEMA_VERSION: Final = 3
"""The version of the tables; a mirror of a later version is refused."""

DEFAULT_PREFIX: Final = "korus_mirror_"

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,29}", re.ASCII)
_BIG: Final = BigInteger().with_variant(Integer(), "sqlite")


@frozen
class Tables:
    """Tables of a mirror."""

    metadata: MetaData
    things: Mapping[KindName, Table]
    meta: Table
    bodies: Table
    offer_tickets: Table
    scopes: Table
    sweeps: Table
    pages: Table
    changes: Table
    periods: Table
    live: Table
    consumers: Table


@cache
def build_tables(prefix: str = DEFAULT_PREFIX, schema: str | None = None) -> Tables:
    """Build the tables.

    Args:
        prefix: The prefix of their names; may be empty if there is a schema.
        schema: Their schema, on PostgreSQL.

    Raises:
        ConfigurationError: One of them is not a valid name.
    """
    if not _NAME.fullmatch(prefix) and not (prefix == "" and schema is not None):
        raise ConfigurationError(
            "`prefix` must be at most 30 letters, digits and underscores, and not begin with a digit."
        )
    if schema is not None and not _NAME.fullmatch(schema):
        raise ConfigurationError(
            "`schema` must be at most 30 letters, digits and underscores, and not begin with a digit."
        )
    new = _Naming(prefix, MetaData(schema=schema))
    return Tables(
        metadata=new.metadata,
        things=_things(new),
        meta=new.table(
            "meta", Column("name", String(40), primary_key=True), Column("value", String(200), nullable=False)
        ),
        bodies=new.table(
            "bodies", Column("iri", Text, primary_key=True), Column("body", Text, nullable=False)
        ),
        offer_tickets=_offer_tickets(new),
        scopes=_scopes(new),
        sweeps=_sweeps(new),
        pages=_pages(new),
        changes=_changes(new),
        periods=_periods(new),
        live=_live(new),
        consumers=new.table(
            "consumers",
            Column("name", String(200), primary_key=True),
            Column("seq", _BIG, nullable=False),
            Column("updated_at", String(32), nullable=False),
        ),
    )


@frozen
class _Naming:
    """Builds tables and indexes with the prefix."""

    prefix: str
    metadata: MetaData

    def table(self, name: str, *columns: Any) -> Table:
        return Table(f"{self.prefix}{name}", self.metadata, *columns)

    def index(self, name: str, *columns: str) -> Index:
        return Index(f"{self.prefix}{name}", *columns)

    def thing(self, name: str, *columns: Any) -> Table:
        return self.table(
            name,
            Column("iri", Text, primary_key=True),
            Column("catalog", Text, nullable=False),
            Column("parent", Text, nullable=False),
            Column("id", Text),
            *columns,
            Column("digest", String(32), nullable=False),
            Column("first_seen", String(32), nullable=False),
            Column("last_seen", String(32), nullable=False),
            Column("first_sweep", Integer, nullable=False),
            Column("sweep", Integer, nullable=False),
            # the first sweep that missed it since it was last seen; negative for a sweep in quarantine
            Column("missing", Integer),
        )


def _things(new: _Naming) -> dict[KindName, Table]:
    return {
        "catalog": new.thing(
            "catalogs", Column("name", Text), Column("created_at", Text), Column("last_synced_at", Text)
        ),
        "product_base": new.thing(
            "product_bases",
            Column("name", Text),
            Column("disabled", Boolean),
            Column("use_session", Boolean),
            Column("timezone", Text),
            Column("universe", Text),
            new.index("product_bases_catalog", "catalog"),
        ),
        "option": new.thing(
            "options",
            Column("code", Text),
            Column("label", Text),
            new.index("options_parent", "parent"),
            new.index("options_catalog", "catalog"),
        ),
        "option_value": new.thing(
            "option_values",
            Column("code", Text),
            Column("label", Text),
            Column("value", Text),
            new.index("option_values_parent", "parent"),
            new.index("option_values_catalog", "catalog"),
        ),
        "product": new.thing(
            "products",
            Column("name", Text),
            Column("disabled", Boolean),
            new.index("products_parent", "parent"),
            new.index("products_catalog", "catalog"),
        ),
        "offer": new.thing(
            "offers",
            Column("product", Text),
            Column("date", Date),
            Column("price", Text),
            Column("currency", String(8)),
            Column("price_minor", _BIG),
            Column("original_minor", _BIG),
            Column("available", _BIG),
            Column("availability_check", Boolean),
            Column("realtime_price", Boolean),
            Column("disabled", Boolean),
            new.index("offers_product", "product", "date"),
            new.index("offers_catalog", "catalog", "date"),
        ),
        "session": new.thing(
            "sessions",
            Column("starts_at", String(32)),
            Column("starts_local", Text),
            Column("zone", Text),
            Column("available", _BIG),
            new.index("sessions_parent", "parent"),
            new.index("sessions_catalog", "catalog"),
        ),
    }


def _offer_tickets(new: _Naming) -> Table:
    return new.table(
        "offer_tickets",
        Column("iri", Text, primary_key=True),
        Column("catalog", Text, nullable=False),
        Column("offer", Text, nullable=False),
        Column("place", Integer, nullable=False),
        Column("id", Text),
        Column("name", Text),
        Column("date_access", Boolean),
        Column("form", Text),
        new.index("offer_tickets_offer", "offer"),
    )


def _scopes(new: _Naming) -> Table:
    return new.table(
        "scopes",
        Column("name", Text, primary_key=True),
        Column("owner", String(300), nullable=False),
        Column("holder", String(36), nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("lease", Float(53), nullable=False),
        Column("updated", Float(53), nullable=False),
        Column("sweep", Integer),
        Column("progress", Text),
    )


def _sweeps(new: _Naming) -> Table:
    return new.table(
        "sweeps",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("run", Integer, nullable=False),
        Column("scope", Text, nullable=False),
        Column("catalog", Text),
        Column("after", Date),
        Column("before", Date),
        Column("state", String(12), nullable=False),
        Column("started_at", String(32), nullable=False),
        Column("ended_at", String(32)),
        Column("reason", Text),
        Column("added", Integer, nullable=False),
        Column("changed", Integer, nullable=False),
        Column("removed", Integer, nullable=False),
        Column("unchanged", Integer, nullable=False),
        Column("waiting", Integer, nullable=False),
        Column("quarantined", Integer, nullable=False),
        Column("kinds", Text, nullable=False),
        new.index("sweeps_scope", "scope"),
    )


def _pages(new: _Naming) -> Table:
    return new.table(
        "pages",
        Column("scope", Text, primary_key=True),
        Column("part", Text, primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("catalog", Text, nullable=False),
        Column("query", Text, nullable=False),
        Column("etag", Text),
        Column("modified", Text),
        Column("synced", Text),
        Column("read", Float(53), nullable=False),
        Column("content", String(32), nullable=False),
        Column("iris", Text, nullable=False),
        Column("digests", Text, nullable=False),
        Column("quick", Text, nullable=False),
        Column("places", Text),
        Column("envelope", Text, nullable=False),
        new.index("pages_catalog", "catalog"),
    )


def _changes(new: _Naming) -> Table:
    return new.table(
        "changes",
        Column("seq", _BIG, primary_key=True, autoincrement=False),
        Column("sweep", Integer, nullable=False),
        Column("op", String(8), nullable=False),
        Column("kind", String(16), nullable=False),
        Column("iri", Text, nullable=False),
        Column("catalog", Text, nullable=False),
        Column("parent", Text, nullable=False),
        Column("fields", Text, nullable=False),
        Column("before", Text),
        Column("after", Text),
        Column("at", String(32), nullable=False),
    )


def _periods(new: _Naming) -> Table:
    return new.table(
        "periods",
        Column("offer", Text, primary_key=True),
        Column("seq", _BIG, primary_key=True, autoincrement=False),
        Column("since", String(32), nullable=False),
        Column("until", String(32)),
        Column("price", Text),
        Column("price_minor", _BIG),
        Column("currency", String(8)),
        Column("available", _BIG),
    )


def _live(new: _Naming) -> Table:
    return new.table(
        "live",
        Column("offer", Text, primary_key=True),
        Column("at", String(32), nullable=False),
        Column("price", Text),
        Column("price_minor", _BIG),
        Column("currency", String(8)),
        Column("available", _BIG),
        Column("sessions", Text, nullable=False),
    )
