"""Name of the distribution that installs korus, and a check for the other one that uses the same folder.

The distribution is not named like the package, because `korus` on PyPI is another project.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DISTRIBUTION", "FOREIGN", "conflict", "install_hint"]

DISTRIBUTION: Final = "korus-sdk"
"""The distribution that pip installs; the package that is imported is `korus`."""

FOREIGN: Final = "korus"
"""The other distribution that installs a package `korus`."""


def install_hint(extras: str) -> str:
    """Return the command that installs korus with extras.

    Args:
        extras: Names of extras, with commas between them.
    """
    return f"pip install '{DISTRIBUTION}[{extras}]'"


def conflict() -> str | None:
    """Return a warning if the other distribution is installed too.

    This searches the installed distributions, so `import korus` does not call it.
    """
    from importlib import metadata  # noqa: PLC0415 - slow to import, and only commands need it

    try:
        version = metadata.version(FOREIGN)
    except metadata.PackageNotFoundError:
        return None
    return (
        f"{FOREIGN} {version} is installed beside {DISTRIBUTION} and uses the same folder, so files of one replace "
        f"those of the other. Repair it: pip uninstall {FOREIGN} {DISTRIBUTION}; pip install {DISTRIBUTION}"
    )
