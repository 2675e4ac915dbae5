"""Row 1: `import korus` and a client, in a cold process."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import peers
from tests.benchmarks.measuring import Figure, Row, at_most, median, quartiles, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAMS = {
    "httpx": "import httpx\nclient = httpx.Client()",
    "korus": "from korus import Korus\nclient = Korus(client_id='a', client_secret='b', environment='production')",
    "korus, connections opened": "from korus import Korus\n"
    "client = Korus(client_id='a', client_secret='b', environment='production')\nclient.transport._exchange.http_client()",
    "openai": "import openai\nclient = openai.OpenAI(api_key='x')",
    "stripe": "import stripe\nclient = stripe.StripeClient('sk_x')",
    "githubkit": "from githubkit import GitHub\nclient = GitHub('x')",
    "generator's own": "from bare_client import AuthenticatedClient\n"
    "client = AuthenticatedClient(base_url='https://x', token='x')\nclient.get_httpx_client()",
    "openapi-generator": "import java_client\nclient = java_client.CatalogApi(java_client.ApiClient())",
}
# what a program finds before everything else (see requirements-githubkit.txt)
_APART = {"githubkit": Path(sys.prefix, "githubkit")}
# the wheel and what it needs, nothing else: what is installed beside httpx can make importing it slower
_CLEAN = Path("build/bench/clean/bin/python").absolute()
_COMMAND = Path("build/bench/command/bin/python").absolute()
"""The same with the extra for the command."""
_IN_CLEAN = ("httpx", "korus", "korus, connections opened")
_SDKS = ("openai", "stripe", "githubkit", "generator's own", "openapi-generator")
_FRAME = """
import time
started = time.perf_counter()
{program}
spent = time.perf_counter() - started
import json, sys
modules = len(sys.modules)
from tests.benchmarks.measuring import peak_memory
print(json.dumps([spent * 1000, modules, peak_memory()]))
"""


def _once(name: str, python: Path = Path(sys.executable)) -> tuple[float, int, float]:
    path = [str(folder) for folder in (_APART.get(name), peers.FOLDER) if folder is not None]
    done = subprocess.run(
        [str(python), "-c", _FRAME.format(program=_PROGRAMS[name])],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
    )
    spent, modules, memory = json.loads(done.stdout)
    return spent, modules, memory


_SHOP = {
    "KORUS_CLIENT_ID": "a",
    "KORUS_CLIENT_SECRET": "b",
    "KORUS_BASE_URL": "http://127.0.0.1:9",  # nobody answers there: the command ends with its first request
    "KORUS_TOKEN_URL": "http://127.0.0.1:9",
}
_COMMANDS = {
    "typer and httpx": ("-c", "import typer, httpx"),
    "korus book --check": ("-m", "korus", "book", "examples/family-weekend.yaml", "--check"),
}


def _worked(arguments: Sequence[str]) -> float:
    """Return the ms of processor time that a command takes, its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    others = {name: value for name, value in os.environ.items() if not name.startswith("KORUS_")}
    subprocess.run([_COMMAND, *arguments], check=False, capture_output=True, env=others | _SHOP)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def run(rounds: int) -> Row:
    """Measure time, modules and peak memory."""
    remarks: list[str] = []
    present = list(_PROGRAMS)
    for name in _PROGRAMS:
        try:
            _once(name)
        except subprocess.CalledProcessError as error:
            said = error.stderr.strip().splitlines()
            remarks.append(f"{name} is absent: {said[-1] if said else error}")
            present.remove(name)
    times: dict[str, list[float]] = {name: [] for name in present}
    modules: dict[str, int] = {}
    memory: dict[str, list[float]] = {name: [] for name in present}
    for _ in range(rounds):
        for name in present:
            spent, modules[name], peak = _once(name)
            times[name].append(spent)
            memory[name].append(peak)
    clean: dict[str, list[float]] = {name: [] for name in _IN_CLEAN if _CLEAN.exists()}
    for _ in range(rounds):
        for name, values in clean.items():
            values.append(_once(name, _CLEAN)[0])
    commands: dict[str, list[float]] = {name: [] for name in _COMMANDS if _COMMAND.exists()}
    for _ in range(rounds):
        for name, values in commands.items():
            values.append(_worked(_COMMANDS[name]))
    figures = [
        *(
            ratio(
                f"time, the wheel alone: {name} / httpx and its client",
                clean[name],
                clean["httpx"],
                **at_most(aim),
            )
            for name, aim in (("korus", 1.0), ("korus, connections opened", 1.25))
            if clean
        ),
        ratio("time: korus / httpx and its client", times["korus"], times["httpx"], **at_most(1.25)),
        ratio("peak memory: korus / httpx and its client", memory["korus"], memory["httpx"], **at_most(1.25)),
        Figure("modules: korus / httpx and its client", modules["korus"] / modules["httpx"], **at_most(1.25)),
        ratio(
            "time, with the connections opened: korus / httpx and its client",
            times["korus, connections opened"],
            times["httpx"],
        ),
        *(
            Figure(
                "korus book --check, up to its first request, processor time",
                median(values),
                quartiles(values),
                "ms",
                **at_most(230),
            )
            for name, values in commands.items()
            if name.startswith("korus")
        ),
        *(
            ratio(f"time: korus / {name}", times["korus"], times[name], **at_most(1.0))
            for name in _SDKS
            if name in times
        ),
    ]
    remarks += [
        "modules: " + ", ".join(f"{name} {count}" for name, count in modules.items()),
        "peak memory in MB: " + ", ".join(f"{name} {median(values):.0f}" for name, values in memory.items()),
        "korus opens its connections with the first call; the figure with them opened is told beside",
    ]
    remarks += [
        f"{name}, processor time: {median(values):.0f} ms"
        for name, values in commands.items()
        if not name.startswith("korus")
    ]
    return Row(1, "import and build a client, cold process", "ms", times, figures, remarks)
