"""From a verified launch to a panel: used once, record access checked, token minted, page drawn."""

from __future__ import annotations

import structlog
from flask import render_template
from flask.typing import ResponseReturnValue

from jobs.crm.adapters import crm_label
from jobs.crm.errors import AuthorizationLost, CrmError, NotFound, RecordError
from jobs.mappings import ObjectFacts
from jobs.models import Connection
from jobs.runtime import Runtime, utc_now
from jobs.sync.look import look_as_connection, look_as_person
from widget.errors import LaunchRefused
from widget.launch.proof import Host, Launch, use_once
from widget.panel_facts import Situation, panel_view
from widget.panel_view import FrameMessage, PanelPage
from widget.tokens import PanelClaims, mint_panel_token, session_end

log = structlog.get_logger()

LONGEST_NAME = 200  # what a run and its log entry keep of a name

# code -> (title, what is so, what to do, whether the host may be asked for a fresh proof)
_REFUSALS: dict[str, tuple[str, str, str, bool]] = {
    "USED_PROOF": ("Reload needed", "This panel was opened before.", "Reload it to get a fresh one.", True),
    "EXPIRED_PROOF": ("Reload needed", "The page waited too long to open this panel.", "Reload it.", True),
    "USED_TICKET": ("Opened before", "This window was opened before.", "Close it and open it again.", True),
    "EXPIRED_TICKET": ("Too late", "This window took too long to open.", "Close it and open it again.", True),
    "UNKNOWN_TICKET": ("Not opened", "What opens this window is not known here.", "Close it and open it again.", True),
    "NOT_ON_LIST": (
        "Not for you",
        "You are not on the list of people who may use this.",
        "An admin can add you under Connections.",
        False,
    ),
    "SESSION_ENDED": ("Reload needed", "Your {crm} session has ended.", "Reload the page to go on.", True),
    "NO_ACCESS": (
        "Not for you",
        "{crm} does not show you this record, or it was deleted.",
        "Ask its owner to share it with you.",
        False,
    ),
    "ACCESS_UNKNOWN": (
        "{crm} does not answer",
        "We could not check whether you may see this record, so nothing of it is shown.",
        "Try again in a moment.",
        True,
    ),
    "NOT_PREAUTHORISED": (
        "One step is missing",
        "This app is not approved for you in {crm} yet.",
        "An admin sets its permitted users to “admin-approved users are pre-authorized”.",
        False,
    ),
    "FOREIGN_ORG": ("Not connected", "This org is not connected here.", "An admin can connect it.", False),
    "UNKNOWN_ISSUER": ("Not connected", "This org is not connected here.", "An admin can connect it.", False),
    "NO_RECORD": (
        "No record",
        "This page did not say which record it shows.",
        "Put the panel on a record page.",
        False,
    ),
    "MALFORMED_ID": ("No record", "The record's id is not one {crm} could have.", "Open the record again.", False),
    "UNKNOWN_OBJECT": ("No record", "This kind of record is not known.", "Put the panel on a record page.", False),
}
_REFUSED = (
    "Not opened",
    "This panel can only be opened from a record page of a connected CRM.",
    "Reload the page. If that does not help, tell your admin the code below.",
    False,
)


def refuse(code: str, status: int, host: Host | None = None) -> LaunchRefused:
    """The refusal to raise: a small page in the frame that says what is so and what to do."""
    host = host or Host("", "")
    title, sentence, remedy, can_relaunch = _REFUSALS.get(code, _REFUSED)
    crm = crm_label(host.crm)
    message = FrameMessage(
        title=title.format(crm=crm),
        sentence=sentence.format(crm=crm),
        remedy=remedy,
        code=code,
        can_relaunch=can_relaunch,
        host_protocol=host.protocol,
        host_origin=host.origin,
        crm=host.crm,
        canvas_instance_id=host.canvas_instance_id,
    )
    return LaunchRefused(message, status)


def open_panel(here: Runtime, launch: Launch) -> ResponseReturnValue:
    """Answer a verified launch with the panel. Raises LaunchRefused."""
    with here.database.write() as session:
        is_first = use_once(session, launch.digest, launch.forget_at)
    if not is_first:
        raise refuse(launch.used_code, 409, launch.host)
    with here.database.look() as connection:
        mapping = here.mappings.find(connection, launch.connection.id, launch.object)
    readable, editable, is_fresh, is_gone = _look(here, launch, mapping)
    claims = PanelClaims(
        connection_id=launch.connection.id,
        object=launch.object,
        crm_record_id=launch.crm_record_id,
        user_id=launch.user_id,
        user_name=launch.user_name[:LONGEST_NAME],
        scopes=("view", "sync", "undo") if launch.may_sync else ("view",),
        readable=readable,
        editable=editable,
        locale=launch.locale,
        time_zone=launch.time_zone,
        currency=launch.currency,
        session_until=session_end(here.settings),
    )
    token, expires_in = mint_panel_token(here.settings, claims)
    situation = Situation(crm_answers=is_fresh, is_deleted=is_gone)
    page = PanelPage(
        view=panel_view(here, claims, situation),
        token=token,
        token_expires_in=expires_in,
        session_expires_in=here.settings.panel_session_hours * 3600,
        color_scheme=launch.color_scheme,
        language="en",  # our own words; values carry their own direction and format
        host_protocol=launch.host.protocol or "lwc",
        host_origin=launch.host.origin,
        canvas_instance_id=launch.host.canvas_instance_id,
    )
    log.info("panel_opened", connection_id=launch.connection.id, object=launch.object, user_id=launch.user_id)
    return render_template("panel/page.html", page=page)


def _look(
    here: Runtime, launch: Launch, mapping: ObjectFacts | None
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None, bool, bool]:
    """(readable, editable, the CRM answered, the record is gone). Raises LaunchRefused when access is not shown."""
    if launch.crm_answered is not None:
        return launch.readable, launch.editable, launch.crm_answered, False
    if launch.person_token or launch.readable is None:
        return *_look_as_person(here, launch, mapping), True, False
    mapped = {each.crm_field for each in mapping.fields} if mapping else set()
    readable = tuple(name for name in launch.readable if name in mapped)
    editable = tuple(name for name in launch.editable or () if name in mapped)
    is_fresh, is_gone = _look_as_connection(here, launch.connection, mapping, launch.crm_record_id)
    return readable, editable, is_fresh, is_gone


def _look_as_person(
    here: Runtime, launch: Launch, mapping: ObjectFacts | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # An unmapped object has nothing to show, but who asks must still be allowed to know that the record exists.
    wanted = mapping or ObjectFacts(0, launch.connection.id, launch.object, launch.object, "")
    try:
        sight = look_as_person(here, launch.connection, wanted, launch.crm_record_id, launch.person_token)
    except AuthorizationLost:
        raise refuse("SESSION_ENDED", 401, launch.host) from None
    except RecordError:
        # Not there, not shared, or an id of another object: to this person it is all the same.
        raise refuse("NO_ACCESS", 403, launch.host) from None
    except CrmError as error:
        log.warning("access_not_checked", code=error.code, connection_id=launch.connection.id)
        raise refuse("ACCESS_UNKNOWN", 503, launch.host) from None
    return sight.readable, sight.editable


def _look_as_connection(
    here: Runtime, connection: Connection, mapping: ObjectFacts | None, record_id: str
) -> tuple[bool, bool]:
    if mapping is None or connection.waits_until(utc_now()):
        return mapping is None, False
    try:
        look_as_connection(here, connection, mapping, record_id)
    except NotFound:
        return True, True
    except CrmError as error:
        log.warning("record_not_read", code=error.code, connection_id=connection.id)
        return False, False
    return True, False
