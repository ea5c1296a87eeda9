"""The history of a field: who, by which run and rule, old and new, undone or not. And how long it is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from jobs import retention
from jobs.models import Heartbeat, SyncLogEntry, SyncRun
from jobs.retention import HOUSEKEEPING, Kept, surplus
from jobs.runtime import utc_now
from jobs.sync.history import FieldHistory, entries_of, entries_of_local, field_history
from jobs.sync.rows import RecordKey
from jobs.sync.undo_ask import UndoAsk, open_undo
from tests.support.office import Office
from tests.support.told import Told


@pytest.fixture
def ana(office: Office) -> str:
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


def retitled(office: Office, ana: str, title: str) -> Told:
    office.edit(ana, Title=title)
    return office.sync("Contact", ana)


def history(office: Office, ana: str, field: str = "job_title") -> FieldHistory:
    with office.runtime.database.look() as database:
        return field_history(entries_of(database, RecordKey(office.connection_id, "Contact", ana)), field)


def told(of: FieldHistory) -> list[tuple[str, Any, Any, str]]:
    return [(each.written.side, each.written.before, each.written.wrote, each.rule) for each in of.changes]


class TestAField:
    def test_tells_every_change_newest_first(self, office: Office, ana: str) -> None:
        retitled(office, ana, "Owner")
        office.change(office.linked("Contact", ana), job_title="Director")
        office.sync("Contact", ana)
        assert told(history(office, ana)) == [
            ("crm", "Owner", "Director", "CHANGED_HERE"),
            ("here", "Buyer", "Owner", "CHANGED_IN_CRM"),
            ("here", None, "Buyer", "FIRST_LINK"),
        ]

    def test_says_by_whom_and_in_which_run(self, office: Office, ana: str) -> None:
        run = retitled(office, ana, "Owner").run
        change = history(office, ana).changes[0]
        assert (change.entry.by, change.entry.run_id, change.entry.trigger) == ("Riley Rep", run.id, "panel")
        assert (change.entry.crm, change.entry.object) == ("salesforce", "Contact")

    def test_is_the_same_asked_for_by_our_record(self, office: Office, ana: str) -> None:
        retitled(office, ana, "Owner")
        with office.runtime.database.look() as database:
            ours = entries_of_local(database, office.linked("Contact", ana))
        assert told(field_history(ours, "job_title")) == told(history(office, ana))

    def test_without_changes_has_none(self, office: Office, ana: str) -> None:
        assert history(office, ana, "lead_score").changes == ()

    def test_knows_what_was_undone_and_what_was_undone_of_that(self, office: Office, ana: str) -> None:
        first = retitled(office, ana, "Owner")
        second = office.undo(first)
        assert [each.is_undone for each in history(office, ana).changes] == [False, True, False]
        office.undo(second)
        marks = [(each.is_undo, each.is_undone) for each in history(office, ana).changes]
        assert marks == [(True, False), (True, True), (False, False), (False, False)]

    def test_an_undo_of_one_field_says_nothing_of_another(self, office: Office, ana: str) -> None:
        office.edit(ana, FirstName="Anna", Title="Owner")
        office.undo(office.sync("Contact", ana), "first_name")
        assert history(office, ana, "first_name").changes[1].is_undone
        assert not history(office, ana, "job_title").changes[0].is_undone


class TestHowLong:
    """`HISTORY_DAYS` and `HISTORY_ROWS_PER_FIELD`, kept by the tick once an hour."""

    def keep_house(self, office: Office, *, days: int = 365, rows: int = 100) -> int:
        settings = office.runtime.settings
        object.__setattr__(office.runtime, "settings", settings.model_copy(update=bounds(days, rows)))
        retention.forget_when_due(office.runtime)  # the first look only notes the time
        with office.runtime.database.write() as session:
            session.execute(
                update(Heartbeat).where(Heartbeat.name == HOUSEKEEPING).values(beat_at=utc_now() - timedelta(days=1))
            )
        return retention.forget_when_due(office.runtime)

    def test_what_is_older_goes_with_its_run(self, office: Office) -> None:
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Title="Buyer")
        old = [office.sync("Contact", ana), retitled(office, ana, "Owner")]
        new = retitled(office, ana, "Director")
        make_old(office, old, days=40)
        assert self.keep_house(office, days=30) == 2
        assert told(history(office, ana)) == [("here", "Owner", "Director", "CHANGED_IN_CRM")]
        assert runs(office) == [new.run.id]

    def test_of_each_field_the_latest_stay(self, each_office: Office) -> None:
        office = each_office
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Title="Buyer")
        first = office.sync("Contact", ana)
        for title in ("Owner", "Director", "Buyer"):
            retitled(office, ana, title)
        assert self.keep_house(office, rows=2) == 1  # the first entry is the only one of the other fields
        assert [each.written.wrote for each in history(office, ana).changes] == ["Buyer", "Director", "Buyer"]
        assert history(office, ana, "last_name").changes[0].entry.id == first.entry.id

    def test_what_was_undone_still_shows_as_undone(self, office: Office, ana: str) -> None:
        office.edit(ana, FirstName="Anna", Title="Owner")
        both = office.sync("Contact", ana)
        undone = office.undo(both, "job_title")
        for title in ("Director", "Buyer", "Owner"):
            retitled(office, ana, title)
        self.keep_house(office, rows=2)
        kept = [each.entry.id for each in history(office, ana).changes]
        assert {both.entry.id, undone.entry.id} <= set(kept)  # the first name needs the one, and it the other
        assert [each.is_undone for each in history(office, ana).changes if each.entry.id == both.entry.id] == [True]

    @pytest.mark.parametrize("of", ["an entry", "a run"])
    def test_what_an_undo_is_at_work_on_stays(self, office: Office, ana: str, of: str) -> None:
        old = retitled(office, ana, "Owner")
        retitled(office, ana, "Director")
        with office.runtime.database.write() as session:
            whole = UndoAsk("admin", run_id=old.run.id)
            open_undo(session, whole if of == "a run" else UndoAsk("panel", entry_id=old.entry.id))
        make_old(office, [old], days=40)
        self.keep_house(office, days=30)
        assert old.entry.id in [each.entry.id for each in history(office, ana).changes]

    def test_the_newest_entry_of_all_stays_so_that_numbers_only_grow(self, office: Office, ana: str) -> None:
        last = retitled(office, ana, "Owner")
        with office.runtime.database.write() as session:
            session.execute(update(SyncLogEntry).values(created_at=utc_now() - timedelta(days=40)))
        self.keep_house(office, days=30)
        with office.runtime.database.read() as session:
            assert session.scalars(select(SyncLogEntry.id)).all() == [last.entry.id]

    def test_nothing_is_looked_for_between_two_turns(self, office: Office, ana: str) -> None:
        old = retitled(office, ana, "Owner")
        retitled(office, ana, "Director")
        self.keep_house(office)
        make_old(office, [old], days=400)
        assert retention.forget_when_due(office.runtime) == 0
        with office.runtime.database.read() as session:
            assert session.scalar(select(func.count()).select_from(SyncLogEntry)) == 3


def test_an_entry_goes_only_when_every_field_of_it_has_newer_ones() -> None:
    newest_first = [kept(5, "a"), kept(4, "a", "b"), kept(3, "a"), kept(2, "a", "c"), kept(1, "a", "b")]
    assert [each.id for each in surplus(newest_first, 2)] == [3]
    assert [each.id for each in surplus(newest_first, 1)] == [3, 1]


def test_entries_that_changed_nothing_are_bounded_like_one_field() -> None:
    assert [each.id for each in surplus([kept(4), kept(3, "a"), kept(2), kept(1)], 2)] == [1]


def kept(number: int, *fields: str) -> Kept:
    return Kept(number, frozenset(fields), None)


def bounds(days: int, rows: int) -> dict[str, int]:
    return {"history_days": days, "history_rows_per_field": rows}


def make_old(office: Office, told: Sequence[Told], *, days: int) -> None:
    at = utc_now() - timedelta(days=days)
    with office.runtime.database.write() as session:
        for each in told:
            session.execute(update(SyncLogEntry).where(SyncLogEntry.id == each.entry.id).values(created_at=at))
            session.execute(update(SyncRun).where(SyncRun.id == each.run.id).values(created_at=at))


def runs(office: Office) -> Sequence[int]:
    with office.runtime.database.read() as session:
        return session.scalars(select(SyncRun.id)).all()
