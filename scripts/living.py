"""Campaign that mirrors a changing catalogue with processes that are killed: `python -m scripts.living`.

It starts a sandbox whose catalogue changes continuously, as with ``korus sandbox --living``, with faults and delays.
Two workers run ``korus mirror sync`` repeatedly on one database; some of their processes are killed, interrupted or
suspended. A named consumer follows the feed with ``korus mirror changes``. At the end the catalogue no longer changes;
then mirror, feed and consumer must equal the lists of the API, and nothing may have been removed that existed all the
time. Otherwise the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field
from sqlalchemy import select

from korus import Korus
from korus._mirror.content import canonical
from korus._mirror.database import Database
from korus._mirror.schema import build_tables
from korus.mirror import Mirror, replay
from korus.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Campaign", "main"]

_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503, "retry_after": "1"},
    {"kind": "status", "status": 429, "retry_after": "1"},
    {"kind": "status", "status": 403, "operation": "list_offers"},
    {"kind": "status", "status": 404, "operation": "list_offers"},
    {"kind": "html", "status": 502},
    {"kind": "slow", "seconds": 0.4},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "cut_short", "at": 0.5},
    {"kind": "cut_short", "at": 0.5, "chunked": True},
    {"kind": "empty"},
    {"kind": "not_json"},
    {"kind": "revoke_token"},
)
_ENDS = ("kill", "interrupt", "suspend")
_SUCCESS = (0, 1, 3, 4)  # read, failed, quarantined, busy: see `korus mirror sync --help`
_STOPPED_STATUS = (-signal.SIGKILL, -signal.SIGINT, 130)
_TRIES = 12
# probabilities: a sweep with --accept, a stopped sweep, refused connections
_ACCEPTED, _STOPPED, _REFUSED = 0.2, 0.25, 0.1
_TIMEOUT = 120.0


@define
class Campaign:
    """One campaign.

    Attributes:
        seconds: The duration of the changes.
        seed: The seed of the changes, the faults and the kills.
        rate: Changes per second.
        offers: The number of offers of the first catalogue.
        database: The address of the mirror; a temporary file if empty.
        counts: The counts of events.
        wrong: The violations.
    """

    seconds: float = 600.0
    seed: int = 1
    rate: float = 2.0
    offers: int = 1500
    database: str = ""
    counts: Counter[str] = field(factory=Counter[str])
    wrong: list[str] = field(factory=list[str])
    _over: threading.Event = field(factory=threading.Event, init=False)
    _removed: set[str] = field(factory=set[str], init=False)

    def run(self) -> None:
        """Run the campaign; `counts` and `wrong` contain the result."""
        with (
            tempfile.TemporaryDirectory() as folder,
            Sandbox(seed=self.seed, offers=self.offers, living=self.rate) as sandbox,
        ):
            address = self.database or str(Path(folder, "mirror.db"))
            environment = {**os.environ, **sandbox.environment(), "KORUS_MIRROR": address}
            self._note_removals(sandbox)
            followed: dict[str, dict[str, Any]] = {}
            threads = [threading.Thread(target=self._work, args=(environment, number)) for number in range(2)]
            threads += [
                threading.Thread(target=self._trouble, args=(sandbox,)),
                threading.Thread(target=self._follow, args=(environment, followed)),
            ]
            for thread in threads:
                thread.start()
            time.sleep(self.seconds)
            self._over.set()
            for thread in threads:
                thread.join()
            sandbox.living = 0
            sandbox.faults.clear()
            self.counts["changes of the catalogue"] = sandbox.changes_made
            self.counts["faults"] = sandbox.faults.struck()
            self._settle(environment)
            self._read_feed(environment, followed)
            self._compare(environment, address, followed)

    def _note_removals(self, sandbox: Sandbox) -> None:
        """Record each removed offer."""
        remove = sandbox.catalog.remove

        def noted(what: str) -> None:
            self._removed.add(what)
            remove(what)

        setattr(sandbox.catalog, "remove", noted)  # noqa: B010 (a type checker forbids the plain form)

    # --- during the campaign --------------------------------------------------------------------------------------

    def _work(self, environment: Mapping[str, str], number: int) -> None:
        """Sweep repeatedly until the end."""
        chance = random.Random(f"{self.seed} worker {number}")  # noqa: S311 - not a secret
        while not self._over.is_set():
            process = _started(
                environment, "sync", "--json", *(["--accept"] if chance.random() < _ACCEPTED else [])
            )
            end = chance.choice(_ENDS) if chance.random() < _STOPPED else None
            if end is not None:
                self._stop(process, end, chance.uniform(0.6, 3.0), chance.uniform(0.5, 4.0))
            self._ended(process, end)

    def _stop(self, process: subprocess.Popen[str], end: str, after: float, pause: float) -> None:
        """Kill, interrupt or suspend a process after some time."""
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            self.counts[f"workers: {end}"] += 1
            if end == "suspend":
                process.send_signal(signal.SIGSTOP)
                time.sleep(pause)
                process.send_signal(signal.SIGCONT)
            else:
                process.send_signal(signal.SIGKILL if end == "kill" else signal.SIGINT)

    def _ended(self, process: subprocess.Popen[str], end: str | None) -> None:
        try:
            out, err = process.communicate(timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            self.wrong.append("a sweep did not end")
            return
        self.counts["sweeps"] += 1
        for line in out.splitlines():
            said = json.loads(line)
            if "state" in said:
                self.counts[f"  {said['state']}"] += 1
        expected = (*_SUCCESS, *_STOPPED_STATUS) if end in {"kill", "interrupt"} else _SUCCESS
        if process.returncode not in expected or "Traceback" in err:
            self.wrong.append(f"a sweep ended with {process.returncode}: {err.strip()[-300:]}")

    def _trouble(self, sandbox: Sandbox) -> None:
        """Cause failing requests and refused connections for a while, then pause."""
        chance = random.Random(f"{self.seed} trouble")  # noqa: S311 - not a secret
        while not self._over.is_set():
            until = time.monotonic() + chance.uniform(4, 10)
            while time.monotonic() < until and not self._over.wait(chance.uniform(0.3, 1.5)):
                if chance.random() < _REFUSED:
                    sandbox.refuse_connections(chance.uniform(0.1, 1.0))
                sandbox.faults.from_json(
                    {"count": chance.randint(1, 2), "probability": 0.3, **chance.choice(_FAULTS)}
                )
            sandbox.faults.clear()
            # the catalogue changes without faults, then not at all, so that some sweeps are complete
            self._over.wait(chance.uniform(0, 4))
            sandbox.living = 0
            self._over.wait(chance.uniform(2, 10))
            sandbox.living = self.rate

    def _follow(self, environment: Mapping[str, str], followed: dict[str, dict[str, Any]]) -> None:
        while not self._over.wait(1.0):
            self._read_feed(environment, followed)

    def _read_feed(self, environment: Mapping[str, str], followed: dict[str, dict[str, Any]]) -> None:
        """Read the consumer's new changes, and apply them to a copy."""
        out, err = _started(
            environment, "changes", "--consumer", "follower", "--acknowledge", "--json"
        ).communicate(timeout=_TIMEOUT)
        if err.strip():
            self.wrong.append(f"the consumer could not read: {err.strip()[-300:]}")
        for line in out.splitlines():
            change = json.loads(line)
            self.counts["changes in the feed"] += 1
            self.counts["removals in the feed"] += change["op"] == "removed"
            if change["op"] == "removed":
                followed.pop(change["iri"], None)
                if change["kind"] == "offer" and change["iri"].rpartition("/")[2] not in self._removed:
                    self.wrong.append(f"removed, although it existed all the time: {change['iri']}")
                continue
            held = followed.get(change["iri"], {}) if change["op"] == "changed" else {}
            kept = {key: value for key, value in held.items() if key not in change["fields"]}
            followed[change["iri"]] = {**kept, **(change["after"] or {})}

    # --- at the end ------------------------------------------------------------------------------------------

    def _settle(self, environment: Mapping[str, str]) -> None:
        """Sweep without faults until no removal is pending."""
        states, err = list[tuple[str, int]](), ""
        for attempt in range(1, _TRIES):
            out, err = _started(environment, "sync", "--json", "--accept").communicate(timeout=_TIMEOUT)
            sweeps = [json.loads(line) for line in out.splitlines()]
            states = [(sweep["state"], sweep["waiting"]) for sweep in sweeps if "state" in sweep]
            # the first one may continue an interrupted run, and not read every catalogue
            if attempt > 1 and states and all(state == ("done", 0) for state in states):
                self.counts["sweeps until it is exact"] = attempt
                return
        self.wrong.append(f"removals are still pending: {states} {err.strip()[-300:]}")

    def _compare(
        self, environment: Mapping[str, str], address: str, followed: Mapping[str, dict[str, Any]]
    ) -> None:
        with (
            Korus(
                client_id=environment["KORUS_CLIENT_ID"],
                client_secret=environment["KORUS_CLIENT_SECRET"],
                base_url=environment["KORUS_BASE_URL"],
                token_url=environment["KORUS_TOKEN_URL"],
            ) as korus,
            Mirror(address) as mirror,
        ):
            truth = _plain(_listed(korus))
            held = _plain(_held(address))
            changes = mirror.changes()
        self.counts["things in the mirror"] = len(held)
        if [change.seq for change in changes] != list(range(1, len(changes) + 1)):
            self.wrong.append("the numbers of the feed have gaps")
        for name, copy in (
            ("mirror", held),
            ("feed", _plain(replay(changes))),
            ("consumer", _plain(followed)),
        ):
            for iri in sorted(truth.keys() | copy.keys()):
                if truth.get(iri) != copy.get(iri):
                    what = "lacks" if iri not in copy else "has still" if iri not in truth else "has another"
                    self.wrong.append(f"the {name} {what} {iri}")


def _started(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - korus itself
        [sys.executable, "-m", "korus", "mirror", *arguments],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _listed(korus: Korus) -> dict[str, Any]:
    """Return all objects that the API lists, by IRI."""
    found: list[Any] = []
    for catalog in korus.catalogs.list(page_size=50):
        found += [catalog, *korus.offers.list(catalog, page_size=50)]
        for base in korus.product_bases.list(catalog, with_disabled=True, page_size=50):
            found += [base, *korus.products.list(base, page_size=50)]
            for option in korus.product_bases.options(base, page_size=50):
                found += [option, *korus.product_bases.option_values(base, option, page_size=50)]
    return {each.iri: each.to_dict() for each in found}


def _held(address: str) -> dict[str, Any]:
    """Return all objects of the mirror, by IRI."""
    tables = build_tables()
    database = Database(address, tables)
    with database.reading() as connection:
        found = {row.iri: json.loads(row.body) for row in connection.execute(select(tables.bodies))}
    database.close()
    return found


def _plain(things: Mapping[str, Any]) -> dict[str, str]:
    return {
        iri: canonical({key: value for key, value in body.items() if key != "@context"})
        for iri, body in things.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    usual = Campaign()
    parser = argparse.ArgumentParser(prog="python -m scripts.living", description=__doc__)
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="the duration")
    parser.add_argument("--seed", type=int, default=usual.seed, help="the seed of all random decisions")
    parser.add_argument("--rate", type=float, default=usual.rate, help="changes per second")
    parser.add_argument("--offers", type=int, default=usual.offers, help="the number of offers")
    parser.add_argument("--database", default="", help="a SQLAlchemy URL (default: an SQLite file)")
    options = parser.parse_args(arguments)
    campaign = Campaign(options.seconds, options.seed, options.rate, options.offers, options.database)
    campaign.run()
    for name, count in sorted(campaign.counts.items()):
        print(f"{name:<28}{count:>8}")
    for line in campaign.wrong[:50]:
        print(line)
    print(f"wrong: {len(campaign.wrong)}" if campaign.wrong else "exact")
    return 1 if campaign.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
