"""Runs of ``korus book`` in shells: one file twice at once, interrupted, killed, and run again."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Self

from scripts.faults.booker import CUSTOMER, PERSON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scripts.faults.plan import Plan

__all__ = ["CommandRuns"]

_SIGNALS: Final = (None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_BEFORE_SIGNAL: Final = (0.8, 4.0)
_MOST_RUNS: Final = 8
_RUN_SECONDS: Final = 150.0
_FILE_KEYS: Final = {"dateOfBirth": "date_of_birth", "placeOfBirth": "place_of_birth"}
_BENEFICIARY: Final = {_FILE_KEYS.get(key, key): value for key, value in PERSON.items()}


class CommandRuns:
    """Books each plan by ``korus book``, two runs of it at once; one of them may be interrupted.

    Args:
        plans: The bookings.
        environment: The variables with the sandbox and the journal.
        root: A folder for files and tickets.
        seed: The seed of the interruptions.
    """

    def __init__(
        self, plans: Sequence[Plan], environment: Mapping[str, str], root: Path, *, seed: int
    ) -> None:
        self._plans = plans
        self._environment = dict(environment)
        self._root = root
        self._chance = random.Random(seed)  # noqa: S311 - must be reproducible
        self._running: set[subprocess.Popen[bytes]] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commands")
        self.counts: Counter[str] = Counter()
        self.done: dict[str, dict[str, Any]] = {}
        """The result of each plan, as in a booker's file."""
        self.words: list[str] = []
        """The output of failed runs."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._over.set()
            for process in tuple(self._running):
                process.kill()
        self._thread.join()

    def _run(self) -> None:
        for number, plan in enumerate(self._plans):
            if not self._over.is_set():
                self._book(plan, _SIGNALS[number % len(_SIGNALS)])

    def _book(self, plan: Plan, stop_by: signal.Signals | None) -> None:
        file = self._root / f"{plan.reference}.json"
        file.write_text(json.dumps(_booking_file(plan)), encoding="utf-8")
        runs = [self._start(file), self._start(file)]
        self.counts["two runs of korus book at once"] += 1
        if stop_by is not None:
            time.sleep(self._chance.uniform(*_BEFORE_SIGNAL))
            if runs[0].poll() is None:
                runs[0].send_signal(stop_by)
                self.counts[f"korus book ended by {stop_by.name} and run again"] += 1
        for run in runs:
            self._wait(run)
        status = -1
        for _ in range(_MOST_RUNS):
            status = self._wait(self._start(file))
            if status == 0 or self._over.is_set():
                break
        orders = {order for item in self._receipt(plan)["items"] for order in item["orders"]}
        self.done[plan.reference] = {
            "reference": plan.reference,
            "status": "ordered" if status == 0 else "unknown",
            "orders": sorted(orders),
            "reason": "",
        }

    def _start(self, file: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "korus.cli", "book", str(file)]
        with (self._root / f"{file.stem}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*command, "--to", str(self._root / "tickets"), "--wait", "60"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        self._running.add(process)
        self.counts["runs of korus book"] += 1
        return process

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(timeout=_RUN_SECONDS)
        except subprocess.TimeoutExpired:
            self.counts["runs of korus book that did not end"] += 1
            process.kill()
            return process.wait()
        finally:
            self._running.discard(process)

    def _receipt(self, plan: Plan) -> dict[str, Any]:
        """Read the receipt of a plan; the reference is safe as the name of a folder."""
        found = self._root / "tickets" / plan.reference / "receipt.json"
        return json.loads(found.read_text(encoding="utf-8")) if found.exists() else {"items": []}


def _booking_file(plan: Plan) -> dict[str, Any]:
    return {
        "external_reference": plan.reference,
        "customer": CUSTOMER,
        "items": [
            {
                "offer": line["offer"],
                "quantity": line["quantity"],
                "sessions": {each["ticket"]: each["session"] for each in line["tickets"] if each["session"]},
                "beneficiaries": [_BENEFICIARY] * (line["quantity"] * len(line["tickets"])),
            }
            for line in plan.booking["lines"]
        ],
    }
