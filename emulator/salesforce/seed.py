"""The first data of an org: the same for the same org file, plainly sample data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from emulator.salesforce import ids
from emulator.salesforce.access import Rights, User
from emulator.salesforce.rows import Row
from emulator.salesforce.samples import (
    ACCOUNT_WORDS,
    CITIES,
    DEPARTMENTS,
    DOMAIN_ENDS,
    FIRST_NAMES,
    LAST_NAMES,
    PROJECT_WORDS,
    TITLES,
    TRADES,
)
from emulator.salesforce.store import Store
from emulator.salesforce.values import wire_time
from emulator.salesforce.writer import Writer

HEADLINES = ("Contact", "Account", "Lead", "Opportunity")
_SEED = 20260101
_OWNERS = ("rep", "admin", "rep", "limited_rep")


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
        self._random = Random(_SEED)
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
        self._load("Account", [self._account(number) for number in range(counts["accounts"])])
        self._load("Contact", [self._contact(number) for number in range(counts["contacts"])])
        self._load("Lead", [self._lead(number) for number in range(counts["leads"])])
        self._load("Opportunity", [self._opportunity(number) for number in range(counts["opportunities"])])
        if "Sample_Project__c" in self._store.schema.objects:
            self._load("Sample_Project__c", [self._project(number) for number in range(counts["projects"])])
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

    def _owner(self, number: int) -> str:
        return self.seeded.roles[_OWNERS[number % len(_OWNERS)]]

    def _account(self, number: int) -> dict[str, Any]:
        word, trade = ACCOUNT_WORDS[number % len(ACCOUNT_WORDS)], TRADES[number % len(TRADES)]
        city, state, code = CITIES[number % len(CITIES)]
        return {
            "Name": f"{word} {trade[0]}",
            "Industry": trade[1],
            "Type": ("Customer - Direct", "Prospect", "Partner")[number % 3],
            "Website": f"https://www.{domain(number)}",
            "Phone": f"+1 555 01{number:02d}",
            "BillingStreet": f"{100 + number} Sample Street",
            "BillingCity": city,
            "BillingState": state,
            "BillingPostalCode": code,
            "BillingCountry": "United States",
            "NumberOfEmployees": 20 + 35 * number,
            "AnnualRevenue": 250_000.0 * (number + 1),
            "Rating": (None, "Warm", "Hot", "Cold")[number % 4],
            "Tier__c": (None, "Silver", "Bronze", "Gold")[number % 4],
            "Active__c": number % 5 != 0,
            "Service_Regions__c": ("North;East", "South", None)[number % 3],
            "Discount__c": float(number % 6) * 2.5,
            "Description": f"A sample account in {trade[1].lower()}.",
            "Legacy_Id__c": f"L-{number:04d}",
            "OwnerId": self._owner(number),
        }

    def _contact(self, number: int) -> dict[str, Any]:
        first, last = _person(number)
        account = number % len(self._made["Account"])
        city, state, code = CITIES[account % len(CITIES)]
        blank_email = number % 23 == 22
        return {
            "FirstName": first,
            "LastName": last,
            "Salutation": (None, "Ms.", "Dr.", "Mx.")[number % 4],
            "AccountId": None if number % 19 == 18 else self._made["Account"][account],
            "Title": TITLES[number % len(TITLES)],
            "Department": DEPARTMENTS[number % len(DEPARTMENTS)],
            "Email": None if blank_email else f"{first}.{last}@{domain(account)}".lower(),
            "Phone": f"+1 555 02{number:02d}",
            "MobilePhone": f"+1 555 03{number:02d}" if number % 3 else None,
            "MailingStreet": f"{100 + account} Sample Street",
            "MailingCity": city,
            "MailingState": state,
            "MailingPostalCode": code,
            "MailingCountry": "United States",
            "LeadSource": (None, "Web", "Partner Referral")[number % 3],
            "Lead_Score__c": float(number * 37 % 101),
            "Level__c": ("Primary", "Secondary", None)[number % 3],
            "Languages__c": ("English", "English;Spanish", None)[number % 3],
            "HasOptedOutOfEmail": number % 11 == 10,
            "OwnerId": self._owner(number),
        }

    def _lead(self, number: int) -> dict[str, Any]:
        first, last = _person(number + 100)
        word, trade = ACCOUNT_WORDS[-1 - number % len(ACCOUNT_WORDS)], TRADES[number % len(TRADES)]
        city, state, code = CITIES[number % len(CITIES)]
        return {
            "FirstName": first,
            "LastName": last,
            "Company": f"{word} {trade[0]} Prospects",
            "Title": TITLES[(number + 3) % len(TITLES)],
            "Email": None if number % 13 == 12 else f"{first}.{last}@{domain(200 + number)}".lower(),
            "Phone": f"+1 555 04{number:02d}",
            "Website": f"https://{domain(200 + number)}/",
            "Status": ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")[number % 3],
            "LeadSource": ("Web", "Phone Inquiry", "Purchased List")[number % 3],
            "Industry": trade[1],
            "Rating": ("Hot", "Warm", "Cold")[number % 3],
            "City": city,
            "State": state,
            "PostalCode": code,
            "Country": "United States",
            "NumberOfEmployees": 5 + 12 * number,
            "Product_Interest__c": ("Basic", "Plus", "Enterprise", None)[number % 4],
            "Lead_Score__c": float(number * 53 % 101),
            "OwnerId": self._owner(number),
        }

    def _opportunity(self, number: int) -> dict[str, Any]:
        account = number % len(self._made["Account"])
        stages = self._store.schema.objects["Opportunity"].fields["StageName"].picklist
        close_at = self._now + timedelta(days=number * 9 % 180 - 60)
        return {
            "AccountId": self._made["Account"][account],
            "Name": f"{ACCOUNT_WORDS[account % len(ACCOUNT_WORDS)]} {PROJECT_WORDS[number % len(PROJECT_WORDS)]}",
            "StageName": stages[(number + 2) % len(stages)].value,
            "Amount": 1000.0 * (number + 5) + self._random.randrange(1000),
            "Probability": float((number * 10) % 101),
            "CloseDate": close_at.date().isoformat(),
            "Type": ("New Business", "Existing Business")[number % 2],
            "NextStep": ("Send the offer", "Call back", None)[number % 3],
            "LeadSource": ("Web", None, "Partner Referral")[number % 3],
            "ForecastCategoryName": "Pipeline",
            "Order_Number__c": f"{10_000 + number}",
            "OwnerId": self._owner(number),
        }

    def _project(self, number: int) -> dict[str, Any]:
        started_at = self._now - timedelta(days=30 * (number % 6))
        return {
            "Name": f"{PROJECT_WORDS[number % len(PROJECT_WORDS)]} {number + 1}",
            "Account__c": self._made["Account"][number],
            "Sponsor__c": self._made["Contact"][number],
            "Status__c": ("Planned", "Running", "On Hold", "Done")[number % 4],
            "Budget__c": 5000.0 * (number + 1),
            "Progress__c": float(number * 8 % 101),
            "Start__c": started_at.date().isoformat(),
            "End__c": (started_at + timedelta(days=90)).date().isoformat(),
            "Kickoff__c": wire_time(started_at),
            "Approved__c": number % 2 == 0,
            "Headcount__c": float(3 + number),
            "OwnerId": self._owner(number),
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


def domain(number: int) -> str:
    """The sample domain of the n-th company, under a name reserved for examples."""
    if number < len(DOMAIN_ENDS):
        return DOMAIN_ENDS[number]
    word = ACCOUNT_WORDS[number % len(ACCOUNT_WORDS)].lower()
    return f"{word}{number}.test"


def _person(number: int) -> tuple[str, str]:
    return (
        FIRST_NAMES[number % len(FIRST_NAMES)],
        LAST_NAMES[(number + number // len(FIRST_NAMES)) % len(LAST_NAMES)],
    )
