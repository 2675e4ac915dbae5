"""Session of a client: the parts that its resources and bookings share. They take this instead of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from korus._async.booking.intent_log import AsyncBookingLog
from korus._async.booking.offer_facts import AsyncOfferFacts
from korus._async.http.transport import AsyncTransport
from korus._primitives.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from korus._async.booking.driver import AsyncDriver
    from korus._async.http.pool import AsyncPool
    from korus._core.config import Config

__all__ = ["AsyncSession"]


@frozen(eq=False, repr=False)
class AsyncSession:
    """Shared parts of a client.

    Attributes:
        transport: The transport for requests.
        intent_log: The log of bookings in flight, shared by clients that `with_options` makes.
        offer_facts: The known facts about offers, shared in the same way.
    """

    transport: AsyncTransport
    intent_log: AsyncBookingLog
    offer_facts: AsyncOfferFacts

    @classmethod
    def open(cls, config: Config, pool: AsyncPool, clock: Clock = SYSTEM_CLOCK) -> AsyncSession:
        """Build a new session.

        Raises:
            ConfigurationError: The journal or the cache cannot be used.
        """
        transport = AsyncTransport(config, pool, clock=clock)
        return cls(transport, AsyncBookingLog(config), AsyncOfferFacts(config, clock))

    def with_config(self, config: Config) -> AsyncSession:
        """Return the session of another configuration, which shares all parts that fit it."""
        return AsyncSession(
            self.transport.with_config(config),
            self.intent_log.with_config(config),
            self.offer_facts.with_config(config),
        )

    @property
    def config(self) -> Config:
        """The client's configuration."""
        return self.transport.config

    @property
    def driver(self) -> AsyncDriver:
        """The driver of the booking protocol."""
        from korus._async.booking.driver import AsyncDriver

        return AsyncDriver(self.transport, self.intent_log)

    @property
    def name(self) -> str:
        """Fields of a repr: the API's address, and the language if one is set."""
        config = self.config
        return f"{config.base_url} in {config.language}" if config.language else config.base_url
