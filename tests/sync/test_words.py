"""Every code has words: what happened, what to do about it, and nothing only an engineer would say.

The codes are collected from the source itself, so that a new one without words is noticed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.crm import errors
from jobs.crm.errors import ConnectionBroken
from jobs.crm.salesforce_errors import classify
from jobs.sync.words import Words, known_codes, words

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
A_CODE = re.compile(r"[A-Z][A-Z0-9]+(_[A-Z0-9]+)*")
# Why a value was taken or written: the log keeps these beside the change, and the change speaks for itself.
REASONS_OF_A_CHANGE = {"FIRST_LINK", "CHANGED_HERE", "CHANGED_IN_CRM", "PREFER_LOCAL", "PREFER_CRM", "MOST_RECENT"}
# Speaks to an admin filling in the connection form, with remedies of its own.
OWN_REMEDIES = {"check.py"}
# Salesforce codes that concern one record or one call (REST API Developer Guide, status codes and error responses).
SALESFORCE_CODES = """
REQUEST_LIMIT_EXCEEDED NOT_FOUND ENTITY_IS_DELETED REQUIRED_FIELD_MISSING INVALID_FIELD INVALID_FIELD_FOR_INSERT_UPDATE
INVALID_TYPE MALFORMED_ID FIELD_CUSTOM_VALIDATION_EXCEPTION INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST STRING_TOO_LONG
INVALID_EMAIL_ADDRESS FIELD_INTEGRITY_EXCEPTION DUPLICATE_VALUE DUPLICATES_DETECTED INSUFFICIENT_ACCESS_OR_READONLY
INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY INSUFFICIENT_ACCESS UNABLE_TO_LOCK_ROW QUERY_TIMEOUT SERVER_UNAVAILABLE
UNKNOWN_EXCEPTION CANNOT_UPDATE_CONVERTED_LEAD ENTITY_IS_LOCKED
""".split()  # noqa: SIM905 - a column of words reads better than a column of quotes
JARGON = re.compile(
    r"\b(objects?|tables?|vendor|platform|entity|attribute|column|rows?|jobs?|queue|worker|cron|null|payload|exception|"
    r"API|HTTP|JSON|SOQL|FLS|describe|base|watermark|cursor|token|integration(?! user))\b"
)


def said(code: str, **more: str) -> Words:
    return words(code, crm="Salesforce", object_label="Contact", **more)


def has_words(code: str) -> bool:
    return said(code, detail="a reason") != said("SOMETHING_NOBODY_HEARD_OF", detail="a reason")


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        yield path, ast.parse(path.read_text())


def constants(place: ast.AST) -> Iterator[str]:
    nodes = (each.value for each in ast.walk(place) if isinstance(each, ast.Constant))
    return (value for value in nodes if isinstance(value, str))


def named_codes(node: ast.AST) -> Iterator[str]:
    """The codes in `code="…"`, `Skip("…")` and `words("…")`, also in both branches of an `if … else`."""
    if not isinstance(node, ast.Call):
        return
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    raises_broken = name in dir(errors) and issubclass(getattr(errors, name), ConnectionBroken)
    places = [each.value for each in node.keywords if each.arg == "code" and not raises_broken]
    places += node.args[:1] if name in ("Skip", "words") else []
    for place in places:
        yield from (each for each in constants(place) if A_CODE.fullmatch(each))


def codes_in_calls() -> set[str]:
    files = [tree for path, tree in sources("jobs", "widget") if path.name not in OWN_REMEDIES]
    return {code for tree in files for node in ast.walk(tree) for code in named_codes(node)}


def codes_in_sync() -> set[str]:
    """Every constant of the sync folder that looks like a code: the reasons of plans and merges among them."""
    return {each for _, tree in sources("jobs/sync") for each in constants(tree) if CODE.fullmatch(each)}


def test_the_search_finds_what_there_is() -> None:
    assert {"SYNCS_OFF", "GAVE_UP", "NO_ANSWER", "KEEPS_MOVING", "NOT_MAPPED"} <= codes_in_calls()
    assert {"OUTBOUND_OFF", "LEFT_APART", "FIELD_GONE", "AMBIGUOUS_MATCH"} <= codes_in_sync()


@pytest.mark.parametrize("code", sorted(codes_in_calls() | (codes_in_sync() - REASONS_OF_A_CHANGE)))
def test_every_code_we_use_has_words(code: str) -> None:
    assert has_words(code)


@pytest.mark.parametrize("code", SALESFORCE_CODES)
def test_every_salesforce_code_that_is_expected_has_words(code: str) -> None:
    assert has_words(classify(400, [{"errorCode": code, "message": "a reason"}]).code)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_answer_of_trouble_without_a_code_has_words(status: int) -> None:
    assert said(classify(status, "<html>Down</html>").code) == said("SERVER_UNAVAILABLE")


@pytest.mark.parametrize("code", known_codes())
def test_what_is_said_is_whole_and_plain(code: str) -> None:
    for detail in ("", "The name is too short."):
        message, remedy = said(code, detail=detail, fields="Phone").message, said(code, detail=detail).remedy
        for sentence in (message, remedy):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert not re.search(r"[{}]|\.\.|  |!| \.", sentence), sentence
        assert not JARGON.search(message.replace(detail, "") if detail else message), message
        assert not JARGON.search(remedy), remedy
        assert not CODE.search(message)
    assert not CODE.search(remedy.replace("ENCRYPTION_KEYS", "")), "the log shows the code beside the words"


def test_an_unknown_code_is_told_in_the_crms_own_words() -> None:
    assert said("BRAND_NEW_RULE", detail="Phone must start with +").message == (
        "Salesforce refused the change: Phone must start with +."
    )
    assert said("BRAND_NEW_RULE").message == "Salesforce refused the change: no reason given."


def test_the_names_of_things_are_filled_in() -> None:
    assert (
        said("STRING_TOO_LONG", fields="Phone, Title").message
        == "Salesforce refused Phone, Title: the text is too long."
    )
    assert said("NO_EMAIL") == Words(
        "This Contact has no email address.", "Add an email address in Salesforce, then sync again."
    )
    assert "a value" in said("STRING_TOO_LONG").message


def test_what_the_crm_says_is_text_and_nothing_else() -> None:
    hostile = "{crm.__class__} {0} {unknown} %s <b>"
    assert hostile in said("FIELD_CUSTOM_VALIDATION_EXCEPTION", detail=hostile).message
