"""Changes as the log keeps them: one dict per field and side. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from jobs.crm.base import CrmRow, FieldInfo
from jobs.mappings import ObjectFacts
from jobs.sync import merge
from jobs.values import Value, is_blank, parse_time

CRM = "crm"
HERE = "here"
# In an intent alone. Since when the CRM has held what is overwritten, by its own clock; "" for ever.
_SEEN = "seen_at"
# Where the CRM tells that of the record only: the record's stamp, and what its other fields held, as a digest.
_STAMP, _OTHERS = "stamp_before", "others"
_OF_INTENT = (_SEEN, _STAMP, _OTHERS)
SPELLED = "old_spelled"
"""What the CRM held, as it spells it, where that is more than our form of it, `old`, can tell."""
# Told in full by our form of them, however the CRM spells them.
_SPELLED_ALIKE = frozenset({"boolean", "number", "currency", "percent", "user", "multi_select"})


def crm_changes(decisions: Iterable[merge.Decision]) -> list[dict[str, Any]]:
    return [_change(decision, CRM) for decision in decisions]


def local_changes(decisions: Iterable[merge.Decision]) -> list[dict[str, Any]]:
    return [_change(decision, HERE) for decision in decisions]


def changes_of_deletion(mapping: ObjectFacts, values: Mapping[str, Value]) -> list[dict[str, Any]]:
    """What goes from our sight when our record is deleted with theirs: every mapped field that is filled."""
    return [
        {
            "field": each.local_field,
            "crm_field": each.crm_field,
            "label": each.label,
            "type": each.field_type,
            "side": HERE,
            "old": values[each.local_field],
            "new": None,
            "rule": "DELETED_ON_BOTH",
        }
        for each in mapping.fields
        if not is_blank(values.get(each.local_field))
    ]


def as_seen(changes: Iterable[dict[str, Any]], row: CrmRow) -> None:
    """Note in an intent what is about to be overwritten, as the CRM spells it, and since when it has held that.

    What its history has from after that has come after our decision.
    """
    wanted = list(changes)
    others = _digest_of_others(wanted, row) if row.versions_of is None else ""
    for change in wanted:
        _note_spelling(change, row)
        if row.versions_of is None:
            change[_STAMP], change[_OTHERS] = row.modified_at.isoformat(), others
            continue
        since_at = row.field_modified_at.get(change["crm_field"])
        change[_SEEN] = since_at.isoformat() if since_at is not None else ""


def is_written(change: dict[str, Any], before: CrmRow, after: CrmRow) -> None:
    """Note what a write that was answered has replaced, and what the CRM made of our value where that is another."""
    for name in _OF_INTENT:
        change.pop(name, None)
    change["old"], change["confirmed"] = before.values.get(change["crm_field"]), True
    _note_spelling(change, before)
    if (kept := after.values.get(change["crm_field"])) != change["new"]:
        change["stored"] = kept  # an undo asks whether it is still there


def booked(
    pending: Sequence[dict[str, Any]], row: CrmRow, fields: Mapping[str, FieldInfo] | None = None
) -> list[dict[str, Any]]:
    """Those of our unanswered writes that stay on the books.

    Known to be done, or seen in what the CRM holds or has held: not to be done again. Where it holds neither our value
    nor the one before, somebody has overwritten one of the two: `unsure`. Where it holds the old value, and its
    history does not say otherwise, it was never done; nor where its history says that another put our value there.
    """
    kept: list[dict[str, Any]] = []
    for change in pending:
        if change.get("confirmed") or change.get("unsure"):
            kept.append(change)
        elif (told := _told(change, row, fields or {})) is not None:
            kept.append(_for_good(_without_spelling(change, told)) | told)
    return kept


def stamp_before(
    pending: Sequence[dict[str, Any]], row: CrmRow, fields: Mapping[str, FieldInfo] | None = None
) -> datetime | None:
    """The record's stamp before a write of ours that got no answer, where the present one is most likely its own.

    That is so where the record holds what we wrote, and all else as it was before. None where it may be another's.
    """
    unanswered = [each for each in pending if is_unanswered(each) and _STAMP in each]
    if not unanswered or unanswered[0][_OTHERS] != _digest_of_others(unanswered, row):
        return None
    told = [_told(each, row, fields or {}) for each in unanswered]
    is_done = all(each is not None and each.get("confirmed") for each in told)
    return datetime.fromisoformat(unanswered[0][_STAMP]) if is_done else None


def is_unanswered(change: Mapping[str, Any]) -> bool:
    return change["side"] == CRM and not change.get("confirmed") and not change.get("unsure")


def as_unsure(changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same where nobody can learn any more whether the unanswered ones were done."""
    return [_for_good(each) | {"unsure": True} if is_unanswered(each) else each for each in changes]


def agreed_by(
    done: Iterable[dict[str, Any]], rules: Mapping[str, merge.Rule], ours: Mapping[str, Value]
) -> dict[str, merge.Base]:
    """The base of our fields after these writes of ours; the last write of a field counts. `rules`: by our field.

    What the CRM made of a value comes to us as its own change where the rules let it, unless ours has moved on since:
    what it made of an older value of ours must not win.
    """
    agreed: dict[str, merge.Base] = {}
    for change in done:
        if change.get("unsure"):
            continue
        name, sent = change["field"], change["new"]
        kept = change.get("stored", sent)
        is_ours_still = name in rules and sent == ours.get(name)
        agreed[name] = merge.base_of_written(rules[name], sent, kept) if is_ours_still else merge.Base(sent, kept)
    return agreed


def direction(changes: Sequence[dict[str, Any]]) -> str:
    sides = {change["side"] for change in changes}
    return {frozenset({CRM}): "outbound", frozenset({HERE}): "inbound", frozenset({CRM, HERE}): "two_way"}.get(
        frozenset(sides), ""
    )


def _change(decision: merge.Decision, side: str) -> dict[str, Any]:
    rule = decision.rule
    return {
        "field": rule.local_field,
        "crm_field": rule.crm_field,
        "label": rule.label,
        "type": rule.field_type,
        "side": side,
        "old": decision.old,
        "new": decision.value,
        "rule": decision.why,
    }


def _note_spelling(change: dict[str, Any], row: CrmRow) -> None:
    """Keep beside `old` what the CRM held where our form of it says less: an undo writes that back."""
    change.pop(SPELLED, None)
    raw = row.spelled.get(change["crm_field"])
    if isinstance(raw, str) and raw and _says_less(change["type"], row.values.get(change["crm_field"]), raw):
        change[SPELLED] = raw


def _says_less(field_type: str, value: Value, raw: str) -> bool:
    if raw == value or field_type in _SPELLED_ALIKE:
        return False
    return field_type != "datetime" or not isinstance(value, str) or parse_time(value) != parse_time(raw)


def _without_spelling(change: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Where another value was replaced than the one we had seen, its spelling is not known."""
    if told.get("old", change["old"]) == change["old"]:
        return change
    return {name: value for name, value in change.items() if name != SPELLED}


def _for_good(change: dict[str, Any]) -> dict[str, Any]:
    """As the log keeps it."""
    return {name: value for name, value in change.items() if name not in _OF_INTENT}


def _digest_of_others(changes: Iterable[Mapping[str, Any]], row: CrmRow) -> str:
    ours = {each["crm_field"] for each in changes}
    others = {name: value for name, value in row.values.items() if name not in ours}
    return hashlib.sha256(json.dumps(others, sort_keys=True, default=str).encode()).hexdigest()


def _told(change: Mapping[str, Any], row: CrmRow, fields: Mapping[str, FieldInfo]) -> dict[str, Any] | None:
    """What the record tells of a write that was not answered; None: it was never done."""
    if (replaced := _in_history(change, row)) is not None:
        return replaced | {"confirmed": True}
    now = row.values.get(change["crm_field"])
    if now == change["new"]:
        # Seen once is seen: a later write of ours may take it back before all of it is settled.
        return None if _is_not_in_history(change, row) else {"confirmed": True}
    if now == change["old"]:
        return None
    info = fields.get(change["crm_field"])
    if info is not None and info.scale is not None and _is_rounded(change["new"], now, info.scale):
        return {"confirmed": True, "stored": now}
    return {"unsure": True}


def _in_history(change: Mapping[str, Any], row: CrmRow) -> dict[str, Any] | None:
    """What our value has replaced, where the CRM's history has it from after our decision; None where it has not.

    A person may have replaced it since, even by the value before: that is a change of theirs after ours.
    """
    if row.versions_of is None or _SEEN not in change:
        return None
    versions = row.versions_of(change["crm_field"])
    since_at = datetime.fromisoformat(change[_SEEN]) if change[_SEEN] else None
    for place, each in enumerate(versions):
        if since_at is not None and each.since_at <= since_at:
            return None
        if each.is_by_app and each.value == change["new"]:
            older = versions[place + 1 :]
            return {"old": older[0].value} if older else {}
    return None


def _is_not_in_history(change: Mapping[str, Any], row: CrmRow) -> bool:
    """Whether the CRM tells of all that came after our decision, and nothing of it was ours."""
    if row.versions_of is None or _SEEN not in change or _in_history(change, row) is not None:
        return False
    since_at = datetime.fromisoformat(change[_SEEN]) if change[_SEEN] else None
    return since_at is None or any(each.since_at <= since_at for each in row.versions_of(change["crm_field"]))


def _is_rounded(sent: Value, kept: Value, scale: int) -> bool:
    """Whether `kept` is `sent` to so many digits after the point. Half a digit may go either way."""
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in (sent, kept)):
        return False
    step = Decimal(1).scaleb(-scale)
    exact, rounded = Decimal(str(sent)), Decimal(str(kept))
    return rounded % step == 0 and abs(exact - rounded) <= step / 2
