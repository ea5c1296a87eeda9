"""From click to final partial, at 0 ms CRM latency, against a floor measured in the same run, click by click."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from urllib.parse import quote

import requests

from benchmarks.report import Row, arguments, at_most, percentile, show
from benchmarks.street import PanelClient, Street, free_port, street, wait_for
from jobs.models import LocalRecord, RecordLink
from jobs.records import change_local

BAR_P50, BAR_P95 = 2.0, 3.0
WARM_UP = 15


def main() -> int:
    options = arguments(__doc__, default_rounds=150)
    rows: list[Row] = []
    with street() as here:
        floor = _start_floor(here)
        panel = PanelClient(here, "Contact")
        panel.click()
        titles = (f"Title {number}" for number in itertools.count())
        cases: list[tuple[str, Callable[[], None], str]] = [
            ("nothing to do", lambda: None, "Nothing to do"),
            (
                "one field from the CRM",
                lambda: here.edit("Contact", panel.record_id, {"Title": next(titles)}),
                "from S",
            ),
            ("one field to the CRM", lambda: _change_score(here, next(titles)), "to S"),
        ]
        for name, prepare, expected in cases:
            ours, theirs = _measure(panel, floor, prepare, expected, options.rounds)
            for percent, bar in ((50, BAR_P50), (95, BAR_P95)):
                what = f"{name}: p{percent}, ms"
                rows.append(at_most(what, percentile(ours, percent), percentile(theirs, percent), bar))
    return show("one_click", rows, as_json=options.json)


def _measure(
    panel: PanelClient, floor: Callable[[], None], prepare: Callable[[], None], expected: str, rounds: int
) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(rounds + WARM_UP):
        prepare()
        began = time.perf_counter()
        final = panel.click()
        between = time.perf_counter()
        floor()
        ended = time.perf_counter()
        assert expected in final, final
        if number >= WARM_UP:
            ours.append((between - began) * 1000)
            theirs.append((ended - between) * 1000)
    return ours, theirs


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


def _start_floor(here: Street) -> Callable[[], None]:
    port = free_port()
    soql = f"SELECT Id, Name, Email, Title, LastModifiedDate FROM Contact WHERE Id = '{_contact(here)}'"
    here.environment.update(
        FLOOR_DATABASE=str(here.settings.data_dir / "floor.sqlite3"),
        FLOOR_URL=f"{here.org_url}/services/data/v67.0/queryAll?q={quote(soql)}",
        FLOOR_TOKEN=here.credentials["access_token"],
    )
    here.start("floor-web", "-m", "benchmarks.floor", "serve", str(port))
    here.start("floor-worker", "-m", "benchmarks.floor", "work")
    wait_for_port = f"http://127.0.0.1:{port}"
    numbers = itertools.count(1)
    http = requests.Session()

    def click() -> None:
        number = http.post(f"{wait_for_port}/click/{next(numbers)}", timeout=20).text
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


def _contact(here: Street) -> str:
    return str(here.credentials["records"]["Contact"]["id"])


if __name__ == "__main__":
    sys.exit(main())
