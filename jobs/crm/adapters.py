"""From a Connection to the adapter that speaks to it: the one place that names the CRMs there are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from jobs.crm import hubspot, hubspot_names, salesforce
from jobs.crm.base import CrmAdapter, PersonAdapter
from jobs.crm.changes import ChangeReader
from jobs.crm.describes import last_known
from jobs.crm.errors import NotAllowed
from jobs.crm.http import Meter
from jobs.crm.hubspot_changes import HubSpotChanges
from jobs.crm.hubspot_client import HubSpotClient, Line
from jobs.crm.hubspot_people import People
from jobs.crm.limits import Background, Limiter
from jobs.crm.salesforce_changes import SalesforceChanges
from jobs.crm.salesforce_client import SalesforceClient
from jobs.crm.tokens import BorrowedToken, ConnectionTokens
from jobs.models import Connection
from jobs.runtime import Runtime


@dataclass(frozen=True)
class Crm:
    """What the rest of the product may ask about a kind of CRM without knowing it."""

    name: str
    label: str
    open: Callable[[Runtime, Connection], CrmAdapter]
    open_changes: Callable[[Runtime, Connection], ChangeReader]
    full_id: Callable[[str], str]  # the one spelling of a record id; raises Rejected
    object_pattern: re.Pattern[str]
    # With a person's own token, for a CRM that hands it out.
    open_as_person: Callable[[Runtime, Connection, str], PersonAdapter] | None = None
    usual_label: Callable[[str], str] = str  # how people there call an object that is not mapped here
    choices_at: str = "the settings of {field}"  # where an admin there edits the choices of an {object}'s {field}


def _open_salesforce(runtime: Runtime, connection: Connection) -> CrmAdapter:
    meter = Meter()
    tokens = ConnectionTokens(runtime, connection, meter)
    return salesforce.SalesforceAdapter(
        runtime.settings, connection.base_url, tokens, api_version=connection.api_version, meter=meter
    )


def _open_salesforce_as_person(runtime: Runtime, connection: Connection, token: str) -> PersonAdapter:
    return salesforce.SalesforceAdapter(
        runtime.settings, connection.base_url, BorrowedToken(token), api_version=connection.api_version
    )


def _open_salesforce_changes(runtime: Runtime, connection: Connection) -> ChangeReader:
    meter = Meter()
    tokens = ConnectionTokens(runtime, connection, meter)
    return SalesforceChanges(
        SalesforceClient(runtime.settings, connection.base_url, tokens, api_version=connection.api_version, meter=meter)
    )


def _open_hubspot(runtime: Runtime, connection: Connection) -> CrmAdapter:
    client = _hubspot_client(runtime, connection, _hubspot_limits(runtime, connection))
    return hubspot.HubSpotAdapter(
        client, People(runtime, connection.id, client), partial(_naming_properties, runtime, connection.id)
    )


def _naming_properties(runtime: Runtime, connection_id: int, object_name: str) -> tuple[str, ...]:
    """What a record is called by: known of HubSpot's own objects, told by the description of a custom one."""
    if names := hubspot_names.naming_properties(object_name):
        return names
    with runtime.database.read() as session:
        info = last_known(runtime, session, connection_id, object_name)
    return tuple(name for name, each in info.fields.items() if each.names_record) if info is not None else ()


def _open_hubspot_changes(runtime: Runtime, connection: Connection) -> ChangeReader:
    return HubSpotChanges(_hubspot_client(runtime, connection, Background(_hubspot_limits(runtime, connection))))


def _hubspot_client(runtime: Runtime, connection: Connection, line: Line) -> HubSpotClient:
    meter = Meter()
    tokens = ConnectionTokens(runtime, connection, meter)
    return HubSpotClient(runtime.settings, connection.base_url, tokens, line=line, meter=meter)


def _hubspot_limits(runtime: Runtime, connection: Connection) -> Limiter:
    return Limiter(runtime.redis, f"{hubspot.CRM}:{connection.org_id}")


CRMS: dict[str, Crm] = {
    salesforce.CRM: Crm(
        salesforce.CRM,
        salesforce.LABEL,
        _open_salesforce,
        _open_salesforce_changes,
        salesforce.full_id,
        salesforce.OBJECT_PATTERN,
        _open_salesforce_as_person,
        choices_at="Setup under Object Manager, {object}, Fields & Relationships, {field}",
    ),
    hubspot.CRM: Crm(
        hubspot.CRM,
        hubspot.LABEL,
        _open_hubspot,
        _open_hubspot_changes,
        hubspot.full_id,
        hubspot.OBJECT_PATTERN,
        usual_label=hubspot_names.usual_label,
        choices_at="Settings under Properties, {field} (a stage: under Objects, Pipelines)",
    ),
}


def open_adapter(runtime: Runtime, connection: Connection) -> CrmAdapter:
    return CRMS[connection.crm].open(runtime, connection)


def open_changes(runtime: Runtime, connection: Connection) -> ChangeReader:
    return CRMS[connection.crm].open_changes(runtime, connection)


def open_as_person(runtime: Runtime, connection: Connection, token: str) -> PersonAdapter:
    """Raises NotAllowed for a CRM that hands out no tokens of persons: what they may see is not known."""
    crm = CRMS[connection.crm]
    if crm.open_as_person is None:
        raise NotAllowed(f"{crm.label} does not tell what a person may see.", code="INSUFFICIENT_ACCESS")
    return crm.open_as_person(runtime, connection, token)


def crm_label(crm: str) -> str:
    return CRMS[crm].label


def usual_label(crm: str, object_name: str) -> str:
    """What to call an object that is not mapped; its own name where nothing better is known."""
    return CRMS[crm].usual_label(object_name)
