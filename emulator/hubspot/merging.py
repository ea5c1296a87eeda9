"""Merging two records: a new one takes their place, and both old ids lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.hubspot.associating import Associating
from emulator.hubspot.changes import Source
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.times import wire_time
from emulator.rows import Row

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal


def merge(portal: Portal, object_type: ObjectType, primary: Row, other: Row, *, source: Source) -> Row:
    """The merged record: the primary one's values, its blanks filled from the other one, both one's associations."""
    with portal.rows.transaction():
        merged = _merged(portal, object_type, primary, other, source=source)
        for row in (primary, other):
            _move_links(portal, object_type, row["hs_object_id"], merged["hs_object_id"], source=source)
        portal.writer.put_merged(object_type, [primary, other], merged, source=source)
    return merged


def _merged(portal: Portal, object_type: ObjectType, primary: Row, other: Row, *, source: Source) -> dict[str, Any]:
    at = wire_time(portal.clock.stamp())
    values = {name: value for name, value in other.items() if not name.startswith("_")}
    values |= {name: value for name, value in primary.items() if not name.startswith("_")}
    history = {**other["_history"], **primary["_history"]}
    for name in values:
        # What came from the other record keeps its author and its time.
        if name not in primary and name not in history and name in other:
            history[name] = [[other[name], *other["_made"]]]
    ids = [*_merged_ids(primary), *_merged_ids(other), primary["hs_object_id"], other["hs_object_id"]]
    merged: dict[str, Any] = {
        **values,
        "hs_object_id": portal.writer.new_id(object_type),
        "hs_merged_object_ids": ";".join(dict.fromkeys(ids)),
        "_created": min(primary["_created"], other["_created"]),
        "_modified": at,
        "_made": primary["_made"],
        "_history": history,
    }
    emails = _emails(primary, other)
    if object_type.find("hs_additional_emails") is not None and emails:
        merged["hs_additional_emails"] = ";".join(emails)
    return merged


def _merged_ids(row: Row) -> list[str]:
    return [each for each in row.get("hs_merged_object_ids", "").split(";") if each]


def _emails(primary: Row, other: Row) -> list[str]:
    """The addresses beside the main one."""
    more = [each for row in (primary, other) for each in row.get("hs_additional_emails", "").split(";") if each]
    main = primary.get("email")
    if main and other.get("email"):
        more.append(other["email"])
    return list(dict.fromkeys(each for each in more if each != main))


def _move_links(portal: Portal, object_type: ObjectType, old_id: str, new_id: str, *, source: Source) -> None:
    associating = Associating(portal, source)
    for to in portal.schema.objects.values():
        for to_id, kinds in portal.links.of(object_type.name, old_id, to.name):
            associating.remove((object_type.name, old_id, to.name, to_id))
            primary_taken = portal.links.primary(object_type.name, new_id, to.name) is not None
            kept = [kind for kind in kinds if not (kind.primary and primary_taken)]
            associating.add((object_type.name, new_id, to.name, to_id), kept)
