"""The shop as all workers share it: its tables in PostgreSQL, and a client with a journal and a cache in common.

The client's settings come from ``KORUS_*``, those of the shop from ``SHOP_*``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, MutableSet
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import insert as insert_once

from examples.shop.shop import Shop
from korus import Korus, RetryPolicy

if TYPE_CHECKING:
    from sqlalchemy import Engine

_METADATA = MetaData()
_WAITING = Table("waiting", _METADATA, Column("number", String(50), primary_key=True))
_MAILS = Table(
    "mails",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("number", String(50), nullable=False),
    Column("text", Text, nullable=False),
)


class Tables:
    """The tables; a connection is opened when it is needed."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, pool_size=2, max_overflow=8, pool_pre_ping=True)
        self.waiting = Waiting(self._engine)

    def create(self) -> None:
        _METADATA.create_all(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def mail(self, number: str, text: str) -> None:
        """Send a mail: here, a row of a table."""
        with self._engine.begin() as connection:
            connection.execute(insert(_MAILS).values(number=number, text=text))

    def mails(self) -> list[tuple[str, str]]:
        with self._engine.connect() as connection:
            found = connection.execute(select(_MAILS.c.number, _MAILS.c.text).order_by(_MAILS.c.id))
            return [(number, text) for number, text in found]


class Waiting(MutableSet[str]):
    """The numbers of purchases whose outcome is not known, as `Shop.waiting` wants them: a set that is a table."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, value: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert_once(_WAITING).values(number=value).on_conflict_do_nothing())

    def discard(self, value: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(_WAITING).where(_WAITING.c.number == value))

    def __iter__(self) -> Iterator[str]:
        with self._engine.connect() as connection:
            return iter(list(connection.execute(select(_WAITING.c.number)).scalars()))

    def __contains__(self, value: object) -> bool:
        return value in list(self)

    def __len__(self) -> int:
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(_WAITING)).scalar_one()


def open_shop() -> tuple[Shop, Tables]:
    """Return the shop and its tables; both may be used before a fork, and in the children too."""
    logging.getLogger("korus").setLevel(logging.ERROR)  # the faults that it warns of are made on purpose
    tables = Tables(os.environ["SHOP_DATABASE"])
    holds_last = timedelta(seconds=float(os.environ["SHOP_HOLDS_LAST"]))
    retry = RetryPolicy(attempts=4, first_wait=0.1, settle=0.5)
    korus = Korus.from_env(cache=os.environ["SHOP_CACHE"], timeout=20, retry=retry)
    return Shop(korus, tables.mail, tables.waiting, holds_last=holds_last), tables
