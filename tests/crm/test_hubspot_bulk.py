"""Many records at a time: every one exactly once, whatever their stamps, and one bad record stops nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from jobs.crm.errors import DuplicateFound, Rejected
from jobs.crm.hubspot import HubSpotAdapter
from jobs.crm.hubspot_bulk import HubSpotBulk
from jobs.crm.hubspot_client import HubSpotClient
from jobs.crm.hubspot_describe import TEXT_LENGTH
from jobs.crm.hubspot_people import People
from jobs.crm.limits import Limiter
from jobs.crm.tokens import BorrowedToken
from tests.support.portal_office import PortalOffice

FIELDS = {"jobtitle": "text", "email": "email"}
NAMED = FIELDS | {"lastname": "text"}


@pytest.fixture
def bulk(portal_office: PortalOffice) -> HubSpotBulk:
    adapter = portal_office.adapter()
    assert isinstance(adapter, HubSpotAdapter)
    return HubSpotBulk(adapter)


@pytest.fixture
def noon(portal_office: PortalOffice) -> datetime:
    moment: datetime = portal_office.crm_now() - timedelta(hours=3)
    return moment.replace(microsecond=0)


def import_at(office: PortalOffice, moment: datetime, count: int) -> list[str]:
    """As many contacts as a bulk operation touches, all with one identical stamp."""
    records = [{"lastname": "Sample", "jobtitle": f"Buyer {number}"} for number in range(count)]
    stamp = f"{moment:%Y-%m-%dT%H:%M:%S.000Z}"
    body = {"object": "contacts", "records": records, "modified_at": stamp}
    return [str(each) for each in office.org.control("records", body)["ids"]]


class TestReading:
    def test_a_hundred_and_twenty_records_are_three_calls(
        self, portal_office: PortalOffice, bulk: HubSpotBulk, noon: datetime
    ) -> None:
        made = import_at(portal_office, noon, 120)
        start = portal_office.next_seq()
        rows = bulk.read_many("contacts", made, FIELDS)
        assert list(rows) == made
        assert rows[made[7]].values == {"jobtitle": "Buyer 7", "email": None}
        assert rows[made[7]].field_modified_at.keys() == {"jobtitle"}
        reads = [each for each in portal_office.org.journal("call") if each["path"].endswith("/batch/read")]
        assert len([each for each in reads if each["seq"] >= start]) == 3

    def test_who_is_gone_is_missing_and_the_rest_is_there(self, portal_office: PortalOffice, bulk: HubSpotBulk) -> None:
        office = portal_office
        ana, bo, cy, di = (office.in_crm("contacts", lastname="Sample") for _ in range(4))
        office.org.control("archive", {"object": "contacts", "id": bo})
        office.org.control("merge", {"object": "contacts", "primary": cy, "other": di})
        assert list(bulk.read_many("contacts", [ana, bo, cy, "987654321"], FIELDS)) == [ana]


class TestUpserts:
    def test_what_is_known_by_its_key_is_changed_and_the_rest_is_made(
        self, portal_office: PortalOffice, bulk: HubSpotBulk
    ) -> None:
        office = portal_office
        ana = office.in_crm("contacts", lastname="Sample", crm_sync_id="ours-1")
        records = {"ours-1": {"jobtitle": "Owner"}, "ours-2": {"lastname": "Sample", "jobtitle": "Buyer"}}
        for is_first in (True, False):
            done = bulk.upsert_many("contacts", "crm_sync_id", records, NAMED).done
            assert done["ours-1"].record_id == ana
            assert [each.is_new for each in done.values()] == [False, is_first]
        office.objects[done["ours-2"].record_id] = "contacts"
        assert office.shown_in_crm(done["ours-2"].record_id, "jobtitle") == {"jobtitle": "Buyer"}
        assert office.shown_in_crm(ana, "jobtitle") == {"jobtitle": "Owner"}

    def test_one_that_is_refused_is_named_and_the_others_go_through(
        self, portal_office: PortalOffice, bulk: HubSpotBulk
    ) -> None:
        office = portal_office
        taken = office.in_crm("contacts", lastname="Sample", email="taken@example.com")
        records = {
            "ours-1": {"lastname": "Sample", "jobtitle": "Owner"},
            "ours-2": {"jobtitle": "x" * (TEXT_LENGTH + 1)},
            "ours-3": {"email": "taken@example.com"},
        }
        upserts = bulk.upsert_many("contacts", "crm_sync_id", records, NAMED)
        assert (list(upserts.done), list(upserts.refused)) == (["ours-1"], ["ours-2", "ours-3"])
        assert isinstance(upserts.refused["ours-2"], Rejected)
        duplicate = upserts.refused["ours-3"]
        assert isinstance(duplicate, DuplicateFound)
        assert duplicate.record_ids == (taken,)

    def test_an_answer_that_was_lost_makes_nothing_twice(self, portal_office: PortalOffice, bulk: HubSpotBulk) -> None:
        office = portal_office
        records = {"ours-1": {"lastname": "Sample", "jobtitle": "Owner"}}
        bulk.read_many("contacts", ["501"], FIELDS)  # with this one the token comes
        office.org.fault("lose_response", "/batch/upsert")
        with pytest.raises(Exception, match="did not answer"):
            bulk.upsert_many("contacts", "crm_sync_id", records, NAMED)
        assert not bulk.upsert_many("contacts", "crm_sync_id", records, NAMED).done["ours-1"].is_new


class TestAssociations:
    def test_who_is_linked_with_whom_is_told_by_id_and_kind(
        self, portal_office: PortalOffice, bulk: HubSpotBulk
    ) -> None:
        office = portal_office
        ana, bo = (office.in_crm("contacts", lastname="Sample") for _ in range(2))
        mill = office.in_crm("companies", name="Sample Mill")
        body = {"object": "contacts", "id": ana, "to_object": "companies", "to_id": mill}
        office.org.control("associate", body)
        links = bulk.associations("contacts", [ana, bo], "companies")
        assert {ana: [mill]} == {key: [each.record_id for each in found] for key, found in links.items()}
        assert 279 in links[ana][0].type_ids

    @pytest.mark.parametrize(("version", "kind"), [("2026-09", str), ("v4", int)])
    def test_a_deal_is_linked_with_its_contacts_by_ids_that_are_texts_or_as_once_numbers(
        self, portal_office: PortalOffice, version: str, kind: type
    ) -> None:
        office = portal_office
        deal, ana = office.in_crm("deals", dealname="Sample"), office.in_crm("contacts", lastname="Sample")
        office.org.control("associate", {"object": "deals", "id": deal, "to_object": "contacts", "to_id": ana})
        with speaking(office, version) as (bulk, answers):
            links = bulk.associations("deals", [deal], "contacts")
        assert [(each.record_id, each.type_ids) for each in links[deal]] == [(ana, (3,))]
        [answer] = answers
        assert isinstance(answer["results"][0]["to"][0]["toObjectId"], kind)


@contextmanager
def speaking(office: PortalOffice, version: str) -> Iterator[tuple[HubSpotBulk, list[Any]]]:
    """An adapter whose portal answers in this version, and what it answered."""
    answers: list[Any] = []

    @Request.application
    def portal(request: Request) -> Response:
        family, _, rest = request.path.removeprefix("/crm/").partition("/2026-09/")
        answer = office.org.api(version=version).call(
            "POST", office.org.api(version=version).path(family, f"/{rest}"), json=request.get_json()
        )
        answers.append(answer.json())
        return Response(answer.content, answer.status_code, content_type="application/json")

    server = make_server("127.0.0.1", 0, portal, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    trusted = (*office.runtime.settings.trusted_crm_hosts, host)
    settings = office.runtime.settings.model_copy(update={"trusted_crm_hosts": trusted})
    client = HubSpotClient(
        settings, f"http://{host}", BorrowedToken(office.org.static_token), line=Limiter(office.runtime.redis, "a")
    )
    try:
        adapter = HubSpotAdapter(client, People(office.runtime, office.connection.id, client), lambda _: ())
        yield HubSpotBulk(adapter), answers
    finally:
        server.shutdown()
        server.server_close()
