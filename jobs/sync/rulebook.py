"""The mapped fields of an object as rules: worked out once for a run, not again for each of its records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jobs.crm.base import FieldInfo, ObjectInfo
from jobs.mappings import FieldFacts, ObjectFacts
from jobs.sync import merge, pairs
from jobs.sync.choices import CHOICE_TYPES, Choices, Option
from jobs.values import Value, normaliser


@dataclass(frozen=True, slots=True)
class MappedField:
    """One live FieldMapping, with every switch and right that forbids a direction already worked in."""

    local_field: str
    crm_field: str
    rule: merge.Rule
    normalise: Callable[[Any], Value]  # raises ValueRefused
    choices: Choices | None  # of a choice, where either side tells its options
    days: tuple[str, str]  # the first and the last the CRM knows; "" where it has no limit


@dataclass(frozen=True, slots=True)
class Rights:
    """What the person who started the run may do, by CRM field (None: everything), and what they chose."""

    readable: Collection[str] | None = None
    editable: Collection[str] | None = None
    choices: Mapping[str, str] | None = None  # local field -> whose value to keep where both changed


CHOSEN_RULES = {"crm": "prefer_crm", "local": "prefer_local"}
"""A person's choice between two changed values, as the conflict rule of one run."""


def rulebook(mapping: ObjectFacts, info: ObjectInfo, rights: Rights, *, of_new: bool) -> tuple[MappedField, ...]:
    """The fields that are on, and that the CRM still has, in the mapping's order.

    `of_new`: our record is made of what the CRM holds, so nothing of ours is overwritten.
    """
    if of_new:
        mapping = replace(mapping, duplicate_handling="overwrite_all", may_update_here=True)
    live = [each for each in mapping.fields if each.enabled and each.crm_field in info.fields]
    return tuple(_mapped(mapping, each, info.fields[each.crm_field], rights) for each in live)


def goes_out(mapping: ObjectFacts, field: FieldFacts) -> bool:
    """Whether values of the field are written to the CRM, so that they have to be fit for it."""
    return field.direction != "inbound" and mapping.outbound


def lost_options(mapping: ObjectFacts, field: FieldFacts, info: FieldInfo) -> tuple[Option, ...]:
    """The choices the CRM had, and has no more, of a field that is written there; what comes in needs none of them."""
    if not field.known_options or field.known_options == info.options:
        return ()
    if not goes_out(mapping, field):
        return ()
    there = {value for value, _ in info.options}
    return tuple(option for option in field.known_options if option[0] not in there)


def _mapped(mapping: ObjectFacts, field: FieldFacts, info: FieldInfo, rights: Rights) -> MappedField:
    rule = merge.Rule(
        local_field=field.local_field,
        crm_field=field.crm_field,
        field_type=field.field_type,
        direction=field.direction,  # type: ignore[arg-type]  # the column holds one of the three
        label=field.label,
        write_rule=field.write_rule,
        conflict_rule=CHOSEN_RULES.get((rights.choices or {}).get(field.local_field, ""), field.conflict_rule),
        keep_when_blank=field.keep_when_blank,
        may_clear_crm=field.may_clear_crm,
        duplicate_handling=mapping.duplicate_handling,
        cannot_pull=_cannot_pull(mapping, field, info, rights),
        cannot_push=_cannot_push(mapping, field, info, rights),
    )
    choices = choices_of(field, info)
    return MappedField(field.local_field, field.crm_field, rule, normaliser(field.field_type), choices, info.days)


def choices_of(field: FieldFacts, info: FieldInfo) -> Choices | None:
    """None for a field that is no choice, and where neither side tells its options."""
    has_options = bool(info.options or field.options)
    return Choices(info.options, field.options) if has_options and field.field_type in CHOICE_TYPES else None


def _cannot_pull(mapping: ObjectFacts, field: FieldFacts, info: FieldInfo, rights: Rights) -> str:
    if not mapping.inbound:
        return "INBOUND_OFF"
    if not mapping.may_update_here:
        return "UPDATE_HERE_OFF"
    # What would not go back as it came is not taken either: a text that became a number there would lose its zeros.
    if not pairs.fits(field.field_type, info, outward=goes_out(mapping, field)):
        return "TYPE_MISMATCH"
    if lost_options(mapping, field, info):
        return "OPTION_LOST"
    return "HIDDEN_FROM_YOU" if rights.readable is not None and field.crm_field not in rights.readable else ""


def _cannot_push(mapping: ObjectFacts, field: FieldFacts, info: FieldInfo, rights: Rights) -> str:
    if not mapping.outbound:
        return "OUTBOUND_OFF"
    if not mapping.may_update_there:
        return "UPDATE_THERE_OFF"
    if info.calculated:
        return "CALCULATED_IN_CRM"
    if not info.may_update:
        return "READ_ONLY_IN_CRM"
    if not pairs.fits(field.field_type, info, outward=True):
        return "TYPE_MISMATCH"
    if lost_options(mapping, field, info):
        return "OPTION_LOST"
    if rights.readable is not None and field.crm_field not in rights.readable:
        return "HIDDEN_FROM_YOU"
    if rights.editable is not None and field.crm_field not in rights.editable:
        return "NOT_YOURS_TO_EDIT"
    return ""
