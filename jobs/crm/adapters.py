"""From a Connection to the adapter that speaks to it: the one place that names the CRMs there are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from jobs.crm import salesforce
from jobs.crm.base import CrmAdapter
from jobs.crm.http import Meter
from jobs.crm.tokens import ConnectionTokens
from jobs.models import Connection
from jobs.runtime import Runtime


@dataclass(frozen=True)
class Crm:
    """What the rest of the product may ask about a kind of CRM without knowing it."""

    name: str
    label: str
    open: Callable[[Runtime, Connection], CrmAdapter]
    full_id: Callable[[str], str]  # the one spelling of a record id; raises Rejected
    object_pattern: re.Pattern[str]


def _open_salesforce(runtime: Runtime, connection: Connection) -> CrmAdapter:
    meter = Meter()
    tokens = ConnectionTokens(runtime, connection, meter)
    return salesforce.SalesforceAdapter(
        runtime.settings, connection.base_url, tokens, api_version=connection.api_version, meter=meter
    )


CRMS: dict[str, Crm] = {
    salesforce.CRM: Crm(
        salesforce.CRM, salesforce.LABEL, _open_salesforce, salesforce.full_id, salesforce.OBJECT_PATTERN
    )
}


def open_adapter(runtime: Runtime, connection: Connection) -> CrmAdapter:
    return CRMS[connection.crm].open(runtime, connection)


def crm_label(crm: str) -> str:
    return CRMS[crm].label
