"""Literals of a query, as values that can be compared with those of a field."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from lark import Token

from emulator.rows import fold
from emulator.salesforce import ids
from emulator.salesforce.errors import ApiError
from emulator.salesforce.schema import NUMBER_TYPES, TEXT_TYPES, Field
from emulator.salesforce.soql.dates import days_of
from emulator.salesforce.soql.parser import Node, malformed
from emulator.salesforce.soql.paths import Scope
from emulator.salesforce.values import parse_time, wire_time

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Context:
    """A scope, the user's today, and how a sub-select is answered (as the set of its values)."""

    scope: Scope
    today: date
    select_values: Callable[[str, Node], set[Any]]


def operand(context: Context, field: Field, token: Token, literal: Node) -> Any:
    """The comparable form of a literal for a field, or a (first, until) pair for a span of days."""
    kind = str(literal.data)
    if kind == "null":
        return None
    if kind in ("date_word", "date_range"):
        return _span(context, field, token, literal)
    text = str(literal.children[0]) if literal.children else kind
    if field.type in ("id", "reference") and kind == "string":
        return record_id_in(unescape(text))
    if field.type in TEXT_TYPES and kind == "string":
        return fold(unescape(text)) or None
    if field.type in NUMBER_TYPES and kind == "number":
        return float(text)
    if field.type == "boolean" and kind in ("true", "false"):
        return kind == "true"
    if field.type == kind == "date":
        return _valid_date(context, token, text)
    if field.type == kind == "datetime":
        return moment(context, token, text)
    raise wrong_literal(context, token, field)


def unescape(token: str) -> str:
    """The text of a quoted string. `\\_` and `\\%` keep their meaning for LIKE elsewhere."""
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), token[1:-1], flags=re.DOTALL)


def record_id_in(text: str) -> str | None:
    if not text:
        return None
    try:
        return ids.normalise(text)
    except ids.MalformedId as error:
        raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}") from error


def moment(context: Context, token: Token, text: str) -> str:
    # Literals with fractions of a second are not documented, so they are refused.
    try:
        if "." in text:
            raise ValueError(text)
        return wire_time(parse_time(text))
    except ValueError as error:
        raise malformed(context.scope.text, f"Invalid datetime: {text}", token.line or 0, token.column or 0) from error


def _span(context: Context, field: Field, token: Token, literal: Node) -> tuple[str, str]:
    word = cast("Token", literal.children[0])
    if field.type not in ("date", "datetime"):
        raise wrong_literal(context, token, field)
    user = context.scope.user
    try:
        days = days_of(str(word), context.today, week_starts_monday=user.locale != "en_US")
        if days is not None:
            return days.as_dates() if field.type == "date" else days.as_moments(user.time_zone)
    except (OverflowError, ValueError) as error:
        raise ApiError("MALFORMED_QUERY", f"{word} is outside of all calendars") from error
    raise malformed(context.scope.text, f"unexpected token: '{word}'", word.line or 0, word.column or 0)


def _valid_date(context: Context, token: Token, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise malformed(context.scope.text, f"Invalid date: {text}", token.line or 0, token.column or 0) from error


def wrong_literal(context: Context, token: Token, field: Field) -> ApiError:
    quoted = field.type in TEXT_TYPES or field.type in ("id", "reference")
    return ApiError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{field.name}' must be of type {field.type} and should "
        f"{'' if quoted else 'not '}be enclosed in quotes",
    )
