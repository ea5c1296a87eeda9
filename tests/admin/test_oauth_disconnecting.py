"""Taking a connection out of service: revoked there, forgotten here, and the data stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
import requests

from jobs.crm.adapters import open_adapter
from jobs.crm.errors import AuthorizationLost, CrmError
from jobs.models import Connection
from jobs.models.connection import BROKEN, DISCONNECTED
from jobs.runtime import Runtime
from tests.admin.conftest import Org
from tests.admin.sign_in import SignIn, stored, use_app_of
from tests.admin.site import Visitor, audited

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _own_app(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    use_app_of(org, monkeypatch)


@pytest.fixture
def sign_in(org: Org, admin: Visitor) -> SignIn:
    return SignIn(admin, org)


def journal(org: Org) -> int:
    """How many calls the stand-in has noted."""
    return int(requests.get(f"{org.url}/_emulator/journal?limit=0", timeout=10).json()["next"])


class Worker(threading.Thread):
    """Asks the CRM for something, in a thread of its own; `met` is the code of what stood in its way."""

    def __init__(self, runtime: Runtime, connection: Connection) -> None:
        super().__init__(daemon=True)
        self._adapter = open_adapter(runtime, connection)
        self.met = ""

    def run(self) -> None:
        try:
            self._adapter.describe("Contact")
        except CrmError as error:
            self.met = error.code


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_says_what_will_happen_before_it_does(sign_in: SignIn) -> None:
    page = sign_in.admin.get(f"/admin/connections/{sign_in.connect()}/disconnect").text
    assert "The access is revoked in Salesforce" in page
    assert "Nothing is deleted: records, links, mappings and the log stay" in page


def test_nothing_asks_the_crm_any_more_until_it_is_reconnected(sign_in: SignIn, org: Org, runtime: Runtime) -> None:
    connection_id = sign_in.connect()
    sign_in.admin.post(f"/admin/connections/{connection_id}/disconnect")
    seen = journal(org)
    with pytest.raises(AuthorizationLost) as refused:
        open_adapter(runtime, stored(runtime, connection_id)).describe("Contact")
    assert refused.value.code == DISCONNECTED
    assert journal(org) == seen
    url = sign_in.start(f"/admin/connections/{connection_id}/reconnect")
    sign_in.come_back(sign_in.decide(url))
    assert open_adapter(runtime, stored(runtime, connection_id)).describe("Contact") is not None


@pytest.mark.parametrize("revoked_in_time", [True, False])
def test_a_renewal_that_was_under_way_does_not_bring_it_back(
    sign_in: SignIn, org: Org, runtime: Runtime, revoked_in_time: bool
) -> None:
    connection_id = sign_in.connect()
    worker = Worker(runtime, stored(runtime, connection_id))
    org.fault(match="/describe", kind="expire_tokens", count=1)
    org.fault(match="/services/oauth2/token", kind="latency", seconds=0.6, count=1)
    if not revoked_in_time:
        org.fault(match="/services/oauth2/revoke", kind="drop", count=1)
    worker.start()
    # While it waits for its new token, an admin disconnects.
    until(lambda: stored(runtime, connection_id).refreshing_until is not None)
    sign_in.admin.post(f"/admin/connections/{connection_id}/disconnect")
    worker.join(10)
    assert worker.met == "TOKEN_BUSY"
    after = stored(runtime, connection_id)
    assert (after.access_token_sealed, after.refresh_token_sealed) == ("", "")
    assert (after.state, after.broken_code) == (BROKEN, DISCONNECTED)


def test_a_crm_that_is_down_is_told_and_what_to_do_there(sign_in: SignIn, org: Org, runtime: Runtime) -> None:
    connection_id = sign_in.connect()
    org.fault(match="/services/oauth2/revoke", kind="drop", count=2)
    try:
        sign_in.admin.post(f"/admin/connections/{connection_id}/disconnect")
    finally:
        org.clear_faults()
    page = sign_in.admin.get(f"/admin/connections/{connection_id}").text
    assert "Salesforce has not confirmed it" in page
    assert "Connected Apps OAuth Usage" in page
    assert stored(runtime, connection_id).refresh_token_sealed == ""


def test_pressed_twice_it_is_one_change(sign_in: SignIn, runtime: Runtime) -> None:
    connection_id = sign_in.connect()
    known = len(audited(runtime))
    for _ in range(2):
        sign_in.admin.post(f"/admin/connections/{connection_id}/disconnect")
    assert len(audited(runtime)) == known + 1


def test_client_credentials_are_forgotten_with_their_secret(
    sign_in: SignIn, org: Org, admin: Visitor, runtime: Runtime
) -> None:
    form = {"name": "By itself", "base_url": org.url}
    form |= {name: org.credentials[name] for name in ("client_id", "client_secret")}
    connection_id = int(admin.post("/admin/connections/new/salesforce", form).location.rsplit("/", 1)[1])
    admin.post(f"/admin/connections/{connection_id}/disconnect")
    assert stored(runtime, connection_id).client_secret_sealed == ""
    with pytest.raises(AuthorizationLost) as refused:
        open_adapter(runtime, stored(runtime, connection_id)).describe("Contact")
    assert refused.value.code == DISCONNECTED
    # Somebody who may signs in instead: the same connection goes on.
    assert sign_in.connect() == connection_id
