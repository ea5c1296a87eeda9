"""Liveness and readiness: `/healthz` answers while the process does, `/readyz` when it can be of use."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from jobs.models import Heartbeat
from jobs.runtime import Runtime, utc_now
from jobs.schedule import CLOCK
from widget.context import runtime

# A clock this silent has missed several ticks: what died is no longer found.
CLOCK_SILENT_AFTER = timedelta(seconds=30)

blueprint = Blueprint("health", __name__)


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 when database, queue and clock are well; 503 with the name of what is not."""
    parts = {"database": _database(runtime()), "queue": _queue(runtime()), "clock": _clock(runtime())}
    ready = all(state == "ok" for state in parts.values())
    return jsonify(status="ready" if ready else "not ready", **parts), 200 if ready else 503


def _database(here: Runtime) -> str:
    try:
        with here.database.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "unreachable"
    return "ok"


def _queue(here: Runtime) -> str:
    try:
        here.redis.ping()
    except RedisError:
        return "unreachable"
    return "ok"


def _clock(here: Runtime) -> str:
    try:
        with here.database.read() as session:
            heartbeat = session.get(Heartbeat, CLOCK)
    except SQLAlchemyError:
        return "unknown"
    if heartbeat is None:
        return "never seen"
    return "ok" if utc_now() - heartbeat.beat_at < CLOCK_SILENT_AFTER else "silent"
