"""The filter language by itself: what it takes, what it refuses and why, and what a record is told.

That the CRMs answer the same is held by `test_filters_salesforce.py` and `test_filters_hubspot.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.crm.base import FieldInfo, ObjectInfo
from jobs.sync.filter_operators import OPERATORS, offered
from jobs.sync.filters import (
    FilterRefused,
    Finding,
    asked_about,
    culprit,
    explain,
    holds,
    in_words,
    names,
    parse,
    problem,
    why_not,
)
from jobs.values import Value
from tests.sync import filter_samples as samples

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
CONTACT = samples.info(
    {
        "Email": "email",
        "Title": "text",
        "LeadSource": "select",
        "Languages": "multi_select",
        "Score": "number",
        "Amount": "currency",
        "Active": "boolean",
        "Birthdate": "date",
        "Last_Visit": "datetime",
        "Owner": "user",
        "AccountId": "reference",
    },
    label="Contact",
    Title=128,
)


def clause(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "operator": operator} | ({} if value is None else {"value": value})


def passes(document: dict[str, Any], **record: Value) -> bool:
    return holds(parse(document, CONTACT).at(NOW), lambda field: record.get(field.name))


def asked(field: str, operator: str, value: Any, held: Value, *, zone: str = "UTC") -> bool:
    return passes({"all": [clause(field, operator, value)], "time_zone": zone}, **{field: held})


# --- What holds -------------------------------------------------------------------------------------------------------

TRUE: list[tuple[str, str, Any, Value]] = [
    ("Title", "is", "chief", "Chief"),
    ("Title", "is_one_of", ["CFO", "ceo"], "CEO"),
    ("Title", "contains", "50%", "Top 50% club"),
    ("Title", "starts_with", "vice", "Vice President"),
    ("Title", "does_not_start_with", "Vice", "President, Vice"),
    ("LeadSource", "is", "WEB", "Web"),
    ("Languages", "includes_any", ["Web", "100%"], ["Phone", "Web"]),
    ("Languages", "includes_all", ["Web", "Phone"], ["Phone", "Trade Fair", "Web"]),
    ("Languages", "includes_none", ["Web"], ["Phone"]),
    ("Score", "is", "10", 10),
    ("Score", "between", [1, 10], 10),
    ("Score", "less_than", 0, -0.5),
    ("Amount", "at_least", 99.99, 99.99),
    ("Active", "is", True, True),
    ("Active", "is", "no", False),
    ("Birthdate", "is", "2024-02-29", "2024-02-29"),
    ("Birthdate", "before", "2024-03-01", "2024-02-29"),
    ("Birthdate", "on_or_before", "2024-02-29", "2024-02-29"),
    ("Birthdate", "on_or_after", "2024-02-29", "2024-02-29"),
    ("Owner", "is", "Ana@Example.com", "ana@example.com"),
    ("AccountId", "is", "001000000000001AAA", "001000000000001AAA"),
]


@pytest.mark.parametrize(("field", "operator", "value", "held"), TRUE)
def test_what_holds_of_a_value_does_not_hold_of_a_blank_and_the_other_way_round(
    field: str, operator: str, value: Any, held: Value
) -> None:
    assert asked(field, operator, value, held)
    is_opposite = "not" in operator or "none" in operator
    if CONTACT.fields[field].field_type != "boolean":
        assert asked(field, operator, value, None) == is_opposite


@pytest.mark.parametrize("held", [None, []])
def test_a_blank_is_empty(held: Value) -> None:
    assert asked("Languages", "is_empty", None, held)
    assert not asked("Languages", "is_not_empty", None, held)


def test_zero_is_not_empty() -> None:
    assert asked("Score", "is_not_empty", None, 0)
    assert not asked("Score", "is_empty", None, 0)


RELATIVE: list[tuple[str, int, str, str]] = [
    # operator, days, first and last day (today is the 22nd)
    ("in_last_days", 0, "2026-11-22", "2026-11-22"),
    ("in_last_days", 7, "2026-11-15", "2026-11-22"),
    ("in_next_days", 1, "2026-11-23", "2026-11-23"),
    ("in_next_days", 7, "2026-11-23", "2026-11-29"),
    ("more_than_days_ago", 7, "1700-01-01", "2026-11-14"),
]


def shifted(day: str, days: int) -> str:
    return datetime.fromordinal(datetime.fromisoformat(day).toordinal() + days).date().isoformat()


@pytest.mark.parametrize(("operator", "days", "first", "last"), RELATIVE)
def test_relative_days_from_the_first_to_the_last(operator: str, days: int, first: str, last: str) -> None:
    assert asked("Birthdate", operator, days, first)
    assert asked("Birthdate", operator, days, last)
    assert not asked("Birthdate", operator, days, shifted(last, 1))
    assert first == "1700-01-01" or not asked("Birthdate", operator, days, shifted(first, -1))


def test_today_is_today_in_the_filter_s_time_zone() -> None:
    """Half past twelve of the 22nd in London is half past two of the 23rd on Kiritimati."""
    assert asked("Birthdate", "in_last_days", 0, "2026-11-22", zone="Europe/London")
    assert asked("Birthdate", "in_last_days", 0, "2026-11-23", zone="Pacific/Kiritimati")


ZONED: list[tuple[str, Any, str, str, bool]] = [
    ("is", "2026-11-22", "Europe/Berlin", "2026-11-21T23:00:00Z", True),
    ("is", "2026-11-22", "Europe/Berlin", "2026-11-22T23:00:00Z", False),
    ("after", "2026-11-22", "America/Los_Angeles", "2026-11-23T07:59:59Z", False),
    ("after", "2026-11-22", "America/Los_Angeles", "2026-11-23T08:00:00Z", True),
    # 23 hours and 25 hours long
    ("is", "2026-03-29", "Europe/Berlin", "2026-03-29T21:59:59Z", True),
    ("is", "2026-03-29", "Europe/Berlin", "2026-03-29T22:00:00Z", False),
    ("is", "2026-10-25", "Europe/Berlin", "2026-10-25T22:59:59Z", True),
    # a moment is as long as a second; without a zone it is one of the filter's
    ("is", "2026-11-22T12:00:00+01:00", "UTC", "2026-11-22T11:00:00Z", True),
    ("is", "2026-11-22T12:00:00", "Europe/Berlin", "2026-11-22T11:00:00Z", True),
    ("before", "2026-11-22T12:00:00Z", "UTC", "2026-11-22T11:59:59Z", True),
    ("on_or_before", "2026-11-22T12:00:00Z", "UTC", "2026-11-22T12:00:00Z", True),
    ("between", ["2026-11-21", "2026-11-22"], "UTC", "2026-11-22T23:59:59Z", True),
]


@pytest.mark.parametrize(("operator", "value", "zone", "held", "expected"), ZONED)
def test_days_and_moments(operator: str, value: Any, zone: str, held: str, expected: bool) -> None:
    assert asked("Last_Visit", operator, value, held, zone=zone) == expected


def test_two_spellings_are_two_values_where_the_crm_says_so() -> None:
    code = FieldInfo("Code", "Code", "text", "string", case_sensitive=True)
    question = parse({"all": [clause("Code", "is", "Ab")]}, ObjectInfo("X", "X", {"Code": code})).at(NOW)
    assert holds(question, lambda field: "Ab")
    assert not holds(question, lambda field: "AB")


def test_groups_within_groups() -> None:
    web, titled = clause("LeadSource", "is", "Web"), clause("Title", "is_not_empty")
    document = {
        "all": [titled, {"any": [web, {"all": [clause("Score", "at_least", 90), clause("Active", "is", True)]}]}]
    }
    assert passes(document, Title="CEO", LeadSource="Web")
    assert passes(document, Title="CEO", Score=95, Active=True)
    assert not passes(document, Title="CEO", Score=95, Active=False)
    assert not passes(document, LeadSource="Web")


# --- What is refused --------------------------------------------------------------------------------------------------

BAD_CLAUSES: list[tuple[dict[str, Any], str]] = [
    (clause("Nope__c", "is", "x"), "“Nope__c” is not a field of Contact"),
    (clause("title", "is", "x"), "“title” is not a field of Contact"),
    (clause("Title; DROP", "is", "x"), "is not a field of Contact"),
    (clause("Title FROM User", "is", "x"), "is not a field of Contact"),
    (clause("Title\u202e", "is", "x"), "is not a field of Contact"),
    (clause("", "is", "x"), "No field is chosen"),
    ({"field": 7, "operator": "is", "value": 1}, "No field is chosen"),
    ({"field": "Title", "operator": "is", "value": "x", "sql": "1=1"}, "A clause has no “sql”"),
    (clause("Title", "less_than", "x"), "“is less than” does not go with Title. It takes: “is”"),
    (clause("Title", "LIKE", "x"), "“LIKE” does not go with Title"),
    (clause("Title", "__class__", "x"), "does not go with Title"),
    ({"field": "Title", "operator": ["is"], "value": "x"}, "does not go with Title"),
    (clause("Active", "is_empty"), "“is empty” does not go with Active"),
    (clause("Score", "contains", "1"), "“contains” does not go with Score"),
    (clause("Languages", "is", "Web"), "“is” does not go with Languages"),
    (clause("Title", "is"), "“is” needs a value"),
    (clause("Title", "is", ""), "“is” needs a value"),
    (clause("Title", "is", "  "), "blank"),
    (clause("Title", "is", 7), "compared with text"),
    (clause("Title", "is", ["a"]), "compared with text"),
    (clause("Title", "is", {"a": 1}), "compared with text"),
    (clause("Title", "is_one_of", "a"), "needs a list"),
    (clause("Title", "is_one_of", []), "needs a value"),
    (clause("Title", "is_one_of", ["a", None]), "compared with text"),
    (clause("Title", "is_one_of", ["a"] * 101), "At most 100 values"),
    (clause("Title", "is_empty", "x"), "takes no value"),
    (clause("Title", "is", "x" * 4000), "at most 128 characters, not 4000"),
    (clause("Email", "is", "x" * 4000), "at most 255 characters, not 4000"),
    (clause("Title", "is", "two\nlines"), "one line"),
    (clause("Title", "contains", "nul\x00"), "one line"),
    (clause("Title", "contains", "half \ud800"), "one line"),
    (clause("Languages", "includes_any", ["Web;Phone"]), "no semicolon"),
    (clause("Score", "is", "ten"), "not a number"),
    (clause("Score", "is", True), "not a number"),
    (clause("Score", "is", float("nan")), "not finite"),
    (clause("Score", "is", "1e999"), "not finite"),
    (clause("Score", "is", 10**18), "18 digits"),
    (clause("Score", "is", "1234567890.1234567"), "first 15 digits"),
    (clause("Score", "between", [1]), "two values"),
    (clause("Score", "between", [2, 1]), "lower value comes first"),
    (clause("Active", "is", "maybe"), "neither yes nor no"),
    (clause("Active", "is", 1), "yes or no"),
    (clause("Birthdate", "is", "22.11.2026"), "not a date"),
    (clause("Birthdate", "is", "2026-02-30"), "not a date"),
    (clause("Birthdate", "is", "2026-11-22T10:00:00Z"), "a date (YYYY-MM-DD)"),
    (clause("Birthdate", "is", "1699-12-31"), "from 1700-01-01 to 4000-12-31"),
    (clause("Birthdate", "is", "4001-01-01"), "from 1700-01-01 to 4000-12-31"),
    (clause("Birthdate", "between", ["2026-01-02", "2026-01-01"]), "lower value comes first"),
    (clause("Last_Visit", "is", "9999-12-31T23:59:59-12:00"), "beyond the calendar"),
    (clause("Last_Visit", "is", "tomorrow"), "not a time"),
    (clause("Last_Visit", "in_last_days", "7.5"), "whole number of days"),
    (clause("Last_Visit", "in_last_days", -1), "whole number of days"),
    (clause("Last_Visit", "in_last_days", True), "whole number of days"),
    (clause("Last_Visit", "in_last_days", 36_501), "at most 36,500"),
    (clause("Last_Visit", "in_next_days", 0), "begin tomorrow"),
    (clause("Owner", "is", "Ana Sample"), "email address of a user"),
]


@pytest.mark.parametrize(("bad", "said"), BAD_CLAUSES)
def test_a_bad_clause_is_refused_with_its_place_and_the_reason(bad: dict[str, Any], said: str) -> None:
    good = clause("Title", "is", "x")
    with pytest.raises(FilterRefused) as refused:
        parse({"all": [good, {"any": [good, bad]}]}, CONTACT)
    assert said in str(refused.value)
    assert refused.value.place == "1.1"
    assert len(str(refused.value)) < 400


DEEP: dict[str, Any] = {"all": [clause("Title", "is", "x")]}
for _ in range(3000):
    DEEP = {"any": [DEEP]}
MANY = [clause("Title", "is", str(number)) for number in range(30)]
BAD_FILTERS: list[tuple[Any, str]] = [
    (None, "neither a clause nor a group"),
    ("Title = 'x'", "neither a clause nor a group"),
    ([], "neither a clause nor a group"),
    ({}, "either “all” or “any”"),
    ({"none": []}, "either “all” or “any”"),
    ({"all": [MANY[0]], "any": [MANY[0]]}, "either “all” or “any”"),
    ({"all": []}, "A group is empty"),
    ({"all": [MANY[0], {"any": []}]}, "A group is empty"),
    ({"all": "Title"}, "a list of clauses"),
    ({"all": ["Title"]}, "neither a clause nor a group"),
    ({"all": [{"any": MANY}, {"any": MANY}]}, "at most 50 clauses"),
    ({"all": MANY * 1000}, "at most 50 clauses"),
    (DEEP, "at most 5 deep"),
    ({"all": [MANY[0]], "time_zone": "Mars/Olympus"}, "no time zone “Mars/Olympus”"),
    ({"all": [MANY[0]], "time_zone": "../../etc/passwd"}, "no time zone"),
    ({"all": [MANY[0]], "time_zone": 1}, "no time zone"),
]


@pytest.mark.parametrize(("bad", "said"), BAD_FILTERS)
def test_a_bad_filter_is_refused_with_the_reason(bad: Any, said: str) -> None:
    with pytest.raises(FilterRefused, match=said):
        parse(bad, CONTACT)
    assert said in problem(bad, CONTACT)


def test_five_deep_is_not_too_deep() -> None:
    document: dict[str, Any] = {"all": [MANY[0]]}
    for _ in range(4):
        document = {"any": [document]}
    assert passes(document, Title="0")
    with pytest.raises(FilterRefused, match="5 deep"):
        parse({"all": [document]}, CONTACT)


def test_a_field_the_crm_cannot_filter_by_is_offered_nothing() -> None:
    notes = FieldInfo("Notes", "Notes", "long_text", "textarea", length=32_000, filterable=False)
    assert offered(notes) == ()
    with pytest.raises(FilterRefused, match="Notes cannot be filtered by"):
        parse({"all": [clause("Notes", "contains", "x")]}, ObjectInfo("X", "X", {"Notes": notes}))


def test_every_operator_is_offered_for_some_type() -> None:
    assert {each.name for field in CONTACT.fields.values() for each in offered(field)} == OPERATORS.keys()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(list(CONTACT.fields)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "field", "operator", "value", "time_zone", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=100)
@given(document=json_values, operator=st.sampled_from(list(OPERATORS)), field=st.sampled_from(list(CONTACT.fields)))
def test_nonsense_is_refused_and_nothing_else_happens(document: Any, operator: str, field: str) -> None:
    for bad in (document, {"all": [document]}, {"all": [{"field": field, "operator": operator, "value": document}]}):
        problem(bad, CONTACT)


@settings(deadline=None, max_examples=60)
@given(document=samples.documents(samples.info({name: name for name in samples.POOLS})))
def test_what_is_explained_is_what_holds(document: dict[str, Any]) -> None:
    known = samples.info({name: name for name in samples.POOLS})
    question = parse(document, known).at(NOW)
    for record in samples.records({name: name for name in samples.POOLS}, 20):
        finding = explain(question, lambda field, record=record: record[field.name])
        assert finding.holds == holds(question, lambda field, record=record: record[field.name])
        if not finding.holds:
            assert why_not(finding).endswith(("does not hold", "holds"))


# --- What is told -----------------------------------------------------------------------------------------------------


def told(document: dict[str, Any], **record: Value) -> Finding:
    return explain(parse(document, CONTACT).at(NOW), lambda field: record.get(field.name))


WORDS: list[tuple[dict[str, Any], str]] = [
    (clause("Last_Visit", "in_last_days", 1), "Last Visit is in the last 1 day"),
    (clause("Last_Visit", "in_next_days", "30"), "Last Visit is in the next 30 days"),
    (clause("Title", "is_one_of", ["A", "B"]), "Title is one of A, B"),
    (clause("Title", "is_none_of", list("ABCDEF")), "Title is none of A, B, C, D and 2 more"),
    (clause("Score", "between", [1, 2.5]), "Score is between 1 and 2.5"),
    (clause("Active", "is", True), "Active is yes"),
    (clause("Email", "is_empty"), "Email is empty"),
    (clause("LeadSource", "is", "trade fair"), "LeadSource is Trade Fair"),
    (clause("Title", "is", "x" * 100), f"Title is {'x' * 59}…"),
]


@pytest.mark.parametrize(("given_clause", "said"), WORDS)
def test_a_clause_in_words(given_clause: dict[str, Any], said: str) -> None:
    assert told({"all": [given_clause]}).parts[0].words == said


def test_each_clause_is_explained_with_the_value_it_was_asked_of() -> None:
    document = {"all": [clause("Title", "is", "CEO"), {"any": [clause("Score", "at_least", 90), MANY[0]]}]}
    finding = told(document, Title="ceo", Score=10)
    title, group = finding.parts
    assert (title.holds, title.field, title.value) == (True, "Title", "ceo")
    assert [(each.words, each.holds, each.value) for each in group.parts] == [
        ("Score is at least 90", False, 10),
        ("Title is 0", False, "ceo"),
    ]
    assert (group.kind, group.holds, finding.holds) == ("any", False, False)


def test_the_reason_names_the_clause_that_does_not_hold() -> None:
    source, score, title = (
        clause("LeadSource", "is", "Web"),
        clause("Score", "at_least", 90),
        clause("Title", "is", "CEO"),
    )
    assert why_not(told({"all": [title, source]}, Title="CEO")) == "“LeadSource is Web” does not hold"
    assert why_not(told({"any": [source, score]})) == "none of “LeadSource is Web”, “Score is at least 90” holds"
    assert why_not(told({"all": [{"any": [source]}]})) == "“LeadSource is Web” does not hold"
    nested = {"any": [{"all": [source, score]}, title]}
    assert why_not(told(nested)) == "none of (“LeadSource is Web” and “Score is at least 90”), “Title is CEO” holds"


def test_a_filter_in_words_and_the_fields_it_asks_about() -> None:
    document = {
        "all": [clause("Title", "is", "CEO"), {"any": [clause("Score", "at_least", 90), clause("Email", "is_empty")]}]
    }
    assert in_words(parse(document, CONTACT)) == "Title is CEO and (Score is at least 90 or Email is empty)"
    assert names(document) == {"Title", "Score", "Email"}
    assert names(None) == set()
    finding = told(document, Title="CEO", Score=1, Email="ana@example.com")
    assert asked_about(culprit(finding)) == {"Score", "Email"}
    assert asked_about(culprit(told(document))) == {"Title"}
