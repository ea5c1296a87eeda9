"""Why is one field what it is: its mapping, its two values, the rights on it, and where our value came from. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from jobs.crm.adapters import crm_label
from jobs.mappings import FieldFacts
from jobs.sync import merge
from jobs.sync.explain_steps import Look, Step, stop, told_of
from jobs.sync.history import FieldHistory
from jobs.sync.plan import make_plan
from jobs.sync.rule_words import mapping_words
from jobs.values import is_blank


def explain_field(look: Look, mapping: FieldFacts, history: FieldHistory) -> tuple[Step, ...]:
    """The walk for one field of a record that was looked into."""
    return tuple(_walk_field(look, mapping, history))


def _walk_field(look: Look, mapping: FieldFacts, history: FieldHistory) -> Iterator[Step]:
    yield _mapped(look, mapping)
    if (decision := _decision(look, mapping)) is not None:
        yield _now(look, decision, history)
    if look.editable is not None and mapping.direction != "inbound" and mapping.crm_field not in look.editable:
        said = look.said("NOT_YOURS_TO_EDIT")
        yield Step("Your rights", "note", said.message, said.remedy, "NOT_YOURS_TO_EDIT")
    yield _came_from(look, mapping)


def _mapped(look: Look, mapping: FieldFacts) -> Step:
    if not mapping.enabled:
        return Step("Mapping", "stops", "The mapping of this field is switched off.", "An admin can turn it on.")
    if look.setup is not None and mapping.crm_field not in look.setup.info.fields:
        return stop(look, "Mapping", "FIELD_GONE")
    if mapping.paused_reason:
        return Step("Mapping", "stops", mapping.paused_reason, "It goes on by itself once that is put right.")
    text = mapping_words(mapping.direction, mapping.conflict_rule, look.crm)
    if mapping.write_rule == "fill_blank":
        text += " Only what is empty is filled."
    if mapping.keep_when_blank and mapping.direction != "outbound":
        text += f" A blank in {look.crm} does not clear ours."
    return Step("Mapping", "ok", text)


def _decision(look: Look, mapping: FieldFacts) -> merge.Decision | None:
    if look.setup is None or look.row is None or look.scene is None:
        return None
    plan = make_plan(look.setup, look.row, look.scene)
    return next((each for each in plan.decisions if each.rule.crm_field == mapping.crm_field), None)


def _now(look: Look, decision: merge.Decision, history: FieldHistory) -> Step:
    if decision.action in ("nothing", "agree"):
        same = "Both sides are blank." if is_blank(decision.local) else "Both sides hold the same value."
        return Step("Now", "ok", same)
    last = next(iter(history.changes), None)
    if decision.why == "LEFT_APART" and last is not None and last.is_undo and not last.is_undone:
        by = f" by {last.entry.by}" if last.entry.by else ""
        text = f"The two differ because a sync was undone{by}. They stay so until either side changes."
        return Step("Now", "note", text, "", "LEFT_APART", last.at)
    return replace(told_of(look, decision), topic="Now")


def _came_from(look: Look, mapping: FieldFacts) -> Step:
    local = look.scene.local if look.scene is not None else None
    origin = local.provenance.get(mapping.local_field) if local is not None else None
    if not origin:
        return Step("Our value", "note", "Nobody has set it here, and no sync has brought one.")
    source = origin.get("source") or "here"
    where = "here" if source == "here" else f"in {crm_label(source)}"
    by = origin.get("by") or "somebody"
    return Step("Our value", "ok", f"It was last changed {where} by {by}.", at=datetime.fromisoformat(origin["at"]))
