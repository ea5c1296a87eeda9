"""The inline edit form: an input for each field, and the changed values it brings back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from emulator.salesforce.access import User
from emulator.salesforce.errors import ApiError
from emulator.salesforce.org import Org
from emulator.salesforce.pages.show import NUMBERS, name_of, zone_of
from emulator.salesforce.schema import Field, ObjectType
from emulator.salesforce.values import parse_time, wire_time

_PLAIN_INPUTS: Mapping[str, str] = {"email": "email", "phone": "tel", "url": "text", "date": "date"}
_LOOKUP_CHOICES = 200
_LOCAL_FORM = "%Y-%m-%dT%H:%M:%S"


def as_typed(user: User, field: Field, value: Any) -> str:
    """A stored value as the text its input starts with."""
    if value is None:
        return ""
    if field.type == "boolean":
        return "on" if value else ""
    if field.type == "datetime":
        return parse_time(value).astimezone(zone_of(user)).strftime(_LOCAL_FORM)
    if field.type in NUMBERS:
        return f"{value:.{field.scale}f}"
    return str(value)


def changed_values(form: MultiDict[str, str], fields: Iterable[Field], *, user: User) -> dict[str, Any]:
    """The values the viewer changed, as JSON would bring them; the untouched ones are left out.

    Raises ApiError for text that is no number or time.
    """
    changes = {}
    for field in fields:
        if f"was.{field.name}" not in form:
            continue
        typed = typed_text(form, field)
        if typed != _unix(form[f"was.{field.name}"]):
            changes[field.name] = _from_text(user, field, typed)
    return changes


def typed_text(form: MultiDict[str, str], field: Field) -> str:
    return _unix(";".join(form.getlist(field.name)))


def input_for(org: Org, user: User, field: Field, *, typed: str, was: str, invalid: bool, focus: bool) -> Markup:
    """The input of a field, with the value it started from beside it."""
    attributes = Markup(' id="f-{0}" name="{0}"').format(field.name)
    if invalid:
        attributes += Markup(' aria-invalid="true" aria-describedby="e-{}"').format(field.name)
    if field.required:
        attributes += Markup(' aria-required="true"')
    if focus:
        attributes += Markup(" autofocus")
    was_input = Markup('<input type="hidden" name="was.{}" value="{}">').format(field.name, was)
    return _input(org, user, field, typed, attributes) + was_input


def _input(org: Org, user: User, field: Field, typed: str, attributes: Markup) -> Markup:
    if field.type == "boolean":
        checked = Markup(" checked") if typed else Markup("")
        return Markup('<input type="checkbox" value="on"{}{}>').format(attributes, checked)
    if field.type == "textarea":
        return Markup("<textarea{} maxlength={}>\n{}</textarea>").format(attributes, field.length, typed)
    chooser = _CHOOSERS.get(field.type)
    if chooser is not None:
        multiple = Markup(" multiple") if field.type == "multipicklist" else Markup("")
        chosen = set(typed.split(";"))
        options = _options(chooser(org, user, field, typed), chosen)
        return Markup("<select{}{}>{}</select>").format(attributes, multiple, options)
    kind = _PLAIN_INPUTS.get(field.type, "text")
    if field.type in NUMBERS:
        attributes += Markup(' inputmode="decimal"')
    if field.type == "datetime":
        kind, attributes = "datetime-local", attributes + Markup(' step="1"')
    return Markup('<input type="{}"{} value="{}" autocomplete="off">').format(kind, attributes, typed)


def _options(choices: Iterable[tuple[str, str]], chosen: set[str]) -> Markup:
    return Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(value, Markup(" selected") if value in chosen else "", label)
        for value, label in choices
    )


def _picklist(_: Org, __: User, field: Field, typed: str) -> list[tuple[str, str]]:
    choices = [(each.value, each.label) for each in field.picklist if each.active]
    known = {value for value, _ in choices}
    choices += [(value, value) for value in typed.split(";") if value and value not in known]
    return choices if field.type == "multipicklist" else [("", "--None--"), *choices]


def _lookup(org: Org, user: User, field: Field, typed: str) -> list[tuple[str, str]]:
    """The records a lookup may point at, the present one always among them."""
    choices: dict[str, str] = {"": "--None--"}
    for target in field.reference_to:
        target_type = org.store.object_type(target, user)
        if target_type is None:
            continue
        choices |= _names(org, user, target_type)
    if typed and typed not in choices:
        choices[typed] = typed
    return list(choices.items())


def _names(org: Org, user: User, target_type: ObjectType) -> dict[str, str]:
    rows = [row for row in org.store.visible(target_type, user) if row.get("IsActive", True)]
    named = sorted(((name_of(org, target_type, row), row["Id"]) for row in rows), key=lambda pair: pair[0])
    return {record_id: name for name, record_id in named[:_LOOKUP_CHOICES]}


_CHOOSERS: Mapping[str, Callable[[Org, User, Field, str], list[tuple[str, str]]]] = {
    "picklist": _picklist,
    "multipicklist": _picklist,
    "reference": _lookup,
}


def _from_text(user: User, field: Field, text: str) -> Any:
    if field.type == "boolean":
        return bool(text)
    if not text:
        return None
    if field.type in NUMBERS:
        return _number(field, text)
    if field.type == "datetime":
        return _moment(user, field, text)
    return text


def _number(field: Field, text: str) -> float | int:
    plain = text.strip().replace(",", "")
    try:
        return int(plain) if field.type == "int" else float(plain)
    except ValueError as error:
        raise ApiError("INVALID_NUMBER", f"{field.label}: enter a valid number.", fields=[field.name]) from error


def _moment(user: User, field: Field, text: str) -> str:
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=zone_of(user))
    except ValueError as error:
        raise ApiError("INVALID_TIME", f"{field.label}: enter a valid date and time.", fields=[field.name]) from error
    return wire_time(local)


def _unix(text: str) -> str:
    """Form submission turns every line end into CR LF; records keep LF."""
    return text.replace("\r\n", "\n")
