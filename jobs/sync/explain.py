"""Why is a record (not) synced, and why so late: a walk of the functions the engine decides by.

Pure: `jobs.sync.inquiry` looks, this tells, and `jobs.sync.explain_field` tells of one field. Nothing is said of a
field that the one who asks may not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobs.crm.base import CrmRow
from jobs.mappings import ObjectFacts
from jobs.models.connection import BROKEN, DISCONNECTED
from jobs.sync import filters
from jobs.sync.explain_steps import Look, State, Step, stop, told_of
from jobs.sync.plan import Plan, Skip, ineligible, make_plan, no_counterpart, read_for_filter
from jobs.sync.rows import EntryFacts, RunFacts
from jobs.sync.scene import Scene, Setup
from jobs.sync.undo_plan import was_made_there
from jobs.values import ValueRefused

# What the eligibility of a record says about its filter, which has steps of its own here.
_OF_FILTER = ("FILTERED_OUT", "FILTER_UNREADABLE", "FILTER_PAUSED")


def explain_record(look: Look) -> tuple[Step, ...]:
    """The whole walk, in the engine's order. The first step that stops is the reason; later ones may stop as well."""
    return tuple(_walk(look))


def first_stop(steps: Sequence[Step]) -> Step | None:
    return next((each for each in steps if each.state == "stops"), None)


def _walk(look: Look) -> Iterator[Step]:
    yield _syncs(look)
    if (step := _connection(look)) is not None:
        yield step
    yield _object(look)
    if look.mapping is None:
        return
    yield _directions(look, look.mapping)
    yield _record(look)
    if look.setup is not None and look.row is not None:
        yield from _eligibility(look, look.setup, look.row)
        yield from _pair(look, look.setup, look.row)
    if look.readable is not None or look.editable is not None:
        yield _rights(look, look.mapping)
    yield from _runs(look)


def _syncs(look: Look) -> Step:
    if look.connection.syncs_enabled:
        return Step("Syncs", "ok", "Syncs are switched on.")
    return stop(look, "Syncs", "SYNCS_OFF")


def _connection(look: Look) -> Step | None:
    """Only when something is the matter with it."""
    connection = look.connection
    if connection.state == BROKEN:
        code = DISCONNECTED if connection.broken_code == DISCONNECTED else "CONNECTION_BROKEN"
        return stop(look, "Connection", code, connection.broken_message or connection.broken_code)
    if (until := connection.waits_until(look.now)) is not None:
        said = look.said("REQUEST_LIMIT_EXCEEDED")
        text = f"{said.message} Syncs wait until then."
        return Step("Connection", "note", text, said.remedy, "REQUEST_LIMIT_EXCEEDED", until)
    return None


def _object(look: Look) -> Step:
    if look.mapping is None:
        return stop(look, "Object", "NOT_MAPPED")
    if not look.mapping.enabled:
        return stop(look, "Object", "OBJECT_OFF")
    return Step("Object", "ok", f"{look.object_label} records are synced.")


def _directions(look: Look, mapping: ObjectFacts) -> Step:
    if mapping.inbound and mapping.outbound:
        return Step("Direction", "ok", f"Changes go both ways between {look.crm} and here.")
    if not mapping.inbound and not mapping.outbound:
        said = look.said("INBOUND_OFF")
        return Step("Direction", "stops", "Both directions are switched off.", said.remedy, "INBOUND_OFF")
    code = "OUTBOUND_OFF" if mapping.inbound else "INBOUND_OFF"
    said = look.said(code)
    return Step("Direction", "note", said.message, said.remedy, code)


def _record(look: Look) -> Step:
    if look.problem and look.row is None:
        said = look.said(look.problem)
        return Step("Record", "stops", said.message, said.remedy, look.problem)
    if not look.is_fresh and look.problem:
        text = f"{look.said(look.problem).message} The rest is told of what we saw last."
        return Step("Record", "note", text, "", look.problem, look.seen_at)
    row = look.row
    if row is None:
        return Step("Record", "note", f"We have not seen it in {look.crm} yet.")
    if row.is_deleted or row.is_converted:
        code = "LEAD_CONVERTED" if row.is_converted else "RECORD_MERGED" if row.merged_into else "RECORD_DELETED"
        return stop(look, "Record", code)
    if not look.is_fresh:
        return Step("Record", "ok", f"{look.crm} showed us the record.", at=look.seen_at)
    by = f" by {row.modified_by}" if row.modified_by else ""
    return Step("Record", "ok", f"{look.crm} shows us the record. It was last changed there{by}.", at=row.modified_at)


def _eligibility(look: Look, setup: Setup, row: CrmRow) -> Iterator[Step]:
    if setup.mapping.filter is not None:
        yield _filter(look, setup, row)
    if row.is_deleted or row.is_converted:
        return  # told already
    skip = ineligible(setup, row)
    if skip is not None and skip.code not in _OF_FILTER:
        yield stop(look, "Email", skip.code)
    elif skip is None and setup.mapping.needs_email:
        yield Step("Email", "ok", "It has a valid email address, which it needs to be synced.")


def _filter(look: Look, setup: Setup, row: CrmRow) -> Step:
    """Clause by clause, as the engine asks them."""
    if setup.filter_problem:
        return stop(look, "Filter", "FILTER_PAUSED", setup.filter_problem)
    try:
        finding = filters.explain(setup.question, lambda each: read_for_filter(row, each))
    except ValueRefused as error:
        return stop(look, "Filter", "FILTER_UNREADABLE", str(error))
    parts = tuple(_clause(look, part) for part in finding.parts)
    if finding.holds:
        return Step("Filter", "ok", "It passes the filter.", parts=parts)
    said = look.said("FILTERED_OUT", _quietly(look, finding))
    return Step("Filter", "stops", said.message, said.remedy, "FILTERED_OUT", parts=parts)


def _clause(look: Look, finding: filters.Finding) -> Step:
    inner = tuple(_clause(look, part) for part in finding.parts)
    state: State = "ok" if finding.holds else "note"
    if finding.kind != "clause":
        return Step("", state, "All of these:" if finding.kind == "all" else "Any of these:", parts=inner)
    text = finding.words if look.may_read(finding.field) else "A clause on a field you may not see"
    return Step("", state, f"{text}: {'yes' if finding.holds else 'no'}.")


def _quietly(look: Look, finding: filters.Finding) -> str:
    """Why the filter keeps it out, unless that would tell of a hidden field."""
    return filters.why_not(finding) if _all_readable(look, finding) else "a clause on a field you may not see"


def _all_readable(look: Look, finding: filters.Finding) -> bool:
    return (not finding.field or look.may_read(finding.field)) and all(_all_readable(look, p) for p in finding.parts)


def _pair(look: Look, setup: Setup, row: CrmRow) -> Iterator[Step]:
    scene = look.scene
    if scene is None:
        return
    yield _counterpart(look, setup, scene)
    plan = make_plan(setup, row, scene)
    if plan.skip is None and scene.local is not None:
        yield _fields(look, plan, setup)


def _counterpart(look: Look, setup: Setup, scene: Scene) -> Step:
    if (skip := no_counterpart(setup, scene)) is not None:
        return _unpaired(look, skip)
    if scene.link is not None:
        how = _MATCHED.get(scene.matched_by, f"by {scene.matched_by}")
        return Step("Match", "ok", f"It is linked to a record of ours, {how}.", at=scene.link.created_at)
    if scene.local is not None:
        how = _MATCHED.get(scene.matched_by, f"by {scene.matched_by}")
        return Step("Match", "ok", f"A record of ours is the same one, found {how}. The next sync links the two.")
    return Step("Match", "ok", "We have no such record. The next sync makes one.")


_MATCHED = {
    "email": "by email",
    "domain": "by domain",
    "name": "by name",
    "text": "by a chosen field",
    "manual": "chosen by hand",
    "created": "made from it",
    "pushed": "which it was made from",
    "crm": "named by the CRM itself",
}


def _unpaired(look: Look, skip: Skip) -> Step:
    said = look.said(skip.code)
    return Step("Match", "stops", said.message, said.remedy, skip.code)


def _fields(look: Look, plan: Plan, setup: Setup) -> Step:
    shown = [each for each in plan.decisions if look.may_read(each.rule.crm_field)]
    apart = [each for each in shown if each.action not in ("nothing", "agree")]
    gone = [each for each in setup.gone_mappings if look.may_read(each.crm_field)]
    parts = [told_of(look, each) for each in apart]
    said = look.said("FIELD_GONE")
    parts += [Step(each.label, "stops", said.message, said.remedy, "FIELD_GONE") for each in gone]
    if not parts:
        return Step("Fields", "ok", "Both sides hold the same values.")
    moving = [each for each in apart if each.action in ("pull", "push")]
    text = f"{len(moving)} of {len(parts)} would be changed by a sync now." if moving else "A sync now changes none."
    return Step("Fields", "note", f"{_count(len(parts))}. {text}", parts=tuple(parts))


def _count(number: int) -> str:
    return "1 field differs" if number == 1 else f"{number} fields differ"


def _rights(look: Look, mapping: ObjectFacts) -> Step:
    live = [each for each in mapping.fields if each.enabled]
    hidden = sum(1 for each in live if not look.may_read(each.crm_field))
    fixed = [
        each.label
        for each in live
        if each.direction != "inbound"
        and look.may_read(each.crm_field)
        and look.editable is not None
        and each.crm_field not in look.editable
    ]
    told = []
    if hidden:
        text, them = ("1 field is", "it") if hidden == 1 else (f"{hidden} fields are", "them")
        told.append(f"{text} hidden from you in {look.crm}, so a sync you start leaves {them} alone.")
    if fixed:
        told.append(f"You may not edit {', '.join(fixed)} in {look.crm}, so a sync you start does not write there.")
    if not told:
        return Step("Your rights", "ok", "You may see and edit every synced field.")
    return Step("Your rights", "note", " ".join(told), look.said("HIDDEN_FROM_YOU").remedy)


def _runs(look: Look) -> Iterator[Step]:
    if (run := look.open_run) is not None:
        yield _open(look, run)
    last = next(iter(look.entries), None)
    if last is None:
        yield Step("Last sync", "note", "It has never been synced.", "Press “Sync this record”.")
        return
    yield _last(look, last)


def _open(look: Look, run: RunFacts) -> Step:
    """Why so late."""
    if run.resume_at is not None and run.resume_at > look.now:
        said = look.said(run.code or "NO_ANSWER")
        return Step("Running", "note", f"A sync waits. {said.message} It goes on then.", "", run.code, run.resume_at)
    if run.status == "queued":
        return Step("Running", "note", "A sync is waiting for its turn.", at=run.created_at)
    return Step("Running", "note", "A sync is at work.", at=run.created_at)


_OUTCOMES = {
    "created": "made a record here",
    "updated": "changed something",
    "unchanged": "found nothing to do",
    "conflict": "found a conflict",
    "skipped": "left it out",
    "failed": "failed",
}


def _last(look: Look, last: EntryFacts) -> Step:
    by = f", asked for by {last.by}" if last.by else ""
    what = "was an undo and " if last.undoes_entry_id is not None else ""
    did = _OUTCOMES.get(last.outcome, last.outcome)
    if was_made_there(last.outcome, last.changes):
        did = f"made the record in {look.crm} of ours"
    text = f"The last run{by}, {what}{did}."
    at = last.finished_at or last.created_at
    if last.outcome not in ("skipped", "failed"):
        return Step("Last sync", "ok", text, at=at)
    said = look.said(last.code)
    return Step("Last sync", "note", f"{text} {said.message}", said.remedy, last.code, at)
