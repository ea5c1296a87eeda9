"""Answering a query: select the rows, sort them, and shape them as the user may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, cast
from zoneinfo import ZoneInfo

from lark import Token

from emulator.rows import Row, fold
from emulator.salesforce.access import User
from emulator.salesforce.errors import ApiError
from emulator.salesforce.schema import TEXT_TYPES, Field, ObjectType
from emulator.salesforce.soql.conditions import Test, compile_condition
from emulator.salesforce.soql.operands import Context
from emulator.salesforce.soql.parser import Node, Ordering, Query, malformed, parse, to_query
from emulator.salesforce.soql.paths import FieldPath, Scope, follow, resolve
from emulator.salesforce.soql.semi_joins import require_allowed
from emulator.salesforce.soql.shortcuts import earliest_stamp, wanted_ids
from emulator.salesforce.store import Store

MAX_OFFSET = 2000
# The order in which rows can be read without sorting them, as watermark paging wants them.
_STAMP_ORDER = [("systemmodstamp", False), ("id", False)]
Shape = Callable[[Row], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a query as they were when it ran, and how to shape one. `count` alone for `COUNT()`."""

    rows: list[Row]
    shape: Shape
    width: int = 0
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, when, through which version's URLs, and whether deleted rows are wanted."""

    user: User
    now: datetime
    version: str
    with_deleted: bool = False


def run(store: Store, text: str, asker: Asker) -> Found:
    """Answer a query. Raises ApiError (MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE ...)."""
    query = parse(text)
    # One moment for the whole result: nothing is written while it is being collected.
    try:
        with store.rows.lock:
            return _Run(store, query, asker).found()
    except RecursionError as error:
        raise ApiError("MALFORMED_QUERY", "The query is nested too deeply") from error


class _Run:
    def __init__(self, store: Store, query: Query, asker: Asker, object_type: ObjectType | None = None) -> None:
        self._store = store
        self._query = query
        self._asker = asker
        object_type = object_type or store.object_type(str(query.object_name), asker.user)
        if object_type is None:
            raise ApiError("INVALID_TYPE", _no_such_type(str(query.object_name)))
        self._scope = Scope(store, object_type, asker.user, query.text, query.alias)
        today = asker.now.astimezone(ZoneInfo(asker.user.time_zone)).date()
        self._context = Context(self._scope, today, self._select_values)

    def found(self) -> Found:
        selections = self._query.selections
        counts = [each for each in selections if each.data == "count"]
        if counts:
            return self._counted(counts)
        shape, width = self._shape()
        return Found(self.rows(), shape, width)

    def rows(self) -> list[Row]:
        query = self._query
        if query.offset > MAX_OFFSET:
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        end = None if query.limit is None else query.offset + query.limit
        matching, in_order = self._matching()
        if in_order:
            return list(islice(matching, query.offset, end))
        rows = list(matching)
        for ordering in reversed(query.orderings):
            rows = self._sorted(rows, ordering)
        return rows[query.offset : end]

    def _matching(self) -> tuple[Iterator[Row], bool]:
        """The rows that match, and whether they come in the order that the query asks for."""
        condition = self._query.condition
        require_allowed(self._query)
        test: Test = _everything if condition is None else compile_condition(self._context, condition)
        candidates, in_order = self._candidates()
        if self._query.scope == "mine":
            mine = self._asker.user.id
            candidates = (row for row in candidates if row.get("OwnerId") == mine)
        return (row for row in candidates if test(row)), in_order

    def _candidates(self) -> tuple[Iterator[Row], bool]:
        scope, condition, deleted = self._scope, self._query.condition, self._asker.with_deleted
        asked = [(str(each.path).lower(), each.descending) for each in self._query.orderings]
        chosen = wanted_ids(self._context, condition)
        if chosen is not None:
            rows = (self._store.row(scope.object_type, each, scope.user, with_deleted=deleted) for each in chosen)
            return (row for row in rows if row is not None), not asked
        earliest = earliest_stamp(self._context, condition)
        by_stamp = bool(asked) and asked == _STAMP_ORDER[: len(asked)]
        since = earliest or ("" if by_stamp else None)
        return (
            self._store.visible(scope.object_type, scope.user, with_deleted=deleted, since=since),
            by_stamp or not asked,
        )

    def _sorted(self, rows: list[Row], ordering: Ordering) -> list[Row]:
        path = resolve(self._scope, ordering.path)
        if path.field.type in ("address", "location", "multipicklist") or path.field.length > 4000:
            raise ApiError("INVALID_FIELD", f"field '{path.field.name}' can not be sorted in a query call")
        plain: Callable[[Any], Any] = fold if path.field.type in TEXT_TYPES else lambda value: value
        empty = [row for row in rows if path.read(row) is None]
        filled = [row for row in rows if path.read(row) is not None]
        filled.sort(key=lambda row: plain(path.read(row)), reverse=ordering.descending)
        return filled + empty if ordering.nulls_last else empty + filled

    def _counted(self, counts: list[Node]) -> Found:
        token, alias = cast("tuple[Token | None, Token | None]", tuple(counts[0].children))
        if len(self._query.selections) > 1:
            raise malformed(
                self._query.text, "Grouped query: count() must be the only element in the select list", 0, 0
            )
        if self._query.orderings:
            raise malformed(self._query.text, "COUNT() cannot be ordered: the count is all there is", 0, 0)
        rows = self.rows()
        if token is None:
            return Found([], lambda row: {}, count=len(rows))
        path = resolve(self._scope, token)
        counted = sum(path.read(row) is not None for row in rows)
        key = str(alias) if alias else "expr0"
        return Found([{"Id": ""}], lambda row: {"attributes": {"type": "AggregateResult"}, key: counted})

    def _shape(self) -> tuple[Shape, int]:
        leaves: dict[str, FieldPath] = {}
        children: dict[str, Callable[[Row], dict[str, Any] | None]] = {}
        for selection in self._query.selections:
            if selection.data == "children":
                name, read = self._children(cast("Node", selection.children[0]))
                children[name] = read
                continue
            for path in self._selected(selection):
                key = ".".join([*(_relation(each) for each in path.through), path.field.name])
                if key in leaves:
                    raise ApiError("INVALID_FIELD", f"duplicate field selected: {key}")
                leaves[key] = path
        width = sum(min(path.field.length or 20, 4000) for path in leaves.values())
        return _Shaper(self._scope, list(leaves.values()), children, self._asker.version).shape, width

    def _selected(self, selection: Node) -> list[FieldPath]:
        if selection.data == "path":
            return [resolve(self._scope, cast("Token", selection.children[0]))]
        group = str(selection.children[0]).upper()
        if group not in ("ALL", "STANDARD", "CUSTOM"):
            raise malformed(self._query.text, f"unexpected token: '{selection.children[0]}'", 0, 0)
        if group != "STANDARD" and not (self._query.limit is not None and self._query.limit <= 200):
            raise malformed(
                self._query.text,
                "The SOQL FIELDS function must have a LIMIT of at most 200",
                0,
                0,
            )
        wanted = [
            each
            for each in self._store.fields(self._scope.object_type, self._scope.user)
            if group == "ALL" or each.custom == (group == "CUSTOM")
        ]
        return [resolve(self._scope, Token("PATH", each.name)) for each in wanted]

    def _children(self, node: Node) -> tuple[str, Callable[[Row], dict[str, Any] | None]]:
        query = to_query(self._query.text, node)
        relation = str(query.object_name)
        parent = self._scope.object_type
        for child_type, field in self._store.schema.children_of(parent.name):
            name = child_relationship(parent, child_type, field)
            if name is None or name.lower() != relation.lower():
                continue
            if self._store.object_type(child_type.name, self._asker.user) is None:
                break
            return name, self._child_reader(query, child_type, field)
        token = query.object_name
        raise ApiError("INVALID_TYPE", f"Didn't understand relationship '{token}' in FROM part of query call.")

    def _child_reader(
        self, query: Query, child_type: ObjectType, field: Field
    ) -> Callable[[Row], dict[str, Any] | None]:
        inner = _Run(self._store, query, self._asker, child_type)
        shape, _ = inner._shape()
        by_parent: dict[str, list[Row]] = {}
        limit, inner._query.limit = query.limit, None
        for row in inner.rows():
            by_parent.setdefault(row.get(field.name, ""), []).append(row)

        def read(row: Row) -> dict[str, Any] | None:
            rows = by_parent.get(row["Id"], [])[:limit]
            if not rows:
                return None
            return {"totalSize": len(rows), "done": True, "records": [shape(each) for each in rows]}

        return read

    def _select_values(self, text: str, node: Node) -> set[Any]:
        query = to_query(text, node)
        inner = _Run(self._store, query, self._asker)
        if len(query.selections) != 1 or query.selections[0].data != "path":
            raise malformed(text, "semi join sub-selects must select exactly one field", 0, 0)
        path = resolve(inner._scope, cast("Token", query.selections[0].children[0]))
        if path.field.type not in ("id", "reference"):
            raise ApiError("INVALID_FIELD", "semi join sub-selects can only select an ID field")
        return {value for row in inner.rows() if (value := path.read(row)) is not None}


class _Shaper:
    """Turns rows into the API's records: attributes first, parents nested under their relationship."""

    def __init__(
        self,
        scope: Scope,
        paths: list[FieldPath],
        children: dict[str, Callable[[Row], dict[str, Any] | None]],
        version: str,
    ) -> None:
        self._scope = scope
        self._paths = paths
        self._children = children
        self._version = version

    def shape(self, row: Row) -> dict[str, Any]:
        record: dict[str, Any] = {"attributes": attributes(self._scope.object_type.name, row["Id"], self._version)}
        for path in self._paths:
            if not path.through:
                record[path.field.name] = path.read(row)
            else:
                self._nest(record, row, path)
        for name, read in self._children.items():
            record[name] = read(row)
        return record

    def _nest(self, record: dict[str, Any], row: Row, path: FieldPath) -> None:
        for depth, reference in enumerate(path.through, start=1):
            name = _relation(reference)
            if name not in record:
                record[name] = self._empty_parent(row, path.through[:depth])
            if record[name] is None:
                return
            record = record[name]
        record[path.field.name] = path.read(row)

    def _empty_parent(self, row: Row, through: tuple[Field, ...]) -> dict[str, Any] | None:
        found = follow(self._scope, row, through)
        if found is None:
            return None
        shown = attributes(found[0].name, found[1]["Id"], self._version)
        if len(through[-1].reference_to) > 1:
            shown["type"] = "Name"
        return {"attributes": shown}


def _everything(row: Row) -> bool:
    return True


def attributes(object_name: str, record_id: str, version: str) -> dict[str, str]:
    """The `attributes` of a record in any answer."""
    return {"type": object_name, "url": f"/services/data/v{version}/sobjects/{object_name}/{record_id}"}


def child_relationship(parent: ObjectType, child: ObjectType, field: Field) -> str | None:
    """The name under which a parent's query reaches these children, where it has one."""
    plural = child.label_plural.replace(" ", "")
    if child.custom and field.custom:
        return child.label_plural.replace(" ", "_") + "__r"
    return plural if field.relationship == parent.name else None


def _relation(field: Field) -> str:
    return field.relationship or field.name


def _no_such_type(name: str) -> str:
    return (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
