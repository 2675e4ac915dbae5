"""One rule for the names of exceptions: the cause, without `Error`; only a family's name ends in it."""

import ast
from pathlib import Path

KORUS = Path(__file__).resolve().parents[2] / "korus"
WORDS_OF_THE_FIELD = {"ConfigurationError", "ServerError"}


def classes():
    """Return the names of the bases of every class of korus, by its name."""
    found = {}
    for path in KORUS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
    return found


def test_only_families_are_called_errors():
    named = classes()
    families = set().union(*named.values())
    errors = {name for name in named if name.endswith(("Error", "Exception"))}
    assert errors - families == WORDS_OF_THE_FIELD
    assert "KorusError" in errors
