"""The contract of `CrmAdapter.create` and `created`: one record of one creation, whatever becomes of the answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from jobs.crm.base import CrmAdapter, CrmRow
from jobs.crm.errors import (
    AuthorizationLost,
    CrmError,
    DuplicateFound,
    Misconfigured,
    NotAllowed,
    NotFound,
    RateLimited,
    Rejected,
    RetryLater,
    RowLocked,
    Unavailable,
)
from jobs.runtime import utc_now
from jobs.values import Value
from tests.crm.adapter_case import AdapterCase
from tests.crm.troubles import ODD_ANSWERS, TROUBLES, assert_only_crm_errors

KEY = "0d3c1f5e-6f3f-4d0c-9f1c-2a8e5f1b7c11"


@pytest.fixture
def adapter(case: AdapterCase) -> CrmAdapter:
    return case.adapter()


def ana_of(case: AdapterCase, **more: Value) -> dict[str, Value]:
    """What is needed of a person, and an address."""
    return {case.required_field: "Sample", case.email_field: "ana@example.com", **more}


def create(case: AdapterCase, adapter: CrmAdapter, *, key: str = KEY, parent_id: str = "", **values: Value) -> CrmRow:
    return adapter.create(case.object, ana_of(case, **values), case.fields, key=key, parent_id=parent_id)


def created(
    case: AdapterCase, adapter: CrmAdapter, *, ago: timedelta = timedelta(seconds=5), **values: Value
) -> CrmRow | None:
    """As the worker asks that comes after one that died."""
    return adapter.created(case.object, ana_of(case, **values), case.fields, key=KEY, since=utc_now() - ago)


def refusal(case: AdapterCase, adapter: CrmAdapter, *, parent_id: str = "", **values: Value) -> CrmError:
    """What the CRM says to a create that it will not do. Nothing was made, and nobody thinks so."""
    with pytest.raises(CrmError) as caught:
        create(case, adapter, parent_id=parent_id, **values)
    assert case.made() == []
    assert caught.value.code
    assert caught.value.message
    return caught.value


class TestCreating:
    def test_it_is_made_with_what_was_given_and_read_back(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        create(case, adapter, key="before", **{case.email_field: "ben@example.com"})  # the token is there
        start = adapter.calls
        given: dict[str, Value] = {
            case.text_field: "Ünï @{made.id} ' \\",
            case.select_many_field: ["French", "English"],
            case.other_text_field: None,
        }
        row = create(case, adapter, **{**given, case.text_field: "Buyer"})
        assert adapter.calls == start + case.create_calls
        assert row.values[case.select_many_field] == ["English", "French"]
        assert row.values[case.other_text_field] is None
        made = case.made()[-1]
        assert (made["id"], made["new"][case.key_field]) == (row.record_id, KEY)
        assert case.other_text_field not in made["new"]
        odd = create(case, adapter, key="odd", **given, **{case.email_field: "chloe@example.com"})
        assert odd.values[case.text_field] == given[case.text_field]

    def test_done_twice_it_is_done_once_and_writes_over_nothing(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        first = create(case, adapter, **{case.text_field: "Buyer"})
        case.edit_now(first.record_id, **{case.text_field: "Owner"})
        again = create(case, case.adapter(), **{case.text_field: "Buyer"})
        assert (again.record_id, again.values[case.text_field]) == (first.record_id, "Owner")
        assert len(case.made()) == 1

    def test_two_at_once_make_one(self, case: AdapterCase) -> None:
        adapters = [case.adapter() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            rows = list(pool.map(lambda each: create(case, each, **{case.email_field: None}), adapters))
        assert len({row.record_id for row in rows}) == len(case.made()) == 1

    @pytest.mark.parametrize("trouble", ["hidden", "read only"])
    def test_without_our_key_field_it_is_made_all_the_same(self, case: AdapterCase, trouble: str) -> None:
        (case.hide_field if trouble == "hidden" else case.make_field_read_only)(case.key_field)
        adapter = case.adapter()
        row = create(case, adapter, **{case.text_field: "Buyer"})
        [made] = case.made()
        assert (made["id"], case.key_field in made["new"]) == (row.record_id, False)
        start = adapter.calls
        create(case, adapter, **{case.email_field: "ben@example.com"})
        assert adapter.calls == start + case.create_calls

    def test_it_belongs_to_the_account_it_was_given(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        company = case.make_company("Sample Company")
        row = create(case, adapter, parent_id=company)
        assert adapter.parent_object(case.object) == case.company_object
        assert case.company_of(row.record_id) == company

    def test_an_account_that_is_gone_is_told(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        gone = case.make_company("Sample Company")
        case.delete_company(gone)
        error = refusal(case, adapter, parent_id=gone)
        assert (type(error), error.code) == (Rejected, "NO_SUCH_PARENT")

    def test_accounts_belong_to_none(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        assert adapter.parent_object(case.company_object) == ""
        [name, _] = case.company_fields
        with pytest.raises(Rejected) as caught:
            adapter.create(case.company_object, {name: "Sample"}, case.company_fields, key=KEY, parent_id="1")
        assert caught.value.code == "NO_SUCH_PARENT"

    def test_an_owner_is_given_by_address(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        owner = case.adapter().read(case.object, case.make(), case.fields).values[case.user_field]
        assert create(case, adapter, **{case.user_field: owner}).values[case.user_field] == owner


class TestRefusals:
    def test_what_is_required_is_known_beforehand(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        described = adapter.describe(case.object)
        assert described is not None
        required = [name for name, field in described.info.fields.items() if field.required]
        assert required == [case.required_field]
        assert refusal(case, adapter, **{case.required_field: None}).fields == (case.required_field,)

    def test_rejected_names_the_field_in_question(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        field, value = case.refused
        for name, wrong in (
            (case.required_field, None),
            (field, value),
            (case.email_field, "not an address"),
            (case.user_field, "nobody@example.com"),
        ):
            error = refusal(case, adapter, **{name: wrong})
            assert (type(error), error.fields) == (Rejected, (name,))
        case.make_field_read_only(case.text_field)
        error = refusal(case, adapter, **{case.text_field: "Buyer"})
        assert (type(error), error.fields) == (Rejected, (case.text_field,))
        assert created(case, adapter) is None

    def test_duplicate_found_names_the_other_record(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        other = case.make(**{case.email_field: "ana@example.com"})
        error = refusal(case, adapter)
        assert isinstance(error, DuplicateFound)
        assert error.record_ids == (other,)
        assert created(case, adapter) is None

    def test_not_allowed_and_not_found(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        with pytest.raises(NotFound):
            adapter.create("no_such_object", {"name": "Sample"}, {"name": "text"}, key=KEY)
        case.allow_no_new_ones()
        assert isinstance(refusal(case, adapter), NotAllowed)

    def test_row_locked_while_somebody_holds_its_account(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        company = case.make_company("Sample Company")
        case.lock(company)
        assert isinstance(refusal(case, adapter, parent_id=company), RowLocked)

    def test_retry_later_tells_when_where_the_crm_does(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        case.trouble_making("status 500")
        assert isinstance(refusal(case, adapter), Unavailable)
        case.trouble_making("drop")
        assert isinstance(refusal(case, adapter), Unavailable)
        case.spend_limit()
        error = refusal(case, adapter)
        assert isinstance(error, RateLimited)
        assert error.retry_at is not None

    def test_a_connection_that_is_broken(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        case.switch_api_off()
        assert isinstance(refusal(case, adapter), Misconfigured)
        case.refuse_new_tokens()
        assert isinstance(refusal(case, case.adapter()), AuthorizationLost)

    def test_with_a_new_token_in_the_middle_it_is_made_once(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        case.expire_tokens()
        row = create(case, adapter)
        assert [each["id"] for each in case.made()] == [row.record_id]


class TestNothingElseGetsOut:
    def test_whatever_the_network_does(self, case: AdapterCase) -> None:
        impatient = case.adapter(read_seconds=0.2)
        for number, trouble in enumerate(TROUBLES):
            case.trouble_making(trouble)
            address = {case.email_field: f"{number}@example.com"}
            assert_only_crm_errors(lambda n=number, more=address: create(case, impatient, key=f"k-{n}", **more))
        addresses = [each["new"][case.email_field] for each in case.made()]
        assert len(addresses) == len(set(addresses))

    def test_whatever_answers_in_the_crms_place(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        for body in ODD_ANSWERS:
            case.answer_making_with(body)
            with pytest.raises(Unavailable):
                create(case, adapter)
        assert case.made() == []


class TestLookingForWhatACreateMade:
    def test_an_answer_that_was_lost(self, case: AdapterCase, adapter: CrmAdapter) -> None:
        case.trouble_making("lose_response")
        with pytest.raises(Unavailable):
            create(case, adapter, **{case.text_field: "Buyer"})
        [made] = case.made()
        # Found by its key, whatever people have made of it since.
        case.edit_now(made["id"], **{case.text_field: "Owner", case.email_field: "anna@example.com"})
        row = created(case, case.adapter(), **{case.text_field: "Buyer"})
        assert row is not None
        assert (row.record_id, row.values[case.text_field]) == (made["id"], "Owner")

    def test_an_answer_that_was_lost_where_there_is_no_key_field(self, case: AdapterCase) -> None:
        case.hide_field(case.key_field)
        adapter = case.adapter()
        create(case, adapter, **{case.email_field: "ben@example.com"})
        case.trouble_making("lose_response")
        with pytest.raises(Unavailable):
            create(case, adapter)
        row = created(case, case.adapter())
        assert row is not None
        assert row.record_id == case.made()[-1]["id"]

    def test_one_that_was_there_before_is_not_it(self, case: AdapterCase) -> None:
        case.hide_field(case.key_field)
        case.make(**{case.email_field: "ana@example.com"})
        assert created(case, case.adapter(), ago=timedelta(minutes=5)) is None

    def test_accounts_without_a_key_take_a_minute_to_be_sure_of(self, case: AdapterCase) -> None:
        case.hide_company_key()
        adapter, (name, _) = case.adapter(), case.company_fields
        ask = (case.company_object, {name: "Sample Company"}, case.company_fields)
        just_now, long_ago = utc_now(), utc_now() - timedelta(minutes=2)
        with pytest.raises(RetryLater) as caught:
            adapter.created(*ask, key=KEY, since=just_now)
        assert caught.value.retry_at == just_now + timedelta(minutes=1)
        assert adapter.created(*ask, key=KEY, since=long_ago) is None
        first = adapter.create(*ask, key=KEY)
        found = adapter.created(*ask, key=KEY, since=just_now)
        assert found is not None
        assert found.record_id == first.record_id
        adapter.create(*ask, key="another")
        with pytest.raises(DuplicateFound) as several:
            adapter.created(*ask, key=KEY, since=just_now)
        assert len(several.value.record_ids) == 2
