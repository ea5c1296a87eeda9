"""The sample records: what the n-th account, contact, lead, opportunity and project look like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.salesforce.values import wire_time
from emulator.samples import (
    ACCOUNT_WORDS,
    CITIES,
    DEPARTMENTS,
    PROJECT_WORDS,
    STAGES,
    TITLES,
    TRADES,
    domain,
    person,
)

_OWNERS = ("rep", "admin", "rep", "limited_rep")


class RecordMaker:
    """Makes records by number. `made` holds the ids of the records made before, by object."""

    def __init__(self, roles: Mapping[str, str], made: Mapping[str, list[str]], *, now: datetime) -> None:
        self._roles = roles
        self._made = made
        self._now = now

    def account(self, number: int) -> dict[str, Any]:
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

    def contact(self, number: int) -> dict[str, Any]:
        first, last = person(number)
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

    def lead(self, number: int) -> dict[str, Any]:
        first, last = person(number + 100)
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

    def opportunity(self, number: int) -> dict[str, Any]:
        account = number % len(self._made["Account"])
        close_at = self._now + timedelta(days=number * 9 % 180 - 60)
        return {
            "AccountId": self._made["Account"][account],
            "Name": f"{ACCOUNT_WORDS[account % len(ACCOUNT_WORDS)]} {PROJECT_WORDS[number % len(PROJECT_WORDS)]}",
            "StageName": STAGES[(number + 2) % len(STAGES)],
            "Amount": 1000.0 * (number + 5) + number * 337 % 1000,
            "Probability": float((number * 10) % 101),
            "CloseDate": close_at.date().isoformat(),
            "Type": ("New Business", "Existing Business")[number % 2],
            "NextStep": ("Send the offer", "Call back", None)[number % 3],
            "LeadSource": ("Web", None, "Partner Referral")[number % 3],
            "ForecastCategoryName": "Pipeline",
            "Order_Number__c": f"{10_000 + number}",
            "OwnerId": self._owner(number),
        }

    def project(self, number: int) -> dict[str, Any]:
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

    def _owner(self, number: int) -> str:
        return self._roles[_OWNERS[number % len(_OWNERS)]]
