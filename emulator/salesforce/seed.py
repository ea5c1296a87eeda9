"""The first data of an org: the same for the same org file, plainly sample data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from emulator.rows import Row
from emulator.salesforce import ids
from emulator.salesforce.access import Rights, User
from emulator.salesforce.seed_records import RecordMaker
from emulator.salesforce.store import Store
from emulator.salesforce.values import wire_time
from emulator.salesforce.writer import Writer

HEADLINES = ("Contact", "Account", "Lead", "Opportunity")


@dataclass(slots=True)
class Seeded:
    """Who plays which part, who may see what, and the four records worth showing."""

    roles: dict[str, str] = field(default_factory=dict)
    rights: dict[str, Rights] = field(default_factory=dict)
    headline: dict[str, str] = field(default_factory=dict)


def seed(definition: Mapping[str, Any], store: Store, writer: Writer, *, now: datetime) -> Seeded:
    """Fill an empty org from its file. The only thing that differs from start to start are the stamps."""
    with store.rows.transaction():
        sower = _Sower(definition, store, writer, now)
        sower.people()
        sower.assignment_owners()
        sower.records(definition["seed"])
        sower.hide()
    return sower.seeded


class _Sower:
    def __init__(self, definition: Mapping[str, Any], store: Store, writer: Writer, now: datetime) -> None:
        self.seeded = Seeded()
        self._definition = definition
        self._store = store
        self._writer = writer
        self._now = now
        self._admin_id = ids.make("005", 1)
        self._made: dict[str, list[str]] = {}

    def people(self) -> None:
        """The organization, its profiles, users and queues: records that nobody can create through the API."""
        organization = self._definition["organization"]
        self._raw(
            "Organization",
            ids.make("00D", 1),
            {
                "Name": organization["name"],
                "OrganizationType": organization["type"],
                "InstanceName": organization["instance"],
                "IsSandbox": False,
                "DefaultLocaleSidKey": "en_US",
                "LanguageLocaleKey": "en_US",
                "TimeZoneSidKey": "America/Los_Angeles",
                "Country": "US",
                "FiscalYearStartMonth": 1,
            },
        )
        for profile_id, profile in self._definition["profiles"].items():
            self._raw("Profile", profile_id, {"Name": profile["name"], "UserType": "Standard"})
        for number, entry in enumerate(self._definition["users"], start=1):
            self._user(ids.make("005", number), entry)
        for number, entry in enumerate(self._definition.get("queues", ()), start=1):
            queue_id = ids.make("00G", number)
            self.seeded.roles.setdefault("queue", queue_id)
            self._raw(
                "Group",
                queue_id,
                {
                    "Name": entry["name"],
                    "DeveloperName": entry["developer_name"],
                    "Type": "Queue",
                    "DoesSendEmailToMembers": False,
                    "DoesIncludeBosses": False,
                },
            )

    def assignment_owners(self) -> None:
        """Turn the parts named in assignment rules into ids."""
        for definition in self._definition["objects"]:
            for rule in definition.get("assignment_rules", ()):
                for entry in rule["entries"]:
                    entry["owner_id"] = self.seeded.roles[entry["owner"]]

    def records(self, counts: Mapping[str, int]) -> None:
        maker = RecordMaker(self.seeded.roles, self._made, now=self._now)
        for object_name, count, make in (
            ("Account", counts["accounts"], maker.account),
            ("Contact", counts["contacts"], maker.contact),
            ("Lead", counts["leads"], maker.lead),
            ("Opportunity", counts["opportunities"], maker.opportunity),
            ("Sample_Project__c", counts["projects"], maker.project),
        ):
            if object_name in self._store.schema.objects:
                self._load(object_name, [make(number) for number in range(count)])
        self._convert_some(self._made["Lead"][-3:])
        self.seeded.headline = {name: self._made[name][0] for name in HEADLINES}

    def hide(self) -> None:
        """Apply each user's `hidden` entries: every n-th record of an object is invisible or read-only."""
        for entry in self._definition["users"]:
            rights = Rights.from_json(entry.get("rights", {}))
            for rule in entry.get("hidden", ()):
                made = self._made[rule["object"]]
                rights.records |= dict.fromkeys(made[rule["offset"] :: rule["every"]], rule["access"])
            self.seeded.rights[self.seeded.roles[entry["role"]]] = rights

    def _user(self, user_id: str, entry: Mapping[str, Any]) -> None:
        self.seeded.roles[entry["role"]] = user_id
        self._raw(
            "User",
            user_id,
            {
                "Username": entry["username"],
                "FirstName": entry["first_name"],
                "LastName": entry["last_name"],
                "Email": entry["email"],
                "Alias": entry["alias"],
                "CommunityNickname": entry["alias"],
                "CompanyName": self._definition["organization"]["name"],
                "IsActive": entry["active"],
                "TimeZoneSidKey": entry["time_zone"],
                "LocaleSidKey": entry["locale"],
                "LanguageLocaleKey": entry["language"],
                "EmailEncodingKey": "UTF-8",
                "ProfileId": entry["profile"],
                "UserType": "Standard",
            },
        )

    def _raw(self, object_name: str, record_id: str, values: Row) -> None:
        at = wire_time(self._now - timedelta(days=400))
        stamps: dict[str, Any] = {
            "Id": record_id,
            "CreatedDate": at,
            "CreatedById": self._admin_id,
            "LastModifiedDate": at,
            "LastModifiedById": self._admin_id,
            "SystemModstamp": at,
        }
        if "IsDeleted" in self._store.schema.objects[object_name].fields:
            stamps["IsDeleted"] = False
        self._store.rows.put(object_name, {**values, **stamps})

    def _load(self, object_name: str, records: list[Mapping[str, Any]]) -> None:
        user = User(
            id=self._admin_id,
            username="",
            name="",
            first_name="",
            last_name="",
            email="",
            profile="",
            locale="en_US",
            language="en_US",
            time_zone="Etc/UTC",
            active=True,
            api_only=False,
            rights=Rights(sees_all=True),
        )
        object_type = self._store.schema.objects[object_name]
        stamped = [{**record, **self._stamps(number)} for number, record in enumerate(records)]
        self._made[object_name] = self._writer.load(object_type, stamped, user=user)

    def _stamps(self, number: int) -> dict[str, Any]:
        created_at = self._now - timedelta(days=300 - number % 200, minutes=37 * number % 600)
        modified_at = self._now - timedelta(days=1 + number * 7 % 60, seconds=311 * number % 80_000)
        return {
            "CreatedDate": wire_time(created_at),
            "LastModifiedDate": wire_time(modified_at),
            "SystemModstamp": wire_time(modified_at),
        }

    def _convert_some(self, lead_ids: list[str]) -> None:
        table = self._store.rows.table("Lead")
        for number, lead_id in enumerate(lead_ids):
            converted = {
                "IsConverted": True,
                "Status": "Closed - Converted",
                "ConvertedDate": (self._now - timedelta(days=20)).date().isoformat(),
                "ConvertedContactId": self._made["Contact"][-1 - number],
                "ConvertedAccountId": self._made["Account"][-1 - number],
            }
            self._store.rows.put("Lead", {**table[lead_id], **converted})
