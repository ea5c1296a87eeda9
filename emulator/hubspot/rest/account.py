"""The account itself, and what it has used of its limits."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from emulator.hubspot.rest.call import Answer, Call
from emulator.hubspot.times import wire_time


def details(call: Call) -> Answer:
    facts = call.portal.facts
    return Answer(
        200,
        {
            "portalId": call.portal.id,
            "accountType": facts["account_type"],
            "timeZone": facts["time_zone"],
            "companyCurrency": facts["company_currency"],
            "additionalCurrencies": facts["additional_currencies"],
            "utcOffset": facts["utc_offset"],
            "utcOffsetMilliseconds": facts["utc_offset_milliseconds"],
            "uiDomain": call.portal.ui_domain,
            "dataHostingLocation": facts["data_hosting_location"],
        },
    )


def daily_usage(call: Call) -> Answer:
    portal = call.portal
    zone = ZoneInfo(portal.facts["time_zone"])
    tomorrow = portal.clock.now().astimezone(zone).date() + timedelta(days=1)
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": portal.limits.rates.daily,
        "currentUsage": portal.limits.used_today,
        "collectedAt": wire_time(portal.clock.now()),
        "fetchStatus": "SUCCESS",
        "resetsAt": wire_time(datetime.combine(tomorrow, time(), zone)),
    }
    return Answer(200, {"results": [usage]})
