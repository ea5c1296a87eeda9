"""Our store as JSON lines, one record a line: to keep, to look at, to take elsewhere."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from sqlalchemy import select

from config.settings import Settings
from jobs.db import open_database
from jobs.models import LocalRecord, RecordLink
from jobs.new_objects import kind_labels


def main(settings: Settings, arguments: Sequence[str], out: TextIO = sys.stdout) -> int:
    """`widget export [--kind KIND]`: the number of records written."""
    parser = argparse.ArgumentParser(prog="widget export", description=__doc__)
    parser.add_argument("--kind", help="only records of this kind")
    kind = parser.parse_args(list(arguments)).kind
    database = open_database(settings)
    count = 0
    try:
        with database.read() as session:
            if kind and kind not in (kinds := kind_labels(session)):
                parser.error(f"argument --kind: {kind} is not one of {', '.join(sorted(kinds))}")
            query = select(LocalRecord).where(LocalRecord.deleted_at.is_(None)).order_by(LocalRecord.id)
            if kind:
                query = query.where(LocalRecord.kind == kind)
            for record in session.scalars(query.execution_options(yield_per=500)):
                links = session.scalars(select(RecordLink).where(RecordLink.local_record_id == record.id))
                out.write(json.dumps(_line(record, list(links)), ensure_ascii=False) + "\n")
                count += 1
    finally:
        database.close()
    return count


def _line(record: LocalRecord, links: list[RecordLink]) -> dict[str, Any]:
    return {
        "id": record.id,
        "kind": record.kind,
        "name": record.name,
        "values": record.values,
        "provenance": record.provenance,
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "links": [
            {"connection_id": link.connection_id, "object": link.object, "crm_record_id": link.crm_record_id}
            for link in links
        ],
    }
