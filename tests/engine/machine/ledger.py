"""The log held against what really happened: each overwritten value in exactly one entry, with old and new."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from jobs.models import SyncLogEntry
from tests.engine.machine.fields import FIELDS, Value, kept, plain
from tests.engine.machine.judge import HERE, THERE


class Change(NamedTuple):
    side: str
    name: str
    old: Value
    new: Value


def folded(changes: Sequence[Change]) -> list[Change]:
    """One per field and side: from the first old value to the last new one, since somebody else last changed it."""
    found: dict[tuple[str, str], Change] = {}
    for each in changes:
        first = found.get((each.side, each.name))
        goes_on = first is not None and first.new == each.old
        found[each.side, each.name] = each._replace(old=first.old) if first is not None and goes_on else each
    return [each for each in found.values() if each.old != each.new]


def require_logged(
    entry: SyncLogEntry,
    happened: Sequence[Change],
    crm: str,
    *,
    in_trouble: bool,
    set_back: Collection[str] = (),
) -> None:
    """The entry tells exactly what happened. After trouble it may hold more, where nobody could know.

    `set_back`: fields of which it may hold less, because a person has made it look as if nothing had been written.
    """
    told = _all_told(entry, crm)
    sure = [change for change, _ in told if change.old != change.new]
    if _sorted(sure) == _sorted(happened):
        return
    left = list(told)
    for each in happened:
        found = next((item for item in left if item[0] == each), None)
        if found is None:
            is_hidden = in_trouble and each.side == THERE and each.name in set_back
            assert is_hidden, f"{each} is not in the log: {entry.changes}"
            continue
        left.remove(found)
    known_for_sure = [change for change, is_unsure in left if not is_unsure and change.old != change.new]
    assert in_trouble or not known_for_sure, f"the log tells of what never happened: {known_for_sure}"


def unsure_of(entry: SyncLogEntry) -> frozenset[str]:
    return frozenset(each["field"] for each in entry.changes if each.get("unsure"))


def told_besides(entry: SyncLogEntry, happened: Sequence[Change], crm: str) -> frozenset[str]:
    """Fields that the entry says we wrote there, and that nobody saw written."""
    told = {change for change, _ in _all_told(entry, crm)}
    return frozenset(each.name for each in told - set(happened) if each.side == THERE and each.old != each.new)


def _all_told(entry: SyncLogEntry, crm: str) -> list[tuple[Change, bool]]:
    return [_told(each, crm) for each in entry.changes if each["field"] in FIELDS]


def _told(change: dict[str, object], crm: str) -> tuple[Change, bool]:
    known = FIELDS[str(change["field"])]
    side = THERE if change["side"] == "crm" else HERE
    new = plain(known, change.get("stored", change["new"]))
    old = plain(known, change["old"])
    return Change(side, known.name, old, kept(crm, known, new) if side == THERE else new), bool(change.get("unsure"))


def _sorted(changes: Sequence[Change]) -> list[str]:
    return sorted(map(str, changes))
