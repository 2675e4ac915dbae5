"""An API behind a gateway's prefix, sync and async: whether its IRIs have the prefix or not, everything fits."""

import httpx
import pytest

from korus.iri import InvalidIri

PREFIX = "/gateway"


class Gateway(httpx.MockTransport):
    """Passes requests below the prefix on to the sandbox; its answers' IRIs get the prefix where that is wanted."""

    def __init__(self, *, prefixed):
        self.prefixed = prefixed
        self.bodies = []
        self.inner = httpx.Client()
        super().__init__(self.answer)

    def answer(self, request):
        path = request.url.raw_path.decode()
        self.bodies.append(request.content)
        answer = self.inner.request(
            request.method,
            str(request.url).replace(path, path.removeprefix(PREFIX)),
            content=request.content,
            headers={
                name: value
                for name, value in request.headers.items()
                if name in {"authorization", "content-type", "accept"}
            },
        )
        content = answer.content
        if self.prefixed and path.startswith(PREFIX):
            for root in (b"/v1/", b"/.well-known/genid/"):
                content = content.replace(b'"' + root, b'"' + PREFIX.encode() + root)
        return httpx.Response(
            answer.status_code, content=content, headers={"content-type": answer.headers["content-type"]}
        )


@pytest.fixture(params=[True, False], ids=["prefixed", "bare"])
def gateway(request):
    made = Gateway(prefixed=request.param)
    yield made
    made.inner.close()


@pytest.fixture
def korus(front, gateway):
    return front.client(base_url=f"{front.sandbox.base_url}{PREFIX}", transport=gateway)


def test_a_booking_goes_through_to_its_documents(front, gateway, korus, tmp_path):
    (offer,) = front.offers(1)
    booking = korus.reservations.bulk()
    booking.add(offer.iri)
    booking.add(f"{PREFIX}{offer.iri}", quantity=2)
    booking.add(f"{front.sandbox.base_url}{PREFIX}{offer.iri}", quantity=3)
    booking.add({**offer.to_dict(), "@id": f"{PREFIX}{offer.iri}"}, quantity=4)
    held = booking.submit()
    assert held.ok
    assert all(reservation.iri.startswith("/v1/") for reservation in held.succeeded)
    reservation, *others = held.succeeded
    placed = korus.orders.create(
        [f"{PREFIX}{reservation.iri}", *others], customer=front.customer, external_reference="SHOP-1"
    )
    assert placed.ok
    assert len(front.sandbox.inspect.orders) == 4
    order = placed.succeeded[0]
    assert korus.orders.get(f"{PREFIX}{order.iri}").iri == order.iri
    listed = [found.iri for found in korus.orders.list(external_reference="SHOP-1", page_size=1)]
    assert sorted(listed) == sorted(found.iri for found in placed.succeeded)
    front.sandbox.clock.advance(10)
    assert korus.documents.download(f"{PREFIX}{order.iri}", to=tmp_path)
    assert not any(PREFIX.encode() in body for body in gateway.bodies)


def test_a_lost_answer_is_found_again(front, korus):
    (offer,) = front.offers(1)
    booking = korus.reservations.bulk()
    booking.add(offer.iri)
    held = booking.submit()
    front.sandbox.faults.add("status", operation="bulk_create_orders", status=504, done=True, count=1)
    placed = korus.orders.create(held, customer=front.customer, external_reference="SHOP-2")
    assert placed.ok
    assert len(front.sandbox.inspect.orders) == 1


def test_the_iri_of_something_else_is_refused_all_the_same(korus):
    with pytest.raises(InvalidIri):
        korus.orders.get("/other/v1/booking/orders/o")
