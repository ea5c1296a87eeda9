"""The contract of `CrmAdapter.write`: only what changed, only if nobody else was there, and read back."""

from __future__ import annotations

from contextlib import suppress

import pytest

from jobs.crm.base import CrmAdapter, CrmRow, WriteResult
from jobs.crm.errors import MovedOn
from jobs.values import Value
from tests.crm.adapter_case import AdapterCase, row_of


@pytest.fixture
def record_id(case: AdapterCase) -> str:
    return case.make(**{case.text_field: "Buyer", case.other_text_field: "Ana"})


@pytest.fixture
def adapter(case: AdapterCase) -> CrmAdapter:
    return case.adapter()


@pytest.fixture
def row(case: AdapterCase, adapter: CrmAdapter, record_id: str) -> CrmRow:
    return row_of(case, adapter, record_id)


def write(case: AdapterCase, adapter: CrmAdapter, row: CrmRow, field: str, value: Value) -> WriteResult:
    return adapter.write(case.object, row, {field: value}, case.fields)


def test_a_write_says_what_was_and_what_is(case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
    before = (adapter.calls, len(case.calls()))
    result = write(case, adapter, row, case.text_field, "Owner")
    assert (adapter.calls, len(case.calls())) == (before[0] + case.write_calls, before[1] + case.write_calls)
    assert result.before.values == row.values
    assert result.after.values == {**row.values, case.text_field: "Owner"}
    assert result.after.modified_at > row.modified_at
    assert case.shown(row.record_id, case.text_field) == {case.text_field: "Owner"}


def test_only_what_changed_is_sent(case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
    write(case, adapter, row, case.text_field, "Owner")
    [written] = case.writes()
    assert (written["new"], written["old"]) == ({case.text_field: "Owner"}, {case.text_field: "Buyer"})


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("text_field", None, None),
        ("text_field", "Ünï 🎉 كتاب \" \\ ' % @{", "Ünï 🎉 كتاب \" \\ ' % @{"),
        ("text_field", "@{before.records[0].Id}", "@{before.records[0].Id}"),
        ("text_field", "@{after} and @{write.id}", "@{after} and @{write.id}"),
        ("number_field", 12.5, 12.5),
        ("number_field", 0, 0),
        ("select_many_field", ["French", "English"], "English;French"),
        ("select_many_field", None, None),
    ],
)
def test_each_kind_of_value_arrives_as_it_is(
    case: AdapterCase, adapter: CrmAdapter, row: CrmRow, field: str, value: Value, shown: object
) -> None:
    name = getattr(case, field)
    result = write(case, adapter, row, name, value)
    assert case.shown(row.record_id, name) == {name: shown}
    read_back = result.after.values[name]
    assert read_back == (sorted(value) if isinstance(value, list) else value)


def test_what_the_crm_makes_of_a_value_is_read_back(case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
    field, value, kept = case.reshaped
    result = write(case, adapter, row, field, value)
    assert result.after.values[field] == kept


def test_a_record_that_changed_since_it_was_read_is_not_written(
    case: AdapterCase, adapter: CrmAdapter, row: CrmRow
) -> None:
    case.edit(row.record_id, **{case.other_text_field: "Anna"})
    with pytest.raises(MovedOn):
        write(case, adapter, case.aged(row), case.text_field, "Owner")
    assert case.writes() == []
    assert case.shown(row.record_id, case.text_field) == {case.text_field: "Buyer"}


def test_nor_one_whose_text_has_to_go_by_itself(case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
    case.edit(row.record_id, **{case.other_text_field: "Anna"})
    with pytest.raises(MovedOn):
        write(case, adapter, case.aged(row), case.text_field, "@{write}")
    assert case.writes() == []


def test_a_record_changed_just_now_is_written_upon_what_it_holds_now(case: AdapterCase, adapter: CrmAdapter) -> None:
    record_id = case.make()
    case.edit_now(record_id, **{case.text_field: "Just now"})
    for _ in range(3):
        with suppress(MovedOn):
            row = row_of(case, adapter, record_id)
            assert write(case, adapter, row, case.text_field, "Owner").before.values[case.text_field] == "Just now"
            break
    assert [each["new"] for each in case.writes()] == [{case.text_field: "Owner"}]


def test_its_own_write_is_as_fresh_as_anybodys(case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
    """Waited for within the call that meets it, so that looking again a few times is enough."""
    seen = write(case, adapter, row, case.text_field, "Owner").after
    for _ in range(3):
        with suppress(MovedOn):
            assert write(case, adapter, seen, case.text_field, "Director").before.values[case.text_field] == "Owner"
            break
        seen = row_of(case, adapter, row.record_id)
    assert [each["new"] for each in case.writes()] == [{case.text_field: "Owner"}, {case.text_field: "Director"}]


def test_a_change_while_the_token_had_ended_is_seen_all_the_same(
    case: AdapterCase, adapter: CrmAdapter, row: CrmRow
) -> None:
    """The call is built anew with the new token, with everything that guards it."""
    case.expire_tokens()
    case.edit(row.record_id, **{case.text_field: "Theirs"})
    with pytest.raises(MovedOn):
        write(case, adapter, case.aged(row), case.text_field, "Ours")
    assert case.writes() == []
    assert case.shown(row.record_id, case.text_field) == {case.text_field: "Theirs"}


def test_with_a_new_token_in_the_middle_it_is_written_once(case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
    case.expire_tokens()
    assert write(case, adapter, row, case.text_field, "Owner").after.values[case.text_field] == "Owner"
    assert len(case.writes()) == 1
