"""What the panel's requests have in common: the panel drawn anew, and a click that starts or joins a run."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from flask import current_app
from flask.typing import ResponseReturnValue

from jobs.asking import Ask
from jobs.tasks import Asked, request_single
from widget.bell import Bell
from widget.context import runtime
from widget.panel_facts import Situation, panel_view
from widget.tokens import PanelClaims

BELL = "widget_bell"
# A quick sync is over before anybody could read that it began: the click's own answer waits this long for the result.
GLANCE_SECONDS = 0.1


def drawn(claims: PanelClaims, situation: Situation) -> ResponseReturnValue:
    """The whole panel as the rows stand now."""
    # Straight from the environment: Flask's context processors would look up a login that no panel has.
    partial = current_app.jinja_env.get_template("panel/_panel.html")
    return partial.render(view=panel_view(runtime(), claims, situation))


def ask_of(claims: PanelClaims) -> Ask:
    """A sync of the panel's record in this person's name and with their rights."""
    return Ask(
        connection_id=claims.connection_id,
        object=claims.object,
        crm_record_id=claims.crm_record_id,
        trigger="panel",
        requested_by=claims.user_name,
        requested_by_id=claims.user_id,
        readable_fields=_list(claims.readable),
        editable_fields=_list(claims.editable),
    )


def start_sync(
    claims: PanelClaims,
    *,
    chosen_local_record_id: int | None = None,
    previewed: str = "",
    choices: dict[str, str] | None = None,
    shown: dict[str, str] | None = None,
) -> ResponseReturnValue:
    """Start or join the run, and draw the panel: with the result of a quick one."""
    ask = replace(
        ask_of(claims),
        chosen_local_record_id=chosen_local_record_id,
        previewed=previewed,
        choices=choices,
        shown=shown,
    )
    return click_answer(claims, request_single(runtime(), ask))


def click_answer(claims: PanelClaims, asked: Asked) -> ResponseReturnValue:
    """The panel after a click: with the result of a quick run, else in its running state."""
    if asked.is_new and asked.queue_answers:
        the_bell().glance(asked.run.id, GLANCE_SECONDS)
    return drawn(claims, Situation(run_id=asked.run.id, queue_answers=asked.queue_answers))


def the_bell() -> Bell:
    return cast(Bell, current_app.extensions[BELL])


def _list(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)
