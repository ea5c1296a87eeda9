"""Rows under transactions: all or nothing, nested, and still there after a new start."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.rows import Rows

STAMP = "2026-01-01T00:00:00.000+0000"


def row(number: int, **values: str) -> dict[str, str]:
    return {"Id": f"id{number}", "SystemModstamp": STAMP, **values}


def put_and_fail(rows: Rows, *changed: dict[str, str], announced: list[str]) -> None:
    with rows.transaction():
        for each in changed:
            rows.put("Thing", each)
        rows.after_commit(lambda: announced.append("failed"))
        raise RuntimeError


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return Rows(tmp_path / "org.sqlite3", id_key="Id", stamp_key="SystemModstamp")


def test_a_failed_transaction_leaves_no_trace(rows: Rows) -> None:
    announced: list[str] = []
    rows.index("Thing", "Email")
    with rows.transaction():
        rows.put("Thing", row(1, Email="old"))
    with pytest.raises(RuntimeError):
        put_and_fail(rows, row(1, Email="new"), row(2), announced=announced)
    assert rows.get("Thing", "id1") == row(1, Email="old")
    assert rows.get("Thing", "id2") is None
    assert rows.ids_with("Thing", "Email", "OLD") == ["id1"]
    assert rows.ids_with("Thing", "Email", "new") == []
    assert [each["Id"] for each in rows.since("Thing", "")] == ["id1"]
    assert announced == []


def test_an_inner_failure_undoes_the_inner_part_only(rows: Rows) -> None:
    announced: list[str] = []
    with rows.transaction():
        rows.put("Thing", row(1))
        rows.after_commit(lambda: announced.append("outer"))
        with pytest.raises(RuntimeError):
            put_and_fail(rows, row(2), announced=announced)
        assert announced == []
    assert set(rows.table("Thing")) == {"id1"}
    assert announced == ["outer"]


def test_committed_rows_survive_and_others_do_not(tmp_path: Path) -> None:
    first = Rows(tmp_path / "org.sqlite3", id_key="Id", stamp_key="SystemModstamp")
    with first.transaction():
        first.put("Thing", row(1, Email="é🚀"))
    with pytest.raises(RuntimeError):
        put_and_fail(first, row(2), announced=[])
    first.close()
    second = Rows(tmp_path / "org.sqlite3", id_key="Id", stamp_key="SystemModstamp")
    assert dict(second.table("Thing")) == {"id1": row(1, Email="é🚀")}
    assert [each["Id"] for each in second.since("Thing", STAMP)] == ["id1"]
