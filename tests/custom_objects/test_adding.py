"""An admin adds a custom object of the CRM; from then on a rep syncs its records like any others."""

from __future__ import annotations

from tests.custom_objects.place import Place, mapping_of, ours, runs_of, signed_in


def add(place: Place, **form: str) -> str:
    """The page after it."""
    visitor = signed_in(place)
    form = {"object": place.object, "kind": "+"} | form
    return visitor.post(f"/admin/objects/new/{place.stage.connection_id}", form, follow_redirects=True).text


def test_before_it_is_added_nothing_of_it_syncs(place: Place) -> None:
    assert "not set up to sync" in place.look().said
    assert place.hint() == 0


def test_it_is_offered_added_and_off_with_its_name_mapped(place: Place) -> None:
    visitor = signed_in(place)
    assert "Add an object" in visitor.get("/admin/objects/").text
    assert f'value="{place.object}"' in visitor.get(f"/admin/objects/new/{place.stage.connection_id}").text
    page = add(place)
    assert f"{place.label} is added, and off. " in page
    mapping = mapping_of(place)
    assert mapping is not None
    assert (mapping.object_label, mapping.kind, mapping.enabled) == (place.label, "sample_project", False)
    [field], [rule] = mapping.fields, mapping.match_rules
    assert (field.crm_field, field.local_field, field.direction) == (place.called, "name", "inbound")
    assert (rule.crm_field, rule.local_field, rule.compare_as) == (place.called, "name", "text")


def test_a_rep_syncs_a_record_once_it_is_on(place: Place) -> None:
    add(place)
    assert "switched off" in place.look().said
    visitor, mapping = signed_in(place), mapping_of(place)
    assert mapping is not None
    page = f"/admin/objects/{mapping.id}"
    new = {"crm_field": place.amount, "local_field": "+", "direction": "inbound"}
    visitor.post(f"{page}/fields/new", new)
    visitor.post(f"{page}/switches/enabled", {"on": "1"})
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
