"""Changes of the sandbox's catalogue while it runs: ``sandbox.catalog``.

Each change takes effect at once and moves the catalogue's ``lastSyncedAt``. Holds and orders stay as they were.
"""

from __future__ import annotations

import random
import threading
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen

from korus.sandbox.catalogue import (
    Base,
    Catalog,
    Catalogue,
    Offer,
    Product,
    in_date_order,
    new_offer,
    sessions_of,
    tickets_of,
)
from korus.sandbox.ids import digest_of, last_segment, uuid7
from korus.sandbox.money import cents
from korus.sandbox.seed_data import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from korus.sandbox.boxoffice import BoxOffice
    from korus.sandbox.clock import Clock

__all__ = ["CatalogEditor", "Living"]

_Item = TypeVar("_Item", Base, Product, Offer)

_SECOND = timedelta(seconds=1)


@frozen
class _Watch:
    """An action that runs once, before a page of offers."""

    page: int
    action: Callable[[], object]


class CatalogEditor:
    """Changes what a sandbox sells; use it as ``sandbox.catalog``.

    Offers, products and bases are named by IRI or id. Every method may be called from any thread, and takes effect with
    the next answer.

    Example:
        >>> with Sandbox() as sandbox:
        ...     sandbox.catalog.reprice(offer.iri, "29.90")
        ...     sandbox.catalog.remove(other.iri)

    Args:
        catalogue: The sandbox's own catalogue.
        box_office: Where stock and real-time prices are.
        clock: The sandbox's clock.
    """

    def __init__(self, catalogue: Catalogue, box_office: BoxOffice, clock: Clock) -> None:
        self._catalogue = catalogue
        self._box_office = box_office
        self._clock = clock
        self._lock = threading.RLock()
        self._removed: dict[str, Offer] = {}
        self._watches: list[_Watch] = []
        self._made = 0

    # --- coming and going -----------------------------------------------------------------------------------

    def add(self, what: str, on: date | str | None = None, *, price: str | None = None) -> str:
        """Add an offer of a product on a day, or bring back an offer that was removed.

        Args:
            what: A product, or a removed offer.
            on: The day, for a product; None for an offer without a date.
            price: Its listed price, a decimal string; the product's own when None.

        Returns:
            The offer's IRI.

        Raises:
            KeyError: There is no such product, and no such removed offer.
        """
        with self._lock:
            key = last_segment(what)
            if key in self._removed:
                offer = self._removed.pop(key)
                offer = evolve(offer, product=self._product(offer.product.id))
            else:
                day = date.fromisoformat(on) if isinstance(on, str) else on
                offer = self._fresh(self._product(key), day)
            if price is not None:
                offer = evolve(offer, price=cents(price), moving_price=cents(price))
            members = list(self._catalogue.offers[offer.catalog.id])
            members.insert(_place(members, offer), offer)
            self._set_offers(offer.catalog, members)
            return offer.iri

    def _fresh(self, product: Product, day: date | None) -> Offer:
        """Build an offer of a day; further ones of the same day have other ids."""
        number = 0
        while True:
            offer = new_offer(self._catalogue.seed, product, day, number)
            if offer.id not in self._catalogue.offers_by_id:
                self._removed.pop(offer.id, None)
                return offer
            number += 1

    def add_product(self, base: str, name: str, *, price: str = "20.00", capacity: int | None = 100) -> str:
        """Add a product to a base, without offers.

        Args:
            base: The base.
            name: The product's name.
            price: The listed price of its offers.
            capacity: How many there are of each offer; None for no limit.

        Returns:
            The product's IRI.

        Raises:
            KeyError: There is no such base.
        """
        with self._lock:
            found = self._base(last_segment(base))
            self._made += 1
            like = found.plan.products[0]
            plan = evolve(
                like, code=f"added_{self._made}", name=Text(name, name), price=cents(price), capacity=capacity
            )
            product_id = uuid7(digest_of(self._catalogue.seed, "added", found.id, self._made))
            products = self._catalogue.products[found.catalog.id]
            product = Product(
                plan,
                found,
                found.catalog,
                product_id,
                f"{found.catalog.iri}/products/{product_id}",
                len(products),
            )
            self._products[found.catalog.id] = (*products, product)
            self._sync(found.catalog)
            return product.iri

    def remove(self, what: str) -> None:
        """Remove an offer, a product with its offers, or a base with its products.

        Raises:
            KeyError: There is no such thing.
        """
        with self._lock:
            key = last_segment(what)
            offer = self._catalogue.offers_by_id.get(key)
            if offer is not None:
                self._remove_offers(offer.catalog, lambda each: each is offer)
                return
            for catalog in self._catalogue.catalogs:
                if self._remove_below(catalog, key):
                    return
            raise KeyError(what)

    def _remove_below(self, catalog: Catalog, key: str) -> bool:
        """Remove a product or a base of a catalogue; return False if the catalogue does not have it."""
        products, bases = self._catalogue.products[catalog.id], self._catalogue.bases[catalog.id]
        gone = {each.id for each in products if key in {each.id, each.base.id}}
        if not gone and all(base.id != key for base in bases):
            return False
        self._products[catalog.id] = tuple(each for each in products if each.id not in gone)
        self._bases[catalog.id] = tuple(base for base in bases if base.id != key)
        self._remove_offers(catalog, lambda each: each.product.id in gone)
        return True

    def _remove_offers(self, catalog: Catalog, is_gone: Callable[[Offer], bool]) -> None:
        members = self._catalogue.offers[catalog.id]
        gone = [offer for offer in members if is_gone(offer)]
        self._removed |= {offer.id: offer for offer in gone}
        self._set_offers(catalog, [offer for offer in members if not is_gone(offer)])

    # --- changing -------------------------------------------------------------------------------------------

    def reprice(self, offer: str, amount: str) -> None:
        """Set the listed price of an offer, and with it the real-time one.

        Raises:
            KeyError: There is no such offer.
        """
        with self._lock:
            found = self._offer(offer)
            self._box_office.set_price(found.id, cents(amount))
            self._replace_offer(evolve(found, price=cents(amount), moving_price=cents(amount)))

    def restock(self, offer: str, available: int) -> None:
        """Set how many of an offer are left: 0 sells it out, more brings a sold-out day back.

        Raises:
            KeyError: There is no such offer.
        """
        with self._lock:
            found = self._offer(offer)
            for session in (session for ticket in tickets_of(found) for session in sessions_of(ticket)):
                self._box_office.set_stock(session.id, available)
            self._box_office.set_stock(found.id, available)
            self._sync(found.catalog)

    def disable(self, what: str, *, disabled: bool = True) -> None:
        """Disable a product or a base, or enable it again.

        Raises:
            KeyError: There is no such thing.
        """
        self._change_plan(what, disabled=disabled)

    def rename(self, what: str, name: str) -> None:
        """Rename a product or a base, in all languages.

        Raises:
            KeyError: There is no such thing.
        """
        self._change_plan(what, name=Text(name, name))

    def move(self, offer: str, *, to: date | str | None = None, place: int | None = None) -> None:
        """Move an offer to another day, or to another place in the list of its catalogue.

        Args:
            offer: The offer.
            to: The day.
            place: Its index in the unsorted list; the offers between move up or down, across pages.

        Raises:
            KeyError: There is no such offer.
        """
        with self._lock:
            found = self._offer(offer)
            moved = found
            if to is not None:
                moved = evolve(found, date=date.fromisoformat(to) if isinstance(to, str) else to)
            members = list(self._catalogue.offers[found.catalog.id])
            index = members.index(found)
            members[index] = moved
            if place is not None:
                members.insert(place, members.pop(index))
            self._set_offers(found.catalog, members)

    def _change_plan(self, what: str, **changes: Any) -> None:
        with self._lock:
            key = last_segment(what)
            for catalog, products in list(self._catalogue.products.items()):
                bases = self._catalogue.bases[catalog]
                new_bases = {
                    base.id: evolve(base, plan=evolve(base.plan, **changes))
                    for base in bases
                    if base.id == key
                }
                new_products = {
                    each.id: evolve(
                        each,
                        base=new_bases.get(each.base.id, each.base),
                        plan=evolve(each.plan, **changes) if each.id == key else each.plan,
                    )
                    for each in products
                    if key in {each.id, each.base.id}
                }
                if not new_bases and not new_products:
                    continue
                self._bases[catalog] = tuple(new_bases.get(base.id, base) for base in bases)
                self._products[catalog] = tuple(new_products.get(each.id, each) for each in products)
                offers = [
                    evolve(offer, product=new_products[offer.product.id])
                    if offer.product.id in new_products
                    else offer
                    for offer in self._catalogue.offers[catalog]
                ]
                self._set_offers(self._catalog(catalog), offers)
                return
            raise KeyError(what)

    def sync(self, catalog: str) -> None:
        """Move a catalogue's ``lastSyncedAt`` without any other change.

        Raises:
            KeyError: There is no such catalogue.
        """
        with self._lock:
            self._sync(self._catalog(last_segment(catalog)))

    # --- while it is read -----------------------------------------------------------------------------------

    def while_reading(self, action: Callable[[], object], *, page: int = 2) -> None:
        """Run an action once, just before a page of offers is answered, so that lists shift while they are read.

        Args:
            action: The action, such as ``lambda: sandbox.catalog.remove(iri)``.
            page: The number of the page.
        """
        with self._lock:
            self._watches.append(_Watch(page, action))

    def reading(self, page: int) -> None:
        """Run the actions that wait for a page of offers; called by the sandbox."""
        if not self._watches:
            return
        with self._lock:
            due = [watch for watch in self._watches if watch.page == page]
            self._watches = [watch for watch in self._watches if watch.page != page]
            for watch in due:
                watch.action()

    def change(self, chance: random.Random) -> str:
        """Make one random change, as `Living` does; return its description in one line.

        Half of the changes are to listed prices and to stock; offers come and go in equal shares.
        """
        with self._lock:
            catalog = chance.choice([each for each in self._catalogue.catalogs if each.plan.granted])
            offers = self._catalogue.offers[catalog.id]
            kind = chance.choices(_KINDS, _WEIGHTS)[0] if offers else "return"
            if kind == "return":
                gone = sorted(key for key, offer in self._removed.items() if offer.catalog is catalog)
                return f"add {self.add(chance.choice(gone))}" if gone else "nothing"
            offer = chance.choice(offers)
            if kind == "remove":
                self.remove(offer.id)
            elif kind == "reprice":
                self.reprice(
                    offer.id, f"{max(1, offer.price // 100 + chance.randint(-3, 3))}.{chance.choice(_ENDS)}"
                )
            elif kind == "restock":
                self.restock(offer.id, chance.choice((0, 1, 5, 40)))
            elif kind == "move":
                self.move(offer.id, place=chance.randrange(len(offers)))
            else:
                self.disable(offer.product.id, disabled=not offer.product.plan.disabled)
            return f"{kind} {offer.iri}"

    # --- the parts ------------------------------------------------------------------------------------------

    @property
    def _bases(self) -> dict[str, tuple[Base, ...]]:
        return _own(self._catalogue.bases)

    @property
    def _products(self) -> dict[str, tuple[Product, ...]]:
        return _own(self._catalogue.products)

    def _catalog(self, key: str) -> Catalog:
        found = self._catalogue.catalog(key)
        if found is None:
            raise KeyError(key)
        return found

    def _base(self, key: str) -> Base:
        return _one(self._catalogue.bases, key)

    def _product(self, key: str) -> Product:
        return _one(self._catalogue.products, key)

    def _offer(self, what: str) -> Offer:
        return self._catalogue.offers_by_id[last_segment(what)]

    def _replace_offer(self, offer: Offer) -> None:
        members = self._catalogue.offers[offer.catalog.id]
        self._set_offers(offer.catalog, [offer if each.id == offer.id else each for each in members])

    def _set_offers(self, catalog: Catalog, members: Sequence[Offer]) -> None:
        before = self._catalogue.offers[catalog.id]
        by_id = self._catalogue.offers_by_id
        # an offer that stays can be looked up by id at any time
        _own(by_id).update({offer.id: offer for offer in members})
        _own(self._catalogue.offers)[catalog.id] = tuple(members)
        _own(self._catalogue.by_date)[catalog.id] = in_date_order(members)
        kept = {offer.id for offer in members}
        for offer in before:
            if offer.id not in kept:
                _own(by_id).pop(offer.id, None)
        self._sync(catalog)

    def _sync(self, catalog: Catalog) -> None:
        """Move ``lastSyncedAt`` by at least a second, the resolution of ``Last-Modified``."""
        synced = _own(self._catalogue.synced)
        now = self._clock.now().astimezone(UTC).replace(microsecond=0)
        synced[catalog.id] = max(now, synced[catalog.id] + _SECOND)


_KINDS = ("reprice", "restock", "remove", "return", "move", "disable")
_WEIGHTS = (25, 25, 15, 15, 15, 5)
_ENDS = ("00", "50", "90")

_Value = TypeVar("_Value")


def _own(mapping: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return a part of the sandbox's own catalogue for changes: a dict since `Catalogue.own`."""
    if not isinstance(mapping, dict):
        raise TypeError("a shared catalogue cannot be changed")
    return mapping


def _one(things: Mapping[str, tuple[_Item, ...]], key: str) -> _Item:
    for members in things.values():
        for each in members:
            if each.id == key:
                return each
    raise KeyError(key)


def _place(members: Sequence[Offer], offer: Offer) -> int:
    """Return the index of an offer among those of its product, by date."""
    key = (offer.product.position, offer.date or date.min)
    return sum((each.product.position, each.date or date.min) <= key for each in members)


class Living:
    """A thread that makes random changes to a catalogue.

    Args:
        editor: The catalogue's editor.
        rate: Changes per second.
        seed: The seed of the changes.
    """

    def __init__(self, editor: CatalogEditor, rate: float, seed: int) -> None:
        self._editor = editor
        self.rate = rate
        self._chance = random.Random(f"living {seed}")  # noqa: S311 - chance, not a secret
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.made = 0

    def start(self) -> None:
        """Start, unless it runs or the rate is 0."""
        if self.rate > 0 and self._thread is None:
            self._ended.clear()
            self._thread = threading.Thread(target=self._run, name="korus-sandbox-living", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the current change."""
        if self._thread is not None:
            self._ended.set()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._ended.wait(1 / self.rate):
            self._editor.change(self._chance)
            self.made += 1
