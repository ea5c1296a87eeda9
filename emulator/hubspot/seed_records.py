"""The sample records: what the n-th company, contact, deal and project look like.

Companies and contacts carry the names and addresses that the sample org of the Salesforce stand-in has under the
same numbers, so that the two CRMs of a demonstration know the same people.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.hubspot.times import wire_time
from emulator.samples import (
    ACCOUNT_WORDS,
    CITIES,
    PROJECT_WORDS,
    TITLES,
    TRADES,
    domain,
    person,
)

_INDUSTRIES = (
    "RETAIL", "COMPUTER_SOFTWARE", "LOGISTICS_AND_SUPPLY_CHAIN", "OIL_ENERGY", "HOSPITAL_HEALTH_CARE", "MACHINERY",
    "MEDIA_PRODUCTION", "CONSTRUCTION", "MANAGEMENT_CONSULTING",
)  # fmt: skip
_STAGES = (
    "presentationscheduled", "decisionmakerboughtin", "contractsent", "closedwon", "closedlost",
    "appointmentscheduled", "qualifiedtobuy",
)  # fmt: skip
_OWNERS = ("rep", "admin", "rep", "limited_rep")
_LIFE = ("customer", "opportunity", "lead", "salesqualifiedlead")
_LEAD = (None, "OPEN", "IN_PROGRESS", "CONNECTED", "NEW")


class RecordMaker:
    """Makes records by number. `owners` are owner ids by role."""

    def __init__(self, owners: Mapping[str, str], *, now: datetime) -> None:
        self._owners = owners
        self._now = now

    def company(self, number: int) -> dict[str, Any]:
        word, trade = ACCOUNT_WORDS[number % len(ACCOUNT_WORDS)], TRADES[number % len(TRADES)]
        city, state, code = CITIES[number % len(CITIES)]
        return {
            "name": f"{word} {trade[0]}",
            "domain": None if number % 14 == 13 else domain(number),
            "industry": _INDUSTRIES[number % len(_INDUSTRIES)],
            "type": ("PARTNER", "PROSPECT", "VENDOR")[number % 3],
            "phone": f"+1 555 01{number:02d}",
            "address": f"{100 + number} Sample Street",
            "city": city,
            "state": state,
            "zip": code,
            "country": "United States",
            "numberofemployees": 20 + 35 * number,
            "annualrevenue": 250_000 * (number + 1),
            "lifecyclestage": _LIFE[number % len(_LIFE)],
            "description": f"A sample company in {trade[1].lower()}.",
            "sample_tier": (None, "Silver", "Bronze", "Gold")[number % 4],
            "sample_regions": ("North;East", "South", None)[number % 3],
            "sample_discount": number % 6 * 2.5,
            "sample_active": number % 5 != 0,
            **self._owned(number),
        }

    def contact(self, number: int, *, companies: int) -> dict[str, Any]:
        first, last = person(number)
        at = number % companies
        city, state, code = CITIES[at % len(CITIES)]
        birthday = (self._now - timedelta(days=365 * 30 + 71 * number)).date().isoformat()
        return {
            "firstname": first,
            "lastname": last,
            "salutation": (None, "Ms.", "Dr.", "Mx.")[number % 4],
            "email": None if number % 23 == 22 else f"{first}.{last}@{domain(at)}".lower().replace("'", ""),
            "jobtitle": TITLES[number % len(TITLES)],
            "company": None if number % 19 == 18 else ACCOUNT_WORDS[at % len(ACCOUNT_WORDS)],
            "phone": f"+1 555 02{number:02d}",
            "mobilephone": f"+1 555 03{number:02d}" if number % 3 else None,
            "address": f"{100 + at} Sample Street",
            "city": city,
            "state": state,
            "zip": code,
            "country": "United States",
            "lifecyclestage": _LIFE[number % len(_LIFE)],
            "hs_lead_status": _LEAD[number % len(_LEAD)],
            "hs_language": ("en", None, "es")[number % 3],
            "sample_lead_score": number * 37 % 101,
            "sample_level": ("primary", "secondary", None)[number % 3],
            "sample_languages": ("English", "English;Spanish", None)[number % 3],
            "sample_newsletter": number % 4 == 0,
            "sample_birthday": birthday if number % 5 == 0 else None,
            "sample_last_call": wire_time(self._now - timedelta(hours=5 * number + 3)) if number % 2 else None,
            **self._owned(number),
        }

    def deal(self, number: int, *, companies: int) -> dict[str, Any]:
        at, stage = number % companies, _STAGES[number % len(_STAGES)]
        close_at = self._now + timedelta(days=number * 9 % 180 - 60)
        return {
            "dealname": f"{ACCOUNT_WORDS[at % len(ACCOUNT_WORDS)]} {PROJECT_WORDS[number % len(PROJECT_WORDS)]}",
            "dealstage": stage,
            "pipeline": "default",
            "amount": 1000 * (number + 5) + number * 337 % 1000,
            "deal_currency_code": "USD",
            "closedate": wire_time(close_at),
            "dealtype": ("newbusiness", "existingbusiness")[number % 2],
            "closed_lost_reason": "A sample reason" if stage == "closedlost" else None,
            "hs_next_step": ("Send the offer", "Call back", None)[number % 3],
            "hs_priority": ("low", None, "high", "medium")[number % 4],
            "sample_order_number": f"{10_000 + number}",
            "sample_start": close_at.date().isoformat() if number % 2 else None,
            **self._owned(number),
        }

    def project(self, number: int) -> dict[str, Any]:
        started_at = self._now - timedelta(days=30 * (number % 6))
        return {
            "project_name": f"{PROJECT_WORDS[number % len(PROJECT_WORDS)]} {number + 1}",
            "project_code": f"SP-{number + 1:03d}",
            "status": ("Planned", "Running", "On Hold", "Done")[number % 4],
            "budget": 5000 * (number + 1),
            "progress": number * 8 % 101,
            "start_on": started_at.date().isoformat(),
            "kickoff_at": wire_time(started_at),
            "approved": number % 2 == 0,
            **self._owned(number),
        }

    def stamps(self, number: int) -> dict[str, str]:
        created_at = self._now - timedelta(days=300 - number % 200, minutes=37 * number % 600)
        modified_at = self._now - timedelta(days=1 + number * 7 % 60, seconds=311 * number % 80_000)
        return {"_created": wire_time(created_at), "_modified": wire_time(modified_at)}

    def _owned(self, number: int) -> Mapping[str, str]:
        return {"hubspot_owner_id": self._owners[_OWNERS[number % len(_OWNERS)]]}
