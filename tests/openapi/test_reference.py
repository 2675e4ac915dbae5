"""Sections that docstrings and comments cite exist in openapi/REFERENCE.md."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "openapi" / "REFERENCE.md").read_text(encoding="utf-8")

NUMBER = r"\d+(?:\.\d+[a-z]?)?"
PROPOSAL = r"P\d{1,2}"
SEPARATOR = rf"(?:\s+\({PROPOSAL}(?:,\s+{PROPOSAL})*\))?(?:,|\s+and|\s+to)\s+(?:trap\s+)?"
CITED = re.compile(
    rf"\b[Rr]eference(?:'s)?,?:?\s+(?:sections?\s+)?(?P<listed>{NUMBER}(?:{SEPARATOR}{NUMBER})*)"
    rf"|\bsection\s+(?P<section>{NUMBER})\s+of\s+the\s+(?:API\s+)?reference"
    r"|\btrap\s+(?P<trap>\d+)"
)


def known() -> set[str]:
    """Return what may be cited: sections, rows of the table of traps in section 8, proposals of section 10."""
    found = set(re.findall(rf"^##+ ({NUMBER})\.? ", REFERENCE, flags=re.MULTILINE))
    traps = re.search(r"^## 8\..*?(?=^## 9\.)", REFERENCE, flags=re.MULTILINE | re.DOTALL)
    assert traps is not None
    found |= {f"8.{number}" for number in re.findall(r"^\| (\d+) \|", traps[0], flags=re.MULTILINE)}
    return found | set(re.findall(rf"\b{PROPOSAL}\b", REFERENCE.partition("## 10. Proposals")[2]))


def cited(text: str) -> list[str]:
    """Return the sections, traps and proposals that a text cites."""
    prose = re.sub(r"\n[ \t#]*", " ", text)
    found: list[str] = []
    for one in CITED.finditer(prose):
        if one["trap"]:
            found.append(f"8.{one['trap']}")
            continue
        listed = one["listed"] or one["section"]
        for trap, number in re.findall(rf"(trap\s+)?\b({NUMBER})", re.sub(PROPOSAL, "", listed)):
            found.append(f"8.{number}" if trap else number)
    return found


def sources() -> dict[str, str]:
    paths = [
        "korus",
        "scripts",
        "docs",
        "openapi",
        "tests/cassette-exceptions.yaml",
        "tests/openapi/samples/README.md",
    ]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in listed.stdout.splitlines() if name.endswith((".py", ".md", ".yaml", ".toml"))]
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names if (ROOT / name).is_file()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reference: 1.2, 1.3.", ["1.2", "1.3"]),
        ("Reference: 3.14 (P8, P9).", ["3.14"]),
        ("(reference 1.7, 8.1 to 8.5, 8.17)", ["1.7", "8.1", "8.5", "8.17"]),
        ("in the list (reference\n    8.13) is", ["8.13"]),
        ("# as before (reference\n# 4.8a)", ["4.8a"]),
        ("the reference's 4.9 (P12), 4.12 and 4.15;", ["4.9", "4.12", "4.15"]),
        ("the nine types of the reference, section 6. The API", ["6"]),
        ("(section 1.2 of the API reference)", ["1.2"]),
        ("(reference 4.7 and trap 28)", ["4.7", "8.28"]),
        ("An external reference of 50 characters; RFC 6749, section 5.2.", []),
    ],
)
def test_citations_are_found(text: str, expected: list[str]) -> None:
    assert cited(text) == expected


def test_every_section_that_is_cited_exists() -> None:
    exists = known()
    assert {"1.2", "4.8a", "6", "8.30", "10", "P23"} <= exists
    assert not {"0.1", "8.31", "11", "P24"} & exists
    found = {name: cited(text) for name, text in sources().items() if name != "openapi/REFERENCE.md"}
    assert sum(map(len, found.values())) > 150
    assert {name: bad for name, numbers in found.items() if (bad := sorted(set(numbers) - exists))} == {}


def test_every_proposal_that_is_cited_exists() -> None:
    shipped = {
        name: text for name, text in sources().items() if name.startswith(("korus/", "scripts/", "docs/"))
    }
    found = {name: set(re.findall(rf"\b{PROPOSAL}\b", text)) for name, text in shipped.items()}
    assert len(set().union(*found.values())) > 10
    assert {name: bad for name, proposals in found.items() if (bad := sorted(proposals - known()))} == {}


def test_the_reference_refers_to_sections_and_samples_that_exist() -> None:
    within = re.findall(rf"\bsections? ({NUMBER})", REFERENCE)
    assert sorted(set(within) - known()) == []
    samples = re.findall(r"`(tests/openapi/samples/[\w./-]+)`", REFERENCE)
    assert samples
    assert [name for name in samples if not (ROOT / name).exists()] == []
