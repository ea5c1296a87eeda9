"""The first page: is everything well, and if not, where to go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, render_template, url_for
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from jobs.models import Connection, FieldMapping, Heartbeat, SyncLogEntry, SyncRun
from jobs.models.connection import BROKEN
from jobs.models.run import FAILED, OPEN
from jobs.runtime import utc_now
from jobs.schedule import CLOCK
from widget.admin.connection_health import health_of
from widget.admin.display import CRM_NAMES
from widget.context import runtime

LATEST_RUNS = 8
RECENT = timedelta(hours=24)
CLOCK_SILENT = timedelta(seconds=60)
"""The clock beats every few seconds; a minute of silence is a stopped process."""


@dataclass(frozen=True)
class Concern:
    """Something an admin should look at: what is so, and the page that helps."""

    tone: str  # "bad" or "warn"
    sentence: str
    link: str
    link_text: str


def blueprint() -> Blueprint:
    pages = Blueprint("overview", __name__)
    pages.get("/")(index)
    return pages


def index() -> str:
    now = utc_now()
    with runtime().database.read() as session:
        connections = session.scalars(select(Connection).order_by(Connection.name)).all()
        runs = session.execute(_latest_runs()).all()
        concerns = _concerns(session, connections, now)
        numbers = _numbers(session, now)
    return render_template(
        "admin/overview/index.html",
        title="Overview",
        connections=connections,
        runs=runs,
        concerns=concerns,
        numbers=numbers,
        since=(now - RECENT).date(),
        now=now,
    )


def _latest_runs() -> Select[SyncRun, str]:
    return (
        select(SyncRun, Connection.name)
        .join(Connection, Connection.id == SyncRun.connection_id)
        .order_by(SyncRun.id.desc())
        .limit(LATEST_RUNS)
    )


def _numbers(session: Session, now: datetime) -> dict[str, int]:
    """Counts of the last day, by outcome, and what waits right now."""
    by_outcome = session.execute(
        select(SyncLogEntry.outcome, func.count())
        .where(SyncLogEntry.created_at > now - RECENT)
        .group_by(SyncLogEntry.outcome)
    )
    numbers = {row[0]: row[1] for row in by_outcome}
    numbers["open"] = session.scalar(_counted(SyncRun, SyncRun.status.in_(OPEN))) or 0
    return numbers


def _concerns(session: Session, connections: Sequence[Connection], now: datetime) -> list[Concern]:
    found = [concern for each in connections if (concern := _connection_concern(each, now))]
    if (concern := _clock_concern(session, now)) is not None:
        found.append(concern)
    since = (now - RECENT).date().isoformat()
    counted = (
        (
            _counted(SyncRun, SyncRun.status == FAILED, SyncRun.created_at > now - RECENT),
            "run failed in the last 24 hours.",
            "runs failed in the last 24 hours.",
            url_for("admin.runs.index", status=FAILED, first=since),
            "See the runs",
        ),
        (
            _counted(SyncLogEntry, SyncLogEntry.code == "AMBIGUOUS_MATCH", SyncLogEntry.created_at > now - RECENT),
            "record has several candidates and waits for somebody to choose.",
            "records have several candidates and wait for somebody to choose.",
            url_for("admin.logs.index", code="AMBIGUOUS_MATCH", first=since),
            "See them in the log",
        ),
        (
            _counted(FieldMapping, FieldMapping.paused_reason != ""),
            "field mapping is paused.",
            "field mappings are paused.",
            url_for("admin.objects.index"),
            "See the objects",
        ),
    )
    for query, one, many, link, text in counted:
        amount = session.scalar(query) or 0
        if amount:
            found.append(Concern("warn", f"{amount} {one if amount == 1 else many}", link, text))
    return found


def _connection_concern(connection: Connection, now: datetime) -> Concern | None:
    link = url_for("admin.connections.show", connection_id=connection.id)
    crm = CRM_NAMES.get(connection.crm, connection.crm)
    if connection.state == BROKEN:
        health = health_of(connection, now)
        sentence = f"{connection.name} is {health.word.lower()}, nothing syncs. {health.cause}".strip()
        return Concern("bad" if health.tone == "bad" else "warn", sentence, link, "Repair the connection")
    if (until := connection.waits_until(now)) is not None:
        sentence = f"{connection.name} waits until {until:%H:%M} UTC because {crm} asked for it."
        return Concern("warn", sentence, link, "See the connection")
    if not connection.syncs_enabled:
        return Concern("warn", f"{connection.name}: syncs are switched off.", link, "See the switch")
    return None


def _clock_concern(session: Session, now: datetime) -> Concern | None:
    beat_at = session.scalar(select(Heartbeat.beat_at).where(Heartbeat.name == CLOCK))
    if beat_at is not None and now - beat_at < CLOCK_SILENT:
        return None
    sentence = "The clock is not running: schedules wait, and runs that died are not recovered. Start “widget clock”."
    return Concern("bad", sentence, url_for("admin.runs.index", status="queued"), "See what waits")


def _counted(model: type[SyncRun | SyncLogEntry | FieldMapping], *conditions: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(model).where(*conditions)
