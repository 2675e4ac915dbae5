# Written by `python -m scripts.sync` from korus/_async/booking/session.py; edit that file instead.
"""Session of a client: the parts that its resources and bookings share. They take this instead of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from korus._primitives.clock import SYSTEM_CLOCK, Clock
from korus._sync.booking.intent_log import BookingLog
from korus._sync.booking.offer_facts import OfferFacts
from korus._sync.http.transport import Transport

if TYPE_CHECKING:
    from korus._core.config import Config
    from korus._sync.booking.driver import Driver
    from korus._sync.http.pool import Pool

__all__ = ["Session"]


@frozen(eq=False, repr=False)
class Session:
    """Shared parts of a client.

    Attributes:
        transport: The transport for requests.
        intent_log: The log of bookings in flight, shared by clients that `with_options` makes.
        offer_facts: The known facts about offers, shared in the same way.
    """

    transport: Transport
    intent_log: BookingLog
    offer_facts: OfferFacts

    @classmethod
    def open(cls, config: Config, pool: Pool, clock: Clock = SYSTEM_CLOCK) -> Session:
        """Build a new session.

        Raises:
            ConfigurationError: The journal or the cache cannot be used.
        """
        transport = Transport(config, pool, clock=clock)
        return cls(transport, BookingLog(config), OfferFacts(config, clock))

    def with_config(self, config: Config) -> Session:
        """Return the session of another configuration, which shares all parts that fit it."""
        return Session(
            self.transport.with_config(config),
            self.intent_log.with_config(config),
            self.offer_facts.with_config(config),
        )

    @property
    def config(self) -> Config:
        """The client's configuration."""
        return self.transport.config

    @property
    def driver(self) -> Driver:
        """The driver of the booking protocol."""
        from korus._sync.booking.driver import Driver

        return Driver(self.transport, self.intent_log)

    @property
    def name(self) -> str:
        """Fields of a repr: the API's address, and the language if one is set."""
        config = self.config
        return f"{config.base_url} in {config.language}" if config.language else config.base_url
