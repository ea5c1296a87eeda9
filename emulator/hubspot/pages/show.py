"""Property values as a page shows them, in English and in the portal's time zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from emulator.hubspot.pages.layouts import layout_of
from emulator.hubspot.portal import Portal
from emulator.hubspot.schema import ObjectType, Property
from emulator.pages.shown import Shown
from emulator.rows import Row


def zone_of(portal: Portal) -> ZoneInfo:
    return ZoneInfo(portal.facts["time_zone"])


def name_of(portal: Portal, object_type: ObjectType, row: Row) -> str:
    """What the record is called: by its name, else its email, else its number."""
    names = [row.get(name, "") for name in layout_of(object_type).name]
    return " ".join(name for name in names if name) or row.get("email") or f"Record {row['hs_object_id']}"


def list_url(portal: Portal, object_type: ObjectType) -> str:
    return f"/contacts/{portal.id}/objects/{object_type.id}/views/all/list"


def record_url(portal: Portal, object_type: ObjectType, record_id: str) -> str:
    return f"/contacts/{portal.id}/record/{object_type.id}/{record_id}"


def choices(portal: Portal, object_type: ObjectType, row: Row, known: Property) -> list[tuple[str, str]] | None:
    """The values a property may take, with their labels; None when it takes any text."""
    if known.format == "owner":
        return [(each.owner_id, each.name) for each in portal.people.owners]
    pipelines = portal.pipelines.of(object_type.name)
    if known.format == "pipeline":
        return [(key, pipeline["label"]) for key, pipeline in pipelines.items()]
    if known.format == "stage":
        chosen = row.get("pipeline", "")
        inside = [pipelines[chosen]] if chosen in pipelines else list(pipelines.values())
        return [(stage["id"], stage["label"]) for pipeline in inside for stage in pipeline["stages"]]
    if known.type in ("enumeration", "bool") and known.options:
        return [(option["value"], option["label"]) for option in known.options if not option["hidden"]]
    return None


def shown(portal: Portal, object_type: ObjectType, row: Row, known: Property) -> Shown:
    value = portal.store.value(object_type, row, known)
    html = html_of(portal, object_type, row, known, value)
    return Shown(known.name, known.label, html.striptags(), html, number=known.type == "number")


def html_of(portal: Portal, object_type: ObjectType, row: Row, known: Property, value: str | None) -> Markup:
    if not value:
        return Markup("")
    listed = choices(portal, object_type, row, known)
    if listed is not None:
        labels = dict(listed)
        return Markup("{}").format("; ".join(labels.get(each, each) for each in value.split(";")))
    drawn = _DRAWERS.get(known.format or known.type)
    return drawn(portal, value) if drawn else Markup("{}").format(value)


def moment(portal: Portal, at: datetime) -> str:
    local = at.astimezone(zone_of(portal))
    return f"{local:%b} {local.day}, {local.year} {local:%I:%M %p} {local:%Z}".replace(" 0", " ")


def _number(_: Portal, value: str) -> Markup:
    try:
        return Markup("{}").format(f"{float(value):,.2f}".removesuffix(".00"))
    except (ValueError, OverflowError):
        return Markup("{}").format(value)


def _date(_: Portal, value: str) -> Markup:
    at = date.fromisoformat(value)
    return Markup("{}").format(f"{at:%b} {at.day}, {at.year}")


def _datetime(portal: Portal, value: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(value, moment(portal, datetime.fromisoformat(value)))


def _email(_: Portal, value: str) -> Markup:
    return Markup('<a href="mailto:{0}">{0}</a>').format(value)


def _domain(_: Portal, value: str) -> Markup:
    return Markup('<a href="https://{0}" rel="noreferrer noopener" target="_blank">{0}</a>').format(value)


_DRAWERS: Mapping[str, Callable[[Portal, str], Markup]] = {
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "email": _email,
    "domain": _domain,
}
