"""Raw rows: in memory for reading, in SQLite for the next start, changed in transactions."""

from __future__ import annotations

import json
import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from emulator.sqlite_file import open_file

Row = Mapping[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    object TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (object, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""


class Kept(NamedTuple):
    """All rows and settings of a moment, as they are stored."""

    rows: list[tuple[str, str, str]]
    settings: list[tuple[str, str]]


class Rows:
    """All rows of all objects. A row is never changed in place: readers hold what they once got.

    `id_key` names the value that a row is known by (unique within its object), `stamp_key` the time by which
    `since` finds rows; both are texts, and stamps sort as texts.
    Rows hold only values that are not null. Everything that reads more than one row, and every write,
    happens under `lock`; `transaction()` takes it and undoes everything when its body raises.
    """

    def __init__(self, database: Path | str, *, id_key: str, stamp_key: str) -> None:
        self._id_key = id_key
        self._stamp_key = stamp_key
        self.lock = threading.RLock()
        self.tables: dict[str, dict[str, Row]] = {}
        self._indexes: dict[str, dict[str, dict[Any, set[str]]]] = {}
        self._by_stamp: dict[str, list[tuple[str, str]]] = {}
        self._connection = open_file(database, _SCHEMA, synchronous="OFF")
        self._undo: list[tuple[str, str, Row | None]] = []
        self._on_commit: list[Callable[[], None]] = []
        self._depth = 0
        # Counts what was ever changed: whoever remembers the number can tell whether anything was since.
        self.version = 0
        self._load()

    def table(self, object_name: str) -> dict[str, Row]:
        return self.tables.setdefault(object_name, {})

    def get(self, object_name: str, record_id: str) -> Row | None:
        return self.table(object_name).get(record_id)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. May be nested: an inner failure undoes the inner part only."""
        with self.lock:
            mark, announcements = len(self._undo), len(self._on_commit)
            self._depth += 1
            try:
                yield
            except BaseException:
                self._roll_back_to(mark)
                del self._on_commit[announcements:]
                raise
            finally:
                self._depth -= 1
            if self._depth == 0:
                self._commit()

    def put(self, object_name: str, row: Row) -> None:
        """Insert or replace a row; only inside a transaction."""
        record_id: str = row[self._id_key]
        old = self.table(object_name).get(record_id)
        self._undo.append((object_name, record_id, old))
        self._set(object_name, record_id, row)

    def after_commit(self, announce: Callable[[], None]) -> None:
        """Run once the outermost transaction has committed; forgotten when it is undone."""
        self._on_commit.append(announce)

    def index(self, object_name: str, field_name: str) -> None:
        """Keep the ids by (folded) value of a field from now on."""
        fields = self._indexes.setdefault(object_name, {})
        if field_name in fields:
            return
        entries: dict[Any, set[str]] = {}
        for record_id, row in self.table(object_name).items():
            if field_name in row:
                entries.setdefault(fold(row[field_name]), set()).add(record_id)
        fields[field_name] = entries

    def ids_with(self, object_name: str, field_name: str, value: object) -> list[str] | None:
        """The ids of the rows with this value, or None when the field has no index."""
        entries = self._indexes.get(object_name, {}).get(field_name)
        return None if entries is None else sorted(entries.get(fold(value), ()))

    def since(self, object_name: str, stamp: str) -> Iterator[Row]:
        """The rows with this stamp or a later one, sorted by stamp and id."""
        with self.lock:
            entries = self._by_stamp.get(object_name, [])
            chosen = entries[bisect_left(entries, (stamp, "")) :]
            table = self.table(object_name)
            # Rows are looked up one by one: who wants the first page does not pay for the rest.
            return (row for _, record_id in chosen if (row := table.get(record_id)) is not None)

    def save_setting(self, name: str, value: object) -> None:
        with self.lock:
            self.version += 1
            self._connection.execute("REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(value)))

    def setting(self, name: str) -> Any:
        """A value saved before, or None."""
        with self.lock:
            found = self._connection.execute("SELECT body FROM setting WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else None

    def clear(self) -> None:
        """Forget every row and every setting."""
        with self.lock:
            self.version += 1
            self._connection.execute("DELETE FROM record")
            self._connection.execute("DELETE FROM setting")
            self.tables.clear()
            self._indexes.clear()
            self._by_stamp.clear()

    def kept(self) -> Kept:
        """What is stored now, for `go_back`."""
        with self.lock:
            rows = self._connection.execute("SELECT object, id, body FROM record").fetchall()
            return Kept(rows, self._connection.execute("SELECT name, body FROM setting").fetchall())

    def go_back(self, kept: Kept) -> None:
        """Every row and every setting as they were then. What was indexed has to be indexed anew."""
        with self.lock:
            self.clear()
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT INTO record VALUES (?, ?, ?)", kept.rows)
            self._connection.executemany("INSERT INTO setting VALUES (?, ?)", kept.settings)
            self._connection.execute("COMMIT")
            self._load()

    def close(self) -> None:
        with self.lock:
            self._connection.close()

    def _commit(self) -> None:
        touched = {(object_name, record_id) for object_name, record_id, _ in self._undo}
        self._undo = []
        if touched:
            self._save(touched)
        self._on_commit, pending = [], self._on_commit
        for announce in pending:
            announce()

    def _save(self, touched: Iterable[tuple[str, str]]) -> None:
        self.version += 1
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "REPLACE INTO record VALUES (?, ?, ?)",
            [(name, record_id, json.dumps(self.tables[name][record_id])) for name, record_id in touched],
        )
        self._connection.execute("COMMIT")

    def _roll_back_to(self, mark: int) -> None:
        while len(self._undo) > mark:
            object_name, record_id, old = self._undo.pop()
            self._set(object_name, record_id, old)

    def _set(self, object_name: str, record_id: str, row: Row | None) -> None:
        table = self.table(object_name)
        old = table.get(record_id)
        for field_name, entries in self._indexes.get(object_name, {}).items():
            if old is not None and field_name in old:
                entries[fold(old[field_name])].discard(record_id)
            if row is not None and field_name in row:
                entries.setdefault(fold(row[field_name]), set()).add(record_id)
        self._restamp(object_name, record_id, old, row)
        if row is None:
            table.pop(record_id, None)
        else:
            table[record_id] = row

    def _restamp(self, object_name: str, record_id: str, old: Row | None, new: Row | None) -> None:
        entries = self._by_stamp.setdefault(object_name, [])
        if old is not None:
            del entries[bisect_left(entries, (old[self._stamp_key], record_id))]
        if new is not None:
            insort(entries, (new[self._stamp_key], record_id))

    def _load(self) -> None:
        saved = self._connection.execute("SELECT object, id, body FROM record ORDER BY length(id), id")
        for object_name, record_id, body in saved:
            row = self.table(object_name)[record_id] = json.loads(body)
            self._by_stamp.setdefault(object_name, []).append((row[self._stamp_key], record_id))
        for entries in self._by_stamp.values():
            entries.sort()


def fold(value: object) -> object:
    """Texts are compared without regard to case, as queries and unique fields do by default."""
    return value.casefold() if isinstance(value, str) else value
