"""WHERE: conditions checked by field type and turned into tests of a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from lark import Token

from emulator.rows import Row, fold
from emulator.salesforce.errors import ApiError
from emulator.salesforce.schema import TEXT_TYPES, Field
from emulator.salesforce.soql.operands import ESCAPED, Context, operand, quoted, unescaped, wrong_literal
from emulator.salesforce.soql.parser import Node
from emulator.salesforce.soql.paths import FieldPath, resolve

Test = Callable[[Row], bool]
_LONG_TEXT = 255
_EQUALITY = ("=", "!=", "<>")


def compile_condition(context: Context, node: Node) -> Test:
    """Check a condition and make its test. Raises ApiError as the query resource would."""
    return _COMPILERS[str(node.data)](context, node)


def _all(context: Context, node: Node) -> Test:
    tests = [compile_condition(context, each) for each in cast("list[Node]", node.children)]
    return lambda row: all(test(row) for test in tests)


def _any(context: Context, node: Node) -> Test:
    tests = [compile_condition(context, each) for each in cast("list[Node]", node.children)]
    return lambda row: any(test(row) for test in tests)


def _not(context: Context, node: Node) -> Test:
    test = compile_condition(context, cast("Node", node.children[0]))
    return lambda row: not test(row)


def _compare(context: Context, node: Node) -> Test:
    token, sign, literal = cast("tuple[Token, Token, Node]", tuple(node.children))
    path = _filterable(context, token)
    operator = str(sign)
    value = operand(context, path.field, token, literal)
    read = path.read
    if isinstance(value, tuple):
        return _within(read, operator, value)
    if operator not in _EQUALITY and path.field.type in ("boolean", "multipicklist"):
        raise _bad_operator(context, token, path.field)
    if path.field.type == "boolean" and value is None:
        raise wrong_literal(context, token, path.field)
    plain = _plain(path.field)
    if operator == "=":
        return lambda row: plain(read(row)) == value
    if operator in ("!=", "<>"):
        return lambda row: plain(read(row)) != value
    compare = _ORDERINGS[operator]
    return lambda row: value is not None and (own := plain(read(row))) is not None and compare(own, value)


def _within(read: Callable[[Row], Any], operator: str, span: tuple[str, str]) -> Test:
    """A comparison with a span of days: `<` is before its first day, `>` after its last."""
    first, until = span
    tests: Mapping[str, Callable[[str], bool]] = {
        "=": lambda own: first <= own < until,
        "!=": lambda own: not first <= own < until,
        "<>": lambda own: not first <= own < until,
        "<": lambda own: own < first,
        "<=": lambda own: own < until,
        ">": lambda own: own >= until,
        ">=": lambda own: own >= first,
    }
    test, for_null = tests[operator], operator in ("!=", "<>")
    return lambda row: for_null if (own := read(row)) is None else test(own)


def _like(context: Context, node: Node) -> Test:
    token, pattern = cast("tuple[Token, Token]", tuple(node.children))
    path = _filterable(context, token)
    if path.field.type not in TEXT_TYPES or path.field.type == "multipicklist":
        raise _bad_operator(context, token, path.field)
    matcher = _like_pattern(str(pattern)[1:-1])
    read = path.read
    return lambda row: (own := read(row)) is not None and matcher.fullmatch(own) is not None


def _like_pattern(text: str) -> re.Pattern[str]:
    pieces = []
    for found in re.finditer(f"{ESCAPED}|(.)", text, flags=re.DOTALL):
        escaped, plain = found.groups()
        if escaped is not None:
            pieces.append(re.escape(unescaped(escaped)))
        else:
            pieces.append({"%": ".*", "_": "."}.get(plain, re.escape(plain)))
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def _member(context: Context, node: Node) -> Test:
    return _membership(context, node)


def _no_member(context: Context, node: Node) -> Test:
    test = _membership(context, node)
    return lambda row: not test(row)


def _membership(context: Context, node: Node) -> Test:
    token, listed = cast("tuple[Token, Node]", tuple(node.children))
    path = _filterable(context, token)
    read, plain = path.read, _plain(path.field)
    if listed.data == "subquery":
        if path.field.type not in ("id", "reference"):
            raise _bad_operator(context, token, path.field)
        chosen = context.select_values(context.scope.text, cast("Node", listed.children[0]))
        return lambda row: read(row) in chosen
    values = [operand(context, path.field, token, each) for each in cast("list[Node]", listed.children)]
    spans = [value for value in values if isinstance(value, tuple)]
    plain_values = {value for value in values if not isinstance(value, tuple)}
    tests = [_within(read, "=", span) for span in spans]
    return lambda row: plain(read(row)) in plain_values or any(test(row) for test in tests)


def _includes(context: Context, node: Node) -> Test:
    token, *groups = cast("list[Token]", node.children)
    path = _filterable(context, token)
    if path.field.type != "multipicklist":
        raise _bad_operator(context, token, path.field)
    wanted = [{fold(part.strip()) for part in quoted(context, group).split(";")} for group in groups]
    read = path.read

    def test(row: Row) -> bool:
        own = {fold(part) for part in (read(row) or "").split(";") if part}
        return any(group <= own for group in wanted)

    return test


def _excludes(context: Context, node: Node) -> Test:
    test = _includes(context, node)
    return lambda row: not test(row)


def _filterable(context: Context, token: Token) -> FieldPath:
    path = resolve(context.scope, token)
    long_text = path.field.type == "textarea" and path.field.length > _LONG_TEXT
    if long_text or path.field.type in ("address", "location"):
        raise ApiError("INVALID_FIELD", f"field '{path.field.name}' can not be filtered in a query call")
    return path


def _plain(field: Field) -> Callable[[Any], Any]:
    if field.type in TEXT_TYPES:
        return fold
    return lambda value: value


def _bad_operator(context: Context, token: Token, field: Field) -> ApiError:
    return ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {field.type} field: {field.name}")


_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda own, value: bool(own < value),
    "<=": lambda own, value: bool(own <= value),
    ">": lambda own, value: bool(own > value),
    ">=": lambda own, value: bool(own >= value),
}
_COMPILERS: Mapping[str, Callable[[Context, Node], Test]] = {
    "both": _all,
    "either": _any,
    "negated": _not,
    "compare": _compare,
    "like": _like,
    "member": _member,
    "no_member": _no_member,
    "includes": _includes,
    "excludes": _excludes,
}
