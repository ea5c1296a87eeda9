"""What the API offers: versions, the resource map, the limits."""

from __future__ import annotations

from emulator.salesforce.org import API_VERSIONS, Org
from emulator.salesforce.rest.call import Answer, Call

_SEASONS = ("Spring", "Summer", "Winter")


def versions() -> list[dict[str, str]]:
    """The body of `GET /services/data`, which needs no login."""
    return [
        {"label": _label(int(version.split(".")[0])), "url": f"/services/data/v{version}", "version": version}
        for version in API_VERSIONS
    ]


def identity_url(org: Org, user_id: str) -> str:
    return f"{org.public_url}/id/{org.id}/{user_id}"


def resources(call: Call) -> Answer:
    base = f"/services/data/v{call.version}"
    named = {name: f"{base}/{name}" for name in ("composite", "limits", "query", "queryAll", "sobjects")}
    return Answer(200, {**named, "identity": identity_url(call.org, call.user.id)})


def limits(call: Call) -> Answer:
    limit = call.org.limit
    return Answer(
        200,
        {
            "DailyApiRequests": {"Max": limit.maximum, "Remaining": max(limit.maximum - limit.used, 0)},
            "DailyBulkApiBatches": {"Max": 15000, "Remaining": 15000},
            "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000},
            "DataStorageMB": {"Max": 10240, "Remaining": 10000},
        },
    )


def _label(number: int) -> str:
    # Three seasons make a year; version 58 is Summer '23, and Winter '24 came in autumn 2023.
    years, season = divmod(number - 57, 3)
    return f"{_SEASONS[season]} '{23 + years + (season == 2)}"
