"""A real Salesforce emulator process for tests, on a port that the system chose."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.stand_in import Json as Json
from tests.support.stand_in import Shared, StandIn

VERSION = "62.0"
BASE = f"/services/data/v{VERSION}"


class Api:
    """The REST API as one user of the org. Paths are relative to `/services/data/v62.0`."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + BASE + path, timeout=options.pop("timeout", 20), **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> requests.Response:
        return self.call("POST", path, json=body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> requests.Response:
        return self.call("PATCH", path, json=body, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self.call("DELETE", path, **options)

    def query(self, soql: str, *, every: bool = False, **options: Any) -> requests.Response:
        return self.get("/queryAll" if every else "/query", params={"q": soql}, **options)

    def rows(self, soql: str, *, every: bool = False) -> list[Json]:
        """The records of a query that has to succeed."""
        answer = self.query(soql, every=every)
        assert answer.status_code == 200, answer.text
        records: list[Json] = answer.json()["records"]
        return records

    def read(self, object_name: str, record_id: str, *fields: str) -> Json:
        answer = self.get(f"/sobjects/{object_name}/{record_id}", params={"fields": ",".join(fields)})
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def create(self, object_name: str, **fields: Any) -> str:
        answer = self.post(f"/sobjects/{object_name}", fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def composite(self, *parts: Json, **options: Any) -> list[Json]:
        """The answers of subrequests; each part needs `url` relative to the version, and gets a reference."""
        full = [
            {"method": "GET", "referenceId": f"r{number}", **part, "url": BASE + part["url"]}
            for number, part in enumerate(parts)
        ]
        answer = self.post("/composite", {"compositeRequest": full, **options})
        assert answer.status_code == 200, answer.text
        answers: list[Json] = answer.json()["compositeResponse"]
        return answers


class OrgServer(StandIn):
    crm = "salesforce"

    def token(self, user: str = "integration", **options: Any) -> str:
        """A new access token of a user, named by role, username or id."""
        return str(self.control("token", {"user": user, **options})["access_token"])

    def api(self, user: str = "integration") -> Api:
        return Api(self.url, self.token(user))


class SharedOrg(Shared, OrgServer):
    """One org for many tests."""


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()[0]["errorCode"]
