"""What a panel shows, piece by piece: fields, log entries, history, a preview, an explanation. Plainly sample data."""

from __future__ import annotations

from dataclasses import replace

from widget.panel_view import (
    ConflictView,
    EntryView,
    ExplainView,
    FieldRow,
    HistoryRow,
    HistoryView,
    Moment,
    PreviewRow,
    PreviewView,
    ReasonView,
    StepView,
    UndoView,
)

HTML = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
ARABIC = "شركة المثال للتجارة الدولية المحدودة"


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
        shown="a stamp",
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
        f"It is not synced. {kept_out}",
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
