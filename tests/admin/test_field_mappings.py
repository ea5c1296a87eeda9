"""Field mappings: one is added, changed and removed; a wrong pair is refused with the reason."""

from __future__ import annotations

import pytest

from jobs.fields import fields_of
from jobs.models import CustomField, FieldMapping, ObjectMapping
from jobs.runtime import Runtime
from tests.admin.site import Visitor, audited, count

CONTACT = 2
FIELDS = f"/admin/objects/{CONTACT}/fields"


def mapped(runtime: Runtime, local_field: str) -> FieldMapping | None:
    with runtime.database.read() as session:
        fields = session.get_one(ObjectMapping, CONTACT).fields
        return next((each for each in fields if each.local_field == local_field), None)


def pair(crm_field: str, local_field: str, direction: str = "inbound") -> dict[str, str]:
    return {"crm_field": crm_field, "local_field": local_field, "direction": direction}


def test_two_fields_that_fit_are_mapped_with_the_usual_rules(runtime: Runtime, admin: Visitor) -> None:
    page = admin.get(f"{FIELDS}/new").text
    assert "Lead Source · LeadSource (a choice, read-only)" in page
    assert "Notes (a long text)" in page
    admin.post(f"{FIELDS}/new", pair("LeadSource", "notes"))
    added = mapped(runtime, "notes")
    assert added is not None
    assert (added.crm_field, added.label, added.field_type, added.direction) == (
        "LeadSource",
        "Notes",
        "long_text",
        "inbound",
    )
    assert (added.write_rule, added.conflict_rule) == ("overwrite", "most_recent")
    assert audited(runtime)[-1].action == "field.map"
    assert "<code>LeadSource</code>" in admin.get(f"/admin/objects/{CONTACT}").text


def test_a_new_field_of_ours_is_made_like_the_crms(runtime: Runtime, admin: Visitor) -> None:
    admin.post(f"{FIELDS}/new", pair("LeadSource", "+"))
    with runtime.database.read() as session:
        made = fields_of(session, "contact")["lead_source"]
    assert (made.label, made.field_type) == ("Lead Source", "select")
    assert made.options == (("Web", "Web"), ("Phone", "Phone Inquiry"))
    assert mapped(runtime, "lead_source") is not None
    assert "Lead Source" in admin.get("/admin/records/1/edit").text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (pair("LeadSource", "lead_score"), "they do not fit"),
        (pair("LeadSource", "notes", "two_way"), "does not let us write Lead Source"),
        (pair("LeadSource", "job_title"), "Job title is mapped with Title already"),
        (pair("Title", "notes"), "Title is mapped with our Job title already"),
        (pair("LeadSource", "+", "outbound"), "A new field of ours is filled from the CRM"),
        (pair("LeadSource", ""), "Choose one of our fields"),
        (pair("LeadSource", "shoe_size"), "Choose one of our fields"),
        (pair("", "notes"), "Choose a field the CRM has"),
        (pair("Shoe_Size__c", "notes"), "Choose a field the CRM has"),
        (pair("LeadSource", "notes", "sideways"), "Choose a direction"),
    ],
)
def test_what_cannot_be_mapped_is_refused_with_the_reason(
    runtime: Runtime, admin: Visitor, typed: dict[str, str], sentence: str
) -> None:
    before = count(runtime, FieldMapping)
    answer = admin.post(f"{FIELDS}/new", typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert (count(runtime, FieldMapping), count(runtime, CustomField)) == (before, 0)


def test_the_rules_of_a_mapping_are_changed_and_noted(runtime: Runtime, admin: Visitor) -> None:
    title = mapped(runtime, "job_title")
    assert title is not None
    assert "clears ours" in admin.get(f"{FIELDS}/{title.id}").text
    wanted = {"write_rule": "fill_blank", "conflict_rule": "ask", "keep_when_blank": "1", "enabled": "0"}
    admin.post(f"{FIELDS}/{title.id}", wanted)
    after = mapped(runtime, "job_title")
    assert after is not None
    assert (after.write_rule, after.conflict_rule, after.keep_when_blank, after.enabled) == (
        "fill_blank",
        "ask",
        True,
        False,
    )
    assert audited(runtime)[-1].details["before"]["keep_when_blank"] == "0"


def test_a_direction_the_crm_does_not_allow_is_refused(runtime: Runtime, admin: Visitor) -> None:
    admin.post(f"{FIELDS}/new", pair("LeadSource", "notes"))
    added = mapped(runtime, "notes")
    assert added is not None
    answer = admin.post(f"{FIELDS}/{added.id}", {"direction": "two_way"})
    assert answer.status_code == 422
    assert "does not let us write Lead Source" in answer.text


def test_a_mapping_is_removed_and_no_value_with_it(runtime: Runtime, admin: Visitor) -> None:
    title = mapped(runtime, "job_title")
    assert title is not None
    admin.post(f"{FIELDS}/{title.id}/remove")
    assert mapped(runtime, "job_title") is None
    assert audited(runtime)[-1].action == "field.unmap"


def test_a_mapping_of_another_object_is_not_found(admin: Visitor) -> None:
    assert admin.get(f"{FIELDS}/1").status_code == 404


def test_a_choice_that_the_crm_has_lost_is_named_and_can_be_let_go(runtime: Runtime, admin: Visitor) -> None:
    fax, web = ["Fax", "By Fax"], ["Web", "Web"]
    with runtime.database.write() as session:
        title = next(each for each in session.get_one(ObjectMapping, CONTACT).fields if each.crm_field == "Title")
        title.crm_field, title.known_options = "LeadSource", [web, fax]
        title.paused_reason = "Salesforce has no choice By Fax (Fax) any more."
    page = f"{FIELDS}/{title.id}"
    shown = admin.get(page).text
    assert "no choice By Fax (Fax) any more" in shown
    assert "Go on without By Fax" in shown
    answer = admin.post(f"{page}/let-go")
    assert "Job title goes on without By Fax." in admin.get(answer.location).text
    after = mapped(runtime, "job_title")
    assert after is not None
    assert (after.paused_reason, after.known_options) == ("", None)
    entry = audited(runtime)[-1]
    assert (entry.action, entry.details["before"]) == ("field.let_go", {"choices": "By Fax"})
    admin.post(f"{page}/let-go")
    assert audited(runtime)[-1].id == entry.id, "there is nothing to let go any more"


def test_a_field_that_waits_for_something_else_says_why_and_offers_no_way_around(
    runtime: Runtime, admin: Visitor
) -> None:
    with runtime.database.write() as session:
        title = next(each for each in session.get_one(ObjectMapping, CONTACT).fields if each.crm_field == "Title")
        title.paused_reason = "Salesforce has no field Title any more, or hides it from us."
    shown = admin.get(f"{FIELDS}/{title.id}").text
    assert "or hides it from us" in shown
    assert "Go on without" not in shown
