"""The command: formats, exit statuses, errors, references to other files, and its amount of work."""

from __future__ import annotations

import cProfile
import json
import pstats
from pathlib import Path

import pytest
import yaml
from rule_pairs import INTEGER, TEXT, answered, api, one, operation, ref, sent, thing

from scripts.compare.__main__ import main
from scripts.compare.wire.rules import RULES


@pytest.fixture
def files(tmp_path):
    """Write documents to files and return their paths."""

    def write(**documents):
        paths = []
        for name, content in documents.items():
            path = tmp_path / f"{name}.yaml"
            path.write_text(
                content if isinstance(content, str) else yaml.dump(content, Dumper=yaml.CSafeDumper),
                encoding="utf-8",
            )
            paths.append(str(path))
        return paths

    return write


@pytest.mark.parametrize(
    ("old", "new", "fail_on", "status"),
    [
        (TEXT, TEXT, "any", 0),
        (TEXT, INTEGER, None, 0),
        (TEXT, INTEGER, "breaking", 1),
        (TEXT, INTEGER, "possibly", 1),
        (TEXT, {"type": "string", "title": "A"}, "breaking", 0),
        (TEXT, {"type": "string", "title": "A"}, "any", 1),
        (TEXT, {"type": "string", "seatMap": "round"}, "breaking", 0),
        (TEXT, {"type": "string", "seatMap": "round"}, "possibly", 1),
    ],
)
def test_exit_status_follows_fail_on(files, capsys, old, new, fail_on, status):  # noqa: PLR0917 - internal, always called alike
    arguments = files(old=sent(old), new=sent(new)) + (["--fail-on", fail_on] if fail_on else [])
    assert main(arguments) == status
    capsys.readouterr()


def test_json_is_one_object_with_stable_keys(files, capsys):
    old, new = files(old=sent(TEXT), new=sent({"type": "string", "maxLength": 3}))
    assert main([old, new, "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert list(shown) == ["old", "new", "summary", "changes"]
    assert (shown["old"], shown["new"]) == (old, new)
    assert shown["summary"] == {"breaking": 1, "possibly": 0, "compatible": 0}
    (change,) = shown["changes"]
    assert change == {
        "id": "request-max-length-lowered",
        "where": {
            "method": "POST",
            "path": "/a",
            "old_pointer": "/paths/~1a/post/requestBody/content/application~1json/schema",
            "new_pointer": "/paths/~1a/post/requestBody/content/application~1json/schema",
            "location": "request body application/json",
            "old_line": change["where"]["old_line"],
            "new_line": change["where"]["new_line"],
        },
        "direction": "request",
        "level": "breaking",
        "old": None,
        "new": 3,
        "message": "POST /a: request body application/json: its maxLength 3 was added.",
        "fingerprint": change["fingerprint"],
        "operations": ["POST /a"],
        "witness": {
            "found": True,
            "value": "text",
            "old_pointer": "/paths/~1a/post/requestBody/content/application~1json/schema",
            "new_pointer": "/paths/~1a/post/requestBody/content/application~1json/schema",
            "reason": None,
        },
        "accepted": None,
    }
    for path, line in ((old, change["where"]["old_line"]), (new, change["where"]["new_line"])):
        number = int(line.removeprefix(f"{path}:"))
        assert Path(path).read_text(encoding="utf-8").splitlines()[number - 1].strip() == "schema:"
    assert len(change["fingerprint"]) == 16


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("text", "  POST /a: request body application/json: its type changed from string to integer."),
        ("markdown", "## Breaking\n"),
        ("html", '<li class="breaking">'),
    ],
)
def test_every_format_shows_the_change(files, capsys, form, expected):
    assert main([*files(old=sent(TEXT), new=sent(INTEGER)), "--format", form]) == 0
    shown = capsys.readouterr().out
    assert expected in shown
    assert "request-type-changed" in shown


def test_a_page_escapes_what_the_documents_hold(files, capsys):
    old, new = files(old=one(summary="<script>alert(1)</script>"), new=one(summary="b"))
    assert main([old, new, "--format", "html"]) == 0
    shown = capsys.readouterr().out
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_the_rules_are_printed_with_level_and_reason(capsys):
    assert main(["--rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(RULES)
    for line, rule in zip(lines, RULES.values(), strict=True):
        assert line.split(maxsplit=2) == [rule.id, rule.level, rule.reason]


def test_versions_are_found_in_the_folder_of_descriptions(capsys):
    assert main(["1.0.19", "1.0.38"]) == 0
    assert capsys.readouterr().out.startswith(
        "1.0.19 → 1.0.38: 0 breaking, 0 possibly breaking, 8 compatible\n"
    )


BROKEN = api({"/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/Gone"}}}}})
CIRCLE = {**api(), "components": {"schemas": {"A": ref("B"), "B": ref("A")}}}
HOST = sent({"$ref": "https://example.org/schemas.yaml#/A"})
OUTSIDE = sent({"$ref": "../../etc/schemas.yaml#/A"})


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ("a: [1", 3, "is not YAML"),
        ("- 1\n", 4, "not an OpenAPI"),
        ("swagger: '2.0'\npaths: {}\n", 4, "Swagger 2"),
        ("openapi: 4.0.0\npaths: {}\n", 4, "not an OpenAPI 3 document"),
        ("openapi: 3.1.0\npaths: [1]\n", 4, "`paths` is not a mapping"),
        ("openapi: 3.1.0\npaths: {/a: 1}\n", 3, "/paths/~1a is not an object"),
        ("openapi: 3.1.0\npaths: {}\npaths: {}\n", 3, "'paths' is repeated"),
        ("openapi: 3.9.0\npaths: {}\n", 4, "only 3.0, 3.1 and 3.2"),
        ("openapi: 3.1.0\n", 4, "neither `paths`"),
        (BROKEN, 5, "#/components/responses/Gone does not exist"),
        (HOST, 5, "not in the document's folder"),
        (OUTSIDE, 5, "outside the document's folder"),
    ],
)
def test_document_that_cannot_be_compared_has_its_own_status(files, capsys, content, status, said):
    good, bad = files(good=api(), bad=content)
    for arguments in ([good, bad], [bad, good]):
        assert main(arguments) == status
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


@pytest.mark.parametrize("reference", ["http://[bad", "a\0b.yaml#/A"])
def test_malformed_reference_is_reported_in_one_line(files, capsys, reference):
    bad, good = files(bad=sent({"$ref": reference}), good=api())
    for arguments in ([bad, good], [good, bad]):
        assert main(arguments) == 5
        error = capsys.readouterr().err
        assert "cannot be resolved" in error
        assert error.count("\n") == 1


def test_recursive_alias_is_reported_in_one_line(files, capsys):
    text = "openapi: 3.1.0\n<<: {x: 1}\npaths: &all {/a: *all}\n"
    assert main(files(old=text, new=text)) == 3
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("form", ["text", "markdown", "json", "html"])
@pytest.mark.parametrize(
    ("old", "new"),
    [(sent({"type": [["string"], {}]}), sent(TEXT)), (sent(TEXT), sent({"enum": [{"a": []}, []]}))],
)
def test_contradictory_schema_is_compared(files, capsys, form, old, new):
    assert main([*files(old=old, new=new), "--format", form, "--fail-on", "any"]) == 1
    assert capsys.readouterr().out


def test_lone_surrogate_in_a_document_is_compared(tmp_path, capsys):
    paths = []
    for name, title in (("old", "\\ud800"), ("new", "\\ud801")):
        path = tmp_path / f"{name}.json"
        path.write_text(
            f'{{"openapi": "3.1.0", "info": {{"title": "{title}", "version": "1"}}, "paths": {{}}}}',
            encoding="utf-8",
        )
        paths.append(str(path))
    assert main([*paths, "--fail-on", "any"]) == 1
    capsys.readouterr().out.encode()


def test_a_missing_file_is_one_line(capsys, tmp_path):
    assert main([str(tmp_path / "gone.yaml"), "release"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_a_reference_in_circles_says_so(files, capsys):
    used = {**sent(ref("A")), "components": CIRCLE["components"]}
    good, bad = files(good=api(), bad=used)
    assert main([good, bad]) in {0, 5}
    capsys.readouterr()


def test_references_to_other_files_are_followed(tmp_path, capsys):
    for folder, limit in (("old", 9), ("new", 5)):
        (tmp_path / folder / "parts").mkdir(parents=True)
        (tmp_path / folder / "api.yaml").write_text(
            yaml.safe_dump(sent({"$ref": "parts/things.yaml#/Thing"}))
        )
        (tmp_path / folder / "parts" / "things.yaml").write_text(
            yaml.safe_dump({"Thing": thing(name={"$ref": "words.json#/Word"}, next={"$ref": "#/Thing"})})
        )
        (tmp_path / folder / "parts" / "words.json").write_text(
            json.dumps({"Word": {"type": "string", "maxLength": limit}})
        )
    assert main([str(tmp_path / "old/api.yaml"), str(tmp_path / "new/api.yaml"), "--format", "json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert change["id"] == "request-max-length-lowered"
    assert change["where"]["new_pointer"] == "parts/words.json#/Word"
    assert change["where"]["location"] == "request body application/json › name"
    assert len(change["witness"]["value"]["name"]) in range(6, 10)


def test_yaml_is_read_by_the_rules_of_version_1_2(files, capsys):
    text = """
openapi: 3.1.0
info: {title: no, version: 1.0}
paths:
  /a:
    get:
      responses:
        200:
          description: on
          content: {application/json: {schema: {enum: [yes, off, 2027-01-02, 012]}}}
"""
    same = text.replace("[yes, off, 2027-01-02, 012]", '["yes", "off", "2027-01-02", 12]').replace(
        "200:", '"200":'
    )
    assert main([*files(old=text, new=same), "--fail-on", "any"]) == 0
    capsys.readouterr()


def test_merge_keys_are_understood(files, capsys):
    text = """
openapi: 3.1.0
info: {title: a, version: "1"}
paths:
  /a:
    get: &get {responses: {"200": {description: done}}}
    put: {<<: *get, deprecated: true}
"""
    plain = api(
        {"/a": {"get": operation(), "put": operation(deprecated=True)}}, info={"title": "a", "version": "1"}
    )
    assert main([*files(old=text, new=plain), "--fail-on", "any"]) == 0
    capsys.readouterr()


def large(count, limit=80):
    """Build a document of some hundred kilobytes: schemas that refer to each other, and operations on each."""
    schemas, paths = {}, {}
    for i in range(count):
        schemas[f"Model{i}"] = {
            "type": "object",
            "description": f"The model number {i}, of which nothing in particular can be said at this place",
            "required": ["id", "name"],
            "properties": {
                "id": {"type": "string", "format": "uuid", "readOnly": True},
                "name": {"type": "string", "minLength": 1, "maxLength": limit if i % 10 == 0 else 80},
                "amount": {"type": ["string", "null"], "pattern": r"^\d+\.\d{2}$"},
                "status": {"type": "string", "enum": ["open", "paid", "gone"]},
                "parent": ref(f"Model{max(0, i - 1)}"),
                "children": {"type": "array", "items": ref(f"Model{(i * 7) % count}")},
                "either": {"oneOf": [TEXT, ref(f"Model{(i * 3) % count}")]},
            },
        }
        body = {"application/json": {"schema": ref(f"Model{i}")}}
        answer = {"200": {"description": "done", "content": body}, "404": {"description": "no such thing"}}
        place = {"name": "id", "in": "path", "required": True, "schema": TEXT}
        paths[f"/v1/model{i}/{{id}}"] = {
            "get": {"operationId": f"get{i}", "parameters": [place], "responses": answer},
            "put": {
                "operationId": f"put{i}",
                "parameters": [place],
                "requestBody": {"required": True, "content": body},
                "responses": answer,
            },
        }
    return api(paths, components={"schemas": schemas})


def calls_of(arguments):
    """Count the function calls of a comparison, which do not depend on the machine."""
    profile = cProfile.Profile()
    status = profile.runcall(main, arguments)
    assert status == 0
    return pstats.Stats(profile).total_calls


def test_work_grows_linearly_with_the_documents(files, capsys):
    def calls(count):
        old, new = large(count), large(count, limit=60)
        # one changed property in ten schemas, in requests and in responses
        found = calls_of(files(old=old, new=new))
        first = capsys.readouterr().out.partition("\n")[0]
        assert f"{count // 10} breaking, 0 possibly breaking, {count // 10} compatible" in first
        return found

    small, big = calls(50), calls(400)
    assert big < small * 8.5
    # some 13,500 for a schema with its two operations in both documents; a second pass would exceed it
    assert big < 400 * 15000


def test_an_answer_by_a_range_or_by_default_covers_a_status(files, capsys):
    def answers(**statuses):
        return one(
            responses={
                status.removeprefix("s"): {
                    "description": "done",
                    "content": {"application/json": {"schema": schema}},
                }
                for status, schema in statuses.items()
            }
        )

    old, new = files(old=answers(s200=TEXT, default=TEXT), new=answers(s200=TEXT, s404=INTEGER, default=TEXT))
    assert main([old, new, "--format", "json"]) == 0
    assert [change["id"] for change in json.loads(capsys.readouterr().out)["changes"]] == [
        "response-type-changed",
        "response-status-added",
    ]


def test_directions_of_a_shared_property_are_judged_separately(files, capsys):
    def shared(schema):
        body = {"application/json": {"schema": ref("Thing")}}
        answer = {"200": {"description": "done", "content": body}}
        return api(
            {
                "/a": {
                    "post": {"requestBody": {"content": body}, "responses": answer},
                    "get": {"responses": answer},
                }
            },
            components={"schemas": {"Thing": thing(name=schema)}},
        )

    old, new = files(old=shared({"enum": ["a", "b"]}), new=shared({"enum": ["a"]}))
    assert main([old, new, "--format", "json"]) == 0
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert [(change["id"], change["level"], change["operations"]) for change in changes] == [
        ("request-enum-value-removed", "breaking", ["POST /a"]),
        ("response-enum-value-removed", "compatible", ["GET /a", "POST /a"]),
    ]


def test_webhook_bodies_are_compared_as_responses(files, capsys):
    def hook(schema):
        body = {"content": {"application/json": {"schema": schema}}}
        return api(webhooks={"paid": {"post": operation(requestBody=body)}})

    old, new = files(old=hook({"enum": ["a"]}), new=hook({"enum": ["a", "b"]}))
    assert main([old, new, "--format", "json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert (change["id"], change["where"]["path"]) == ("response-enum-value-added", "paid")


def test_removal_of_a_deprecated_part_is_a_removal(compared):
    old = answered(thing(a=TEXT, b={"type": "string", "deprecated": True}))
    (record,) = compared(old, answered(thing(a=TEXT))).changes
    assert (record.id, record.level) == ("response-property-removed", "breaking")
    (record,) = compared(api({"/a": {"get": operation(deprecated=True)}}), api({})).changes
    assert (record.id, record.level) == ("operation-removed", "breaking")
    assert "deprecated" in record.message


# --- for machines -----------------------------------------------------------------------------------------------------


def test_annotations_of_github_name_file_line_and_rule(files, capsys):
    old, new = files(old=sent(TEXT), new=sent(INTEGER))
    assert main([old, new, "--format", "github"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"::error file={new},line=")
    assert ",title=request-type-changed::POST /a: request body application/json" in shown


def test_sarif_has_rules_results_and_places(files, capsys):
    old, new = files(old=sent(TEXT), new=sent(INTEGER))
    assert main([old, new, "--format", "sarif"]) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("request-type-changed", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == new
    assert place["region"]["startLine"] > 1


@pytest.fixture
def accepting(files, tmp_path, capsys):
    """Compare with a list that accepts the single change; return status and output."""

    def run(entry, *more):
        old, new = files(old=sent(TEXT), new=sent(INTEGER))
        main([old, new, "--format", "json"])
        mark = json.loads(capsys.readouterr().out)["changes"][0]["fingerprint"]
        listed = tmp_path / "accepted.toml"
        listed.write_text(entry.replace("MARK", mark), encoding="utf-8")
        status = main([old, new, "--accepted", str(listed), "--fail-on", "any", *more])
        return status, capsys.readouterr()

    return run


ENTRY = '[[accepted]]\nfingerprint = "MARK"\nreason = "agreed"\nexpires = 2999-01-01\n'


def test_accepted_change_is_marked_and_does_not_fail(accepting):
    status, printed = accepting(ENTRY)
    assert status == 0
    assert "0 breaking, 0 possibly breaking" in printed.out
    assert "accepted: agreed" in printed.out


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (ENTRY.replace("2999", "2001"), "expired on 2001-01-01"),
        (ENTRY.replace("MARK", "0" * 16), "is not in the comparison"),
        (ENTRY.replace('reason = "agreed"\n', ""), "is not a list of accepted changes"),
        (ENTRY.replace("2999-01-01", '"soon"'), "must have `reason` and the date"),
        ("[[accepted]\n", "is not a list of accepted changes"),
    ],
)
def test_a_stale_or_broken_entry_is_an_error(accepting, entry, said):
    status, printed = accepting(entry)
    assert status == 7
    assert said in printed.err
    assert printed.err.count("\n") == 1


def test_accepted_entry_for_other_versions_is_ignored(accepting):
    assert accepting(ENTRY + 'old = "1.0"\nnew = "1.1"\n')[0] == 1
