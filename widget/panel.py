"""The panel's own requests: look, sync, follow a run, choose a match, renew the token.

Every request proves itself by a panel token in the Authorization header. Which record it is about comes from the
token, never from the address alone.
"""

from __future__ import annotations

import re
import time

from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, NotFound

from jobs.models.base import LARGEST_ID
from jobs.models.run import OPEN
from jobs.sync.apart import keep_apart
from jobs.sync.rows import RunFacts, run_of
from widget import admin, panel_conflicts, panel_details, panel_preview
from widget.bell import Bell
from widget.context import runtime
from widget.launch.admittance import is_still_admitted
from widget.panel_answers import BELL, drawn, start_sync, the_bell
from widget.panel_claims import claims_for, key_of
from widget.panel_facts import Situation, panel_view, pause_ms
from widget.tokens import PanelClaims, TokenForbidden, renew_panel_token

blueprint = Blueprint("panel", __name__, url_prefix="/panel")
for part in (panel_preview, panel_conflicts, panel_details):
    part.add_routes(blueprint)

PREVIEW_STAMP = re.compile(r"[0-9a-f]{64}")
# How long a request for news may be held open, and how long a step is given to be followed by the next.
HOLD_SECONDS = 8.0
SETTLE_SECONDS = 0.15
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
    return drawn(claims_for("view"), Situation(queue_answers=the_bell().queue_answers))


@blueprint.post("/sync")
def sync() -> ResponseReturnValue:
    """The button. Accepts the click, or joins the run that is on; answers with the result of a quick one."""
    return start_sync(claims_for("sync"), previewed=_preview_stamp())


@blueprint.post("/link")
def link() -> ResponseReturnValue:
    """One click on one of several candidates: that one is meant. Links and syncs."""
    claims = claims_for("sync")
    return start_sync(claims, chosen_local_record_id=_candidate(claims))


@blueprint.post("/apart")
def apart() -> ResponseReturnValue:
    """One click beside a candidate: that one is somebody else, and is not matched again. Writes nothing in the CRM."""
    claims = claims_for("sync")
    candidate = _candidate(claims)
    with runtime().database.write() as session:
        keep_apart(session, key_of(claims), candidate, by=claims.user_name)
    return drawn(claims, Situation(queue_answers=the_bell().queue_answers))


@blueprint.get(f"/runs/<int(max={LARGEST_ID}):run_id>")
def follow(run_id: int) -> ResponseReturnValue:
    """News of a run. Held open until its row is newer than `seen`; a run of another record is not found."""
    claims = claims_for("view")
    seen = request.args.get("seen", default=0, type=int)
    bell = the_bell()
    if not bell.seats.acquire(blocking=False):
        _own_run(claims, run_id)
        return drawn(claims, Situation(run_id=run_id, poll_delay_ms=ASK_AGAIN_MS))
    try:
        _hold(bell, claims, run_id, seen)
    finally:
        bell.seats.release()
    return drawn(claims, Situation(run_id=run_id, queue_answers=bell.queue_answers))


@blueprint.post("/token")
def renew() -> ResponseReturnValue:
    """A fresh token for the one that is still good, until the session's end."""
    claims = claims_for("view")
    if not is_still_admitted(runtime(), claims.connection_id, claims.user_name):
        raise TokenForbidden("taken off the list")
    token, expires_in = renew_panel_token(runtime().settings, claims)
    return jsonify(
        token=token, expires_in=expires_in, session_expires_in=max(0, claims.session_until - int(time.time()))
    )


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


def _preview_stamp() -> str:
    """The stamp of the preview that is open in the panel; anything else is none."""
    stamp = request.form.get("previewed", "")
    return stamp if PREVIEW_STAMP.fullmatch(stamp) else ""


def _own_run(claims: PanelClaims, run_id: int) -> RunFacts:
    """Raises NotFound, also for another record's run."""
    with runtime().database.look() as connection:
        run = run_of(connection, key_of(claims), run_id)
    if run is None:
        raise NotFound
    return run


def _candidate(claims: PanelClaims) -> int:
    """Only a record that could be this one may be named, not any that somebody guesses the number of."""
    named = request.form.get("local_record_id", "")
    if not named.isdecimal() or len(named) > 18:
        raise BadRequest
    view = panel_view(runtime(), claims, Situation())
    if int(named) not in {each.local_record_id for each in view.link.candidates}:
        raise TokenForbidden("not a candidate")
    return int(named)
