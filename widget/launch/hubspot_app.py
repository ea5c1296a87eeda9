"""Which app HubSpot calls us for: the connection's own, or the one of this installation."""

from __future__ import annotations

import structlog

from jobs.models import Connection
from jobs.models.connection import DISCONNECTED
from jobs.runtime import Runtime
from jobs.vault import CannotOpen

log = structlog.get_logger()


def app_secret(here: Runtime, connection: Connection) -> str:
    """What verifies a call about this portal; "" when nothing does.

    Of the connection's own app, or of the installation's while the portal is connected by it. A secret that cannot be
    opened keeps its own portal out, not the others.
    """
    try:
        own = here.vault.open(connection.client_secret_sealed)
    except CannotOpen:
        log.error("client_secret_sealed_with_unknown_key", connection_id=connection.id)
        return ""
    if own or connection.broken_code == DISCONNECTED:
        return own
    return here.settings.hubspot_client_secret.get_secret_value()
