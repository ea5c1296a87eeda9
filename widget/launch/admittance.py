"""Who may use a connection's panel, where the CRM tells an app nothing about a person's rights."""

from __future__ import annotations

from jobs.crm.adapters import CRMS
from jobs.models import Connection
from jobs.runtime import Runtime


def is_admitted(connection: Connection, email: str) -> bool:
    """Everybody the CRM lets in, unless an admin has named the people."""
    if CRMS[connection.crm].open_as_person is not None:
        return True  # the CRM says itself what this person may see
    named = connection.allowed_emails
    return not named or email.strip().casefold() in {each.strip().casefold() for each in named}


def is_still_admitted(here: Runtime, connection_id: int, email: str) -> bool:
    """The same, as the list stands now. Raises NoResultFound when the connection is gone."""
    with here.database.read() as session:
        return is_admitted(session.get_one(Connection, connection_id), email)
