"""Many people, some of them twice, pushed again and again at once while the CRM keeps failing: each is made once."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from sqlalchemy import select, update

from jobs import tasks, worker
from jobs.models import Connection, SyncLogEntry, SyncRun
from jobs.models.run import OPEN, QUEUED
from tests.push.pushing import Place
from tests.support.together import together

TROUBLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("lose_response", {}),
    ("half_body", {}),
    ("drop", {}),
    ("status", {"status": 503}),
    ("rate_limit", {"headers": {"Retry-After": "1"}}),
)
ROUNDS, AT_ONCE = 8, 3


def test_each_person_and_each_account_is_made_once(place: Place) -> None:
    chance = random.Random(place.person)
    place.office.set_object(place.person, makes_accounts=True)
    place.theirs(place.person, email="p0@mill0.example", last_name="There already")
    people = [_somebody(place, number % 6) for number in range(9)]
    start = place.office.next_seq()
    for _ in range(ROUNDS):
        for _ in range(chance.randint(0, 3)):
            kind, parameters = chance.choice(TROUBLES)
            place.office.org.fault(kind, chance.choice(_where(place)), **parameters)
        run_ids = [place.ask(place.person, each) for each in chance.sample(people, AT_ONCE)]
        _work(place, *run_ids)
    place.office.org.control("faults", method="DELETE")
    while left := _open_runs(place):
        _work(place, left[0])
    _require_each_once(place, start)


def _somebody(place: Place, number: int) -> int:
    """Three companies; whoever has the same number is the same person twice."""
    mill = number % 3
    return place.ours(email=f"p{number}@mill{mill}.example", last_name=f"Sample {number}", company=f"Mill {mill}")


def _where(place: Place) -> tuple[str, ...]:
    return "", place.creates.format(place.person), place.creates.format(place.account)


def _work(place: Place, *run_ids: int) -> None:
    """Workers at the same moment; afterwards everything that waits is due."""
    worker.use(place.office.runtime)
    together(*(lambda run_id=run_id: tasks.push_one(run_id) for run_id in run_ids))
    with place.office.runtime.database.write() as session:
        session.execute(update(SyncRun).where(SyncRun.status == QUEUED).values(resume_at=None))
        session.execute(update(Connection).values(paused_until=None))


def _open_runs(place: Place) -> list[int]:
    with place.office.runtime.database.read() as session:
        query = select(SyncRun.id).where(SyncRun.status.in_(OPEN)).order_by(SyncRun.attempts, SyncRun.id)
        return list(session.scalars(query))


def _require_each_once(place: Place, start: int) -> None:
    journal = place.office.org.control(f"journal?since={start}&kind=write&limit=100000", method="GET")["entries"]
    made = [each for each in journal if each["op"] in ("insert", "create")]
    email, domain = place.names["email"], place.names["domain"]
    assert set(Counter(each["new"].get(email) or each["new"].get(domain) for each in made).values()) == {1}
    with place.office.runtime.database.read() as session:
        entries = list(session.scalars(select(SyncLogEntry)))
    told = Counter((each.object, each.crm_record_id) for each in entries if each.outcome == "created")
    assert told == Counter((each["object"], each["id"]) for each in made)
    assert {each.code for each in entries} <= {"", "COUNTERPART_TAKEN"}
    assert all(each.finished_at for each in entries)
    assert place.claims() == 0
