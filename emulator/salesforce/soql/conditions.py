"""WHERE: conditions checked by field type and turned into tests of a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from lark import Token

from emulator.salesforce import ids
from emulator.salesforce.errors import ApiError
from emulator.salesforce.rows import Row, fold
from emulator.salesforce.schema import NUMBER_TYPES, TEXT_TYPES, Field
from emulator.salesforce.soql.dates import Days, days_of
from emulator.salesforce.soql.parser import Node, malformed
from emulator.salesforce.soql.paths import FieldPath, Scope, resolve
from emulator.salesforce.values import parse_time, wire_time

Test = Callable[[Row], bool]
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_LONG_TEXT = 255
_EQUALITY = ("=", "!=", "<>")


@dataclass(frozen=True, slots=True)
class Context:
    """A scope, the user's today, and how a sub-select is answered (as the set of its values)."""

    scope: Scope
    today: date
    select_values: Callable[[str, Node], set[Any]]


def compile_condition(context: Context, node: Node) -> Test:
    """Check a condition and make its test. Raises ApiError as the query resource would."""
    return _COMPILERS[str(node.data)](context, node)


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
    return _moment(context, token, str(literal.children[0]))


def unescape(token: str) -> str:
    """The text of a quoted string. `\\_` and `\\%` keep their meaning for LIKE elsewhere."""
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), token[1:-1], flags=re.DOTALL)


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
    value = _operand(context, path.field, token, literal)
    read = path.read
    if isinstance(value, tuple):
        return _within(read, operator, value)
    if operator not in _EQUALITY and path.field.type in ("boolean", "multipicklist"):
        raise _bad_operator(context, token, path.field)
    if path.field.type == "boolean" and value is None:
        raise _wrong_literal(context, token, path.field)
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
    for found in re.finditer(r"\\(.)|(.)", text, flags=re.DOTALL):
        escaped, plain = found.groups()
        if escaped is not None:
            pieces.append(re.escape(_ESCAPES.get(escaped, escaped)))
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
    values = [_operand(context, path.field, token, each) for each in cast("list[Node]", listed.children)]
    spans = [value for value in values if isinstance(value, tuple)]
    plain_values = {value for value in values if not isinstance(value, tuple)}
    tests = [_within(read, "=", span) for span in spans]
    return lambda row: plain(read(row)) in plain_values or any(test(row) for test in tests)


def _includes(context: Context, node: Node) -> Test:
    token, *groups = cast("list[Token]", node.children)
    path = _filterable(context, token)
    if path.field.type != "multipicklist":
        raise _bad_operator(context, token, path.field)
    wanted = [{fold(part.strip()) for part in unescape(str(group)).split(";")} for group in groups]
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


def _operand(context: Context, field: Field, token: Token, literal: Node) -> Any:
    """The comparable form of a literal for a field, or a (first, until) pair for a span of days."""
    kind = str(literal.data)
    if kind == "null":
        return None
    if kind in ("date_word", "date_range"):
        return _span(context, field, token, literal)
    text = str(literal.children[0]) if literal.children else kind
    if field.type in ("id", "reference") and kind == "string":
        return _id(unescape(text))
    if field.type in TEXT_TYPES and kind == "string":
        return fold(unescape(text)) or None
    if field.type in NUMBER_TYPES and kind == "number":
        return float(text)
    if field.type == "boolean" and kind in ("true", "false"):
        return kind == "true"
    if field.type == kind == "date":
        return _valid_date(context, token, text)
    if field.type == kind == "datetime":
        return _moment(context, token, text)
    raise _wrong_literal(context, token, field)


def _span(context: Context, field: Field, token: Token, literal: Node) -> tuple[str, str]:
    word = cast("Token", literal.children[0])
    user = context.scope.user
    days: Days | None = days_of(str(word), context.today, week_starts_monday=user.locale != "en_US")
    if days is None:
        raise malformed(context.scope.text, f"unexpected token: '{word}'", word.line or 0, word.column or 0)
    if field.type == "date":
        return days.as_dates()
    if field.type == "datetime":
        return days.as_moments(user.time_zone)
    raise _wrong_literal(context, token, field)


def _id(text: str) -> str | None:
    if not text:
        return None
    try:
        return ids.normalise(text)
    except ids.MalformedId as error:
        raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}") from error


def _valid_date(context: Context, token: Token, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise malformed(context.scope.text, f"Invalid date: {text}", token.line or 0, token.column or 0) from error


def _moment(context: Context, token: Token, text: str) -> str:
    # Literals with fractions of a second are not documented, so they are refused.
    try:
        if "." in text:
            raise ValueError(text)
        return wire_time(parse_time(text))
    except ValueError as error:
        raise malformed(context.scope.text, f"Invalid datetime: {text}", token.line or 0, token.column or 0) from error


def _plain(field: Field) -> Callable[[Any], Any]:
    if field.type in TEXT_TYPES:
        return fold
    return lambda value: value


def _wrong_literal(context: Context, token: Token, field: Field) -> ApiError:
    quoted = field.type in TEXT_TYPES or field.type in ("id", "reference")
    return ApiError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{field.name}' must be of type {field.type} and should "
        f"{'' if quoted else 'not '}be enclosed in quotes",
    )


def _bad_operator(context: Context, token: Token, field: Field) -> ApiError:
    return ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {field.type} field: {field.name}")


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
    texts = [unescape(str(literal.children[0])) for literal in literals]
    return _lookup(context, path.field, texts)


def _lookup(context: Context, field: Field, texts: list[str]) -> list[str] | None:
    if field.type in ("id", "reference"):
        texts = [record_id for text in texts if (record_id := _id(text))]
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
