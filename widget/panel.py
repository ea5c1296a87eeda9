"""The panel's own requests: look, sync, follow a run, choose a match, renew the token.

Every request proves itself by a panel token in the Authorization header. Which record it is about comes from the
token, never from the address alone.
"""

from __future__ import annotations

import time
from typing import cast

from flask import Blueprint, Flask, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, NotFound

from jobs.models.run import OPEN
from jobs.runs import Ask
from jobs.sync.rows import RunFacts, run_of
from jobs.tasks import request_single
from widget import admin
from widget.bell import Bell
from widget.context import runtime
from widget.panel_claims import claims_for, key_of
from widget.panel_facts import Situation, panel_view, pause_ms
from widget.tokens import PanelClaims, TokenForbidden, renew_panel_token

blueprint = Blueprint("panel", __name__, url_prefix="/panel")

BELL = "widget_bell"
LARGEST_ID = 2**63 - 1  # more than that is no row of any database
# How long a request for news may be held open, and how long a step is given to be followed by the next.
HOLD_SECONDS = 8.0
SETTLE_SECONDS = 0.15
# A quick sync is over before anybody could read that it began: the click's own answer waits this long for the result.
GLANCE_SECONDS = 0.1
# How soon to ask again when no seat is free to be held open.
ASK_AGAIN_MS = 700


def install(app: Flask) -> None:
    here = app.extensions["widget"]
    app.extensions[BELL] = Bell(here, seats=here.settings.web_threads // 2)
    # The panel has no cookie a foreign page could ride on: it proves itself by its token.
    admin.csrf.exempt(blueprint)
    app.register_blueprint(blueprint)


@blueprint.get("/view")
def view() -> ResponseReturnValue:
    """The whole panel as the rows stand now."""
    return _partial(claims_for("view"), Situation(queue_answers=_bell().queue_answers))


@blueprint.post("/sync")
def sync() -> ResponseReturnValue:
    """The button. Accepts the click, or joins the run that is on; answers with the result of a quick one."""
    return _start(claims_for("sync"), chosen_local_record_id=None)


@blueprint.post("/link")
def link() -> ResponseReturnValue:
    """One click on one of several candidates: that one is meant. Links and syncs."""
    claims = claims_for("sync")
    chosen = request.form.get("local_record_id", "")
    if not chosen.isdecimal() or len(chosen) > 18:
        raise BadRequest
    _require_candidate(claims, int(chosen))
    return _start(claims, chosen_local_record_id=int(chosen))


@blueprint.get(f"/runs/<int(max={LARGEST_ID}):run_id>")
def follow(run_id: int) -> ResponseReturnValue:
    """News of a run. Held open until its row is newer than `seen`; a run of another record is not found."""
    claims = claims_for("view")
    seen = request.args.get("seen", default=0, type=int)
    bell = _bell()
    if not bell.seats.acquire(blocking=False):
        _own_run(claims, run_id)
        return _partial(claims, Situation(run_id=run_id, poll_delay_ms=ASK_AGAIN_MS))
    try:
        _hold(bell, claims, run_id, seen)
    finally:
        bell.seats.release()
    return _partial(claims, Situation(run_id=run_id, queue_answers=bell.queue_answers))


@blueprint.post("/token")
def renew() -> ResponseReturnValue:
    """A fresh token for the one that is still good, until the session's end."""
    token, expires_in = renew_panel_token(runtime().settings, claims := claims_for("view"))
    return jsonify(
        token=token, expires_in=expires_in, session_expires_in=max(0, claims.session_until - int(time.time()))
    )


def _start(claims: PanelClaims, *, chosen_local_record_id: int | None) -> ResponseReturnValue:
    ask = Ask(
        connection_id=claims.connection_id,
        object=claims.object,
        crm_record_id=claims.crm_record_id,
        trigger="panel",
        requested_by=claims.user_name,
        requested_by_id=claims.user_id,
        readable_fields=_list(claims.readable),
        editable_fields=_list(claims.editable),
        chosen_local_record_id=chosen_local_record_id,
    )
    asked = request_single(runtime(), ask)
    if asked.is_new and asked.queue_answers:
        _wait_a_glance(asked.run.id)
    return _partial(claims, Situation(run_id=asked.run.id, queue_answers=asked.queue_answers))


def _partial(claims: PanelClaims, situation: Situation) -> ResponseReturnValue:
    # Straight from the environment: Flask's context processors would look up a login that no panel has.
    partial = current_app.jinja_env.get_template("panel/_panel.html")
    return partial.render(view=panel_view(runtime(), claims, situation))


def _wait_a_glance(run_id: int) -> None:
    """Give a run that was just asked for the moment in which a quick one ends."""
    bell = _bell()
    if bell.seats.acquire(blocking=False):
        try:
            bell.wait(run_id, 0, GLANCE_SECONDS)  # a new run's bell has not rung yet
        finally:
            bell.seats.release()


def _hold(bell: Bell, claims: PanelClaims, run_id: int, seen: int) -> None:
    """Until the run is over, or waits, or has been at a step for long enough to be worth telling, or time is up."""
    until = time.monotonic() + HOLD_SECONDS
    newer_since: float | None = None
    while True:
        count = bell.count(run_id)
        run = _own_run(claims, run_id)
        now = time.monotonic()
        if run.status not in OPEN or pause_ms(run) or now >= until:
            return
        if run.version > seen:
            newer_since = newer_since or now
            if now - newer_since >= SETTLE_SECONDS:
                return
        bell.wait(run_id, count, (newer_since + SETTLE_SECONDS if newer_since else until) - now)


def _own_run(claims: PanelClaims, run_id: int) -> RunFacts:
    """Raises NotFound, also for another record's run."""
    with runtime().database.look() as connection:
        run = run_of(connection, key_of(claims), run_id)
    if run is None:
        raise NotFound
    return run


def _require_candidate(claims: PanelClaims, local_record_id: int) -> None:
    """Only a record that could be this one may be chosen, not any that somebody guesses the number of."""
    view = panel_view(runtime(), claims, Situation())
    if local_record_id not in {each.local_record_id for each in view.link.candidates}:
        raise TokenForbidden("not a candidate")


def _bell() -> Bell:
    return cast(Bell, current_app.extensions[BELL])


def _list(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)
