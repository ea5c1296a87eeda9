"""Every table, one module per noun."""

from __future__ import annotations

from jobs.models.base import Base
from jobs.models.claim import CreationClaim
from jobs.models.conflict import Conflict
from jobs.models.connection import ApiUsage, Connection, DescribeCache, PeopleCache
from jobs.models.field import CustomField, CustomKind
from jobs.models.list_import import ListImport
from jobs.models.mapping import FieldMapping, MatchRule, ObjectMapping, SetupVersion
from jobs.models.proof import Heartbeat, LaunchTicket, RunKey, UsedProof
from jobs.models.record import CrmRecord, KeepApart, LocalRecord, RecordKey, RecordLink
from jobs.models.run import SyncLogEntry, SyncRun
from jobs.models.user import AuditEntry, User
from jobs.models.watermark import Watermark

__all__ = [
    "ApiUsage",
    "AuditEntry",
    "Base",
    "Conflict",
    "Connection",
    "CreationClaim",
    "CrmRecord",
    "CustomField",
    "CustomKind",
    "DescribeCache",
    "FieldMapping",
    "Heartbeat",
    "KeepApart",
    "LaunchTicket",
    "ListImport",
    "LocalRecord",
    "MatchRule",
    "ObjectMapping",
    "PeopleCache",
    "RecordKey",
    "RecordLink",
    "RunKey",
    "SetupVersion",
    "SyncLogEntry",
    "SyncRun",
    "UsedProof",
    "User",
    "Watermark",
]
