"""A webhook through the real queue: from its arrival to our commit, and a thousand events in one burst."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from sqlalchemy import select, update

from benchmarks.report import Row, arguments, at_most, percentile, show
from benchmarks.street import Street, street
from jobs.models import Connection, LocalRecord, RecordLink, SyncRun
from jobs.models.run import OPEN
from widget.webhooks.salesforce import signature

SECRET = "a secret of the benchmark"
BAR_MS = 100.0
BAR_ANSWER_MS = 1000.0
RECORDS, EVENTS_EACH, AT_ONCE = 100, 10, 100
WARM_UP = 5


def main() -> int:
    options = arguments(__doc__, default_rounds=60)
    with street() as here:
        _set_secret(here)
        rows = [_alone(here, options.rounds), *_burst(here)]
    return show("webhook", rows, as_json=options.json)


def _alone(here: Street, rounds: int) -> Row:
    """One change, one webhook: how long until our record has the value."""
    record_id = here.credentials["records"]["Contact"]["id"]
    _send(here, [record_id])
    _wait_for_links(here, [record_id])
    took = []
    for number in range(rounds + WARM_UP):
        title = f"Title {number}"
        here.edit("Contact", record_id, {"Title": title})
        began = time.perf_counter()
        _send(here, [record_id])
        while _titles(here).get(record_id) != title:
            time.sleep(0.001)
        took.append((time.perf_counter() - began) * 1000)
    return at_most("webhook to commit: p95, ms", percentile(took[WARM_UP:], 95), BAR_MS, 1.0)


def _burst(here: Street) -> list[Row]:
    """Every record changes again and again, and is told of each time, in any order, by several senders at once."""
    ids = _new_contacts(here)
    _send(here, ids)
    _wait_for_links(here, ids)
    since = _next_seq(here)
    numbers = itertools.count()
    for record_id in ids:
        here.edit("Contact", record_id, {"Title": f"Last {next(numbers)}"})
    told = [ids[place % RECORDS] for place in range(RECORDS * EVENTS_EACH)]
    portions = [told[start : start + AT_ONCE] for start in range(0, len(told), AT_ONCE)]
    with ThreadPoolExecutor(max_workers=5) as senders:
        answers = list(senders.map(lambda portion: _timed(here, portion), portions))
    _wait_until_quiet(here)
    wanted = {record_id: f"Last {number}" for number, record_id in enumerate(ids)}
    apart = [each for each in ids if _titles(here).get(each) != wanted[each]]
    assert apart == [], f"{len(apart)} records have not converged"
    reads = _reads(here, since, ids)
    return [
        at_most("1,000 events: slowest answer, ms", max(answers), BAR_ANSWER_MS, 1.0),
        at_most("1,000 events: reads of the most read record", max(reads.values()), 2.0, 1.0),
    ]


def _timed(here: Street, ids: list[str]) -> float:
    began = time.perf_counter()
    _send(here, ids)
    return (time.perf_counter() - began) * 1000


def _send(here: Street, ids: list[str]) -> None:
    hints = [{"object": "Contact", "id": each, "event": "updated"} for each in ids]
    body = json.dumps(
        {"version": 1, "org_id": here.credentials["org_id"], "hints": hints, "n": time.time_ns()}
    ).encode()
    timestamp = str(int(time.time()))
    headers = {"X-CRM-Sync-Timestamp": timestamp, "X-CRM-Sync-Signature": signature(SECRET, timestamp, body)}
    answer = requests.post(f"{here.web_url}/webhooks/salesforce/1", data=body, headers=headers, timeout=20)
    assert answer.status_code == 202, answer.text


def _set_secret(here: Street) -> None:
    with here.runtime.database.write() as session:
        session.execute(update(Connection).values(hint_secret_sealed=here.runtime.vault.seal(SECRET)))


def _new_contacts(here: Street) -> list[str]:
    records: list[dict[str, Any]] = [
        {"LastName": f"Sample {number}", "Email": f"sample.{number}@example.com", "Title": "Clerk"}
        for number in range(RECORDS)
    ]
    ids: list[str] = here.control("records", {"object": "Contact", "records": records})["ids"]
    return ids


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


def _reads(here: Street, since: int, ids: list[str]) -> Counter[str]:
    entries = requests.get(f"{here.org_url}/_emulator/journal?since={since}&kind=call&limit=100000", timeout=60).json()
    text = [json.dumps(each) for each in entries["entries"] if "query" in each["path"]]
    return Counter({record_id: sum(record_id in each for each in text) for record_id in ids})


if __name__ == "__main__":
    sys.exit(main())
