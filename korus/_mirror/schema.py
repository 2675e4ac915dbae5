"""The tables of a mirror, under a prefix or in a schema of the user's choice.

What is asked for has a column of its own; the whole object is JSON in ``bodies``, so that a field that the API adds
needs no migration. Times are text in UTC, as ISO 8601 writes them.
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

SCHEMA_VERSION: Final = 2
"""The version of the tables; a mirror written by a later korus is refused."""

DEFAULT_PREFIX: Final = "korus_mirror_"

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,29}", re.ASCII)
_BIG: Final = BigInteger().with_variant(Integer(), "sqlite")


@frozen
class Tables:
    """All tables of a mirror."""

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
        prefix: What their names begin with; may be empty where there is a schema.
        schema: The schema that they are in, on PostgreSQL.

    Raises:
        ConfigurationError: These are no names.
    """
    if not _NAME.fullmatch(prefix) and not (prefix == "" and schema is not None):
        raise ConfigurationError(
            "`prefix` must be at most 30 letters, digits and underscores, and not begin with a digit."
        )
    if schema is not None and not _NAME.fullmatch(schema):
        raise ConfigurationError(
            "`schema` must be at most 30 letters, digits and underscores, and not begin with a digit."
        )
    metadata = MetaData(schema=schema)

    def table(name: str, *columns: Any) -> Table:
        return Table(f"{prefix}{name}", metadata, *columns)

    def index(name: str, *columns: str) -> Index:
        return Index(f"{prefix}{name}", *columns)

    def thing(name: str, *columns: Any) -> Table:
        return table(
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
            # the first sweep that did not see it, of those since it was seen; below zero one in quarantine
            Column("missing", Integer),
        )

    return Tables(
        metadata=metadata,
        things={
            "catalog": thing(
                "catalogs", Column("name", Text), Column("created_at", Text), Column("last_synced_at", Text)
            ),
            "product_base": thing(
                "product_bases",
                Column("name", Text),
                Column("disabled", Boolean),
                Column("use_session", Boolean),
                Column("timezone", Text),
                Column("universe", Text),
                index("product_bases_catalog", "catalog"),
            ),
            "option": thing(
                "options",
                Column("code", Text),
                Column("label", Text),
                index("options_parent", "parent"),
                index("options_catalog", "catalog"),
            ),
            "option_value": thing(
                "option_values",
                Column("code", Text),
                Column("label", Text),
                Column("value", Text),
                index("option_values_parent", "parent"),
                index("option_values_catalog", "catalog"),
            ),
            "product": thing(
                "products",
                Column("name", Text),
                Column("disabled", Boolean),
                index("products_parent", "parent"),
                index("products_catalog", "catalog"),
            ),
            "offer": thing(
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
                index("offers_product", "product", "date"),
                index("offers_catalog", "catalog", "date"),
            ),
            "session": thing(
                "sessions",
                Column("starts_at", String(32)),
                Column("starts_local", Text),
                Column("zone", Text),
                Column("available", _BIG),
                index("sessions_parent", "parent"),
                index("sessions_catalog", "catalog"),
            ),
        },
        meta=table(
            "meta", Column("name", String(40), primary_key=True), Column("value", String(200), nullable=False)
        ),
        bodies=table("bodies", Column("iri", Text, primary_key=True), Column("body", Text, nullable=False)),
        offer_tickets=table(
            "offer_tickets",
            Column("iri", Text, primary_key=True),
            Column("catalog", Text, nullable=False),
            Column("offer", Text, nullable=False),
            Column("place", Integer, nullable=False),
            Column("id", Text),
            Column("name", Text),
            Column("date_access", Boolean),
            Column("form", Text),
            index("offer_tickets_offer", "offer"),
        ),
        scopes=table(
            "scopes",
            Column("name", Text, primary_key=True),
            Column("owner", String(300), nullable=False),
            Column("holder", String(36), nullable=False),
            Column("epoch", Integer, nullable=False),
            Column("lease", Float(53), nullable=False),
            Column("updated", Float(53), nullable=False),
            Column("sweep", Integer),
            Column("progress", Text),
        ),
        sweeps=table(
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
            index("sweeps_scope", "scope"),
        ),
        pages=table(
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
            Column("envelope", Text, nullable=False),
            index("pages_catalog", "catalog"),
        ),
        changes=table(
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
            index("changes_iri", "iri"),
        ),
        periods=table(
            "periods",
            Column("offer", Text, primary_key=True),
            Column("seq", _BIG, primary_key=True, autoincrement=False),
            Column("since", String(32), nullable=False),
            Column("until", String(32)),
            Column("price", Text),
            Column("price_minor", _BIG),
            Column("currency", String(8)),
            Column("available", _BIG),
        ),
        live=table(
            "live",
            Column("offer", Text, primary_key=True),
            Column("at", String(32), nullable=False),
            Column("price", Text),
            Column("price_minor", _BIG),
            Column("currency", String(8)),
            Column("available", _BIG),
            Column("sessions", Text, nullable=False),
        ),
        consumers=table(
            "consumers",
            Column("name", String(200), primary_key=True),
            Column("seq", _BIG, nullable=False),
            Column("updated_at", String(32), nullable=False),
        ),
    )
