"""An admin adds a custom object of the CRM; from then on a rep syncs its records like any others."""

from __future__ import annotations

from jobs.models import LocalRecord
from jobs.records import change_local
from tests.custom_objects.place import Place, add, map_amount, mapping_of, ours, runs_of, signed_in, switch_on


def test_before_it_is_added_nothing_of_it_syncs(place: Place) -> None:
    assert "not set up to sync" in place.look().said
    assert place.hint() == 0


def test_it_is_offered_added_and_off_with_its_name_mapped(place: Place) -> None:
    visitor = signed_in(place)
    assert "Add an object" in visitor.get("/admin/objects/").text
    assert f'value="{place.object}"' in visitor.get(f"/admin/objects/new/{place.stage.connection_id}").text
    page = add(place)
    assert f"{place.label} is added, and off. " in page
    assert "none is touched before you turn it on" in page
    mapping = mapping_of(place)
    assert (mapping.object_label, mapping.kind, mapping.enabled) == (place.label, "sample_project", False)
    [field], [rule] = mapping.fields, mapping.match_rules
    assert (field.crm_field, field.local_field, field.direction) == (place.called, "name", "inbound")
    assert (rule.crm_field, rule.local_field, rule.compare_as) == (place.called, "name", "text")


def test_a_rep_syncs_a_record_once_it_is_on(place: Place) -> None:
    add(place)
    assert "switched off" in place.look().said
    map_amount(place)
    switch_on(place)
    before = place.look()
    assert before.can_sync
    assert before.name == before.values["Name"] != ""
    assert runs_of(place) == []
    after = place.sync()
    record = ours(place)
    assert (record.kind, record.name) == ("sample_project", before.name)
    assert record.values["budget"] is not None
    assert after.name == before.name
    place.edit(**{place.called: "Sample Renamed", place.amount: 4321})
    assert place.hint() == 1
    place.stage.work()
    assert (ours(place).name, ours(place).values["budget"]) == ("Sample Renamed", 4321)
    assert [run.trigger for run in runs_of(place)] == ["panel", "webhook"]


def test_what_is_changed_here_goes_there_once_a_field_is_mapped_both_ways(place: Place) -> None:
    add(place)
    switch_on(place)
    map_amount(place)
    place.sync()
    visitor, mapping = signed_in(place), mapping_of(place)
    budget = next(each for each in mapping.fields if each.crm_field == place.amount)
    visitor.post(f"/admin/objects/{mapping.id}/fields/{budget.id}", {"direction": "two_way"})
    with place.stage.runtime.database.write() as session:
        change_local(session, session.get_one(LocalRecord, ours(place).id), {"budget": 250}, by="a colleague")
    place.stage.org.control("clock", {"offset_seconds": 5})  # what was written just now is no longer fresh
    shown = place.sync()
    assert "250" in shown.values["Budget"]
    assert place.amount in str(place.stage.org.writes()[-1])
