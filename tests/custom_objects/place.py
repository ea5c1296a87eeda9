"""The same story in either CRM: an admin adds its custom object, a rep opens a record of it and syncs."""

from __future__ import annotations

import html
import json
import time
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import select

from jobs.models import LocalRecord, ObjectMapping, RecordLink, SyncRun
from jobs.models.user import ADMIN, VIEWER
from jobs.new_objects import mapped_objects
from tests.admin.site import Visitor
from tests.support import portal_proofs
from tests.support.portal_stage import PUBLIC_URL, PortalStage
from tests.support.proofs import Json
from tests.support.screen import Screen
from tests.support.stage import Stage
from widget.webhooks.salesforce import signature

KEEPER, READER = "keeper@example.com", "reader@example.com"
PEOPLE = {KEEPER: ADMIN, READER: VIEWER}
HINT_SECRET = "a secret that is only an example"


@dataclass(frozen=True)
class Shown:
    """What the rep sees of a record: in the panel, or in the card."""

    name: str
    values: dict[str, str]  # label -> the CRM's value
    can_sync: bool
    said: str


class Place(Protocol):
    stage: Stage
    object: str  # its one name, everywhere
    label: str
    called: str  # the field that names a record
    amount: str  # a number, and what our field for it is called
    record_id: str

    def look(self, record_id: str = "") -> Shown: ...
    def sync(self) -> Shown: ...
    def edit(self, **fields: Any) -> None: ...
    def hint(self) -> int: ...
    def remove_in_crm(self) -> None: ...
    def restore_in_crm(self) -> None: ...
    def show_no_records(self) -> None: ...


@dataclass
class InSalesforce:
    stage: Stage
    object: str = "Sample_Project__c"
    label: str = "Sample Project"
    called: str = "Name"
    amount: str = "Budget__c"
    record_id: str = ""
    hints: int = 0

    def __post_init__(self) -> None:
        self.record_id = _made(self.stage, self.object, Name="Sample Mill", Budget__c=100)

    def look(self, record_id: str = "") -> Shown:
        return _of_panel(self.stage.open_panel(object_name=self.object, record_id=record_id or self.record_id).screen)

    def sync(self) -> Shown:
        return _of_panel(self.stage.open_panel(object_name=self.object, record_id=self.record_id).synced())

    def edit(self, **fields: Any) -> None:
        self.stage.org.edit(self.object, self.record_id, fields, user="rep")

    def hint(self) -> int:
        """As the package's action in a flow sends it; how many runs were started."""
        stage = self.stage
        stage.change_connection(hint_secret_sealed=stage.runtime.vault.seal(stage.secret(HINT_SECRET)))
        hints = [{"object": self.object, "id": self.record_id, "event": "updated"}]
        self.hints += 1  # of two in one second each has a signature of its own
        told = {"version": 1, "org_id": stage.org.credentials["org_id"], "hints": hints, "number": self.hints}
        body, now = json.dumps(told).encode(), str(int(time.time()))
        headers = {"X-CRM-Sync-Timestamp": now, "X-CRM-Sync-Signature": signature(HINT_SECRET, now, body)}
        path = f"/webhooks/salesforce/{stage.connection_id}"
        answer = stage.client.post(path, data=body, headers=headers, content_type="application/json")
        assert answer.status_code == 202, answer.text
        return int(answer.json["taken"]) if answer.json else 0

    def remove_in_crm(self) -> None:
        self.stage.org.control("permissions", {"user": "integration", "objects": {self.object: "none"}})

    def restore_in_crm(self) -> None:
        self.stage.org.control("permissions", {"user": "integration", "objects": {self.object: "edit"}})

    def show_no_records(self) -> None:
        self.remove_in_crm()


@dataclass
class InHubSpot:
    stage: PortalStage
    object: str = "2-140001"
    label: str = "Sample project"
    called: str = "project_name"
    amount: str = "budget"
    record_id: str = ""

    def __post_init__(self) -> None:
        self.record_id = _made(self.stage, "sample_projects", project_name="Sample Mill", budget=100)

    def look(self, record_id: str = "") -> Shown:
        return _of_card(self.stage.card(self.object, record_id or self.record_id))

    def sync(self) -> Shown:
        return _of_card(self.stage.synced(self.object, self.record_id))

    def edit(self, **fields: Any) -> None:
        self.stage.org.edit("sample_projects", self.record_id, fields, user="rep")

    def hint(self) -> int:
        """As HubSpot tells of a change; how many runs were started."""
        stage = self.stage
        event = {
            "eventId": 1000000001,
            "portalId": int(stage.org.credentials["portal_id"]),
            "appId": int(stage.org.credentials["app_id"]),
            "subscriptionType": "object.propertyChange",
            "objectId": int(self.record_id),
            "objectTypeId": self.object,
            "propertyName": self.amount,
            "propertyValue": "x",
        }
        url, body = f"{PUBLIC_URL}/webhooks/hubspot/{stage.connection_id}", json.dumps([event]).encode()
        headers = portal_proofs.v3_headers(stage.app_secret, "POST", url, body, portal_proofs.now_ms())
        answer = stage.send(url, body, headers=headers)
        assert answer.status_code == 202, answer.text
        return int(answer.json["taken"]) if answer.json else 0

    def remove_in_crm(self) -> None:
        self.stage.org.control("archive_object", {"object": "sample_projects", "archived": True})

    def restore_in_crm(self) -> None:
        self.stage.org.control("archive_object", {"object": "sample_projects", "archived": False})

    def show_no_records(self) -> None:
        """The app may see how the object is made, and none of its records."""
        self.stage.org.control("scopes", {"scopes": ["crm.schemas.custom.read", "crm.objects.contacts.read"]})


def signed_in(place: Place, email: str = KEEPER) -> Visitor:
    url = place.stage.settings.public_url
    visitor = Visitor(place.stage.app.test_client(), base_url=url)
    visitor.http.environ_base["HTTP_REFERER"] = f"{url}/admin/"  # over https a form has to come from one of our pages
    assert visitor.sign_in(email).status_code == 303
    return visitor


def add(place: Place, **form: str) -> str:
    """The page after it, as it reads."""
    form = {"object": place.object, "kind": "+"} | form
    path = f"/admin/objects/new/{place.stage.connection_id}"
    return html.unescape(signed_in(place).post(path, form, follow_redirects=True).text)


def switch_on(place: Place) -> None:
    signed_in(place).post(f"/admin/objects/{mapping_of(place).id}/switches/enabled", {"on": "1"})


def map_amount(place: Place) -> None:
    new = {"crm_field": place.amount, "local_field": "+", "direction": "inbound"}
    signed_in(place).post(f"/admin/objects/{mapping_of(place).id}/fields/new", new)


def remove(place: Place) -> str:
    """The page after it, as it reads."""
    path = f"/admin/objects/{mapping_of(place).id}/remove"
    return html.unescape(signed_in(place).post(path, follow_redirects=True).text)


def mapping_of(place: Place) -> ObjectMapping:
    with place.stage.runtime.database.read() as session:
        return session.scalars(select(ObjectMapping).where(ObjectMapping.object == place.object)).one()


def is_mapped(place: Place) -> bool:
    with place.stage.runtime.database.read() as session:
        return place.object in mapped_objects(session, place.stage.connection_id)


def runs_of(place: Place) -> list[SyncRun]:
    with place.stage.runtime.database.read() as session:
        return list(session.scalars(select(SyncRun).where(SyncRun.object == place.object).order_by(SyncRun.id)))


def ours(place: Place) -> LocalRecord:
    """The record of ours that the place's record is linked to."""
    with place.stage.runtime.database.read() as session:
        query = select(LocalRecord).join(RecordLink, RecordLink.local_record_id == LocalRecord.id)
        return session.scalars(query.where(RecordLink.object == place.object)).one()


def _made(stage: Stage, object_name: str, **fields: Any) -> str:
    [record_id] = stage.org.control("records", {"object": object_name, "records": [fields]})["ids"]
    return str(record_id)


def _of_panel(screen: Screen) -> Shown:
    rows = {label: row.crm for label, row in screen.rows.items()}
    return Shown(screen.name, rows, screen.can_sync, screen.told)


def _of_card(told: Json) -> Shown:
    if told["status"] != "ok":
        return Shown("", {}, False, f"{told['message']} {told['remedy']}")
    rows = {each["label"]: each["crm_value"] for each in told["fields"]}
    said = " ".join(filter(None, (told["headline"], told["detail"], told["remedy"])))
    return Shown(told["record"]["name"], rows, told["can_sync"], said)
