"""From what both sides hold to what will be done: eligibility first, then a decision per field. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from jobs.crm.base import CrmRow, FieldInfo
from jobs.mappings import ObjectFacts
from jobs.sync import filters, merge
from jobs.sync.choices import Choices
from jobs.sync.chosen import kept_to
from jobs.sync.fates import is_deleted_with
from jobs.sync.filter_values import compared_as
from jobs.sync.other_crms import FROM_OTHER_CRM, stand_back
from jobs.sync.refusals import Refusals as Refusals
from jobs.sync.rulebook import MappedField
from jobs.sync.scene import Scene, Setup, local_time
from jobs.sync.stamps import changed_in_crm_at
from jobs.values import Value, ValueRefused, email_key, is_blank, normalise

# Standing rules that leave two values apart, from the first link on for good. What a person's rights or a refusal held
# back is not among them: it is tried again by the next run that may.
STANDING_RULES = frozenset(
    {
        "FIRST_LINK_KEPT",
        "INBOUND_OFF",
        "OUTBOUND_OFF",
        "UPDATE_HERE_OFF",
        "UPDATE_THERE_OFF",
        "NOTHING_TO_WRITE",
        "KEPT_WHEN_BLANK",
        "FILLS_BLANK_ONLY",
        "MAY_NOT_CLEAR",
    }
)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NO_ROW = CrmRow("", "", {}, _LONG_AGO, "", _LONG_AGO)
"""A record that the CRM does not have."""


@dataclass(frozen=True)
class Skip:
    """Why this record is not synced; nothing is written on either side."""

    code: str
    candidates: tuple[dict[str, object], ...] = ()
    detail: str = ""  # what the words of the code leave open
    fields: str = ""  # the labels of the fields concerned
    remedy: str = ""  # where more can be said than the words of the code do


@dataclass(frozen=True)
class Plan:
    decisions: tuple[merge.Decision, ...] = ()
    skip: Skip | None = None

    def chosen(self, action: merge.Action) -> tuple[merge.Decision, ...]:
        return tuple(decision for decision in self.decisions if decision.action == action)


def ineligible(setup: Setup, row: CrmRow) -> Skip | None:
    """Why a record must not be synced, by itself and by the switches; None when it may."""
    if row.is_deleted:
        return Skip("RECORD_MERGED" if row.merged_into else "RECORD_DELETED")
    if row.is_converted:
        return Skip("LEAD_CONVERTED")
    if setup.mapping.filter is not None and (skip := _kept_out(setup, row)) is not None:
        return skip
    if not setup.mapping.needs_email:
        return None
    address_field = next((each.crm_field for each in setup.mapping.fields if each.local_field == "email"), None)
    if address_field and address_field not in setup.info.fields:
        return Skip("FIELD_GONE")  # to be told to fill it in would send a rep the wrong way
    address = row.values.get(address_field) if address_field else None
    if is_blank(address):
        return Skip("NO_EMAIL")
    return None if email_key(address) else Skip("INVALID_EMAIL")


def switched_off(setup: Setup) -> Skip | None:
    """Known without asking the CRM, so it costs no call."""
    if not setup.connection.syncs_enabled:
        return Skip("SYNCS_OFF")
    if not setup.mapping.enabled:
        return Skip("OBJECT_OFF")
    return Skip("FILTER_PAUSED", detail=setup.filter_problem) if setup.filter_problem else None


def _kept_out(setup: Setup, row: CrmRow) -> Skip | None:
    """Whether the object's filter keeps the record out, and by which clause."""
    if setup.filter_problem:
        return Skip("FILTER_PAUSED", detail=setup.filter_problem)

    def read(field: FieldInfo) -> Value:
        return read_for_filter(row, field)

    try:
        if filters.holds(setup.question, read):
            return None
        return Skip("FILTERED_OUT", detail=_why_not(setup, filters.explain(setup.question, read)))
    except ValueRefused as error:
        return Skip("FILTER_UNREADABLE", detail=str(error))


def _why_not(setup: Setup, finding: filters.Finding) -> str:
    """What does not hold, unless that would tell the person who clicked of a field they may not see."""
    readable = setup.run.readable_fields
    if readable is not None and not filters.asked_about(filters.culprit(finding)) <= set(readable):
        return "a clause on a field you may not see"
    return filters.why_not(finding)


def read_for_filter(row: CrmRow, field: FieldInfo) -> Value:
    """The field as a filter compares it, whatever it is mapped to. Raises ValueRefused."""
    kind = compared_as(field)
    if row.read_as is not None:
        value = row.read_as(field.name, kind)
    elif field.name in row.values:
        value = normalise(kind, row.values[field.name])
    else:
        raise ValueRefused(f"{field.label} was not read.")
    # To whoever filters, a checkbox that nobody has touched says no.
    return bool(value) if kind == "boolean" else value


def no_counterpart(setup: Setup, scene: Scene) -> Skip | None:
    """Why the counterpart is not to be decided by us; None when there is one, or one may be made."""
    if scene.local is not None:
        if scene.local.deleted_at is not None and not scene.comes_back:
            return Skip("LOCAL_DELETED")
        is_first = scene.link is None and scene.matched_by != "manual"
        return Skip("EXISTING_SKIPPED") if is_first and setup.mapping.duplicate_handling == "skip" else None
    if scene.link is not None:
        return Skip("LOCAL_DELETED")
    if scene.match is not None and scene.match.verdict == "several":
        found = tuple({"id": c.local_record_id, "name": c.name, "detail": c.detail} for c in scene.match.candidates)
        return Skip("AMBIGUOUS_MATCH", found)
    if scene.match is not None and scene.match.verdict == "taken":
        return Skip("ALREADY_LINKED")
    return None if setup.mapping.may_create_here and setup.mapping.inbound else Skip("CREATE_OFF")


def no_record_there(mapping: ObjectFacts) -> Skip | None:
    """Why a record of ours without a CRM record does not get one; None when it may."""
    if not mapping.outbound:
        return Skip("OUTBOUND_OFF")
    return None if mapping.may_create_there else Skip("CREATE_THERE_OFF")


def make_plan(setup: Setup, row: CrmRow, scene: Scene, refusals: Refusals | None = None) -> Plan:
    skip = ineligible(setup, row) or no_counterpart(setup, scene)
    if skip is not None:
        if skip.code == "RECORD_DELETED":
            skip = Skip("DELETED_ON_BOTH" if is_deleted_with(setup, scene) else scene.stays or skip.code)
        return Plan(skip=skip)
    book, ours = (setup.rulebook, scene.local.values) if scene.local is not None else (setup.rulebook_of_new, {})
    met = Refusals() if refusals is None else refusals
    decide = partial(_decide, row, met, partial(_is_newer_here, setup, scene, row))
    base, theirs = scene.bases.get, row.values.get
    decided = [
        decide(each, base(each.local_field), ours.get(each.local_field), theirs(each.crm_field)) for each in book
    ]
    if setup.run.choices:
        decided = [_as_chosen(setup, scene, row, field, each) for field, each in zip(book, decided, strict=True)]
    return Plan(tuple(_among_others(setup, scene, row, decided) if setup.also_from and scene.local else decided))


def _as_chosen(setup: Setup, scene: Scene, row: CrmRow, field: MappedField, decision: merge.Decision) -> merge.Decision:
    """The decision, unless a person who chose for this field was shown other values."""
    name = field.local_field
    choice = (setup.run.choices or {}).get(name, "")
    if not choice or decision.action not in ("pull", "push"):
        return decision
    return kept_to(
        choice,
        decision,
        ours=field.normalise(scene.local.values.get(name)) if scene.local is not None else None,
        theirs=row.values.get(field.crm_field),
        shown=(setup.run.shown or {}).get(name, ""),
        is_done=name in scene.written,
    )


def _among_others(setup: Setup, scene: Scene, row: CrmRow, decided: Iterable[merge.Decision]) -> list[merge.Decision]:
    """The decisions where other links bring in some of our fields, too."""
    assert scene.local is not None
    origins = scene.local.provenance
    return [
        stand_back(
            each,
            scene.bases.get(each.rule.local_field),
            row.values.get(each.rule.crm_field),
            origin=origins.get(each.rule.local_field),
            others=setup.also_from.get(each.rule.local_field, ()),
        )
        for each in decided
    ]


def decide_against_nothing(book: Iterable[MappedField], ours: Mapping[str, Value]) -> tuple[merge.Decision, ...]:
    """A decision per field where the CRM has no record yet: whatever is filled here and may go there is a push."""
    decide = partial(_decide, NO_ROW, Refusals(), lambda _: True)
    return tuple([decide(each, None, ours.get(each.local_field), None) for each in book])


def _decide(
    row: CrmRow,
    refusals: Refusals,
    newer_here: merge.NewerHere,
    field: MappedField,
    base: merge.Base | None,
    ours: Value,
    theirs: Value,
) -> merge.Decision:
    if ours != theirs:  # what equals a canonical value is canonical
        try:
            ours = field.normalise(ours)
        except ValueRefused:
            return merge.Decision(field.rule, "leave", None, theirs, "VALUE_REFUSED")
    if theirs is None and field.crm_field in row.unreadable:
        return merge.Decision(field.rule, "leave", ours, None, "VALUE_REFUSED")
    if field.choices is not None and ours != theirs:
        return _choose(field.choices, field, base, ours, theirs, newer_here, refusals)
    return _refusable(field, merge.decide(field.rule, base, ours, theirs, newer_here), refusals)


def _choose(
    choices: Choices,
    field: MappedField,
    base: merge.Base | None,
    ours: Value,
    theirs: Value,
    newer_here: merge.NewerHere,
    refusals: Refusals,
) -> merge.Decision:
    """Decided in the CRM's spelling; what is taken is spelled as ours, what is left keeps its own."""
    spelled = choices.as_theirs(ours)
    meant = choices.as_compared(theirs)
    if base is not None:
        base = merge.Base(choices.as_theirs(base.local), choices.as_theirs(base.crm))
    decided = _refusable(field, merge.decide(field.rule, base, spelled, meant, newer_here), refusals)
    decision = decided._replace(crm=theirs)
    if decision.action == "push":
        is_there = choices.is_there(spelled)
        return decision if is_there else decision._replace(action="leave", local=ours, why="OPTION_UNKNOWN_THERE")
    if decision.action != "pull":
        return decision._replace(local=ours)
    try:
        return decision._replace(local=ours, crm=choices.as_ours(theirs))
    except LookupError:
        return decision._replace(action="leave", local=ours, why="OPTION_UNKNOWN")


def _refusable(field: MappedField, decision: merge.Decision, refusals: Refusals) -> merge.Decision:
    if decision.action == "push" and (code := _refused(field, decision.local, refusals)):
        return decision._replace(action="leave", why=code)
    return decision


def _refused(field: MappedField, value: Value, refusals: Refusals) -> str:
    """Why this very value is not written; "" when it may be."""
    if field.rule.field_type == "email" and not is_blank(value) and email_key(value) is None:
        return "INVALID_EMAIL"
    if field.days[0] and isinstance(value, str) and not field.days[0] <= value[:10] <= field.days[1]:
        return "DATE_OUT_OF_RANGE"
    return refusals.code_for(field.crm_field)


def _is_newer_here(setup: Setup, scene: Scene, row: CrmRow, rule: merge.Rule) -> bool:
    return merge.is_newer(
        local_time(scene.local, rule.local_field), changed_in_crm_at(setup, scene, row, rule.crm_field)
    )


def base_after(scene: Scene, plan: Plan, written: Mapping[str, merge.Base]) -> dict[str, merge.Base]:
    """What both sides will last have agreed on once `plan` is done; `written` are the pushes as the CRM stored them."""
    base = dict(scene.bases) | dict(written)
    for decision in plan.decisions:
        name = decision.rule.local_field
        if decision.action in ("agree", "pull"):
            base[name] = merge.Base(decision.value, decision.value)
        elif decision.why == FROM_OTHER_CRM:
            base[name] = merge.Base(decision.local, decision.crm)
        elif decision.why in STANDING_RULES and name not in base:
            # Remembered as they were, so that the next change of either side is seen as one.
            base[name] = merge.Base(decision.local, decision.crm)
    return base


def stamp_of(plan: Plan) -> str:
    """Equal for plans that do the same to the same values."""
    told = [
        (each.rule.local_field, each.action, each.local, each.crm)
        for each in plan.decisions
        if each.action in ("pull", "push", "ask")
    ]
    body = json.dumps([plan.skip.code if plan.skip else "", told], sort_keys=True, default=str)
    return hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()
