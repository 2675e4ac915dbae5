from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reconstructed import VERSIONS

from scripts.descriptions import FOLDER, dump, find, load, read_lock, versions
from scripts.generate import build as build_module
from scripts.generate.__main__ import DEFAULT_OUTPUT, main
from scripts.generate.build import build

ROOT = FOLDER.parent
FIXTURES = Path(__file__).parent / "descriptions"


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def generate(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.generate", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **environment}
    )


def test_the_committed_package_is_what_a_fresh_run_writes(tmp_path):
    build(find(read_lock().current), tmp_path / "korus_api")
    fresh, committed = files(tmp_path / "korus_api"), files(DEFAULT_OUTPUT)
    assert sorted(fresh) == sorted(committed)
    assert [name for name in fresh if fresh[name] != committed[name]] == []


def test_version_is_written_in_one_module(tmp_path):
    content = load(find("release"))
    for version in ("7.1", "7.2"):
        content["info"]["version"] = version
        (tmp_path / f"{version}.yaml").write_text(dump(content), encoding="utf-8")
        build(tmp_path / f"{version}.yaml", tmp_path / version)
    one, other = files(tmp_path / "7.1"), files(tmp_path / "7.2")
    assert [name for name in one if one[name] != other[name]] == ["__init__.py", "description.json"]


def test_output_is_independent_of_hash_seed_and_folder(tmp_path):
    source = str(FIXTURES / "plain_3_0.yaml")
    for seed, name in (("1", "one"), ("2", "two")):
        run = generate(
            "--description", source, "--output", str(tmp_path / name / "client"), PYTHONHASHSEED=seed
        )
        assert run.returncode == 0, run.stderr
    assert files(tmp_path / "one" / "client") == files(tmp_path / "two" / "client")


@pytest.mark.parametrize("version", versions())
def test_every_version_is_generated_whole(version, tmp_path):
    report = build(find(version), tmp_path / "client").splitlines()
    counts = {line[:22].strip(): [int(number) for number in line[22:].split()] for line in report[-6:]}
    assert list(counts) == [
        "operations", "parameters", "properties", "enum values", "request media types", "response media types",
    ]  # fmt: skip
    # parts left out, such as webhooks, are listed with the reason
    assert all(
        described == found + left and missing == 0 for described, found, left, missing in counts.values()
    )
    if version in VERSIONS:
        assert all(left == 0 for _, _, left, _ in counts.values())
        assert counts["operations"][0] >= 20


def test_counts_are_printed_and_old_files_removed(tmp_path, capsys):
    target = tmp_path / "client"
    build(FIXTURES / "plain_3_0.yaml", target)
    assert (target / "models" / "pet.py").exists()
    assert main(["--description", str(FIXTURES / "plain_3_1.yaml"), "--output", str(target)]) == 0
    assert not (target / "models" / "pet.py").exists()
    assert (target / "models" / "circle.py").exists()
    assert capsys.readouterr().out.splitlines()[-1].startswith("response media types")
    assert [path.name for path in tmp_path.iterdir()] == ["client"]


def test_incomplete_package_is_not_written(tmp_path, capsys, monkeypatch):
    target = tmp_path / "client"
    build(FIXTURES / "plain_3_1.yaml", target)
    before = files(target)

    def careless(document, origin, folder):
        write(document, origin, folder)
        (folder / "api" / "default" / "get_pets.py").unlink()

    write = build_module.write_package
    monkeypatch.setattr(build_module, "write_package", careless)
    assert main(["--description", str(FIXTURES / "plain_3_0.yaml"), "--output", str(target)]) == 1
    said = capsys.readouterr().err
    assert "nothing written" in said
    assert "operation GET /pets" in said
    assert files(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["client"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("swagger: '2.0'\n", "not an OpenAPI 3 document"),
        ("[1, 2]\n", "is not a mapping"),
        ("a: [1\n", "is not YAML"),
        ('{"openapi": ', "is not"),
        (
            "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/a: {$ref: '#/x/y'}}\n",
            "#/x/y does not exist",
        ),
        (
            "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents: {schemas: {A: {properties: {b: {$ref: 'c.yaml'}}}}}\n",
            "cannot be resolved",
        ),
    ],
)
def test_invalid_description_is_reported_in_one_line(text, said, tmp_path, capsys):
    source = tmp_path / "description.yaml"
    source.write_text(text, encoding="utf-8")
    assert main(["--description", str(source), "--output", str(tmp_path / "client")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "client").exists()


def test_missing_description_is_reported_in_one_line(tmp_path, capsys):
    assert main(["--description", str(tmp_path / "none.yaml"), "--output", str(tmp_path / "client")]) == 2
    assert "cannot read" in capsys.readouterr().err


def test_folder_with_other_files_is_not_changed(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    assert main(["--description", str(FIXTURES / "plain_3_1.yaml"), "--output", str(tmp_path / "mine")]) == 2
    assert "did not write" in capsys.readouterr().err
    assert (tmp_path / "mine" / "letter.txt").read_text(encoding="utf-8") == "dear"


def test_project_overlay_applies_to_this_api_only(tmp_path):
    document = load(find("release"))
    build(find("release"), tmp_path / "ours")
    assert (tmp_path / "ours" / "models" / "form.py").exists()
    build(find("release"), tmp_path / "bare", bare=True)
    assert not (tmp_path / "bare" / "models" / "form.py").exists()
    document["info"]["title"] = "Another API"
    other = tmp_path / "other.yaml"
    other.write_text(dump(document), encoding="utf-8")
    build(other, tmp_path / "other")
    assert not (tmp_path / "other" / "models" / "form.py").exists()


def test_json_and_yaml_of_one_description_give_one_package(tmp_path):
    import json

    document = load(FIXTURES / "names_on_the_wire.yaml")
    source = tmp_path / "description.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    build(source, tmp_path / "one" / "client")
    build(FIXTURES / "names_on_the_wire.yaml", tmp_path / "two" / "client")
    compared = filecmp.dircmp(tmp_path / "one" / "client", tmp_path / "two" / "client")
    # the package names the hash of the file that it came from, and that differs
    assert compared.diff_files == ["__init__.py"]
    shutil.rmtree(tmp_path / "one")


def test_check_names_stale_files_and_writes_nothing(tmp_path, capsys):
    package = tmp_path / "korus_api"
    shutil.copytree(DEFAULT_OUTPUT, package, ignore=shutil.ignore_patterns("__pycache__"))
    ask = ["--description", str(find(read_lock().current)), "--output", str(package), "--check"]
    assert main(ask) == 0
    (package / "types.py").write_text("# edited\n", encoding="utf-8")
    (package / "stale.py").touch()
    (package / "errors.py").unlink()
    before = files(package)
    capsys.readouterr()
    assert main(ask) == 3
    said = capsys.readouterr().err
    assert "types.py: different" in said
    assert "stale.py: unexpected" in said
    assert "errors.py: missing" in said
    assert files(package) == before
