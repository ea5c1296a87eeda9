"""What of a log entry this person may take back, told before it is done. Nothing is asked of any database for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobs.sync.changes import HERE
from jobs.sync.history import still_holds
from jobs.sync.rows import EntryFacts
from jobs.sync.undo_plan import (
    CREATION_REDONE,
    CREATION_UNDONE,
    DELETED_ON_BOTH,
    OF_DELETION,
    Written,
    not_sent,
    was_made_there,
)
from jobs.sync.words import words
from widget.formats import Reader
from widget.panel_view import UndoView

if TYPE_CHECKING:
    from widget.panel_facts import Facts

Undone = set[tuple[int, str, str]]
"""(entry id, our field, side) of what a newer entry took back."""

LONGEST = 60  # characters of a value in a sentence


def undo_of(facts: Facts, entry: EntryFacts, written: Sequence[Written], undone: Undone) -> UndoView | None:
    """`written` are the changes this person may know of. None when nothing of them can be taken back."""
    if not facts.claims.allows("undo") or not _is_on(facts) or facts.mapping is None:
        return None
    if entry.code in OF_DELETION:
        return _of_deletion(facts, entry, written, undone)
    ours = facts.local.values if facts.local is not None else None
    theirs = facts.seen.values if facts.seen is not None else None
    made_there = was_made_there(entry.outcome, entry.changes)
    found = [
        each
        for each in written
        if (entry.id, each.field, each.side) not in undone
        and still_holds(each, ours, theirs)
        and (each.side == HERE or (facts.may_edit(each.crm_field) and not made_there))
    ]
    held = [(each, code) for each in found if (code := not_sent(facts.mapping, each))]
    open_ones = [each for each in found if not not_sent(facts.mapping, each)]
    if not open_ones or (_makes_record(entry) and len(open_ones) < len(written)):
        return None
    told = _of_record(entry, facts.crm_label) or undo_words(open_ones, facts.crm_label, facts.reader)
    stays = [f"{each.label} stays: {words(code, crm=facts.crm_label).message}" for each, code in held]
    return UndoView(entry.id, " ".join([told, *stays]))


def _of_deletion(facts: Facts, entry: EntryFacts, written: Sequence[Written], undone: Undone) -> UndoView | None:
    """Ours went with theirs, or came back: what is asked here is only whether it is still so."""
    is_gone = facts.local is not None and facts.local.deleted_at is not None
    if facts.local is None or any((entry.id, each.field, each.side) in undone for each in written):
        return None
    if entry.code == DELETED_ON_BOTH:
        return UndoView(entry.id, "Our record comes back, with its values.") if is_gone else None
    still_whole = not is_gone and all(still_holds(each, facts.local.values, None) for each in written)
    return UndoView(entry.id, "Our record is deleted again.") if still_whole else None


def undo_words(written: Sequence[Written], crm: str, reader: Reader) -> str:
    """ "Job title goes back to “Buyer” here.", or which fields go back on which side."""
    if len(written) == 1:
        [only] = written
        value = _short(reader.value(only.field_type, only.before))
        return f"{only.label} goes back to {value} {_where(only.side, crm)}."
    sides: dict[str, list[str]] = {}
    for each in written:
        sides.setdefault(_where(each.side, crm), []).append(each.label)
    told = "; ".join(f"{', '.join(labels)} {where}" for where, labels in sides.items())
    return f"Goes back to what it was: {told}."


def _of_record(entry: EntryFacts, crm: str) -> str:
    if _makes_record(entry):
        return f"Our record is removed again. The one in {crm} stays as it is."
    return "Our record comes back, with its values." if entry.code == CREATION_UNDONE else ""


def _makes_record(entry: EntryFacts) -> bool:
    if entry.code == CREATION_REDONE:
        return True
    return entry.outcome == "created" and not was_made_there(entry.outcome, entry.changes)


def _is_on(facts: Facts) -> bool:
    return facts.connection.syncs_enabled and facts.mapping is not None and facts.mapping.enabled


def _where(side: str, crm: str) -> str:
    return "here" if side == HERE else f"in {crm}"


def _short(text: str) -> str:
    if not text:
        return "blank"
    return f"“{text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'}”"
