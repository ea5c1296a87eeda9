"""What a record page shows one viewer: highlights, sections, related lists, and the edit form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from emulator.pages.shown import Shown
from emulator.rows import Row
from emulator.salesforce.access import User
from emulator.salesforce.errors import ApiError
from emulator.salesforce.launch import may_edit
from emulator.salesforce.org import Org
from emulator.salesforce.pages.edit import as_typed, input_for, typed_text
from emulator.salesforce.pages.layouts import editable_parts, layout_of, sections_of
from emulator.salesforce.pages.show import label_of, name_of, record_url, shown
from emulator.salesforce.schema import Field, ObjectType

_WIDE = frozenset({"textarea", "address"})
_RELATED_ROWS = 5


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field of the details card. `input` is there while the record is edited."""

    name: str
    label: str
    html: Markup
    wide: bool = False
    edit_url: str | None = None
    input: Markup | None = None
    required: bool = False
    errors: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    label: str
    fields: list[FieldView]


@dataclass(frozen=True, slots=True)
class Related:
    type: ObjectType
    total: int
    rows: list[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Editing:
    """An open edit form: which input has the focus, what was typed, and what was wrong with it."""

    focus: str = ""
    form: MultiDict[str, str] | None = None
    problems: Sequence[ApiError] = ()

    def errors_of(self, name: str) -> list[str]:
        return [problem.message for problem in self.problems if name in problem.fields]


@dataclass(slots=True)
class RecordView:
    name: str
    url: str
    edit_url: str
    save_url: str
    can_edit: bool
    keys: list[Shown]
    sections: list[Section] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)
    editing: bool = False
    focus: str = ""
    problems: list[ApiError] = field(default_factory=list)


class RecordPage:
    """Builds the view of one record for one viewer. `query` is kept on every link back to the page."""

    def __init__(self, org: Org, user: User, object_type: ObjectType, row: Row, *, url: str) -> None:
        self._org = org
        self._user = user
        self._type = object_type
        self._row = row
        self._url = url

    def view(self, editing: Editing | None = None) -> RecordView:
        joint = "&" if "?" in self._url else "?"
        view = RecordView(
            name=name_of(self._org, self._type, self._row),
            url=self._url,
            edit_url=f"{self._url}{joint}edit=1",
            save_url=self._url,
            can_edit=self._is_editable(),
            keys=[self._shown(each) for each in self._visible(layout_of(self._type).keys)],
            related=self._related(),
        )
        if editing is not None and view.can_edit:
            view.editing = True
            view.focus = editing.focus
            view.problems = list(editing.problems)
            view.sections = self._sections(lambda each: self._inputs(each, editing))
        else:
            view.sections = self._sections(lambda each: [self._reading(each, joint)])
        return view

    def editable_fields(self) -> list[Field]:
        """Every field that the form has an input for."""
        names = [name for section in sections_of(self._type).values() for name in section]
        parts = [part for each in self._visible(names) for part in editable_parts(self._type, each)]
        return [part for part in parts if self._may_edit(part)]

    def _sections(self, views_of: Any) -> list[Section]:
        sections = []
        for label, names in sections_of(self._type).items():
            fields = [view for each in self._visible(names) for view in views_of(each)]
            if fields:
                sections.append(Section(label, fields))
        return sections

    def _reading(self, each: Field, joint: str) -> FieldView:
        parts = [part for part in editable_parts(self._type, each) if self._may_edit(part)]
        edit_url = f"{self._url}{joint}edit={parts[0].name}" if parts and self._is_editable() else None
        html = self._shown(each).html
        return FieldView(each.name, label_of(each), html, wide=each.type in _WIDE, edit_url=edit_url)

    def _inputs(self, each: Field, editing: Editing) -> list[FieldView]:
        parts = [part for part in editable_parts(self._type, each) if self._may_edit(part)]
        if not parts:
            return [FieldView(each.name, label_of(each), self._shown(each).html, wide=each.type in _WIDE)]
        return [self._input(part, editing) for part in parts]

    def _input(self, part: Field, editing: Editing) -> FieldView:
        was = as_typed(self._user, part, self._row.get(part.name))
        typed = was
        if editing.form is not None and f"was.{part.name}" in editing.form:
            typed, was = typed_text(editing.form, part), editing.form[f"was.{part.name}"]
        errors = editing.errors_of(part.name)
        return FieldView(
            part.name,
            label_of(part),
            Markup(""),
            wide=part.type == "textarea",
            required=part.required,
            errors=errors,
            input=input_for(
                self._org,
                self._user,
                part,
                typed=typed,
                was=was,
                invalid=bool(errors),
                focus=part.name == editing.focus,
            ),
        )

    def _related(self) -> list[Related]:
        """Records that point here, as far as the viewer may see them and the field that points."""
        lists = []
        for child_name, through in layout_of(self._type).related:
            child_type = self._org.store.object_type(child_name, self._user)
            if child_type is None or self._org.store.field(child_type, through, self._user) is None:
                continue
            rows = [
                row for row in self._org.store.visible(child_type, self._user) if row.get(through) == self._row["Id"]
            ]
            if rows:
                lists.append(
                    Related(child_type, len(rows), [self._child(child_type, row) for row in rows[:_RELATED_ROWS]])
                )
        return lists

    def _child(self, child_type: ObjectType, row: Row) -> Mapping[str, Any]:
        names = layout_of(child_type).related_fields
        fields = [self._org.store.field(child_type, name, self._user) for name in names]
        return {
            "name": name_of(self._org, child_type, row),
            "url": record_url(child_type.name, row["Id"]),
            "fields": [shown(self._org, self._user, child_type, row, each) for each in fields if each],
        }

    def _visible(self, names: Sequence[str]) -> list[Field]:
        found = [self._org.store.field(self._type, name, self._user) for name in names]
        return [each for each in found if each is not None]

    def _shown(self, each: Field) -> Shown:
        return shown(self._org, self._user, self._type, self._row, each)

    def _is_editable(self) -> bool:
        access = self._org.store.access(self._type, self._row, self._user)
        return self._type.updateable and access == "edit" and not self._row.get("IsConverted")

    def _may_edit(self, part: Field) -> bool:
        visible = self._org.store.field(self._type, part.name, self._user) is not None
        return visible and may_edit(self._type.name, part, self._user)
