"""From rows to what the panel shows. One read transaction gathers the facts; the rest is a matter of words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from jobs.crm.adapters import crm_label
from jobs.models import Connection, CrmRecord, LocalRecord, ObjectMapping, RecordLink, SyncLogEntry, SyncRun
from jobs.models.run import OPEN
from jobs.runtime import Runtime
from jobs.sync.matching import Match
from jobs.sync.scene import find_match
from widget.formats import Reader
from widget.panel_rows import candidates_view, entry_views, field_rows, link_view
from widget.panel_states import describe_state, step_views
from widget.panel_view import Moment, PanelView
from widget.tokens import PanelClaims

RECENT_ENTRIES = 5


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
    connection: Connection
    mapping: ObjectMapping | None
    seen: CrmRecord | None
    link: RecordLink | None
    local: LocalRecord | None
    match: Match | None
    run: SyncRun | None  # the open run, or the one this visit started
    run_entry: SyncLogEntry | None
    entries: tuple[SyncLogEntry, ...]
    reader: Reader

    @property
    def crm_label(self) -> str:
        return crm_label(self.connection.crm)

    @property
    def object_label(self) -> str:
        return self.mapping.object_label if self.mapping else self.claims.object

    def may_read(self, crm_field: str) -> bool:
        return self.claims.readable is None or crm_field in self.claims.readable

    def may_edit(self, crm_field: str) -> bool:
        return self.claims.editable is None or crm_field in self.claims.editable


def panel_view(here: Runtime, claims: PanelClaims, situation: Situation) -> PanelView:
    """The panel for this person and record, as the rows stand now."""
    with here.database.read() as session:
        facts = gather(session, claims, situation)
    return _view(facts)


def gather(session: Session, claims: PanelClaims, situation: Situation) -> Facts:
    connection = session.get_one(Connection, claims.connection_id)
    of_record = (claims.connection_id, claims.object, claims.crm_record_id)
    mapping = session.scalar(
        select(ObjectMapping).where(
            ObjectMapping.connection_id == claims.connection_id, ObjectMapping.object == claims.object
        )
    )
    seen = session.get(CrmRecord, of_record)
    link = session.scalar(_of_record(select(RecordLink), RecordLink, of_record))
    match = find_match(session, mapping, seen.values) if mapping and seen and not link else None
    run = _run(session, of_record, situation)
    return Facts(
        claims=claims,
        situation=situation,
        connection=connection,
        mapping=mapping,
        seen=seen,
        link=link,
        local=_local(session, link, match),
        match=match,
        run=run,
        run_entry=_entry_of(session, run),
        entries=tuple(
            session.scalars(
                _of_record(select(SyncLogEntry), SyncLogEntry, of_record)
                .where(SyncLogEntry.finished_at.is_not(None))
                .order_by(SyncLogEntry.id.desc())
                .limit(RECENT_ENTRIES)
            )
        ),
        reader=Reader(claims.locale, claims.time_zone),
    )


def _view(facts: Facts) -> PanelView:
    rows = field_rows(facts)
    state = describe_state(facts, rows)
    return PanelView(
        state=state.state,
        crm="salesforce" if facts.connection.crm == "salesforce" else "hubspot",
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
        entries=entry_views(facts),
        steps=step_views(facts),
        resume=facts.reader.moment(facts.run.resume_at) if state.state == "waiting" and facts.run.resume_at else None,
        can_sync=state.can_sync,
        run_id=facts.run.id if facts.run else None,
        run_version=facts.run.version if facts.run else 0,
        poll_delay_ms=facts.situation.poll_delay_ms,
        values_as_of=_values_as_of(facts),
    )


def _record_name(facts: Facts) -> str:
    """A person who may not read the name's fields gets the object's label: a name is a value too."""
    name_is_hidden = facts.claims.readable is not None and not facts.claims.readable
    if name_is_hidden:
        return facts.object_label
    name = (facts.seen.name if facts.seen else "") or (facts.local.name if facts.local else "")
    return name or facts.object_label


def _values_as_of(facts: Facts) -> Moment | None:
    if facts.situation.crm_answers or facts.seen is None:
        return None
    return facts.reader.moment(facts.seen.seen_at)


def _you_or(facts: Facts, name: str) -> str:
    return "you" if name and name == facts.claims.user_name else name


def _run(session: Session, of_record: tuple[int, str, str], situation: Situation) -> SyncRun | None:
    open_run = session.scalar(
        _of_record(select(SyncRun), SyncRun, of_record).where(SyncRun.kind == "single", SyncRun.status.in_(OPEN))
    )
    if open_run is not None or situation.run_id is None:
        return open_run
    return session.scalar(_of_record(select(SyncRun), SyncRun, of_record).where(SyncRun.id == situation.run_id))


def _entry_of(session: Session, run: SyncRun | None) -> SyncLogEntry | None:
    if run is None or run.finished_at is None:
        return None
    return session.scalar(select(SyncLogEntry).where(SyncLogEntry.run_id == run.id))


def _local(session: Session, link: RecordLink | None, match: Match | None) -> LocalRecord | None:
    if link is not None:
        return session.get(LocalRecord, link.local_record_id)
    if match is not None and match.verdict == "one":
        return session.get(LocalRecord, match.candidates[0].local_record_id)
    return None


def _of_record(query: Select[Any], model: Any, of_record: tuple[int, str, str]) -> Select[Any]:
    connection_id, object_name, crm_record_id = of_record
    return query.where(
        model.connection_id == connection_id, model.object == object_name, model.crm_record_id == crm_record_id
    )
