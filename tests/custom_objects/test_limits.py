"""What an admin cannot add, what becomes of an object that the CRM takes away, and how one is taken away here."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from jobs.models import CustomKind, LocalRecord
from jobs.new_objects import kind_labels
from jobs.records import create_local
from tests.admin.site import audited
from tests.custom_objects.place import (
    READER,
    InHubSpot,
    Place,
    add,
    is_mapped,
    mapping_of,
    ours,
    remove,
    runs_of,
    signed_in,
    switch_on,
)

NOT_OFFERED: tuple[tuple[dict[str, str], str], ...] = (
    ({"object": ""}, "Choose one of the objects in the list."),
    ({"object": "Unicorn__c"}, "Choose one of the objects in the list."),
    ({"object": "../users"}, "Choose one of the objects in the list."),
    ({"kind": "unicorn"}, "Choose what it is here."),
    ({"kind": ""}, "Choose what it is here."),
)


def test_what_is_not_offered_is_refused(place: Place) -> None:
    for form, sentence in NOT_OFFERED:
        assert sentence in add(place, **form), form
    assert not is_mapped(place)


def test_the_same_object_is_added_once(place: Place) -> None:
    add(place)
    assert f"{place.label} is added already." in add(place)
    assert place.object not in signed_in(place).get(f"/admin/objects/new/{place.stage.connection_id}").text


def test_an_object_whose_records_the_connection_may_not_read_is_refused(place: Place) -> None:
    place.show_no_records()
    assert "Not added." in add(place)
    assert not is_mapped(place)


def test_hubspot_says_which_access_is_missing_and_its_own_objects_are_offered(in_hubspot: InHubSpot) -> None:
    place = in_hubspot
    place.stage.org.control("scopes", {"scopes": ["crm.objects.deals.read", "crm.objects.contacts.read"]})
    page = add(place)
    assert "This may not be all." in page or "does not let our app do this" in page
    assert 'value="deals"' in page
    assert not is_mapped(place)


def test_an_object_of_hubspots_own_comes_with_its_usual_fields(in_hubspot: InHubSpot) -> None:
    deals = replace(in_hubspot, object="deals")
    add(deals, kind="opportunity")
    mapping = mapping_of(deals)
    assert (mapping.enabled, mapping.kind) == (False, "opportunity")
    assert [each.crm_field for each in mapping.fields][:2] == ["dealname", "amount"]


def test_a_viewer_is_not_shown_the_form(place: Place) -> None:
    assert signed_in(place, READER).get(f"/admin/objects/new/{place.stage.connection_id}").status_code == 403


def test_adding_and_removing_are_in_the_audit_trail(place: Place) -> None:
    add(place)
    remove(place)
    added, removed = audited(place.stage.runtime)[-2:]
    assert (added.action, added.details["after"]) == ("object.add", {"object": place.object, "kind": "sample_project"})
    assert (removed.action, removed.details["before"]) == ("object.remove", added.details["after"])


def test_its_records_may_be_of_a_kind_that_is_there_and_are_matched_with_ours(place: Place) -> None:
    with place.stage.runtime.database.write() as session:
        known = create_local(session, "account", {"name": "sample mill inc."}, by="a colleague").id
    add(place, kind="account")
    switch_on(place)
    place.sync()
    assert ours(place).id == known


def test_an_object_that_the_crm_took_away_pauses_and_goes_on_once_it_is_back(place: Place) -> None:
    add(place)
    switch_on(place)
    place.sync()
    place.remove_in_crm()
    assert place.hint() == 1
    place.stage.work()
    gone = runs_of(place)[-1]
    assert (gone.status, gone.code) == ("failed", "OBJECT_GONE")
    page = signed_in(place).get(f"/admin/objects/{mapping_of(place).id}").text
    assert f"{place.label} sync is paused." in page
    with place.stage.runtime.database.read() as session:
        kept = session.scalars(select(LocalRecord).where(LocalRecord.kind == "sample_project")).one()
    assert kept.deleted_at is None
    place.restore_in_crm()
    place.hint()
    place.stage.work()
    assert runs_of(place)[-1].status == "succeeded"
    assert mapping_of(place).paused_reason == ""


def test_one_with_links_stays_and_one_without_goes_with_its_kind(place: Place) -> None:
    add(place)
    assert f"{place.label} is removed." in remove(place)
    with place.stage.runtime.database.read() as session:
        assert session.scalars(select(CustomKind)).all() == []
    assert "not set up to sync" in place.look().said
    add(place)
    switch_on(place)
    place.sync()
    assert "is not removed. Some of its records are linked." in remove(place)
    assert is_mapped(place)


def test_our_records_of_the_kind_are_listed_under_its_label(place: Place) -> None:
    add(place)
    switch_on(place)
    place.sync()
    with place.stage.runtime.database.read() as session:
        assert kind_labels(session)["sample_project"] == place.label
    page = signed_in(place).get("/admin/records/?kind=sample_project").text
    assert "Sample Mill" in page
    assert place.label in page
    assert place.label in signed_in(place).get("/admin/runs/").text.replace("Sample_Project__c", place.label)
