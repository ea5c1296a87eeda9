"""The filter of an object in the plan for one record: kept out with the clause named, or the object paused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from jobs.crm.base import CrmRow, FieldInfo, ObjectInfo
from jobs.sync.plan import Skip, ineligible, make_plan, switched_off
from jobs.sync.scene import Setup
from jobs.sync.words import words
from jobs.values import Value, ValueRefused, normalise
from tests.sync.scenery import field, linked, local, row, setup

SITE = field("job_title", crm_field="Website", field_type="domain")
SOURCE = FieldInfo("LeadSource", "Lead Source", "select", "picklist")
WEB = {"all": [{"field": "LeadSource", "operator": "is", "value": "Web"}]}


def filtered(document: Any, *more: FieldInfo, **switches: Any) -> Setup:
    """One mapped field (a website, read as a domain), and fields that only a filter asks for."""
    mapped = setup(SITE, filter=document, **switches)
    site = FieldInfo("Website", "Website", "url", "url", may_update=True)
    known = {each.name: each for each in (site, *more)}
    return replace(mapped, info=ObjectInfo("Contact", "Contact", known))


def read(values: Mapping[str, Value]) -> CrmRow:
    """A row as an adapter reads it: every field in the type it is mapped to, and on request in another."""

    def read_as(name: str, field_type: str) -> Value:
        if name not in values:
            raise ValueRefused(f"{name} was not read.")
        return normalise(field_type, values[name])

    return replace(row(values), read_as=read_as)


def said(skip: Skip | None) -> str:
    assert skip is not None
    return words(skip.code, crm="Salesforce", object_label="Contact", detail=skip.detail).message


def test_without_a_filter_nothing_more_is_read() -> None:
    assert filtered(None, SOURCE).fields == {"Website": "domain"}
    assert ineligible(filtered(None, SOURCE), read({"Website": None})) is None


def test_what_the_filter_looks_at_is_read_along() -> None:
    assert filtered(WEB, SOURCE).fields == {"LeadSource": "select", "Website": "domain"}


def test_a_record_that_passes_is_synced() -> None:
    assert ineligible(filtered(WEB, SOURCE), read({"LeadSource": "Web"})) is None


def test_a_record_that_does_not_pass_is_skipped_and_the_clause_named() -> None:
    skip = make_plan(filtered(WEB, SOURCE), read({"LeadSource": "Phone"}), linked(local({}))).skip
    assert skip is not None
    assert skip.code == "FILTERED_OUT"
    assert said(skip) == "This Contact does not pass the filter: “Lead Source is Web” does not hold."


@pytest.mark.parametrize(("readable", "told"), [(["Website", "LeadSource"], True), (["Website"], False), (None, True)])
def test_who_may_not_see_the_field_is_not_told_of_it(readable: list[str] | None, told: bool) -> None:
    one = filtered(WEB, SOURCE, readable=readable)
    message = said(ineligible(one, read({"LeadSource": "Phone"})))
    assert ("“Lead Source is Web” does not hold" in message) == told
    assert ("a clause on a field you may not see" in message) != told


def test_a_field_is_asked_as_what_the_crm_holds_and_not_as_what_it_is_mapped_to() -> None:
    document = {"all": [{"field": "Website", "operator": "starts_with", "value": "https://www."}]}
    assert ineligible(filtered(document), read({"Website": "https://www.example.com/about"})) is None
    assert ineligible(filtered(document), read({"Website": "example.com"})) is not None


def test_a_deleted_record_is_told_as_deleted() -> None:
    skip = ineligible(filtered(WEB, SOURCE), replace(read({"LeadSource": "Phone"}), is_deleted=True))
    assert skip is not None
    assert skip.code == "RECORD_DELETED"


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ((), "“LeadSource” is not a field of Contact, or one that is hidden from us"),
        ((replace(SOURCE, field_type="number"),), "Lead Source: “Web” is not a number"),
        ((replace(SOURCE, filterable=False),), "Lead Source cannot be filtered by"),
    ],
)
def test_a_field_that_vanished_or_became_another_pauses_the_object(now: tuple[FieldInfo, ...], reason: str) -> None:
    paused = filtered(WEB, *now)
    skip = switched_off(paused)
    assert skip is not None
    assert (skip.code, skip.detail.rstrip(".")) == ("FILTER_PAUSED", reason)
    assert reason in said(skip)
    assert paused.fields == {"Website": "domain"}  # and the read does not ask for it
    again = ineligible(paused, read({"Website": None}))
    assert again == skip


def test_it_goes_on_once_the_field_is_back() -> None:
    assert switched_off(filtered(WEB, SOURCE)) is None


def test_a_switch_that_is_off_is_told_before_a_filter_that_cannot_be_asked() -> None:
    skip = switched_off(filtered(WEB, enabled=False))
    assert skip is not None
    assert skip.code == "OBJECT_OFF"


def test_a_value_that_cannot_be_read_is_neither_in_nor_out() -> None:
    number = FieldInfo("Score__c", "Score", "number", "double")
    document = {"all": [{"field": "Score__c", "operator": "is_not", "value": 5}]}
    skip = ineligible(filtered(document, number), read({"Score__c": "five"}))
    assert skip is not None
    assert skip.code == "FILTER_UNREADABLE"
    assert "“five” is not a number" in said(skip)
    missing = ineligible(filtered(document, number), row({"Website": None}))
    assert missing is not None
    assert missing.code == "FILTER_UNREADABLE"
