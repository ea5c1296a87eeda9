"""The one way out: to the CRM's own host and nowhere else; reads are repeated, writes never, every call is counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from jobs.crm.errors import Unavailable
from jobs.crm.http import Meter, crm_session, may_be_host
from jobs.crm.salesforce import HOST_SUFFIXES
from tests.support.office import Office
from tests.support.org_server import Json

FIELDS = {"Title": "text"}


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", LastName="Sample")


class Elsewhere(BaseHTTPRequestHandler):
    """Some other server; it remembers who called."""

    def do_GET(self) -> None:
        self.server.heard.append(dict(self.headers))  # type: ignore[attr-defined]  # the server is ours, see below
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 - the base class looks for these names

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    server.heard = []  # type: ignore[attr-defined]  # kept on the server for the test to read
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def calls(office: Office, end: str) -> list[Json]:
    return [each for each in office.org.journal("call") if each["path"].endswith(end)]


class TestItsOwnHost:
    @pytest.mark.parametrize(
        "url", ["https://example.com/", "https://127.0.0.1/", "http://127.0.0.1:{port}/", "https://127.0.0.1:{other}/"]
    )
    def test_any_other_is_refused_before_a_byte_is_sent(self, office: Office, elsewhere: HTTPServer, url: str) -> None:
        meter = Meter()
        session = crm_session(office.runtime.settings, office.org.url, meter)
        url = url.format(port=office.org.port, other=elsewhere.server_port)
        with pytest.raises(requests.exceptions.RequestException):
            session.get(url)
        assert meter.calls == 0
        assert elsewhere.heard == []  # type: ignore[attr-defined]  # see the fixture

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_redirect_is_not_followed_elsewhere(
        self, office: Office, ana: str, elsewhere: HTTPServer, scheme: str
    ) -> None:
        adapter = office.adapter()
        adapter.read("Contact", ana, FIELDS)
        target = f"{scheme}://127.0.0.1:{elsewhere.server_port}/services/data"
        for status in (301, 302, 307, 308):
            office.org.fault("status", "queryAll", status=status, headers={"Location": target})
            with pytest.raises(Unavailable):
                adapter.read("Contact", ana, FIELDS)
        assert elsewhere.heard == []  # type: ignore[attr-defined]  # see the fixture

    def test_nor_is_the_token_endpoints(self, office: Office, ana: str, elsewhere: HTTPServer) -> None:
        target = f"http://127.0.0.1:{elsewhere.server_port}/"
        office.org.fault("status", "oauth2/token", status=307, headers={"Location": target})
        with pytest.raises(Unavailable):
            office.adapter().read("Contact", ana, FIELDS)
        assert elsewhere.heard == []  # type: ignore[attr-defined]  # see the fixture

    @pytest.mark.parametrize(
        ("host", "fine"),
        [
            ("sample.my.salesforce.com", True),
            ("sample--dev.sandbox.my.salesforce.com", True),
            ("SAMPLE.MY.SALESFORCE.COM", True),
            ("salesforce.com.example.com", False),
            ("notsalesforce.com", False),
            ("my.salesforce.com.", False),
            ("127.0.0.1", False),
            ("", False),
        ],
    )
    def test_which_hosts_may_be_a_salesforce(self, office: Office, host: str, fine: bool) -> None:
        assert may_be_host(host, office.runtime.settings, HOST_SUFFIXES) is fine

    def test_a_netrc_of_the_machine_changes_nothing(
        self, office: Office, ana: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login intruder password sesame\ndefault login intruder password sesame\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        assert office.adapter().read("Contact", ana, FIELDS).record_id == ana
        assert calls(office, "queryAll")[-1]["user_id"] == office.org.user("integration")["id"]

    def test_a_proxy_of_the_environment_is_not_used(
        self, office: Office, ana: str, elsewhere: HTTPServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.server_port}")
        monkeypatch.setenv("NO_PROXY", "")
        assert office.adapter().read("Contact", ana, FIELDS).record_id == ana
        assert elsewhere.heard == []  # type: ignore[attr-defined]  # see the fixture


class TestAgain:
    @pytest.mark.parametrize("trouble", ["drop", "status"])
    def test_a_read_is_tried_three_times_in_all(self, office: Office, ana: str, trouble: str) -> None:
        office.org.fault(trouble, "queryAll", count=2, **({"status": 503} if trouble == "status" else {}))
        assert office.adapter().read("Contact", ana, FIELDS).record_id == ana
        assert len(calls(office, "queryAll")) == 3

    def test_and_not_a_fourth_time(self, office: Office, ana: str) -> None:
        office.org.fault("drop", "queryAll", count=None)
        with pytest.raises(Unavailable):
            office.adapter().read("Contact", ana, FIELDS)
        assert len(calls(office, "queryAll")) == 3

    @pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
    def test_an_answer_that_will_not_change_is_not_asked_for_again(self, office: Office, ana: str, status: int) -> None:
        office.org.fault("status", "queryAll", status=status, count=None)
        with pytest.raises(Exception, match=r".+"):
            office.adapter().read("Contact", ana, FIELDS)
        assert len(calls(office, "queryAll")) == 1

    @pytest.mark.parametrize("trouble", ["drop", "lose_response", "half_body", "status"])
    def test_a_write_is_never_repeated_by_itself(self, office: Office, ana: str, trouble: str) -> None:
        adapter = office.adapter()
        row = adapter.read("Contact", ana, FIELDS)
        office.org.fault(trouble, "composite", **({"status": 503} if trouble == "status" else {}))
        with pytest.raises(Unavailable):
            adapter.write("Contact", row, {"Title": "Owner"}, FIELDS)
        assert len(calls(office, "composite")) == 1
        assert len(office.org.writes()) <= 1


class TestTheMeter:
    def test_our_count_is_the_orgs_count(self, office: Office, ana: str) -> None:
        adapter = office.adapter()
        office.org.fault("drop", "queryAll", count=2)
        row = adapter.read("Contact", ana, FIELDS)
        adapter.write("Contact", row, {"Title": "Owner"}, FIELDS)
        office.org.control("expire_tokens", {})
        adapter.describe("Contact")
        assert adapter.calls == len(office.org.journal("call"))

    def test_what_the_org_says_of_its_limit_is_heard(self, office: Office, ana: str) -> None:
        office.org.control("limits", {"daily_api_requests": 15_000, "used": 41})
        meter = Meter()
        session = crm_session(office.runtime.settings, office.org.url, meter)
        token = office.org.token("integration")
        url = office.org.url.replace("http://", "https://") + "/services/data/v62.0/limits"
        session.get(url, headers={"Authorization": f"Bearer {token}"})
        assert (meter.calls_used, meter.calls_allowed) == (42, 15_000)

    @pytest.mark.parametrize("header", ["", "nonsense", "api-usage=a/b", "per-app-api-usage=1/2(appName=x)"])
    def test_an_odd_limit_header_breaks_nothing(self, office: Office, ana: str, header: str) -> None:
        office.org.fault("status", "queryAll", status=500, headers={"Sforce-Limit-Info": header, "Date": "yesterday"})
        with pytest.raises(Unavailable):
            office.adapter().read("Contact", ana, FIELDS)
