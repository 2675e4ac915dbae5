# Written by `python -m scripts.sync` from korus/_async/booking/offer_facts.py; edit that file instead.
"""Offers, tickets and forms that a client knows; clients made by `with_options` share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from korus._booking.offer_facts import Knowledge
    from korus._core.config import Config
    from korus._primitives.clock import Clock

__all__ = ["OfferFacts"]

# catalogue facts may be kept for a day (reference 1.9); the price in them is never trusted
_KEPT_SECONDS = 900.0
_MOST_KEPT = 20_000


class OfferFacts:
    """Facts of one account's catalogues, not older than a quarter of an hour.

    Args:
        config: The client's configuration.
        clock: The clocks.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._known: Knowledge | None = None
        self._since = 0.0

    def with_config(self, config: Config) -> OfferFacts:
        """Return the facts of another configuration: these, if it is of the same account."""
        mine = self._config
        same = mine.base_url == config.base_url and mine.client_id == config.client_id
        return self if same else OfferFacts(config, self._clock)

    @property
    def known(self) -> Knowledge:
        """The facts; emptied when they are too old or too many."""
        known, now = self._known, self._clock.monotonic()
        if (
            known is None
            or now - self._since > _KEPT_SECONDS
            or len(known.offers) + len(known.tickets) > _MOST_KEPT
        ):
            # a client that only reads needs nothing of what booking needs
            from korus._booking.offer_facts import Knowledge

            known = self._known = Knowledge()
            self._since = now
        return known
