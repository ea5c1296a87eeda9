"""From a connection's adapter to the reader of that CRM's lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.crm import hubspot, salesforce
from jobs.crm.base import CrmAdapter
from jobs.crm.hubspot_lists import HubSpotLists
from jobs.crm.lists import ListReader
from jobs.crm.salesforce_lists import SalesforceLists
from jobs.models import Connection

# Each reads with the adapter of its own CRM.
_READERS: dict[str, Callable[[Any], ListReader]] = {salesforce.CRM: SalesforceLists, hubspot.CRM: HubSpotLists}


def lists_of(connection: Connection, adapter: CrmAdapter) -> ListReader:
    return _READERS[connection.crm](adapter)
