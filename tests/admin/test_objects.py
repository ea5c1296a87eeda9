"""Objects: switches that say what they do, and match rules that can be chosen."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from jobs import polling
from jobs.models import ObjectMapping, RecordKey, RecordLink, Watermark
from jobs.runtime import Runtime, utc_now
from tests.admin.site import Visitor, audited, count

ACCOUNT, CONTACT = 1, 2


def mapping(runtime: Runtime, mapping_id: int) -> ObjectMapping:
    with runtime.database.read() as session:
        return session.get_one(ObjectMapping, mapping_id)


def rules(runtime: Runtime, mapping_id: int) -> list[tuple[str, str, str]]:
    return [(rule.crm_field, rule.local_field, rule.compare_as) for rule in mapping(runtime, mapping_id).match_rules]


def rule(number: int, order: int, crm_field: str, local_field: str, compare_as: str) -> dict[str, str]:
    values = {"order": str(order), "crm_field": crm_field, "local_field": local_field, "compare_as": compare_as}
    return {f"{name}-{number}": value for name, value in values.items()}


SWITCHES = (
    "enabled",
    "inbound",
    "outbound",
    "may_create_here",
    "may_update_here",
    "may_create_there",
    "may_update_there",
)


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_turns_one_thing_off_and_keeps_every_link(runtime: Runtime, admin: Visitor, name: str) -> None:
    links = count(runtime, RecordLink)
    admin.post(f"/admin/objects/{CONTACT}/switches/{name}", {"on": "0"})
    after = mapping(runtime, CONTACT)
    assert {each: getattr(after, each) for each in SWITCHES} == {each: each != name for each in SWITCHES}
    assert count(runtime, RecordLink) == links
    assert audited(runtime)[-1].details == {"before": {name: True}, "after": {name: False}}


def test_the_page_says_that_off_keeps_links_and_when_changes_made_meanwhile_come_along(admin: Visitor) -> None:
    assert "the 1 link stays" in admin.get(f"/admin/objects/{CONTACT}").text
    admin.post(f"/admin/objects/{CONTACT}/switches/enabled", {"on": "0"})
    assert "comes along when its record is next synced" in admin.get(f"/admin/objects/{CONTACT}").text


def test_the_page_says_when_changes_were_looked_for(runtime: Runtime, admin: Visitor) -> None:
    polling.start_due(runtime)
    assert "The first look for changes in Salesforce is due" in admin.get(f"/admin/objects/{CONTACT}").text
    with runtime.database.write() as session:
        watermark = session.get_one(Watermark, CONTACT)
        watermark.looked_at, watermark.found_count = utc_now() - timedelta(minutes=5), 3
    page = " ".join(re.sub("<[^>]*>", "", admin.get(f"/admin/objects/{CONTACT}").text).split())
    assert "Looked for changes in Salesforce 5 min ago: 3 records." in page


@pytest.mark.parametrize("switch", [f"/admin/objects/{CONTACT}/switches/enabled", "/admin/connections/1/switch"])
def test_a_switch_makes_the_looks_for_changes_begin_anew(runtime: Runtime, admin: Visitor, switch: str) -> None:
    """Also while no clock ticks that could see it turned."""
    polling.start_due(runtime)
    for on in ("0", "1"):
        admin.post(switch, {"on": on})
    with runtime.database.read() as session:
        assert session.get(Watermark, CONTACT) is None
        is_alone = switch.startswith("/admin/objects")
        assert (session.get(Watermark, ACCOUNT) is not None) == is_alone


def test_there_is_no_switch_of_another_name(admin: Visitor) -> None:
    assert admin.post(f"/admin/objects/{CONTACT}/switches/kind", {"on": "0"}).status_code == 404


def test_field_mappings_show_both_names_type_direction_and_rules(admin: Visitor) -> None:
    page = admin.get(f"/admin/objects/{CONTACT}").text
    for shown in ("Job title", "<code>Title</code>", "<code>job_title</code>", "From Salesforce to us", "Both ways"):
        assert shown in page


def test_the_order_of_match_rules_can_be_changed(runtime: Runtime, admin: Visitor) -> None:
    assert [each[0] for each in rules(runtime, ACCOUNT)] == ["Website", "Name"]
    form = rule(0, 2, "Website", "domain", "domain") | rule(1, 1, "Name", "name", "name")
    admin.post(f"/admin/objects/{ACCOUNT}/edit", form)
    assert [each[0] for each in rules(runtime, ACCOUNT)] == ["Name", "Website"]
    details = audited(runtime)[-1].details
    assert details["before"]["rules"] == ["Website = domain (domain)", "Name = name (name)"]


def test_another_pair_of_fields_can_be_compared_and_finds_the_records_there_are(
    runtime: Runtime, admin: Visitor
) -> None:
    admin.post(f"/admin/objects/{CONTACT}/edit", rule(0, 1, "LastName", "last_name", "name"))
    assert rules(runtime, CONTACT) == [("LastName", "last_name", "name")]
    with runtime.database.read() as session:
        keys = {key.value for key in session.query(RecordKey).filter_by(key="name:last_name")}
    assert keys == {"sample"}


def test_a_rule_marked_for_removal_goes(runtime: Runtime, admin: Visitor) -> None:
    form = rule(0, 1, "Website", "domain", "domain") | rule(1, 2, "Name", "name", "name") | {"remove-0": "1"}
    admin.post(f"/admin/objects/{ACCOUNT}/edit", form)
    assert rules(runtime, ACCOUNT) == [("Name", "name", "name")]


def test_saving_the_same_rules_is_no_change(runtime: Runtime, admin: Visitor) -> None:
    known = len(audited(runtime))
    admin.post(f"/admin/objects/{CONTACT}/edit", rule(0, 1, "Email", "email", "email"))
    assert len(audited(runtime)) == known


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (rule(0, 1, "Email", "", "email"), "needs a field on both sides"),
        (rule(0, 1, "Password__c", "email", "email"), "only mapped fields"),
        (rule(0, 1, "Email", "domain", "email"), "only mapped fields"),
        (rule(0, 1, "Email", "email", "telepathy"), "choose how to compare"),
        (rule(0, 1, "Email", "email", "email") | rule(1, 2, "Email", "email", "text"), "same pair"),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_the_reason(
    runtime: Runtime, admin: Visitor, form: dict[str, str], sentence: str
) -> None:
    before = rules(runtime, CONTACT)
    answer = admin.post(f"/admin/objects/{CONTACT}/edit", form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert rules(runtime, CONTACT) == before


def test_the_other_rules_are_chosen_and_noted(runtime: Runtime, admin: Visitor) -> None:
    form = {"duplicate_handling": "update_missing", "when_deleted_there": "delete", "needs_email": "0"}
    admin.post(f"/admin/objects/{CONTACT}/rules", form)
    after = mapping(runtime, CONTACT)
    assert (after.duplicate_handling, after.when_deleted_there, after.needs_email) == (
        "update_missing",
        "delete",
        False,
    )
    assert audited(runtime)[-1].details["before"] == {
        "duplicate_handling": "overwrite_all",
        "when_deleted_there": "keep",
        "needs_email": "1",
    }
    assert "is deleted with it" in admin.get(f"/admin/objects/{CONTACT}").text


def test_the_rules_of_fields_can_be_kept_to_admins(runtime: Runtime, admin: Visitor) -> None:
    assert "Who may say “Always do this” of a conflict" in admin.get(f"/admin/objects/{CONTACT}").text
    assert mapping(runtime, CONTACT).reps_may_set_rules
    admin.post(f"/admin/objects/{CONTACT}/rules", {"reps_may_set_rules": "0"})
    assert not mapping(runtime, CONTACT).reps_may_set_rules
    assert audited(runtime)[-1].details == {"before": {"reps_may_set_rules": "1"}, "after": {"reps_may_set_rules": "0"}}


def test_a_rule_that_is_not_on_offer_is_left_as_it_is(runtime: Runtime, admin: Visitor) -> None:
    admin.post(f"/admin/objects/{CONTACT}/rules", {"duplicate_handling": "delete_all", "when_deleted_there": ""})
    after = mapping(runtime, CONTACT)
    assert (after.duplicate_handling, after.when_deleted_there) == ("overwrite_all", "keep")


def test_whether_an_account_is_made_too_is_asked_where_records_have_one(runtime: Runtime, admin: Visitor) -> None:
    assert 'name="makes_accounts"' in admin.get("/admin/objects/2").text
    assert 'name="makes_accounts"' not in admin.get("/admin/objects/3").text, "a lead is on no account"
    admin.post("/admin/objects/2/rules", {"makes_accounts": "1"})
    with runtime.database.read() as session:
        assert session.get_one(ObjectMapping, 2).makes_accounts
