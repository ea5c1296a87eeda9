"""A real HubSpot emulator process for tests, on a port that the system chose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.support.stand_in import Json as Json
from tests.support.stand_in import Shared, StandIn

VERSION = "2026-09"
# Most tests are not about limits, and would wait for them. The sample portal's own are the real ones.
UNHURRIED = {"burst": 1_000_000, "oauth_burst": 1_000_000, "search_per_second": 1_000_000, "search_lag_seconds": 0}


class PortalApi:
    """The CRM API with one token. `version` is a date, or `v3` for the older paths."""

    def __init__(self, url: str, token: str, *, version: str = VERSION) -> None:
        self.url = url
        self.version = version
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def at(self, version: str) -> PortalApi:
        """The same token under another version."""
        token = str(self.session.headers["Authorization"]).partition(" ")[2]
        return PortalApi(self.url, token, version=version)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=options.pop("timeout", 20), **options)

    def path(self, family: str, rest: str = "") -> str:
        if self.version.startswith("v"):
            return f"/crm/{self.version}/{family}{rest}"
        return f"/crm/{family}/{self.version}{rest}"

    def objects(self, method: str, rest: str, body: Any = None, **options: Any) -> requests.Response:
        """A call under the objects, such as `/contacts/512`."""
        if body is not None:
            options["json"] = body
        return self.call(method, self.path("objects", rest), **options)

    def get(self, object_name: str, key: str, *, timeout: float = 20, **params: Any) -> requests.Response:
        return self.objects("GET", f"/{object_name}/{key}", params=params, timeout=timeout)

    def read(self, object_name: str, key: str, *properties: str, **params: Any) -> Json:
        """A record that has to be there."""
        answer = self.get(object_name, key, properties=",".join(properties), **params)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def values(self, object_name: str, key: str, *properties: str) -> list[str | None]:
        found: dict[str, str | None] = self.read(object_name, key, *properties)["properties"]
        return [found[name] for name in properties]

    def post(self, object_name: str, properties: Json, **more: Any) -> requests.Response:
        return self.objects("POST", f"/{object_name}", {"properties": properties, **more})

    def create(self, object_name: str, **properties: Any) -> str:
        """A new record that has to be accepted; answers its id."""
        answer = self.post(object_name, properties)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def patch(self, object_name: str, key: str, properties: Json, **params: Any) -> requests.Response:
        return self.objects("PATCH", f"/{object_name}/{key}", {"properties": properties}, params=params)

    def delete(self, object_name: str, key: str) -> requests.Response:
        return self.objects("DELETE", f"/{object_name}/{key}")

    def batch(self, object_name: str, action: str, inputs: list[Json], **more: Any) -> requests.Response:
        return self.objects("POST", f"/{object_name}/batch/{action}", {"inputs": inputs, **more})

    def search(self, object_name: str, *filters: Json, **more: Any) -> requests.Response:
        """A search with one group of filters."""
        body = {"filterGroups": [{"filters": list(filters)}], **more} if filters else more
        return self.objects("POST", f"/{object_name}/search", body)

    def found(self, object_name: str, *filters: Json, **more: Any) -> list[str]:
        """The ids that a search which has to succeed finds on its page."""
        answer = self.search(object_name, *filters, **more)
        assert answer.status_code == 200, answer.text
        return [record["id"] for record in answer.json()["results"]]


class PortalServer(StandIn):
    """`limits` are set at the start and after each reset; None leaves the real ones in force."""

    crm = "hubspot"

    def __init__(self, data: Path, *, limits: Mapping[str, Any] | None = UNHURRIED, **options: Any) -> None:
        self._limits = limits
        super().__init__(data, **options)

    def start(self) -> None:
        super().start()
        self._set_limits()

    def reset(self) -> None:
        super().reset()
        self._set_limits()

    @property
    def static_token(self) -> str:
        return str(self.credentials["access_token"])

    def token(self, user: str = "admin", **options: Any) -> str:
        """A new OAuth access token of a user, named by role, email or id."""
        return str(self.control("token", {"user": user, **options})["access_token"])

    def api(self, token: str | None = None, *, version: str = VERSION) -> PortalApi:
        """The CRM API; with the static token when none is given."""
        return PortalApi(self.url, token or self.static_token, version=version)

    def _set_limits(self) -> None:
        if self._limits is not None:
            self.control("limits", dict(self._limits))


class SharedPortal(Shared, PortalServer):
    """One portal for many tests."""


def refusal(answer: requests.Response) -> tuple[int, str | None]:
    """Status and category of a refusal."""
    return answer.status_code, answer.json().get("category")


def problems(answer: requests.Response) -> dict[str, str]:
    """Code by property of a refusal about values."""
    return {name: error["code"] for error in answer.json()["errors"] for name in error["context"]["propertyName"]}
