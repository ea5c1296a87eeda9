"""From rows to what the panel shows. One read transaction gathers the facts; the rest is a matter of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from jobs.crm.adapters import crm_label, usual_label
from jobs.crm.describes import last_known
from jobs.kinds import shape_of
from jobs.mappings import FieldFacts, ObjectFacts
from jobs.models.run import OPEN
from jobs.runtime import Runtime, utc_now
from jobs.sync.choices import CHOICE_TYPES, Choices
from jobs.sync.matching import Match
from jobs.sync.open_conflicts import open_conflicts
from jobs.sync.rows import (
    ConnectionFacts,
    EntryFacts,
    LinkFacts,
    LocalFacts,
    RecordKey,
    RunFacts,
    SeenFacts,
    entry_of_run,
    local_facts,
    rows_of,
    run_of,
)
from jobs.sync.rulebook import choices_of
from jobs.sync.scene import find_match
from widget.formats import Reader
from widget.panel_claims import key_of
from widget.panel_rows import candidates_view, entry_views, field_rows, link_view, why_no_field
from widget.panel_states import describe_state, step_views
from widget.panel_view import Moment, PanelView
from widget.tokens import PanelClaims

# How soon to ask again about a run that waits for its time, which an admin may bring forward.
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.5, 10.0


@dataclass(frozen=True)
class Situation:
    """What this answer knows beyond the rows: how the live look went, and which run this visit started."""

    crm_answers: bool = True
    is_deleted: bool = False
    run_id: int | None = None
    poll_delay_ms: int = 0
    queue_answers: bool = True


@dataclass(frozen=True)
class Facts:
    """Everything known about one record, for one person."""

    claims: PanelClaims
    situation: Situation
    connection: ConnectionFacts
    mapping: ObjectFacts | None
    seen: SeenFacts | None
    link: LinkFacts | None
    local: LocalFacts | None
    match: Match | None
    run: RunFacts | None  # the open run, or the one this visit started
    run_entry: EntryFacts | None
    entries: tuple[EntryFacts, ...]
    reader: Reader
    conflicts: Mapping[str, Any] = field(default_factory=dict)  # our field -> the open conflict's row
    choices: Mapping[str, Choices] = field(default_factory=dict)  # CRM field -> how both sides spell its choices

    @property
    def crm_label(self) -> str:
        return crm_label(self.connection.crm)

    @property
    def object_label(self) -> str:
        return self.mapping.object_label if self.mapping else usual_label(self.connection.crm, self.claims.object)

    @property
    def visit_run(self) -> RunFacts | None:
        """The finished run that this visit started or joined."""
        return self.run if self.situation.run_id is not None and self.run and self.run.finished_at else None

    def may_read(self, crm_field: str) -> bool:
        return self.claims.readable is None or crm_field in self.claims.readable

    @property
    def may_read_name(self) -> bool:
        """A record's name is made of values too: it is shown to who may read the fields it is made of."""
        if self.mapping is None or self.claims.readable is None:
            return True
        parts = shape_of(self.mapping.kind).name_fields
        return all(self.may_read(each.crm_field) for each in self.mapping.fields if each.local_field in parts)

    def may_edit(self, crm_field: str) -> bool:
        return self.claims.editable is None or crm_field in self.claims.editable


def panel_view(here: Runtime, claims: PanelClaims, situation: Situation) -> PanelView:
    """The panel for this person and record, as the rows stand now."""
    with here.database.look() as connection:
        facts = gather(here, connection, claims, situation)
    return _view(facts)


def gather(here: Runtime, connection: Connection, claims: PanelClaims, situation: Situation) -> Facts:
    key = key_of(claims)
    rows = rows_of(connection, key)
    mapping = here.mappings.find(connection, claims.connection_id, claims.object, version=rows.setup_version)
    match = _match(connection, mapping, key, rows.seen) if mapping and rows.seen and not rows.link else None
    entries = here.entries.of(connection, key, rows.newest_entry_id)
    run = rows.open_run or _visited(connection, key, situation.run_id)
    local = rows.local or _matched(connection, match)
    return Facts(
        claims=claims,
        situation=situation,
        connection=rows.connection,
        mapping=mapping,
        seen=rows.seen,
        link=rows.link,
        local=local,
        match=match,
        run=run,
        run_entry=_entry_of(connection, run, entries),
        entries=entries,
        reader=Reader(claims.locale, claims.time_zone, claims.currency),
        conflicts=_conflicts(connection, key) if rows.link and rows.link.open_conflicts else {},
        choices=_choices(here, connection, mapping, rows.seen, local) if mapping and rows.seen and local else {},
    )


def _conflicts(connection: Connection, key: RecordKey) -> dict[str, Any]:
    return {each.local_field: each for each in open_conflicts(connection, key)}


def _choices(
    here: Runtime, connection: Connection, mapping: ObjectFacts, seen: SeenFacts, local: LocalFacts
) -> dict[str, Choices]:
    """Of fields that hold another text on each side, which may mean the same. Costs nothing where there are none."""
    apart = [each for each in mapping.fields if each.field_type in CHOICE_TYPES and _are_apart(each, seen, local)]
    if not apart:
        return {}
    with Session(connection) as session:
        info = last_known(here, session, mapping.connection_id, mapping.object)
    known = info.fields if info is not None else {}
    found = {each.crm_field: choices_of(each, known[each.crm_field]) for each in apart if each.crm_field in known}
    return {name: choices for name, choices in found.items() if choices is not None}


def _are_apart(field: FieldFacts, seen: SeenFacts, local: LocalFacts) -> bool:
    return bool(seen.values.get(field.crm_field) != local.values.get(field.local_field))


def _view(facts: Facts) -> PanelView:
    rows = field_rows(facts)
    state = describe_state(facts, rows)
    return PanelView(
        state=state.state,
        crm=facts.connection.crm,
        crm_name=facts.crm_label,
        object_label=facts.object_label,
        record_name=_record_name(facts),
        headline=state.headline,
        detail=state.detail,
        remedy=state.remedy,
        code=state.code,
        health=state.health,
        health_words=state.health_words,
        link=link_view(facts, candidates_view(facts) if state.state == "ambiguous" else ()),
        synced=facts.reader.moment(facts.link.synced_at) if facts.link and facts.link.synced_at else None,
        synced_by=_you_or(facts, facts.link.synced_by) if facts.link else "",
        fields=rows,
        no_fields="" if rows else why_no_field(facts),
        entries=entry_views(facts),
        steps=step_views(facts),
        resume=_resume(facts),
        can_sync=state.can_sync,
        run_id=facts.run.id if facts.run else None,
        run_version=facts.run.version if facts.run else 0,
        poll_delay_ms=facts.situation.poll_delay_ms or pause_ms(facts.run),
        values_as_of=_values_as_of(facts),
    )


def _record_name(facts: Facts) -> str:
    name = (facts.seen.name if facts.seen else "") or (facts.local.name if facts.local else "")
    return name if name and facts.may_read_name else facts.object_label


def _resume(facts: Facts) -> Moment | None:
    """When a waiting run goes on by itself."""
    if facts.run is None or facts.run.finished_at is not None or facts.run.resume_at is None:
        return None
    return facts.reader.moment(facts.run.resume_at)


def _values_as_of(facts: Facts) -> Moment | None:
    if facts.situation.crm_answers or facts.seen is None:
        return None
    return facts.reader.moment(facts.seen.seen_at)


def _you_or(facts: Facts, name: str) -> str:
    return "you" if name and name == facts.claims.user_name else name


def pause_ms(run: RunFacts | None) -> int:
    """How soon to ask again about a run that waits for its time, holding no seat meanwhile. 0 for any other run."""
    if run is None or run.resume_at is None or run.status not in OPEN:
        return 0
    seconds = (run.resume_at - utc_now()).total_seconds()
    return int(max(LEAST_PAUSE_SECONDS, min(seconds, MOST_PAUSE_SECONDS)) * 1000) if seconds > 0 else 0


def _visited(connection: Connection, key: RecordKey, run_id: int | None) -> RunFacts | None:
    return run_of(connection, key, run_id) if run_id is not None else None


def _entry_of(connection: Connection, run: RunFacts | None, entries: tuple[EntryFacts, ...]) -> EntryFacts | None:
    """The entry of the finished run: nearly always among the last ones, which are at hand."""
    if run is None or run.finished_at is None:
        return None
    return next((each for each in entries if each.run_id == run.id), None) or entry_of_run(connection, run.id)


def _match(connection: Connection, mapping: ObjectFacts, key: RecordKey, seen: SeenFacts) -> Match:
    with Session(connection) as session:
        return find_match(session, mapping, key, seen.values)


def _matched(connection: Connection, match: Match | None) -> LocalFacts | None:
    if match is None or match.verdict != "one":
        return None
    return local_facts(connection, match.candidates[0].local_record_id)
