"""Recording of the tests' scenarios: `make record`, or `make record ENV=demo`.

Records at the sandbox unless ``demo`` or ``production`` is given; then at the API of the ``KORUS_*`` settings, which
must include credentials, and never in a CI. Other arguments are passed to pytest, to record only some scenarios:
``make record ARGS=tests/recorded/test_browsing.py``. A scenario that fails does not change its cassette.

Afterwards the new cassettes are replayed in sync and async with the network blocked, and scanned for private data.
Exit statuses: 0 recorded; 1 an error, which is printed; 2 refused, nothing was sent.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from scripts.cassettes.__main__ import ROOT
from scripts.cassettes.published import write_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["main", "refusal"]

_ENVIRONMENTS = ("sandbox", "demo", "production")


def refusal(environment: str, settings: Mapping[str, str]) -> str | None:
    """Return the reason why an environment may not be recorded, None if it may."""
    if environment == "sandbox":
        return None
    if settings.get("CI"):
        return "real traffic is not recorded in a CI, where nobody checks it before publication"
    missing = [name for name in ("KORUS_CLIENT_ID", "KORUS_CLIENT_SECRET") if not settings.get(name)]
    if environment == "demo" and not settings.get("KORUS_TOKEN_URL"):
        # the demo environment's token endpoint is not documented (reference 1.3)
        missing.append("KORUS_TOKEN_URL")
    if missing:
        return f"recording against {environment} requires {', '.join(missing)}"
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    environment = given.pop(0) if given and given[0] in _ENVIRONMENTS else "sandbox"
    reason = refusal(environment, os.environ)
    if reason is not None:
        print(f"record: {reason}; nothing was sent", file=sys.stderr)
        return 2
    scenarios = [one for one in given if not one.startswith("-")]
    options = [one for one in given if one.startswith("-")]
    recording = ["--korus-record=all"]
    settings = dict(os.environ)
    if environment != "sandbox":
        recording += ["--korus-environment=settings", "--force-enable-socket"]
        settings.setdefault("KORUS_ENVIRONMENT", environment)
    elif not scenarios:
        print(f"{write_all()} cassettes built from published samples")
    for folder, paths in _projects(scenarios):
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *paths, *options]
        for command in ([*pytest, *recording], pytest):
            if subprocess.run(command, cwd=folder, env=settings, check=False).returncode:  # noqa: S603 - own commands
                return 1
    scan = [sys.executable, "-m", "scripts.cassettes", "scan"]
    return subprocess.run(scan, cwd=ROOT, check=False).returncode  # noqa: S603 - own command


def _projects(scenarios: Sequence[str]) -> list[tuple[Path, list[str]]]:
    """Return the folders in which to start pytest, with the paths: the shop in examples/ is a separate project."""
    if scenarios:
        return [(ROOT, list(scenarios))]
    return [
        (ROOT, ["tests/recorded"]),
        *((ini.parent, []) for ini in sorted(ROOT.glob("examples/*/pytest.ini"))),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
