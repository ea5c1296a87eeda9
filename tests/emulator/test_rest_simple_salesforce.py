"""An independent client, simple-salesforce, gets along with the org."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from tests.support.org_server import BASE, VERSION, OrgServer


class Loopback(HTTPAdapter):
    """The client insists on https; the org speaks http on loopback."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace("https://", "http://", 1)
        options["timeout"] = options.get("timeout") or (3, 20)
        return super().send(request, *args, **options)


def client(org: OrgServer, user: str = "integration") -> Salesforce:
    session = requests.Session()
    session.mount("https://127.0.0.1", Loopback())
    address = org.url.removeprefix("http://")
    return Salesforce(instance=address, session_id=org.token(user), version=VERSION, session=session)


@pytest.fixture
def sf(org_server: OrgServer) -> Salesforce:
    return client(org_server)


def test_create_read_update_delete(sf: Salesforce) -> None:
    made = sf.Contact.create({"LastName": "Oracle", "Title": "One"})
    assert made["success"] is True
    assert sf.Contact.get(made["id"])["Title"] == "One"
    assert sf.Contact.update(made["id"], {"Title": "Two"}) == 204
    assert sf.Contact.get(made["id"])["Title"] == "Two"
    assert sf.Contact.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Contact.get(made["id"])


def test_upsert_and_lookup_by_external_id(sf: Salesforce) -> None:
    assert sf.Contact.upsert("CRM_Sync_Id__c/x1", {"LastName": "First"}) == 201
    assert sf.Contact.upsert("CRM_Sync_Id__c/x1", {"LastName": "Second"}) == 200
    assert sf.Contact.get_by_custom_id("CRM_Sync_Id__c", "x1")["LastName"] == "Second"


def test_an_ambiguous_key_is_its_own_exception(sf: Salesforce) -> None:
    for name in ("A", "B"):
        sf.Account.create({"Name": name, "Legacy_Id__c": "twice"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Account.upsert("Legacy_Id__c/twice", {"Phone": "1"})


def test_queries_and_all_their_pages(org_server: OrgServer, sf: Salesforce) -> None:
    records = [{"LastName": f"Page {number}"} for number in range(4500)]
    org_server.control("records", {"object": "Contact", "records": records})
    first = sf.query("SELECT Id FROM Contact")
    assert (first["done"], len(first["records"])) == (False, 2000)
    whole = sf.query_all("SELECT Id, Account.Name FROM Contact")
    assert whole["totalSize"] == len(whole["records"]) == 4580
    assert len(list(sf.query_all_iter("SELECT Id FROM Contact LIMIT 2100"))) == 2100


def test_query_all_including_deleted(org_server: OrgServer, sf: Salesforce) -> None:
    ana = org_server.record("Contact")
    sf.Contact.delete(ana)
    soql = f"SELECT Id, IsDeleted FROM Contact WHERE Id = '{ana}'"
    assert sf.query(soql)["totalSize"] == 0
    assert sf.query(soql, include_deleted=True)["records"][0]["IsDeleted"] is True


def test_describes(sf: Salesforce) -> None:
    assert "Contact" in {each["name"] for each in sf.describe()["sobjects"]}
    assert sf.Contact.describe()["keyPrefix"] == "003"
    assert sf.Contact.metadata()["objectDescribe"]["name"] == "Contact"


def test_updated_and_deleted(org_server: OrgServer, sf: Salesforce) -> None:
    now = datetime.now(UTC)
    ana = org_server.record("Contact")
    sf.Contact.update(ana, {"Title": "X"})
    assert ana in sf.Contact.updated(now - timedelta(hours=1), now + timedelta(minutes=5))["ids"]
    sf.Contact.delete(ana)
    deleted = sf.Contact.deleted(now - timedelta(hours=1), now + timedelta(minutes=5))
    assert [each["id"] for each in deleted["deletedRecords"]] == [ana]


def test_a_composite_through_the_rest_helper(org_server: OrgServer, sf: Salesforce) -> None:
    url = f"{BASE}/sobjects/Contact/{org_server.record('Contact')}"
    parts = [
        {"method": "PATCH", "url": url, "referenceId": "write", "body": {"Title": "Composite"}},
        {"method": "GET", "url": f"{url}?fields=Title", "referenceId": "read"},
    ]
    answer = sf.restful("composite", method="POST", json={"compositeRequest": parts})
    assert answer["compositeResponse"][1]["body"]["Title"] == "Composite"


def test_limits_and_the_usage_header(sf: Salesforce) -> None:
    assert sf.limits()["DailyApiRequests"]["Max"] == 1_100_000
    assert sf.api_usage["api-usage"].total == 1_100_000


def test_a_precondition_that_fails_surfaces_with_its_status(org_server: OrgServer, sf: Salesforce) -> None:
    headers = {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    with pytest.raises(SalesforceGeneralError) as caught:
        sf.Contact.update(org_server.record("Contact"), {"Title": "X"}, headers=headers)
    assert caught.value.status == 412


def test_refusals_surface_as_its_exceptions(org_server: OrgServer, sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Contact.create({"Email": "x"})
    assert caught.value.content[0]["errorCode"] == "INVALID_EMAIL_ADDRESS"
    with pytest.raises(SalesforceMalformedRequest):
        sf.query("SELECT Nope FROM Contact")
    org_server.control("expire_tokens", {})
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Contact")
