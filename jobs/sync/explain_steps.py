"""What an explanation is made of: all that was found out about a record, and one answer after the other. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from jobs.crm.base import CrmRow
from jobs.mappings import ObjectFacts
from jobs.models import Connection
from jobs.sync import merge
from jobs.sync.rows import EntryFacts, RunFacts
from jobs.sync.rule_words import rule_words
from jobs.sync.scene import Scene, Setup
from jobs.sync.words import Words, words

State = Literal["ok", "stops", "note"]


@dataclass(frozen=True)
class Step:
    """One answer on the way. `at` belongs to the sentence and is told in the reader's own time."""

    topic: str
    state: State
    sentence: str
    remedy: str = ""
    code: str = ""
    at: datetime | None = None
    parts: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Look:
    """Everything that was found out about one record, for one person."""

    connection: Connection
    crm: str  # its label
    object: str
    mapping: ObjectFacts | None
    now: datetime
    setup: Setup | None = None  # None: the CRM could not be asked for its fields
    row: CrmRow | None = None
    is_fresh: bool = True  # False: `row` is what we saw last
    seen_at: datetime | None = None
    problem: str = ""  # the code of what kept us from reading it
    scene: Scene | None = None
    open_run: RunFacts | None = None
    entries: Sequence[EntryFacts] = field(default=())
    readable: frozenset[str] | None = None
    editable: frozenset[str] | None = None

    def may_read(self, crm_field: str) -> bool:
        return self.readable is None or crm_field in self.readable

    @property
    def object_label(self) -> str:
        return self.mapping.object_label if self.mapping is not None else self.object

    def said(self, code: str, detail: str = "") -> Words:
        return words(code, crm=self.crm, object_label=self.object_label, detail=detail)


def stop(look: Look, topic: str, code: str, detail: str = "") -> Step:
    said = look.said(code, detail)
    return Step(topic, "stops", said.message, said.remedy, code)


def told_of(look: Look, decision: merge.Decision) -> Step:
    """What a sync would do with this field now, and by which rule."""
    label = decision.rule.label
    if decision.action == "pull":
        return Step(label, "note", f"Ours would take {look.crm}’s value. {rule_words(decision.why, look.crm)}")
    if decision.action == "push":
        return Step(label, "note", f"{look.crm} would get our value. {rule_words(decision.why, look.crm)}")
    said = words(decision.why, crm=look.crm, object_label=look.object_label, fields=label)
    return Step(label, "note", said.message, said.remedy, decision.why)
