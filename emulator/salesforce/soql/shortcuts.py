"""Cheap looks at a condition that spare a query from reading every row."""

from __future__ import annotations

from typing import cast

from lark import Token

from emulator.salesforce.schema import Field
from emulator.salesforce.soql.operands import Context, moment, quoted, record_id_in
from emulator.salesforce.soql.parser import Node
from emulator.salesforce.soql.paths import resolve


def wanted_ids(context: Context, node: Node | None) -> list[str] | None:
    """Ids that contain every possible match, from a cheap look at the outermost conditions; None: unknown."""
    if node is None:
        return None
    parts = cast("list[Node]", node.children) if node.data == "both" else [node]
    for part in parts:
        found = _ids_by_index(context, part)
        if found is not None:
            return found
    return None


def earliest_stamp(context: Context, node: Node | None) -> str | None:
    """The SystemModstamp before which nothing can match, as far as a cheap look tells; None: unknown."""
    if node is None:
        return None
    kind = str(node.data)
    if kind in ("both", "either"):
        bounds = [earliest_stamp(context, each) for each in cast("list[Node]", node.children)]
        known = [bound for bound in bounds if bound is not None]
        if kind == "both":
            return max(known, default=None)
        return min(known) if len(known) == len(bounds) else None
    if kind != "compare" or str(node.children[0]).lower() != "systemmodstamp":
        return None
    token, sign, literal = cast("tuple[Token, Token, Node]", tuple(node.children))
    if literal.data != "datetime" or sign not in ("=", ">", ">="):
        return None
    return moment(context, token, str(literal.children[0]))


def _ids_by_index(context: Context, node: Node) -> list[str] | None:
    kind = str(node.data)
    if kind not in ("compare", "member"):
        return None
    path = resolve(context.scope, cast("Token", node.children[0]))
    last = cast("Node", node.children[-1])
    if path.through or not path.field.stored or (kind == "compare" and node.children[1] != "="):
        return None
    if kind == "member" and last.data == "subquery":
        return None
    literals = [last] if kind == "compare" else cast("list[Node]", last.children)
    if any(literal.data != "string" for literal in literals):
        return None
    texts = [quoted(context, cast("Token", literal.children[0])) for literal in literals]
    return _lookup(context, path.field, texts)


def _lookup(context: Context, field: Field, texts: list[str]) -> list[str] | None:
    if field.type in ("id", "reference"):
        texts = [record_id for text in texts if (record_id := record_id_in(text))]
    if field.name == "Id":
        return sorted(set(texts))
    rows, name = context.scope.store.rows, context.scope.object_type.name
    found: set[str] = set()
    for text in texts:
        matching = rows.ids_with(name, field.name, text) if text else None
        if matching is None:
            return None
        found.update(matching)
    return sorted(found)
