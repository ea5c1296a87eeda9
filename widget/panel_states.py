"""Which of its states the panel is in, and what it says there: what is so, what was kept, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from jobs.models.connection import BROKEN, DISCONNECTED
from jobs.models.run import FAILED, PARTIAL, QUEUED, RUNNING
from jobs.runtime import utc_now
from jobs.sync.undo_ask import UNDO
from jobs.sync.undo_plan import OF_RECORD
from jobs.sync.words import words
from widget.panel_rows import created_sentence, done_sentence, entry_words, visible_changes
from widget.panel_view import FieldRow, PanelState, StepView

if TYPE_CHECKING:
    from widget.panel_facts import Facts

STEPS = ("queued", "reading", "comparing", "writing")


@dataclass(frozen=True)
class StateWords:
    state: PanelState
    headline: str
    detail: str = ""
    remedy: str = ""
    code: str = ""
    health: Literal["good", "attention", "bad", "busy", "off"] = "good"
    health_words: str = ""
    can_sync: bool = True


def describe_state(facts: Facts, rows: Sequence[FieldRow]) -> StateWords:
    """The first that applies: a run that is on, a switch that is off, this visit's result, then how things stand."""
    for look in (_open_run, _switched_off, _gone, _not_allowed, _result, _ours_gone, _unreachable, _ambiguous):
        if (found := look(facts)) is not None:
            return _honest_health(found, rows)
    return _standing(facts, rows)


def _honest_health(found: StateWords, rows: Sequence[FieldRow]) -> StateWords:
    """A run that left a field as it was has not brought it in step."""
    differing = _to_be_brought_in_step(rows)
    if found.state not in ("done", "nothing") or found.health != "good" or not differing:
        return found
    headline = "Nothing was changed." if found.state == "nothing" else found.headline
    return replace(found, headline=headline, health="attention", health_words=_number_differing(differing))


def step_views(facts: Facts) -> tuple[StepView, ...]:
    run = facts.run
    if run is None or run.finished_at is not None:
        return ()
    at = STEPS.index(run.step) if run.status == RUNNING and run.step in STEPS else 0
    labels = ("Queued", f"Reading {facts.crm_label}", "Comparing", f"Writing to {facts.crm_label}")
    return tuple(
        StepView(label, "done" if place < at else "now" if place == at else "next")
        for place, label in enumerate(labels)
    )


def _open_run(facts: Facts) -> StateWords | None:
    run = facts.run
    if run is None or run.finished_at is not None:
        return None
    if run.status == QUEUED and run.resume_at is not None and run.resume_at > utc_now():
        return _waiting(facts, run.code)
    if run.kind == UNDO:
        return _busy("running", "Undoing.", "What has been changed since is left as it is.", "Undoing")
    if run.status == RUNNING:
        labels = {"comparing": "Comparing both sides.", "writing": f"Writing to {facts.crm_label}."}
        return _busy("running", labels.get(run.step, f"Reading {facts.crm_label}."))
    if not facts.situation.queue_answers:
        return _busy(
            "queued", "Your click is saved.", "Our queue does not answer right now; the sync starts by itself."
        )
    if (utc_now() - run.created_at).total_seconds() > 3:
        return _busy("queued", "Waiting for its turn.", "Your click is saved; you need not wait here.")
    return _busy("queued", "Waiting for its turn.")


def _busy(state: PanelState, headline: str, detail: str = "", health_words: str = "Syncing") -> StateWords:
    return StateWords(state, headline, detail, health="busy", health_words=health_words, can_sync=False)


def _waiting(facts: Facts, code: str) -> StateWords:
    said = words(code or "NO_ANSWER", crm=facts.crm_label, object_label=facts.object_label)
    return StateWords(
        "waiting",
        said.message,
        "Your click is kept; nothing was lost.",
        code=code,
        health="attention",
        health_words="Waiting",
        can_sync=False,
    )


def _switched_off(facts: Facts) -> StateWords | None:
    if not facts.connection.syncs_enabled:
        return _off(facts, "syncs_off", "SYNCS_OFF", "Syncs off")
    if facts.mapping is None:
        return _off(facts, "object_off", "NOT_MAPPED", "Not set up")
    if not facts.mapping.enabled:
        return _off(facts, "object_off", "OBJECT_OFF", f"{facts.object_label} sync off")
    return None


def _off(facts: Facts, state: PanelState, code: str, health_words: str) -> StateWords:
    said = words(code, crm=facts.crm_label, object_label=facts.object_label)
    detail = "All values and links are kept."
    return StateWords(state, said.message, detail, said.remedy, code, "off", health_words, can_sync=False)


def _gone(facts: Facts) -> StateWords | None:
    if not facts.situation.is_deleted and not (facts.seen and facts.seen.is_deleted):
        return None
    said = words("RECORD_DELETED", crm=facts.crm_label, object_label=facts.object_label)
    return StateWords("deleted", said.message, "", said.remedy, "RECORD_DELETED", "bad", "Deleted", can_sync=False)


def _ours_gone(facts: Facts) -> StateWords | None:
    """Linked to a record of ours that was deleted: a sync would leave both alone."""
    if facts.link is None or facts.local is None or facts.local.deleted_at is None:
        return None
    said = words("LOCAL_DELETED", crm=facts.crm_label, object_label=facts.object_label)
    return StateWords("skipped", said.message, "", said.remedy, "LOCAL_DELETED", "attention", "Ours is deleted")


def _not_allowed(facts: Facts) -> StateWords | None:
    if facts.claims.allows("sync"):
        return None
    headline = "You may look at this record, but not sync it."
    return StateWords("not_allowed", headline, "", "An admin can allow it.", "", "off", "View only", can_sync=False)


def _result(facts: Facts) -> StateWords | None:
    """What came of the run this visit started or joined."""
    entry, run = facts.run_entry, facts.visit_run
    if run is None:
        return None
    if entry is None:
        # A click may have joined a run that only followed a hint: when that finds nothing to do, it logs nothing.
        return _bad("failed", run.message, "", "Sync again.", run.code) if run.status == FAILED else None
    if run.status == FAILED:
        message, remedy = entry_words(facts, entry)
        return _bad("failed", message, "Nothing was changed.", remedy, entry.code)
    if entry.outcome == "conflict":
        return StateWords(
            "conflict",
            "Both sides changed the same field.",
            entry.message or "Nothing was written for it; both values are kept.",
            "Choose below which value to keep.",
            entry.code or "BOTH_CHANGED",
            "attention",
            "Conflict",
        )
    if entry.outcome == "skipped":
        if entry.code == "AMBIGUOUS_MATCH":
            return _ambiguous(facts)
        return StateWords("skipped", entry.message, "", entry.remedy, entry.code, "attention", "Skipped")
    if entry.outcome == "unchanged" and entry.undoes_entry_id is not None:
        return StateWords("nothing", "There is nothing left to undo.", health_words="Undone")
    if entry.outcome == "unchanged":
        return StateWords(
            "nothing",
            "Nothing to do.",
            _left_alone(facts) or "Both sides hold the same values.",
            health_words="In step",
        )
    return _done(facts)


def _done(facts: Facts) -> StateWords:
    entry = facts.run_entry
    assert entry is not None
    did = done_sentence(entry, facts.crm_label, visible_changes(facts, entry))
    if entry.outcome == "created":
        headline = f"{created_sentence(entry, facts.crm_label)}."
    elif entry.code in OF_RECORD:
        health_words = "Deleted" if entry.undoes_entry_id is None else "Undone"
        return StateWords("done", entry.message, "", entry.remedy, health_words=health_words)
    else:
        headline = f"{did}." if did else "Updated."
    if facts.run is not None and facts.run.status == PARTIAL:
        message, remedy = entry_words(facts, entry)
        return StateWords("done", headline, message, remedy, entry.code, "attention", "Partly in step")
    since_preview = entry.message if entry.code == "CHANGED_SINCE_PREVIEW" else ""
    undone = "It stays so until either side is changed." if entry.undoes_entry_id is not None else ""
    detail = " ".join(part for part in (since_preview, undone, _left_alone(facts)) if part)
    return StateWords("done", headline, detail, health_words="In step")


def _left_alone(facts: Facts) -> str:
    entry = facts.run_entry
    left = [each for each in entry.left_alone if facts.may_read(each["crm_field"])] if entry else []
    if not left:
        return ""
    if len(left) == 1:
        return f"{left[0]['label']} was left as it is. {left[0]['reason']}"
    return f"{', '.join(each['label'] for each in left)} were left as they are. {left[0]['reason']}"


def _unreachable(facts: Facts) -> StateWords | None:
    if facts.connection.state == BROKEN:
        disconnected = facts.connection.broken_code == DISCONNECTED
        said = words(
            DISCONNECTED if disconnected else "CONNECTION_BROKEN",
            crm=facts.crm_label,
            object_label=facts.object_label,
            detail=facts.connection.broken_message or facts.connection.broken_code,
        )
        return StateWords(
            "unreachable",
            said.message,
            "The values below are the last ones seen.",
            said.remedy,
            facts.connection.broken_code,
            "bad",
            "Not connected",
        )
    if facts.situation.crm_answers:
        return None
    headline = f"{facts.crm_label} does not answer right now."
    return StateWords(
        "unreachable",
        headline,
        "The values below are the last ones seen.",
        "You can sync all the same: your click is kept until it answers.",
        "",
        "bad",
        "No answer",
    )


def _ambiguous(facts: Facts) -> StateWords | None:
    if facts.match is None or facts.match.verdict != "several":
        return None
    return StateWords(
        "ambiguous",
        "Several of our records could be this one.",
        "Nothing is synced until you choose the right one.",
        "",
        "AMBIGUOUS_MATCH",
        "attention",
        "Choose a match",
    )


def _standing(facts: Facts, rows: Sequence[FieldRow]) -> StateWords:
    """No run, nothing in the way: how the two records stand."""
    differing = _to_be_brought_in_step(rows)
    if open_here := sum(1 for row in rows if row.conflict):
        return _conflicts(open_here)
    if facts.link is None:
        kind = facts.object_label.lower()
        matched = facts.local is not None
        detail = "A sync links the two." if matched else "A sync links it, or creates it on our side."
        return StateWords(
            "never", f"This {kind} has not been synced yet.", detail, health="off", health_words="Not synced yet"
        )
    if differing:
        number = _number_differing(differing)
        return StateWords(
            "differs", f"{number}.", "Sync to bring both sides in step.", health="attention", health_words=number
        )
    if at_rest := sum(1 for row in rows if row.at_rest):
        leaves = (
            "1 field differs, and a sync leaves it as it is."
            if at_rest == 1
            else f"{at_rest} fields differ, and a sync leaves them as they are."
        )
        return StateWords("in_step", "There is nothing to sync.", leaves, health_words="In step")
    if not all(row.is_read for row in rows):
        return StateWords(
            "in_step",
            "What could be read is the same on both sides.",
            "A sync reads the rest too.",
            health="off",
            health_words="Not all read",
        )
    return StateWords("in_step", "Both sides hold the same values.", health_words="In step")


def _to_be_brought_in_step(rows: Sequence[FieldRow]) -> int:
    """How many fields differ, without those that a sync leaves so."""
    return sum(1 for row in rows if row.differs and not row.at_rest)


def _conflicts(count: int) -> StateWords:
    headline = "A field was changed on both sides." if count == 1 else f"{count} fields were changed on both sides."
    return StateWords(
        "conflict", headline, "Choose below which value to keep.", "", "", "attention", "Needs your choice"
    )


def _number_differing(count: int) -> str:
    return "1 field differs" if count == 1 else f"{count} fields differ"


def _bad(state: PanelState, headline: str, detail: str, remedy: str, code: str) -> StateWords:
    return StateWords(state, headline, detail, remedy, code, "bad", "Not synced")
