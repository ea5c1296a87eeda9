"""A Salesforce id in its one spelling: 15 characters that count their capitals, and 3 that say which those are."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.crm.errors import Rejected
from jobs.crm.salesforce import full_id

KNOWN = [
    ("001000000000001", "001000000000001AAA"),
    ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
    ("abcdefghijklmno", "abcdefghijklmnoAAA"),
    ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO555"),
    ("Abcdefghijklmno", "AbcdefghijklmnoBAA"),
    ("abcdEfghijklmno", "abcdEfghijklmnoQAA"),
    ("abcdefghijklmnO", "abcdefghijklmnOAAQ"),
]
MALFORMED = [
    "",
    "001",
    "00100000000000",  # 14
    "0010000000000011",  # 16
    "001000000000001AA",  # 17
    "001000000000001AAAA",  # 19
    "00100000000000-",
    "00100000000000 ",
    "001000000000001\n",
    "٠٠١٠٠٠٠٠٠٠٠٠٠٠١",  # digits, but not those
    "00100000000000é",
    "' OR Name != ''",
    "../../../../etc",
    "001000000000001AAA" * 1000,
]
IDS = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)


@pytest.mark.parametrize(("short", "full"), KNOWN)
def test_the_last_three_say_where_the_capitals_are(short: str, full: str) -> None:
    assert full_id(short) == full
    assert full_id(full) == full


def test_the_last_three_may_have_lost_their_case() -> None:
    assert full_id("001A0000006Vm9riac") == "001A0000006Vm9rIAC"


@pytest.mark.parametrize(
    "wrong",
    [
        "001A0000006Vm9rIAA",
        "001a0000006vm9rIAC",  # the case was lost on the way: another record's id now
        "001A0000006Vm9rIA6",
    ],
)
def test_a_checksum_that_does_not_fit_is_refused(wrong: str) -> None:
    with pytest.raises(Rejected) as refused:
        full_id(wrong)
    assert refused.value.code == "MALFORMED_ID"


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_id_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Rejected) as refused:
        full_id(text)
    assert refused.value.code == "MALFORMED_ID"
    assert not text.strip() or text not in refused.value.message


@settings(deadline=None, max_examples=100)
@given(one=IDS, other=IDS)
def test_two_ids_stay_two_even_where_case_is_ignored(one: str, other: str) -> None:
    assert full_id(full_id(one)) == full_id(one)
    assert (full_id(one).lower() == full_id(other).lower()) == (one == other)


@settings(deadline=None, max_examples=100)
@given(one=IDS, place=st.integers(0, 14))
def test_a_letter_whose_case_was_changed_is_noticed(one: str, place: int) -> None:
    changed = one[:place] + one[place].swapcase() + one[place + 1 :]
    if changed == one:
        return
    with pytest.raises(Rejected):
        full_id(changed + full_id(one)[15:])
