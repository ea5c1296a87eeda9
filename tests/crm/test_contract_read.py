"""The contract of `CrmAdapter.read` and `.describe`: one call, what was asked for, and what became of the record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.crm.errors import NotFound, Rejected
from tests.crm.adapter_case import AdapterCase, row_of


@pytest.fixture
def record_id(case: AdapterCase) -> str:
    return case.make(
        **{
            case.text_field: " Buyer ",
            case.other_text_field: "Ana",
            case.email_field: "Ana@Example.com",
            case.number_field: 12.5,
            case.select_many_field: "Spanish;English",
            case.unmapped_field: "secret to us",
        }
    )


def test_a_read_is_one_call(case: AdapterCase, record_id: str) -> None:
    adapter = case.adapter()
    row_of(case, adapter, record_id)  # with this one the token comes
    before = (adapter.calls, len(case.calls()))
    row_of(case, adapter, record_id)
    assert (adapter.calls, len(case.calls())) == (before[0] + 1, before[1] + 1)


def test_the_objects_are_one_call_and_custom_ones_bear_the_name_that_is_used_everywhere(case: AdapterCase) -> None:
    adapter = case.adapter()
    adapter.describe(case.object)  # with this one the token comes
    before = adapter.calls
    known = {each.object: each for each in adapter.objects()}
    assert adapter.calls == before + 1
    assert (known[case.object].is_custom, known[case.object].label) == (False, "Contact")
    [custom] = [each for each in known.values() if each.is_custom]
    assert custom.label.casefold() == "sample project"
    described = adapter.describe(custom.object)
    assert described is not None
    assert [each.label for each in described.info.fields.values() if each.names_record] in (
        ["Project Name"],
        ["Project name"],
    )


def test_values_come_in_canonical_form(case: AdapterCase, record_id: str) -> None:
    row = row_of(case, case.adapter(), record_id)
    assert row.values == {
        case.text_field: "Buyer",
        case.other_text_field: "Ana",
        case.email_field: "ana@example.com",
        case.number_field: 12.5,
        case.select_many_field: ["English", "Spanish"],
        case.required_field: "Sample",
        case.user_field: "admin@example.com",
    }
    assert (row.record_id, row.name) == (record_id, "Ana Sample")


def test_only_what_was_asked_for_is_asked_for(case: AdapterCase, record_id: str) -> None:
    case.adapter().read(case.object, record_id, {case.text_field: "text"})
    [said] = [asked for call in case.calls() if record_id in (asked := f"{call['path']}?{call['query']}")]
    assert case.text_field in said
    for name in (case.unmapped_field, case.email_field, case.number_field):
        assert name not in said


def test_who_changed_it_and_when_are_told(case: AdapterCase, record_id: str) -> None:
    case.edit(record_id, **{case.text_field: "Owner"})
    row = row_of(case, case.adapter(), record_id)
    assert row.modified_by == "Riley Rep"
    assert timedelta(seconds=50) < row.read_at - row.modified_at < timedelta(seconds=90)
    assert row.modified_at.utcoffset() == timedelta()


def test_a_blank_is_none(case: AdapterCase) -> None:
    row = row_of(case, case.adapter(), case.make())
    assert {row.values[name] for name in (case.text_field, case.number_field)} == {None}
    assert row.values[case.select_many_field] is None


def test_a_deleted_record_is_still_read_and_told(case: AdapterCase, record_id: str) -> None:
    case.delete(record_id)
    row = row_of(case, case.adapter(), record_id)
    assert (row.is_deleted, row.merged_into) == (True, "")


def test_a_merged_record_names_the_one_it_became(case: AdapterCase, record_id: str) -> None:
    became = case.merge(record_id, into=case.make())
    row = row_of(case, case.adapter(), record_id)
    assert (row.record_id, row.is_deleted, row.merged_into) == (record_id, True, became)


def test_a_record_that_is_not_there_is_not_found(case: AdapterCase) -> None:
    with pytest.raises(NotFound):
        row_of(case, case.adapter(), case.missing_id)


def test_a_record_that_is_hidden_is_not_found_either(case: AdapterCase, record_id: str) -> None:
    case.hide_record(record_id)
    with pytest.raises(NotFound):
        row_of(case, case.adapter(), record_id)


def test_a_hidden_field_is_refused_with_a_code_of_its_own(case: AdapterCase, record_id: str) -> None:
    case.hide_field(case.text_field)
    with pytest.raises(Rejected) as caught:
        row_of(case, case.adapter(), record_id)
    assert caught.value.code == "INVALID_FIELD"


@pytest.mark.parametrize("bad", ["", "x' OR 1=1 --", "003000000000001AAA\n", "../describe", "é" * 15])
def test_a_malformed_id_never_reaches_the_wire(case: AdapterCase, bad: str) -> None:
    adapter = case.adapter()
    with pytest.raises(Rejected):
        row_of(case, adapter, bad)
    assert (adapter.calls, case.calls()) == (0, [])


@pytest.mark.parametrize(
    "bad", ["", "Contact WHERE", "a b", "Contact/../x", "1st", "Name,Id", "é", "x" * 200, "Name\n"]
)
def test_a_malformed_name_never_reaches_the_wire(case: AdapterCase, record_id: str, bad: str) -> None:
    adapter = case.adapter()
    with pytest.raises(Rejected):
        adapter.read(bad, record_id, case.fields)
    with pytest.raises(Rejected):
        adapter.read(case.object, record_id, {bad: "text"})
    with pytest.raises(Rejected):
        adapter.describe(bad)
    assert (adapter.calls, case.calls()) == (0, [])


class TestDescribe:
    def test_it_tells_types_labels_and_rights(self, case: AdapterCase) -> None:
        case.make_field_read_only(case.other_text_field)
        described = case.adapter().describe(case.object)
        assert described is not None
        fields = described.info.fields
        assert {name: fields[name].field_type for name in case.fields} == case.fields
        assert fields[case.required_field].required
        assert (fields[case.text_field].may_update, fields[case.other_text_field].may_update) == (True, False)
        assert all(each.label for each in fields.values())
        assert "Spanish" in dict(fields[case.select_many_field].options)

    def test_a_hidden_field_is_not_in_it(self, case: AdapterCase) -> None:
        case.hide_field(case.text_field)
        described = case.adapter().describe(case.object)
        assert described is not None
        assert case.text_field not in described.info.fields

    def test_unchanged_since_the_last_one_is_told(self, case: AdapterCase) -> None:
        adapter = case.adapter()
        described = adapter.describe(case.object)
        assert described is not None
        calls = adapter.calls
        assert adapter.describe(case.object, unless_newer_than=described.last_modified) is None
        assert adapter.calls == calls + case.describe_calls

    def test_an_object_that_is_not_there(self, case: AdapterCase) -> None:
        with pytest.raises(NotFound):
            case.adapter().describe("Nothing_Like_This")


class TestClock:
    @pytest.mark.parametrize("hours", [0, 1, -1])
    def test_its_distance_is_measured_with_every_answer(self, case: AdapterCase, hours: int) -> None:
        case.shift_clock(hours * 3600)
        adapter = case.adapter()
        assert adapter.clock_offset_seconds is None
        row_of(case, adapter, case.make())
        assert adapter.clock_offset_seconds is not None
        assert abs(adapter.clock_offset_seconds - hours * 3600) < 2
