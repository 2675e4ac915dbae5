# Written by `python -m scripts.sync` from korus/_async/booking/offer_facts.py; edit that file instead.
"""Cache of offer, ticket and form facts, shared by clients that `with_options` makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from korus._booking.offer_facts import Knowledge
    from korus._core.config import Config
    from korus._primitives.clock import Clock

__all__ = ["OfferFacts"]

# catalogue facts may be cached for a day (reference 1.9); their price is never used
_KEPT_SECONDS = 900.0
_MOST_KEPT = 20_000


class OfferFacts:
    """Facts of one account's catalogues, at most a quarter of an hour old.

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
        """Return the facts of another configuration: these, if the account is the same."""
        mine = self._config
        same = mine.base_url == config.base_url and mine.client_id == config.client_id
        return self if same else OfferFacts(config, self._clock)

    @property
    def known(self) -> Knowledge:
        """The facts; cleared when they are too old or too many."""
        known, now = self._known, self._clock.monotonic()
        if (
            known is None
            or now - self._since > _KEPT_SECONDS
            or len(known.offers) + len(known.tickets) > _MOST_KEPT
        ):
            # imported here, since a client that only reads needs none of it
            from korus._booking.offer_facts import Knowledge

            known = self._known = Knowledge()
            self._since = now
        return known
