"""The shop's web application, tested through its own framework: the browser is simulated, the box office recorded."""

import anyio
import httpx
import pytest
from shop import Shop
from web import application


@pytest.fixture
def visit(korus, tmp_path):
    """Answers of the shop's application, which runs in the test, to a browser."""
    with korus.with_options(journal=str(tmp_path / "journal.db")) as client:
        app = application(Shop(client, {}.__setitem__))

        async def ask(method, path, json):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as browser:
                return await browser.request(method, path, json=json)

        yield lambda method, path, json=None: anyio.run(ask, method, path, json)


@pytest.mark.korus_cassette(purpose="A visitor looks at the window and buys a ticket on the web.")
def test_a_visitor_buys_a_ticket_on_the_web(visit, korus_cassette):
    assert len(visit("GET", "/").json()) == 3
    ada = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com", "number": "WEB-2001"}
    bought = visit("POST", "/purchases", ada)
    assert bought.status_code == 201
    # the name comes from the shop's own page, which no cassette answers
    assert bought.json()["for"] == "Lovelace"
    assert float(bought.json()["order"]) > 0


@pytest.mark.korus_cassette(purpose="A view asks the box office and then fails by itself.")
def test_a_view_that_raises_is_not_hidden_by_the_cassette(visit, korus_cassette):
    with pytest.raises(KeyError):
        visit("POST", "/purchases", {"firstname": "Ada"})
