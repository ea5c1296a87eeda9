"""Importing from a list, on the admin pages: choose it, see what would happen, start it, stop it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from jobs.models import Connection, ListImport, ObjectMapping, SyncRun
from jobs.runtime import Runtime
from tests.admin.conftest import Org
from tests.admin.site import Visitor, audited

CONTACT = 2
LISTS = f"/admin/objects/{CONTACT}/import/"
NASTY = "<b>Buyers</b> & co"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def connected(runtime: Runtime, org: Org) -> Org:
    """The sample connection, with what lets it into the org."""
    with runtime.database.write() as session:
        connection = session.get_one(Connection, 1)
        connection.base_url, connection.client_id = org.url, org.credentials["client_id"]
        connection.client_secret_sealed = runtime.vault.seal(org.credentials["client_secret"])
        connection.access_token_sealed = ""
    return org


@pytest.fixture
def buyers(connected: Org) -> str:
    """A list view with three people in it."""
    records = [{"LastName": f"Buyer {number}", "Email": f"buyer{number}@example.com"} for number in range(2)]
    ids = connected.control("records", {"object": "Contact", "records": [*records, {"LastName": "Buyer 3"}]})["ids"]
    where = f"Id IN ({', '.join(repr(each) for each in ids)})"
    body = {"object": "Contact", "label": NASTY, "developer_name": "Buyers", "where": where}
    return str(connected.control("list_views", body)["id"])


def imports(runtime: Runtime) -> list[tuple[SyncRun, ListImport]]:
    query = select(SyncRun, ListImport).join(ListImport, ListImport.run_id == SyncRun.id).order_by(SyncRun.id)
    with runtime.database.read() as session:
        return [(run, place) for run, place in session.execute(query)]


def change(runtime: Runtime, model: type[Any], row_id: int, **values: Any) -> None:
    with runtime.database.write() as session:
        for name, value in values.items():
            setattr(session.get_one(model, row_id), name, value)


def test_an_objects_page_leads_to_the_lists_of_the_crm(admin: Visitor, buyers: str) -> None:
    assert f'href="{LISTS}">Import from a list</a>' in admin.get(f"/admin/objects/{CONTACT}").text
    page = admin.get(LISTS).text
    assert "&lt;b&gt;Buyers&lt;/b&gt; &amp; co" in page
    assert NASTY not in page
    assert f'href="{LISTS}{buyers}">See what would happen' in page
    assert "Salesforce shows it to people only" in page  # recently viewed
    assert buyers not in admin.get(f"{LISTS}?q=my+contacts").text
    assert "No list of Contact records has “no such” in its name." in admin.get(f"{LISTS}?q=no+such").text


def test_what_would_happen_is_said_before_anything_does(runtime: Runtime, admin: Visitor, buyers: str) -> None:
    page = admin.get(LISTS + buyers).text
    assert "3 records" in page
    assert "all of them" in page
    assert "2 have no counterpart here and become new records." in page
    assert "1 would be skipped: This Contact has no email address." in page
    assert imports(runtime) == []
    assert not [each for each in audited(runtime) if each.action.startswith("import")]


def test_of_a_long_list_it_is_said_how_many_were_looked_at(admin: Visitor, connected: Org) -> None:
    body = {"object": "Contact", "records": [{"LastName": "Crowd", "Title": "One of many"}] * 101}
    connected.control("records", body)
    view = {"object": "Contact", "label": "Crowd", "developer_name": "Crowd", "where": "Title = 'One of many'"}
    page = admin.get(LISTS + connected.control("list_views", view)["id"]).text
    assert "101 records" in page
    assert "the first 100; of the others nothing is known yet" in page


def test_import_starts_one_run_and_a_second_press_joins_it(runtime: Runtime, admin: Visitor, buyers: str) -> None:
    answers = [admin.post(LISTS + buyers) for _ in range(2)]
    [(run, place)] = imports(runtime)
    assert {each.headers["Location"] for each in answers} == {f"/admin/runs/{run.id}"}
    assert (run.kind, run.trigger, run.object, run.status) == ("import", "admin", "Contact", "queued")
    assert run.requested_by == "admin@example.com"
    assert (place.list_id, place.list_name, place.total, place.done) == (buyers, NASTY, 3, 0)
    entry = next(each for each in audited(runtime) if each.action == "import.start")
    assert (entry.action, entry.subject) == ("import.start", f"{NASTY}, Contact of Sample Org")
    page = admin.get(f"/admin/runs/{run.id}").text
    assert "Started an import from a list" in admin.get("/admin/audit/").text
    assert "0 of 3 records of the list “&lt;b&gt;Buyers" in page
    assert "is importing this list already: joined." in page


def test_an_import_that_waits_is_stopped_by_a_button(runtime: Runtime, admin: Visitor, buyers: str) -> None:
    run_page = admin.post(LISTS + buyers).headers["Location"]
    assert "Stop this import" in admin.get(run_page).text
    stopped = admin.post(f"{run_page}/stop", follow_redirects=True).text
    assert "Stopped by admin@example.com. What was synced until then stays." in stopped
    assert "Stop this import" not in stopped
    assert "over, or stopped already" in admin.post(f"{run_page}/stop", follow_redirects=True).text
    assert [each.action for each in audited(runtime)][-2:] == ["import.start", "import.cancel"]
    assert "over, or stopped already" in admin.post("/admin/runs/1/stop", follow_redirects=True).text


@pytest.mark.parametrize(
    ("model", "row_id", "off", "said"),
    [
        (ObjectMapping, CONTACT, {"enabled": False}, "Contact sync is switched off."),
        (ObjectMapping, CONTACT, {"inbound": False}, "Changes from Salesforce are switched off."),
        (Connection, 1, {"syncs_enabled": False}, "Syncs are switched off."),
    ],
)
def test_what_is_off_is_refused_with_the_reason(
    runtime: Runtime, admin: Visitor, buyers: str, model: type[Any], row_id: int, off: dict[str, bool], said: str
) -> None:
    change(runtime, model, row_id, **off)
    for page in (admin.get(LISTS), admin.get(LISTS + buyers), admin.post(LISTS + buyers, follow_redirects=True)):
        assert said in page.text
    assert '<button class="primary">Import' not in admin.get(LISTS + buyers).text
    assert imports(runtime) == []


@pytest.mark.parametrize("list_id", ["00B000000000001AAA", "12", "x" * 500, "'; DROP", "%00", "..%2Fdescribe", "ü"])
def test_a_list_that_is_not_there_is_said_to_be_so(
    runtime: Runtime, admin: Visitor, connected: Org, list_id: str
) -> None:
    page = admin.get(LISTS + list_id)
    assert page.status_code == 404
    posted = admin.post(LISTS + list_id, follow_redirects=True)
    assert "%2F" in list_id or "Salesforce has no such list any more." in page.text + posted.text
    assert imports(runtime) == []


def test_a_list_that_has_no_query_cannot_be_imported(runtime: Runtime, admin: Visitor, connected: Org) -> None:
    body = {"object": "Contact", "label": "Seen", "developer_name": "Seen", "soql_compatible": False}
    seen = connected.control("list_views", body)["id"]
    for page in (admin.get(LISTS + seen), admin.post(LISTS + seen, follow_redirects=True)):
        assert "Salesforce shows this list to people only" in page.text
    assert imports(runtime) == []


def test_a_crm_that_cannot_be_asked_is_named_on_the_page(admin: Visitor, connected: Org) -> None:
    connected.fault("status", "/listviews", status=503, count=None)
    page = admin.get(LISTS).text
    connected.clear_faults()
    assert "Salesforce is not available." in page
    assert "Nothing was started." in page
    connected.fault("status", "/listviews", status=403, code="INSUFFICIENT_ACCESS")
    assert "Salesforce does not let our app see its lists" in admin.get(LISTS).text


def test_a_viewer_starts_and_stops_nothing(runtime: Runtime, viewer: Visitor, buyers: str) -> None:
    assert viewer.get(LISTS).status_code == 403
    assert viewer.post(LISTS + buyers).status_code == 403
    assert viewer.post("/admin/runs/1/stop").status_code == 403
    assert imports(runtime) == []
