"""A CRM tells of records, without the way through the web: what a delivery that is no repetition does."""

from __future__ import annotations

from jobs.hints import Hint, take_hints
from tests.support.office import Office


def hint(office: Office, object_name: str, *record_ids: str) -> int | None:
    """How many runs were started."""
    hints = [Hint(object_name, each) for each in record_ids]
    return take_hints(office.runtime, office.connection, hints, is_news=lambda _: True)
