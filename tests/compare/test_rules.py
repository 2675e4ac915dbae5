"""Each rule is reported for a pair of minimal documents, with the level in the table."""

from __future__ import annotations

from functools import cache

import jsonschema_rs
import pytest
from rule_pairs import CASES

from scripts.compare.wire.rules import LEVELS, RULES

# one change with two records, since the new schema or scheme is another one
REPORTED_TWICE = {
    "request-pattern-properties-unjudged",
    "response-pattern-properties-unjudged",
    "security-scheme-added",
    "security-scheme-removed",
}
# the remaining alternative has another notation, too
BESIDE = {
    "request-variant-unjudged": "request-pattern-narrowed",
    "response-variant-unjudged": "response-pattern-widened",
    "removed-before-sunset": "operation-removed",
    "request-schema-narrowed": "request-variant-added",
    "response-schema-widened": "response-variant-removed",
}
# changes of the meaning of values, which no JSON value shows
NO_VALUE_SHOWS = ("discriminator-", "write-only", "property-removed-from-closed-object")


@pytest.fixture(scope="module")
def of_rule(compared):
    """Compare the pair of a rule, once for all tests."""
    return cache(lambda rule: compared(*CASES[rule]))


def test_every_rule_has_a_pair_of_documents_and_every_pair_a_rule():
    assert CASES.keys() == RULES.keys()


def test_every_rule_gives_its_level_and_a_reason():
    for rule in RULES.values():
        assert rule.level in LEVELS
        assert rule.reason.endswith(".")
        assert len(rule.reason) >= 20


@pytest.mark.parametrize("rule", CASES)
def test_pair_of_a_rule_is_reported_by_this_rule_only(rule, of_rule):
    comparison = of_rule(rule)
    ids = [record.id for record in comparison.changes]
    expected = [rule] * (2 if rule in REPORTED_TWICE else 1) + ([BESIDE[rule]] if rule in BESIDE else [])
    assert sorted(ids) == sorted(expected)
    record = next(record for record in comparison.changes if record.id == rule)
    assert record.level == RULES[rule].level
    assert record.message.endswith(".")
    assert "\n" not in record.message


@pytest.mark.parametrize("rule", [rule for rule in CASES if RULES[rule].schema])
def test_schema_change_has_a_witness_or_a_reason(rule, of_rule):
    old, new = CASES[rule]
    record = next(record for record in of_rule(rule).changes if record.id == rule)
    witness = record.witness
    assert witness is not None
    if record.level == "breaking" and not any(part in rule for part in NO_VALUE_SHOWS):
        assert witness.found, witness.reason
    if not witness.found:
        assert witness.reason
        return
    if "read-only" in rule:
        return  # read-only properties are not required in requests, unlike in JSON Schema
    before, after = _validator(old, witness.old_pointer), _validator(new, witness.new_pointer)
    if record.direction == "request":
        assert before.is_valid(witness.value)
        assert not after.is_valid(witness.value)
    else:
        assert after.is_valid(witness.value)
        assert not before.is_valid(witness.value)


def _validator(document, pointer):
    """Validate with the original schema in the document."""
    schema = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        schema = schema[int(key)] if isinstance(schema, list) else schema[key]
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


OPPOSITES = (
    ("added", "removed"),
    ("narrowed", "widened"),
    ("raised", "lowered"),
    ("required", "optional"),
    ("described", "no-longer-described"),
    ("deprecated", "no-longer-deprecated"),
    ("introduced", "lifted"),
    ("allowed", "forbidden"),
)
# a change in one direction is another rule
ALONE = {
    "removed-before-sunset",
    "request-schema-narrowed",
    "response-schema-widened",
    "response-media-range-narrowed",
    "required-parameter-added",
    "required-request-body-added",
    "response-required-header-removed",
    "request-required-property-added",
    "response-required-property-added",
    "request-unique-items-required",
    "response-unique-items-required",
    "request-unique-items-lifted",
    "response-unique-items-lifted",
    "parameter-array-suffix-changed",
}


def test_every_rule_that_has_an_opposite_has_it():
    for rule in RULES.keys() - ALONE:
        for pair in (pair for pair in OPPOSITES if rule.endswith(pair)):
            for one, other in (pair, pair[::-1]):
                if rule.endswith(f"-{one}") and not rule.endswith(f"no-longer-{one}"):
                    assert f"{rule.removesuffix(one)}{other}" in RULES, rule
