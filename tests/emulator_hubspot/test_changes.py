"""What a listener inside the portal hears: the seam that webhooks are sent from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from emulator.hubspot.changes import Change
from emulator.hubspot.portal import Portal
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.writer import Saving

Told = list[list[Change]]


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Portal]:
    portal = Portal(tmp_path, public_url="http://portal.example.com", panel_url="http://panel.example.com")
    yield portal
    portal.close()


@pytest.fixture
def told(inside: Portal) -> Told:
    """What was announced, one list for each transaction."""
    heard: Told = []

    def listen(changes: Sequence[Change]) -> None:
        heard.append(list(changes))

    inside.changes.listen(listen)
    return heard


@pytest.fixture
def contacts(inside: Portal) -> ObjectType:
    return inside.schema.objects["contacts"]


@pytest.fixture
def by_app(inside: Portal) -> Saving:
    access = inside.access(inside.secrets.access_token)
    assert access is not None
    return Saving(source=access.source)


def happen(inside: Portal, event: str, **body: Any) -> Any:
    return inside.events[event](body)


def kinds(changes: Sequence[Change]) -> list[str]:
    return [change.kind for change in changes]


def test_a_change_says_what_where_when_and_by_whom(inside: Portal, told: Told) -> None:
    happen(inside, "edit", object="contacts", id="501", fields={"jobtitle": "New", "lastname": "Sample"}, user="rep")
    [[change]] = told
    rep = inside.people.role("rep").user_id
    assert (change.kind, change.object_name, change.object_type_id) == ("object.propertyChange", "contacts", "0-1")
    assert (change.object_id, change.name, change.value) == ("501", "jobtitle", "New")
    assert (change.source.type, change.source.id) == ("CRM_UI", f"userId:{rep}")
    row = inside.rows.get("contacts", "501")
    assert row is not None
    assert row["_modified"].startswith(change.at.isoformat()[:19])


def test_an_apps_own_write_carries_the_apps_number(
    inside: Portal, told: Told, contacts: ObjectType, by_app: Saving
) -> None:
    made = inside.writer.create(contacts, {"email": "x@example.com"}, by_app)
    [changes] = told
    assert kinds(changes)[:2] == ["object.creation", "object.propertyChange"]
    assert {(each.source.type, each.source.id) for each in changes} == {("INTEGRATION", str(inside.app_id))}
    assert {each.object_id for each in changes} == {made.row["hs_object_id"]}


def test_a_cleared_value_is_told_as_an_empty_text(inside: Portal, told: Told) -> None:
    happen(inside, "edit", object="contacts", id="501", fields={"jobtitle": ""})
    assert told[0][0].value == ""


def test_the_same_value_is_no_change(inside: Portal, told: Told) -> None:
    happen(inside, "edit", object="contacts", id="501", fields={"lastname": "Sample"})
    happen(inside, "system_touch", object="contacts", id="501")
    assert told == []


def test_archiving_restoring_merging_and_associating_are_told(inside: Portal, told: Told) -> None:
    happen(inside, "archive", object="contacts", id="503")
    happen(inside, "restore", object="contacts", id="503")
    happen(inside, "disassociate", object="contacts", id="501", to_object="companies", to_id="501")
    assert [kinds(changes) for changes in told] == [
        ["object.deletion"],
        ["object.restore"],
        ["object.associationChange"] * 4,
    ]
    there, back = told[2][0].details, told[2][2].details
    assert (there["fromObjectId"], there["toObjectTypeId"], there["associationRemoved"]) == (501, "0-2", True)
    assert (back["fromObjectTypeId"], back["toObjectTypeId"]) == ("0-2", "0-1")
    told.clear()
    new_id = happen(inside, "merge", object="contacts", primary="501", other="502")["id"]
    merge = next(change for changes in told for change in changes if change.kind == "object.merge")
    assert merge.object_id == new_id
    assert (merge.details["primaryObjectId"], merge.details["mergedObjectIds"]) == (501, [502])
    assert merge.details["newObjectId"] == int(new_id)


def test_nothing_is_told_of_what_was_undone(inside: Portal, told: Told, contacts: ObjectType, by_app: Saving) -> None:
    def create_and_fail() -> None:
        with inside.rows.transaction():
            inside.writer.create(contacts, {"email": "x@example.com"}, by_app)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        create_and_fail()
    assert told == []


def test_loads_are_not_told(inside: Portal, told: Told) -> None:
    happen(inside, "records", object="contacts", records=[{"lastname": "Loaded"}])
    assert told == []
