"""What a record page shows: the properties on the left, what happened in the middle, associations on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from emulator.hubspot.errors import ApiError
from emulator.hubspot.pages.edit import as_typed, input_for, typed_text
from emulator.hubspot.pages.layouts import found, layout_of, sections_of
from emulator.hubspot.pages.lists import tabs
from emulator.hubspot.pages.show import html_of, moment, name_of, record_url, shown
from emulator.hubspot.portal import Portal
from emulator.hubspot.schema import ObjectType, Property
from emulator.pages.shown import Shown
from emulator.rows import Row

_LATEST_CHANGES = 12
_LINKED_RECORDS = 5


@dataclass(frozen=True, slots=True)
class PropertyView:
    """A property of the left column. `edit_url` opens and takes its form; `input` is there while it is edited."""

    name: str
    label: str
    html: Markup
    edit_url: str | None = None
    input: Markup | None = None
    errors: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    label: str
    properties: list[PropertyView]


@dataclass(frozen=True, slots=True)
class HappenedView:
    """One earlier change of a property."""

    label: str
    html: Markup
    by: str
    at: str
    iso: str


@dataclass(frozen=True, slots=True)
class Linked:
    name: str
    url: str
    hint: str
    labels: list[str]


@dataclass(frozen=True, slots=True)
class Association:
    type: ObjectType
    total: int
    records: list[Linked]


@dataclass(frozen=True, slots=True)
class Editing:
    """An open edit of one property: what was typed, and why it was refused."""

    name: str
    form: MultiDict[str, str] | None = None
    problem: ApiError | None = None

    @property
    def errors(self) -> list[str]:
        if self.problem is None:
            return []
        return [str(each["message"]) for each in self.problem.errors if "message" in each] or [self.problem.message]


@dataclass(slots=True)
class RecordView:
    name: str
    url: str
    subtitle: str
    highlights: list[Shown]
    created_at: str
    sections: list[Section] = field(default_factory=list)
    happened: list[HappenedView] = field(default_factory=list)
    associations: list[Association] = field(default_factory=list)


class RecordPage:
    """Builds the view of one record. `url` leads back to the page as it is."""

    def __init__(self, portal: Portal, object_type: ObjectType, row: Row, *, url: str) -> None:
        self._portal = portal
        self._type = object_type
        self._row = row
        self._url = url

    def view(self, editing: Editing | None = None) -> RecordView:
        layout = layout_of(self._type)
        subtitle = (self._shown(each).text for each in found(self._type, layout.subtitle))
        return RecordView(
            name=name_of(self._portal, self._type, self._row),
            url=self._url,
            subtitle=" · ".join(text for text in subtitle if text),
            highlights=[self._shown(each) for each in found(self._type, layout.highlights)],
            sections=[
                Section(label, [self._property(each, editing) for each in properties])
                for label, properties in sections_of(self._type).items()
            ],
            happened=self._happened(),
            created_at=moment(self._portal, datetime.fromisoformat(self._row["_created"])),
            associations=[each for each in map(self._association, tabs(self._portal)) if each is not None],
        )

    def editable(self, name: str) -> Property | None:
        """The property of that name, if this page lets people change it."""
        properties = (each for section in sections_of(self._type).values() for each in section)
        return next((each for each in properties if each.name == name and each.writable), None)

    def _property(self, known: Property, editing: Editing | None) -> PropertyView:
        html = self._shown(known).html
        if not known.writable:
            return PropertyView(known.name, known.label, html)
        edit_url = f"{self._url}{'&' if '?' in self._url else '?'}edit={known.name}"
        if editing is None or editing.name != known.name:
            return PropertyView(known.name, known.label, html, edit_url)
        typed = as_typed(self._portal, self._row, known)
        if editing.form is not None:
            typed = typed_text(editing.form, known)
        errors = editing.errors
        made = input_for(self._portal, self._type, self._row, known, typed=typed, invalid=bool(errors))
        return PropertyView(known.name, known.label, html, edit_url, made, errors)

    def _happened(self) -> list[HappenedView]:
        """The latest changes of all properties, newest first; what the record was created with is none."""
        versions = [
            (version, known)
            for name, kept in self._row["_history"].items()
            if (known := self._type.find(name)) is not None
            for version in kept
            if version[1] != self._row["_created"]
        ]
        versions.sort(key=lambda pair: str(pair[0][1]), reverse=True)
        return [self._change(known, *version) for version, known in versions[:_LATEST_CHANGES]]

    def _change(
        self, known: Property, value: str, at: str, source: str, source_id: str, user_id: int | None
    ) -> HappenedView:
        html = html_of(self._portal, self._type, self._row, known, value)
        person = None if user_id is None else self._portal.people.find(user_id)
        by = self._portal.definition["app"]["name"] if source == "INTEGRATION" else person.name if person else "HubSpot"
        return HappenedView(known.label, html, by, moment(self._portal, datetime.fromisoformat(at)), at)

    def _association(self, other: ObjectType) -> Association | None:
        """The records of one object that are linked; None when the two objects cannot be."""
        if self._portal.links.types.plain(self._type.name, other.name) is None:
            return None
        linked = []
        for record_id, kinds in self._portal.links.of(self._type.name, self._row["hs_object_id"], other.name):
            row = self._portal.store.row(other, record_id)
            if row is not None:
                linked.append(self._linked(other, row, [kind.label for kind in kinds if kind.label]))
        return Association(other, len(linked), linked[:_LINKED_RECORDS])

    def _linked(self, other: ObjectType, row: Row, labels: list[str]) -> Linked:
        hints = (shown(self._portal, other, row, each).text for each in found(other, layout_of(other).columns[:2]))
        return Linked(
            name=name_of(self._portal, other, row),
            url=record_url(self._portal, other, row["hs_object_id"]),
            hint=" · ".join(hint for hint in hints if hint),
            labels=labels,
        )

    def _shown(self, known: Property) -> Shown:
        return shown(self._portal, self._type, self._row, known)
