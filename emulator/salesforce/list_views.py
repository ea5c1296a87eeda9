"""List views: saved questions about one object, which users keep and administrators share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.rows import Row
from emulator.salesforce import ids
from emulator.salesforce.errors import ApiError
from emulator.salesforce.soql.parser import parse
from emulator.salesforce.values import wire_time

if TYPE_CHECKING:
    from emulator.salesforce.org import Org

TABLE = "_list_view"
KEY_PREFIX = "00B"
SCOPES = ("everything", "mine")


class ListViews:
    """The list views of one org. One that is not `soql_compatible` (recently viewed records, say) has no query."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def of(self, object_name: str) -> list[Row]:
        rows = self._org.rows.table(TABLE).values()
        return sorted((row for row in rows if row["object"] == object_name and not row["deleted"]), key=_by_label)

    def find(self, object_name: str, view_id: str) -> Row | None:
        row = self._org.rows.get(TABLE, view_id)
        return row if row is not None and row["object"] == object_name and not row["deleted"] else None

    def create(self, definition: Mapping[str, Any]) -> str:
        """`{object, label, developer_name, where?, order_by?, columns?, scope?, soql_compatible?}`; the new id.

        Raises ApiError for a condition that is no SOQL, and ValueError for what an org has no word for.
        """
        if definition.get("scope", "everything") not in SCOPES:
            raise ValueError(f"a list view's scope is one of {', '.join(SCOPES)}")
        row: dict[str, Any] = {
            "Id": "",
            "SystemModstamp": wire_time(self._org.clock.now()),
            "object": self._org.schema.objects[definition["object"]].name,
            "label": definition["label"],
            "developer_name": definition["developer_name"],
            "columns": list(definition.get("columns", ("Name",))),
            "where": definition.get("where", ""),
            "order_by": definition.get("order_by", "Name"),
            "scope": definition.get("scope", "everything"),
            "soql_compatible": bool(definition.get("soql_compatible", True)),
            "deleted": False,
        }
        parse(query_of(row))
        with self._org.rows.transaction():
            row["Id"] = ids.make(KEY_PREFIX, len(self._org.rows.table(TABLE)) + 1)
            self._org.rows.put(TABLE, row)
        return str(row["Id"])

    def delete(self, view_id: str) -> None:
        row = self._org.rows.get(TABLE, view_id)
        if row is None:
            raise LookupError(f"there is no list view {view_id}")
        with self._org.rows.transaction():
            self._org.rows.put(TABLE, {**row, "deleted": True})

    def seed(self, definitions: Iterable[Mapping[str, Any]]) -> None:
        for each in definitions:
            self.create(each)


def query_of(row: Row) -> str:
    """The question as the describe gives it: the view's columns, and the ids behind them."""
    columns = ", ".join([*row["columns"], "Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"])
    scope = f" USING SCOPE {row['scope']}" if row["scope"] != "everything" else ""
    where = f" WHERE {row['where']}" if row["where"] else ""
    order = f"{row['order_by']} ASC NULLS FIRST, Id ASC NULLS FIRST"
    return f"SELECT {columns} FROM {row['object']}{scope}{where} ORDER BY {order}"


def required(row: Row | None) -> Row:
    if row is None:
        raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
    return row


def _by_label(row: Row) -> tuple[str, str]:
    return row["label"].casefold(), row["Id"]
