"""The decision alone: how many records a second one core decides upon, with 25 mapped fields each.

The yardstick, in the same run, is the least that anybody could do: compare 25 pairs of values in bare Python.
Nothing is read, written or stored: the records are made beforehand and decided upon again and again.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from benchmarks.report import Row, arguments, at_least, at_most, show
from jobs.crm.base import CrmAdapter, CrmRow, FieldInfo, ObjectInfo
from jobs.mappings import FieldFacts, ObjectFacts
from jobs.models import Connection, LocalRecord, RecordLink, SyncRun
from jobs.runtime import Runtime
from jobs.sync.merge import Base
from jobs.sync.plan import make_plan
from jobs.sync.scene import Scene, Setup, bases, stored_base
from jobs.values import Value

WANTED_PER_SECOND = 20_000
BAR_MEMORY = 1.05
RECORDS = 1_000
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

# Field type -> a value, and another one.
SAMPLES: dict[str, tuple[Value, Value]] = {
    "text": ("Sample text of usual length", "Another sample text"),
    "long_text": ("Sample text. " * 40, "Another text. " * 40),
    "email": ("ana.sample{}@example.com", "ana.other{}@example.com"),
    "phone": ("+1 555 0100", "+1 555 0101"),
    "url": ("https://example.com/{}", "https://example.org/{}"),
    "domain": ("example.com", "example.org"),
    "number": (17, 18),
    "currency": (1250.5, 1300),
    "percent": (12.5, 15),
    "boolean": (True, False),
    "date": ("2026-11-22", "2026-11-23"),
    "datetime": ("2026-11-22T05:12:13Z", "2026-11-22T06:12:13Z"),
    "select": ("Qualified", "Won"),
    "multi_select": (["A", "B"], ["A", "C"]),
    "user": ("rep@example.com", "other.rep@example.com"),
}
TYPES = (*SAMPLES, *("text",) * 6, "number", "date", "select", "select")
DIRECTIONS = ("two_way", "two_way", "inbound", "two_way", "outbound")

Changed = Callable[[int], str]  # the number of a field in a record -> who changed it: "here", "there", "both" or ""


@dataclass(frozen=True)
class Case:
    what: str
    changed: Changed
    judged: bool = False


# Five of the 25 fields of every record: two changed here, two there, one on both sides.
FIVE = {1: "here", 4: "there", 9: "both", 14: "here", 20: "there"}
CASES = (
    Case("nothing changed", lambda number: "", judged=True),
    Case("five fields changed", lambda number: FIVE.get(number % 25, ""), judged=True),
    Case("every field changed there", lambda number: "there"),
    Case("every field changed on both sides", lambda number: "both"),
)


@dataclass
class Clock:
    """All that a decision asks of an adapter."""

    clock_offset_seconds: float | None = 0.4


def main() -> int:
    options = arguments(__doc__, default_rounds=20)
    setup = _setup()
    memory = _memory(setup, options.rounds)  # first: the peak of a process never falls
    rows = [row for case in CASES for row in _measure(setup, case, options.rounds)]
    return show("decide", [*rows, memory], as_json=options.json)


def _measure(setup: Setup, case: Case, rounds: int) -> list[Row]:
    """The best of the rounds on either side."""
    records = _records(setup, case.changed)
    pairs = [(each.local_field, each.crm_field) for each in setup.mapping.fields]
    ours = theirs = 0.0
    for _ in range(rounds):
        ours = max(ours, _per_second(lambda: [make_plan(setup, row, scene) for row, scene in records]))
        theirs = max(theirs, _per_second(lambda: [_differences(pairs, row, scene) for row, scene in records]))
    against_bare = at_most(f"{case.what}: µs, bare comparison beside", 1e6 / ours, 1e6 / theirs, None)
    if not case.judged:
        return [against_bare]
    return [at_least(f"{case.what}: records/s, wanted beside", ours, WANTED_PER_SECOND, 1.0), against_bare]


def _per_second(decide: Callable[[], list[Any]]) -> float:
    began = time.process_time()  # ours alone: what the machine does besides is not judged
    decided = decide()
    return len(decided) / (time.process_time() - began)


def _memory(setup: Setup, rounds: int) -> Row:
    """Peak resident memory after many records, beside that after the first thousand."""
    records = _records(setup, CASES[1].changed)
    for row, scene in records:
        make_plan(setup, row, scene)
    before = _peak_mib()
    for _ in range(rounds):
        for row, scene in records:
            make_plan(setup, row, scene)
    return at_most(
        f"peak MiB after {rounds * RECORDS} records, after {RECORDS} beside", _peak_mib(), before, BAR_MEMORY
    )


def _peak_mib() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _differences(pairs: list[tuple[str, str]], row: CrmRow, scene: Scene) -> list[str]:
    assert scene.local is not None
    ours, theirs = scene.local.values, row.values
    return [here for here, there in pairs if ours.get(here) != theirs.get(there)]


def _setup() -> Setup:
    fields = tuple(
        FieldFacts(f"Field_{number}__c", f"field_{number}", f"Field {number}", field_type, DIRECTIONS[number % 5])
        for number, field_type in enumerate(TYPES)
    )
    info = {
        each.crm_field: FieldInfo(each.crm_field, each.label, each.field_type, "", may_update=True) for each in fields
    }
    return Setup(
        runtime=cast(Runtime, None),
        adapter=cast(CrmAdapter, Clock()),
        run=SyncRun(id=1, connection_id=1, object="Contact", crm_record_id="003"),
        connection=Connection(id=1, crm="salesforce", syncs_enabled=True),
        mapping=ObjectFacts(1, 1, "Contact", "Contact", "contact", fields=fields),
        info=ObjectInfo("Contact", "Contact", info),
    )


def _records(setup: Setup, changed: Changed) -> list[tuple[CrmRow, Scene]]:
    return [_record(setup, number, changed) for number in range(RECORDS)]


def _record(setup: Setup, record: int, changed: Changed) -> tuple[CrmRow, Scene]:
    ours: dict[str, Value] = {}
    theirs: dict[str, Value] = {}
    base: dict[str, Base] = {}
    for number, field in enumerate(setup.mapping.fields):
        old, new = (each.format(record) if isinstance(each, str) else each for each in SAMPLES[field.field_type])
        who = changed(record + number)
        ours[field.local_field] = new if who in ("here", "both") else old
        theirs[field.crm_field] = {"there": new, "both": None}.get(who, old)
        base[field.local_field] = Base(old, old)
    origin = {"at": NOON.isoformat(), "by": "Sample Admin", "source": "here"}
    local = LocalRecord(id=record, kind="contact", values=ours, provenance=dict.fromkeys(ours, origin), created_at=NOON)
    link = RecordLink(id=record, local_record_id=record, matched_by="email", base=stored_base(base))
    return CrmRow("003", "Sample", theirs, NOON, "Rep", NOON), Scene(link, local, "email", None, bases(link))


if __name__ == "__main__":
    raise SystemExit(main())
