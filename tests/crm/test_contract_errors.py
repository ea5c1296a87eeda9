"""The contract of errors: each class once for real, and whatever happens on the way, nothing but a `CrmError`."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.crm import errors
from jobs.crm.base import CrmAdapter, CrmRow
from jobs.crm.errors import (
    AuthorizationLost,
    ConnectionBroken,
    CrmError,
    DuplicateFound,
    Misconfigured,
    MovedOn,
    NotAllowed,
    NotFound,
    RateLimited,
    RecordError,
    Rejected,
    RetryLater,
    RowLocked,
    Unavailable,
)
from jobs.runtime import utc_now
from jobs.values import Value
from tests.crm.adapter_case import AdapterCase, row_of
from tests.crm.troubles import ODD_ANSWERS, TROUBLES, assert_only_crm_errors


@pytest.fixture
def adapter(case: AdapterCase) -> CrmAdapter:
    return case.adapter()


@pytest.fixture
def row(case: AdapterCase, adapter: CrmAdapter) -> CrmRow:
    return row_of(case, adapter, case.make(**{case.text_field: "Buyer", case.email_field: "ana@example.com"}))


def refusal(case: AdapterCase, adapter: CrmAdapter, row: CrmRow, **changes: Value) -> CrmError:
    """What the CRM says to a write that it will not do. Nothing was written."""
    with pytest.raises(CrmError) as caught:
        adapter.write(case.object, row, changes, case.fields)
    assert case.writes() == []
    assert caught.value.code
    assert caught.value.message
    return caught.value


class TestEachClassForReal:
    def test_rejected_names_the_field(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        field, value = case.refused
        error = refusal(case, adapter, row, **{field: value})
        assert isinstance(error, Rejected)
        assert error.fields == (field,)

    def test_rejected_for_a_required_field(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        error = refusal(case, adapter, row, **{case.required_field: None})
        assert isinstance(error, Rejected)
        assert error.fields == (case.required_field,)

    def test_rejected_for_a_value_of_another_type(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        assert isinstance(refusal(case, adapter, row, **{case.number_field: "many"}), Rejected)

    def test_rejected_for_an_address_that_is_none(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        error = refusal(case, adapter, row, **{case.email_field: "not an address"})
        assert (type(error), error.fields) == (Rejected, (case.email_field,))

    def test_rejected_for_a_field_that_may_only_be_read(
        self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow
    ) -> None:
        case.make_field_read_only(case.text_field)
        error = refusal(case, adapter, row, **{case.text_field: "Owner"})
        assert (type(error), error.fields) == (Rejected, (case.text_field,))

    def test_duplicate_found_names_the_other_record(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        other = case.make(**{case.email_field: "taken@example.com"})
        error = refusal(case, adapter, row, **{case.email_field: "taken@example.com"})
        assert isinstance(error, DuplicateFound)
        assert error.record_ids == (other,)

    def test_not_found_when_it_went_away_before_the_write(
        self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow
    ) -> None:
        case.hide_record(row.record_id)
        assert isinstance(refusal(case, adapter, row, **{case.text_field: "Owner"}), NotFound)

    def test_not_found_when_it_was_deleted_before_the_write(
        self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow
    ) -> None:
        case.delete(row.record_id)
        assert isinstance(refusal(case, adapter, row, **{case.text_field: "Owner"}), NotFound)

    def test_not_allowed(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        case.make_record_read_only(row.record_id)
        assert isinstance(refusal(case, adapter, row, **{case.text_field: "Owner"}), NotAllowed)

    def test_moved_on(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        case.edit(row.record_id, **{case.other_text_field: "Anna"})
        assert isinstance(refusal(case, adapter, case.aged(row), **{case.text_field: "Owner"}), MovedOn)

    def test_row_locked(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        case.lock(row.record_id)
        assert isinstance(refusal(case, adapter, row, **{case.text_field: "Owner"}), RowLocked)

    def test_rate_limited_says_when_to_come_back(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        case.spend_limit()
        for attempt in (lambda: row_of(case, adapter, row.record_id), lambda: case.adapter().describe(case.object)):
            with pytest.raises(RateLimited) as caught:
                attempt()
            assert caught.value.retry_at is not None
            assert caught.value.retry_at > utc_now()
        error = refusal(case, adapter, row, **{case.text_field: "Owner"})
        assert isinstance(error, RateLimited)

    @pytest.mark.parametrize("trouble", ["status 500", "status 502", "status 503", "status 504", "drop", "half_body"])
    def test_unavailable(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow, trouble: str) -> None:
        case.trouble(trouble, writes=False)
        with pytest.raises(Unavailable):
            row_of(case, adapter, row.record_id)

    def test_unavailable_when_it_does_not_answer_in_time(self, case: AdapterCase, row: CrmRow) -> None:
        impatient = case.adapter(read_seconds=0.2)
        case.trouble("hang", writes=False, count=3)
        with pytest.raises(Unavailable):
            row_of(case, impatient, row.record_id)

    def test_unavailable_when_nobody_is_there(self, case: AdapterCase, row: CrmRow) -> None:
        case.trouble("drop", writes=True)
        with pytest.raises(Unavailable):
            case.adapter().write(case.object, row, {case.text_field: "Owner"}, case.fields)

    def test_authorization_lost(self, case: AdapterCase) -> None:
        record_id = case.make()
        case.refuse_new_tokens()
        with pytest.raises(AuthorizationLost):
            row_of(case, case.adapter(), record_id)

    def test_misconfigured(self, case: AdapterCase, adapter: CrmAdapter, row: CrmRow) -> None:
        case.switch_api_off()
        with pytest.raises(Misconfigured):
            row_of(case, adapter, row.record_id)

    def test_the_tree_says_what_to_do(self) -> None:
        families: dict[type[CrmError], set[type[CrmError]]] = {
            RetryLater: {RateLimited, Unavailable, RowLocked},
            RecordError: {Rejected, DuplicateFound, NotFound, NotAllowed, MovedOn},
            ConnectionBroken: {AuthorizationLost, Misconfigured},
        }
        for family, members in families.items():
            assert set(family.__subclasses__()) == members
        known = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, CrmError)}
        assert known == {CrmError, *families, *(each for members in families.values() for each in members)}


class TestNothingElseGetsOut:
    """Not one exception of the libraries below: whoever calls knows `CrmError` and nothing else."""

    @pytest.mark.parametrize("trouble", TROUBLES)
    def test_whatever_the_network_does_to_a_read(self, case: AdapterCase, row: CrmRow, trouble: str) -> None:
        impatient = case.adapter(read_seconds=0.2)
        case.trouble(trouble, writes=False, count=3)
        assert_only_crm_errors(lambda: row_of(case, impatient, row.record_id))

    @pytest.mark.parametrize("trouble", TROUBLES)
    def test_whatever_the_network_does_to_a_write(self, case: AdapterCase, row: CrmRow, trouble: str) -> None:
        impatient = case.adapter(read_seconds=0.2)
        case.trouble(trouble, writes=True, count=1)
        assert_only_crm_errors(lambda: impatient.write(case.object, row, {case.text_field: "Owner"}, case.fields))
        assert len(case.writes()) <= 1

    @pytest.mark.parametrize("body", ODD_ANSWERS, ids=str)
    def test_whatever_answers_in_the_crms_place(self, case: AdapterCase, row: CrmRow, body: Any) -> None:
        adapter = case.adapter()
        case.answer_with(body, writes=False)
        case.answer_with(body, writes=True)
        with pytest.raises(CrmError):
            row_of(case, adapter, row.record_id)
        with pytest.raises(CrmError):
            adapter.write(case.object, row, {case.text_field: "Owner"}, case.fields)
