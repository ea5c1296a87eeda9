"""Is it in the CRM already? Asked before a record is made there, by the match rules of its object, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from jobs.crm.base import CrmRow
from jobs.crm.errors import NotFound
from jobs.models import LocalRecord, RecordLink
from jobs.records import ids_by_key, match_key_name
from jobs.sync import matching
from jobs.sync.apart import kept_apart_from
from jobs.sync.carried import carry_over
from jobs.sync.plan import Skip
from jobs.sync.scene import Setup
from jobs.values import MATCH_KEYS


@dataclass(frozen=True)
class Found:
    """`one`: that row, linked to nobody. `several`: never guessed between. `taken`: it is another record of ours."""

    verdict: Literal["one", "several", "taken", "none"]
    rows: tuple[CrmRow, ...] = ()
    holder: str = ""  # the name of the other record of ours

    @property
    def skip(self) -> Skip:
        """Why a person has to decide."""
        if self.verdict == "taken":
            return Skip("COUNTERPART_TAKEN", detail=self.holder)
        return Skip("AMBIGUOUS_THERE", tuple({"crm_record_id": row.record_id, "name": row.name} for row in self.rows))


NOTHING = Found("none")


def look_there(setup: Setup, local: LocalRecord) -> Found:
    """The first rule that finds something decides. One call for each rule until then."""
    for rule in setup.mapping.match_rules:
        value = local.values.get(rule.local_field)
        if MATCH_KEYS[rule.compare_as](value or "") is None or rule.crm_field not in setup.info.fields:
            continue
        rows = _meant(setup, local, rule, setup.adapter.find(setup.run.object, rule, value, setup.fields))
        carry_over(setup, [local.id], {row.record_id for row in rows})
        with setup.runtime.database.read() as session:
            found = judged(session, setup, local, rows, _namesakes(session, setup, local, rule))
        if found.verdict != "none":
            return found
    return NOTHING


def _meant(setup: Setup, local: LocalRecord, rule: matching.Rule, rows: Iterable[CrmRow]) -> list[CrmRow]:
    """Without companies of the same name and another domain."""
    return [row for row in rows if not matching.are_two(rule, setup.mapping.domains, local.values, row.values)]


def look_at_named(setup: Setup, local: LocalRecord, record_ids: Sequence[str]) -> Found:
    """The records that the CRM itself names as the same, those that it shows us. One call for each."""
    rows = [row for record_id in record_ids if (row := _read(setup, record_id)) is not None and not row.is_deleted]
    with setup.runtime.database.read() as session:
        return judged(session, setup, local, rows)


def judged(
    session: Session,
    setup: Setup,
    local: LocalRecord,
    rows: Iterable[CrmRow],
    namesakes: Sequence[RecordLink] = (),
) -> Found:
    """What was found, less what somebody said is another one. A record that is linked elsewhere cannot be meant."""
    run = setup.run
    apart = kept_apart_from(session, run.connection_id, run.object, local.id)
    rows = [row for row in rows if row.record_id not in apart]
    links = {link.crm_record_id: link for link in _links(session, setup, [row.record_id for row in rows])}
    links |= {link.crm_record_id: link for link in namesakes if link.crm_record_id not in apart}
    others = {key: link for key, link in links.items() if link.local_record_id != local.id}
    free = tuple(row for row in rows if row.record_id not in others)
    if free:
        return Found("one" if len(free) == 1 else "several", free)
    if others:
        return Found("taken", holder=_name_of(session, next(iter(others.values()))))
    return NOTHING


def _namesakes(session: Session, setup: Setup, local: LocalRecord, rule: matching.Rule) -> list[RecordLink]:
    """Links of other records of ours with the same value: the CRM may not find yet what it has just made."""
    key = MATCH_KEYS[rule.compare_as](local.values.get(rule.local_field) or "")
    if key is None:
        return []
    name = match_key_name(rule.compare_as, rule.local_field)
    links = _of_object(setup).where(RecordLink.local_record_id.in_(ids_by_key(local.kind, name, key)))
    query = links.add_columns(LocalRecord).join(LocalRecord, LocalRecord.id == RecordLink.local_record_id)
    here = [(our_field, our_field) for _, our_field in setup.mapping.domains]
    return [
        link
        for link, other in session.execute(query.where(LocalRecord.id != local.id))
        if not matching.are_two(rule, here, local.values, other.values)
    ]


def _links(session: Session, setup: Setup, record_ids: Sequence[str]) -> list[RecordLink]:
    if not record_ids:
        return []
    return list(session.scalars(_of_object(setup).where(RecordLink.crm_record_id.in_(record_ids))))


def _of_object(setup: Setup) -> Select[RecordLink]:
    run = setup.run
    return select(RecordLink).where(RecordLink.connection_id == run.connection_id, RecordLink.object == run.object)


def _name_of(session: Session, link: RecordLink) -> str:
    record = session.get(LocalRecord, link.local_record_id)
    return (record.name if record is not None else "") or f"record {link.local_record_id}"


def _read(setup: Setup, record_id: str) -> CrmRow | None:
    try:
        return setup.adapter.read(setup.run.object, record_id, setup.fields)
    except NotFound:
        return None
