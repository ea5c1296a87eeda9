"""Connecting an org: tested before anything is stored, told exactly why not, secrets never shown."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from jobs.models import Connection, ObjectMapping
from jobs.models.connection import ACTIVE, BROKEN
from jobs.runtime import Runtime, utc_now
from tests.admin.conftest import Org
from tests.admin.site import Visitor, audited, count, everything_stored

HTMX = {"HX-Request": "true"}


def details(org: Org, **changes: str) -> dict[str, str]:
    form = {
        "name": "Stand-in org",
        "base_url": org.url,
        "client_id": org.credentials["client_id"],
        "client_secret": org.credentials["client_secret"],
    }
    return form | changes


def stored(runtime: Runtime, connection_id: int) -> Connection:
    with runtime.database.read() as session:
        return session.get_one(Connection, connection_id)


@pytest.fixture
def connected(org: Org, admin: Visitor) -> int:
    """The id of a connection to the stand-in org, made through the form."""
    answer = admin.post("/admin/connections/new/salesforce", details(org, canvas_secret="the canvas secret"))
    assert answer.status_code == 303, answer.text
    return int(answer.location.rsplit("/", 1)[1])


def test_test_connection_names_the_org_and_stores_nothing(org: Org, runtime: Runtime, admin: Visitor) -> None:
    before = everything_stored(runtime)
    answer = admin.post("/admin/connections/test/salesforce", details(org), headers=HTMX)
    assert "Connection successful" in answer.text
    assert org.credentials["org_id"][:15] in answer.text
    assert "<html" not in answer.text
    assert everything_stored(runtime) == before


def test_without_htmx_the_whole_form_comes_back_with_the_answer(org: Org, admin: Visitor) -> None:
    page = admin.post("/admin/connections/test/salesforce", details(org)).text
    assert "Connection successful" in page
    assert 'value="Stand-in org"' in page
    assert org.credentials["client_secret"] not in page


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"client_id": "not-the-id"}, "Copy the consumer key again"),
        ({"client_secret": "not-the-secret"}, "Copy the consumer secret again"),
    ],
)
def test_a_refusal_is_told_with_its_remedy(org: Org, admin: Visitor, wrong: dict[str, str], remedy: str) -> None:
    page = admin.post("/admin/connections/test/salesforce", details(org, **wrong), headers=HTMX).text
    assert "No connection." in page
    assert remedy in page
    assert "not-the-secret" not in page


def test_an_org_that_is_down_is_told_and_nothing_is_stored(org: Org, runtime: Runtime, admin: Visitor) -> None:
    known = count(runtime, Connection)
    org.fault(match="/services/oauth2/token", kind="drop", count=5)
    try:
        answer = admin.post("/admin/connections/new/salesforce", details(org))
    finally:
        org.clear_faults()
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert count(runtime, Connection) == known


def test_connecting_stores_sealed_secrets_and_the_default_objects(
    org: Org, runtime: Runtime, admin: Visitor, connected: int
) -> None:
    connection = stored(runtime, connected)
    assert runtime.vault.open(connection.client_secret_sealed) == org.credentials["client_secret"]
    assert org.credentials["client_secret"] not in repr(vars(connection))
    assert connection.org_id[:15] == org.credentials["org_id"][:15]
    assert connection.host_origins == [org.url]
    with runtime.database.read() as session:
        objects = session.query(ObjectMapping).filter_by(connection_id=connected)
        assert {each.object for each in objects} == {"Account", "Contact", "Lead", "Opportunity"}
    entry = audited(runtime)[-1]
    assert (entry.action, entry.details["secrets"]) == ("connection.create", ["client secret", "Canvas secret"])
    assert org.credentials["client_secret"] not in repr(entry.details)


def test_no_page_ever_shows_a_secret(org: Org, admin: Visitor, connected: int) -> None:
    for path in (f"/admin/connections/{connected}", f"/admin/connections/{connected}/edit", "/admin/audit/"):
        page = admin.get(path).text
        assert org.credentials["client_secret"] not in page
        assert "the canvas secret" not in page


def test_an_org_is_connected_once(org: Org, runtime: Runtime, admin: Visitor, connected: int) -> None:
    answer = admin.post("/admin/connections/new/salesforce", details(org, name="Again"))
    assert answer.status_code == 422
    assert "is connected already, as “Stand-in org”" in answer.text
    assert count(runtime, Connection) == 2


def test_an_empty_secret_leaves_the_stored_one_alone(
    org: Org, runtime: Runtime, admin: Visitor, connected: int
) -> None:
    before = stored(runtime, connected)
    form = details(org, name="Renamed", client_secret="", canvas_secret="")
    assert admin.post(f"/admin/connections/{connected}/edit", form).status_code == 303
    after = stored(runtime, connected)
    assert after.name == "Renamed"
    assert after.client_secret_sealed == before.client_secret_sealed
    assert runtime.vault.open(after.canvas_secret_sealed) == "the canvas secret"
    assert audited(runtime)[-1].details == {
        "before": {"name": "Stand-in org"},
        "after": {"name": "Renamed"},
        "secrets": [],
    }


def test_the_stored_canvas_secret_can_be_removed(org: Org, runtime: Runtime, admin: Visitor, connected: int) -> None:
    form = details(org, client_secret="", forget_canvas_secret="1")
    admin.post(f"/admin/connections/{connected}/edit", form)
    assert stored(runtime, connected).canvas_secret_sealed == ""


def test_the_stored_secret_is_never_sent_to_another_address(org: Org, admin: Visitor, connected: int) -> None:
    form = details(org, base_url="https://other.my.salesforce.com", client_secret="") | {
        "connection_id": str(connected)
    }
    page = admin.post("/admin/connections/test/salesforce", form, headers=HTMX).text
    assert "enter the client secret again" in page


def test_a_connection_cannot_be_turned_to_another_org(org: Org, runtime: Runtime, admin: Visitor) -> None:
    before = everything_stored(runtime)
    answer = admin.post("/admin/connections/1/edit", details(org))
    assert answer.status_code == 422
    assert "belongs to another org" in answer.text
    assert everything_stored(runtime) == before


def test_a_broken_connection_says_why_and_is_mended_by_a_test_that_succeeds(
    org: Org, runtime: Runtime, admin: Visitor, connected: int
) -> None:
    with runtime.database.write() as session:
        row = session.get_one(Connection, connected)
        row.state, row.broken_code, row.broken_message = BROKEN, "invalid_client", "invalid client credentials"
        row.broken_at = utc_now()
    page = admin.get(f"/admin/connections/{connected}").text
    assert "This connection is broken" in page
    assert "invalid client credentials" in page
    assert "Repair the connection" in admin.get("/admin/").text
    admin.post(f"/admin/connections/{connected}/check")
    assert stored(runtime, connected).state == ACTIVE
    assert audited(runtime)[-1].action == "connection.mend"


def test_testing_too_often_is_refused_in_words(org: Org, admin: Visitor) -> None:
    pages = [admin.post("/admin/connections/test/salesforce", {"name": "x"}, headers=HTMX) for _ in range(11)]
    assert [page.status_code for page in pages] == [200] * 10 + [429]
    assert "Too many tries" in pages[-1].text
    assert "<html" not in pages[-1].text


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://sample.my.salesforce.com",
        "https://login.salesforce.com",
        "https://sample.my.salesforce.com.evil.example",
        "https://user@sample.my.salesforce.com",
        "https://sample.my.salesforce.com:8443",
        "https://.my.salesforce.com",
        "http://127.0.0.1:22",
        "https://[::1",
        "https://sämple.my.salesforce.com",
        "file:///etc/passwd",
    ],
)
def test_only_a_my_domain_address_is_asked(admin: Visitor, address: str) -> None:
    form = {"name": "x", "base_url": address, "client_id": "x", "client_secret": "x"}
    page = admin.post("/admin/connections/test/salesforce", form, headers=HTMX).text
    assert "ends in .my.salesforce.com" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"launch_issuer": "widget"},
        {"launch_certificate": "certificate"},
        {"launch_issuer": "widget", "launch_certificate": "not a certificate"},
        {"launch_issuer": "widget", "launch_certificate": "weak"},
        {"launch_issuer": "widget", "launch_certificate": "ended"},
        {"launch_issuer": "widget", "launch_certificate": "private"},
        {"name": ""},
        {"name": "x" * 201},
    ],
)
def test_bad_fields_are_named_and_nothing_is_stored(
    org: Org, runtime: Runtime, admin: Visitor, fields: dict[str, str]
) -> None:
    known = count(runtime, Connection)
    made = {"certificate": CERTIFICATE, "weak": WEAK, "ended": ENDED, "private": PRIVATE}
    fields = {name: made.get(value, value) for name, value in fields.items()}
    answer = admin.post("/admin/connections/new/salesforce", details(org, **fields))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert count(runtime, Connection) == known


def test_a_certificate_is_shown_by_subject_end_and_fingerprint(org: Org, admin: Visitor) -> None:
    form = details(org, launch_issuer="widget", launch_certificate=CERTIFICATE)
    page = admin.get(admin.post("/admin/connections/new/salesforce", form).location).text
    assert "CN=sample" in page
    assert "Certificate SHA-256" in page


def test_the_master_switch_says_what_it_will_do_and_does_it(runtime: Runtime, admin: Visitor) -> None:
    assert "Nothing is deleted" in admin.get("/admin/connections/1").text
    admin.post("/admin/connections/1/switch", {"on": "0"})
    assert stored(runtime, 1).syncs_enabled is False
    assert "what was skipped meanwhile is not fetched" in admin.get("/admin/connections/1").text
    admin.post("/admin/connections/1/switch", {"on": "1"})
    assert stored(runtime, 1).syncs_enabled is True
    assert audited(runtime)[-1].details["after"] == {"syncs": True}


def _certificate(key: Any, *, days: int) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sample")])
    start = utc_now() - datetime.timedelta(days=400)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(utc_now() + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CERTIFICATE = _certificate(_KEY, days=300)
ENDED = _certificate(_KEY, days=-1)
WEAK = _certificate(rsa.generate_private_key(public_exponent=65537, key_size=1024), days=300)
PRIVATE = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


def test_the_hint_secret_is_sealed_kept_and_removed(org: Org, runtime: Runtime, admin: Visitor, connected: int) -> None:
    path = f"/admin/connections/{connected}/edit"
    admin.post(path, details(org, client_secret="", hint_secret="the hint secret"))
    assert runtime.vault.open(stored(runtime, connected).hint_secret_sealed) == "the hint secret"
    admin.post(path, details(org, client_secret=""))
    assert runtime.vault.open(stored(runtime, connected).hint_secret_sealed) == "the hint secret"
    assert "the hint secret" not in admin.get(path).text
    admin.post(path, details(org, client_secret="", forget_hint_secret="1"))
    assert stored(runtime, connected).hint_secret_sealed == ""
    assert ["hint secret (removed)"] in [each.details.get("secrets") for each in audited(runtime)]
