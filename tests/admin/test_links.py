"""Links: searched, undone and made by hand; both records always stay as they are."""

from __future__ import annotations

import re

import pytest

from jobs.mapping_defaults import add_default_mappings
from jobs.models import KeepApart, LocalRecord, RecordLink, SyncRun
from jobs.runtime import Runtime
from tests.admin import samples
from tests.admin.samples import ACCOUNT_ID, CONTACT_ID, OTHER_CONTACT_ID
from tests.admin.site import Visitor, audited, count

CONTACT_MAPPING, ANA, BEN, SAMPLE_ORG = "2", "1", "2", "3"


def link_of(runtime: Runtime, crm_record_id: str) -> RecordLink | None:
    with runtime.database.read() as session:
        return session.query(RecordLink).filter_by(crm_record_id=crm_record_id).one_or_none()


def form(crm_record_id: str, local_record_id: str) -> dict[str, str]:
    return {"mapping": CONTACT_MAPPING, "crm_record_id": crm_record_id, "local_record_id": local_record_id}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {CONTACT_ID, ACCOUNT_ID}),
        ("q=ana", {CONTACT_ID}),
        (f"q={ACCOUNT_ID[:10]}", {ACCOUNT_ID}),
        ("kind=account", {ACCOUNT_ID}),
        ("object=Contact", {CONTACT_ID}),
        ("q=%25", set()),
        ("q=nobody", set()),
    ],
)
def test_links_are_found_by_either_name_id_kind_and_object(admin: Visitor, query: str, shown: set[str]) -> None:
    page = admin.get(f"/admin/links/?{query}").text
    results = page[page.index('id="results"') :]
    assert {each for each in (CONTACT_ID, ACCOUNT_ID) if each in results} == shown


def test_unlinking_is_asked_once_and_deletes_no_record(runtime: Runtime, admin: Visitor) -> None:
    records = count(runtime, LocalRecord)
    page = admin.get("/admin/links/1/unlink").text
    assert "Nothing is deleted" in page
    assert "otherwise the next sync may" in page
    assert admin.post("/admin/links/1/unlink").status_code == 303
    assert link_of(runtime, CONTACT_ID) is None
    assert count(runtime, LocalRecord) == records
    entry = audited(runtime)[-1]
    assert (entry.action, entry.details["before"]["our record"], entry.details["after"]) == (
        "link.unlink",
        "Ana Sample (1)",
        {},
    )


def test_what_was_to_be_chosen_between_the_two_is_closed_with_their_link(runtime: Runtime, admin: Visitor) -> None:
    assert "Ana Sample" in admin.get("/admin/conflicts/").text
    admin.post("/admin/links/1/unlink")
    assert "Nothing waits for a decision" in admin.get("/admin/conflicts/").text


def test_two_records_are_linked_after_a_search(runtime: Runtime, admin: Visitor) -> None:
    found = admin.get(f"/admin/links/new?mapping=2&crm_record_id={OTHER_CONTACT_ID}&q=ben").text
    assert "Ben Sample" in found
    answer = admin.post("/admin/links/new", form(OTHER_CONTACT_ID, BEN))
    link = link_of(runtime, OTHER_CONTACT_ID)
    assert link is not None
    assert answer.location == f"/admin/links/{link.id}"
    assert (link.local_record_id, link.matched_by, link.base) == (2, "manual", {})


@pytest.mark.parametrize(
    "typed",
    [
        OTHER_CONTACT_ID[:15],
        f" {OTHER_CONTACT_ID} ",
        f"https://sample.lightning.force.com/lightning/r/Contact/{OTHER_CONTACT_ID}/view",
    ],
)
def test_an_id_is_taken_as_people_paste_it(runtime: Runtime, admin: Visitor, typed: str) -> None:
    admin.post("/admin/links/new", form(typed, BEN))
    assert link_of(runtime, OTHER_CONTACT_ID) is not None


# What an id looks like has nothing to do with the database.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HUBSPOT_PAGE = "https://app.hubspot.com/contacts/140200300/record"


@pytest.fixture
def hubspot_contacts(runtime: Runtime) -> str:
    """The number of the mapping of contacts on a second connection, to HubSpot."""
    with runtime.database.write() as session:
        session.add(connection := samples.portal_connection())
        session.flush()
        mappings = {each.object: each.id for each in add_default_mappings(session, connection)}
    return str(mappings["contacts"])


@ON_SQLITE
@pytest.mark.parametrize("typed", ["512", f"{HUBSPOT_PAGE}/0-1/512", f"{HUBSPOT_PAGE}/0-1/512/view/1?interaction=note"])
def test_a_hubspot_record_is_linked_by_its_number_or_its_page(
    runtime: Runtime, admin: Visitor, hubspot_contacts: str, typed: str
) -> None:
    answer = admin.post("/admin/links/new", form(typed, ANA) | {"mapping": hubspot_contacts})
    assert answer.status_code == 303
    link = link_of(runtime, "512")
    assert link is not None
    assert (link.object, link.local_record_id) == ("contacts", 1)


@ON_SQLITE
def test_both_crms_contacts_go_by_the_same_word_and_can_be_told_apart(admin: Visitor, hubspot_contacts: str) -> None:
    admin.post("/admin/links/new", form("512", ANA) | {"mapping": hubspot_contacts})
    page = admin.get("/admin/links/").text
    assert "Contact <code>512</code>" in page
    assert re.findall(r'<option value="[Cc]ontacts?">([^<]+)', page.partition('name="object"')[2]) == [
        "Contact",
        "Contact (contacts)",
    ]


@ON_SQLITE
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (OTHER_CONTACT_ID, "not a HubSpot record id: it is a number"),
        ("", "not a HubSpot record id"),
        ("0512", "not a HubSpot record id"),
        (f"{HUBSPOT_PAGE}/0-2/512", "the page of another object (companies), not of a Contact"),
    ],
)
def test_what_is_no_hubspot_contact_is_refused_in_hubspots_words(
    runtime: Runtime, admin: Visitor, hubspot_contacts: str, typed: str, sentence: str
) -> None:
    answer = admin.post("/admin/links/new", form(typed, ANA) | {"mapping": hubspot_contacts})
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_wrong_match_is_moved_to_the_right_record(runtime: Runtime, admin: Visitor) -> None:
    page = admin.get(f"/admin/links/new?mapping=2&crm_record_id={CONTACT_ID}&q=ben").text
    assert "moves it over" in page
    admin.post("/admin/links/new", form(CONTACT_ID, BEN))
    link = link_of(runtime, CONTACT_ID)
    assert link is not None
    assert (link.id, link.local_record_id, link.base, link.synced_at) == (1, 2, {}, None)
    assert audited(runtime)[-1].action == "link.relink"
    assert "Nothing waits for a decision" in admin.get("/admin/conflicts/").text


@pytest.mark.parametrize(
    ("crm_record_id", "local_record_id", "sentence"),
    [
        ("", BEN, "not a Salesforce record id"),
        ("003", BEN, "not a Salesforce record id"),
        ("003000000000002AAB", BEN, "not a Salesforce record id"),
        (ACCOUNT_ID, BEN, "those start with 003"),
        (f"https://sample.lightning.force.com/lightning/r/Account/{ACCOUNT_ID}/view", BEN, "another object (Account)"),
        (OTHER_CONTACT_ID, "", "Choose one of our records"),
        (OTHER_CONTACT_ID, "99", "Choose one of our records"),
        (OTHER_CONTACT_ID, SAMPLE_ORG, "Choose one of our records"),
        (OTHER_CONTACT_ID, ANA, "is linked to another Contact"),
        (CONTACT_ID, ANA, "linked already"),
        ("\x00\ud800" + OTHER_CONTACT_ID, BEN, "not a Salesforce record id"),
    ],
)
def test_what_cannot_be_linked_is_refused_with_the_reason(
    runtime: Runtime, admin: Visitor, crm_record_id: str, local_record_id: str, sentence: str
) -> None:
    known = count(runtime, RecordLink)
    answer = admin.post("/admin/links/new", form(crm_record_id.encode("utf-8", "replace").decode(), local_record_id))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert count(runtime, RecordLink) == known


def test_a_linked_record_can_be_synced_and_a_second_click_joins(runtime: Runtime, admin: Visitor) -> None:
    known = count(runtime, SyncRun)
    first = admin.post("/admin/links/1/sync")
    second = admin.post("/admin/links/1/sync")
    assert first.location == second.location
    assert count(runtime, SyncRun) == known + 1
    assert "joined" in admin.get(second.location).text
    with runtime.database.read() as session:
        run = session.query(SyncRun).order_by(SyncRun.id.desc()).first()
    assert run is not None
    assert (run.trigger, run.requested_by, run.crm_record_id) == ("admin", "admin@example.com", CONTACT_ID)


@pytest.mark.parametrize(("ticked", "apart"), [({"apart": "1"}, 1), ({}, 0)])
def test_two_that_are_unlinked_can_be_kept_apart(
    runtime: Runtime, admin: Visitor, ticked: dict[str, str], apart: int
) -> None:
    assert "never match them again" in admin.get("/admin/links/1/unlink").text
    admin.post("/admin/links/1/unlink", ticked)
    assert count(runtime, KeepApart) == apart
    assert audited(runtime)[-1].details["after"] == ({"kept apart": True} if apart else {})


def test_linking_two_by_hand_takes_it_back_that_they_are_apart(runtime: Runtime, admin: Visitor) -> None:
    admin.post("/admin/links/1/unlink", {"apart": "1"})
    admin.post("/admin/links/new", form(CONTACT_ID, ANA))
    assert count(runtime, KeepApart) == 0
