"""Believable panel views, one for every state a rep can meet. Plainly sample data."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from widget.panel_view import (
    Candidate,
    ConflictView,
    EntryView,
    ExplainView,
    FieldRow,
    FrameMessage,
    HistoryRow,
    HistoryView,
    LinkView,
    Moment,
    PanelPage,
    PanelView,
    PreviewRow,
    PreviewView,
    ReasonView,
    StepView,
    UndoView,
)

Crm = Literal["salesforce", "hubspot"]
HTML = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
ARABIC = "شركة المثال للتجارة الدولية المحدودة"
CRM_NAMES: dict[Crm, str] = {"salesforce": "Salesforce", "hubspot": "HubSpot"}


def moment(relative: str, exact: str = "22 November 2026 at 10:12 GMT") -> Moment:
    return Moment(iso="2026-11-22T10:12:00Z", relative=relative, exact=exact)


def fields(crm_name: str) -> tuple[FieldRow, ...]:
    inbound, outbound = f"From {crm_name} to us", f"From us to {crm_name}"
    both = "Both ways; the latest change wins"
    return (
        FieldRow(
            "Email",
            "Email",
            "ana@example.com",
            "ana@example.com",
            False,
            "two_way",
            both,
            moment("3 d ago"),
            "Ana Sample",
        ),
        FieldRow(
            "Title", "Job title", "Chief of Staff", "Chief of Staff", False, "inbound", inbound, moment("2 h ago")
        ),
        FieldRow("Phone", "Phone", "+44 20 7946 0999", "+44 20 7946 0999", False, "two_way", both, moment("5 wk ago")),
        FieldRow("Lead_score__c", "Lead score", "81", "81", False, "outbound", outbound, moment("1 h ago")),
        FieldRow(
            "Revenue", "Annual revenue", "£1,250,000.00", "£1,250,000.00", False, "inbound", inbound, moment("1 y ago")
        ),
        FieldRow("MailingCity", "Mailing city", "", "", False, "two_way", both, note="Filled only while empty"),
    )


def conflicting_fields(crm_name: str) -> tuple[FieldRow, ...]:
    email, title, *rest = fields(crm_name)
    conflict = ConflictView(
        id=5,
        crm_by="Sample Rep",
        crm_at=moment("3 min ago"),
        our_by="Sample Admin",
        our_at=moment("1 h ago"),
        may_keep_crm=True,
        may_keep_ours=True,
    )
    return email, replace(title, our_value="Office Manager", differs=True, conflict=conflict), *rest


def preview(crm_name: str = "Salesforce") -> PreviewView:
    return PreviewView(
        crm_name,
        f"2 fields would change here, 1 in {crm_name}, 1 changed on both sides, 1 would stay different.",
        rows=(
            PreviewRow("Job title", "here", "Office Manager", "Chief of Staff"),
            PreviewRow("Phone", "here", "", "+44 20 7946 0999"),
            PreviewRow("Lead score", "crm", "64", "81"),
            PreviewRow("Email", "conflict", "ana@example.com", "a.sample@example.com", "Both sides changed."),
            PreviewRow("Mailing city", "left", "Leeds", "York", "It has a value already."),
        ),
        stamp="0" * 64,
    )


def changed_fields(crm_name: str) -> tuple[FieldRow, ...]:
    email, title, phone, score, *rest = fields(crm_name)
    return (
        email,
        replace(title, our_value="Office Manager", differs=True),
        phone,
        replace(score, crm_value="72", differs=True),
        *rest,
    )


def fresh_fields(crm_name: str) -> tuple[FieldRow, ...]:
    email, title, phone, score, *rest = fields(crm_name)
    return (email, replace(title, just_changed="here"), phone, replace(score, just_changed="crm"), *rest)


def entries(crm_name: str) -> tuple[EntryView, ...]:
    return (
        EntryView(
            "updated",
            f"2 fields from {crm_name}, 1 to {crm_name}",
            moment("3 min ago"),
            by="you",
            undo=UndoView(31, f"Goes back to what it was: Job title, Phone here; Lead score in {crm_name}."),
        ),
        EntryView("unchanged", "Nothing to do", moment("1 h ago"), by="schedule"),
        EntryView(
            "failed",
            f"Phone not written: {crm_name} says it is too long",
            moment("2 d ago"),
            code="STRING_TOO_LONG",
            remedy="Shorten the phone number to 40 characters and sync again.",
        ),
        EntryView(
            "skipped",
            "Leads were switched off",
            moment("3 d ago"),
            code="OBJECT_OFF",
            remedy="An admin can turn them on.",
        ),
        EntryView("created", f"Created here from {crm_name}", moment("5 wk ago"), by="full sync", is_undone=True),
        EntryView("created", "A sixth entry, which is never shown", moment("6 wk ago")),
    )


def history(name: str = "Title", crm_name: str = "Salesforce", *, hostile: bool = False) -> HistoryView:
    """Three changes: one that can be taken back, an undo, and the change it took back."""
    long = HTML if hostile else "Office Manager"
    by = ARABIC if hostile else "Riley Sample"
    panel, schedule = "asked for in the panel", "by schedule"
    back = UndoView(31, f"Job title goes back to “{long[:40]}” here.", field="job_title")
    return HistoryView(
        name=name,
        label="Job title",
        reasons=(
            ReasonView("Mapping", "ok", "It goes both ways. When both sides change it, the more recent change wins."),
            ReasonView("Now", "note", f"{crm_name} would get our value. Only we had changed it."),
            ReasonView("Our value", "ok", f"It was last changed in {crm_name} by {by}.", at=moment("3 min ago")),
        ),
        rows=(
            HistoryRow(
                moment("3 min ago"),
                "here",
                long,
                "Chief of Staff",
                "you",
                panel,
                f"Only {crm_name} had changed it.",
                undo=back,
            ),
            HistoryRow(moment("2 d ago"), "here", "Buyer", long, by, panel, "An earlier change was undone."),
            HistoryRow(
                moment("3 d ago"),
                f"in {crm_name}",
                long,
                "",
                by,
                schedule,
                "Both sides had changed it; the more recent change won.",
                is_undone=True,
            ),
        ),
        more=True,
    )


def explanation(crm_name: str = "Salesforce") -> ExplainView:
    clauses = (
        ReasonView("", "ok", "Lead source is one of Web, Phone: yes."),
        ReasonView("", "note", "Annual revenue is more than 10,000: no."),
    )
    kept_out = "The filter for Contact keeps it out: “Annual revenue is more than 10,000” does not hold."
    return ExplainView(
        "It is not synced. It stops at: Filter.",
        "bad",
        (
            ReasonView("Syncs", "ok", "Syncs are switched on."),
            ReasonView("Object", "ok", "Contact records are synced."),
            ReasonView(
                "Direction",
                "note",
                f"Writing to {crm_name} is switched off.",
                "An admin can turn it on under Objects.",
                "OUTBOUND_OFF",
            ),
            ReasonView("Record", "ok", f"{crm_name} shows us the record.", at=moment("2 h ago")),
            ReasonView(
                "Filter", "stops", kept_out, "An admin can change it under Objects.", "FILTERED_OUT", parts=clauses
            ),
            ReasonView("Match", "ok", "It is linked to a record of ours, by email.", at=moment("5 wk ago")),
            ReasonView("Last sync", "ok", "The last run, asked for by you, changed something.", at=moment("3 min ago")),
        ),
    )


def steps(crm_name: str, now: int) -> tuple[StepView, ...]:
    labels = ("Queued", f"Reading {crm_name}", "Comparing", f"Writing to {crm_name}")
    return tuple(
        StepView(label, "done" if i < now else "now" if i == now else "next") for i, label in enumerate(labels)
    )


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
            FieldRow("b", "Description", "Long text. " * 30000, "", True, "inbound", both, long=True),
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
