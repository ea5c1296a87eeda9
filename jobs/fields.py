"""The fields of our kinds: those a kind comes with, and those an admin added."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.crm.base import FieldInfo
from jobs.kinds import LocalField, shape_of
from jobs.models import CustomField

LONGEST_NAME = 60


def fields_of(session: Session, kind: str) -> Mapping[str, LocalField]:
    """Our field's name -> the field, the custom ones last."""
    query = select(CustomField).where(CustomField.kind == kind).order_by(CustomField.label, CustomField.id)
    return {**shape_of(kind).fields, **{each.name: _as_field(each) for each in session.scalars(query)}}


def create_like(session: Session, kind: str, theirs: FieldInfo, *, at: datetime) -> tuple[str, LocalField]:
    """A new field of ours with the label, type and options of the CRM's; its name and itself."""
    row = CustomField(
        kind=kind,
        name=free_name(theirs.label, fields_of(session, kind), longest=LONGEST_NAME, otherwise="field"),
        label=theirs.label[:200],
        field_type=theirs.field_type,
        options=[list(option) for option in theirs.options],
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row.name, _as_field(row)


def _as_field(row: CustomField) -> LocalField:
    return LocalField(row.label, row.field_type, tuple((value, label) for value, label in row.options))


def free_name(label: str, taken: Collection[str], *, longest: int, otherwise: str) -> str:
    """The label in lower case, words joined by underscores; numbered when there is one like it.

    `otherwise`: for a label without a letter that could stand in a name. A number comes on top of the `longest`.
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    name = "_".join(re.findall(r"[a-z0-9]+", plain))[:longest].strip("_") or otherwise
    names = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in names if each not in taken)
