"""Storing what an admin decided about a connection, with its audit row, in the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs import interrupted, watermarks
from jobs.accounts import audit
from jobs.crm.errors import CrmError
from jobs.mapping_defaults import add_default_mappings
from jobs.models import Connection
from jobs.models.connection import ACTIVE, BROKEN
from jobs.runtime import utc_now
from widget.admin import connection_form
from widget.admin.access import person
from widget.admin.connection_access import Tested
from widget.admin.connection_form import Draft, FormErrors
from widget.context import runtime

PLAIN = ("name", "base_url", "client_id", "launch_issuer", "allowed_emails")
"""The columns whose values the audit trail shows."""


def insert(session: Session, draft: Draft, tested: Tested) -> Connection:
    """Raises FormErrors when the org is connected already."""
    access, result = tested.access, tested.result
    known = session.scalar(select(Connection).where(Connection.crm == access.crm, Connection.org_id == result.org_id))
    if known is not None:
        raise FormErrors({access.field: f"{result.org_name} is connected already, as “{known.name}”. Edit that one."})
    connection = Connection(
        crm=access.crm,
        org_id=result.org_id,
        auth_flow=access.auth_flow,
        api_version=access.api_version(runtime().settings),
        syncs_enabled=True,
        created_at=utc_now(),
        client_id="",
        broken_code="",
        broken_message="",
        client_secret_sealed="",
        canvas_secret_sealed="",
        hint_secret_sealed="",
    )
    session.add(connection)
    secrets = _fill(connection, draft, tested)
    session.flush()
    add_default_mappings(session, connection)
    note(session, connection, "connection.create", after=_plain(connection), secrets=secrets)
    return connection


def update(session: Session, connection: Connection, draft: Draft, tested: Tested | None) -> None:
    """`tested` is None where the access is not part of the form, because somebody signed in for it."""
    before = _plain(connection)
    secrets = _fill(connection, draft, tested) if tested is not None else _fill_rest(connection, draft)
    after = _plain(connection)
    changed = [name for name in after if after[name] != before[name]]
    note(
        session,
        connection,
        "connection.edit",
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        secrets=secrets,
    )


def _fill(connection: Connection, draft: Draft, tested: Tested) -> list[str]:
    """Take over the form and what the test learned; the names of the secrets that were set."""
    secrets = tested.access.keep(connection, draft, runtime().settings, runtime().vault)
    connection.integration_user_id = tested.result.integration_user_id
    connection.host_origins = list(tested.result.host_origins)
    make_active(connection)
    return secrets + _fill_rest(connection, draft)


def _fill_rest(connection: Connection, draft: Draft) -> list[str]:
    connection.name = draft.name
    connection.launch_issuer = draft.launch_issuer
    connection.launch_certificate = draft.launch_certificate
    connection.allowed_emails = connection_form.addresses(draft.allowed_emails)
    connection.updated_at = utc_now()
    connection.canvas_secret_sealed, canvas = _kept(
        "Canvas secret", connection.canvas_secret_sealed, draft.canvas_secret, forget=draft.forget_canvas_secret
    )
    connection.hint_secret_sealed, hint = _kept(
        "hint secret", connection.hint_secret_sealed, draft.hint_secret, forget=draft.forget_hint_secret
    )
    return canvas + hint


def _kept(name: str, sealed: str, typed: str, *, forget: bool) -> tuple[str, list[str]]:
    """(what is stored from now on, what the audit trail says of it)."""
    if typed:
        return runtime().vault.seal(typed), [name]
    if forget and sealed:
        return "", [f"{name} (removed)"]
    return sealed, []


def make_active(connection: Connection) -> None:
    connection.state, connection.broken_code, connection.broken_message = ACTIVE, "", ""
    connection.broken_at = None


def note_broken(connection: Connection, error: CrmError) -> None:
    """What a run would note when it met the same answer."""
    connection.state, connection.broken_code, connection.broken_message = BROKEN, error.code[:60], error.message
    connection.broken_at = utc_now()


def mend(session: Session, connection: Connection) -> None:
    before = {"state": connection.state, "code": connection.broken_code}
    make_active(connection)
    connection.updated_at = utc_now()
    note(session, connection, "connection.mend", before=before, after={"state": ACTIVE})


def waiting(session: Session, connection: Connection) -> str:
    """What could not be done for want of access, as "3 records and 1 import"; "" for nothing."""
    counted = {
        "record": interrupted.how_many(session, connection),
        "import": interrupted.imports_waiting(session, connection),
    }
    return " and ".join(f"{count:,} {what}{'' if count == 1 else 's'}" for what, count in counted.items() if count)


def resumed(session: Session, connection: Connection) -> str:
    """The sentence about what could not be done until now; "" where nothing was left."""
    if not (left := waiting(session, connection)):
        return ""
    when = "being synced now" if connection.syncs_enabled else "synced once syncs are turned on"
    return f"{left} had to wait for the connection. What waited is {when}."


def _plain(connection: Connection) -> dict[str, Any]:
    values = {name: getattr(connection, name) for name in PLAIN}
    certificate = certificate_of(connection)
    return values | {"launch_certificate": certificate.fingerprint if certificate else ""}


def switch(session: Session, connection: Connection, *, on: bool) -> None:
    if connection.syncs_enabled == on:
        return
    connection.syncs_enabled = on
    connection.updated_at = utc_now()
    watermarks.begin_anew(session, connection.id)
    note(session, connection, "connection.switch", before={"syncs": not on}, after={"syncs": on})


def note(
    session: Session,
    connection: Connection,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    secrets: list[str] | None = None,
) -> None:
    details = {"before": before or {}, "after": after or {}, "secrets": secrets or []}
    audit(session, by=person().email, action=action, subject=f"Connection {connection.name}", details=details)


def certificate_of(connection: Connection) -> connection_form.Certificate | None:
    try:
        return connection_form.read_certificate(connection.launch_certificate)
    except ValueError:
        return None
