"""The record pages over plain HTTP: what a viewer sees, what saving does, who is kept out."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import requests

from tests.support.org_server import OrgServer

RILEY = "riley@sample-org.example.com"
LEE = "lee@sample-org.example.com"


class Viewer:
    """One person's browser, without scripts."""

    def __init__(self, org: OrgServer, username: str) -> None:
        self.org = org
        self.session = requests.Session()
        self.get("/lightning/page/home", **{"as": username})

    def get(self, path: str, **query: str) -> requests.Response:
        return self.session.get(self.org.url + path, params=query, timeout=10)

    def record_path(self, object_name: str) -> str:
        return f"/lightning/r/{object_name}/{self.org.credentials['records'][object_name]['id']}/view"

    def form(self, path: str) -> dict[str, Any]:
        """The edit form as it is filled in when it opens."""
        page = self.get(path, edit="1").text
        values: dict[str, Any] = {}
        for tag in re.findall(r"<input [^>]*>", page):
            name, value = attribute(tag, "name"), attribute(tag, "value")
            if name and attribute(tag, "type") != "checkbox" and name not in ("user", "back", "q"):
                values[name] = value
        for name, body in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
            chosen = [html.unescape(value) for value in re.findall(r'<option value="([^"]*)" selected', body)]
            values[name] = chosen or ""
        for name, body in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
            values[name] = html.unescape(body)
        return values

    def save(self, path: str, form: dict[str, Any], **headers: str) -> requests.Response:
        return self.session.post(self.org.url + path, data=form, headers=headers, allow_redirects=False, timeout=10)


def attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(found.group(1)) if found else ""


def values_on(page: str) -> dict[str, str]:
    """Label to shown text of the details card."""
    page = re.sub(r'<a class="pencil".*?</a>', "", page)
    pairs = re.findall(r'<div class="field[^"]*"><dt>(.*?)</dt><dd>(.*?)</dd>', page, re.DOTALL)
    return {label: html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for label, text in pairs}


@pytest.fixture
def riley(org_server: OrgServer) -> Viewer:
    return Viewer(org_server, RILEY)


def test_every_object_has_a_list_and_a_record_page(riley: Viewer) -> None:
    for object_name in riley.org.credentials["records"]:
        assert riley.get(f"/lightning/o/{object_name}/list").status_code == 200
        page = riley.get(riley.record_path(object_name))
        assert page.status_code == 200
        assert "Stand-in Salesforce org — sample data" in page.text
        assert values_on(page.text)["Last Modified By"]


def test_a_field_hidden_from_the_viewer_is_not_on_the_page(org_server: OrgServer) -> None:
    riley, lee = Viewer(org_server, RILEY), Viewer(org_server, LEE)
    path = riley.record_path("Contact")
    assert "Business Phone" in values_on(riley.get(path).text)
    assert "Business Phone" not in values_on(lee.get(path).text)
    assert "Phone" not in lee.form(path)


def test_a_field_the_viewer_may_only_read_has_no_input(org_server: OrgServer) -> None:
    riley, lee = Viewer(org_server, RILEY), Viewer(org_server, LEE)
    path = riley.record_path("Contact")
    assert "Title" in riley.form(path)
    assert "Title" in values_on(lee.get(path).text)
    assert "Title" not in lee.form(path)
    assert "LastName" in lee.form(path)


def test_saving_changes_the_record_for_everybody_and_names_who_did_it(org_server: OrgServer) -> None:
    riley, lee = Viewer(org_server, RILEY), Viewer(org_server, LEE)
    path = riley.record_path("Contact")
    answer = riley.save(path, riley.form(path) | {"Title": "Head of Tests 🧪", "Birthdate": "1990-02-28"})
    assert answer.status_code == 303
    shown = values_on(lee.get(path).text)
    assert shown["Title"] == "Head of Tests 🧪"
    assert shown["Birthdate"] == "2/28/1990"
    assert shown["Last Modified By"] == "Riley Rep"


@pytest.mark.parametrize(("frame", "mode"), [("canvas", "view"), ("lwc", "lwc"), ("sandboxed", "lwc-sandboxed")])
def test_a_frame_can_be_asked_for_by_name(riley: Viewer, frame: str, mode: str) -> None:
    path = riley.record_path("Contact")
    answer = riley.get(path, frame=frame, placement="main")
    assert answer.status_code == 200
    assert answer.url == f"{riley.org.url}{path.removesuffix('view')}{mode}?placement=main"


def test_what_was_not_touched_is_not_written(riley: Viewer) -> None:
    path = riley.record_path("Contact")
    stale = riley.form(path)
    riley.save(path, riley.form(path) | {"Department": "Changed meanwhile"})
    riley.save(path, stale | {"Title": "Changed later"})
    shown = values_on(riley.get(path).text)
    assert (shown["Department"], shown["Title"]) == ("Changed meanwhile", "Changed later")


def test_the_journal_holds_the_viewers_edit_and_nothing_else(riley: Viewer) -> None:
    path = riley.record_path("Contact")
    riley.save(path, riley.form(path) | {"Title": "Journalled"})
    [write] = riley.org.writes()
    assert (write["op"], write["user_id"], write["net"]) == ("update", riley.org.user("rep")["id"], True)
    assert write["new"] == {"Title": "Journalled"}


def test_saving_an_untouched_form_changes_nothing(riley: Viewer) -> None:
    for object_name in riley.org.credentials["records"]:
        path = riley.record_path(object_name)
        before = values_on(riley.get(path).text)
        assert riley.save(path, riley.form(path)).status_code == 303
        assert values_on(riley.get(path).text) == before


def test_a_refused_save_says_why_and_keeps_what_was_typed(riley: Viewer) -> None:
    path = riley.record_path("Contact")
    before = values_on(riley.get(path).text)
    answer = riley.save(path, riley.form(path) | {"Email": "not an email", "Title": "Typed in vain"})
    assert answer.status_code == 400
    assert "invalid email address" in answer.text
    assert 'value="Typed in vain"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert values_on(riley.get(path).text) == before


def test_a_validation_rule_of_the_org_is_told_at_its_field(riley: Viewer) -> None:
    path = riley.record_path("Contact")
    answer = riley.save(path, riley.form(path) | {"Lead_Score__c": "101"})
    assert answer.status_code == 400
    assert 'id="e-Lead_Score__c">Lead Score must be between 0 and 100.' in answer.text


def test_a_blank_empties_a_field_and_text_is_never_markup(riley: Viewer) -> None:
    path = riley.record_path("Contact")
    riley.save(path, riley.form(path) | {"Title": "", "Description": "<script>alert(1)</script>\nsecond line"})
    page = riley.get(path).text
    assert values_on(page)["Title"] == ""
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\nsecond line" in page


def test_a_number_that_is_none_is_told_without_a_crash(riley: Viewer) -> None:
    path = riley.record_path("Contact")
    answer = riley.save(path, riley.form(path) | {"Lead_Score__c": "many"})
    assert answer.status_code == 400
    assert "enter a valid number" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/lightning/r/Contact/003000000000000AAA/view",
        "/lightning/r/Contact/nonsense/view",
        "/lightning/r/Nothing/003Wz0000000001IAA/view",
        "/lightning/r/User/005Wz0000000001IAA/view",
        "/lightning/o/Nothing/list",
    ],
)
def test_what_is_not_there_gets_a_helpful_page(riley: Viewer, path: str) -> None:
    answer = riley.get(path)
    assert answer.status_code == 404
    assert "find the record you" in answer.text


def test_a_record_hidden_from_the_viewer_looks_like_one_that_is_not_there(org_server: OrgServer) -> None:
    riley, lee = Viewer(org_server, RILEY), Viewer(org_server, LEE)
    hidden = ids_listed(riley) - ids_listed(lee)
    assert hidden
    for record_id in hidden:
        assert riley.get(f"/lightning/r/Contact/{record_id}/view").status_code == 200
        assert lee.get(f"/lightning/r/Contact/{record_id}/view").status_code == 404


def test_lists_search_sort_and_turn_pages(riley: Viewer) -> None:
    first = riley.get("/lightning/o/Contact/list").text
    assert "1–50 of" in first
    assert "Next" in first
    assert "51–" in riley.get("/lightning/o/Contact/list", page="2").text
    upwards = names_listed(riley.get("/lightning/o/Contact/list", sort="Name").text)
    downwards = names_listed(riley.get("/lightning/o/Contact/list", sort="-Name").text)
    assert upwards == sorted(upwards, key=str.casefold)
    assert downwards == sorted(downwards, key=str.casefold, reverse=True)
    assert upwards[0] != downwards[0]
    found = names_listed(riley.get("/lightning/o/Contact/list", q="ana sample").text)
    assert found == ["Ana Sample"]
    assert "Nothing to show" in riley.get("/lightning/o/Contact/list", q="zzzzzz").text
    assert riley.get("/lightning/o/Contact/list", page="99", sort="nonsense").status_code == 200


def test_the_viewer_is_kept_and_can_be_changed(riley: Viewer) -> None:
    assert "Viewing as <strong>Riley Rep</strong>" in riley.get("/lightning/page/home").text
    lee_id = next(user["id"] for user in riley.org.credentials["users"] if user["username"] == LEE)
    riley.save("/lightning/viewer", {"user": lee_id, "back": "https://evil.example.com/"})
    assert "Viewing as <strong>Lee Limited</strong>" in riley.get("/lightning/page/home").text


def test_going_back_after_a_change_of_viewer_stays_in_the_org(riley: Viewer) -> None:
    lee_id = next(user["id"] for user in riley.org.credentials["users"] if user["username"] == LEE)
    for back in ("https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", ""):
        answer = riley.save("/lightning/viewer", {"user": lee_id, "back": back})
        assert answer.headers["Location"] == "/lightning/page/home"


@pytest.mark.parametrize("username", ["nobody@example.com", "sync@sample-org.example.com"])
def test_nobody_views_as_an_unknown_or_api_only_user(riley: Viewer, username: str) -> None:
    assert riley.get("/lightning/page/home", **{"as": username}).status_code == 400


def test_forms_of_other_sites_are_refused(riley: Viewer) -> None:
    path = riley.record_path("Contact")
    form = riley.form(path) | {"Title": "Forged"}
    assert riley.save(path, form, Origin="https://evil.example.com").status_code == 403
    assert riley.save(path, form, Origin="null").status_code == 403
    assert riley.save(path, form, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert values_on(riley.get(path).text)["Title"] != "Forged"


def test_a_foreign_host_name_gets_no_page_and_no_proof(riley: Viewer) -> None:
    for path in ("/lightning/page/home", riley.record_path("Contact")):
        answer = requests.get(riley.org.url + path, headers={"Host": "evil.example.com"}, timeout=10)
        assert answer.status_code == 403
        assert "signed_request" not in answer.text


def test_the_page_allows_only_the_panel_as_a_frame(riley: Viewer) -> None:
    headers = riley.get(riley.record_path("Contact")).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert f"frame-src {riley.org.panel_url};" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"


def ids_listed(viewer: Viewer) -> set[str]:
    pages = (viewer.get("/lightning/o/Contact/list", page=str(page)).text for page in (1, 2))
    return {found for page in pages for found in re.findall(r'href="/lightning/r/Contact/(\w{18})/view"', page)}


def names_listed(page: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'href="/lightning/r/Contact/\w{18}/view">([^<]+)</a>', page)]
