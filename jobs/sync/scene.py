"""What the engine looks at before it decides: the setup of a run, and everything known about one record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.crm.adapters import CRMS
from jobs.crm.base import CrmAdapter, CrmRow, FieldInfo, Fields, ObjectInfo
from jobs.crm.errors import RetryLater
from jobs.mappings import FieldFacts, ObjectFacts
from jobs.models import Connection, LocalRecord, RecordLink, SyncRun
from jobs.records import ids_by_key, match_key_name
from jobs.runtime import Runtime, utc_now
from jobs.sync import filters, matching, merge
from jobs.sync.apart import kept_apart
from jobs.sync.changes import agreed_by
from jobs.sync.filter_values import compared_as
from jobs.sync.other_crms import link_name
from jobs.sync.rows import LinkFacts, LocalFacts, RecordKey, linked_pair
from jobs.sync.rulebook import MappedField, Rights, rulebook
from jobs.sync.stays import goes_with_theirs, why_ours_stays
from jobs.values import DAY_OF_MOMENT, Value, is_blank, normalise, parse_time

NAMED_BY_CRM = "crm"
"""How a pair was found that no match rule finds: the CRM itself said that it has the record already."""

INHERITED = "inherited"
"""In the base of a link that was handed over to another CRM record, until its first sync."""

MOST_CANDIDATES = 10
"""More are not told of: already two are too many to choose between."""


@dataclass(frozen=True)
class Setup:
    """One record to be brought in line, and all that is decided about such records."""

    runtime: Runtime
    adapter: CrmAdapter
    run: SyncRun
    connection: Connection
    mapping: ObjectFacts
    info: ObjectInfo

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.run.connection_id, self.run.object, self.run.crm_record_id)

    @property
    def crm_label(self) -> str:
        return CRMS[self.connection.crm].label

    @cached_property
    def fields(self) -> Fields:
        """What to read: every mapped field the CRM still has, and what the match rules compare."""
        mapped = {each.crm_field: _crossing_as(each, self.info.fields[each.crm_field]) for each in self.live_mappings}
        ruled = [self.info.fields.get(rule.crm_field) for rule in self.mapping.match_rules]
        by_rule = {each.name: _matched_as(each) for each in ruled if each is not None}
        # Whether a person has an address decides on more than the field's own mapping.
        emails = {
            each.crm_field: each.field_type
            for each in self.mapping.fields
            if each.local_field == "email" and each.crm_field in self.info.fields and self.mapping.needs_email
        }
        return self._filtered_by | by_rule | emails | mapped

    @property
    def _filtered_by(self) -> dict[str, str]:
        """What the filter looks at. Of one that cannot be asked, nothing: the object is paused."""
        if self.mapping.filter is None or self.filter_problem:
            return {}
        return {name: compared_as(each) for name, each in self._filter.fields.items()}

    @cached_property
    def also_from(self) -> Mapping[str, frozenset[str]]:
        """Our field -> the other links that may bring it in, where there are any."""
        return {each.local_field: each.also_from for each in self.mapping.fields if each.also_from}

    @property
    def link_name(self) -> str:
        return link_name(self.connection.id, self.run.object)

    @cached_property
    def filter_problem(self) -> str:
        """Why the object's filter cannot be asked of it as it is now; "" when it can, and where there is none."""
        if self.mapping.filter is None:
            return ""
        return filters.problem(self.mapping.filter, self.info)

    @cached_property
    def question(self) -> filters.Question:
        """The object's filter at this moment. Raises FilterRefused."""
        return self._filter.at(utc_now())

    @cached_property
    def _filter(self) -> filters.Filter:
        return filters.parse(self.mapping.filter, self.info)

    @cached_property
    def rulebook(self) -> tuple[MappedField, ...]:
        """For a record of ours that is there."""
        return rulebook(self.mapping, self.info, self._rights, of_new=False)

    @cached_property
    def rulebook_of_new(self) -> tuple[MappedField, ...]:
        """For a record of ours that is made of what the CRM holds."""
        return rulebook(self.mapping, self.info, self._rights, of_new=True)

    @property
    def _rights(self) -> Rights:
        return Rights(self.run.readable_fields, self.run.editable_fields, self.run.choices)

    @cached_property
    def live_mappings(self) -> list[FieldFacts]:
        return [each for each in self.mapping.fields if each.enabled and each.crm_field in self.info.fields]

    @cached_property
    def gone_mappings(self) -> list[FieldFacts]:
        return [each for each in self.mapping.fields if each.enabled and each.crm_field not in self.info.fields]


@dataclass(frozen=True)
class Scene:
    """One record as both sides have it. `local` is None when a new record of ours is to be made."""

    # Fields of ours that this run has written to the CRM already.
    written: frozenset[str] = field(default=frozenset(), kw_only=True)
    link: RecordLink | None
    local: LocalRecord | None
    matched_by: str
    match: matching.Match | None
    bases: Mapping[str, merge.Base] = field(default_factory=dict)
    stays: str = ""  # why ours is not deleted, though theirs was and it should go with it

    @property
    def comes_back(self) -> bool:
        """Ours was deleted because theirs was, and for no other reason."""
        if self.link is None or self.local is None or self.local.deleted_at is None:
            return False
        return self.link.deleted_ours_at == self.local.deleted_at


def _matched_as(info: FieldInfo) -> str:
    """As a filter compares it: a number is one in each CRM's spelling, and no CRM is asked for it as for a text.

    Several choices at once are matched by what stands there, as one text.
    """
    field_type = compared_as(info)
    return "text" if field_type == "multi_select" else field_type


def _crossing_as(field: FieldFacts, info: FieldInfo) -> str:
    is_moment_there = field.field_type == "date" and info.field_type == "datetime"
    return DAY_OF_MOMENT if is_moment_there else field.field_type


def look_around(session: Session, setup: Setup, row: CrmRow) -> Scene:
    """Our side of the record `row`: the link if there is one, else the counterpart the match rules find."""
    link, linked = linked_pair(session.connection(), setup.key)
    pushed_id = setup.run.local_record_id
    if link is not None:
        if pushed_id is not None and pushed_id != link.local_record_id:
            # Somebody linked it since it was found: to be looked for anew.
            raise RetryLater("The record was linked to another one of ours.", code="KEEPS_MOVING")
        known = bases_of(setup.mapping, link, row.values)
        stays = ""
        if linked is not None and goes_with_theirs(setup.mapping, row):
            stays = why_ours_stays(session, setup.mapping, link, linked, known)
        return Scene(link, linked, link.matched_by, None, known, stays)
    if pushed_id is not None:
        return _pushed(session.get_one(LocalRecord, pushed_id), setup.mapping, row)
    if setup.run.chosen_local_record_id is not None:
        chosen = session.get(LocalRecord, setup.run.chosen_local_record_id)
        if chosen is not None and chosen.deleted_at is None and chosen.kind == setup.mapping.kind:
            return Scene(None, chosen, "manual", None)
    match = find_match(session, setup.mapping, setup.key, row.values)
    if match.verdict != "one" or match.rule is None:
        return Scene(None, None, "created", match)
    local = session.get(LocalRecord, match.candidates[0].local_record_id)
    return Scene(None, local, match.rule.compare_as, match)


def _pushed(local: LocalRecord, mapping: ObjectFacts, row: CrmRow) -> Scene:
    """Ours is the one that was pushed, and `row` what was found for it in the CRM."""
    rule = matching.rule_of_pair(mapping.match_rules, local.values, row.values, domains=mapping.domains)
    return Scene(None, local, rule.compare_as if rule is not None else NAMED_BY_CRM, None)


def find_match(
    session: Session, mapping: ObjectFacts, key: RecordKey, crm_values: Mapping[str, Value]
) -> matching.Match:
    """Ask the match rules of the mapping, in order. What somebody said is another one is no candidate."""
    others = kept_apart(session, key)

    def look_up(rule: matching.Rule, value: str) -> Sequence[matching.Candidate]:
        namesakes = _namesakes(session, mapping, rule, value)
        meant = (
            candidate
            for record, candidate in namesakes
            if record.id not in others and not matching.are_two(rule, mapping.domains, record.values, crm_values)
        )
        return list(islice(meant, MOST_CANDIDATES))

    return matching.find(mapping.match_rules, crm_values, look_up)


def bases(link: RecordLink | LinkFacts) -> dict[str, merge.Base]:
    """The stored base: an agreed value, or the pair of values a rule left apart."""
    agreed = {name: merge.Base(value, value) for name, value in link.base.get("agreed", {}).items()}
    apart = {name: merge.Base(pair[0], pair[1]) for name, pair in link.base.get("apart", {}).items()}
    return agreed | apart


def agreed_so_far(setup: Setup, scene: Scene, done: Sequence[dict[str, Any]]) -> dict[str, merge.Base]:
    """The bases of what this run has written to the CRM."""
    if not done:
        return {}
    rules = {each.local_field: each.rule for each in setup.rulebook}
    return agreed_by(done, rules, scene.local.values if scene.local is not None else {})


def bases_of(
    mapping: ObjectFacts, link: RecordLink | LinkFacts, theirs: Mapping[str, Value] | None = None
) -> dict[str, merge.Base]:
    """The stored base of the pairs of fields that are mapped now: one mapped since has never been agreed upon.

    `theirs`: what the CRM record holds. Where the link was handed over to it, a blank there was put by nobody: not
    everything is copied from a Lead, or taken over in a merge.
    """
    known = bases(link)
    for each in mapping.fields:
        if each.mapped_at is not None and (link.synced_at is None or link.synced_at < each.mapped_at):
            known.pop(each.local_field, None)
    if theirs is not None and INHERITED in link.base:
        for each in mapping.fields:
            if is_blank(theirs.get(each.crm_field)):
                known.pop(each.local_field, None)
    return known


def stored_base(values: Mapping[str, merge.Base]) -> dict[str, dict[str, Value | list[Value]]]:
    """The form `RecordLink.base` keeps; the inverse of `bases`."""
    return {
        "agreed": {name: base.local for name, base in values.items() if base.local == base.crm},
        "apart": {name: [base.local, base.crm] for name, base in values.items() if base.local != base.crm},
    }


def local_value(local: LocalRecord | LocalFacts | None, mapping: FieldFacts) -> Value:
    return normalise(mapping.field_type, local.values.get(mapping.local_field) if local is not None else None)


def local_time(local: LocalRecord | None, name: str) -> datetime | None:
    """When our value last changed; a value nobody is known to have changed is as old as its record."""
    if local is None:
        return None
    origin = local.provenance.get(name)
    return parse_time(origin["at"]) if origin else local.created_at


def _namesakes(
    session: Session, mapping: ObjectFacts, rule: matching.Rule, value: str
) -> Iterator[tuple[LocalRecord, matching.Candidate]]:
    """Those of ours that the rule finds, the free ones first: however many are linked elsewhere, none is hidden."""
    links = (RecordLink.connection_id == mapping.connection_id, RecordLink.object == mapping.object)
    is_taken = select(RecordLink.id).where(*links, RecordLink.local_record_id == LocalRecord.id).exists()
    found = ids_by_key(mapping.kind, match_key_name(rule.compare_as, rule.local_field), value)
    query = select(LocalRecord, is_taken.label("is_taken")).where(LocalRecord.id.in_(found))
    for record, taken in session.execute(query.order_by("is_taken", LocalRecord.id)):
        details = [
            str(record.values[name]) for name in ("email", "domain", "company", "job_title") if record.values.get(name)
        ]
        yield record, matching.Candidate(record.id, record.name, " · ".join(details), is_taken=bool(taken))
