"""One-time tickets: a minute, once, one record. What opens with one, and what never passes for one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import func, select, text, update
from werkzeug.test import TestResponse

from jobs.models import LaunchTicket
from jobs.runtime import utc_now
from tests.support.answers import claims_of, policy_of
from tests.support.portal_stage import PUBLIC_URL, PortalStage, portal_connection
from tests.support.screen import Screen
from tests.support.together import together
from widget import tokens

PANEL = f"{PUBLIC_URL}/panel"


@pytest.fixture(autouse=True)
def _no_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widget.launch.hubspot.GLANCE_SECONDS", 0.0)


def ticket_of(address: str) -> str:
    return address.partition("?ticket=")[2]


def refusal(response: TestResponse) -> tuple[int, str]:
    """Status and code of a page in the frame that is no panel."""
    assert response.mimetype == "text/html"
    assert "proof" not in response.text
    return response.status_code, Screen(response.text).refusal


def grow_old(stage: PortalStage, seconds: int) -> None:
    """What time does to a ticket."""
    with stage.runtime.database.write() as session:
        expires_at = utc_now() + timedelta(seconds=60 - seconds)
        session.execute(update(LaunchTicket).values(expires_at=expires_at))


class TestOpens:
    def test_the_whole_panel_of_the_record_it_was_made_for(self, portal_stage: PortalStage) -> None:
        panel = portal_stage.open_details()
        assert panel.screen.name == "Ana Sample"
        assert panel.screen.rows["Job title"].differs
        assert panel.screen.can_sync

    def test_in_hubspots_look_and_the_page_knows_its_host(self, portal_stage: PortalStage) -> None:
        panel = portal_stage.open_details()
        assert '<html lang="en" data-host="hubspot" data-protocol="hubspot"' in panel.response.text
        assert panel.screen.host == {"protocol": "hubspot", "origin": portal_stage.org.url, "instance": ""}
        assert "Close this window" in panel.response.text
        assert "Salesforce" not in panel.response.text

    def test_and_its_button_syncs(self, portal_stage: PortalStage) -> None:
        panel = portal_stage.open_details()
        assert panel.synced().headline == "2 fields from HubSpot."
        assert panel.view().entries[0] == "2 fields from HubSpot"

    def test_for_the_person_who_asked_and_for_this_record_alone(self, portal_stage: PortalStage) -> None:
        claims = claims_of(portal_stage.open_details(user="limited_rep").token)
        lee = portal_stage.user("limited_rep")
        assert (claims["user_id"], claims["user_name"]) == (lee["id"], "lee@example.com")
        assert (claims["object"], claims["crm_record_id"]) == ("contacts", portal_stage.org.record("contacts"))
        assert (claims["readable"], claims["editable"]) == (None, None)

    def test_asking_hubspot_nothing_more(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        before = len(portal_stage.org.journal("call"))
        portal_stage.opened(portal_stage.open(address))
        assert len(portal_stage.org.journal("call")) == before

    def test_also_with_what_was_last_seen_while_hubspot_is_silent(self, portal_stage: PortalStage) -> None:
        portal_stage.card()
        portal_stage.org.fault("status", "/crm/objects", status=503, count=20)
        screen = portal_stage.open_details().screen
        assert screen.headline == "HubSpot does not answer right now."

    def test_an_object_that_is_not_set_up_says_so(self, portal_stage: PortalStage) -> None:
        screen = portal_stage.open_details("deals").screen
        assert screen.headline == "Deal records are not set up to sync."

    def test_it_is_framed_by_the_hosts_of_its_connection_alone(self, portal_stage: PortalStage) -> None:
        hosts = ["https://app-eu1.hubspot.com", "https://app.hubspot.com"]
        portal_stage.change_connection(host_origins=hosts)
        response = portal_stage.open_details().response
        assert policy_of(response)["frame-ancestors"] == " ".join(hosts)
        assert "X-Frame-Options" not in response.headers

    def test_where_no_host_is_known_any_of_hubspots_may_frame_it(self, portal_stage: PortalStage) -> None:
        portal_stage.change_connection(host_origins=[])
        assert policy_of(portal_stage.open_details().response)["frame-ancestors"] == "https://*.hubspot.com"

    def test_no_cache_keeps_it_and_no_foreign_page_may_read_it(self, portal_stage: PortalStage) -> None:
        response = portal_stage.open_details().response
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Set-Cookie" not in response.headers


class TestOnce:
    def test_a_used_one_is_answered_helpfully(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        portal_stage.opened(portal_stage.open(address))
        again = portal_stage.open(address)
        screen = Screen(again.text)
        assert refusal(again) == (409, "USED_TICKET")
        assert screen.told == "This window was opened before. Close it and open it again."
        assert screen.offers_relaunch
        assert screen.host == {"protocol": "hubspot", "origin": portal_stage.org.url, "instance": ""}
        assert 'data-host="hubspot"' in again.text
        assert policy_of(again)["frame-ancestors"] == portal_stage.org.url

    def test_of_many_at_once_exactly_one_opens(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        answers = together(*[lambda: portal_stage.open(address)] * 5)
        assert sorted(each.status_code for each in answers) == [200, 409, 409, 409, 409]

    def test_it_stays_used_after_a_restart_a_tick_and_a_flushed_queue(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        portal_stage.open(address)
        portal_stage.runtime.redis.flushall()
        portal_stage.tick()
        assert refusal(portal_stage.restarted().open(address)) == (409, "USED_TICKET")

    def test_a_look_at_the_address_does_not_use_it_up(self, portal_stage: PortalStage) -> None:
        """Link previews and scanners ask by HEAD."""
        address = portal_stage.details()
        assert portal_stage.client.head(address.removeprefix(PUBLIC_URL)).status_code == 405
        assert portal_stage.open(address).status_code == 200


class TestForAMinute:
    def test_good_until_then(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        grow_old(portal_stage, 45)
        assert portal_stage.open(address).status_code == 200

    def test_not_after(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        grow_old(portal_stage, 60)
        late = portal_stage.open(address)
        assert refusal(late) == (401, "EXPIRED_TICKET")
        assert Screen(late.text).told == "This window took too long to open. Close it and open it again."
        assert policy_of(late)["frame-ancestors"] == portal_stage.org.url

    def test_it_is_made_for_sixty_seconds(self, portal_stage: PortalStage) -> None:
        portal_stage.details()
        with portal_stage.runtime.database.read() as session:
            ticket = session.scalars(select(LaunchTicket)).one()
        assert timedelta(seconds=50) < ticket.expires_at - utc_now() <= timedelta(seconds=60)

    def test_long_after_it_is_forgotten(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        with portal_stage.runtime.database.write() as session:
            session.execute(update(LaunchTicket).values(forget_at=utc_now() - timedelta(seconds=1)))
        portal_stage.tick()
        with portal_stage.runtime.database.read() as session:
            assert session.scalar(select(func.count()).select_from(LaunchTicket)) == 0
        assert refusal(portal_stage.open(address)) == (401, "UNKNOWN_TICKET")


class TestKept:
    def test_only_as_a_hash(self, portal_stage: PortalStage) -> None:
        ticket = ticket_of(portal_stage.details())
        with portal_stage.runtime.database.read() as session:
            kept = session.scalars(select(LaunchTicket)).one()
            everything = str(session.execute(text("SELECT * FROM launch_ticket")).all())
        assert len(kept.digest) == 64
        assert ticket not in everything

    def test_it_says_nothing_to_who_sees_it(self, portal_stage: PortalStage) -> None:
        ticket = ticket_of(portal_stage.details())
        assert len(ticket) == 43
        assert ticket.count(".") == 0


class TestAnotherRecordsTicket:
    def test_opens_that_record_whatever_the_address_says_besides(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details("contacts", "502")
        extra = f"{address}&object=contacts&crm_record_id=501&record=501"
        panel = portal_stage.opened(portal_stage.open(extra))
        assert claims_of(panel.token)["crm_record_id"] == "502"
        assert panel.screen.name != "Ana Sample"

    def test_its_panel_follows_no_run_of_this_record(self, portal_stage: PortalStage) -> None:
        run_id = portal_stage.sync()["run_id"]
        other = portal_stage.open_details("contacts", "502")
        assert other.get(f"/panel/runs/{run_id}?seen=0").status_code == 404

    def test_the_same_number_in_another_object_is_another_record(self, portal_stage: PortalStage) -> None:
        assert portal_stage.org.record("deals") == portal_stage.org.record("contacts")
        run_id = portal_stage.sync()["run_id"]
        deal = portal_stage.open_details("deals")
        assert deal.get(f"/panel/runs/{run_id}?seen=0").status_code == 404
        assert "Ana" not in deal.response.text

    def test_one_of_another_portal_opens_that_portals_record(self, portal_stage: PortalStage) -> None:
        stage = portal_stage
        with stage.runtime.database.write() as session:
            other = portal_connection(stage.settings, stage.org, org_id="777", host_origins=["https://app.hubspot.com"])
            session.add(other)
        answer = stage.call("/launch/hubspot", stage.asked(details=True), portalId="777")
        response = stage.open(stage.secret(answer["url"]))
        assert policy_of(response)["frame-ancestors"] == "https://app.hubspot.com"
        assert claims_of(stage.opened(response).token)["connection_id"] != stage.connection_id
        assert "Ana" not in response.text


class TestThePerson:
    def test_taken_off_the_list_meanwhile_opens_nothing(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        portal_stage.change_connection(allowed_emails=["other@example.com"])
        response = portal_stage.open(address)
        assert refusal(response) == (403, "NOT_ON_LIST")
        portal_stage.change_connection(allowed_emails=[])
        assert portal_stage.open(address).status_code == 200

    def test_taken_off_the_list_later_the_panel_ends_with_its_token(self, portal_stage: PortalStage) -> None:
        panel = portal_stage.open_details()
        assert panel.post("/panel/token").status_code == 200
        portal_stage.change_connection(allowed_emails=["other@example.com"])
        response = panel.post("/panel/token")
        assert (response.status_code, response.get_json()["error"]) == (403, "not_allowed")


class TestNothingElseIsATicket:
    @pytest.mark.parametrize(
        "query", ["", "?ticket=", "?ticket=x", "?ticket=a&ticket=b", "?token=x", "?ticket=%00", "?ticket=" + "a" * 5000]
    )
    def test_what_is_none(self, portal_stage: PortalStage, query: str) -> None:
        response = portal_stage.open(PANEL + query)
        status, code = refusal(response)
        assert (status, code) in {(400, "UNKNOWN_TICKET"), (401, "UNKNOWN_TICKET")}
        expected = f"{portal_stage.org.url} https://*.hubspot.com"
        assert policy_of(response)["frame-ancestors"] == expected

    def test_a_changed_one(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        assert refusal(portal_stage.open(address + "A")) == (401, "UNKNOWN_TICKET")
        assert refusal(portal_stage.open(address[:-1])) == (401, "UNKNOWN_TICKET")
        assert portal_stage.open(address).status_code == 200

    def test_a_panel_token_is_no_ticket(self, portal_stage: PortalStage) -> None:
        token = portal_stage.open_details().token
        assert refusal(portal_stage.open(f"{PANEL}?ticket={token}")) == (401, "UNKNOWN_TICKET")

    def test_a_ticket_is_no_panel_token(self, portal_stage: PortalStage) -> None:
        ticket = ticket_of(portal_stage.details())
        for path in ("/panel/view", "/panel/sync", "/panel/token"):
            method = "GET" if path == "/panel/view" else "POST"
            headers = {"Authorization": f"Bearer {ticket}"}
            response = portal_stage.client.open(path, method=method, headers=headers)
            assert (response.status_code, (response.get_json() or {})["error"]) == (401, "token_invalid"), path

    @pytest.mark.parametrize("purpose", ["api", "ticket"])
    def test_a_token_signed_for_another_purpose_is_neither(self, portal_stage: PortalStage, purpose: Any) -> None:
        panel = portal_stage.open_details()
        key = tokens._key(portal_stage.settings.signing_keys[0], purpose)
        body = claims_of(panel.token) | {"aud": purpose}
        forged = portal_stage.secret(jwt.encode(body, key.secret, algorithm="HS256", headers={"kid": key.id}))
        assert refusal(portal_stage.open(f"{PANEL}?ticket={forged}")) == (401, "UNKNOWN_TICKET")
        response = portal_stage.client.get("/panel/view", headers={"Authorization": f"Bearer {forged}"})
        assert response.status_code == 401

    def test_an_api_key_is_neither(self, portal_stage: PortalStage) -> None:
        key = "wk_live_sample_key_that_opens_no_panel"
        assert refusal(portal_stage.open(f"{PANEL}?ticket={key}")) == (401, "UNKNOWN_TICKET")
        response = portal_stage.client.get("/panel/view", headers={"Authorization": f"Bearer {key}"})
        assert response.status_code == 401

    def test_the_hash_of_a_ticket_is_no_ticket(self, portal_stage: PortalStage) -> None:
        portal_stage.details()
        with portal_stage.runtime.database.read() as session:
            digest = session.scalars(select(LaunchTicket.digest)).one()
        assert refusal(portal_stage.open(f"{PANEL}?ticket={digest}")) == (401, "UNKNOWN_TICKET")

    def test_neither_ticket_nor_panel_token_makes_a_card_call(self, portal_stage: PortalStage) -> None:
        panel = portal_stage.open_details()
        ticket = ticket_of(portal_stage.details())
        for proof in (panel.token, ticket):
            response = portal_stage.client.post(
                f"/launch/hubspot?ticket={ticket}",
                json=portal_stage.asked(),
                headers={"Authorization": f"Bearer {proof}", "X-HubSpot-Signature-v3": proof},
            )
            assert response.status_code == 401

    def test_without_a_database_the_words_still_reach_the_frame(self, portal_stage: PortalStage) -> None:
        address = portal_stage.details()
        with portal_stage.runtime.database.write() as session:
            session.execute(text("ALTER TABLE connection RENAME TO gone"))
        response = portal_stage.open(address)
        assert (response.status_code, response.mimetype) == (503, "text/html")
        assert policy_of(response)["frame-ancestors"] == "https://*.hubspot.com"
