"""What a record may hold: known and writable properties, valid values, unique ones, and the admin's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.errors import ApiError, ValueProblem
from emulator.hubspot.schema import ObjectType, Property
from emulator.hubspot.store import Store
from emulator.hubspot.values import InvalidValue, Surroundings, accepted, to_text
from emulator.rows import Row


@dataclass(slots=True)
class Checked:
    """The values to keep (empty: to clear), and what was made of values that were not in their usual form."""

    values: dict[str, str] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)


class Rules:
    """Checks what is about to be written."""

    def __init__(self, store: Store, *, is_owner: Callable[[str], bool]) -> None:
        self._store = store
        self._is_owner = is_owner

    def check(
        self,
        object_type: ObjectType,
        given: Mapping[str, Any],
        row: Row | None,
        *,
        enforce: bool,
        lenient_dates: bool,
    ) -> Checked:
        """Accept the given properties for a new record (`row` None) or a change of one. Raises ApiError."""
        checked = self._accepted(object_type, given, row, lenient_dates=lenient_dates)
        self._fill(object_type, checked, row)
        if enforce:
            _check_required(object_type, checked.values, row)
        self._check_unique(object_type, checked.values, row)
        return checked

    def check_new(self, object_type: ObjectType, values: Mapping[str, str]) -> None:
        """HubSpot's own rule for records that are made one by one, older than any admin's. Raises ApiError.

        That a contact needs one of three is documented (contacts guide), its refusal is not: it is taken from other
        objects that lack a value at their making. Nothing is said of a change that leaves none.
        """
        names = object_type.required_one_of
        if names and not any(values.get(name, "").strip() for name in names):
            raise errors.nothing_required_set(object_type.singular, names)

    def _accepted(
        self, object_type: ObjectType, given: Mapping[str, Any], row: Row | None, *, lenient_dates: bool
    ) -> Checked:
        checked, problems = Checked(), []
        around = Surroundings(
            option_values=lambda known, record: self._options(object_type, known, record),
            is_owner=self._is_owner,
            lenient_dates=lenient_dates,
        )
        # The stages that are allowed depend on the pipeline.
        for name in sorted(given, key=lambda each: each != "pipeline"):
            text = _text(name, given[name])
            known = object_type.find(name)
            if known is None or not known.writable:
                problems.append(errors.unknown_property(name) if known is None else errors.read_only(name))
                continue
            record = {**(row or {}), **checked.values}
            old = row.get(name) if row else None
            try:
                value = accepted(known, text, old=old, record=record, around=around)
            except InvalidValue as error:
                problems.append(error.problem)
                continue
            checked.values[name] = value
            if known.type == "date" and lenient_dates and value != text.strip():
                checked.warnings.append(_normalized(name, text, value))
        if problems:
            raise errors.invalid_values(problems)
        return checked

    def _options(self, object_type: ObjectType, known: Property, record: Mapping[str, str]) -> list[str] | None:
        by_pipeline = self._store.pipelines.option_values(object_type.name, known, record)
        if by_pipeline is not None:
            return by_pipeline
        return None if known.external_options else known.option_values

    def _fill(self, object_type: ObjectType, checked: Checked, row: Row | None) -> None:
        """What HubSpot adds by itself: a deal's pipeline, a company's website."""
        values = checked.values
        stage = values.get("dealstage")
        pipelines = self._store.pipelines
        if object_type.name in pipelines.by_object and row is None and "pipeline" not in values:
            found = pipelines.pipeline_of_stage(object_type.name, stage) if stage else None
            values["pipeline"] = found or next(iter(pipelines.of(object_type.name)))
        domain = values.get("domain")
        if domain and object_type.find("website") and "website" not in values and not (row or {}).get("website"):
            values["website"] = domain

    def _check_unique(self, object_type: ObjectType, values: Mapping[str, str], row: Row | None) -> None:
        own_id = row["hs_object_id"] if row else None
        for name in object_type.unique_properties:
            value = values.get(name)
            holder = self._store.row_with(object_type, name, value) if value else None
            if holder is None or holder["hs_object_id"] == own_id:
                continue
            raise _taken(object_type, name, str(value), holder["hs_object_id"])


def _text(name: str, value: Any) -> str:
    try:
        return to_text(value)
    except TypeError as error:
        raise errors.bad_json(f"Cannot deserialize value of property `{name}`: {error}") from error


def _taken(object_type: ObjectType, name: str, value: str, holder_id: str) -> ApiError:
    """HubSpot's own unique property answers 409; one that an admin made answers 400."""
    known = object_type.properties[name]
    if known.hubspot_defined:
        return errors.already_exists(object_type.label, holder_id)
    message = f"Cannot set {name} to {value}. {holder_id} already has that value."
    return errors.invalid_values([ValueProblem(name, "CONFLICTING_UNIQUE_VALUE", message)])


def _check_required(object_type: ObjectType, values: Mapping[str, str], row: Row | None) -> None:
    """The admin's rules: what must never be blank, and what must not be once another property has a value."""
    missing = [
        _missing("MISSING_REQUIRED_PROPERTY", name)
        for name in object_type.required
        if not values.get(name, "" if row is None or name in values else "kept")
    ]
    record = {**(row or {}), **values}
    for rule in object_type.conditional:
        if values.get(rule["if"]) in rule["is"]:
            missing += _blank("MISSING_CONDITIONAL_REQUIRED_PROPERTY", record, rule["require"])
    if missing:
        raise errors.missing_values(missing)


def _blank(code: str, record: Mapping[str, Any], names: Sequence[str]) -> list[ValueProblem]:
    return [_missing(code, name) for name in names if not record.get(name)]


def _missing(code: str, name: str) -> ValueProblem:
    return ValueProblem(name, code, f"A value for {name} must be provided")


def _normalized(name: str, raw: str, value: str) -> dict[str, Any]:
    return {
        "category": "PROPERTY_VALUE_NORMALIZED",
        "message": f"The value of {name} was normalized.",
        "context": {"propertyName": [name], "rawValue": [raw], "normalizedValue": [value]},
    }
