"""What Salesforce does not do with sub-selects behind IN and NOT IN (SOQL Reference, Comparison Operators)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from emulator.salesforce.errors import ApiError
from emulator.salesforce.soql.parser import Node, Query, malformed, to_query

MOST = 2
_REFUSED = {
    "in either": "Semi join sub-selects are not allowed with the 'OR' operator",
    "nested": "Semi join sub-selects are only allowed at the top level WHERE expressions "
    "and not in nested WHERE expressions",
}


def require_allowed(query: Query) -> None:
    """Raises MALFORMED_QUERY."""
    if query.condition is None:
        return
    found = list(_sub_selects(query.condition))
    if len(found) > MOST:
        raise _refused(query, f"Maximum {MOST} semi join sub-selects are allowed")
    for node, place in found:
        if place in _REFUSED:
            raise _refused(query, _REFUSED[place])
        _require_allowed_inside(query, to_query(query.text, node))


def _require_allowed_inside(outer: Query, inner: Query) -> None:
    if inner.object_name.lower() == outer.object_name.lower():
        raise _refused(outer, "The inner and outer selects should not be on the same object type")
    if inner.orderings or inner.limit is not None or inner.offset:
        raise _refused(outer, "Semi join sub-selects cannot be ordered or limited")
    if inner.condition is not None and any(_sub_selects(inner.condition)):
        raise _refused(outer, "Nesting of semi join sub-selects is not supported")


def _sub_selects(condition: Node) -> Iterator[tuple[Node, str]]:
    """Each sub-select, and where it stands: "at the top", "in either" or "nested"."""
    is_joined = condition.data in ("both", "either")
    parts = cast("list[Node]", condition.children) if is_joined else [condition]
    for part in parts:
        if (node := _sub_select_of(part)) is not None:
            yield node, "in either" if condition.data == "either" else "at the top"
        else:
            yield from ((node, "nested") for each in part.iter_subtrees() if (node := _sub_select_of(each)) is not None)


def _sub_select_of(node: Node) -> Node | None:
    if node.data not in ("member", "no_member"):
        return None
    listed = cast("Node", node.children[-1])
    return cast("Node", listed.children[0]) if listed.data == "subquery" else None


def _refused(query: Query, message: str) -> ApiError:
    return malformed(query.text, message, 0, 0)
