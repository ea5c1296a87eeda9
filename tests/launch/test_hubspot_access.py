"""Which record and which person: a signature proves the portal and who asks, and nothing about the record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from jobs.models import FieldMapping, SetupVersion, SyncRun
from jobs.models.connection import BROKEN
from jobs.runtime import utc_now
from tests.support.portal_stage import CARD, SYNC, PortalStage
from tests.support.proofs import Json

KEY = "a-click-of-these-tests"


@pytest.fixture(autouse=True)
def _no_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widget.launch.hubspot.GLANCE_SECONDS", 0.0)


def refused(answer: Json) -> str:
    """The code of an answer that shows nothing of a record."""
    assert (answer["status"], answer["record"], answer["fields"], answer["last"]) == ("refused", None, [], None)
    assert answer["message"]
    assert answer["url"] is None
    return str(answer["code"])


def asked_both(stage: PortalStage, object_name: str, record_id: str, user: str = "rep") -> list[Json]:
    """The answers to looking and to syncing."""
    looked = stage.call(CARD, stage.asked(object_name, record_id, details=True), user)
    return [looked, stage.call(SYNC, stage.asked(object_name, record_id, key=KEY), user)]


class TestTheRecord:
    @pytest.mark.parametrize("record_id", ["99999999", "77777777777777777777"])
    def test_one_that_is_not_in_the_portal(self, portal_stage: PortalStage, record_id: str) -> None:
        answers = asked_both(portal_stage, "contacts", record_id)
        assert [refused(each) for each in answers] == ["OBJECT_NOT_FOUND"] * 2
        assert answers[0]["message"] == "HubSpot does not show us this record."
        portal_stage.work()
        assert portal_stage.org.writes() == []

    def test_one_that_is_gone_since(self, portal_stage: PortalStage) -> None:
        api, stage = portal_stage.org.api(), portal_stage
        stage.org.changed = True
        record_id = api.create("contacts", email="gone.sample@example.com", lastname="Sample")
        assert stage.card("contacts", record_id)["status"] == "ok"
        assert api.delete("contacts", record_id).status_code == 204
        answer = stage.card("contacts", record_id)
        assert (answer["status"], answer["state"]) == ("ok", "deleted")
        assert answer["headline"] == "This record was deleted in HubSpot."
        assert not answer["can_sync"]

    def test_a_kind_of_record_that_is_not_set_up(self, portal_stage: PortalStage) -> None:
        answer = portal_stage.card("deals")
        assert (answer["status"], answer["state"], answer["code"]) == ("ok", "object_off", "NOT_MAPPED")
        assert answer["record"] == {"name": "Deal", "object_label": "Deal"}
        assert answer["headline"] == "Deal records are not set up to sync."
        assert answer["no_fields"] == "There is no field to show until Deal records are set up to sync."
        assert (answer["fields"], answer["can_sync"], portal_stage.org.journal("call")) == ([], False, [])

    def test_one_that_is_set_up_without_a_field(self, portal_stage: PortalStage) -> None:
        assert portal_stage.card()["no_fields"] == ""
        with portal_stage.runtime.database.write() as session:
            session.execute(update(FieldMapping).values(enabled=False))
            session.execute(update(SetupVersion).values(version=SetupVersion.version + 1))
        answer = portal_stage.card()
        why = "No field of Contact records is set up to sync. An admin can map some under Objects."
        assert (answer["fields"], answer["no_fields"]) == ([], why)

    def test_syncing_one_that_is_not_set_up_starts_nothing(self, portal_stage: PortalStage) -> None:
        answer = portal_stage.sync("deals")
        assert (answer["state"], answer["run_id"]) == ("object_off", None)

    def test_a_kind_of_record_that_nobody_knows(self, portal_stage: PortalStage) -> None:
        answers = asked_both(portal_stage, "2-999999", "501")
        assert [refused(each) for each in answers] == ["UNKNOWN_OBJECT"] * 2
        assert answers[0]["message"] == "These records are not set up to sync."

    def test_an_object_that_was_switched_off(self, portal_stage: PortalStage) -> None:
        portal_stage.change_object("contacts", enabled=False)
        answer = portal_stage.card()
        assert (answer["state"], answer["code"], answer["can_sync"]) == ("object_off", "OBJECT_OFF", False)

    def test_a_connection_whose_syncs_are_off(self, portal_stage: PortalStage) -> None:
        portal_stage.change_connection(syncs_enabled=False)
        answer = portal_stage.card()
        assert (answer["state"], answer["can_sync"]) == ("syncs_off", False)


class TestWhileHubSpotDoesNotAnswer:
    def test_what_was_last_seen_is_shown_and_a_click_is_kept(self, portal_stage: PortalStage) -> None:
        portal_stage.card()
        portal_stage.org.fault("status", "/crm/objects", status=503, count=20)
        answer = portal_stage.card()
        assert (answer["status"], answer["state"]) == ("ok", "unreachable")
        assert answer["headline"] == "HubSpot does not answer right now."
        assert answer["fields"][0]["crm_value"] == "ana.sample@example.com"
        assert portal_stage.sync()["state"] == "queued"

    def test_a_record_nobody_has_seen_is_not_shown_and_may_be_asked_for_again(self, portal_stage: PortalStage) -> None:
        portal_stage.org.fault("status", "/crm/objects", status=503, count=20)
        for answer in asked_both(portal_stage, "contacts", "501"):
            assert (answer["status"], answer["record"], answer["fields"]) == ("busy", None, [])
            assert answer["message"] == "HubSpot does not answer us right now."
            assert answer["poll_after_ms"] == 5000

    def test_a_silent_hubspot_is_not_waited_for_until_the_card_gives_up(
        self, portal_stage: PortalStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("widget.launch.hubspot_record.LONGEST_READ_SECONDS", 0.5)
        portal_stage.card()
        portal_stage.org.fault("hang", "/crm/objects", seconds=3)
        assert portal_stage.card()["state"] == "unreachable"

    def test_while_it_has_asked_us_to_wait(self, portal_stage: PortalStage) -> None:
        portal_stage.change_connection(paused_until=utc_now() + timedelta(seconds=3))
        answer = portal_stage.card()
        assert (answer["status"], answer["code"]) == ("busy", "RATE_LIMITED")
        assert 500 <= answer["poll_after_ms"] <= 3000
        assert portal_stage.org.journal("call") == []

    def test_a_broken_connection_says_what_an_admin_can_do(self, portal_stage: PortalStage) -> None:
        portal_stage.card()
        sealed = portal_stage.runtime.vault.seal("pat-na1-no-longer-good")
        portal_stage.change_connection(access_token_sealed=sealed, state=BROKEN, broken_code="INVALID_AUTHENTICATION")
        answer = portal_stage.card()
        assert (answer["status"], answer["state"]) == ("ok", "unreachable")
        assert answer["remedy"] == "An admin can mend it under Connections."
        assert refused(portal_stage.card("contacts", "502"))


class TestThePerson:
    def test_by_default_everybody_in_the_portal(self, portal_stage: PortalStage) -> None:
        assert {portal_stage.card(user=user)["status"] for user in ("admin", "rep", "limited_rep")} == {"ok"}

    def test_those_on_the_list_whatever_the_case(self, portal_stage: PortalStage) -> None:
        portal_stage.change_connection(allowed_emails=["Riley@Example.com ", "other@example.com"])
        assert portal_stage.card()["status"] == "ok"

    def test_nobody_else(self, portal_stage: PortalStage) -> None:
        portal_stage.change_connection(allowed_emails=["other@example.com"])
        answers = asked_both(portal_stage, "contacts", "501")
        assert [refused(each) for each in answers] == ["NOT_ON_LIST"] * 2
        assert answers[0]["message"] == "You are not on the list of people who may use this."
        assert portal_stage.org.journal("call") == []

    def test_an_email_in_the_body_counts_for_nothing(self, portal_stage: PortalStage) -> None:
        portal_stage.change_connection(allowed_emails=["other@example.com"])
        body = portal_stage.asked() | {"userEmail": "other@example.com", "user_email": "other@example.com"}
        assert refused(portal_stage.call(CARD, body)) == "NOT_ON_LIST"

    def test_the_run_is_in_the_name_of_who_asked(self, portal_stage: PortalStage) -> None:
        run_id = portal_stage.sync(user="limited_rep")["run_id"]
        with portal_stage.runtime.database.read() as session:
            run = session.get_one(SyncRun, run_id)
        assert (run.requested_by, run.requested_by_id) == ("lee@example.com", portal_stage.user("limited_rep")["id"])
        assert run.trigger == "panel"
