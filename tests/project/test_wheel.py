"""The wheel: built from the tree, put into an empty environment with what it declares, and used there.

Nothing is downloaded: the declared dependencies are copied from the environment that runs the tests.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from korus._core.distribution import DISTRIBUTION

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def requirements(wheel: Path) -> list[Requirement]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        declared = (
            metadata.PathDistribution(zipfile.Path(archive, name.removesuffix("METADATA"))).requires or []
        )
        requirements = [Requirement(line) for line in declared]
    return [entry for entry in requirements if entry.marker is None or entry.marker.evaluate({"extra": ""})]


def copied(requirement: Requirement, site: Path, done: set[str]) -> None:
    """Copy an installed distribution and what it needs into another environment's site-packages."""
    if requirement.name in done:
        return
    done.add(requirement.name)
    distribution = metadata.distribution(requirement.name)
    assert requirement.specifier.contains(distribution.version)
    for file in distribution.files or []:
        if ".." not in file.parts and not file.name.endswith(".pyc"):
            target = site.joinpath(*file.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(distribution.locate_file(file), target)
    for line in distribution.requires or []:
        brought = Requirement(line)
        if brought.marker is None or brought.marker.evaluate({"extra": ""}):
            copied(brought, site, done)


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    site = Path(run(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)], check=True, capture_output=True
    )
    for requirement in requirements(wheel):
        copied(requirement, site, set())
    subprocess.run([*pip, "check"], check=True, capture_output=True)
    return python


def run(python: Path, code: str) -> str:
    # -I: nothing from the current folder or the variables; warnings are errors there too
    ended = subprocess.run(
        [python, "-I", "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    about = f"korus_sdk-{metadata.version(DISTRIBUTION)}.dist-info"
    assert tops == {"korus", "korus_api", about}
    assert {"korus/py.typed", "korus_api/py.typed", f"{about}/licenses/LICENSE"} <= set(names)
    kinds = {Path(name).suffix for name in names if not name.partition("/")[0].endswith(".dist-info")}
    assert kinds <= {".py", ".typed", ".json", ".html", ".css", ".yaml"}


def test_korus_works_with_its_declared_dependencies_alone(python: Path) -> None:
    assert run(python, "import korus, korus_api; print(korus.__version__)") == metadata.version(DISTRIBUTION)
    assert (
        run(
            python,
            "import korus; print([name for name in korus.__all__ if getattr(korus, name, None) is None])",
        )
        == "[]"
    )
    assert (
        run(python, "from korus.models import Offer, Customer, Beneficiary; print(Offer.__name__)") == "Offer"
    )


def test_importing_korus_imports_none_of_its_faces(python: Path) -> None:
    code = "import sys, korus; print(sorted({'korus.cli', 'korus.sandbox', 'korus.testing'} & sys.modules.keys()))"
    assert run(python, code) == "[]"


@pytest.mark.parametrize(
    ("arguments", "package", "extra"), [((), "typer", "cli"), (("book", "file.yaml"), "typer", "cli")]
)
def test_command_without_its_extra_names_it(
    python: Path, arguments: tuple[str, ...], package: str, extra: str
) -> None:
    ended = subprocess.run(
        [python.with_name("korus"), *arguments], capture_output=True, text=True, check=False, env={"PATH": ""}
    )
    assert ended.returncode == 2
    assert f"{package!r}" in ended.stderr
    assert f"pip install 'korus-sdk[{extra}]'" in ended.stderr
    assert "Traceback" not in ended.stderr
