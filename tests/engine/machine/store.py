"""Our side of the play: the one local record, the rules, the runs and their log. It puts in place and reads back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from jobs import asking, tasks
from jobs.models import (
    Conflict,
    Connection,
    LocalRecord,
    ObjectMapping,
    RecordLink,
    SyncLogEntry,
    SyncRun,
)
from jobs.models.run import OPEN
from jobs.records import RecordError, change_local, create_local
from jobs.runtime import Runtime
from jobs.sync.undo_ask import UndoAsk
from jobs.values import parse_time
from tests.engine.machine.crm_side import CrmSide
from tests.engine.machine.fields import FIELDS, Value, plain
from tests.engine.machine.judge import FieldRules, Switches
from tests.support.office import AN_HOUR

PERSON = "a colleague"


@dataclass(frozen=True)
class Told:
    """What a run says about itself once it was worked on. `entry` is None while it is open."""

    run_id: int
    is_open: bool
    entry: SyncLogEntry | None


@dataclass
class Store:
    runtime: Runtime
    in_force: dict[str, object]  # the rules of each CRM as they were last set, over all plays
    record_id: int | None = None

    # Our record

    def begin(self, values: Mapping[str, Any]) -> None:
        """A record of ours, an hour old."""
        with self.runtime.database.write() as session:
            record = create_local(session, "contact", {k: v for k, v in values.items() if v is not None}, by=PERSON)
            self.record_id = record.id
        self.age(AN_HOUR.total_seconds())

    def find(self, side: CrmSide) -> bool:
        """Whether the contact is linked; a record of ours that was made for it is found by its link."""
        query = select(RecordLink.local_record_id).where(
            RecordLink.connection_id == side.connection_id, RecordLink.crm_record_id == side.record_id
        )
        with self.runtime.database.look() as database:
            found = database.execute(query).scalar_one_or_none()
        self.record_id = self.record_id or found
        return found is not None

    def values(self) -> dict[str, Value]:
        if self.record_id is None:
            return dict.fromkeys(FIELDS)
        with self.runtime.database.look() as database:
            stored = database.execute(select(LocalRecord.values).where(LocalRecord.id == self.record_id)).scalar_one()
        return {name: plain(known, stored.get(name)) for name, known in FIELDS.items()}

    def version(self) -> int:
        with self.runtime.database.look() as database:
            return database.execute(select(LocalRecord.version).where(LocalRecord.id == self.record_id)).scalar_one()

    def edit(self, name: str, value: Any) -> bool:
        """A person saves the field here; False when it is refused: it comes from a CRM."""
        with suppress(RecordError), self.runtime.database.write() as session:
            change_local(session, session.get_one(LocalRecord, self.record_id), {name: value}, by=PERSON)
            return True
        return False

    def age(self, seconds: float) -> None:
        """All that is known here of times moves that far into the past, as the CRMs' clocks move on."""
        if self.record_id is None:
            return
        back = timedelta(seconds=seconds)
        with self.runtime.database.write() as session:
            provenance, made = session.execute(
                select(LocalRecord.provenance, LocalRecord.created_at).where(LocalRecord.id == self.record_id)
            ).one()
            older = {
                name: said | {"at": (parse_time(said["at"]) - back).isoformat()} for name, said in provenance.items()
            }
            session.execute(
                update(LocalRecord)
                .where(LocalRecord.id == self.record_id)
                .values(provenance=older, created_at=made - back)
            )

    # The rules

    def set_rules(self, side: CrmSide, switches: Switches, rules: Mapping[str, FieldRules]) -> None:
        wanted = (switches, *sorted(rules.items()))
        if self.in_force.get(side.crm) == wanted:
            return  # as the last play left them
        self.in_force[side.crm] = wanted
        query = select(ObjectMapping).where(
            ObjectMapping.connection_id == side.connection_id, ObjectMapping.object == side.object
        )
        with self.runtime.database.write() as session:
            mapping = session.scalars(query).one()
            _set(mapping, asdict(switches))
            by_name = {each.local_field: each for each in mapping.fields}
            for name, wanted in rules.items():
                _set(by_name[name], asdict(wanted))

    # Runs

    def ask(self, side: CrmSide, choices: Mapping[str, str] | None = None) -> int:
        """A rep clicks: the id of the run, which is due now."""
        ask = asking.Ask(
            side.connection_id,
            side.object,
            side.record_id,
            "panel",
            requested_by="Riley Rep",
            choices=dict(choices) if choices else None,
        )
        asked = tasks.request_single(self.runtime, ask)
        if not asked.is_new:
            self.make_due(asked.run.id)
        return asked.run.id

    def ask_undo(self, entry_id: int, field: str) -> int:
        asked = tasks.request_undo(
            self.runtime, UndoAsk("admin", entry_id=entry_id, field=field, requested_by="An Admin")
        )
        if not asked.is_new:
            self.make_due(asked.run.id)
        return asked.run.id

    def make_due(self, run_id: int) -> None:
        """As if the time had come that the run was put back to."""
        with self.runtime.database.write() as session:
            session.execute(update(SyncRun).where(SyncRun.id == run_id).values(resume_at=None))

    def end_pause(self, side: CrmSide) -> None:
        """As if the time had passed that the CRM asked us to wait."""
        with self.runtime.database.write() as session:
            session.execute(update(Connection).where(Connection.id == side.connection_id).values(paused_until=None))

    def told(self, run_id: int) -> Told:
        with self.runtime.database.read() as session:
            is_open = session.execute(select(SyncRun.status).where(SyncRun.id == run_id)).scalar_one() in OPEN
            query = select(SyncLogEntry).where(SyncLogEntry.run_id == run_id)
            entries = [] if is_open else list(session.scalars(query))
        assert is_open or len(entries) == 1, f"run {run_id} has {len(entries)} entries"
        return Told(run_id, is_open, entries[0] if entries else None)

    def conflicts(self, side: CrmSide) -> dict[str, tuple[Value, Value]]:
        """The open ones of the contact: our field -> (ours, theirs)."""
        query = select(Conflict).where(
            Conflict.connection_id == side.connection_id,
            Conflict.crm_record_id == side.record_id,
            Conflict.settled_at.is_(None),
        )
        with self.runtime.database.read() as session:
            found: Sequence[Conflict] = session.scalars(query).all()
        return {
            each.local_field: (plain(FIELDS[each.local_field], each.ours), plain(FIELDS[each.local_field], each.theirs))
            for each in found
        }


def _set(row: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
