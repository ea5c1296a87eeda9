"""Making and ending associations: directions, the primary label, journal and announcements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emulator.hubspot import errors
from emulator.hubspot.changes import Change, Source
from emulator.hubspot.errors import ApiError
from emulator.hubspot.links import LinkType
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.times import wire_time

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal

Ends = tuple[str, str, str, str]


class Associating:
    """Changes associations for one source. No record's modified stamp moves by it."""

    def __init__(self, portal: Portal, source: Source) -> None:
        self._portal = portal
        self._source = source

    def add(self, ends: Ends, kinds: Sequence[LinkType]) -> list[LinkType]:
        """Add types to what there is; the plain one is always among them. Answers all types.

        A record's first company is its primary one, and a new primary one takes the label from the old.
        """
        links = self._portal.links
        from_name, from_id, to_name, _to_id = ends
        with self._portal.rows.transaction():
            before = links.types_between(*ends)
            wanted = {kind.id: kind for kind in [*before, *self._with_plain(ends), *kinds]}
            primary = next((kind for kind in links.types.between(from_name, to_name) if kind.primary), None)
            if (
                primary is not None
                and _has_one(from_name, to_name)
                and links.primary(from_name, from_id, to_name) is None
            ):
                wanted[primary.id] = primary
            if any(kind.primary for kind in wanted.values()) and not any(kind.primary for kind in before):
                self._take_primary(ends)
            after = list(wanted.values())
            links.set(ends, after, at=wire_time(self._portal.clock.stamp()))
            self._tell(ends, before, after)
        return links.types_between(*ends)

    def remove(self, ends: Ends, kinds: Sequence[LinkType] | None = None) -> None:
        """End an association, or take only some of its types away."""
        links = self._portal.links
        with self._portal.rows.transaction():
            before = links.types_between(*ends)
            gone = {kind.id for kind in before} if kinds is None else {kind.id for kind in kinds}
            after = [kind for kind in before if kind.id not in gone]
            if before == after:
                return
            links.set(ends, after, at=wire_time(self._portal.clock.stamp()))
            self._tell(ends, before, after)

    def _with_plain(self, ends: Ends) -> list[LinkType]:
        plain = self._portal.links.types.plain(ends[0], ends[2])
        return [] if plain is None else [plain]

    def _take_primary(self, ends: Ends) -> None:
        """Take the primary label from whatever carries it, on the side that may have only one."""
        from_name, from_id, to_name, to_id = ends if _has_one(ends[0], ends[2]) else (*ends[2:], *ends[:2])
        links = self._portal.links
        old = links.primary(from_name, from_id, to_name)
        if old is None or old == to_id:
            return
        old_ends = (from_name, from_id, to_name, old)
        before = links.types_between(*old_ends)
        after = [kind for kind in before if not kind.primary]
        links.set(old_ends, after, at=wire_time(self._portal.clock.stamp()))
        self._tell(old_ends, before, after)

    def _tell(self, ends: Ends, before: Sequence[LinkType], after: Sequence[LinkType]) -> None:
        old_ids, new_ids = {kind.id for kind in before}, {kind.id for kind in after}
        body = {
            "object": ends[0],
            "id": ends[1],
            "op": "associate" if new_ids - old_ids else "disassociate",
            "user_id": self._source.user_id,
            "source": {"type": self._source.type, "id": self._source.id},
            "old": {"to": f"{ends[2]}/{ends[3]}", "types": sorted(old_ids)},
            "new": {"to": f"{ends[2]}/{ends[3]}", "types": sorted(new_ids)},
            "net": old_ids != new_ids,
        }
        at = self._portal.clock.stamp()
        changed = [(kind, False) for kind in after if kind.id not in old_ids]
        changed += [(kind, True) for kind in before if kind.id not in new_ids]
        happened = [self._change(ends, kind, removed=removed) for kind, removed in changed]
        types = self._portal.links.types
        back = (*ends[2:], *ends[:2])
        happened += [self._change(back, types.inverse(kind), removed=removed) for kind, removed in changed]
        self._portal.rows.after_commit(lambda: self._portal.journal.add_write(at=at, body=body))
        if happened:
            self._portal.rows.after_commit(lambda: self._portal.changes.announce(happened))

    def _change(self, ends: Ends, kind: LinkType, *, removed: bool) -> Change:
        objects = self._portal.schema.objects
        from_type, to_type = objects[ends[0]], objects[ends[2]]
        details = {
            "associationType": kind.name.upper(),
            "associationTypeId": kind.id,
            "associationCategory": kind.category,
            "fromObjectId": int(ends[1]),
            "toObjectId": int(ends[3]),
            "fromObjectTypeId": from_type.id,
            "toObjectTypeId": to_type.id,
            "associationRemoved": removed,
            "isPrimaryAssociation": kind.primary,
        }
        return Change(
            "object.associationChange",
            from_type.name,
            from_type.id,
            ends[1],
            self._portal.clock.stamp(),
            self._source,
            details=details,
        )


def ends_of(
    portal: Portal, object_type: ObjectType, record_id: str, given: Mapping[str, Any]
) -> tuple[Ends, list[LinkType]]:
    """The far end and the types of an entry `{to: {id}, types: [{associationCategory, associationTypeId}]}`."""
    far, types = given.get("to"), given.get("types")
    if not isinstance(far, Mapping) or not isinstance(types, list) or not all(isinstance(each, dict) for each in types):
        raise errors.bad_json("Some required fields were not set: [to, types]")
    to_id = str(far.get("id", ""))
    for to in portal.schema.objects.values():
        kinds = [_kind_of(portal, object_type, to, each) for each in types]
        if kinds and all(kind is not None for kind in kinds):
            row = portal.store.row(to, to_id)
            if row is None:
                raise errors.not_found()
            if portal.faults.is_locked(row["hs_object_id"]):
                raise errors.locked()
            return (object_type.name, record_id, to.name, to_id), [kind for kind in kinds if kind is not None]
    raise ApiError("One or more association types are not valid between these objects")


def _kind_of(portal: Portal, object_type: ObjectType, to: ObjectType, given: Mapping[str, Any]) -> LinkType | None:
    """A type is known by its number and its category together."""
    kind = portal.links.types.find(object_type.name, to.name, str(given.get("associationTypeId")))
    return kind if kind is not None and kind.category == given.get("associationCategory") else None


def _has_one(from_name: str, to_name: str) -> bool:
    """Contacts and deals have one primary company; a company may be the primary one of many."""
    return to_name == "companies" and from_name != "companies"
