"""Our own records: typed, timed and signed when they change, and found by what they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select

from jobs.db import Database
from jobs.models import LocalRecord, MatchRule, ObjectMapping, RecordKey
from jobs.records import (
    RecordError,
    change_local,
    create_local,
    find_by_key,
    match_key_name,
    new_record,
    rebuild_keys,
    search,
    write_values,
)
from jobs.runtime import utc_now
from jobs.values import parse_time

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BY_EMAIL = ("Email", "email", "email")
BY_NAME = ("Name", "name", "name")


def match_by(database: Database, connection_id: int, kind: str, *rules: tuple[str, str, str]) -> None:
    """An object of that kind, matched by (CRM field, our field, compare as)."""
    with database.write() as session:
        mapping = ObjectMapping(
            connection_id=connection_id, object=kind.title(), object_label=kind.title(), kind=kind, updated_at=utc_now()
        )
        mapping.match_rules = [
            MatchRule(crm_field=crm_field, local_field=local_field, compare_as=compare_as, position=position)
            for position, (crm_field, local_field, compare_as) in enumerate(rules)
        ]
        session.add(mapping)


def create(database: Database, kind: str = "contact", **values: Any) -> int:
    with database.write() as session:
        return create_local(session, kind, values, by="Sample Admin").id


def change(database: Database, record_id: int, **values: Any) -> None:
    with database.write() as session:
        change_local(session, session.get_one(LocalRecord, record_id), values, by="Sample Admin")


def as_it_is(database: Database, record_id: int) -> LocalRecord:
    with database.read() as session:
        return session.get_one(LocalRecord, record_id)


def keys_of(database: Database, record_id: int) -> set[tuple[str, str]]:
    with database.read() as session:
        query = select(RecordKey.key, RecordKey.value).where(RecordKey.local_record_id == record_id)
        return {(key, value) for key, value in session.execute(query)}


def found(database: Database, text: str, kind: str = "contact", limit: int = 20) -> list[int]:
    with database.read() as session:
        return [record.id for record in search(session, kind, text, limit)]


# --- Changed --------------------------------------------------------------------------------------------------------


def test_values_are_kept_in_their_one_form(database: Database) -> None:
    record = as_it_is(
        database,
        create(database, email=" ANA@Example.com ", first_name=" Ana ", lead_score="81.0", notes="a\r\nb"),
    )
    assert record.values == {
        "email": "ana@example.com",
        "first_name": "Ana",
        "lead_score": 81,
        "notes": "a\nb",
    }
    assert (record.name, record.version) == ("Ana", 1)


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("contact", {"shoe_size": 43}, "Contact has no field “shoe_size”"),
        ("contact", {"lead_score": "many"}, "Lead score: “many” is not a number"),
        ("contact", {"lead_score": True}, "Lead score: A yes/no value is not a number"),
        ("opportunity", {"amount": float("nan")}, "Amount: The number is not finite"),
        ("opportunity", {"close_date": "soon"}, "Close date: “soon” is not a date"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_of_it_is_kept(
    database: Database, kind: str, values: dict[str, Any], words: str
) -> None:
    record_id = create(database, kind, **({"name": "Before"} if kind == "opportunity" else {"first_name": "Before"}))
    before = as_it_is(database, record_id)
    good = {"phone": "1"} if kind == "contact" else {"stage": "Open"}
    with pytest.raises(RecordError, match=words):
        change(database, record_id, **good, **values)
    after = as_it_is(database, record_id)
    assert (after.values, after.version) == (before.values, before.version)


def test_each_value_knows_when_by_whom_and_where_it_changed(database: Database) -> None:
    started = utc_now() - timedelta(milliseconds=1)
    record_id = create(database, first_name="Ana", job_title="Chief")
    with database.write() as session:
        record = session.get_one(LocalRecord, record_id)
        write_values(session, record, {"job_title": "Director"}, by="Sample Rep", source="salesforce", at=NOON)
    origins = as_it_is(database, record_id).provenance
    assert parse_time(origins["job_title"]["at"]) == NOON
    assert (origins["job_title"]["by"], origins["job_title"]["source"]) == ("Sample Rep", "salesforce")
    assert (origins["first_name"]["by"], origins["first_name"]["source"]) == ("Sample Admin", "here")
    assert started <= parse_time(origins["first_name"]["at"]) <= utc_now()


def test_a_value_that_stays_the_same_keeps_its_time_and_author(database: Database) -> None:
    record_id = create(database, first_name="Ana", lead_score=7)
    before = as_it_is(database, record_id)
    change(database, record_id, first_name=" Ana ", lead_score="7.0")
    after = as_it_is(database, record_id)
    assert (after.provenance, after.version, after.updated_at) == (before.provenance, before.version, before.updated_at)


def test_every_change_is_a_new_version(database: Database) -> None:
    record_id = create(database, first_name="Ana")
    for version, name in [(2, "Maria"), (3, None), (4, "Ana")]:
        change(database, record_id, first_name=name)
        record = as_it_is(database, record_id)
        assert (record.version, record.values["first_name"]) == (version, name)


def test_a_record_made_of_nothing_is_still_a_record(database: Database) -> None:
    with database.write() as session:
        record = new_record(session, "contact")
        assert record.version == 0
        write_values(session, record, {}, by="Salesforce", source="salesforce", at=NOON)
    assert (as_it_is(database, record.id).version, as_it_is(database, record.id).name) == (1, "")


@pytest.mark.parametrize(
    ("kind", "values", "name"),
    [
        ("contact", {"first_name": "Ana", "last_name": "Sample", "email": "ana@example.com"}, "Ana Sample"),
        ("contact", {"last_name": "Sample"}, "Sample"),
        ("contact", {"email": "ana@example.com"}, "ana@example.com"),
        ("contact", {"phone": "1"}, ""),
        ("account", {"name": "Sample Org", "domain": "example.com"}, "Sample Org"),
        ("account", {"domain": "https://www.example.com/"}, "example.com"),
        ("opportunity", {"amount": 5}, ""),
    ],
)
def test_a_record_is_called_by_what_it_has(database: Database, kind: str, values: dict[str, Any], name: str) -> None:
    assert as_it_is(database, create(database, kind, **values)).name == name


HARD_TEXTS = {
    "300 KB": "ä🙂é\n" * 40_000 + "end",
    "emoji": "👩‍👩‍👧 🙂",
    "right to left": "مرحبا \u202bעברית",
    "lone surrogate": "half \ud83d",
    "NUL": "a\x00b",
    "JSON": '{"a": ["\\u0000", "\\ud83d"]}',
}


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS)
@pytest.mark.parametrize("field", ["notes", "first_name"])
def test_hard_texts_are_stored_and_come_back(database: Database, connection_id: int, field: str, text: str) -> None:
    match_by(database, connection_id, "contact", ("FirstName", "first_name", "text"))
    record_id = create(database, **{field: text})
    kept = as_it_is(database, record_id)
    assert kept.values[field] == text.replace("\ud83d", "\ufffd").replace("\x00", "\ufffd")
    assert len(kept.name) <= 400


# --- Times ----------------------------------------------------------------------------------------------------------


def test_a_time_comes_back_aware_and_the_same_moment(database: Database) -> None:
    elsewhere = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    with database.write() as session:
        record = LocalRecord(kind="contact", created_at=elsewhere, updated_at=elsewhere, version=1)
        session.add(record)
    kept = as_it_is(database, record.id).created_at
    assert kept == elsewhere
    assert kept.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_not_stored(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    with database.write() as session:
        session.add(LocalRecord(kind="contact", created_at=naive, updated_at=naive, version=1))
        with pytest.raises(Exception, match="this one has no zone"):
            session.flush()
        session.rollback()


# --- Found ----------------------------------------------------------------------------------------------------------


def test_a_record_is_found_by_the_keys_of_the_rules_there_are(database: Database, connection_id: int) -> None:
    match_by(database, connection_id, "contact", BY_EMAIL)
    match_by(database, connection_id, "account", ("Website", "domain", "domain"), BY_NAME)
    contact = create(database, email="ANA@example.com", last_name="Sample")
    account = create(database, "account", name="Sample, Inc.", domain="https://www.example.com/x")
    assert keys_of(database, contact) == {("email:email", "ana@example.com")}
    assert keys_of(database, account) == {("domain:domain", "example.com"), ("name:name", "sample")}
    with database.read() as session:
        assert [each.id for each in find_by_key(session, "account", match_key_name("name", "name"), "sample")] == [
            account
        ]
        assert find_by_key(session, "contact", match_key_name("name", "name"), "sample") == []
        assert find_by_key(session, "account", match_key_name("domain", "domain"), "sample") == []


def test_a_key_follows_its_value(database: Database, connection_id: int) -> None:
    match_by(database, connection_id, "contact", BY_EMAIL)
    record_id = create(database, email="old@example.com")
    change(database, record_id, email="new@example.com")
    assert keys_of(database, record_id) == {("email:email", "new@example.com")}
    change(database, record_id, email=None)
    assert keys_of(database, record_id) == set()


def test_what_names_nobody_is_no_key(database: Database, connection_id: int) -> None:
    match_by(database, connection_id, "account", ("Website", "domain", "domain"))
    match_by(database, connection_id, "contact", BY_EMAIL)
    assert keys_of(database, create(database, "account", domain="gmail.com")) == set()
    assert keys_of(database, create(database, email="ana at example")) == set()


def test_a_deleted_record_is_not_found(database: Database, connection_id: int) -> None:
    match_by(database, connection_id, "contact", BY_EMAIL)
    record_id = create(database, first_name="Ana", email="ana@example.com")
    assert found(database, "ana") == [record_id]
    with database.write() as session:
        session.get_one(LocalRecord, record_id).deleted_at = utc_now()
    assert found(database, "ana") == []
    with database.read() as session:
        assert find_by_key(session, "contact", "email:email", "ana@example.com") == []


def test_a_very_long_name_is_found_by_its_key(database: Database, connection_id: int) -> None:
    match_by(database, connection_id, "account", BY_NAME)
    long = "sample " * 100
    record_id = create(database, "account", name=long)
    with database.read() as session:
        assert [each.id for each in find_by_key(session, "account", "name:name", long.strip())] == [record_id]


def test_new_rules_need_new_keys(database: Database, connection_id: int) -> None:
    ids = [create(database, email=f"p{number}@example.com", phone=str(number)) for number in range(3)]
    deleted = create(database, email="gone@example.com")
    create(database, "account", name="Sample Org")
    match_by(database, connection_id, "contact", BY_EMAIL, ("Phone", "phone", "text"))
    with database.write() as session:
        assert rebuild_keys(session, "contact") == len([*ids, deleted])
    for number, record_id in enumerate(ids):
        assert keys_of(database, record_id) == {
            ("email:email", f"p{number}@example.com"),
            ("text:phone", str(number)),
        }


def test_rebuilding_goes_beyond_one_page_of_records(database: Database, connection_id: int) -> None:
    with database.write() as session:
        now = utc_now()
        session.add_all(
            LocalRecord(
                kind="contact", values={"email": f"p{n}@example.com"}, created_at=now, updated_at=now, version=1
            )
            for n in range(600)
        )
    match_by(database, connection_id, "contact", BY_EMAIL)
    with database.write() as session:
        assert rebuild_keys(session, "contact") == 600
    with database.read() as session:
        assert len(list(session.scalars(select(RecordKey.value)))) == 600


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("100%", ["100% Sample"]),
        ("%", ["100% Sample"]),
        ("a_b", ["a_b Sample"]),
        ("_", ["a_b Sample"]),
        ("a\\b", ["a\\b Sample"]),
        ("\\", ["a\\b Sample"]),
        ("sample", ["100% Sample", "a_b Sample", "a\\b Sample", "axb Sample"]),
        ("  AXB ", ["axb Sample"]),
        ("'; --", []),
        ("", ["100% Sample", "a_b Sample", "a\\b Sample", "axb Sample"]),
    ],
)
def test_a_search_takes_every_sign_as_it_is(database: Database, text: str, hits: list[str]) -> None:
    names = ["100% Sample", "a_b Sample", "a\\b Sample", "axb Sample"]
    ids = {name: create(database, "account", name=name) for name in names}
    assert sorted(found(database, text, "account")) == sorted(ids[name] for name in hits)


def test_a_search_finds_by_name_and_by_key_within_the_kind(database: Database, connection_id: int) -> None:
    match_by(database, connection_id, "contact", BY_EMAIL)
    by_name = create(database, first_name="Maria", last_name="Sample")
    by_key = create(database, first_name="Ana", email="maria@example.com")
    create(database, "account", name="Maria Ltd")
    assert found(database, "MARIA") == [by_key, by_name]  # by name: Ana before Maria
    assert found(database, "maria", limit=1) == [by_key]
