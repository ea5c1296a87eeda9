"""What of a log entry can be taken back: a field goes back only where it still holds what we wrote. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from jobs.crm.base import CrmRow, FieldInfo
from jobs.mappings import ObjectFacts
from jobs.models import SyncLogEntry
from jobs.sync import merge
from jobs.sync.changes import CRM, HERE, SPELLED
from jobs.values import Value, ValueRefused, normalise

# What an entry's code says about the record itself, so that taking it back can put that right too.
CREATION_UNDONE = "CREATION_UNDONE"
CREATION_REDONE = "CREATION_REDONE"
DELETED_ON_BOTH = "DELETED_ON_BOTH"
BROUGHT_BACK = "BROUGHT_BACK"
OF_DELETION = frozenset({DELETED_ON_BOTH, BROUGHT_BACK})
"""Ours went with theirs, or is back: as a whole, with its values as they are."""
OF_RECORD = OF_DELETION | {CREATION_UNDONE, CREATION_REDONE}


class Written(NamedTuple):
    """What an entry did to one field on one side; several tries of its run are one."""

    field: str
    crm_field: str
    label: str
    field_type: str
    side: str
    before: Value
    wrote: Value  # as that side keeps it
    spelled: str | None = None  # `before` as the CRM had spelled it, where that says more


@dataclass(frozen=True)
class Left:
    """A field that stays as it is, and why."""

    written: Written
    code: str


@dataclass(frozen=True)
class UndoPlan:
    here: tuple[Written, ...] = ()  # go back in our store
    there: tuple[Written, ...] = ()  # go back in the CRM
    left: tuple[Left, ...] = ()
    record: str = ""  # our record goes (CREATION_UNDONE, DELETED_ON_BOTH) or comes back (the other two)


@dataclass(frozen=True)
class Ours:
    """Our record as it is now. `values` None: it is not there any more."""

    values: Mapping[str, Value] | None
    is_deleted: bool = False
    has_other_links: bool = False
    went_with_theirs: bool = False  # it is deleted for no other reason


@dataclass(frozen=True)
class Theirs:
    """The CRM record as it is now. `row` None: it cannot be read, and `code` says why."""

    row: CrmRow | None = None
    code: str = ""
    fields: Mapping[str, FieldInfo] | None = None
    mapping: ObjectFacts | None = None  # what an admin lets be written there; None: everything


@dataclass(frozen=True)
class Rights:
    """CRM fields the person may read and edit; None: nobody's rights limit the run."""

    readable: Collection[str] | None = None
    editable: Collection[str] | None = None

    def forbids(self, written: Written) -> str:
        """The code of the right that is missing: whoever may make a change may take it back."""
        if self.readable is not None and written.crm_field not in self.readable:
            return "HIDDEN_FROM_YOU"
        if written.side == CRM and self.editable is not None and written.crm_field not in self.editable:
            return "NOT_YOURS_TO_EDIT"
        return ""


def written_by(changes: Iterable[Mapping[str, Any]], *, only_field: str = "") -> tuple[Written, ...]:
    """The changes of an entry, one per field and side: from the first old value to the last one kept.

    A value that somebody else put in between is what the later change replaced, and goes back instead.
    """
    folded: dict[tuple[str, str], Written] = {}
    for change in changes:
        if only_field and change["field"] != only_field:
            continue
        key = (change["field"], change["side"])
        first = folded.get(key)
        is_chain = first is not None and first.wrote == change["old"]
        folded[key] = Written(
            change["field"],
            change["crm_field"],
            change.get("label") or change["field"],
            change.get("type") or "text",
            change["side"],
            first.before if first is not None and is_chain else change["old"],
            change.get("stored", change["new"]),
            first.spelled if first is not None and is_chain else change.get(SPELLED),
        )
    return tuple(each for each in folded.values() if each.before != each.wrote)


def plan_undo(entry: SyncLogEntry, written: Iterable[Written], ours: Ours, theirs: Theirs, rights: Rights) -> UndoPlan:
    """What goes back and what stays, field by field."""
    if entry.code in OF_DELETION:
        return _undo_deletion(entry, tuple(written), ours)
    here: list[Written] = []
    there: list[Written] = []
    left: list[Left] = []
    redoes = entry.code == CREATION_UNDONE
    made_there = was_made_there(entry.outcome, entry.changes)
    for each in written:
        code = rights.forbids(each) or (
            _stays_there(each, theirs, made_there=made_there)
            if each.side == CRM
            else _stays_here(each, ours, may_be_deleted=redoes)
        )
        if code:
            left.append(Left(each, code))
        else:
            (there if each.side == CRM else here).append(each)
    plan = UndoPlan(tuple(here), tuple(there), tuple(left))
    if (entry.outcome == "created" and not made_there) or entry.code == CREATION_REDONE:
        return _undo_creation(plan, ours)
    if redoes and ours.is_deleted and not any(each.written.side == HERE for each in left):
        return UndoPlan(plan.here, plan.there, plan.left, record=CREATION_REDONE)
    return plan


def was_made_there(outcome: str, changes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether an entry made the CRM's record of ours: what was made here has taken values, and written none."""
    return outcome == "created" and any(change["side"] == CRM for change in changes)


def not_sent(mapping: ObjectFacts, written: Written) -> str:
    """Which switch of an admin forbids to write that CRM field as things stand; "" when none does."""
    if written.side != CRM:
        return ""
    if not mapping.outbound:
        return "OUTBOUND_OFF"
    if not mapping.may_update_there:
        return "UPDATE_THERE_OFF"
    pair = (written.field, written.crm_field)
    is_sent = any(
        (each.local_field, each.crm_field) == pair and each.enabled and each.direction != "inbound"
        for each in mapping.fields
    )
    return "" if is_sent else "NOT_SENT_THERE"


def undone_base(
    bases: Mapping[str, merge.Base],
    here: Iterable[Written],
    there: Iterable[Written],
    row: CrmRow | None,
    *,
    held: Mapping[str, Value],
) -> dict[str, merge.Base]:
    """The base of the link afterwards: the two sides are left apart on purpose, so the next sync changes nothing.

    Only the side that was put back moves in the base: in the CRM to what it `held` then, by our field, or to what it
    holds now where nobody knows. What was changed since, on either side, is seen by the next sync.
    """
    base = dict(bases)
    for each in here:
        base[each.field] = merge.Base(each.before, base[each.field].crm if each.field in base else each.wrote)
    for each in there:
        ours = base[each.field].local if each.field in base else each.wrote
        now = row.values.get(each.crm_field) if row is not None else each.before
        base[each.field] = merge.Base(ours, held.get(each.field, now))
    return base


def _undo_deletion(entry: SyncLogEntry, written: tuple[Written, ...], ours: Ours) -> UndoPlan:
    """Ours comes back, or goes again, as a whole; nobody's rights in the CRM say anything about that."""
    is_wanted = entry.code == BROUGHT_BACK  # what is there is to go again
    if ours.values is None:
        return _all_left(written, "LOCAL_DELETED")
    if ours.is_deleted == is_wanted:
        return _all_left(written, "ALREADY_BACK")
    if not is_wanted:
        record = UndoPlan(written, record=BROUGHT_BACK)
        return record if ours.went_with_theirs else _all_left(written, "LOCAL_DELETED")
    moved = [Left(each, code) for each in written if (code := _stays_here(each, ours, may_be_deleted=False))]
    if not moved and not ours.has_other_links:
        return UndoPlan(written, record=DELETED_ON_BOTH)
    kept = {each.written.field for each in moved}
    return UndoPlan(left=(*moved, *(Left(each, "CREATION_KEPT") for each in written if each.field not in kept)))


def _all_left(written: Iterable[Written], code: str) -> UndoPlan:
    return UndoPlan(left=tuple(Left(each, code) for each in written))


def _stays_here(written: Written, ours: Ours, *, may_be_deleted: bool) -> str:
    if ours.values is None or (ours.is_deleted and not may_be_deleted):
        return "LOCAL_DELETED"
    try:
        now = normalise(written.field_type, ours.values.get(written.field))
    except ValueRefused:
        return "MOVED_ON"
    return _moved(now, written)


def _stays_there(written: Written, theirs: Theirs, *, made_there: bool) -> str:
    if made_there:  # emptied of its values it would be worse than left; deleting is not ours
        return "MADE_THERE"
    if theirs.row is None:
        return theirs.code
    if theirs.row.is_deleted:
        return "RECORD_DELETED"
    info = (theirs.fields or {}).get(written.crm_field)
    if info is None:
        return "FIELD_GONE"
    if code := _moved(theirs.row.values.get(written.crm_field), written):
        return code
    if theirs.mapping is not None and (code := not_sent(theirs.mapping, written)):
        return code
    return "" if info.may_update else "READ_ONLY_IN_CRM"


def _moved(now: Value, written: Written) -> str:
    if now == written.wrote:
        return ""
    return "ALREADY_BACK" if now == written.before else "MOVED_ON"


def _undo_creation(plan: UndoPlan, ours: Ours) -> UndoPlan:
    """Our record goes as a whole, or stays as a whole: half a record helps nobody."""
    kept = [each for each in plan.left if each.written.side == HERE]
    made = {each.field for each in plan.here}
    added = {name for name, value in (ours.values or {}).items() if value not in (None, "", [])} - made
    if not kept and not added and not ours.has_other_links and made:
        return UndoPlan(plan.here, plan.there, plan.left, record=CREATION_UNDONE)
    stays = tuple(Left(each, "CREATION_KEPT") for each in plan.here)
    return UndoPlan((), plan.there, (*plan.left, *stays))
