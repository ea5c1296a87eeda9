"""The panel's rows: one per synced field, one per log entry, one per candidate. Nothing this person may not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from jobs.mappings import FieldFacts
from jobs.shown import shown_stamp
from jobs.sync import merge
from jobs.sync.history import undone_changes
from jobs.sync.rows import EntryFacts, LocalFacts
from jobs.sync.scene import bases_of, local_value
from jobs.sync.undo_plan import OF_RECORD, was_made_there, written_by
from jobs.values import Value, ValueRefused, parse_time
from widget.panel_undo import Undone, undo_of
from widget.panel_view import Candidate, ConflictView, EntryView, FieldRow, LinkView, Moment

if TYPE_CHECKING:
    from widget.panel_facts import Facts

DETAIL_FIELDS = ("email", "domain", "company", "job_title")
MATCHED_BY = {"email": "by email", "domain": "by domain", "name": "by name", "text": "by a chosen field"}


def field_rows(facts: Facts) -> tuple[FieldRow, ...]:
    if facts.mapping is None:
        return ()
    shown = [each for each in facts.mapping.fields if each.enabled and facts.may_read(each.crm_field)]
    changed = _just_changed(facts)
    known = bases_of(facts.mapping, facts.link) if facts.link is not None else {}
    return tuple(_row(facts, each, changed.get(each.crm_field, ""), known.get(each.local_field)) for each in shown)


def why_no_field(facts: Facts) -> str:
    """What keeps every field out, for a panel or a card without one."""
    if facts.mapping is None:
        return f"There is no field to show until {facts.object_label} records are set up to sync."
    if not any(each.enabled for each in facts.mapping.fields):
        return f"No field of {facts.object_label} records is set up to sync. An admin can map some under Objects."
    return f"{facts.crm_label} shows you none of the synced fields. Ask your {facts.crm_label} admin for access."


def _row(
    facts: Facts, mapping: FieldFacts, just_changed: Literal["", "here", "crm"], base: merge.Base | None
) -> FieldRow:
    theirs: Value = facts.seen.values.get(mapping.crm_field) if facts.seen else None
    ours = _our_value(facts.local, mapping)
    is_read = _is_read(facts, mapping)
    differs = is_read and facts.local is not None and not _is_same(facts, mapping, ours, theirs)
    at_rest = differs and base is not None and (base.local, base.crm) == (ours, theirs)
    changed, by = _changed(facts, facts.local, mapping.local_field)
    return FieldRow(
        name=mapping.crm_field,
        label=mapping.label,
        crm_value=facts.reader.value(mapping.field_type, theirs) if is_read else "not read",
        our_value=facts.reader.value(mapping.field_type, ours),
        differs=differs,
        at_rest=at_rest,
        direction=mapping.direction,  # type: ignore[arg-type]  # the column holds one of the three
        direction_words=_direction_words(mapping, facts.crm_label),
        changed=changed,
        changed_by=by,
        just_changed=just_changed,
        is_read=is_read,
        note=_note(facts, mapping) or ("A sync leaves this as it is" if at_rest else ""),
        conflict=_conflict(facts, mapping, ours, theirs),
    )


def _is_read(facts: Facts, mapping: FieldFacts) -> bool:
    """A user can be hidden from a person who may read the field that names them."""
    return mapping.field_type != "user" or facts.seen is None or mapping.crm_field in facts.seen.values


def _our_value(local: LocalFacts | None, mapping: FieldFacts) -> Value:
    """As it is, where it cannot be of the field's type: the sync leaves such a value alone, and says so."""
    try:
        return local_value(local, mapping)
    except ValueRefused:
        return str(local.values[mapping.local_field]) if local is not None else None


def _is_same(facts: Facts, mapping: FieldFacts, ours: Value, theirs: Value) -> bool:
    """As the sync sees it: one choice may be spelled differently on both sides."""
    choices = facts.choices.get(mapping.crm_field)
    return ours == theirs if choices is None else choices.as_theirs(ours) == choices.as_compared(theirs)


def _conflict(facts: Facts, mapping: FieldFacts, ours: Value, theirs: Value) -> ConflictView | None:
    known = facts.conflicts.get(mapping.local_field)
    if known is None:
        return None
    may_settle = facts.claims.allows("sync")
    return ConflictView(
        id=known.id,
        crm_by=_you_or(facts, known.theirs_by),
        crm_at=facts.reader.moment(known.theirs_at) if known.theirs_at else None,
        our_by=_you_or(facts, known.ours_by),
        our_at=facts.reader.moment(known.ours_at) if known.ours_at else None,
        may_keep_crm=may_settle,
        may_keep_ours=may_settle and facts.may_edit(mapping.crm_field),
        shown=shown_stamp(ours, theirs),
        may_always=facts.mapping is not None and facts.mapping.reps_may_set_rules,
    )


def _direction_words(mapping: FieldFacts, crm: str) -> str:
    """The way a value goes and, where it goes both ways, who wins when both sides changed it."""
    if mapping.direction != "two_way":
        return f"From {crm} to us" if mapping.direction == "inbound" else f"From us to {crm}"
    return {
        "prefer_crm": f"Both ways; {crm} wins when both change",
        "prefer_local": "Both ways; ours wins when both change",
        "ask": "Both ways; you choose when both change",
    }.get(mapping.conflict_rule, "Both ways; the latest change wins")


def _note(facts: Facts, mapping: FieldFacts) -> str:
    if mapping.paused_reason:
        return mapping.paused_reason
    if not _is_read(facts, mapping):
        return f"{facts.crm_label} does not show you this user"
    if mapping.direction != "inbound" and not facts.may_edit(mapping.crm_field):
        return f"You may not edit this field in {facts.crm_label}"
    if mapping.write_rule == "fill_blank":
        return "Filled only while empty"
    return ""


def _changed(facts: Facts, local: LocalFacts | None, name: str) -> tuple[Moment | None, str]:
    origin: Mapping[str, str] | None = local.provenance.get(name) if local is not None else None
    if not origin:
        return None, ""
    return facts.reader.moment(parse_time(origin["at"])), _you_or(facts, origin.get("by", ""))


def _just_changed(facts: Facts) -> dict[str, Literal["", "here", "crm"]]:
    """CRM field -> the side that this visit's finished run changed."""
    if facts.run_entry is None or facts.visit_run is None:
        return {}
    return {each["crm_field"]: each["side"] for each in facts.run_entry.changes}


def link_view(facts: Facts, candidates: tuple[Candidate, ...]) -> LinkView:
    name = facts.local.name if facts.local and facts.may_read_name else ""
    if facts.link is not None:
        return LinkView("linked", f"Linked to {name}" if name else "Linked")
    if candidates or (facts.match is not None and facts.match.verdict == "several"):
        return LinkView("ambiguous", "Several of ours could be this one", candidates)
    if facts.match is not None and facts.match.verdict == "one" and facts.match.rule is not None:
        return LinkView("matched", f"Matches {name or 'one of ours'} {MATCHED_BY.get(facts.match.rule.compare_as, '')}")
    return LinkView("unlinked", "Not linked yet")


def candidates_view(facts: Facts) -> tuple[Candidate, ...]:
    if facts.match is None or facts.match.verdict != "several":
        return ()
    # Their details are our values of these fields: what is hidden in the CRM is hidden here.
    mapped = facts.mapping.fields if facts.mapping else ()
    is_hidden = any(each.local_field in DETAIL_FIELDS and not facts.may_read(each.crm_field) for each in mapped)
    return tuple(
        Candidate(
            each.local_record_id,
            each.name if facts.may_read_name else f"{facts.object_label} {each.local_record_id}",
            "" if is_hidden else each.detail,
        )
        for each in facts.match.candidates
    )


def entry_views(facts: Facts) -> tuple[EntryView, ...]:
    # The newest come first, so whatever took one of these back is among them.
    undone = undone_changes(facts.entries)
    return tuple(_entry(facts, each, undone) for each in facts.entries)


def _entry(facts: Facts, entry: EntryFacts, undone: Undone) -> EntryView:
    message, remedy = entry_words(facts, entry)
    written = [each for each in written_by(entry.changes) if facts.may_read(each.crm_field)] if entry.changes else []
    return EntryView(
        outcome=entry.outcome,  # type: ignore[arg-type]  # the column holds one of the outcomes
        sentence=entry_sentence(entry, facts.crm_label, visible_changes(facts, entry), message),
        at=facts.reader.moment(entry.finished_at or entry.created_at),
        code=entry.code,
        remedy=remedy,
        by=_you_or(facts, entry.by),
        is_undone=bool(written) and all((entry.id, each.field, each.side) in undone for each in written),
        undo=undo_of(facts, entry, written, undone) if written else None,
    )


def entry_words(facts: Facts, entry: EntryFacts) -> tuple[str, str]:
    """(message, remedy). What the CRM said about a field this person may not read is not repeated to them."""
    refused = [each for each in entry.left_alone if each["code"] == entry.code]
    if all(facts.may_read(each["crm_field"]) for each in refused):
        return entry.message, entry.remedy
    return f"{facts.crm_label} refused a change to a field you may not see.", "Ask somebody who may see it."


def visible_changes(facts: Facts, entry: EntryFacts) -> list[dict[str, Any]]:
    return [each for each in entry.changes if facts.may_read(each["crm_field"]) and not each.get("unsure")]


def entry_sentence(entry: EntryFacts, crm: str, changes: Sequence[Mapping[str, Any]], message: str) -> str:
    """One line of what happened, counting only changes this person may know of."""
    if entry.outcome == "created":
        return created_sentence(entry, crm)
    if entry.outcome == "unchanged":
        return "Nothing to do"
    if entry.outcome == "updated":
        if entry.code in OF_RECORD:
            return message
        done = done_sentence(entry, crm, changes) or "Updated"
        return f"{done}. {message}" if message else done
    return message or entry.outcome.capitalize()


def created_sentence(entry: EntryFacts, crm: str) -> str:
    """On which side a record was made of the other side's."""
    return f"Created in {crm} from ours" if was_made_there(entry.outcome, entry.changes) else f"Created here from {crm}"


def done_sentence(entry: EntryFacts, crm: str, changes: Sequence[Mapping[str, Any]]) -> str:
    """What a run changed, or put back; "" when it was nothing."""
    if entry.undoes_entry_id is None:
        return changed_sentence(crm, changes)
    here = sum(1 for each in changes if each["side"] == "here")
    there = len(changes) - here
    parts = (f"{number_of_fields(here)} put back here" * bool(here), f"{there} in {crm}" * bool(there and here))
    alone = f"{number_of_fields(there)} put back in {crm}" * bool(there and not here)
    return alone or ", ".join(part for part in parts if part)


def changed_sentence(crm: str, changes: Sequence[Mapping[str, Any]]) -> str:
    """ "2 fields from Salesforce, 1 field to Salesforce"; "" when there are none."""
    here = sum(1 for each in changes if each["side"] == "here")
    there = sum(1 for each in changes if each["side"] == "crm")
    parts = (f"{number_of_fields(here)} from {crm}" * bool(here), f"{number_of_fields(there)} to {crm}" * bool(there))
    return ", ".join(part for part in parts if part)


def number_of_fields(count: int) -> str:
    return f"{count} field" if count == 1 else f"{count} fields"


def _you_or(facts: Facts, name: str) -> str:
    return "you" if name and name == facts.claims.user_name else name
