"""The contract of `CrmAdapter.find`: who there may be the counterpart of one of ours, by the rules that hold here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.crm.base import MOST_FOUND, CrmAdapter
from jobs.crm.errors import CrmError
from jobs.sync.matching import Rule
from jobs.values import Value
from tests.crm.adapter_case import AdapterCase


@pytest.fixture
def adapter(case: AdapterCase) -> CrmAdapter:
    return case.adapter()


def people(case: AdapterCase, adapter: CrmAdapter, field: str, compare_as: str, value: Value) -> list[str]:
    found = adapter.find(case.object, Rule(field, "ours", compare_as), value, case.fields)
    return [row.record_id for row in found]


def companies(case: AdapterCase, adapter: CrmAdapter, compare_as: str, value: Value) -> list[str]:
    name, website = case.company_fields
    rule = Rule(website if compare_as == "domain" else name, "ours", compare_as)
    return [row.record_id for row in adapter.find(case.company_object, rule, value, case.company_fields)]


def test_a_person_by_the_address_however_it_is_written(case: AdapterCase, adapter: CrmAdapter) -> None:
    ana = case.make(**{case.email_field: "ana@example.com", case.text_field: "Buyer"})
    case.make(**{case.email_field: "anna@example.com"})
    assert people(case, adapter, case.email_field, "email", " Ana@EXAMPLE.com") == [ana]
    [row] = adapter.find(case.object, Rule(case.email_field, "ours", "email"), "ana@example.com", case.fields)
    assert row == replace(adapter.read(case.object, ana, case.fields), read_at=row.read_at)


def test_a_company_by_its_domain_wherever_it_stands(case: AdapterCase, adapter: CrmAdapter) -> None:
    addresses = ["https://www.kiefer.test/about", "shop.kiefer.test:8080", "KIEFER.test", "hello@kiefer.test"]
    meant = [case.make_company("Sample", each) for each in addresses]
    for other in ("notkiefer.test", "kiefer.test.example.com", "https://example.com/kiefer.test/"):
        case.make_company("Sample", other)
    assert companies(case, adapter, "domain", "http://kiefer.test/contact") == meant


def test_a_domain_in_letters_of_its_own(case: AdapterCase, adapter: CrmAdapter) -> None:
    meant = [case.make_company("Sample", "https://münster.test"), case.make_company("Sample", "xn--mnster-3ya.test")]
    assert companies(case, adapter, "domain", "MÜNSTER.test") == meant
    assert companies(case, adapter, "domain", "www.xn--mnster-3ya.test") == meant


def test_a_company_by_its_name_without_accents_and_legal_form(case: AdapterCase, adapter: CrmAdapter) -> None:
    meant = [case.make_company(each) for each in ("Kiefer Söhne GmbH", "KIEFER SOHNE", "kiefer, söhne ltd.")]
    for other in ("Kiefer Töchter GmbH", "Kiefer", "Söhne Kiefer"):
        case.make_company(other)
    assert companies(case, adapter, "name", "Kiefer Söhne AG") == meant


def test_any_text_by_all_of_it(case: AdapterCase, adapter: CrmAdapter) -> None:
    odd = "50% _off_ 'n' \"more\" \\ * @{x}"
    ana = case.make(**{case.text_field: odd})
    case.make(**{case.text_field: f"{odd}!"})
    assert people(case, adapter, case.text_field, "text", odd.upper()) == [ana]


def test_other_kinds_of_values(case: AdapterCase, adapter: CrmAdapter) -> None:
    ana = case.make(**{case.number_field: 12.5})
    assert people(case, adapter, case.number_field, "text", 12.5) == [ana]
    assert people(case, adapter, case.number_field, "text", "a dozen") == []
    assert people(case, adapter, case.user_field, "email", "nobody@example.com") == []


def test_what_is_no_key_is_not_asked_for(case: AdapterCase, adapter: CrmAdapter) -> None:
    assert people(case, adapter, case.email_field, "email", "not an address") == []
    assert people(case, adapter, case.text_field, "text", None) == []
    assert companies(case, adapter, "domain", "https://gmail.com") == []
    assert adapter.calls == 0


def test_nothing_there_costs_one_call(case: AdapterCase, adapter: CrmAdapter) -> None:
    case.adapter().read(case.object, case.make(), case.fields)  # the token is there
    adapter = case.adapter()
    assert people(case, adapter, case.email_field, "email", "nobody@example.com") == []
    assert adapter.calls == 1


def test_the_oldest_few_of_many(case: AdapterCase, adapter: CrmAdapter) -> None:
    made = [case.make_company("Many of a Name") for _ in range(MOST_FOUND + 1)]
    assert companies(case, adapter, "name", "many of a name") == made[:MOST_FOUND]


def test_the_deleted_are_not_found(case: AdapterCase, adapter: CrmAdapter) -> None:
    gone, ana = case.make(**{case.text_field: "Buyer in Chief"}), case.make(**{case.text_field: "Buyer in Chief"})
    case.delete(gone)
    assert people(case, adapter, case.text_field, "text", "Buyer in Chief") == [ana]


def test_a_field_that_is_gone_is_told(case: AdapterCase, adapter: CrmAdapter) -> None:
    case.hide_field(case.text_field)
    with pytest.raises(CrmError) as caught:
        people(case, adapter, case.text_field, "text", "Buyer")
    assert caught.value.code
