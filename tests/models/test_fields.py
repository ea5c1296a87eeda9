"""Fields of ours that an admin added: made like a CRM's, found beside those a kind comes with, typed like them."""

from __future__ import annotations

import pytest

from jobs.crm.base import FieldInfo
from jobs.db import Database
from jobs.fields import create_like, fields_of
from jobs.kinds import KINDS, LocalField
from jobs.mapping_defaults import mapping_of
from jobs.mappings import MappingBook
from jobs.models import ObjectMapping
from jobs.records import RecordError, change_local, create_local
from jobs.runtime import utc_now

COLOURS = (("red", "Red"), ("green", "Green"))


def theirs(label: str, field_type: str = "text", options: tuple[tuple[str, str], ...] = ()) -> FieldInfo:
    return FieldInfo("Name__c", label, field_type, "", options=options)


def made(database: Database, label: str, field_type: str = "text", **more: tuple[tuple[str, str], ...]) -> str:
    with database.write() as session:
        return create_like(session, "contact", theirs(label, field_type, **more), at=utc_now())[0]


def test_it_has_the_label_the_type_and_the_choices_of_the_crms(database: Database) -> None:
    name = made(database, "Favourite Colour", "select", options=COLOURS)
    with database.read() as session:
        fields = fields_of(session, "contact")
    assert fields[name] == LocalField("Favourite Colour", "select", COLOURS)
    assert list(fields)[: len(KINDS["contact"].fields)] == list(KINDS["contact"].fields), "its own come first"


def test_it_is_a_field_of_its_kind_only(database: Database) -> None:
    name = made(database, "Favourite Colour")
    with database.read() as session:
        assert name not in fields_of(session, "account")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Favourite Colour", "favourite_colour"),
        ("Größe (cm)", "groe_cm"),
        ("Email", "email_2"),  # there is one already
        ("年間売上高", "field"),
        ("x" * 300, "x" * 60),
    ],
)
def test_its_name_comes_from_the_label_and_is_free(database: Database, label: str, name: str) -> None:
    assert made(database, label) == name
    assert made(database, label) not in (name, "")


def test_a_thousand_choices_are_kept(database: Database) -> None:
    options = tuple((f"v{number}", f"Choice {number}") for number in range(1_000))
    name = made(database, "Many", "select", options=options)
    with database.read() as session:
        assert fields_of(session, "contact")[name].options == options


def test_its_values_are_typed_like_any_other(database: Database) -> None:
    name = made(database, "Shoe size", "number")
    with database.write() as session:
        record = create_local(session, "contact", {name: "39.0"}, by="Sample Admin")
        assert record.values[name] == 39
        with pytest.raises(RecordError, match="Shoe size: “big” is not a number"):
            change_local(session, record, {name: "big"}, by="Sample Admin")


def test_mapped_inbound_it_is_read_only_here(database: Database, connection_id: int) -> None:
    name = mapped(database, connection_id, "Shoe size", "number")
    with database.write() as session:
        record = create_local(session, "contact", {"email": "ana@example.com"}, by="Sample Admin")
        with pytest.raises(RecordError, match="Shoe size: the value comes from the CRM"):
            change_local(session, record, {name: 39}, by="Sample Admin")


def test_a_mapping_knows_the_choices_of_its_field_and_every_process_learns_of_them(
    database: Database, connection_id: int
) -> None:
    book = MappingBook()
    mapped(database, connection_id, "Favourite Colour", "select", options=COLOURS)
    with database.look() as look:
        facts = book.find(look, connection_id, "Contact")
    assert facts is not None
    assert [each.options for each in facts.fields] == [COLOURS]


def mapped(
    database: Database, connection_id: int, label: str, field_type: str, **more: tuple[tuple[str, str], ...]
) -> str:
    with database.write() as session:
        mapping = ObjectMapping(
            connection_id=connection_id, object="Contact", object_label="Contact", kind="contact", updated_at=utc_now()
        )
        name, field = create_like(session, "contact", theirs(label, field_type, **more), at=utc_now())
        mapping.fields.append(mapping_of(field, "Name__c", name, "inbound", position=0))
        session.add(mapping)
    return name
