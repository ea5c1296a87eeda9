"""Editing one property in place: its input, and the value that comes back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from emulator.hubspot.errors import ApiError
from emulator.hubspot.pages.show import choices, zone_of
from emulator.hubspot.portal import Portal
from emulator.hubspot.schema import ObjectType, Property
from emulator.hubspot.times import wire_time
from emulator.rows import Row

_LOCAL_FORM = "%Y-%m-%dT%H:%M:%S"


def as_typed(portal: Portal, row: Row, known: Property) -> str:
    """The stored value as the text its input starts with."""
    value: str = row.get(known.name, "")
    if value and known.type == "datetime":
        return datetime.fromisoformat(value).astimezone(zone_of(portal)).strftime(_LOCAL_FORM)
    return value


def typed_text(form: MultiDict[str, str], known: Property) -> str:
    """Form submission turns every line end into CR LF; records keep LF."""
    return ";".join(each for each in form.getlist(known.name) if each).replace("\r\n", "\n")


def as_written(portal: Portal, known: Property, typed: str) -> str:
    """What is written for a typed text. Raises ApiError for a text that is no time."""
    if not typed or known.type != "datetime":
        return typed
    try:
        return wire_time(datetime.fromisoformat(typed).replace(tzinfo=zone_of(portal)).astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise ApiError(f"{known.label}: enter a valid date and time.") from error


def input_for(
    portal: Portal, object_type: ObjectType, row: Row, known: Property, *, typed: str, invalid: bool
) -> Markup:
    attributes = Markup(' id="p-{0}" name="{0}" autofocus').format(known.name)
    if invalid:
        attributes += Markup(' aria-invalid="true" aria-describedby="e-{}"').format(known.name)
    listed = choices(portal, object_type, row, known)
    if listed is not None:
        many = Markup(" multiple") if known.takes_many else Markup("")
        empty = [] if known.takes_many else [("", "Choose…")]
        options = _options([*empty, *listed], set(typed.split(";")))
        return Markup("<select{}{}>{}</select>").format(attributes, many, options)
    if known.field_type == "textarea":
        return Markup("<textarea{}>\n{}</textarea>").format(attributes, typed)
    kind = {"date": "date", "datetime": "datetime-local"}.get(known.type, "text")
    if known.type == "number":
        attributes += Markup(' inputmode="decimal"')
    if known.type == "datetime":
        attributes += Markup(' step="1"')
    return Markup('<input type="{}"{} value="{}" autocomplete="off">').format(kind, attributes, typed)


def _options(listed: Iterable[tuple[str, str]], chosen: set[str]) -> Markup:
    return Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(value, Markup(" selected") if value in chosen else "", label)
        for value, label in listed
    )
