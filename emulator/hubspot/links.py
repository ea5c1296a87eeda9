"""Associations: which records belong together, under which labels, seen from either side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.rows import Row, Rows

TABLE = "_link"


@dataclass(frozen=True, slots=True)
class LinkType:
    """One kind of association in one direction. `inverse` is the type id seen from the other side.

    `name` is what older API versions say (`contact_to_company`); `label` is None for the plain association.
    """

    from_name: str
    to_name: str
    category: str
    id: int
    inverse: int
    name: str
    label: str | None = None
    primary: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"category": self.category, "typeId": self.id, "label": self.label}


class LinkTypes:
    """All kinds of associations of a portal."""

    def __init__(self, definitions: Iterable[Mapping[str, Any]]) -> None:
        self._known: dict[tuple[str, str, int], LinkType] = {}
        for definition in definitions:
            self.put(definition)

    def put(self, definition: Mapping[str, Any]) -> None:
        """Add both directions: `{between: [a, b], ids: [there, back], names, labels?, category?, primary?}`."""
        (here, there), ids, names = definition["between"], definition["ids"], definition["names"]
        labels = definition.get("labels", [None, None])
        for way in (0, 1):
            ends = (here, there) if way == 0 else (there, here)
            made = LinkType(
                *ends,
                category=definition.get("category", "HUBSPOT_DEFINED"),
                id=ids[way],
                inverse=ids[1 - way],
                name=names[way],
                label=labels[way],
                primary=definition.get("primary", False),
            )
            self._known[*ends, made.id] = made

    def between(self, from_name: str, to_name: str) -> list[LinkType]:
        """The types from one object to another, the plain one first."""
        found = [each for each in self._known.values() if (each.from_name, each.to_name) == (from_name, to_name)]
        return sorted(found, key=lambda each: (each.label is not None, each.id))

    def find(self, from_name: str, to_name: str, type_id: int | str) -> LinkType | None:
        """The type with this number, which may come as a text."""
        return next((kind for kind in self.between(from_name, to_name) if str(kind.id) == str(type_id)), None)

    def known(self, from_name: str, to_name: str, type_id: int) -> LinkType | None:
        return self._known.get((from_name, to_name, type_id))

    def plain(self, from_name: str, to_name: str) -> LinkType | None:
        """The association without a label; None when the two objects cannot be associated."""
        return next((each for each in self.between(from_name, to_name) if each.label is None), None)

    def inverse(self, kind: LinkType) -> LinkType:
        return self._known[kind.to_name, kind.from_name, kind.inverse]

    def free_ids(self) -> list[int]:
        first = max((each.id for each in self._known.values()), default=0) + 1
        return [first, first + 1]


class Links:
    """The associations themselves, kept twice: once per direction. Changes need a transaction of the rows."""

    def __init__(self, rows: Rows, types: LinkTypes) -> None:
        self._rows = rows
        self.types = types
        rows.index(TABLE, "_from")

    def of(self, from_name: str, from_id: str, to_name: str) -> list[tuple[str, list[LinkType]]]:
        """The ids on the other side with their types, lowest id first."""
        found = [
            (row["to"], self._types_of(from_name, to_name, row)) for row in self._from(from_name, from_id, to_name)
        ]
        return sorted(((to_id, kinds) for to_id, kinds in found if kinds), key=lambda pair: int(pair[0]))

    def ids(self, from_name: str, from_id: str, to_name: str) -> list[str]:
        return [to_id for to_id, _ in self.of(from_name, from_id, to_name)]

    def primary(self, from_name: str, from_id: str, to_name: str) -> str | None:
        linked = self.of(from_name, from_id, to_name)
        return next((to_id for to_id, kinds in linked if any(kind.primary for kind in kinds)), None)

    def types_between(self, from_name: str, from_id: str, to_name: str, to_id: str) -> list[LinkType]:
        row = self._rows.get(TABLE, _key(from_name, from_id, to_name, to_id))
        return [] if row is None else self._types_of(from_name, to_name, row)

    def set(self, ends: tuple[str, str, str, str], kinds: Sequence[LinkType], *, at: str) -> None:
        """Make these the types of one association (none: it ends), seen from both sides.

        `ends` are object, id, object, id.
        """
        from_name, from_id, to_name, to_id = ends
        self._put(ends, kinds, at=at)
        self._put((to_name, to_id, from_name, from_id), [self.types.inverse(kind) for kind in kinds], at=at)

    def _put(self, ends: tuple[str, str, str, str], kinds: Sequence[LinkType], *, at: str) -> None:
        from_name, from_id, to_name, to_id = ends
        self._rows.put(
            TABLE,
            {
                "hs_object_id": _key(*ends),
                "_modified": at,
                "_from": f"{from_name}:{from_id}:{to_name}",
                "to": to_id,
                "types": sorted(kind.id for kind in kinds),
            },
        )

    def _from(self, from_name: str, from_id: str, to_name: str) -> Iterator[Row]:
        for key in self._rows.ids_with(TABLE, "_from", f"{from_name}:{from_id}:{to_name}") or ():
            row = self._rows.get(TABLE, key)
            if row is not None:
                yield row

    def _types_of(self, from_name: str, to_name: str, row: Row) -> list[LinkType]:
        kinds = (self.types.known(from_name, to_name, type_id) for type_id in row["types"])
        return [kind for kind in kinds if kind is not None]


def _key(from_name: str, from_id: str, to_name: str, to_id: str) -> str:
    return f"{from_name}:{from_id}:{to_name}:{to_id}"
