"""Adding, changing and removing one FieldMapping, with the reason for what is refused."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from jobs.crm.base import FieldInfo, ObjectInfo
from jobs.fields import create_like, fields_of
from jobs.mapping_defaults import mapping_of
from jobs.mappings import FieldFacts, object_facts
from jobs.models import FieldMapping, ObjectMapping
from jobs.runtime import utc_now
from jobs.sync.pairs import PairRefused, check, check_free

NEW_FIELD = "+"
"""In place of our field's name: make one."""
DIRECTIONS = {"two_way": "both ways", "inbound": "from the CRM to us", "outbound": "from us to the CRM"}
CHOICES: dict[str, dict[str, str]] = {
    "direction": DIRECTIONS,
    "write_rule": {"overwrite": "overwrites", "fill_blank": "only fills what is empty"},
    "conflict_rule": {
        "most_recent": "the most recent change wins",
        "prefer_crm": "the CRM wins",
        "prefer_local": "ours wins",
        "ask": "somebody is asked",
    },
    "keep_when_blank": {"0": "clears ours", "1": "keeps ours"},
    "may_clear_crm": {"1": "clears theirs", "0": "keeps theirs"},
    "enabled": {"1": "on", "0": "off"},
}
"""What can be chosen of a FieldMapping -> its values and what each means."""
_FLAGS = frozenset({"keep_when_blank", "may_clear_crm", "enabled"})


def add(
    session: Session, mapping: ObjectMapping, info: ObjectInfo, *, crm_field: str, local_field: str, direction: str
) -> FieldMapping:
    """Map the two. Raises PairRefused, with nothing stored."""
    theirs = _theirs(info, crm_field)
    if direction not in DIRECTIONS:
        raise PairRefused("Choose a direction.")
    check_free(_mapped(mapping), local_field=local_field, crm_field=crm_field)
    if local_field == NEW_FIELD:
        if direction != "inbound":
            raise PairRefused("A new field of ours is filled from the CRM: choose that direction.")
        local_field, ours = create_like(session, mapping.kind, theirs, at=utc_now())
    else:
        fields = fields_of(session, mapping.kind)
        if local_field not in fields:
            raise PairRefused("Choose one of our fields, or a new one.")
        ours = fields[local_field]
    check(ours.field_type, theirs, direction)
    added = mapping_of(ours, crm_field, local_field, direction, position=_next_position(mapping))
    mapping.fields.append(added)
    added.mapped_at = mapping.updated_at = utc_now()
    session.flush()
    return added


def change(
    mapping: ObjectMapping, field: FieldMapping, info: ObjectInfo, wanted: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Set what was chosen, as far as it is on offer: what it was before and is after. Raises PairRefused."""
    chosen = {name: value for name in CHOICES if (value := wanted.get(name, "")) in CHOICES[name]}
    before = chosen_of(field)
    if chosen.get("direction", field.direction) != field.direction:
        check(field.field_type, _theirs(info, field.crm_field), chosen["direction"])
    changed = {name: value for name, value in chosen.items() if before[name] != value}
    for name, value in changed.items():
        setattr(field, name, value == "1" if name in _FLAGS else value)
    if changed:
        mapping.updated_at = utc_now()
    return {name: before[name] for name in changed}, changed


def chosen_of(field: FieldMapping) -> dict[str, str]:
    """The values of CHOICES as a form spells them."""
    values = {name: getattr(field, name) for name in CHOICES}
    return {name: str(int(value)) if name in _FLAGS else value for name, value in values.items()}


def _theirs(info: ObjectInfo, crm_field: str) -> FieldInfo:
    if crm_field not in info.fields:
        raise PairRefused("Choose a field the CRM has and shows us.")
    return info.fields[crm_field]


def _mapped(mapping: ObjectMapping) -> tuple[FieldFacts, ...]:
    return object_facts(mapping).fields


def _next_position(mapping: ObjectMapping) -> int:
    return max((each.position for each in mapping.fields), default=-1) + 1
