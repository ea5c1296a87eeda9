"""From SOQL text to a tree of its parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from emulator.salesforce.errors import ApiError
from emulator.salesforce.numerals import whole_number

MAX_LENGTH = 100_000
Node = Tree[Token]


@dataclass(frozen=True, slots=True)
class Ordering:
    path: Token
    descending: bool
    nulls_last: bool


@dataclass(slots=True)
class Query:
    """A parsed query, nothing in it checked against the schema yet."""

    text: str
    object_name: Token
    selections: list[Node] = field(default_factory=list)
    alias: str | None = None
    scope: str = "everything"
    condition: Node | None = None
    orderings: list[Ordering] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    text = Path(__file__).with_name("soql.lark").read_text("utf-8")
    return Lark(text, parser="lalr", maybe_placeholders=True)


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """Parse a query. Raises MALFORMED_QUERY with the place of the first error."""
    if len(text) > MAX_LENGTH:
        raise ApiError("MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH} characters.")
    try:
        tree = _grammar().parse(text)
    except UnexpectedToken as error:
        shown = "<EOF>" if error.token.type == "$END" else str(error.token)
        raise malformed(text, f"unexpected token: '{shown}'", error.line, error.column) from error
    except UnexpectedInput as error:
        raise malformed(text, "unexpected character", error.line, error.column) from error
    return to_query(text, cast("Node", tree.children[0]))


def malformed(text: str, message: str, line: int, column: int) -> ApiError:
    """MALFORMED_QUERY in the real API's layout: the text, a caret, row and column, the reason."""
    return ApiError("MALFORMED_QUERY", located(text, message, line, column))


def located(text: str, message: str, line: int, column: int) -> str:
    if line < 1 or column < 1:
        return message
    shown = (text.splitlines() or [""])[min(line, len(text.splitlines()) or 1) - 1]
    start = max(0, column - 60)
    return (
        f"\n{shown[start : column + 40]}\n{' ' * (column - 1 - start)}^\nERROR at Row:{line}:Column:{column}\n{message}"
    )


def to_query(text: str, node: Node) -> Query:
    """Collect the clauses of a `query` node."""
    select_list, name, alias, *clauses = node.children
    query = Query(
        text=text,
        object_name=cast("Token", name),
        selections=cast("list[Node]", cast("Node", select_list).children),
        alias=str(alias) if alias else None,
    )
    for clause in cast("list[Node]", clauses):
        _add_clause(query, clause)
    return query


def _add_clause(query: Query, clause: Node) -> None:
    kind = str(clause.data)
    if kind == "where":
        query.condition = cast("Node", clause.children[0])
    elif kind == "scope":
        token = cast("Token", clause.children[0])
        query.scope = token.lower()
        if query.scope not in ("everything", "mine"):
            raise malformed(query.text, f"unexpected token: '{token}'", token.line or 0, token.column or 0)
    elif kind == "order":
        query.orderings = [_ordering(cast("Node", each)) for each in clause.children]
    elif kind in ("limit", "offset"):
        token = cast("Token", clause.children[0])
        setattr(query, kind, _whole(query.text, token))
    elif kind == "purpose":
        token = cast("Token", clause.children[0])
        if token.upper() not in ("VIEW", "REFERENCE", "UPDATE"):
            raise malformed(query.text, f"unexpected token: '{token}'", token.line or 0, token.column or 0)


def _ordering(node: Node) -> Ordering:
    path, direction, place = cast("list[Token | None]", node.children)
    return Ordering(
        path=cast("Token", path),
        descending=bool(direction and direction.upper() == "DESC"),
        nulls_last=bool(place and place.upper() == "LAST"),
    )


def _whole(text: str, token: Token) -> int:
    number = whole_number(token)
    if number is None:
        raise malformed(text, f"unexpected token: '{token[:40]}'", token.line or 0, token.column or 0)
    return number
