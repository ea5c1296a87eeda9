"""Whom of ours the match rules find in the database, and what a link remembers of the values both sides had."""

from __future__ import annotations

import pytest

from jobs.db import Database
from jobs.mappings import ObjectFacts, object_facts
from jobs.models import Connection, ObjectMapping, RecordLink
from jobs.records import create_local
from jobs.runtime import utc_now
from jobs.sync.matching import Match
from jobs.sync.merge import Base
from jobs.sync.rows import RecordKey
from jobs.sync.scene import bases, find_match, stored_base
from jobs.values import Value, normalise
from tests.models.test_records import create, match_by

THEIRS = RecordKey(1, "Contact", "003000000000001AAA")
ANA: dict[str, Value] = {"Email": "ana@example.com", "Website": None}


@pytest.fixture
def mapping(database: Database, connection_id: int) -> ObjectFacts:
    """Contacts, found by their address."""
    match_by(database, connection_id, "contact", ("Email", "email", "email"))
    with database.read() as session:
        return object_facts(session.query(ObjectMapping).one())


def find(database: Database, mapping: ObjectFacts, crm_values: dict[str, Value]) -> Match:
    with database.read() as session:
        return find_match(session, mapping, THEIRS, crm_values)


def link(database: Database, local_id: int, *, connection_id: int, object_name: str) -> None:
    with database.write() as session:
        session.add(
            RecordLink(
                connection_id=connection_id,
                object=object_name,
                crm_record_id="003000000000009AAA",
                local_record_id=local_id,
                base={},
                created_at=utc_now(),
            )
        )


def another_connection(database: Database) -> int:
    with database.write() as session:
        other = Connection(
            crm="salesforce",
            name="Other Org",
            org_id="00D000000000002AAA",
            base_url="https://other.my.salesforce.com",
            api_version="67.0",
            client_id="sample",
            host_origins=[],
            created_at=utc_now(),
            updated_at=utc_now(),
        )
        session.add(other)
        session.flush()
        return other.id


def test_the_one_with_that_address_is_found(database: Database, mapping: ObjectFacts) -> None:
    ana = create(database, first_name="Ana", email="ANA@example.com", job_title="Chief")
    create(database, email="ben@example.com")
    match = find(database, mapping, ANA)
    assert (match.verdict, [each.local_record_id for each in match.candidates]) == ("one", [ana])
    assert (match.candidates[0].name, match.candidates[0].detail) == ("Ana", "ana@example.com · Chief")
    assert match.rule is not None
    assert match.rule.compare_as == "email"


def test_two_with_that_address_are_both_shown(database: Database, mapping: ObjectFacts) -> None:
    ids = [create(database, email="ana@example.com", first_name=name) for name in ("Ana", "Anna")]
    match = find(database, mapping, ANA)
    assert (match.verdict, [each.local_record_id for each in match.candidates]) == ("several", ids)


@pytest.mark.parametrize("address", [None, "", "ana at example", "nobody@example.com"])
def test_nobody_is_found_by_nothing(database: Database, mapping: ObjectFacts, address: str | None) -> None:
    create(database, first_name="Ana", email=None)
    create(database, first_name="Ben", email="ana at example")
    assert find(database, mapping, {"Email": address}).verdict == "none"


def test_another_kind_with_the_same_key_is_not_meant(
    database: Database, mapping: ObjectFacts, connection_id: int
) -> None:
    match_by(database, connection_id, "account", ("Email", "name", "email"))
    create(database, "account", name="ana@example.com")
    assert find(database, mapping, ANA).verdict == "none"


def test_one_that_is_linked_already_is_taken(database: Database, mapping: ObjectFacts, connection_id: int) -> None:
    ana = create(database, email="ana@example.com")
    link(database, ana, connection_id=connection_id, object_name=mapping.object)
    assert find(database, mapping, ANA).verdict == "taken"
    other = create(database, email="ana@example.com")
    match = find(database, mapping, ANA)
    assert (match.verdict, [each.local_record_id for each in match.candidates]) == ("one", [other])


def test_a_link_to_another_object_or_another_crm_takes_nobody(
    database: Database, mapping: ObjectFacts, connection_id: int
) -> None:
    """One record of ours may be a lead here and a contact there, and be known to two orgs."""
    ana = create(database, email="ana@example.com")
    link(database, ana, connection_id=connection_id, object_name="Lead")
    link(database, ana, connection_id=another_connection(database), object_name=mapping.object)
    assert find(database, mapping, ANA).verdict == "one"


STORED: list[tuple[str, Value, Value]] = [
    ("text", "Ana", "Anna"),
    ("text", None, "Ana"),
    ("text", "مرحبا 🙂\n", None),
    ("boolean", True, False),
    ("number", 0, 1),
    ("number", 12.5, -0.1),
    ("number", 123456789012345, 1.23456789012345e17),
    ("number", 1e23, -1.5e300),
    ("number", 1e-7, 5e-324),
    ("multi_select", ["A", "B"], None),
    ("multi_select", ["A"], ["A", "B"]),
    ("datetime", "2026-11-22T05:12:13.000+0000", None),
]


@pytest.mark.parametrize(("field_type", "here", "there"), STORED)
def test_a_base_comes_back_equal_to_what_was_agreed(
    database: Database, connection_id: int, field_type: str, here: Value, there: Value
) -> None:
    """Compared by equality in every later sync: a value that came back otherwise would look like a change."""
    ours, theirs = normalise(field_type, here), normalise(field_type, there)
    agreed = {"same": Base(ours, ours), "also": Base(theirs, theirs), "apart": Base(ours, theirs)}
    with database.write() as session:
        local = create_local(session, "contact", {}, by="Sample Admin")
        row = RecordLink(
            connection_id=connection_id,
            object="Contact",
            crm_record_id="003000000000001AAA",
            local_record_id=local.id,
            base=stored_base(agreed),
            created_at=utc_now(),
        )
        session.add(row)
    with database.read() as session:
        kept = bases(session.get_one(RecordLink, row.id))
    assert kept == agreed
    assert all(type(kept[name].local) is type(base.local) for name, base in agreed.items())
