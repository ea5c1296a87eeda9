"""Two sides that people edit, and a sync between them: the product's own decisions, carried out on two dicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.crm.base import CrmRow
from jobs.models import LocalRecord, RecordLink
from jobs.sync import engine, merge
from jobs.sync.plan import Plan, base_after, make_plan
from jobs.sync.refusals import Refusals
from jobs.sync.scene import Scene, Setup, bases, stored_base
from jobs.sync.stamps import changed_in_crm_at, stamps_after
from jobs.values import Value
from tests.sync import scenery

Alter = Callable[[Value], Value]

# What a CRM may make of a value that is written to it.
ALTERATIONS: dict[str, Alter] = {
    "as sent": lambda value: value,
    "lower case": lambda value: value.lower() if isinstance(value, str) else value,
    "cut short": lambda value: value[:2] if isinstance(value, str) else value,
    "a default for blanks": lambda value: "none given" if value is None else value,
    "dropped": lambda value: None,
    "a new one each time": lambda value: f"{value}!"[:30],
}


@dataclass(frozen=True)
class Outcome:
    """What one sync did, by our field name: side overwritten -> (old, new)."""

    pushed: Mapping[str, tuple[Value, Value]]
    pulled: Mapping[str, tuple[Value, Value]]
    plan: Plan  # as first decided

    @property
    def writes(self) -> int:
        return len(self.pushed) + len(self.pulled)


@dataclass
class TwoSides:
    """One linked record. Every edit and every sync takes two seconds, so no two happen at once."""

    setup: Setup
    here: dict[str, Value]
    there: dict[str, Value]
    alter: Alter = ALTERATIONS["as sent"]
    now: datetime = scenery.NOON
    base: str = "{}"  # as stored
    times_here: dict[str, datetime] = field(default_factory=dict)
    modified_there: datetime = scenery.NOON
    stamps: tuple[datetime | None, datetime | None] = (None, None)  # of our own last write

    def edit_here(self, name: str, value: Value) -> None:
        self.now += timedelta(seconds=2)
        if self.here[name] != value:
            self.here[name], self.times_here[name] = value, self.now

    def edit_there(self, name: str, value: Value) -> None:
        self.now += timedelta(seconds=2)
        if self.there[name] != value:
            self.there[name], self.modified_there = value, self.now

    def sync(self) -> Outcome:
        """One run of the engine: decide, write, read back, decide again, settle."""
        self.now += timedelta(seconds=2)
        read, scene, refusals = self._row(), self._scene(), Refusals()
        first = plan = make_plan(self.setup, read, scene, refusals)
        assert plan.skip is None
        seen = read
        pushes = plan.chosen("push")
        written: dict[str, merge.Base] = {}
        if pushes:
            for push in pushes:
                self.there[push.rule.local_field] = self.alter(push.value)
            self.modified_there = self.now
            seen = self._row()
            written = engine._stored_base(pushes, seen)
            plan = engine._plan_after_write(self.setup, read, seen, scene, written, refusals)
        pulls = plan.chosen("pull")
        for pull in pulls:
            self.here[pull.rule.local_field] = pull.value
            self.times_here[pull.rule.local_field] = changed_in_crm_at(self.setup, scene, read)
        self.base = json.dumps(stored_base(base_after(scene, plan, written)))
        self.stamps = stamps_after(scene.link, read, seen, wrote=bool(written))
        return Outcome(_changes(pushes), _changes(pulls), first)

    def _row(self) -> CrmRow:
        values = {scenery.CRM_FIELDS[name]: value for name, value in self.there.items()}
        return scenery.row(values, modified_at=self.modified_there)

    def _scene(self) -> Scene:
        record: LocalRecord = scenery.local(self.here)
        record.provenance = {name: {"at": self._time_here(name).isoformat()} for name in self.here}
        link = RecordLink(local_record_id=7, matched_by="manual", base=json.loads(self.base), version=1)
        link.own_write_at, link.changed_before_at = self.stamps
        return Scene(link=link, local=record, matched_by="manual", match=None, bases=bases(link))

    def _time_here(self, name: str) -> datetime:
        return self.times_here.get(name, scenery.NOON)


def _changes(decisions: tuple[merge.Decision, ...]) -> dict[str, tuple[Value, Value]]:
    return {each.rule.local_field: (each.old, each.value) for each in decisions}
