"""A webhook through the real queue: from its arrival to our commit, and a thousand events in one burst, by CRM."""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from sqlalchemy import select

from benchmarks.report import Row, arguments, at_most, percentile, show
from benchmarks.street import Street, street
from benchmarks.webhook_senders import SENDERS, Sender
from jobs.models import LocalRecord, RecordLink, SyncRun
from jobs.models.run import OPEN

BAR_MS = 100.0
BAR_ANSWER_MS = 1000.0
RECORDS, EVENTS_EACH = 100, 10
WARM_UP = 5


def main() -> int:
    options = arguments(__doc__, default_rounds=60)
    rows: list[Row] = []
    for sender in SENDERS:
        with street(crm=sender.crm) as here:
            sender.prepare(here)
            rows += [_alone(here, sender, options.rounds), *_burst(here, sender)]
    return show("webhook", rows, as_json=options.json)


def _alone(here: Street, sender: Sender, rounds: int) -> Row:
    """One change, one webhook: how long until our record has the value."""
    record_id = here.credentials["records"][sender.object]["id"]
    sender.send(here, [record_id])
    _wait_for_links(here, [record_id])
    took = []
    for number in range(rounds + WARM_UP):
        title = f"Title {number}"
        here.edit(sender.object, record_id, {sender.title: title})
        began = time.perf_counter()
        sender.send(here, [record_id])
        while _titles(here).get(record_id) != title:
            time.sleep(0.001)
        took.append((time.perf_counter() - began) * 1000)
    return at_most(f"{sender.label}: webhook to commit, p95, ms", percentile(took[WARM_UP:], 95), BAR_MS, 1.0)


def _burst(here: Street, sender: Sender) -> list[Row]:
    """Every record changes again and again, and is told of each time, in any order, by several senders at once."""
    ids = _new_contacts(here, sender)
    sender.send(here, ids)
    _wait_for_links(here, ids)
    since = _next_seq(here)
    numbers = itertools.count()
    for record_id in ids:
        here.edit(sender.object, record_id, {sender.title: f"Last {next(numbers)}"})
    told = [ids[place % RECORDS] for place in range(RECORDS * EVENTS_EACH)]
    portions = [told[start : start + sender.at_once] for start in range(0, len(told), sender.at_once)]
    with ThreadPoolExecutor(max_workers=5) as senders:
        answers = list(senders.map(lambda portion: _timed(here, sender, portion), portions))
    _wait_until_quiet(here)
    wanted = {record_id: f"Last {number}" for number, record_id in enumerate(ids)}
    apart = [each for each in ids if _titles(here).get(each) != wanted[each]]
    assert apart == [], f"{len(apart)} records have not converged"
    reads = _reads(here, sender, since, ids)
    return [
        at_most(f"{sender.label}: 1,000 events, slowest answer, ms", max(answers), BAR_ANSWER_MS, 1.0),
        at_most(f"{sender.label}: 1,000 events, reads of one record", max(reads.values()), 2.0, 1.0),
    ]


def _timed(here: Street, sender: Sender, ids: list[str]) -> float:
    began = time.perf_counter()
    sender.send(here, ids)
    return (time.perf_counter() - began) * 1000


def _new_contacts(here: Street, sender: Sender) -> list[str]:
    records = [sender.contact(number) for number in range(RECORDS)]
    ids = here.control("records", {"object": sender.object, "records": records})["ids"]
    return [str(each) for each in ids]


def _titles(here: Street) -> dict[str, Any]:
    query = select(RecordLink.crm_record_id, LocalRecord.values).join(
        LocalRecord, LocalRecord.id == RecordLink.local_record_id
    )
    with here.runtime.database.look() as database:
        return {record_id: values.get("job_title") for record_id, values in database.execute(query)}


def _wait_for_links(here: Street, ids: list[str]) -> None:
    _until(lambda: set(ids) <= set(_titles(here)), "the records are linked")


def _wait_until_quiet(here: Street) -> None:
    def is_quiet() -> bool:
        with here.runtime.database.read() as session:
            return session.scalar(select(SyncRun.id).where(SyncRun.status.in_(OPEN)).limit(1)) is None

    _until(is_quiet, "every run is over")


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _next_seq(here: Street) -> int:
    return int(requests.get(f"{here.org_url}/_emulator/journal?limit=0", timeout=20).json()["next"])


def _reads(here: Street, sender: Sender, since: int, ids: list[str]) -> Counter[str]:
    answer = requests.get(f"{here.org_url}/_emulator/journal?since={since}&kind=call&limit=100000", timeout=60)
    calls = answer.json()["entries"]
    return Counter({record_id: sum(sender.is_read(each, record_id) for each in calls) for record_id in ids})


if __name__ == "__main__":
    sys.exit(main())
