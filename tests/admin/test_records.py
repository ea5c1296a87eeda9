"""Our records: found, shown with where each value came from, and changed by hand."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from jobs.models import LocalRecord, ObjectMapping, SyncRun
from jobs.runtime import Runtime
from tests.admin.site import Visitor, audited, count


def record(runtime: Runtime, record_id: int = 1) -> LocalRecord:
    with runtime.database.read() as session:
        return session.get_one(LocalRecord, record_id)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Ana Sample", "Ben Sample", "Sample Org"}),
        ("q=ANA", {"Ana Sample"}),
        ("q=ben@example.com", {"Ben Sample"}),
        ("q=example.com&kind=account", {"Sample Org"}),
        ("kind=account", {"Sample Org"}),
        ("kind=nonsense", {"Ana Sample", "Ben Sample", "Sample Org"}),
        ("q=_", set()),
    ],
)
def test_records_are_found_by_name_key_and_kind(admin: Visitor, query: str, names: set[str]) -> None:
    page = admin.get(f"/admin/records/?{query}").text
    results = page[page.index('id="results"') :]
    assert {name for name in ("Ana Sample", "Ben Sample", "Sample Org") if name in results} == names


def test_a_long_value_is_folded_and_stays_text(runtime: Runtime, admin: Visitor) -> None:
    with runtime.database.write() as session:
        ana = session.get_one(LocalRecord, 1)
        ana.values = ana.values | {"notes": "<b>" * 100}
    page = admin.get("/admin/records/1").text
    assert '<details class="long">' in page
    assert "<b>" not in page
    assert "&lt;b&gt;" * 100 in page


def test_a_record_shows_where_each_value_came_from(admin: Visitor) -> None:
    page = admin.get("/admin/records/1").text
    assert "Chief of Staff" in page
    assert "admin@example.com" in page
    assert 'href="/admin/links/1"' in page


def test_a_value_is_changed_by_hand_and_signed(runtime: Runtime, admin: Visitor) -> None:
    answer = admin.post("/admin/records/1/edit", {"version": "1", "value-job_title": "  Head of Samples "})
    assert answer.status_code == 303
    after = record(runtime)
    assert after.values["job_title"] == "Head of Samples"
    assert after.values["email"] == "ana@example.com"
    assert after.provenance["job_title"]["by"] == "admin@example.com"
    assert audited(runtime)[-1].details == {
        "before": {"job_title": "Chief of Staff"},
        "after": {"job_title": "Head of Samples"},
    }


def test_a_value_can_be_cleared(runtime: Runtime, admin: Visitor) -> None:
    admin.post("/admin/records/1/edit", {"version": "1", "value-job_title": ""})
    assert record(runtime).values["job_title"] is None


def test_a_field_that_the_crm_decides_is_read_only_here(runtime: Runtime, admin: Visitor) -> None:
    assert "Salesforce decides this value" in admin.get("/admin/records/1/edit").text
    admin.post("/admin/records/1/edit", {"version": "1", "value-phone": "+1 555 0100"})
    assert "phone" not in record(runtime).values


def test_a_value_of_the_wrong_type_is_refused_and_what_was_typed_is_kept(runtime: Runtime, admin: Visitor) -> None:
    form = {"version": "1", "value-lead_score": "many", "value-job_title": "Typed by hand"}
    answer = admin.post("/admin/records/1/edit", form)
    assert answer.status_code == 422
    assert "is not a number" in answer.text
    assert 'value="Typed by hand"' in answer.text
    assert record(runtime).version == 1


def test_a_change_made_meanwhile_is_not_overwritten(runtime: Runtime, admin: Visitor, app: object) -> None:
    admin.post("/admin/records/1/edit", {"version": "1", "value-job_title": "First"})
    answer = admin.post("/admin/records/1/edit", {"version": "1", "value-job_title": "Second"})
    assert answer.status_code == 409
    assert 'value="Second"' in answer.text
    assert record(runtime).values["job_title"] == "First"


def test_text_of_every_kind_is_kept_and_shown_harmless(runtime: Runtime, admin: Visitor) -> None:
    title = '<script>alert(1)</script> "quoted" 🙂 مرحبا'
    admin.post("/admin/records/1/edit", {"version": "1", "value-job_title": title, "value-notes": "a\r\nb"})
    assert record(runtime).values["job_title"] == title
    assert record(runtime).values["notes"] == "a\nb"
    for path in ("/admin/records/1", "/admin/records/1/edit", "/admin/audit/", "/admin/links/1"):
        assert "<script>alert" not in admin.get(path).text


def test_saving_what_was_there_changes_nothing(runtime: Runtime, admin: Visitor) -> None:
    known = len(audited(runtime))
    admin.post("/admin/records/1/edit", {"version": "1", "value-job_title": "Chief of Staff"})
    assert record(runtime).version == 1
    assert len(audited(runtime)) == known


def test_a_record_offers_what_it_may_become_and_says_why_not(runtime: Runtime, admin: Visitor) -> None:
    ben, ana = admin.get("/admin/records/2").text, admin.get("/admin/records/1").text
    assert "Create in Salesforce as Contact" in ben
    assert "Create in Salesforce as Lead" in ben
    assert "Create in Salesforce as Account" not in ben
    assert "Create in Salesforce as" not in ana, "a contact is no lead as well"
    assert "It is in Salesforce already, as a Contact." in ana
    with runtime.database.write() as session:
        session.get_one(ObjectMapping, 2).may_create_there = False
    assert "new ones are not created there" in admin.get("/admin/records/2").text


def test_creating_it_in_the_crm_is_a_run_that_can_be_followed(runtime: Runtime, admin: Visitor) -> None:
    form = {"connection": "1", "object": "Contact"}
    answer = admin.post("/admin/records/2/push", form)
    assert answer.status_code == 303
    page = admin.get(answer.headers["Location"]).text
    assert "Push: Contact" in page
    assert 'href="/admin/records/2"' in page
    with runtime.database.read() as session:
        run = session.scalars(select(SyncRun).order_by(SyncRun.id.desc())).first()
    assert run is not None
    assert (run.kind, run.trigger, run.local_record_id, run.requested_by) == ("push", "admin", 2, "admin@example.com")
    assert audited(runtime)[-1].action == "push.start"
    assert admin.post("/admin/records/2/push", form).headers["Location"] == answer.headers["Location"], "joined"


def test_what_it_cannot_become_is_said_and_starts_nothing(runtime: Runtime, admin: Visitor) -> None:
    known = count(runtime, SyncRun)
    answer = admin.post("/admin/records/2/push", {"connection": "1", "object": "Account"}, follow_redirects=True)
    assert "of another kind" in answer.text
    assert admin.post("/admin/records/2/push", {"connection": "x", "object": "Contact"}).status_code == 404
    assert count(runtime, SyncRun) == known


def test_a_viewer_may_not_create_anything(viewer: Visitor) -> None:
    assert "disabled" in viewer.get("/admin/records/2").text
    assert viewer.post("/admin/records/2/push", {"connection": "1", "object": "Contact"}).status_code == 403
