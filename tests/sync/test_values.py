"""One canonical form per field type: what means the same is the same, whoever spelled it.

Read the tables first: left what a CRM or a person may send, right what is kept and compared.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.values import FIELD_TYPES, ValueRefused, is_blank, normalise, parse_time

TEXT_TYPES = ("text", "long_text", "select", "phone", "url", "reference")
NUMBER_TYPES = ("number", "currency", "percent")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEW_YORK = timezone(timedelta(hours=-5))

TEXTS = [
    ("plain", "plain"),
    ("<p>rich &amp; <b>bold</b></p>", "<p>rich &amp; <b>bold</b></p>"),  # never taken apart, shown as text
    ("  blanks around \t", "blanks around"),
    ("inner  blanks   stay", "inner  blanks   stay"),
    ("two\r\nlines", "two\nlines"),
    ("two\rlines", "two\nlines"),
    ("last line end\r\n", "last line end"),
    ("Case Stays", "Case Stays"),
    ("café 🙂 👩‍👩‍👧", "café 🙂 👩‍👩‍👧"),
    ("مرحبا \u202bעברית\u202c", "مرحبا \u202bעברית\u202c"),
    ("half a pair: \ud83d", "half a pair: \ufffd"),
    ("NUL \x00 inside", "NUL \ufffd inside"),
    (12.5, "12.5"),
    (7.0, "7"),  # a whole number in a CRM that keeps doubles
    (-0.0, "0"),
    (1e15, "1000000000000000"),
    (1e-7, "0.0000001"),
    (0.1 + 0.2, "0.3"),
    ("7.0", "7.0"),  # a text is as it was written
    ("0", "0"),
    ("", None),
    (" \r\n\t", None),
]
NUMBERS = [
    (1, 1),
    (1.0, 1),
    ("1", 1),
    (" 1.00 ", 1),
    ("1e0", 1),
    (0, 0),
    (-0.0, 0),
    ("-0", 0),
    (12.5, 12.5),
    ("12.50", 12.5),
    (-3, -3),
    # The 16th digit is noise of a system that keeps doubles, not somebody's change.
    (0.1 + 0.2, 0.3),
    (1234567890.123451, 1234567890.12345),
    (10**14, 10**14),
    (1.5e16, 15 * 10**15),
    (123456789012345678, 123456789012346 * 10**3),
    ("", None),
    ("  ", None),
]
NO_NUMBERS = [
    (float("nan"), "not finite"),
    (float("inf"), "not finite"),
    ("-inf", "not finite"),
    ("1e400", "not finite"),
    (10**400, "not a number"),
    (True, "yes/no"),
    (False, "yes/no"),
    ("1,5", "“1,5” is not a number"),
    ("twelve", "“twelve” is not a number"),
    ([1], "not a number"),
    ({"value": 1}, "not a number"),
    ("9" * 50 + "x", "not a number"),
]
BOOLEANS = [
    (True, True),
    (False, False),
    (None, None),  # never touched
    ("true", True),
    ("FALSE", False),
    (" Yes ", True),
    ("no", False),
    ("1", True),
    ("0", False),
    ("", None),
    (1, True),
    (0, False),
]
DATES = [
    ("2026-11-22", "2026-11-22"),
    (" 2026-11-22 ", "2026-11-22"),
    ("2026-11-22T00:00:00.000+0000", "2026-11-22"),
    ("2026-01-01T23:30:00-05:00", "2026-01-02"),  # the day it is in UTC
    ("2026-01-01T00:30:00+02:00", "2025-12-31"),
    ("20261122", "2026-11-22"),
    ("2028-02-29", "2028-02-29"),
    ("1582-10-10", "1582-10-10"),
    ("4001-01-01", "4001-01-01"),  # kept here; a CRM that cannot says so
    (date(2026, 11, 22), "2026-11-22"),
    (datetime(2026, 11, 22, 23, 30, tzinfo=NEW_YORK), "2026-11-23"),
    ("", None),
]
NO_DATES = ["22.11.2026", "11/22/2026", "2026-02-30", "tomorrow", "2026-13-01"]
MOMENTS = [
    ("2026-11-22T05:12:13.000+0000", "2026-11-22T05:12:13Z"),  # as Salesforce spells it in JSON
    ("2026-11-22T05:12:13Z", "2026-11-22T05:12:13Z"),  # as SOQL spells it
    ("2026-11-22T00:12:13-05:00", "2026-11-22T05:12:13Z"),  # the same moment elsewhere
    ("2026-11-22 05:12:13Z", "2026-11-22T05:12:13Z"),
    ("2026-11-22T05:12:13.999Z", "2026-11-22T05:12:13Z"),  # CRMs keep seconds
    (datetime(2026, 11, 22, 0, 12, 13, tzinfo=NEW_YORK), "2026-11-22T05:12:13Z"),
    ("2026-11-22", "2026-11-22T00:00:00Z"),
    # The hour that is there twice, and the one that is not: an offset says which moment is meant.
    ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00Z"),
    ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"),
    ("2026-03-29T02:30:00+01:00", "2026-03-29T01:30:00Z"),
    (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1), "2026-10-25T01:30:00Z"),
    ("1699-12-31T23:00:00-02:00", "1700-01-01T01:00:00Z"),
    ("4000-12-31T23:30:00Z", "4000-12-31T23:30:00Z"),
    ("", None),
    ("  ", None),
]
ZONELESS = ["2026-11-22T05:12:13", "2026-11-22 05:12", datetime(2026, 11, 22, 5, 12, tzinfo=UTC).replace(tzinfo=None)]
NO_MOMENTS = ["soon", 1700000000, "2026-11-22T25:00:00Z"]
BEYOND = ["9999-12-31T23:30:00-05:00", "0001-01-01T00:30:00+02:00"]
CHOICES = [
    ("B;A", ["A", "B"]),
    (["A", "B"], ["A", "B"]),
    (("B", "A", "B"), ["A", "B"]),
    ({"A"}, ["A"]),
    (["A", None, ""], ["A"]),
    (" A ; B ;", ["A", "B"]),
    (";", None),
    ([], None),
    ("", None),
]
EMAILS = [
    ("Ana@Example.COM", "ana@example.com"),
    (" ana@example.com ", "ana@example.com"),
    ("ana@münchen.example", "ana@xn--mnchen-3ya.example"),
    ("ANA@MÜNCHEN.example", "ana@xn--mnchen-3ya.example"),
    ("ana+crm@example.com", "ana+crm@example.com"),
    # No address: kept as it stands, for the person who can mend it.
    ("Ana at example", "Ana at example"),
    ("", None),
]
DOMAINS = [
    ("example.com", "example.com"),
    ("HTTPS://WWW.Example.COM/about?x=1#top", "example.com"),
    ("http://example.com:8080", "example.com"),
    ("shop.eu.example.co.uk", "example.co.uk"),
    ("example.com.", "example.com"),
    ("https://user@example.com/", "example.com"),
    ("https://münchen.de", "xn--mnchen-3ya.de"),
    ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
    ("MÜNCHEN.de", "xn--mnchen-3ya.de"),
    ("db.intranet.corp", "intranet.corp"),  # an unlisted ending counts as one
    # No domain: kept as text.
    ("http://192.0.2.7/", "http://192.0.2.7/"),
    ("localhost", "localhost"),
    ("co.uk", "co.uk"),
    ("No website", "No website"),
    ("", None),
]


@pytest.mark.parametrize(("raw", "kept"), TEXTS)
def test_text_is_trimmed_and_storable_everywhere(raw: Any, kept: str | None) -> None:
    for field_type in TEXT_TYPES:
        assert normalise(field_type, raw) == kept


@pytest.mark.parametrize(("raw", "kept"), NUMBERS)
def test_numbers_are_compared_by_amount_not_by_spelling(raw: Any, kept: float | None) -> None:
    for field_type in NUMBER_TYPES:
        number = normalise(field_type, raw)
        assert (number, type(number)) == (kept, type(kept))
        assert json.dumps(number) != "-0.0"


@pytest.mark.parametrize(("raw", "kept"), BOOLEANS)
def test_a_checkbox_is_true_or_false_or_was_never_touched(raw: Any, kept: bool | None) -> None:
    assert normalise("boolean", raw) is kept


@pytest.mark.parametrize(("raw", "kept"), DATES)
def test_a_date_is_a_day(raw: Any, kept: str | None) -> None:
    assert normalise("date", raw) == kept


@pytest.mark.parametrize(("raw", "kept"), MOMENTS)
def test_a_moment_is_one_moment_in_every_zone_and_spelling(raw: Any, kept: str | None) -> None:
    assert normalise("datetime", raw) == kept


@pytest.mark.parametrize(("raw", "kept"), CHOICES)
def test_the_order_of_several_choices_says_nothing(raw: Any, kept: list[str] | None) -> None:
    assert normalise("multi_select", raw) == kept


@pytest.mark.parametrize("field_type", ["email", "user"])
@pytest.mark.parametrize(("raw", "kept"), EMAILS)
def test_an_address_is_compared_without_case(field_type: str, raw: str, kept: str | None) -> None:
    assert normalise(field_type, raw) == kept


@pytest.mark.parametrize(("raw", "kept"), DOMAINS)
def test_a_website_is_compared_by_its_registrable_domain(raw: str, kept: str | None) -> None:
    assert normalise("domain", raw) == kept


@pytest.mark.parametrize(("raw", "words"), NO_NUMBERS)
def test_what_is_no_number_is_refused_in_words(raw: Any, words: str) -> None:
    for field_type in NUMBER_TYPES:
        with pytest.raises(ValueRefused, match=words) as refused:
            normalise(field_type, raw)
        assert len(str(refused.value)) < 100


@pytest.mark.parametrize(
    ("field_type", "raw", "words"),
    [
        *(("date", raw, "is not a date") for raw in NO_DATES),
        *(("datetime", raw, "is not a time") for raw in NO_MOMENTS),
        *(("datetime", raw, "no time zone: add Z") for raw in ZONELESS),
        *(("date", raw, "no time zone: add Z") for raw in ZONELESS),
        *(("datetime", raw, "beyond the calendar") for raw in BEYOND),
        *(("date", raw, "beyond the calendar") for raw in BEYOND),
        ("boolean", "maybe", "“maybe” is neither yes nor no"),
    ],
)
def test_what_is_no_date_time_or_answer_is_refused_in_words(field_type: str, raw: Any, words: str) -> None:
    with pytest.raises(ValueRefused, match=words):
        normalise(field_type, raw)


def test_a_stamp_without_a_zone_is_read_as_utc() -> None:
    """A CRM's own; what people and fields hold has to say which moment is meant."""
    assert parse_time("2026-11-22T05:12:13") == datetime(2026, 11, 22, 5, 12, 13, tzinfo=UTC)


@pytest.mark.parametrize("field_type", FIELD_TYPES)
def test_nothing_is_blank(field_type: str) -> None:
    assert is_blank(normalise(field_type, None))


@pytest.mark.parametrize("answer", [False, 0, "0"])
def test_false_and_zero_are_answers_not_blanks(answer: Any) -> None:
    assert not is_blank(answer)


def test_a_text_of_300_kilobytes_passes_unharmed() -> None:
    long = "ä🙂é\n" * 40_000
    assert len(long.encode()) > 300_000
    assert normalise("long_text", long) == long.strip()


@pytest.mark.parametrize("field_type", FIELD_TYPES)
def test_every_type_keeps_or_refuses_a_long_text(field_type: str) -> None:
    long = "x." * 150_000
    if field_type in (*TEXT_TYPES, "email", "user", "domain"):
        assert normalise(field_type, long) == long
    elif field_type == "multi_select":
        assert normalise(field_type, long) == [long]
    else:
        with pytest.raises(ValueRefused) as refused:
            normalise(field_type, long)
        assert len(str(refused.value)) < 100


ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates and NUL among them
ADDRESSES = st.one_of(st.emails(), st.builds("{}@{}".format, st.text(max_size=8), st.text(max_size=12)))
HOSTS = st.one_of(st.builds("{}{}.{}/{}".format, st.sampled_from(["", "https://www."]), *[st.text(max_size=8)] * 3))
MOMENT = st.integers(-30_000_000_000, 250_000_000_000).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
RAW = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    ANY_TEXT,
    ADDRESSES,
    HOSTS,
    MOMENT,
    MOMENT.map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")),
    st.dates(),
    st.lists(ANY_TEXT, max_size=4),
)


@pytest.mark.parametrize("field_type", FIELD_TYPES)
@settings(deadline=None, max_examples=50)
@given(raw=RAW)
@example(raw="İ@example.com")
@example(raw="A@ẞ.de")
@example(raw=1e15)
@example(raw=1.7976931348623151e308)  # rounds up past the largest number
def test_what_is_canonical_stays_as_it_is(field_type: str, raw: Any) -> None:
    try:
        once = normalise(field_type, raw)
    except ValueRefused:
        return
    assert normalise(field_type, once) == once


@pytest.mark.parametrize("field_type", FIELD_TYPES)
@settings(deadline=None, max_examples=50)
@given(raw=RAW)
def test_what_is_canonical_can_be_stored_and_comes_back_the_same(field_type: str, raw: Any) -> None:
    try:
        once = normalise(field_type, raw)
    except ValueRefused:
        return
    stored = json.dumps(once, ensure_ascii=False, allow_nan=False)
    assert json.loads(stored.encode().decode()) == once
    assert not isinstance(once, str) or once.strip() == once != ""
