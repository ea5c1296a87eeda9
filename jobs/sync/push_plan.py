"""What a record made in the CRM of ours would hold, and whether it would be one that syncs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jobs.crm.base import CrmRow, FieldInfo
from jobs.models import LocalRecord
from jobs.sync import filters, merge
from jobs.sync.changes import CRM, crm_changes
from jobs.sync.plan import NO_ROW, Skip, decide_against_nothing, read_for_filter
from jobs.sync.rulebook import MappedField, Rights, rulebook
from jobs.sync.scene import Setup
from jobs.values import Value, ValueRefused, is_blank

RULE = "PUSHED"
ACCOUNT = "account"
"""The field of a change that says on which account a record was put: no field of ours."""


def creation_rules(setup: Setup) -> tuple[MappedField, ...]:
    """The mapped fields as rules for a record that is only being made: what counts is what may be set then."""
    live = {each.crm_field: setup.info.fields[each.crm_field] for each in setup.live_mappings}
    settable = {name: replace(each, may_update=each.may_create) for name, each in live.items()}
    rights = Rights(setup.run.readable_fields, setup.run.editable_fields)
    mapping = replace(setup.mapping, may_update_there=True)
    return rulebook(mapping, replace(setup.info, fields=settable), rights, of_new=False)


def creation_decisions(setup: Setup, local: LocalRecord) -> tuple[merge.Decision, ...]:
    """One for each mapped field; the pushes among them are what the record is made with."""
    return decide_against_nothing(creation_rules(setup), local.values)


def pushes(decisions: Iterable[merge.Decision]) -> tuple[merge.Decision, ...]:
    return tuple(each for each in decisions if each.action == "push")


def values_of(decided: Iterable[merge.Decision]) -> dict[str, Value]:
    """CRM field -> the value it is made with."""
    return {each.rule.crm_field: each.value for each in decided}


def unfit(setup: Setup, decisions: Sequence[merge.Decision]) -> Skip | None:
    """Why a record with these values would not be one that syncs; None when it would, or when nobody can say yet."""
    if setup.mapping.needs_email and (code := _lacks_email(setup, decisions)):
        return Skip(code)
    if setup.mapping.filter is None:
        return None
    culprit = _surely_fails(setup.question, _as_it_will_be(decisions))
    return Skip("FILTERED_OUT_HERE", detail=culprit) if culprit else None


def missing(setup: Setup, decisions: Sequence[merge.Decision]) -> Skip | None:
    """The required fields that would be left blank, by what the CRM says of them; None when there are none."""
    given = values_of(pushes(decisions))
    lacking = [each for each in setup.info.fields.values() if each.required and each.name not in given]
    if not lacking:
        return None
    return Skip("REQUIRED_FIELD_MISSING", fields=_listed(lacking), remedy=_what_to_do(setup, lacking))


def base_of(setup: Setup, changes: Iterable[Mapping[str, Any]], row: CrmRow) -> dict[str, merge.Base]:
    """What both sides have agreed on by the creation: a value as sent, and as the CRM made it of that."""
    rules = {(each.local_field, each.crm_field): each.rule for each in setup.rulebook}
    return {
        change["field"]: merge.base_of_written(rule, change["new"], row.values.get(rule.crm_field))
        for change in changes
        if (rule := rules.get((change["field"], change["crm_field"]))) is not None
    }


def creation_changes(decided: Iterable[merge.Decision]) -> list[dict[str, Any]]:
    """As the log keeps them: from nothing to what was sent."""
    return [{**each, "rule": RULE} for each in crm_changes(decided)]


def account_change(account_id: str) -> dict[str, Any]:
    """That the record was put on that account."""
    change = {"field": ACCOUNT, "crm_field": "", "label": "Account", "type": "reference", "side": CRM}
    return change | {"old": None, "new": account_id, "rule": RULE}


def sent_values(changes: Iterable[Mapping[str, Any]]) -> dict[str, Value]:
    """The values of an intent, by CRM field."""
    return {each["crm_field"]: each["new"] for each in changes if each["crm_field"]}


def stored_as(changes: Iterable[Mapping[str, Any]], row: CrmRow) -> list[dict[str, Any]]:
    """The changes of an intent that is known to be done, with what the CRM made of them."""
    done: list[dict[str, Any]] = []
    for change in changes:
        kept = row.values.get(change["crm_field"], change["new"])
        done.append({**change, "confirmed": True} | ({"stored": kept} if kept != change["new"] else {}))
    return done


def _lacks_email(setup: Setup, decisions: Sequence[merge.Decision]) -> str:
    """Why the record would have no address in the CRM; "" when it will have one."""
    address = next((each for each in decisions if each.rule.local_field == "email"), None)
    if address is None:
        return "FIELD_GONE" if any(each.local_field == "email" for each in setup.gone_mappings) else "EMAIL_NOT_SENT"
    if address.action == "push":
        return ""
    if is_blank(address.local):
        return "NO_EMAIL_HERE"
    return "INVALID_EMAIL" if address.why == "INVALID_EMAIL" else "EMAIL_NOT_SENT"


def _as_it_will_be(decisions: Sequence[merge.Decision]) -> CrmRow:
    """As far as it can be said: what we send, and the blanks of what only we would fill."""
    told = [each for each in decisions if each.action == "push" or each.rule.direction != "inbound"]
    values = {each.rule.crm_field: each.value if each.action == "push" else None for each in told}
    return replace(NO_ROW, values=values)


def _surely_fails(question: filters.Question | filters.Term, row: CrmRow) -> str:
    """The words of a clause that will not hold whatever the CRM fills in by itself; "" when none is sure."""
    if isinstance(question, filters.Term):
        try:
            holds = filters.holds(question, lambda field: read_for_filter(row, field))
        except ValueRefused:
            return ""  # a field we do not fill: nobody knows
        return "" if holds else f"“{question.clause.words}” would not hold"
    failing = [_surely_fails(part, row) for part in question.parts]
    if question.kind == "any" and not all(failing):
        return ""
    return next(filter(None, failing), "")


def _what_to_do(setup: Setup, lacking: Iterable[FieldInfo]) -> str:
    """Whether it is ours to be filled in, or an admin's to be mapped."""
    ours = {each.crm_field: each for each in setup.live_mappings if each.direction != "inbound"}
    blank = [ours[each.name].label for each in lacking if each.name in ours]
    unmapped = [each for each in lacking if each.name not in ours]
    told = [f"Fill in {', '.join(blank)} here, then push again."] if blank else []
    if unmapped:
        told.append(f"An admin can map {_listed(unmapped)} under Objects, from us to {setup.crm_label} or both ways.")
    return " ".join(told)


def _listed(fields: Iterable[FieldInfo]) -> str:
    return ", ".join(each.label for each in fields)
