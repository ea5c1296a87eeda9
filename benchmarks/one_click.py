"""From click to final partial, at 0 ms CRM latency, against a floor measured in the same run, click by click."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from benchmarks.report import Row, arguments, at_most, percentile, show
from benchmarks.street import PanelClient, Street, free_port, street, wait_for
from jobs.models import LocalRecord, RecordLink
from jobs.records import change_local

BAR_P50, BAR_P95 = 2.0, 3.0
WARM_UP = 15


@dataclass(frozen=True)
class Case:
    """What a click has to do. `floor` is the yardstick's route, `beside` one that is shown and not judged by."""

    name: str
    prepare: Callable[[], None]
    expected: str
    floor: str = "click"
    beside: str = ""


def main() -> int:
    options = arguments(__doc__, default_rounds=150)
    rows: list[Row] = []
    with street() as here:
        floor = _start_floor(here)
        panel = PanelClient(here, "Contact")
        panel.click()
        titles = (f"Title {number}" for number in itertools.count())
        cases = (
            Case("nothing to do", lambda: None, "Nothing to do"),
            Case(
                "one field from the CRM",
                lambda: here.edit("Contact", panel.record_id, {"Title": next(titles)}),
                "from S",
            ),
            # A write is a call more: its yardstick makes it too.
            Case("one field to the CRM", lambda: _change_score(here, next(titles)), "to S", "click-and-write", "click"),
        )
        for case in cases:
            ours, theirs, beside = _measure(panel, floor, case, options.rounds)
            rows += _rows(case.name, ours, theirs, judged=True)
            if case.beside:
                rows += _rows(f"{case.name}, floor of one call", ours, beside, judged=False)
    return show("one_click", rows, as_json=options.json)


def _rows(name: str, ours: list[float], theirs: list[float], *, judged: bool) -> list[Row]:
    return [
        at_most(
            f"{name}: p{percent}, ms", percentile(ours, percent), percentile(theirs, percent), bar if judged else None
        )
        for percent, bar in ((50, BAR_P50), (95, BAR_P95))
    ]


def _measure(
    panel: PanelClient, floor: Callable[[str], None], case: Case, rounds: int
) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of our click, of the floor's, and of the one beside it, taken in turn."""
    samples: list[tuple[float, float, float]] = []
    for _ in range(rounds + WARM_UP):
        case.prepare()
        began = time.perf_counter()
        final = panel.click()
        clicked = time.perf_counter()
        floor(case.floor)
        ended = time.perf_counter()
        if case.beside:
            floor(case.beside)
        beside = time.perf_counter() - ended
        assert case.expected in final, final
        samples.append((clicked - began, ended - clicked, beside))
    ours, theirs, others = zip(*samples[WARM_UP:], strict=True)
    return [each * 1000 for each in ours], [each * 1000 for each in theirs], [each * 1000 for each in others]


def _change_score(here: Street, text: str) -> None:
    """A change of ours, so that the next click has one field to write.

    The org's clock moves on: a record that was written within the last second is waited for, on purpose.
    """
    here.clock_offset += 3
    here.control("clock", {"offset_seconds": here.clock_offset})
    record_id = here.credentials["records"]["Contact"]["id"]
    with here.runtime.database.write() as session:
        link = session.query(RecordLink).filter_by(crm_record_id=record_id).one()
        local = session.get_one(LocalRecord, link.local_record_id)
        change_local(session, local, {"lead_score": int(text.split()[1])}, by="benchmark")


def _start_floor(here: Street) -> Callable[[str], None]:
    port = free_port()
    api = "/services/data/v67.0"
    read = f"{api}/queryAll?q={quote(_soql('Contact', here))}"
    here.environment.update(
        FLOOR_DATABASE=str(here.settings.data_dir / "floor.sqlite3"),
        FLOOR_URL=f"{here.org_url}{read}",
        FLOOR_WRITE_URL=f"{here.org_url}{api}/composite",
        FLOOR_WRITE=json.dumps(_composite(api, here)),
        FLOOR_TOKEN=here.credentials["access_token"],
    )
    here.start("floor-web", "-m", "benchmarks.floor", "serve", str(port))
    here.start("floor-worker", "-m", "benchmarks.floor", "work")
    wait_for_port = f"http://127.0.0.1:{port}"
    numbers = itertools.count(1)
    http = requests.Session()

    def click(route: str) -> None:
        number = http.post(f"{wait_for_port}/{route}/{next(numbers)}", timeout=20).text
        answer = http.get(f"{wait_for_port}/wait/{number}", timeout=20)
        assert '"totalSize"' in answer.text, answer.text

    _until_up(wait_for_port)
    return click


def _until_up(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=2)
            return
        except requests.ConnectionError:
            time.sleep(0.05)
    wait_for(url)


def _composite(api: str, here: Street) -> dict[str, Any]:
    """Read, write, read back, as ours does; on another record, so that neither has to wait for the other's second."""
    query = f"{api}/queryAll?q={quote(_soql('Lead', here))}"
    return {
        "allOrNone": False,
        "compositeRequest": [
            {"method": "GET", "url": query, "referenceId": "before"},
            {
                "method": "PATCH",
                "url": f"{api}/sobjects/Lead/{here.credentials['records']['Lead']['id']}",
                "referenceId": "write",
                "body": {"Title": "Title NUMBER"},
            },
            {"method": "GET", "url": query, "referenceId": "after"},
        ],
    }


def _soql(object_name: str, here: Street) -> str:
    record_id = here.credentials["records"][object_name]["id"]
    return f"SELECT Id, Name, Email, Title, LastModifiedDate FROM {object_name} WHERE Id = '{record_id}'"


if __name__ == "__main__":
    sys.exit(main())
