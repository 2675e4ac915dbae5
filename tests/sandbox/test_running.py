"""Starting and stopping the sandbox, its pages, and its command."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from shopping import PLAIN

from korus.cli.sandbox import export_lines
from korus.sandbox import Sandbox

if TYPE_CHECKING:
    from shopping import Shop

ROOT = Path(__file__).parents[2]


def started(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "korus.cli", "sandbox", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def variables(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    return dict(re.fullmatch(r"export (\w+)=(\S+)\n", line).groups() for line in lines)  # type: ignore[union-attr] # asserted by use


def test_it_says_how_to_use_it_and_stops_when_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.env"
    with started("--environment-file", str(file), "--seed", "9", "--offers", "300") as process:
        given = variables(process)
        assert list(given) == ["KORUS_CLIENT_ID", "KORUS_CLIENT_SECRET", "KORUS_BASE_URL", "KORUS_TOKEN_URL"]
        assert PLAIN.get(f"{given['KORUS_BASE_URL']}/").status_code == 200
        form = {
            "grant_type": "client_credentials",
            "client_id": given["KORUS_CLIENT_ID"],
            "client_secret": given["KORUS_CLIENT_SECRET"],
        }
        assert PLAIN.post(given["KORUS_TOKEN_URL"], data=form).status_code == 200
        assert file.read_text() == export_lines(given)
        assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o600
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "not the real one" in said
    assert "Warning" not in said
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_one_message(sandbox: Sandbox) -> None:
    port = httpx.URL(sandbox.base_url).port
    with started("--port", str(port)) as process:
        out, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert out == ""
    assert said.startswith(f"korus: cannot listen on 127.0.0.1 port {port}")
    assert "Traceback" not in said


def test_a_file_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "sandbox.env"
    command = [sys.executable, "-m", "korus.cli", "sandbox", "--environment-file", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"korus: cannot write {file}: No such file or directory\n"


def test_binding_more_than_loopback_is_warned_about() -> None:
    with started("--host", "0.0.0.0", "--offers", "10") as process:  # noqa: S104 - that is the point
        given = variables(process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Warning: bound to 0.0.0.0" in said
    assert given["KORUS_BASE_URL"].startswith("http://127.0.0.1:")


def test_two_sandboxes_run_side_by_side_and_stop_at_once() -> None:
    with Sandbox(seed=1) as one, Sandbox(seed=2) as other:
        addresses = one.base_url, other.base_url
        assert len({*addresses, one.storage_url, other.storage_url}) == 4
        assert all(PLAIN.get(f"{address}/").status_code == 200 for address in addresses)
    for address in addresses:
        with pytest.raises(httpx.ConnectError):
            PLAIN.get(f"{address}/")


def test_what_was_booked_outlives_a_restart(shop: Shop, sandbox: Sandbox) -> None:
    order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
    sandbox.stop()
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.base_url
    sandbox.start()
    shop.http.base_url = sandbox.base_url
    assert shop.get(order["@id"]).status_code == 200


def test_a_request_that_is_being_answered_does_not_keep_it_from_stopping() -> None:
    sandbox = Sandbox(latency=30).start()
    with pytest.raises(httpx.ReadTimeout):
        PLAIN.post(sandbox.token_url, data={}, timeout=0.2)
    sandbox.stop()
    sandbox.stop()


def test_importing_korus_does_not_import_the_sandbox() -> None:
    code = (
        "import korus, sys; print([name for name in sys.modules if 'sandbox' in name or 'starlette' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_a_missing_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['segno'] = None\n"
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'segno' else found(name, *rest)\n"
        "try:\n    import korus.sandbox\nexcept ModuleNotFoundError as error:\n    print(error.name, '|', error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "segno | korus.sandbox needs segno: pip install 'korus-sdk[sandbox]'"


def links(page: str) -> list[str]:
    return re.findall(r"href=['\"]([^'\"]+)['\"]", page)


def test_the_front_page_says_what_it_is_and_leads_on(sandbox: Sandbox) -> None:
    page = PLAIN.get(f"{sandbox.base_url}/").text
    assert "This is not the API" in page
    assert f"export KORUS_BASE_URL={sandbox.base_url}" in page
    for name in (
        "Lantern Park",
        "Vega Stadium",
        "Museum of Quiet Things",
        "Lantern workshop",
        "workshop_details",
    ):
        assert name in page
    assert "Harbour Aquarium" not in page
    assert "prefers-color-scheme: dark" in page
    assert len(links(page)) >= 8
    for link in links(page):
        assert PLAIN.get(f"{sandbox.base_url}{link}").status_code == 200, link


def test_a_catalogues_page_lists_products_and_what_is_left(shop: Shop, sandbox: Sandbox) -> None:
    page = PLAIN.get(f"{sandbox.base_url}/_sandbox/{shop.catalog().split('/ticketing/')[1]}").text
    assert "Lantern Park, one day, adult" in page
    found = links(page)
    days = [link for link in found if link.endswith("/availability")]
    assert len(days) > 100
    answer = PLAIN.get(f"{sandbox.base_url}{days[0]}").json()
    api = shop.get(days[0].removeprefix("/_sandbox/answer")).json()
    assert answer == api


def test_pages_of_what_is_not_there_are_not_found(sandbox: Sandbox) -> None:
    closed = sandbox.catalogue.catalogs[-1]
    for path in (f"catalogs/{closed.id}", "catalogs/x", "answer/v1/nothing", f"answer{closed.iri}"):
        assert PLAIN.get(f"{sandbox.base_url}/_sandbox/{path}").status_code == 404, path
    assert PLAIN.get(f"{sandbox.base_url}/_sandbox/answer{closed.iri}/offers").status_code == 403


def test_answers_without_a_token_are_for_this_machine_only(sandbox: Sandbox) -> None:
    address = f"{sandbox.base_url}/_sandbox/answer/v1/booking/orders"
    assert PLAIN.get(address).json()["totalItems"] == 0
    assert PLAIN.get(address, headers={"Host": "evil.example"}).status_code == 403


def test_the_environment_is_all_that_is_needed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from korus import Korus

    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    assert os.environ["KORUS_BASE_URL"] == sandbox.base_url
    with Korus.from_env() as korus:
        assert korus.catalogs.list().first().name == "Lantern Park"
