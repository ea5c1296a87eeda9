"""The stand-in CRMs of the demo: how each is started, connected with us, and told of."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from config.settings import Settings
from widget.supervisor import Service

PROBE_SECONDS = 2.0
CONTROL_SECONDS = 20.0
Told = Mapping[str, Any]
"""What a stand-in wrote of itself at its first start: its secrets and its first records."""


@dataclass(frozen=True)
class StandIn:
    """One stand-in CRM. It has another host name than we, as a real one would.

    `furnish` makes our side of the connection and gives what of it scripts are told; `told` are the names of what they
    are told of the CRM's side.
    """

    crm: str
    label: str
    port: int
    folder: Path
    panel_url: str
    told: tuple[str, ...]
    furnish: Callable[[Settings, StandIn, Told], dict[str, Any]]

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def supervised(self, env: Mapping[str, str]) -> Service:
        options = {
            "--port": str(self.port),
            "--data": str(self.folder),
            "--public-url": self.url,
            "--panel-url": self.panel_url,
        }
        arguments = [part for option in options.items() for part in option]
        is_answering = answers(f"{self.url}/_emulator/faults")
        return Service(
            self.crm,
            [sys.executable, "-m", "emulator", self.crm, *arguments],
            env,
            is_ready=lambda: self._credentials.exists() and is_answering(),
            is_foundation=True,
        )

    def connected(self, settings: Settings) -> dict[str, Any]:
        """Once it answers: connect it with us. Its part of `demo.json`."""
        told: Told = json.loads(self._credentials.read_text(encoding="utf-8"))
        ours = self.furnish(settings, self, told)
        return {"url": self.url, **{name: told[name] for name in self.told}, **ours}

    def lines(self, summary: Told) -> Iterator[str]:
        """Where its record pages are, for people."""
        for name, record in summary["records"].items():
            yield f"  {self.label:<11} {name:<12} {record['page']}"

    @property
    def _credentials(self) -> Path:
        return self.folder / "credentials.json"


def stand_ins(*, port: int, data_dir: Path, web_url: str) -> tuple[StandIn, ...]:
    """Salesforce on the port after the web server's, HubSpot on the next."""
    return (
        StandIn(
            crm="salesforce",
            label="Salesforce",
            port=port + 1,
            folder=data_dir / "salesforce",
            panel_url=web_url,
            told=("org_id", "client_id", "client_secret", "canvas_secret", "access_token", "records"),
            furnish=_furnish_salesforce,
        ),
        StandIn(
            crm="hubspot",
            label="HubSpot",
            port=port + 2,
            folder=data_dir / "hubspot",
            panel_url=web_url,
            told=("portal_id", "client_secret", "access_token"),
            furnish=_furnish_hubspot,
        ),
    )


def answers(url: str) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            return requests.get(url, timeout=PROBE_SECONDS).ok
        except requests.RequestException:
            return False

    return ask


# The database is loaded when it is needed: the first children start meanwhile.


def _furnish_salesforce(settings: Settings, _stand_in: StandIn, told: Told) -> dict[str, Any]:
    from jobs.seed import seed_demo

    return {"connection_id": seed_demo(settings, told)["connection_id"]}


def _furnish_hubspot(settings: Settings, stand_in: StandIn, told: Told) -> dict[str, Any]:
    from jobs.seed_hubspot import seed_hubspot

    seeded = seed_hubspot(settings, told)
    mapped: Mapping[str, list[str]] = seeded["mapped"]
    _subscribe(stand_in, seeded["connection_id"], mapped)
    # The portal has more kinds of records than are mapped; on their pages the card says no more than that.
    records = {name: record for name, record in told["records"].items() if name in mapped}
    return {"connection_id": seeded["connection_id"], "records": records}


def _subscribe(stand_in: StandIn, connection_id: int, mapped: Mapping[str, list[str]]) -> None:
    """Have the portal tell us of changes, as the app of `packages/hubspot` does when it is installed."""
    events = ("creation", "deletion", "restore", "merge")
    crm_objects = [{"subscriptionType": f"object.{event}", "objectType": name} for name in mapped for event in events]
    crm_objects += [
        {"subscriptionType": "object.propertyChange", "objectType": name, "propertyName": field}
        for name, fields in mapped.items()
        for field in fields
    ]
    plan = {
        "settings": {"targetUrl": f"${{SERVER_URL}}/webhooks/hubspot/{connection_id}"},
        "subscriptions": {"crmObjects": crm_objects},
    }
    requests.post(f"{stand_in.url}/_emulator/webhooks", json=plan, timeout=CONTROL_SECONDS).raise_for_status()
