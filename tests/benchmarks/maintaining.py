"""Row 10: what the maintainers wait for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from scripts.descriptions import find, load, read_lock
from scripts.generate.build import corrected
from tests.benchmarks import peers
from tests.benchmarks.measuring import Figure, Row, at_most, median, quartiles, ratio

_MEGABYTE = 1_000_000


def large(document: dict[str, Any], size: int = _MEGABYTE) -> dict[str, Any]:
    """Give a description of at least ``size`` bytes: the API's own, many times over under other names."""
    grown = {**document, "paths": dict(document["paths"]), "components": {**document["components"]}}
    schemas = grown["components"]["schemas"] = dict(document["components"]["schemas"])
    text = json.dumps(document["paths"]), json.dumps(document["components"]["schemas"])
    copy = 0
    while len(json.dumps(grown)) < size:
        copy += 1
        for path, item in json.loads(_renamed(text[0], copy)).items():
            for operation in item.values():
                if isinstance(operation, dict) and "operationId" in operation:
                    operation["operationId"] += f"_{copy}"
            grown["paths"][f"/copy{copy}{path}"] = item
        for name, schema in json.loads(_renamed(text[1], copy)).items():
            schemas[f"Copy{copy}{name}"] = schema
    return grown


def _renamed(text: str, copy: int) -> str:
    return text.replace("#/components/schemas/", f"#/components/schemas/Copy{copy}")


def changed(document: dict[str, Any]) -> dict[str, Any]:
    """Give the same with a change in every tenth schema."""
    other = json.loads(json.dumps(document))
    for number, schema in enumerate(other["components"]["schemas"].values()):
        if number % 10 == 0 and isinstance(schema.get("properties"), dict) and schema["properties"]:
            schema["properties"].pop(next(iter(schema["properties"])))
            schema["properties"]["addedLater"] = {"type": ["string", "null"]}
    return other


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - started


def run(rounds: int) -> Row:
    """Measure generation beside the bare generator, and a comparison of large descriptions."""
    folder = Path("build/bench/maintaining").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = find(read_lock().current)
    document = large(corrected(load(source)))
    for name, one in (("old", document), ("new", changed(document))):
        (folder / f"{name}.json").write_text(json.dumps(one), "utf-8")
    commands = {
        "generator's own": peers.bare_command(folder / "bare"),
        "make generate": [
            sys.executable, "-m", "scripts.generate",
            "--description", str(source), "--output", str(folder / "mine"),
        ],
        "compare": [sys.executable, "-m", "scripts.compare", str(folder / "old.json"), str(folder / "new.json")],
    }  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(_timed(command))
    size = (folder / "old.json").stat().st_size
    figures = [
        ratio("make generate / the bare generator", times["make generate"], times["generator's own"], **at_most(1.3)),
        Figure("comparing two descriptions", median(times["compare"]), quartiles(times["compare"]), unit="s",
               **at_most(2.0)),
    ]  # fmt: skip
    remarks = [
        f"the descriptions compared have {size:,} bytes each; whole commands, starting Python included"
    ]
    return Row(10, "generate; compare two 1 MB descriptions", "s", times, figures, remarks)
