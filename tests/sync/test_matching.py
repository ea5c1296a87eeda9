"""How two records are found to be one: the first rule that finds somebody decides, and nobody is guessed at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from jobs.sync.matching import Candidate, Rule, are_two, find, rule_of_pair
from jobs.values import Value

WEBSITE = Rule("Website", "domain", "domain")
NAME = Rule("Name", "name", "name")
EMAIL = Rule("Email", "email", "email")
CODE = Rule("Code__c", "code", "text")

ONE = Candidate(1, "Sample Org", "example.com")
TWO = Candidate(2, "Sample Org Ltd", "example.org")
TAKEN = Candidate(3, "Sample Org (old)", "example.com", is_taken=True)
ALSO_TAKEN = Candidate(4, "Sample Org (older)", "", is_taken=True)

Ours = Mapping[tuple[str, str], Sequence[Candidate]]  # (our field, key) -> who has it


def match(rules: Sequence[Rule], crm_values: Mapping[str, Value], ours: Ours) -> tuple[str, str, list[int]]:
    found = find(rules, crm_values, lambda rule, key: ours.get((rule.local_field, key), ()))
    by = found.rule.crm_field if found.rule else ""
    return found.verdict, by, [candidate.local_record_id for candidate in found.candidates]


BY_DOMAIN = {("domain", "example.com"): [ONE]}
BY_NAME = {("name", "sample org"): [TWO]}
RECORD: dict[str, Value] = {"Website": "https://www.example.com", "Name": "Sample Org, Inc."}

TABLE = [
    # rules, what the CRM record holds, who of ours has which key → verdict, by which field, whom
    ("the first rule finds one", [WEBSITE, NAME], RECORD, BY_DOMAIN, ("one", "Website", [1])),
    ("the first rule wins over the second", [WEBSITE, NAME], RECORD, BY_DOMAIN | BY_NAME, ("one", "Website", [1])),
    ("in the other order the other wins", [NAME, WEBSITE], RECORD, BY_DOMAIN | BY_NAME, ("one", "Name", [2])),
    ("the first finds nobody, the second one", [WEBSITE, NAME], RECORD, BY_NAME, ("one", "Name", [2])),
    ("a blank says nothing", [WEBSITE, NAME], RECORD | {"Website": None}, BY_DOMAIN | BY_NAME, ("one", "Name", [2])),
    ("a field not read says nothing", [WEBSITE, NAME], {"Name": "Sample Org"}, BY_NAME, ("one", "Name", [2])),
    (
        "a free-mail domain says nothing",
        [WEBSITE],
        {"Website": "gmail.com"},
        {("domain", "gmail.com"): [ONE]},
        ("none", "", []),
    ),
    ("no address, no match", [EMAIL], {"Email": "ana at example"}, {("email", ""): [ONE]}, ("none", "", [])),
    ("an address in another case", [EMAIL], {"Email": "ANA@Example.com"}, {("email", "ana@example.com"): [ONE]},
     ("one", "Email", [1])),
    ("a plain text", [CODE], {"Code__c": " A-1 "}, {("code", "a-1"): [TWO]}, ("one", "Code__c", [2])),
    ("two are never guessed between", [WEBSITE], RECORD, {("domain", "example.com"): [ONE, TWO]},
     ("several", "Website", [1, 2])),
    ("nor does a later rule choose between them", [WEBSITE, NAME], RECORD,
     {("domain", "example.com"): [ONE, TWO]} | BY_NAME, ("several", "Website", [1, 2])),
    ("one of two is taken", [WEBSITE], RECORD, {("domain", "example.com"): [TAKEN, ONE]}, ("one", "Website", [1])),
    ("all are taken", [WEBSITE], RECORD, {("domain", "example.com"): [TAKEN, ALSO_TAKEN]},
     ("taken", "Website", [3, 4])),
    ("taken by the first rule is not looked past", [WEBSITE, NAME], RECORD,
     {("domain", "example.com"): [TAKEN]} | BY_NAME, ("taken", "Website", [3])),
    ("nobody", [WEBSITE, NAME], RECORD, {}, ("none", "", [])),
    ("no rules", [], RECORD, BY_DOMAIN, ("none", "", [])),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "crm_values", "ours", "expected"), [line[1:] for line in TABLE],
                         ids=[line[0] for line in TABLE])  # fmt: skip
def test_the_counterpart(
    rules: list[Rule], crm_values: dict[str, Value], ours: Ours, expected: tuple[str, str, list[int]]
) -> None:
    assert match(rules, crm_values, ours) == expected


def test_only_what_is_asked_is_looked_up() -> None:
    """A lookup is a query: none is made for a blank, and none after a rule has found somebody."""
    asked: list[tuple[str, str]] = []

    def look_up(rule: Rule, key: str) -> list[Candidate]:
        asked.append((rule.crm_field, key))
        return [ONE]

    find([EMAIL, WEBSITE, NAME], RECORD, look_up)
    assert asked == [("Website", "example.com")]


DOMAINS = [
    # ours, theirs, whether two of one name are two
    ("example.com", "https://www.example.org", True),
    ("example.com", "https://www.example.com/team", False),
    ("example.com", None, False),
    (None, "example.org", False),
    ("gmail.com", "example.org", False),  # free mail names no company
    ("example.com", "not a domain", False),
]


@pytest.mark.parametrize(("ours", "theirs", "two"), DOMAINS)
def test_one_name_with_two_known_domains_is_two_companies(ours: Value, theirs: Value, two: bool) -> None:
    local, crm = {"name": "Sample", "domain": ours}, {"Name": "Sample Inc.", "Website": theirs}
    assert are_two(NAME, [("Website", "domain")], local, crm) is two
    assert rule_of_pair([NAME], local, crm, domains=[("Website", "domain")]) == (None if two else NAME)


def test_only_a_name_gives_way_to_the_domains() -> None:
    assert not are_two(CODE, [("Website", "domain")], {"domain": "example.com"}, {"Website": "example.org"})
    assert not are_two(NAME, [], {"domain": "example.com"}, {"Website": "example.org"})
