"""Field values as a page shows them, in the viewer's locale and time zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from emulator.pages.shown import Shown
from emulator.rows import Row
from emulator.salesforce.access import User
from emulator.salesforce.org import Org
from emulator.salesforce.schema import Field, ObjectType
from emulator.salesforce.values import parse_time

NUMBERS = frozenset({"double", "currency", "percent", "int"})
_DATE_FORMS: Mapping[str, str] = {
    "en_US": "{0.month}/{0.day}/{0.year}",
    "en_GB": "{0.day:02}/{0.month:02}/{0.year}",
    "fr_FR": "{0.day:02}/{0.month:02}/{0.year}",
    "pt_BR": "{0.day:02}/{0.month:02}/{0.year}",
    "de_DE": "{0.day:02}.{0.month:02}.{0.year}",
}
_TICK = Markup(
    '<span class="checkbox" role="img" aria-label="Yes"><svg width="12" height="12" viewBox="0 0 20 20"'
    ' fill="none" stroke="currentColor" stroke-width="2.4"><path d="M4 10.5 8 14.5 16 5.5"/></svg></span>'
)
_NO_TICK = Markup('<span class="checkbox" role="img" aria-label="No"></span>')


def zone_of(user: User) -> ZoneInfo:
    try:
        return ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def label_of(field: Field) -> str:
    """Lookups are labelled with what they point at: "Account", not "Account ID"."""
    return re.sub(r" id$", "", field.label, flags=re.IGNORECASE) if field.type == "reference" else field.label


def record_url(object_name: str, record_id: str) -> str:
    return f"/lightning/r/{object_name}/{record_id}/view"


def shown(org: Org, user: User, object_type: ObjectType, row: Row, field: Field) -> Shown:
    value = org.store.value(object_type, row, field)
    html = _html(org, user, field, value)
    text = html.striptags() if field.type != "boolean" else str(bool(value))
    return Shown(field.name, label_of(field), text, html, number=field.type in NUMBERS)


def name_of(org: Org, object_type: ObjectType, row: Row) -> str:
    return str(org.store.value(object_type, row, object_type.name_field) or row["Id"])


def day(user: User, at: date) -> str:
    return _DATE_FORMS.get(user.locale, "{0.year}-{0.month:02}-{0.day:02}").format(at)


def moment(user: User, at: datetime) -> str:
    local = at.astimezone(zone_of(user))
    clock = f"{local:%I:%M %p}".lstrip("0") if user.locale == "en_US" else f"{local:%H:%M}"
    return f"{day(user, local)}, {clock}"


def _html(org: Org, user: User, field: Field, value: Any) -> Markup:
    if field.type == "boolean":
        return _TICK if value else _NO_TICK
    if value is None:
        return Markup("")
    drawn = _DRAWERS.get(field.type)
    return drawn(org, user, field, value) if drawn else Markup("{}").format(value)


def _number(_: Org, user: User, field: Field, value: Any) -> Markup:
    text = f"{value:,.{field.scale}f}"
    if user.locale in ("de_DE", "pt_BR", "fr_FR"):
        text = text.translate(str.maketrans(",.", ".,"))
    signs = {"currency": ("$", ""), "percent": ("", "%")}
    before, after = signs.get(field.type, ("", ""))
    return Markup("{}{}{}").format(before, text, after)


def _date(_: Org, user: User, __: Field, value: Any) -> Markup:
    return Markup("{}").format(day(user, date.fromisoformat(value)))


def _datetime(_: Org, user: User, __: Field, value: Any) -> Markup:
    at = parse_time(value)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), moment(user, at))


def _email(_: Org, __: User, ___: Field, value: Any) -> Markup:
    return Markup('<a href="mailto:{0}">{0}</a>').format(value)


def _phone(_: Org, __: User, ___: Field, value: Any) -> Markup:
    return Markup('<a href="tel:{0}">{0}</a>').format(value)


def _url(_: Org, __: User, ___: Field, value: Any) -> Markup:
    target = value if value.lower().startswith(("http://", "https://")) else f"https://{value}"
    return Markup('<a href="{}" rel="noreferrer noopener" target="_blank">{}</a>').format(target, value)


def _choices(_: Org, __: User, ___: Field, value: Any) -> Markup:
    return Markup("{}").format("; ".join(value.split(";")))


def _address(_: Org, __: User, ___: Field, value: Any) -> Markup:
    area = " ".join(str(value[key]) for key in ("state", "postalCode") if value.get(key))
    town = ", ".join(part for part in (value.get("city"), area) if part)
    lines = [value.get("street"), town, value.get("country")]
    return Markup("{}").format("\n".join(line for line in lines if line))


def _reference(org: Org, user: User, field: Field, value: Any) -> Markup:
    """The name of the record that is pointed at; a link when the viewer may open it."""
    target_type = org.schema.of_id(value)
    row = org.rows.get(target_type.name, value) if target_type else None
    if target_type is None or row is None:
        return Markup("{}").format(value)
    if target_type.name in ("User", "Group", "Organization"):
        return Markup("{}").format(name_of(org, target_type, row))
    if org.store.row(target_type, value, user) is None:
        return Markup("{}").format(value)
    return Markup('<a href="{}">{}</a>').format(record_url(target_type.name, value), name_of(org, target_type, row))


_DRAWERS: Mapping[str, Callable[[Org, User, Field, Any], Markup]] = {
    "currency": _number,
    "percent": _number,
    "double": _number,
    "int": _number,
    "date": _date,
    "datetime": _datetime,
    "email": _email,
    "phone": _phone,
    "url": _url,
    "multipicklist": _choices,
    "address": _address,
    "reference": _reference,
}
