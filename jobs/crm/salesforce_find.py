"""Records in Salesforce that may be the counterpart of one of ours: asked for coarsely, compared here.

SOQL's `=` and `LIKE` tell no case apart. Whether they tell accents apart is not documented and not relied upon.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jobs.crm import spellings
from jobs.crm.base import MOST_FOUND, CrmRow, Fields
from jobs.crm.errors import Rejected
from jobs.crm.salesforce_client import SalesforceClient, understood
from jobs.crm.salesforce_filters import like_text, quoted
from jobs.crm.salesforce_names import full_id, query_column
from jobs.crm.salesforce_rows import row_of, rows_query
from jobs.values import DAY_OF_MOMENT, MATCH_KEYS, Value, ValueRefused, normalise

if TYPE_CHECKING:
    from jobs.sync.matching import Rule

# An answer holds up to 2,000 rows, fewer where they are wide (REST API Developer Guide, Query).
MOST_PAGES = 10
# A domain in an address begins after one of these, or at its very beginning.
_BEFORE_DOMAIN = ("", "%.", "%/", "%@")
# Letters that many a language puts an accent on. Too little would be left of a shorter word.
_ACCENTED = frozenset("aceinosuyz")
SHORTEST_WORD = 5


def find(client: SalesforceClient, object_name: str, rule: Rule, value: Value, fields: Fields) -> tuple[CrmRow, ...]:
    """See `jobs.crm.base.CrmAdapter.find`."""
    compared = MATCH_KEYS[rule.compare_as]
    key = compared(value or "")
    wanted = {rule.crm_field: "text", **fields}
    condition = _condition(rule, value, key, wanted[rule.crm_field]) if key is not None else ""
    if not condition:
        return ()
    living: list[CrmRow] = []
    converted: list[CrmRow] = []
    for row in _rows(client, f"{rows_query(object_name, condition, wanted)} ORDER BY CreatedDate, Id", wanted):
        if compared(row.values.get(rule.crm_field) or "") == key:
            (converted if row.is_converted else living).append(row)
        if len(living) == MOST_FOUND:
            break
    return tuple(living or converted[:MOST_FOUND])


def _rows(client: SalesforceClient, query: str, fields: Fields) -> Iterator[CrmRow]:
    body = client.ask("query", params={"q": query})
    for _ in range(MOST_PAGES):
        with understood():
            rows = [row_of(each, fields, looked_up_at=client.meter.looked_up_at) for each in body["records"]]
            further = "" if body["done"] else str(body["nextRecordsUrl"]).removeprefix(f"{client.prefix}/")
        yield from rows
        if not further:
            return
        body = client.ask(further)
    raise Rejected("Too many records in Salesforce look like it to find the right one.", code="TOO_MANY_ALIKE")


def _condition(rule: Rule, value: Value, key: str, field_type: str) -> str:
    """What stands after WHERE; "" for a value that such a field cannot hold."""
    column = query_column(rule.crm_field, field_type)
    text = ";".join(value) if isinstance(value, list) else str(value)
    if field_type in ("number", "currency", "percent", "boolean", "date", "datetime"):
        literal = _literal(field_type, value)
        return f"{column} = {literal}" if literal else ""
    if field_type == DAY_OF_MOMENT:
        day = _literal(field_type, value)
        return f"{column} >= {day}T00:00:00Z AND {column} <= {day}T23:59:59Z" if day else ""
    if field_type == "reference":
        return _with_id(column, text)
    if rule.compare_as == "domain":
        return " OR ".join(
            _like(column, f"{before}{like_text(each)}%") for each in spellings.domains(key) for before in _BEFORE_DOMAIN
        )
    if rule.compare_as == "name":
        return " OR ".join(_all_like(column, words) for words in spellings.name_words(text, key))
    spelled = spellings.emails(text, key) if rule.compare_as == "email" else spellings.texts(text, key)
    return f"{column} IN ({', '.join(map(quoted, spelled))})"


def _literal(field_type: str, value: Value) -> str:
    try:
        kept = normalise(field_type, value)
    except ValueRefused:
        return ""
    return str(kept).lower() if isinstance(kept, bool) else str(kept)


def _with_id(column: str, text: str) -> str:
    try:
        return f"{column} = {quoted(full_id(text))}"
    except Rejected:
        return ""


def _like(column: str, pattern: str) -> str:
    return f"{column} LIKE '{pattern}'"


def _all_like(column: str, words: tuple[str, ...]) -> str:
    long_ones = [word for word in words if len(word) >= SHORTEST_WORD]
    patterns = [_in_any_accent(word) for word in long_ones] or [_with_dots(words[0])]
    return f"({' AND '.join(_like(column, pattern) for pattern in patterns)})"


def _in_any_accent(word: str) -> str:
    # "ss" may be the one letter "ß".
    parts = ("".join("_" if sign in _ACCENTED else like_text(sign) for sign in part) for part in word.split("ss"))
    return f"%{'%'.join(parts)}%"


def _with_dots(word: str) -> str:
    """An abbreviation may be written with dots or blanks."""
    return f"%{'%'.join(map(like_text, word))}%"
