"""Nobody sees or syncs what their CRM would not show them: records, fields, and fields they may not edit."""

from __future__ import annotations

from tests.support.answers import claims_of
from tests.support.screen import Screen
from tests.support.stage import Stage

PHONE = "+1 555 0200"  # Ana's, which the limited rep may not see


def hide(stage: Stage, user: str, *, access: str = "none") -> None:
    """Take Ana's record, or the right to edit it, from a user."""
    stage.org.control("permissions", {"user": user, "records": {stage.org.record("Contact"): access}})


class TestRecords:
    def test_a_hidden_record_is_not_shown_and_not_named(self, stage: Stage) -> None:
        hide(stage, "rep")
        response = stage.post_canvas(stage.canvas_request())
        screen = Screen(response.text)
        assert (response.status_code, screen.refusal) == (403, "NO_ACCESS")
        assert screen.told.startswith("Salesforce does not show you this record, or it was deleted.")
        assert "Ana" not in response.text
        assert "proof" not in response.text

    def test_it_is_not_shown_from_what_others_have_seen_of_it(self, stage: Stage) -> None:
        stage.open_panel("rep").synced()
        hide(stage, "limited_rep")
        response = stage.post_canvas(stage.canvas_request("limited_rep"))
        assert response.status_code == 403
        assert "Ana" not in response.text

    def test_a_hidden_record_and_a_missing_one_read_the_same(self, stage: Stage) -> None:
        hide(stage, "rep")
        hidden = stage.post_canvas(stage.canvas_request())
        missing = stage.post_canvas(stage.canvas_request(record_id="003Wz00000zzzzz"))
        assert hidden.status_code == missing.status_code
        assert Screen(hidden.text).text == Screen(missing.text).text

    def test_a_deleted_record_is_not_shown(self, stage: Stage) -> None:
        stage.org.control("delete", {"object": "Contact", "id": stage.org.record("Contact")})
        assert stage.post_canvas(stage.canvas_request()).status_code == 403

    def test_an_object_hidden_from_the_rep(self, stage: Stage) -> None:
        stage.org.control("permissions", {"user": "rep", "objects": {"Contact": "none"}})
        response = stage.post_canvas(stage.canvas_request())
        assert (response.status_code, Screen(response.text).refusal) == (403, "NO_ACCESS")

    def test_an_object_that_is_not_mapped_still_asks_whether_the_rep_may_see_the_record(self, stage: Stage) -> None:
        project = stage.org.api().rows("SELECT Id FROM Sample_Project__c LIMIT 1")[0]["Id"]
        panel = stage.open_panel("rep", "Sample_Project__c", project)
        assert panel.screen.code == "NOT_MAPPED"
        stage.org.control("permissions", {"user": "rep", "records": {project: "none"}})
        assert stage.post_canvas(stage.canvas_request("rep", "Sample_Project__c", project)).status_code == 403


class TestTheRepsToken:
    def test_one_that_has_ended(self, stage: Stage) -> None:
        signed_request = stage.canvas_request()
        stage.org.control("expire_tokens", {})
        response = stage.post_canvas(signed_request)
        screen = Screen(response.text)
        assert (response.status_code, screen.refusal) == (401, "SESSION_ENDED")
        assert screen.offers_relaunch
        assert screen.host["origin"] == stage.org.url

    def test_none_at_all(self, stage: Stage) -> None:
        for token in (None, "", 7):
            response = stage.post_canvas(stage.canvas_request(oauthToken=token))
            assert (response.status_code, Screen(response.text).refusal) == (401, "SESSION_ENDED")

    def test_the_connections_token_never_stands_in_for_it(self, stage: Stage) -> None:
        stage.open_panel("rep").synced()
        response = stage.post_canvas(stage.canvas_request(oauthToken=""))
        assert response.status_code == 401
        assert "Ana" not in response.text

    def test_one_that_cannot_travel_in_a_header(self, stage: Stage) -> None:
        for token in ("a\r\nX-Other: header", "\u2603", "x" * 100_000):
            response = stage.post_canvas(stage.canvas_request(oauthToken=token))
            assert response.status_code in (401, 403, 503)
            assert "Traceback" not in response.text

    def test_it_is_not_kept(self, stage: Stage) -> None:
        token = stage.secret(stage.org.token("rep"))
        panel = stage.open_panel(oauthToken=token)
        assert token not in panel.response.text
        assert token not in str(claims_of(panel.token))
        panel.synced()
        assert token.encode() not in (stage.settings.data_dir / "widget.sqlite3").read_bytes()

    def test_the_read_is_the_reps_own_and_the_sync_is_the_integrations(self, stage: Stage) -> None:
        panel = stage.open_panel()
        assert {call["user_id"] for call in stage.org.journal("call")} == {stage.user("rep")["id"]}
        panel.synced()
        assert {write["user_id"] for write in stage.org.writes()} == {stage.user("integration")["id"]}


class TestTheCrmIsAway:
    def test_a_canvas_launch_shows_nothing_it_could_not_check(self, stage: Stage) -> None:
        stage.open_panel().synced()
        stage.org.fault("status", count=None, status=503)
        response = stage.post_canvas(stage.canvas_request())
        screen = Screen(response.text)
        assert (response.status_code, screen.refusal) == (503, "ACCESS_UNKNOWN")
        assert screen.offers_relaunch
        assert "Ana" not in response.text

    def test_also_when_the_connection_is_dropped_or_half_an_answer_comes(self, stage: Stage) -> None:
        for kind in ("drop", "half_body", "rate_limit"):
            stage.org.fault(kind)
            response = stage.post_canvas(stage.canvas_request())
            assert (response.status_code, Screen(response.text).refusal) == (503, "ACCESS_UNKNOWN"), kind

    def test_apex_has_checked_so_the_last_values_seen_are_shown(self, stage: Stage) -> None:
        stage.open_panel().synced()
        stage.org.fault("status", count=None, status=503)
        screen = stage.open_panel(by="lwc").screen
        assert screen.headline == "Salesforce does not answer right now."
        assert screen.rows["Job title"].crm == "Chief of Staff"
        assert "as of" in screen.text

    def test_without_values_seen_before_there_is_still_a_panel(self, stage: Stage) -> None:
        stage.org.fault("status", count=None, status=503)
        screen = stage.open_panel(by="lwc").screen
        assert screen.headline == "Salesforce does not answer right now."
        assert screen.can_sync
        assert screen.name == "Contact"


class TestHiddenFields:
    def test_a_hidden_field_is_nowhere_in_the_page(self, stage: Stage) -> None:
        panel = stage.open_panel("limited_rep")
        assert "Phone" not in panel.response.text
        assert PHONE not in panel.response.text
        assert list(panel.screen.rows) == ["Email", "First name", "Last name", "Job title", "Lead score"]

    def test_nor_in_later_partials_after_somebody_else_has_synced_it(self, stage: Stage) -> None:
        limited = stage.open_panel("limited_rep")
        assert "2 fields from Salesforce" in stage.open_panel("rep").synced().headline
        screen = limited.view()
        assert PHONE not in screen.html
        assert "Phone" not in screen.html
        assert screen.entries == ["1 field from Salesforce, 1 field to Salesforce"]

    def test_nor_when_they_joined_the_run_that_changed_it(self, stage: Stage) -> None:
        full, limited = stage.open_panel("rep"), stage.open_panel("limited_rep")
        full.sync()
        limited.sync()
        stage.work()
        assert full.follow().headline == "2 fields from Salesforce, 1 field to Salesforce."
        assert limited.follow().headline == "1 field from Salesforce, 1 field to Salesforce."
        assert PHONE not in limited.screen.html
        assert "Phone" not in limited.screen.html

    def test_a_run_this_rep_starts_does_not_touch_it(self, stage: Stage) -> None:
        stage.open_panel("limited_rep").synced()
        assert stage.local("Ana Sample").values.get("phone") is None

    def test_by_apex_the_token_says_which_fields(self, stage: Stage) -> None:
        stage.open_panel("rep").synced()
        panel = stage.open_panel("limited_rep", by="lwc")
        assert PHONE not in panel.response.text
        assert "Phone" not in panel.response.text

    def test_who_may_see_none_of_them_is_told_why_the_panel_is_empty(self, stage: Stage) -> None:
        screen = stage.open_panel("rep", by="lwc", fields={"read": [], "edit": []}).screen
        assert screen.rows == {}
        assert "Salesforce shows you none of the synced fields. Ask your Salesforce admin for access." in screen.text

    def test_what_the_crm_said_about_a_hidden_field_is_not_repeated(self, stage: Stage) -> None:
        stage.org.control("permissions", {"user": "limited_rep", "fields": {"Contact.Lead_Score__c": "hidden"}})
        stage.change_local("Ana Sample", lead_score=4711)
        assert "Lead Score must be between" in stage.open_panel("rep").synced().told
        screen = stage.open_panel("limited_rep").screen
        assert "score" not in screen.html.lower()
        assert "4711" not in screen.html

    def test_a_rep_who_may_not_see_the_name_is_not_told_it(self, stage: Stage) -> None:
        stage.open_panel("rep").synced()
        hidden = {"Contact.FirstName": "hidden", "Contact.LastName": "hidden", "Contact.Name": "hidden"}
        stage.org.control("permissions", {"user": "limited_rep", "fields": hidden})
        panel = stage.open_panel("limited_rep")
        assert panel.screen.name == "Contact"
        assert "Ana Sample" not in panel.screen.text


class TestReadOnlyFields:
    def test_one_is_noted(self, stage: Stage) -> None:
        row = stage.open_panel("limited_rep").screen.rows["Job title"]
        assert row.note == "You may not edit this field in Salesforce"

    def test_a_run_this_rep_starts_does_not_write_it(self, stage: Stage) -> None:
        stage.open_panel("rep").synced()
        before = len(stage.org.writes())
        stage.change_local("Ana Sample", job_title="Director", first_name="Anna")
        screen = stage.open_panel("limited_rep").synced()
        assert [write["new"].get("FirstName") for write in stage.org.writes()[before:]] == ["Anna"]
        assert all("Title" not in write["new"] for write in stage.org.writes()[before:])
        assert "Job title was left as it is. You may not edit this field in Salesforce." in screen.told

    def test_and_the_next_rep_who_may_edit_it_brings_it_over(self, stage: Stage) -> None:
        stage.open_panel("limited_rep").synced()
        stage.change_local("Ana Sample", job_title="Director")
        stage.open_panel("limited_rep").synced()
        stage.open_panel("rep").synced()
        assert stage.org.api().read("Contact", stage.org.record("Contact"), "Title")["Title"] == "Director"


class TestUsers:
    """A record names its owner by id; the rep's own look reads who that is in the same call."""

    def test_a_new_owner_is_seen_as_the_panel_opens(self, stage: Stage) -> None:
        first = stage.open_panel(object_name="Opportunity")
        assert first.screen.rows["Owner"].crm == "riley@example.com"
        first.synced()
        give_to(stage, "admin")
        calls = len(stage.org.journal("call"))
        screen = stage.open_panel(object_name="Opportunity").screen
        assert len(stage.org.journal("call")) == calls + 1
        assert (screen.health, screen.rows["Owner"].crm) == ("1 field differs", "admin@example.com")
        assert screen.headline == stage.open_panel(object_name="Opportunity", by="lwc").screen.headline

    def test_an_owner_the_rep_may_not_see_is_not_read_and_not_called_in_step(self, stage: Stage) -> None:
        stage.open_panel(object_name="Opportunity").synced()
        give_to(stage, "admin")
        stage.org.control("permissions", {"user": "rep", "records": {stage.user("admin")["id"]: "none"}})
        panel = stage.open_panel(object_name="Opportunity")
        row = panel.screen.rows["Owner"]
        assert (row.crm, row.note) == ("not read", "Salesforce does not show you this user")
        assert panel.screen.headline == "What could be read is the same on both sides."
        assert panel.screen.health == "Not all read"
        assert panel.get("/panel/explain").status_code == 200
        assert panel.get("/panel/history/OwnerId").status_code == 200
        assert panel.get("/panel/preview").status_code == 200

    def test_what_a_colleague_saw_of_the_same_version_is_shown_to_who_may_read_the_field(self, stage: Stage) -> None:
        stage.open_panel(object_name="Opportunity").synced()
        owner = stage.user("rep")["id"]
        stage.org.control("permissions", {"user": "limited_rep", "records": {owner: "none"}})
        screen = stage.open_panel("limited_rep", "Opportunity").screen
        assert screen.rows["Owner"].crm == "riley@example.com"

    def test_a_field_the_rep_may_not_read_keeps_no_other_from_being_read(self, stage: Stage) -> None:
        stage.org.control("permissions", {"user": "rep", "fields": {"Opportunity.OwnerId": "hidden"}})
        screen = stage.open_panel(object_name="Opportunity").screen
        assert "Owner" not in screen.rows
        assert screen.rows["Stage"].crm


def give_to(stage: Stage, role: str) -> None:
    owner = stage.user(role)["id"]
    stage.org.edit("Opportunity", stage.org.record("Opportunity"), {"OwnerId": owner}, user="admin")
