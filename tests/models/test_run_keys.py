"""A click that carries a key: it may arrive twice, at once or much later, and starts one run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from jobs import asking, run_keys
from jobs.db import Database
from jobs.models import RunKey, SyncRun
from jobs.models.run import SUCCEEDED
from jobs.runtime import utc_now

KEY = "0f8f5c2e-click"


def click(database: Database, connection_id: int, key: str = KEY, **changes: Any) -> tuple[int, bool]:
    """The run and whether it is new."""
    values: dict[str, Any] = {"object": "contacts", "crm_record_id": "501", "trigger": "panel", "requested_by_id": "11"}
    with database.write() as session:
        run, is_new = run_keys.open_single(session, asking.Ask(connection_id, **values | changes), key)
        return run.id, is_new


def finish(database: Database, run_id: int) -> None:
    with database.write() as session:
        session.execute(update(SyncRun).where(SyncRun.id == run_id).values(status=SUCCEEDED, finished_at=utc_now()))


def number_of_runs(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(SyncRun)) or 0


def test_the_same_click_again_gets_the_run_it_started(database: Database, connection_id: int) -> None:
    run_id, is_new = click(database, connection_id)
    assert is_new
    assert click(database, connection_id) == (run_id, False)


def test_also_when_that_run_is_over(database: Database, connection_id: int) -> None:
    run_id, _ = click(database, connection_id)
    finish(database, run_id)
    assert click(database, connection_id) == (run_id, False)
    assert number_of_runs(database) == 1


def test_the_next_click_starts_the_next_run(database: Database, connection_id: int) -> None:
    first, _ = click(database, connection_id)
    finish(database, first)
    second, is_new = click(database, connection_id, "another-click")
    assert is_new
    assert second != first


def test_a_click_that_joined_a_run_keeps_to_it(database: Database, connection_id: int) -> None:
    first, _ = click(database, connection_id)
    assert click(database, connection_id, "another-click") == (first, False)
    finish(database, first)
    assert click(database, connection_id, "another-click") == (first, False)


def test_the_same_key_of_another_person_or_record_is_another_click(database: Database, connection_id: int) -> None:
    first, _ = click(database, connection_id)
    finish(database, first)
    others = [
        click(database, connection_id, crm_record_id="502"),
        click(database, connection_id, object="companies"),
        click(database, connection_id, requested_by_id="12"),
    ]
    assert [is_new for _, is_new in others] == [True] * 3
    assert first not in {run_id for run_id, _ in others}


def test_of_many_at_once_one_is_new_and_all_get_its_run(database: Database, connection_id: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: click(database, connection_id), range(8)))
    assert len({run_id for run_id, _ in answers}) == 1
    assert sorted(is_new for _, is_new in answers) == [False] * 7 + [True]


def test_a_key_whose_run_was_tidied_away_starts_a_new_one(database: Database, connection_id: int) -> None:
    run_id, _ = click(database, connection_id)
    with database.write() as session:
        session.execute(update(RunKey).values(run_id=run_id + 1000))
    finish(database, run_id)
    assert click(database, connection_id)[1]


def test_it_is_kept_for_a_day_and_only_as_a_hash(database: Database, connection_id: int) -> None:
    click(database, connection_id)
    with database.read() as session:
        kept = session.scalars(select(RunKey)).one()
    assert KEY not in kept.digest
    assert timedelta(hours=23) < kept.forget_at - utc_now() <= timedelta(days=1)
