"""Rows that make every admin page show something. Plainly sample data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from jobs.crm.base import FieldInfo
from jobs.mapping_defaults import add_default_mappings
from jobs.models import (
    AuditEntry,
    Conflict,
    Connection,
    CrmRecord,
    DescribeCache,
    Heartbeat,
    LocalRecord,
    RecordLink,
    SyncLogEntry,
    SyncRun,
)
from jobs.records import create_local
from jobs.runtime import utc_now
from jobs.vault import Vault

ORG_ID = "00D000000000001EAA"
CONTACT_ID = "003000000000001AAA"
OTHER_CONTACT_ID = "003000000000002AAA"
ACCOUNT_ID = "001000000000001AAA"


def fill(session: Session, vault: Vault, *, base_url: str = "https://sample.my.salesforce.com") -> None:
    """One connection, three records of ours, two links, four runs with entries. Every id starts at 1."""
    now = utc_now()
    connection = _connection(vault, base_url, now)
    session.add_all([connection, Heartbeat(name="clock", beat_at=now)])
    session.flush()
    add_default_mappings(session, connection)
    ana = create_local(
        session,
        "contact",
        {"email": "ana@example.com", "first_name": "Ana", "last_name": "Sample", "job_title": "Chief of Staff"},
        by="admin@example.com",
    )
    create_local(session, "contact", {"email": "ben@example.com", "first_name": "Ben", "last_name": "Sample"}, by="api")
    org = create_local(session, "account", {"name": "Sample Org", "domain": "example.com"}, by="api")
    session.flush()
    session.add_all(
        [
            *_linked(connection, ana, "Contact", CONTACT_ID, now),
            *_linked(connection, org, "Account", ACCOUNT_ID, now),
        ]
    )
    session.flush()
    _runs(session, connection, ana, now)
    session.add(_fields_of_contact(connection, now))
    session.add(_conflict(connection, ana, now))
    session.add(
        AuditEntry(
            at=now - timedelta(days=1),
            user_email="admin@example.com",
            action="connection.create",
            subject="Connection Sample Org",
            details={"before": {}, "after": {"name": "Sample Org"}, "secrets": ["client secret"]},
        )
    )


def _fields_of_contact(connection: Connection, now: datetime) -> DescribeCache:
    """What was learned of the object when somebody last synced one, reduced to a field of each kind."""
    choices = (("Web", "Web"), ("Phone", "Phone Inquiry"))
    fields = [
        FieldInfo("Title", "Title", "text", "string", length=128),
        FieldInfo("LeadSource", "Lead Source", "select", "picklist", options=choices),
        FieldInfo("Last_Visit__c", "Last Visit", "datetime", "datetime"),
    ]
    return DescribeCache(
        connection_id=connection.id,
        object="Contact",
        label="Contact",
        fields={each.name: asdict(each) for each in fields},
        fetched_at=now - timedelta(days=1),
    )


def _connection(vault: Vault, base_url: str, now: datetime) -> Connection:
    return Connection(
        crm="salesforce",
        name="Sample Org",
        org_id=ORG_ID,
        base_url=base_url,
        api_version="67.0",
        client_id="sample-client-id",
        client_secret_sealed=vault.seal("sample-client-secret"),
        canvas_secret_sealed=vault.seal("sample-canvas-secret"),
        integration_user_id="005000000000001AAA",
        host_origins=["https://sample.my.salesforce.com", "https://sample.lightning.force.com"],
        calls_used=1200,
        calls_allowed=15000,
        created_at=now - timedelta(days=30),
        updated_at=now - timedelta(days=2),
    )


def portal_connection() -> Connection:
    """A connection to a HubSpot account that nobody has signed in for."""
    now = utc_now()
    return Connection(
        crm="hubspot",
        name="Sample Portal",
        org_id="140200300",
        base_url="https://api.hubapi.com",
        api_version="2026-09",
        auth_flow="static_token",
        client_id="",
        created_at=now,
        updated_at=now,
    )


def _linked(
    connection: Connection, record: LocalRecord, object_name: str, crm_record_id: str, now: datetime
) -> tuple[CrmRecord, RecordLink]:
    seen = CrmRecord(
        connection_id=connection.id,
        object=object_name,
        crm_record_id=crm_record_id,
        name=record.name,
        values={"Email": "ana@example.com", "Title": "Chief of Staff"} if object_name == "Contact" else {},
        seen_at=now - timedelta(minutes=3),
    )
    link = RecordLink(
        connection_id=connection.id,
        object=object_name,
        crm_record_id=crm_record_id,
        local_record_id=record.id,
        base={"agreed": {"email": "ana@example.com"}, "apart": {"job_title": ["Head of Staff", "Chief of Staff"]}}
        if object_name == "Contact"
        else {},
        matched_by="email" if object_name == "Contact" else "domain",
        synced_at=now - timedelta(minutes=3),
        synced_by="rep@example.com",
        created_at=now - timedelta(days=20),
    )
    return seen, link


def _conflict(connection: Connection, ana: LocalRecord, now: datetime) -> Conflict:
    return Conflict(
        connection_id=connection.id,
        object="Contact",
        crm_record_id=CONTACT_ID,
        local_record_id=ana.id,
        record_name="Ana Sample",
        local_field="job_title",
        crm_field="Title",
        label="Job title",
        field_type="text",
        base="Assistant",
        ours="Chief of Staff",
        theirs="Head of Staff",
        ours_at=now - timedelta(hours=2),
        ours_by="admin@example.com",
        theirs_at=now - timedelta(hours=1),
        theirs_by="Sample Rep",
        run_id=1,
        opened_at=now - timedelta(minutes=3),
    )


def _runs(session: Session, connection: Connection, ana: LocalRecord, now: datetime) -> None:
    told = [
        ("succeeded", "updated", "inbound", "", "", "", 3),
        ("succeeded", "skipped", "inbound", "AMBIGUOUS_MATCH", "Several of our records could be this one.", "", 90),
        ("failed", "failed", "outbound", "STRING_TOO_LONG", "Salesforce refused Title: the text is too long.", "", 300),
        ("partial", "conflict", "two_way", "BOTH_CHANGED", "Both sides changed.", "Choose which value to keep.", 4000),
    ]
    for number, (status, outcome, direction, code, message, remedy, minutes) in enumerate(told):
        at = now - timedelta(minutes=minutes)
        run = SyncRun(
            connection_id=connection.id,
            kind="single",
            trigger="panel",
            object="Contact",
            crm_record_id=CONTACT_ID if number != 1 else OTHER_CONTACT_ID,
            status=status,
            requested_by="rep@example.com",
            created_at=at,
            enqueue_at=at,
            started_at=at,
            finished_at=at + timedelta(milliseconds=340),
            code=code,
            message=message,
            updated_count=int(outcome == "updated"),
            skipped_count=int(outcome == "skipped"),
            failed_count=int(outcome == "failed"),
            calls=2,
            attempts=1,
        )
        session.add(run)
        session.flush()
        session.add(_entry(run, ana, outcome, direction, code, message, remedy, at))


def _entry(
    run: SyncRun, ana: LocalRecord, outcome: str, direction: str, code: str, message: str, remedy: str, at: datetime
) -> SyncLogEntry:
    changed = {"field": "job_title", "crm_field": "Title", "label": "Job title", "rule": "two_way"}
    return SyncLogEntry(
        run_id=run.id,
        connection_id=run.connection_id,
        object=run.object,
        crm_record_id=run.crm_record_id,
        local_record_id=ana.id,
        record_name=ana.name,
        outcome=outcome,
        direction=direction,
        code=code,
        message=message,
        remedy=remedy or ("Shorten it, then sync again." if outcome == "failed" else ""),
        changes=[changed | {"side": "here", "old": "Head of Staff", "new": "Chief of Staff"}]
        if outcome == "updated"
        else [],
        left_alone=[{"field": "phone", "crm_field": "Phone", "label": "Phone", "reason": "It has a value already."}]
        if outcome == "updated"
        else [],
        candidates=[
            {"id": 1, "name": "Ana Sample", "detail": "ana@example.com"},
            {"id": 2, "name": "Ben Sample", "detail": "ben@example.com"},
        ]
        if code == "AMBIGUOUS_MATCH"
        else [],
        by="rep@example.com",
        created_at=at,
        finished_at=at,
    )
