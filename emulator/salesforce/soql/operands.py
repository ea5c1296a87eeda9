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

# A backslash before anything else is an error (SOQL Reference, Quoted String Escape Sequences): the grammar refuses it.
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
ESCAPED = r"\\(u[0-9A-Fa-f]{4}|.)"


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
    if kind == "string" and (field.type in ("id", "reference") or field.type in TEXT_TYPES):
        said = quoted(context, cast("Token", literal.children[0]))
        return fold(said) or None if field.type in TEXT_TYPES else record_id_in(said)
    text = str(literal.children[0]) if literal.children else kind
    if field.type in NUMBER_TYPES and kind == "number":
        return float(text)
    if field.type == "boolean" and kind in ("true", "false"):
        return kind == "true"
    if field.type == kind == "date":
        return _valid_date(context, token, text)
    if field.type == kind == "datetime":
        return moment(context, token, text)
    raise wrong_literal(context, token, field)


def quoted(context: Context, token: Token) -> str:
    """The text of a quoted string. Raises MALFORMED_QUERY for `\\_` and `\\%`, which mean something to LIKE alone."""
    if any(found[1] in "_%" for found in re.finditer(ESCAPED, token)):
        message = f"Illegal character sequence in string literal {token}"
        raise malformed(context.scope.text, message, token.line or 0, token.column or 0)
    text = re.sub(ESCAPED, lambda found: unescaped(found[1]), token[1:-1])
    # Two codes may be one character; half of one is none.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def unescaped(sequence: str) -> str:
    """What stands for the characters behind a backslash."""
    if len(sequence) > 1:
        return chr(int(sequence[1:], 16))
    return _ESCAPES.get(sequence.lower(), sequence)


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
