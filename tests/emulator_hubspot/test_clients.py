"""HubSpot's own two clients against the portal: each checks the shapes that it knows.

The stable one speaks versions 3, 4 and OAuth 1; the newer one, made to be strict, the dated paths of 2026-03.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hubspot import Client
from hubspot.crm.associations.v4 import (
    AssociationSpec,
    BatchInputPublicFetchAssociationsBatchRequest,
    PublicFetchAssociationsBatchRequest,
)
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchReadInputSimplePublicObjectId,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInputForCreate,
    SimplePublicObjectId,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import ApiException, NotFoundException
from hubspot_sdk import ConflictError, HubSpot, NotFoundError, PermissionDeniedError, RateLimitError
from hubspot_sdk.types.auth.access_token_response import AccessTokenResponse

from tests.emulator_hubspot.test_oauth import decided, exchanged
from tests.support.portal_server import PortalServer


@pytest.fixture
def stable(portal: PortalServer) -> Client:
    return Client.create(access_token=portal.static_token, host=portal.url)


@pytest.fixture(scope="session")
def strict_client(_running_portal: PortalServer) -> Iterator[HubSpot]:
    token, url = _running_portal.static_token, _running_portal.url
    with HubSpot(access_token=token, base_url=url, max_retries=0, _strict_response_validation=True) as client:
        yield client


@pytest.fixture
def strict(portal: PortalServer, strict_client: HubSpot) -> HubSpot:
    """It makes pydantic models as it goes, which costs time: one for all tests."""
    return strict_client


class TestStableClient:
    def test_a_record_lives_its_life(self, stable: Client) -> None:
        api = stable.crm.contacts.basic_api
        made = api.create(SimplePublicObjectInputForCreate(properties={"email": "x@example.com"}, associations=[]))
        changed = api.update(made.id, SimplePublicObjectInput(properties={"fax": "1"}))
        read = api.get_by_id(made.id, properties=["fax", "phone"], properties_with_history=["fax"])
        assert changed.updated_at > made.created_at
        assert (read.properties["fax"], read.properties["phone"]) == ("1", None)
        assert read.properties_with_history["fax"][0].source_type == "INTEGRATION"
        api.archive(made.id)
        with pytest.raises(NotFoundException):
            api.get_by_id(made.id)

    def test_searches_pages_and_batches(self, stable: Client, ana: str) -> None:
        contacts = stable.crm.contacts
        named = {"propertyName": "lastname", "operator": "EQ", "value": "Sample"}
        found = contacts.search_api.do_search(PublicObjectSearchRequest(filter_groups=[{"filters": [named]}], limit=2))
        assert (found.total > 2, found.paging.next.after, found.results[0].id) == (True, "2", ana)
        page = contacts.basic_api.get_page(limit=3)
        assert [len(page.results), int(page.paging.next.after)] == [3, int(ana) + 3]
        inputs = [SimplePublicObjectId(id=ana), SimplePublicObjectId(id="9")]
        read = contacts.batch_api.read(
            BatchReadInputSimplePublicObjectId(inputs=inputs, properties=["email"], properties_with_history=[])
        )
        assert (read.status, read.num_errors, read.results[0].id) == ("COMPLETE", 1, ana)

    def test_a_conflict_is_understood(self, stable: Client, ana: str) -> None:
        twin = SimplePublicObjectBatchInputForCreate(properties={"email": "ana.sample@example.com"}, associations=[])
        with pytest.raises(ApiException) as refused:
            stable.crm.contacts.batch_api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=[twin]))
        assert refused.value.status == 409
        assert f"Existing ID: {ana}" in refused.value.body

    def test_merging(self, stable: Client, ana: str) -> None:
        merge = PublicMergeInput(primary_object_id=ana, object_id_to_merge=str(int(ana) + 1))
        merged = stable.crm.contacts.basic_api.merge(merge)
        assert stable.crm.contacts.basic_api.get_by_id(ana).id == merged.id != ana

    def test_associations_of_version_4(self, portal: PortalServer, stable: Client, ana: str) -> None:
        api = stable.crm.associations.v4
        company, other = portal.record("companies"), str(int(portal.record("companies")) + 5)
        [linked] = api.basic_api.get_page("contacts", ana, "companies").results
        assert [kind.type_id for kind in linked.association_types] == [1, 279]
        api.basic_api.create_default("contacts", ana, "companies", other)
        spec = AssociationSpec(association_category="USER_DEFINED", association_type_id=21)
        assert api.basic_api.create("contacts", ana, "companies", other, [spec]).labels == ["Sample billing contact"]
        asked = [PublicFetchAssociationsBatchRequest(id=ana)]
        read = api.batch_api.get_page(
            "contacts", "companies", BatchInputPublicFetchAssociationsBatchRequest(inputs=asked)
        )
        assert [str(each.to_object_id) for each in read.results[0].to] == [company, other]
        api.basic_api.archive("contacts", ana, "companies", other)

    def test_the_catalog(self, stable: Client) -> None:
        crm = stable.crm
        assert {each.name for each in crm.properties.core_api.get_all("contacts").results} >= {"email", "lastname"}
        assert crm.properties.groups_api.get_all("deals").results[0].name == "dealinformation"
        assert crm.pipelines.pipelines_api.get_all("deals").results[0].stages[0].metadata["isClosed"] == "false"
        assert [owner.email for owner in crm.owners.owners_api.get_page(email="riley@example.com").results] == [
            "riley@example.com"
        ]
        assert crm.schemas.core_api.get_all().results[0].name == "sample_projects"
        assert crm.lists.lists_api.get_by_id("1").list.processing_type == "MANUAL"
        assert crm.lists.memberships_api.get_page("1", limit=2).results[0].record_id

    def test_oauth_of_version_1(self, portal: PortalServer, stable: Client) -> None:
        client = {name: portal.credentials[name] for name in ("client_id", "client_secret")}
        tokens = stable.oauth.tokens_api.create(
            grant_type="authorization_code",
            code=decided(portal)["code"],
            redirect_uri=portal.credentials["redirect_uri"],
            **client,
        )
        assert (tokens.token_type, tokens.expires_in) == ("bearer", 1800)
        facts = stable.oauth.access_tokens_api.get(tokens.access_token)
        assert (facts.hub_id, facts.user) == (portal.credentials["portal_id"], "riley@example.com")
        assert stable.oauth.refresh_tokens_api.get(tokens.refresh_token).hub_id == portal.credentials["portal_id"]
        fresh = stable.oauth.tokens_api.create(grant_type="refresh_token", refresh_token=tokens.refresh_token, **client)
        assert Client.create(access_token=fresh.access_token, host=portal.url).crm.contacts.basic_api.get_page(limit=1)


class TestStrictClient:
    """Unset properties are null on the wire, which this client's own description does not allow: it asks for none."""

    def test_a_record_lives_its_life(self, strict: HubSpot, ana: str) -> None:
        api = strict.crm.objects.contacts
        made = api.create(properties={"email": "x@example.com"}, associations=[])
        assert api.update(made.id, properties={"fax": "1"}).properties["fax"] == "1"
        read = api.get(ana, properties=["email"], properties_with_history=["email"], associations=["companies"])
        assert read.properties_with_history is not None
        assert read.properties_with_history["email"][0].source_type == "IMPORT"
        assert read.associations is not None
        assert read.associations["companies"].results[0].type == "contact_to_company"
        api.delete(made.id)
        with pytest.raises(NotFoundError):
            api.get(made.id)

    def test_searches_and_batches(self, strict: HubSpot, ana: str) -> None:
        api = strict.crm.objects.contacts
        named = {"property_name": "lastname", "operator": "EQ", "value": "Sample"}
        found = api.search(
            filter_groups=[{"filters": [named]}], limit=2, after="0", properties=["lastname"], sorts=["createdate"]
        )
        assert (found.results[0].id, found.total > 2) == (ana, True)
        read = api.batch.get(inputs=[{"id": ana}], properties=["email"], properties_with_history=["email"])
        assert (read.status, read.results[0].properties["email"]) == ("COMPLETE", "ana.sample@example.com")
        key = {"id": "k-1", "id_property": "crm_sync_id", "properties": {"lastname": "Upsert"}}
        assert [api.batch.upsert(inputs=[key]).results[0].new for _ in range(2)] == [True, False]

    def test_refusals_are_understood(self, portal: PortalServer, strict: HubSpot, ana: str) -> None:
        api = strict.crm.objects.contacts
        with pytest.raises(ConflictError):
            api.create(properties={"email": "ana.sample@example.com"}, associations=[])
        portal.control("scopes", {"scopes": []})
        with pytest.raises(PermissionDeniedError):
            api.get(ana)
        portal.control("scopes", {"scopes": None})
        portal.control("limits", {"burst": 0})
        with pytest.raises(RateLimitError):
            api.get(ana)

    def test_associations(self, portal: PortalServer, strict: HubSpot, ana: str) -> None:
        linked = strict.crm.associations.list("companies", object_type="contacts", object_id=ana)
        assert [each.to_object_id for each in linked.results] == [portal.record("companies")]
        read = strict.crm.associations.batch.get("companies", from_object_type="contacts", inputs=[{"id": ana}])
        assert read.results[0].to[0].association_types[0].category == "HUBSPOT_DEFINED"

    def test_the_catalog(self, portal: PortalServer, strict: HubSpot) -> None:
        crm = strict.crm
        assert strict.account.get().portal_id == portal.credentials["portal_id"]
        assert {each.name for each in crm.properties.list("companies").results} >= {"name", "domain"}
        assert crm.pipelines.list("deals").results[0].stages[0].write_permissions == "CRM_PERMISSIONS_ENFORCEMENT"
        assert crm.owners.list().results[0].type == "PERSON"
        assert crm.object_schemas.list().results[0].object_type_id == "2-140001"
        assert crm.lists.get("1").list.name == "Sample newsletter readers"
        assert crm.lists.list_by_search(list_ids=[], offset=0, processing_types=["DYNAMIC"], query="").total == 1
        assert crm.lists.list_memberships("1", limit=2).results[0].record_id

    def test_tokens_have_the_shape_that_it_expects(self, portal: PortalServer) -> None:
        """Its own call sends JSON, which the token endpoint does not take: only the answer is held against it."""
        tokens = exchanged(portal, decided(portal)["code"]).json()
        assert AccessTokenResponse.model_validate(tokens).expires_in == 1800
