"""The rules a save has to pass: required fields, references, unique values, validation rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.rows import Row
from emulator.salesforce import errors, ids
from emulator.salesforce.access import User
from emulator.salesforce.errors import ApiError
from emulator.salesforce.formula import Situation, compile_formula
from emulator.salesforce.schema import Field, ObjectType
from emulator.salesforce.store import Store
from emulator.salesforce.values import to_stored

Values = dict[str, Any]
_HIERARCHIES = ("ParentId", "ReportsToId")


def accepted_values(
    store: Store, object_type: ObjectType, given: Mapping[str, Any], *, user: User, inserting: bool
) -> Values:
    """The stored form of what a caller wants to write, by field name. Raises ApiError.

    Unknown and hidden fields are told from read-only ones as the API does: the former do not exist for this
    user, the latter may not be written by anybody or by this user.
    """
    values: Values = {}
    refused: list[str] = []
    for name, value in given.items():
        if name == "attributes":
            continue
        field, value = _target(store, object_type, name, value, user)
        if field.name == "Id":
            raise ApiError("INVALID_FIELD", "The Id field should not be specified in the sobject data.", fields=["Id"])
        if not _is_writable(object_type, field, user, inserting=inserting):
            refused.append(field.name)
            continue
        values[field.name] = to_stored(field, value)
    if refused:
        raise _read_only(refused)
    return values


def check_required(object_type: ObjectType, row: Row, touched: Iterable[str]) -> None:
    """Refuse blanks in fields that cannot be blank, among those that are being written."""
    names = set(touched)
    missing = [
        each.name
        for each in object_type.fields.values()
        if each.stored and not each.nillable and each.name in names and row.get(each.name) is None
    ]
    if missing:
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", fields=missing)


def check_references(store: Store, object_type: ObjectType, values: Values, *, user: User) -> None:
    for name, target in values.items():
        field = object_type.fields[name]
        if target is None or field.type != "reference":
            continue
        target_type = store.schema.of_id(target)
        if target_type is None or target_type.name not in field.reference_to:
            raise ApiError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {target}", fields=[name])
        _check_target(store, target_type, target, field, user)


def check_hierarchy(store: Store, object_type: ObjectType, changed: Values, *, record_id: str | None) -> None:
    """No record is above itself. Only the standard hierarchies are watched by the org; a lookup of one's own is not."""
    for name in _HIERARCHIES:
        _check_above(store, object_type, name, changed.get(name), record_id)


def _check_above(store: Store, object_type: ObjectType, name: str, above: str | None, record_id: str | None) -> None:
    seen = set[str]()
    while above is not None and above not in seen:
        if above == record_id:
            raise ApiError("CIRCULAR_DEPENDENCY", "attempt to violate hierarchy constraints", fields=[name])
        seen.add(above)
        above = (store.rows.get(object_type.name, above) or {}).get(name)


def check_unique(store: Store, object_type: ObjectType, values: Values, *, record_id: str | None) -> None:
    for name, value in values.items():
        if value is None or not object_type.fields[name].unique:
            continue
        for other in store.rows.ids_with(object_type.name, name, value) or ():
            row = store.rows.get(object_type.name, other)
            if other != record_id and row is not None and not row.get("IsDeleted"):
                raise ApiError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {name} duplicates value on record with id: {other[:15]}",
                )


def check_validation_rules(store: Store, object_type: ObjectType, row: Row, *, before: Row | None, today: str) -> None:
    """Evaluate the object's validation rules; a rule whose condition is true refuses the save."""
    situation = Situation(
        read=lambda path: store.read_path(object_type, row, path),
        today=today,
        before=None if before is None else lambda path: store.read_path(object_type, before, path),
    )
    violated = [
        ApiError(
            "FIELD_CUSTOM_VALIDATION_EXCEPTION", rule["message"], fields=[rule["field"]] if rule.get("field") else []
        )
        for rule in object_type.validation_rules
        if rule.get("active", True) and compile_formula(rule["condition"])(situation)
    ]
    if violated:
        violated[0].more = violated[1:]
        raise violated[0]


def assigned_owner(store: Store, object_type: ObjectType, row: Row, *, rule_id: str | None, today: str) -> str | None:
    """The owner that the active assignment rule (or the one named by id) gives the record, if any."""
    situation = Situation(read=lambda path: store.read_path(object_type, row, path), today=today)
    for rule in object_type.assignment_rules:
        wanted = rule["id"] == rule_id if rule_id else rule.get("active", True)
        if not wanted:
            continue
        for entry in rule["entries"]:
            if compile_formula(entry["condition"])(situation):
                owner: str = entry["owner_id"]
                return owner
    return None


def _target(store: Store, object_type: ObjectType, name: str, value: Any, user: User) -> tuple[Field, Any]:
    field = store.field(object_type, name, user)
    if field is not None:
        return field, value
    through = object_type.relation(name)
    if through is None or not isinstance(value, Mapping) or store.field(object_type, through.name, user) is None:
        raise errors.no_such_column(name, object_type.name)
    return through, _by_external_id(store, through, value)


def _by_external_id(store: Store, through: Field, value: Mapping[str, Any]) -> str:
    keys = [key for key in value if key != "attributes"]
    if len(keys) != 1:
        raise ApiError("INVALID_FIELD", f"Foreign key external ID needs exactly one field: {through.relationship}")
    for target_name in through.reference_to:
        target = store.schema.objects.get(target_name)
        field = target.field(keys[0]) if target else None
        if target is None or field is None or not (field.id_lookup or field.external_id):
            continue
        wanted = value[keys[0]]
        if field.name == "Id":
            return str(wanted)
        found = [
            record_id
            for record_id in store.rows.ids_with(target.name, field.name, to_stored(field, wanted)) or ()
            if not store.rows.tables[target.name][record_id].get("IsDeleted")
        ]
        if len(found) == 1:
            return found[0]
        raise ApiError(
            "INVALID_FIELD",
            f"Foreign key external ID: {wanted} not found for field {field.name} in entity {target.name}",
        )
    raise errors.no_such_column(keys[0], through.reference_to[0])


def _is_writable(object_type: ObjectType, field: Field, user: User, *, inserting: bool) -> bool:
    allowed = field.createable if inserting else field.updateable
    return allowed and user.rights.on_field(object_type.name, field.name) == "edit"


def _read_only(names: list[str]) -> ApiError:
    return ApiError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
        fields=names,
    )


def _check_target(store: Store, target_type: ObjectType, target: str, field: Field, user: User) -> None:
    row = store.rows.get(target_type.name, target)
    if row is None or "_purged" in row:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[field.name])
    if row.get("IsDeleted"):
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", fields=[field.name])
    if not store.sees(target_type, row, user):
        raise ApiError(
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            f"insufficient access rights on cross-reference id: {target}",
            fields=[field.name],
        )
    if field.name == "OwnerId" and row.get("IsActive") is False:
        raise ApiError(
            "INACTIVE_OWNER_OR_USER",
            f"operation performed with inactive user [{target}] as owner of {field.label}",
            fields=["OwnerId"],
        )


def record_id_of(object_type: ObjectType, text: object) -> str:
    """The 18-character id in a path or a list. Raises MALFORMED_ID for another object's or a broken one."""
    try:
        record_id = ids.normalise(text)
    except ids.MalformedId as error:
        raise errors.wrong_id(object_type.label, text) from error
    if not record_id.startswith(object_type.key_prefix):
        raise errors.wrong_id(object_type.label, text)
    return record_id
