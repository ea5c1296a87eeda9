"""What an admin is told when a sign-in at a CRM was not finished: what is so, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.crm.connect_flow import Flow
from jobs.crm.errors import CrmError, Misconfigured, RetryLater
from widget.admin.display import CRM_NAMES
from widget.admin.oauth_changes import InUse, WrongOrg

LONGEST_TOLD = 300
NO_REMEDY = "Try again; if it stays so, an admin of the CRM can look into the app's settings."


@dataclass(frozen=True)
class Problem:
    """`code` is the CRM's own, or ours in capitals; `status` is HTTP's. Nothing was changed, whatever it is."""

    headline: str
    cause: str
    remedy: str
    code: str
    status: int


NOT_OURS = Problem(
    "This sign-in cannot be finished",
    "It was finished before, took longer than ten minutes, or was begun in another browser or by somebody else.",
    "Look whether the connection is there already. If it is not, connect again.",
    "STATE",
    400,
)
NO_QUEUE = Problem(
    "Not possible right now",
    "The queue server does not answer, and a sign-in is remembered there.",
    "Connect again once it is back.",
    "NO_QUEUE",
    503,
)
JUST_CONNECTED = Problem("Connected already", "Somebody has just connected this org.", "", "CONNECTED", 409)


def said_no(flow: Flow, answer: Mapping[str, str]) -> Problem:
    """The CRM's page was answered with no, or sent back nothing to go on with."""
    code = answer.get("error", "")[:60] or "NO_CODE"
    headline = "Access was not allowed" if code == "access_denied" else f"{CRM_NAMES[flow.crm]} did not let us in"
    return Problem(headline, _quoted(flow, answer.get("error_description", "")), _remedy(flow, code), code, 400)


def refused(flow: Flow, error: CrmError) -> Problem:
    """The sign-in was fine, and what came after it was not."""
    crm = CRM_NAMES[flow.crm]
    if isinstance(error, RetryLater):
        return Problem(f"{crm} does not answer", error.message, _remedy(flow, error.code), error.code, 502)
    # What does not fit is our finding, not the CRM's words.
    cause = error.message if isinstance(error, Misconfigured) else _quoted(flow, error.message)
    return Problem(f"{crm} cannot be connected like this", cause, _remedy(flow, error.code), error.code, 400)


def not_this_org(flow: Flow, error: WrongOrg | InUse) -> Problem:
    if isinstance(error, InUse):
        remedy = "To sign in instead, disconnect it first, then connect again."
        return Problem("Connected already", str(error), remedy, "CONNECTED", 409)
    remedy = (
        f"Sign out of {CRM_NAMES[flow.crm]} in this browser, then press Reconnect and sign in to the right one. "
        "To connect the other one as well, make a new connection."
    )
    return Problem("This is another org", str(error), remedy, "OTHER_ORG", 409)


def _quoted(flow: Flow, said: str) -> str:
    crm, said = CRM_NAMES[flow.crm], said[:LONGEST_TOLD].strip().rstrip(".")
    return f"{crm} says: {said}." if said else f"{crm} gave no reason."


def _remedy(flow: Flow, code: str) -> str:
    return flow.remedies.get(code, NO_REMEDY)
