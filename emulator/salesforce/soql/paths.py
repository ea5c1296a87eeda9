"""Field paths of a query, checked against what the user may read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lark import Token

from emulator.rows import Row
from emulator.salesforce.access import User
from emulator.salesforce.errors import ApiError, unknown_field
from emulator.salesforce.schema import Field, ObjectType
from emulator.salesforce.soql.parser import located
from emulator.salesforce.store import Store

MAX_STEPS = 5


@dataclass(frozen=True, slots=True)
class Scope:
    """Where paths are looked up: the object of the FROM clause, for one user."""

    store: Store
    object_type: ObjectType
    user: User
    text: str
    alias: str | None


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A readable field: the reference fields to go through and how to read its value from a row."""

    through: tuple[Field, ...]
    field: Field
    read: Callable[[Row], Any]


def resolve(scope: Scope, token: Token) -> FieldPath:
    """Find the field a path names. Raises INVALID_FIELD for what the user cannot read."""
    parts = str(token).split(".")
    if len(parts) > 1 and parts[0].lower() in ((scope.alias or "").lower(), scope.object_type.name.lower()):
        parts = parts[1:]
    *relationships, name = parts
    if len(relationships) > MAX_STEPS:
        raise _at(scope, token, ApiError("INVALID_FIELD", f"Only {MAX_STEPS} levels of relationships are allowed"))
    object_types, through = [scope.object_type], []
    for relationship in relationships:
        reference = _reference(scope, object_types, relationship, token)
        through.append(reference)
        object_types = [scope.store.schema.objects[each] for each in reference.reference_to]
    for object_type in object_types:
        field = scope.store.field(object_type, name, scope.user)
        if field is not None:
            return FieldPath(tuple(through), field, _reader(scope, tuple(through), field))
    raise _at(scope, token, unknown_field(name, object_types[0].name))


def follow(scope: Scope, row: Row, through: tuple[Field, ...]) -> tuple[ObjectType, Row] | None:
    """The record at the end of the reference fields, if there is one that the user may see."""
    found: tuple[ObjectType, Row] | None = (scope.object_type, row)
    for reference in through:
        found = scope.store.parent(found[1], reference) if found else None
        if found is None or not scope.store.sees(found[0], found[1], scope.user):
            return None
    return found


def _reference(scope: Scope, object_types: list[ObjectType], relationship: str, token: Token) -> Field:
    for object_type in object_types:
        reference = object_type.relation(relationship)
        if reference is not None and scope.store.field(object_type, reference.name, scope.user) is not None:
            return reference
    message = (
        f"Didn't understand relationship '{relationship}' in field path. If you are attempting to use a custom "
        "relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL "
        "or the describe call for the appropriate names."
    )
    raise _at(scope, token, ApiError("INVALID_FIELD", message))


def _reader(scope: Scope, through: tuple[Field, ...], field: Field) -> Callable[[Row], Any]:
    store, object_type = scope.store, scope.object_type
    if not through and field.stored:
        name = field.name
        return lambda row: row.get(name)
    if not through:
        return lambda row: store.value(object_type, row, field)

    def read(row: Row) -> Any:
        found = follow(scope, row, through)
        if found is None:
            return None
        own = found[0].fields.get(field.name)
        return store.value(found[0], found[1], own) if own else None

    return read


def _at(scope: Scope, token: Token, error: ApiError) -> ApiError:
    error.message = located(scope.text, error.message, token.line or 0, token.column or 0)
    return error
