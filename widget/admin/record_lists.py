"""The frame of the lists that tell of CRM records, one row each: links, what is kept apart, conflicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template
from sqlalchemy import SQLColumnExpression, and_, or_, select

from jobs.models import Connection, CrmRecord, KeepApart, LocalRecord, RecordLink
from widget.admin import display, listing
from widget.context import runtime


@dataclass(frozen=True)
class RecordList:
    """What one of them shows, and the columns that the filters they all have look at."""

    template: str
    title: str
    connection: SQLColumnExpression[int]
    object: SQLColumnExpression[str]
    objects: SQLColumnExpression[str]
    """Where the objects to choose from stand."""
    searched: tuple[SQLColumnExpression[Any], ...]

    def shown(self, query: listing.Rows, **own: str) -> str:
        """The page that the address asks for. `own`: what this list filters by besides, and the query knows of."""
        chosen: dict[str, Any] = {
            **own,
            "connection": listing.number_in_url("connection"),
            "object": listing.text_in_url("object"),
            "q": listing.text_in_url("q"),
        }
        with runtime().database.read() as session:
            page = listing.paged(session, self._narrowed(query, chosen))
            connections = session.scalars(select(Connection).order_by(Connection.name)).all()
            objects = session.scalars(select(self.objects).distinct()).all()
        return render_template(
            self.template,
            title=self.title,
            page=page,
            chosen=chosen,
            connections=connections,
            objects=display.object_options(objects),
        )

    def _narrowed(self, query: listing.Rows, chosen: dict[str, Any]) -> listing.Rows:
        for column, value in ((self.connection, chosen["connection"]), (self.object, chosen["object"])):
            if value:
                query = query.where(column == value)
        if text := chosen["q"]:
            query = query.where(or_(*(column.icontains(text, autoescape=True) for column in self.searched)))
        return query


def with_both_sides(pair: type[RecordLink] | type[KeepApart]) -> listing.Rows:
    """Each pair with our record, the CRM's as far as it was ever seen (else None), and the connection."""
    is_seen = and_(
        CrmRecord.connection_id == pair.connection_id,
        CrmRecord.object == pair.object,
        CrmRecord.crm_record_id == pair.crm_record_id,
    )
    return (
        select(pair, LocalRecord, CrmRecord, Connection)
        .join(LocalRecord, LocalRecord.id == pair.local_record_id)
        .join(Connection, Connection.id == pair.connection_id)
        .outerjoin(CrmRecord, is_seen)
    )
