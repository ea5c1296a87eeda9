"""A filter in SOQL: the condition of a WHERE clause (SOQL and SOSL Reference, comparison operators, quoted strings).

Names come from the describe alone and values are written as literals of their type, so nothing a person typed can
become a part of the query. Accounts differ on whether the opposite of a comparison finds blank values; each opposite
asks for them itself.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import singledispatch
from urllib.parse import quote

from jobs.crm.base import FieldInfo
from jobs.crm.errors import Rejected
from jobs.crm.salesforce_names import full_id, query_column
from jobs.sync.filter_tests import Blank, Contains, Includes, Not, OneOf, Within
from jobs.sync.filters import FilterRefused, Question, Term

# Of the 16,384 bytes of a request's address (REST API Developer Guide, limits) the column list needs its part.
MOST_BYTES = 12_000
_LIKE_SIGNS = re.compile(r"([%_])")


def condition(question: Question) -> str:
    """What stands after WHERE. Raises FilterRefused for what does not fit in one query."""
    text = _grouped(question)
    if len(quote(text, safe="")) > MOST_BYTES:
        raise FilterRefused("The filter is too long for one Salesforce query. Give it fewer or shorter values.")
    return text


def _grouped(part: Question | Term) -> str:
    if isinstance(part, Term):
        column = query_column(part.field.name, part.field.field_type)
        return _asked(part.test, column, part.field)
    joint = " AND " if part.kind == "all" else " OR "
    asked = [_grouped(each) for each in part.parts]
    return asked[0] if len(asked) == 1 else f"({joint.join(asked)})"


@singledispatch
def _asked(test: object, column: str, field: FieldInfo) -> str:
    raise TypeError(f"not a test: {test!r}")


@_asked.register
def _(test: Not, column: str, field: FieldInfo) -> str:
    if isinstance(test.test, Blank):
        return f"{column} != null"
    return f"({column} = null OR {_opposite(test, column, field)})"


def _opposite(test: Not, column: str, field: FieldInfo) -> str:
    asked = test.test
    if isinstance(asked, OneOf):
        listed = _listed(asked, field)
        return f"{column} != {listed[0]}" if len(listed) == 1 else f"{column} NOT IN ({', '.join(listed)})"
    if isinstance(asked, Includes) and not asked.every:
        return f"{column} EXCLUDES ({', '.join(map(quoted, asked.values))})"
    return f"(NOT {_asked(asked, column, field)})"


@_asked.register
def _(test: Blank, column: str, field: FieldInfo) -> str:
    return f"{column} = null"


@_asked.register
def _(test: OneOf, column: str, field: FieldInfo) -> str:
    listed = _listed(test, field)
    return f"{column} = {listed[0]}" if len(listed) == 1 else f"{column} IN ({', '.join(listed)})"


@_asked.register
def _(test: Within, column: str, field: FieldInfo) -> str:
    bounds = [f"{column} {sign} {_literal(bound, field)}" for sign, bound in test.bounds]
    return bounds[0] if len(bounds) == 1 else f"({' AND '.join(bounds)})"


@_asked.register
def _(test: Contains, column: str, field: FieldInfo) -> str:
    return f"{column} LIKE '{'' if test.at_start else '%'}{like_text(test.text)}%'"


@_asked.register
def _(test: Includes, column: str, field: FieldInfo) -> str:
    if test.every:
        return f"{column} INCLUDES ({quoted(';'.join(test.values))})"
    return f"{column} INCLUDES ({', '.join(map(quoted, test.values))})"


def quoted(text: str) -> str:
    """A string literal."""
    return f"'{_escaped(text)}'"


def like_text(text: str) -> str:
    """A text within the pattern of a LIKE, each sign of it meaning itself."""
    return _LIKE_SIGNS.sub(r"\\\1", _escaped(text))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')


def _listed(test: OneOf, field: FieldInfo) -> list[str]:
    return [_literal(value, field) for value in test.values]


def _literal(value: str | int | float | bool, field: FieldInfo) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format(Decimal(str(value)), "f")
    if field.field_type in ("date", "datetime"):
        return value  # in canonical form, which is SOQL's own
    return quoted(_whole_id(value, field) if field.field_type == "reference" else value)


def _whole_id(value: str, field: FieldInfo) -> str:
    try:
        whole = full_id(value)
    except Rejected:
        raise FilterRefused(f"{field.label} is compared with a Salesforce record id.") from None
    if whole != value:
        raise FilterRefused(f"{field.label} is compared with an id of 18 characters: {whole} instead of {value}.")
    return whole
