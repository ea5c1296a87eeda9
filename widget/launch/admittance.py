"""Who may use a connection's panel, where the CRM tells an app nothing about a person's rights."""

from __future__ import annotations

from jobs.models import Connection


def is_admitted(connection: Connection, email: str) -> bool:
    """Everybody the CRM lets in, unless an admin has named the people."""
    named = connection.allowed_emails
    return not named or email.strip().casefold() in {each.strip().casefold() for each in named}
