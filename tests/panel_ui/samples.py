"""Believable panel views, one for every state a rep can meet. Plainly sample data."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from tests.panel_ui.sample_parts import (
    ARABIC,
    HTML,
    changed_fields,
    conflicting_fields,
    entries,
    fields,
    fresh_fields,
    moment,
    steps,
)
from widget.panel_view import (
    Candidate,
    EntryView,
    FieldRow,
    FrameMessage,
    LinkView,
    PanelPage,
    PanelView,
    UndoView,
)

Crm = Literal["salesforce", "hubspot"]
CRM_NAMES: dict[Crm, str] = {"salesforce": "Salesforce", "hubspot": "HubSpot"}


def states(crm: Crm = "salesforce") -> dict[str, PanelView]:
    """Every state by name; running appears once for each step."""
    name = CRM_NAMES[crm]
    base = PanelView(
        state="in_step",
        crm=crm,
        crm_name=name,
        object_label="Contact",
        record_name="Ana Sample",
        headline="Both sides hold the same values.",
        health="good",
        health_words="In step",
        link=LinkView("linked", "Linked to Ana Sample"),
        synced=moment("3 min ago"),
        synced_by="you",
        fields=fields(name),
        entries=entries(name),
    )
    running = replace(
        base, health="busy", health_words="Syncing", run_id=1, run_version=1, can_sync=False, poll_delay_ms=60000
    )
    off = replace(base, can_sync=False, health="off", fields=changed_fields(name))
    return {
        "never": replace(
            base,
            state="never",
            headline="This contact has not been synced yet.",
            detail="A sync links the two.",
            health="off",
            health_words="Not synced yet",
            link=LinkView("matched", "Matches Ana Sample by email"),
            synced=None,
            synced_by="",
            fields=changed_fields(name),
            entries=(),
        ),
        "in_step": base,
        "differs": replace(
            base,
            state="differs",
            headline="2 fields differ.",
            detail="Sync to bring both sides in step.",
            health="attention",
            health_words="2 fields differ",
            fields=changed_fields(name),
        ),
        "queued": replace(running, state="queued", headline="Waiting for its turn.", steps=steps(name, 0)),
        "running_reading": replace(running, state="running", headline=f"Reading {name}.", steps=steps(name, 1)),
        "running_comparing": replace(running, state="running", headline="Comparing both sides.", steps=steps(name, 2)),
        "running_writing": replace(running, state="running", headline=f"Writing to {name}.", steps=steps(name, 3)),
        "undoing": replace(
            running,
            state="running",
            headline="Undoing.",
            detail="What has been changed since is left as it is.",
            health_words="Undoing",
            steps=steps(name, 1),
        ),
        "waiting": replace(
            running,
            state="waiting",
            headline=f"{name} takes no more requests for a moment.",
            detail="Your click is kept; nothing was lost.",
            resume=moment("in 12 min", "22 November 2026 at 10:24 GMT"),
            code="TOO_MANY_CALLS",
            health="attention",
            health_words="Waiting",
        ),
        "done": replace(
            base,
            state="done",
            headline="Done: 2 fields changed.",
            detail=f"Job title came from {name}; Lead score was written to {name}.",
            synced=moment("just now"),
            fields=fresh_fields(name),
        ),
        "nothing": replace(
            base,
            state="nothing",
            headline="Nothing to do.",
            detail="Both sides hold the same values.",
            synced=moment("just now"),
        ),
        "skipped": replace(
            base,
            state="skipped",
            headline="Skipped: this contact has no email.",
            detail="Nothing was changed on either side.",
            remedy="Add an email address and sync again.",
            code="MISSING_EMAIL",
            health="attention",
            health_words="Skipped",
        ),
        "conflict": replace(
            base,
            state="conflict",
            headline="Job title was changed on both sides.",
            detail="Nothing was written for it; both values are kept.",
            remedy="Choose below which value to keep.",
            code="BOTH_CHANGED",
            health="attention",
            health_words="Needs your choice",
            fields=conflicting_fields(name),
        ),
        "failed": replace(
            base,
            state="failed",
            headline=f"{name} refused the phone number.",
            detail="It must be shorter than 40 characters. Nothing else was held back.",
            remedy="Shorten it and sync again.",
            code="STRING_TOO_LONG",
            health="bad",
            health_words="Failed",
            fields=changed_fields(name),
        ),
        "ambiguous": replace(
            base,
            state="ambiguous",
            headline="Two of our contacts could be this one.",
            detail="Nothing was changed. Choose the right one to link and sync them.",
            code="AMBIGUOUS_MATCH",
            health="attention",
            health_words="2 candidates",
            can_sync=False,
            synced=None,
            synced_by="",
            link=LinkView(
                "ambiguous",
                "Not linked yet",
                (
                    Candidate(11, "Ana Sample", "ana@example.com · Sample Org 3"),
                    Candidate(12, "A. Sample", "ana.sample@example.com · Sample Org 7, Northern Branch"),
                ),
            ),
            fields=changed_fields(name),
        ),
        "object_off": replace(
            off,
            state="object_off",
            headline="Contacts are switched off.",
            detail="Nothing is lost; no changes go either way meanwhile.",
            remedy="An admin can turn them on under Objects.",
            health_words="Off",
        ),
        "syncs_off": replace(
            off,
            state="syncs_off",
            headline="All syncs are switched off.",
            detail="Nothing is lost; no changes go either way meanwhile.",
            remedy="An admin can turn them on under Connections.",
            health_words="Off",
        ),
        "not_allowed": replace(
            off,
            state="not_allowed",
            headline="You may look at this contact but not sync it.",
            remedy="An admin can add you to the people who may sync.",
            health_words="View only",
        ),
        "deleted": replace(
            off,
            state="deleted",
            headline=f"This contact was deleted in {name}.",
            detail="Our record is kept: restore the contact there to sync again.",
            code="ENTITY_IS_DELETED",
            health="bad",
            health_words="Deleted",
        ),
        "unreachable": replace(
            base,
            state="unreachable",
            headline=f"{name} did not answer.",
            detail="You see the values last read. You can still sync: it starts when the CRM answers.",
            health="bad",
            health_words="No answer",
            values_as_of=moment("09:58"),
        ),
        "hostile": hostile(base),
    }


def hostile(base: PanelView) -> PanelView:
    """Long, right-to-left, emoji and HTML-like text everywhere a CRM user can type."""
    html, arabic, emoji = HTML, ARABIC, "👩🏽‍🚀🏳️‍🌈 " * 12
    long_word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    both = "Both ways; the latest change wins"
    return replace(
        base,
        state="differs",
        record_name=arabic + " " + long_word,
        headline="4 fields differ.",
        detail=html,
        health="attention",
        health_words="4 fields differ",
        link=LinkView("linked", "Linked to " + long_word),
        synced_by=html,
        fields=(
            FieldRow("a", long_word, html, emoji, True, "two_way", both, moment("3 d ago"), html),
            FieldRow("b", "Description", "Long text. " * 30000, "", True, "inbound", both),
            FieldRow("c", "الاسم", arabic, arabic, False, "outbound", both, moment("1 h ago")),
            FieldRow("d", "Web", "https://example.com/" + "a" * 300, "\u202eevil", True, "two_way", both, note=html),
        ),
        entries=(
            EntryView(
                "failed",
                html,
                moment("2 d ago"),
                code="X_" * 60,
                remedy=long_word,
                by=arabic,
                is_undone=True,
                undo=UndoView(7, long_word + html),
            ),
        ),
    )


def page(view: PanelView) -> PanelPage:
    """The frame around `view`, as a launch would send it."""
    return PanelPage(
        view=view,
        token="sample-token-1",
        token_expires_in=300,
        session_expires_in=28800,
        color_scheme="",
        language="en-GB",
        host_protocol="lwc",
        host_origin="",
    )


MESSAGES: dict[str, FrameMessage] = {
    "expired": FrameMessage(
        title="This panel needs a fresh start",
        sentence="Its one-time proof has been used already, which happens after a reload.",
        remedy="Reload the panel; nothing was changed.",
        code="PROOF_USED",
        can_relaunch=True,
        host_protocol="lwc",
    ),
    "refused": FrameMessage(
        title="This panel cannot be opened",
        sentence="The request was not signed by a connected Salesforce org.",
        remedy="An admin can check the connection under Connections.",
        code="UNKNOWN_ORG",
        can_relaunch=False,
    ),
}
