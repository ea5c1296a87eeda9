"""What a verified launch proves, and that each proof is good only once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from jobs.crm import salesforce
from jobs.db import insert_unless_known
from jobs.models import Connection, UsedProof
from jobs.runtime import utc_now


@dataclass(frozen=True)
class Host:
    """The page around our frame: how it is spoken to, its exact origin, and whose look it has."""

    protocol: Literal["canvas", "lwc", "hubspot", ""]
    origin: str
    canvas_instance_id: str = ""
    crm: str = salesforce.CRM


@dataclass(frozen=True)
class Launch:
    """A launch whose signature holds. Person and org are proved.

    The record is a claim, unless `readable` is set or it was looked at before.
    """

    connection: Connection
    user_id: str
    user_name: str
    object: str
    crm_record_id: str
    host: Host
    digest: str
    forget_at: datetime
    may_sync: bool = True
    locale: str = "en_US"
    time_zone: str = "UTC"
    currency: str = ""
    color_scheme: Literal["light", "dark", ""] = ""
    person_token: str = ""  # the person's own CRM token: to look with, never to keep
    readable: tuple[str, ...] | None = None
    editable: tuple[str, ...] | None = None
    # Set where the record was looked at as the proof was made: whether the CRM answered then.
    crm_answered: bool | None = None
    used_code: str = "USED_PROOF"  # why a second use is refused


def digest_of(proof: str) -> str:
    """Of what was verified, never of a text as it came: base64 and addresses have several spellings of one thing."""
    return hashlib.sha256(proof.encode("utf-8", "surrogatepass")).hexdigest()


def use_once(session: Session, digest: str, forget_at: datetime) -> bool:
    """Remember the proof; False when it has been used before. The database decides between two at once."""
    used = {"digest": digest, "used_at": utc_now(), "forget_at": forget_at}
    return insert_unless_known(session, UsedProof, used)
