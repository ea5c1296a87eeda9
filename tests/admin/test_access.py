"""Who may do what: proved for every address the area has, so a new page cannot be forgotten."""

from __future__ import annotations

import pytest
from flask import Flask

from jobs.models import User
from jobs.runtime import Runtime
from tests.admin import routes
from tests.admin.site import PASSWORD, Visitor, audited, everything_stored
from widget.admin import audit_words


def test_a_stranger_is_sent_to_the_login_by_every_page(app: Flask, stranger: Visitor) -> None:
    for rule in routes.rules(app, "GET"):
        path = routes.address(app, rule)
        if path == routes.LOGIN:
            continue
        answer = stranger.get(path)
        assert answer.status_code == 303, path
        assert answer.location.startswith("/admin/login?next=/admin"), path
        assert "Sample" not in answer.text, path


def test_a_stranger_with_a_valid_form_token_changes_nothing(app: Flask, runtime: Runtime, stranger: Visitor) -> None:
    before = everything_stored(runtime)
    for rule in routes.rules(app, "POST"):
        path = routes.address(app, rule)
        if path == routes.LOGIN:
            continue
        answer = stranger.post(path, routes.CHANGES.get(rule.endpoint))
        assert (answer.status_code, answer.location) == (303, "/admin/login"), path
    assert everything_stored(runtime) == before


def test_a_viewer_sees_every_page_that_is_not_a_form(app: Flask, viewer: Visitor) -> None:
    statuses = {rule.endpoint: viewer.get(routes.address(app, rule)).status_code for rule in routes.rules(app, "GET")}
    forms = {endpoint for endpoint, status in statuses.items() if status == 403}
    assert forms == {
        "admin.connections.new",
        "admin.connections.edit",
        "admin.oauth.new",
        "admin.oauth.callback",
        "admin.oauth.edit",
        "admin.oauth.confirm",
        "admin.objects.edit",
        "admin.objects.new",
        "admin.objects.fields.new",
        "admin.objects.fields.edit",
        "admin.objects.filters.show",
        "admin.objects.imports.index",
        "admin.objects.imports.show",
        "admin.links.new",
        "admin.links.confirm_unlink",
        "admin.runs.confirm_undo",
        "admin.logs.confirm_undo",
        "admin.records.edit",
    }
    assert {status for endpoint, status in statuses.items() if endpoint not in forms} == {200, 303}


def test_a_viewer_changes_nothing_and_is_told_why(app: Flask, runtime: Runtime, viewer: Visitor) -> None:
    before = everything_stored(runtime)
    for rule in routes.rules(app, "POST"):
        path = routes.address(app, rule)
        if path in (routes.LOGIN, routes.LOGOUT):
            continue
        answer = viewer.post(path, routes.CHANGES.get(rule.endpoint))
        assert answer.status_code == 403, path
        assert "Your role is <strong>viewer</strong>" in answer.text, path
    assert everything_stored(runtime) == before


def test_a_form_without_its_token_changes_nothing(app: Flask, runtime: Runtime, admin: Visitor) -> None:
    before = everything_stored(runtime)
    for rule in routes.rules(app, "POST"):
        path = routes.address(app, rule)
        answer = admin.post_without_token(path, routes.CHANGES.get(rule.endpoint))
        assert answer.status_code == 400, path
        assert "nothing has been changed" in answer.text, path
    assert everything_stored(runtime) == before


def test_an_admin_sees_every_page(app: Flask, admin: Visitor) -> None:
    for rule in routes.rules(app, "GET"):
        path = routes.address(app, rule)
        if path != routes.LOGIN and rule.endpoint not in routes.NEED_A_SIGN_IN:
            assert admin.get(path).status_code == 200, path


def test_every_change_is_audited_with_its_author(app: Flask, runtime: Runtime, admin: Visitor) -> None:
    posts = {rule.endpoint: rule for rule in routes.rules(app, "POST")}
    assert set(posts) == (set(routes.CHANGES) | routes.NEED_THE_ORG | routes.NEED_MORE | routes.CHANGE_NOTHING)
    # Unlinking comes last: the other forms use the link.
    for endpoint in sorted(routes.CHANGES, key=lambda name: name == "admin.links.unlink"):
        known = len(audited(runtime))
        answer = admin.post(routes.address(app, posts[endpoint]), routes.CHANGES[endpoint])
        assert answer.status_code == 303, (endpoint, answer.text)
        new = audited(runtime)[known:]
        assert [entry.user_email for entry in new] == ["admin@example.com"], endpoint
        assert new[0].action in audit_words.actions(), endpoint


def test_a_switch_pressed_twice_is_one_change(runtime: Runtime, admin: Visitor) -> None:
    known = len(audited(runtime))
    for _ in range(2):
        admin.post("/admin/connections/1/switch", {"on": "0"})
    assert len(audited(runtime)) == known + 1


def test_a_person_switched_off_is_out_at_the_next_click(runtime: Runtime, viewer: Visitor) -> None:
    with runtime.database.write() as session:
        session.query(User).filter_by(email="viewer@example.com").update({"active": False})
    assert viewer.get("/admin/").status_code == 303


def test_a_new_role_holds_at_the_next_click(runtime: Runtime, admin: Visitor) -> None:
    with runtime.database.write() as session:
        session.query(User).filter_by(email="admin@example.com").update({"role": "viewer"})
    assert admin.get("/admin/connections/new/salesforce").status_code == 403


def test_a_new_password_ends_the_sessions_begun_with_the_old_one(runtime: Runtime, admin: Visitor) -> None:
    from jobs.accounts import save_user

    with runtime.database.write() as session:
        save_user(session, "admin@example.com", password=PASSWORD + " anew", role="admin")
    assert admin.get("/admin/").status_code == 303


def test_an_htmx_request_of_a_stranger_is_sent_to_the_login_as_a_whole_page(stranger: Visitor) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/admin/runs/?status=failed"}
    answer = stranger.get("/admin/runs/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/admin/login?next=/admin/runs/?status%3Dfailed"


@pytest.mark.parametrize("path", ["/admin/runs/99", "/admin/runs/99999999999999999999", "/admin/records/0"])
def test_what_does_not_exist_is_said_to_be_missing(admin: Visitor, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_no_other_site_may_frame_the_pages_and_nothing_inline_runs(app: Flask, admin: Visitor) -> None:
    for rule in routes.rules(app, "GET"):
        answer = admin.get(routes.address(app, rule))
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not [inline for inline in (" style=", "<style", " onclick=", "javascript:") if inline in answer.text]


def test_over_https_a_form_works_from_our_page_and_not_from_another(app: Flask, admin: Visitor) -> None:
    visitor = Visitor(app.test_client(), base_url="https://widget.example.com")
    answer = visitor.post(
        "/admin/login",
        {"email": "admin@example.com", "password": PASSWORD},
        headers={"Referer": "https://widget.example.com/admin/login"},
    )
    assert answer.status_code == 303
    assert visitor.get("/admin/").headers["Referrer-Policy"] == "same-origin"
    refused = visitor.post("/admin/connections/1/switch", {"on": "0"}, headers={"Referer": "https://evil.example/"})
    assert refused.status_code == 400
