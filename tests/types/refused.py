"""Calls that a type checker refuses: an error is expected on each line that ends in ``# refused``, on no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus import AsyncKorus, Korus

if TYPE_CHECKING:
    from korus.models import Offer, OfferTicketSession


def refused(korus: Korus, offer: Offer, session: OfferTicketSession) -> None:
    booking = korus.reservations.bulk()
    booking.add(None)  # refused
    booking.add(3.14)  # refused
    booking.add(session)  # refused
    booking.add(offer, "2")  # refused
    booking.add(offer, 2, {"t": session})  # refused
    booking.add(offer, sessions={3.14: session})  # refused
    booking.add(offer, sessions={"t": 3.14})  # refused
    booking.add(offer, answers={"t": 7})  # refused
    booking.add(offer, catalog=3.14)  # refused
    booking.add(offer, price=1.5)  # refused
    booking.add(offer, time_zone=7)  # refused
    korus.reservations.bulk(catalog=3.14)  # refused
    korus.reservations.bulk(time_zone=3.14)  # refused
    korus.offers.list(None)  # refused
    korus.offers.price(session)  # refused
    korus.orders.create(None, customer={}, external_reference="R")  # refused
    korus.catalogs.list(sort="up")  # refused
    korus.catalogs.list().total + 1  # refused
    Korus(client_id=7)  # refused
    Korus.from_env(colour="red")  # refused


async def refused_async(korus: AsyncKorus, offer: Offer) -> None:
    booking = korus.reservations.bulk()
    booking.add(None)  # refused
    booking.add(offer, 2, {})  # refused
    korus.reservations.bulk(catalog=3.14)  # refused
