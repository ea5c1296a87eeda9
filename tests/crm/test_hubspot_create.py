"""Finding and making records in HubSpot: what its ways of saying no mean, and what its search does not tell."""

from __future__ import annotations

import pytest

from jobs.crm.errors import DuplicateFound, Rejected, RetryLater
from jobs.runtime import utc_now
from jobs.sync.matching import Rule
from tests.support.portal_office import PortalOffice

COMPANY = {"name": "text", "website": "url"}
PERSON = {"email": "email", "lastname": "text"}
BY_DOMAIN = Rule("website", "domain", "domain")
BY_EMAIL = Rule("email", "email", "email")


def test_what_is_too_new_for_a_search_is_refused_as_a_duplicate(portal_office: PortalOffice) -> None:
    portal_office.org.control("limits", {"search_lag_seconds": 600})
    adapter = portal_office.adapter()
    made = adapter.create("contacts", {"email": "ana@example.com"}, PERSON, key="k-1")
    assert adapter.find("contacts", BY_EMAIL, "ana@example.com", PERSON) == ()
    with pytest.raises(DuplicateFound) as caught:
        adapter.create("contacts", {"email": "ana@example.com"}, PERSON, key="k-2")
    assert caught.value.record_ids == (made.record_id,)


def test_a_unique_property_of_the_accounts_own_names_its_holder(portal_office: PortalOffice) -> None:
    badge = {"name": "sample_badge", "label": "Sample badge", "custom": True, "hasUniqueValue": True}
    portal_office.org.control("objects", {"object": "contacts", "properties": [badge]})
    holder = portal_office.in_crm("contacts", lastname="Sample", sample_badge="B-7")
    with pytest.raises(DuplicateFound) as caught:
        portal_office.adapter().create("contacts", {"sample_badge": "B-7"}, PERSON, key="k-1")
    assert (caught.value.record_ids, caught.value.fields) == ((holder,), ("sample_badge",))


def test_a_key_property_that_is_not_unique_proves_nothing(portal_office: PortalOffice) -> None:
    plain = {"name": "crm_sync_id", "label": "CRM Sync ID", "custom": True, "hasUniqueValue": False}
    portal_office.org.control("objects", {"object": "companies", "properties": [plain]})
    with pytest.raises(RetryLater) as caught:
        portal_office.adapter().created("companies", {"name": "Sample"}, COMPANY, key="k-1", since=utc_now())
    assert caught.value.code == "NOT_SURE_YET"
    portal_office.org.control("objects", {"object": "contacts", "properties": [plain]})
    ana = portal_office.in_crm("contacts", lastname="Sample", email="ana@example.com")
    with pytest.raises(DuplicateFound) as refused:
        portal_office.adapter().create("contacts", {"email": "ana@example.com"}, PERSON, key="k-1")
    assert refused.value.record_ids == (ana,)


def test_look_alikes_are_looked_through_but_not_for_ever(portal_office: PortalOffice) -> None:
    def load(count: int) -> None:
        alike = [{"name": "Sample", "website": "kiefer.test.example.com"} for _ in range(count)]
        portal_office.org.control("records", {"object": "companies", "records": alike})

    load(250)
    meant = portal_office.in_crm("companies", name="Sample", website="kiefer.test")
    adapter = portal_office.adapter()
    assert [row.record_id for row in adapter.find("companies", BY_DOMAIN, "kiefer.test", COMPANY)] == [meant]
    load(750)
    with pytest.raises(Rejected) as caught:
        adapter.find("companies", BY_DOMAIN, "kiefer.test", COMPANY)
    assert caught.value.code == "TOO_MANY_ALIKE"
