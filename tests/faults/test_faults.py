"""A short campaign of bookings while everything goes wrong; ``make faults`` runs long ones."""

import json
import signal
import time

import httpx
import pytest

from korus import Korus
from korus.errors import NotFound
from korus.sandbox import Sandbox
from scripts.faults.__main__ import main
from scripts.faults.booker import Notes
from scripts.faults.campaign import Campaign, Result, late_requests, run
from scripts.faults.proxy import Proxy

# by name, as the table and the last line have them
DISTURBANCES = {
    "process killed (SIGKILL)",
    "process interrupted (SIGINT)",
    "process terminated (SIGTERM)",
    "process suspended beyond its lease (SIGSTOP)",
    "outage (connections refused)",
    "child forked from a used client",
    "two runs of korus book at once",
    "gateway 404",
    "lagging read",
}


def test_few_bookings_are_neither_lost_nor_doubled() -> None:
    result = run(Campaign(seed=12, bookings=6, commands=0, processes=1, workers=4, most_seconds=100))
    assert result.details == ()
    assert (result.duplicates, result.lost, result.unknown, result.late) == (0, 0, 0, 0)
    assert result.asked == result.ordered + result.refused == 6
    assert result.kinds


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_no_booking_is_lost_or_duplicated():
    campaign = Campaign(seed=11, bookings=70, commands=1, workers=4, pauses=(5, 11), most_seconds=400)
    result = run(campaign)
    assert result.details == ()
    assert (result.duplicates, result.lost, result.unknown, result.late) == (0, 0, 0, 0)
    assert result.asked == result.ordered + result.refused == 71
    # it proves something only if something went wrong
    assert {kind for kind in DISTURBANCES if not result.kinds.get(kind)} == set()
    assert sum(count for kind, count in result.kinds.items() if kind.startswith("API: ")) > 50
    assert result.replays > 25


def result(**more):
    counts = ("asked", "lines", "ordered", "refused", "orders", "duplicates", "lost", "unknown", "late")
    usual = dict.fromkeys((*counts, "spare_holds", "tokens", "replays", "requests"), 0)
    return Result(**{**usual, "seconds": 1.5, **more})


@pytest.mark.parametrize("fault", ["duplicates", "lost", "unknown", "late"])
def test_one_booking_lost_doubled_late_or_unknown_fails_the_campaign(monkeypatch, capsys, fault):
    monkeypatch.setattr("scripts.faults.__main__.run", lambda campaign: result(**{fault: campaign.seed}))
    assert main(["--seed", "0"]) == 0
    assert main(["--seed", "0", "1"]) == 1
    table = capsys.readouterr().out.strip().split("\n\n")[-2]
    assert table.splitlines()[0].split() == ["seed", "0", "1"]


def test_each_kind_is_in_the_table_and_in_the_last_line(monkeypatch, capsys):
    found = result(kinds={"gateway 404": 3}, details=("ordered twice: A",))
    monkeypatch.setattr("scripts.faults.__main__.run", lambda _: found)
    main(["--seed", "7"])
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in printed if line.startswith("gateway 404 ")] == ["3"]
    assert "seed 7: ordered twice: A" in printed
    last = json.loads(printed[-1])["campaigns"]["7"]
    assert (last["kinds"], last["duplicates"], last["seconds"]) == ({"gateway 404": 3}, 0, 1.5)


def test_request_that_begins_after_an_interrupt_is_counted(tmp_path):
    signals, requests = Notes(tmp_path / "signals-0"), Notes(tmp_path / "requests-0")
    signals.write({"pid": 1, "at": 10.0, "signal": signal.SIGINT, "stopsAll": True})
    signals.write({"pid": 2, "at": 10.0, "signal": signal.SIGINT, "stopsAll": False})
    for pid, at in [(1, 9.0), (1, 10.01), (1, 11.0), (2, 11.0), (3, 11.0)]:
        requests.write({"pid": pid, "at": at})
    assert late_requests(tmp_path) == 1


def test_notes_read_on_after_a_line_that_a_kill_cut_off(tmp_path):
    Notes(tmp_path / "notes").write({"line": 1})
    with (tmp_path / "notes").open("a", encoding="utf-8") as file:
        file.write('{"line": 2')
    Notes(tmp_path / "notes").write({"line": 3})
    assert list(Notes.read(tmp_path / "notes")) == [{"line": 1}, {"line": 3}]


class TestProxy:
    @pytest.fixture
    def sandbox(self):
        with Sandbox(seed=3, offers=50) as running:
            yield running

    @pytest.fixture
    def proxy(self, sandbox):
        with Proxy(sandbox, seed=1, severity=1.0) as running:
            yield running

    @pytest.fixture
    def client(self, sandbox, proxy):
        token_url = sandbox.token_url.replace(sandbox.base_url, proxy.base_url)
        with Korus(**sandbox.credentials, base_url=proxy.base_url, token_url=token_url) as korus:
            yield korus

    @pytest.fixture
    def held(self, client):
        catalog = next(each for each in client.catalogs.list() if "Museum" in each.name)
        offer = next(
            offer
            for offer in client.offers.list(catalog)
            if all(ticket.date_access and not getattr(ticket, "form", None) for ticket in offer.tickets)
        )
        booking = client.reservations.bulk()
        booking.add(offer)
        return booking.submit().succeeded

    @pytest.fixture
    def customer(self):
        return {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org"}

    def test_order_is_hidden_for_a_while_by_all_reads(self, client, proxy, held, customer, monkeypatch):
        monkeypatch.setattr(proxy, "_lag", lambda _: 0.5)
        monkeypatch.setattr(proxy, "_strikes", lambda _: False)
        proxy.calm = False
        order = client.orders.create(held, customer=customer, external_reference="A").succeeded[0]
        assert list(client.orders.list(external_reference="A")) == []
        assert client.reservations.get(held[0]).order is None
        with pytest.raises(NotFound):
            client.orders.get(order)
        time.sleep(0.6)
        assert [each.iri for each in client.orders.list(external_reference="A")] == [order.iri]
        assert client.reservations.get(held[0]).order == order.iri
        assert client.orders.get(order).iri == order.iri
        assert proxy.struck["lagging read"] == 3

    def test_repeated_request_is_answered_by_its_second_try(self, client, proxy, held, customer, monkeypatch):
        monkeypatch.setattr(proxy, "_strikes", lambda probability: probability == 0.03)
        proxy.calm = False
        outcome = client.orders.create(held, customer=customer, external_reference="A")
        assert proxy.struck["request repeated by the proxy"] == 1
        assert [order.iri for order in client.orders.list(external_reference="A")] == [
            outcome.succeeded[0].iri
        ]
        assert outcome.lines[0].adopted  # the answer to the second try was a refusal

    def test_gateway_answers_404_with_a_page(self, client, proxy, held, monkeypatch):
        monkeypatch.setattr(proxy, "_strikes", lambda probability: probability == 0.01)
        proxy.calm = False
        with pytest.raises(NotFound) as refused:
            client.reservations.get(held[0])
        assert refused.value.problem is None or not isinstance(refused.value.problem.raw, dict)

    def test_connections_are_refused_for_a_while(self, proxy):
        with httpx.Client(verify=False) as client:  # noqa: S501 (no TLS here, and quick to make)
            proxy.refuse(1.5)
            with pytest.raises(httpx.ConnectError):
                client.get(proxy.base_url)
            time.sleep(1.6)
            assert client.get(proxy.base_url).status_code < 500
