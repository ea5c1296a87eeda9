"""An import: everybody in a list of the CRM is synced, by the same steps and with the same decisions as one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from config.redis import queue
from jobs.crm import salesforce_lists
from jobs.models import ListImport, SyncRun
from jobs.retention import forget_old_runs
from jobs.runtime import utc_now
from jobs.schedule import tick
from jobs.sync import importing
from jobs.sync.import_ask import ImportRefused
from jobs.sync.undo_ask import UndoAsk, open_undo
from tests.support.import_shop import Shop, counts, in_hubspot, in_salesforce, outcomes
from tests.support.office import Office


@pytest.fixture(params=["salesforce", "hubspot"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """The test runs twice: beside an org and beside a HubSpot account."""
    if request.param == "salesforce":
        return in_salesforce(request.getfixturevalue("office"))
    return in_hubspot(request.getfixturevalue("portal_office"))


@pytest.fixture
def org_shop(office: Office) -> Shop:
    """Where it makes no difference which CRM it is."""
    return in_salesforce(office)


def test_everybody_in_the_list_is_here_afterwards_and_nobody_else(shop: Shop) -> None:
    ana, ben, eve = shop.people("Ana", "Ben", "Eve")
    told = shop.import_of(ana, ben)
    assert (told.run.kind, told.run.status, told.run.requested_by) == ("import", "succeeded", "Ada Admin")
    assert outcomes(told) == {ana: ("created", ""), ben: ("created", "")}
    assert counts(told.run) == (2, 0, 0, 0, 0)
    assert shop.ours(ana)["email"] == "ana@example.com"
    assert shop.office.link(shop.object, eve) is None
    assert shop.place(told.run.id).done == shop.place(told.run.id).total == 2


def test_a_second_import_finds_nothing_to_do(org_shop: Shop) -> None:
    shop = org_shop
    listed = shop.lists.save("Sample list", shop.people("Ana", "Ben"))
    shop.import_(listed)
    told = shop.import_(listed)
    assert counts(told.run) == (0, 0, 2, 0, 0)
    assert told.writes == []


def test_each_is_decided_as_a_single_sync_would(shop: Shop) -> None:
    """A new one, one that matches ours, one that is linked and changed on both sides, one that cannot be synced."""
    new, known, linked, without_email = (
        shop.person("New"),
        shop.person("Known"),
        shop.person("Linked"),
        shop.person("Nobody", **{shop.email: None}),
    )
    ours = shop.office.here("contact", last_name="Known", email="known@example.com")
    shop.office.sync(shop.object, linked)
    shop.office.edit(linked, **{shop.title: "Buyer"})
    shop.office.change(shop.office.linked(shop.object, linked), first_name="Anna")
    told = shop.import_of(new, known, linked, without_email)
    assert outcomes(told) == {
        new: ("created", ""),
        known: ("unchanged", ""),
        linked: ("updated", ""),
        without_email: ("skipped", "NO_EMAIL"),
    }
    assert shop.office.linked(shop.object, known) == ours
    assert shop.ours(linked)["job_title"] == "Buyer"
    [write] = told.writes
    assert set(write["new"]) == {shop.first_name}
    assert told.run.status == "succeeded"


@pytest.mark.parametrize(
    ("handling", "code", "title"),
    [("skip", "EXISTING_SKIPPED", "Ours"), ("overwrite_all", "", "Theirs"), ("update_missing", "", "Ours")],
)
def test_what_is_done_with_existing_records_is_the_admins_choice(
    org_shop: Shop, handling: str, code: str, title: str
) -> None:
    shop = org_shop
    shop.office.set_object(shop.object, duplicate_handling=handling)
    ours = shop.office.here("contact", last_name="Ana", email="ana@example.com", job_title="Ours")
    ana = shop.person("Ana", **{shop.title: "Theirs"})
    told = shop.import_of(ana)
    assert outcomes(told)[ana][1] == code
    assert shop.office.values(ours, "job_title") == {"job_title": title}


def test_the_filter_holds(org_shop: Shop) -> None:
    shop = org_shop
    shop.office.set_object(
        shop.object,
        filter={"all": [{"field": shop.title, "operator": "is", "value": "Buyer"}]},
    )
    ana, ben = shop.person("Ana", **{shop.title: "Buyer"}), shop.person("Ben", **{shop.title: "Seller"})
    assert outcomes(shop.import_of(ana, ben)) == {ana: ("created", ""), ben: ("skipped", "FILTERED_OUT")}


def test_many_are_read_at_once(shop: Shop) -> None:
    people = shop.people(*(f"Sample{number}" for number in range(12)))
    listed = shop.lists.save("Sample list", people)
    shop.import_(shop.lists.save("Warm", shop.people("Warm")))
    told = shop.import_(listed)
    assert counts(told.run) == (12, 0, 0, 0, 0)
    assert told.run.calls <= 6
    assert told.run.calls == sum(1 for each in told.journal if each["kind"] == "call" and each["counted"])


def test_a_list_of_several_pages(org_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salesforce_lists, "MEMBERS_PAGE", 2)
    people = org_shop.people("Ana", "Ben", "Eve", "Joe", "Kim")
    told = org_shop.import_of(*people)
    assert counts(told.run) == (5, 0, 0, 0, 0)
    assert set(outcomes(told)) == set(people)
    assert sum(1 for each in told.calls if each == "GET describe") == 4  # of three pages, and of the object


class TestWhenThingsChangeMeanwhile:
    def test_a_member_that_vanished_is_named_and_the_others_are_synced(self, shop: Shop) -> None:
        ana, ben, eve = shop.people("Ana", "Ben", "Eve")
        listed = shop.lists.save("Sample list", [ana, ben, eve])
        with shop.office.while_waiting(shop.reads, lambda: delete(shop, ben), seconds=1.5):
            told = shop.import_(listed)
        assert outcomes(told) == {ana: ("created", ""), ben: ("skipped", "RECORD_DELETED"), eve: ("created", "")}
        assert told.run.status == "succeeded"

    def test_a_list_that_is_gone_ends_the_import_and_says_what_to_do(self, shop: Shop) -> None:
        listed = shop.lists.save("Sample list", shop.people("Ana"))
        run_id = shop.ask(listed)
        shop.lists.drop(listed)
        told = shop.office.do(run_id)
        assert (told.run.status, told.run.code, told.entries) == ("failed", "LIST_NOT_FOUND", [])
        assert "has no such list any more" in told.run.message

    def test_an_object_that_is_switched_off_ends_it(self, org_shop: Shop) -> None:
        shop = org_shop
        ana, ben = shop.people("Ana", "Ben")
        run_id = shop.ask(shop.lists.save("Sample list", [ana, ben]))
        shop.office.set_object(shop.object, enabled=False)
        told = shop.office.do(run_id)
        assert (told.run.status, told.run.code, told.entries) == ("failed", "OBJECT_OFF", [])

    def test_what_another_sync_brought_in_since_it_was_read_is_not_taken_back(self, shop: Shop) -> None:
        """Many are read at once; while the first ones are at work, a rep syncs one of the last."""
        first, last = shop.person("First"), shop.person("Last", **{shop.title: "Old"})
        for each in (first, last):
            shop.office.sync(shop.object, each)
        shop.office.time_passes()
        shop.office.change(shop.office.linked(shop.object, first), first_name="Anna")
        listed = shop.lists.save("Sample list", [first, last])

        def somebody_is_quicker() -> None:
            shop.office.edit(last, **{shop.title: "New"})
            shop.office.sync(shop.object, last)

        with shop.office.while_waiting(shop.writes, somebody_is_quicker, seconds=3, method=shop.write_method):
            told = shop.import_(listed)
        assert shop.ours(last)["job_title"] == "New"
        assert outcomes(told)[last] == ("unchanged", "")

    def test_one_bad_record_does_not_stop_the_others(self, org_shop: Shop) -> None:
        shop = org_shop
        ana, ben = shop.people("Ana", "Ben")
        for each in (ana, ben):
            shop.office.sync(shop.object, each)
            shop.office.change(shop.office.linked(shop.object, each), first_name="Anna")
        shop.office.time_passes()
        shop.office.org.fault("lock_rows", ids=[ana], seconds=600)
        told = shop.import_of(ana, ben)
        for _ in range(2):
            assert (told.run.status, told.run.resume_at is not None) == ("queued", True)
            told = shop.office.again(told)
        assert (
            outcomes(shop.office.told(told.run.id, since=0))
            == {
                ana: ("failed", "UNABLE_TO_LOCK_ROW"),
                ben: ("updated", ""),
            }
            or outcomes(told)[ana][0] == "failed"
        )
        assert (told.run.status, counts(told.run)) == ("partial", (0, 1, 0, 0, 1))


class TestWhenItHasToWait:
    def test_a_spent_limit_pauses_it_and_it_goes_on_where_it_was(self, shop: Shop) -> None:
        people = shop.people("Ana", "Ben", "Eve")
        listed = shop.lists.save("Sample list", people)
        run_id = shop.ask(listed)
        shop.office.org.fault("rate_limit", shop.reads)
        told = shop.office.do(run_id)
        assert (told.run.status, told.entries) == ("queued", [])
        assert shop.office.connection.paused_until is not None
        assert told.run.resume_at == shop.office.connection.paused_until
        shop.office.set_connection(paused_until=None)
        told = shop.office.again(told)
        assert (told.run.status, counts(told.run)) == ("succeeded", (3, 0, 0, 0, 0))
        assert set(outcomes(told)) == set(people)

    def test_a_crm_that_does_not_answer_is_given_up_after_an_hour_without_progress(self, org_shop: Shop) -> None:
        shop = org_shop
        run_id = shop.ask(shop.lists.save("Sample list", shop.people("Ana")))
        with shop.office.runtime.database.write() as session:
            session.get_one(SyncRun, run_id).created_at = utc_now() - timedelta(days=1)  # it has had its work until now
        shop.office.org.fault("status", shop.list_calls, status=503, count=None)
        told = shop.office.do(run_id)
        assert (told.run.status, told.run.resume_at is not None) == ("queued", True)
        with shop.office.runtime.database.write() as session:
            place = session.merge(shop.place(run_id))
            assert place.stuck_since is not None
            place.stuck_since -= timedelta(hours=2)
        told = shop.office.again(told)
        assert (told.run.status, told.run.code) == ("failed", "GAVE_UP")

    def test_a_lost_answer_to_a_write_is_looked_for_and_not_written_again(self, shop: Shop) -> None:
        ana, ben = shop.people("Ana", "Ben")
        for each in (ana, ben):
            shop.office.sync(shop.object, each)
            shop.office.change(shop.office.linked(shop.object, each), first_name="Anna")
        shop.office.time_passes()
        shop.office.org.fault("lose_response", shop.writes, method=shop.write_method)
        told = shop.import_of(ana, ben)
        assert told.run.status == "queued"
        first = told.writes
        told = shop.office.again(told)
        assert (told.run.status, counts(told.run)) == ("succeeded", (0, 2, 0, 0, 0))
        assert sorted(each["id"] for each in first + told.writes) == sorted([ana, ben])
        assert set(outcomes(told)) == {ana, ben}


class TestTurns:
    def test_a_long_import_is_done_in_portions_on_the_queue_for_bulk_work(
        self, org_shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(importing, "PORTION_SECONDS", 0)
        people = org_shop.people("Ana", "Ben")
        waiting = queue("bulk", org_shop.office.runtime.redis)
        waiting.empty()
        told = org_shop.import_of(*people)
        assert (told.run.status, counts(told.run)) == ("queued", (1, 0, 0, 0, 0))
        assert [job.func_name for job in waiting.jobs] == ["jobs.tasks.import_members"]
        told = org_shop.office.do(told.run.id)
        told = org_shop.office.do(told.run.id)
        assert (told.run.status, counts(told.run)) == ("succeeded", (2, 0, 0, 0, 0))
        assert set(outcomes(told)) == set(people)

    def test_one_that_was_never_picked_up_is_enqueued_there_by_the_tick(self, org_shop: Shop) -> None:
        run_id = org_shop.ask(org_shop.lists.save("Sample list", []))
        with org_shop.office.runtime.database.write() as session:
            session.get_one(SyncRun, run_id).enqueue_at = utc_now()
        waiting = queue("bulk", org_shop.office.runtime.redis)
        waiting.empty()
        assert run_id in tick(org_shop.office.runtime)
        assert [(job.func_name, list(job.args)) for job in waiting.jobs] == [("jobs.tasks.import_members", [run_id])]


def test_an_old_import_is_forgotten_with_its_place_in_the_list(org_shop: Shop) -> None:
    old, new = (org_shop.import_(org_shop.lists.save(name, [])).run.id for name in ("Old", "New"))
    database = org_shop.office.runtime.database
    with database.write() as session:
        session.get_one(SyncRun, old).created_at = utc_now() - timedelta(days=10_000)
    forget_old_runs(org_shop.office.runtime)
    with database.read() as session:
        assert session.get(SyncRun, old) is None
        assert session.scalars(select(ListImport.run_id)).all() == [new]


@pytest.mark.postgres
def test_an_import_on_postgres(office_on_postgres: Office) -> None:
    shop = in_salesforce(office_on_postgres)
    ana, ben = shop.people("Ana", "Ben")
    listed = shop.lists.save("Sample list", [ana, ben])
    shop.office.sync(shop.object, ben)
    run_id = shop.ask(listed)
    assert shop.ask(listed) == run_id
    assert outcomes(shop.office.do(run_id)) == {ana: ("created", ""), ben: ("unchanged", "")}
    assert shop.cancel(shop.ask(listed))


class TestStopping:
    def test_one_that_waits_ends_at_once(self, org_shop: Shop) -> None:
        shop = org_shop
        run_id = shop.ask(shop.lists.save("Sample list", shop.people("Ana")))
        assert shop.cancel(run_id)
        run = shop.run(run_id)
        assert (run.status, run.message) == ("cancelled", "Stopped by Ada Admin. What was synced until then stays.")
        assert run.finished_at is not None
        told = shop.office.do(run_id)
        assert (told.run.status, told.entries, told.calls) == ("cancelled", [], [])
        assert not shop.cancel(run_id)

    def test_one_at_work_ends_after_the_record_at_hand(self, org_shop: Shop) -> None:
        shop = org_shop
        people = shop.people("Ana", "Ben")
        run_id = shop.ask(shop.lists.save("Sample list", people))
        with shop.office.while_waiting(shop.reads, lambda: shop.cancel(run_id)):
            told = shop.office.do(run_id)
        assert (told.run.status, counts(told.run)) == ("cancelled", (1, 0, 0, 0, 0))
        assert len(outcomes(told)) == 1

    def test_one_that_may_have_written_looks_first(self, org_shop: Shop) -> None:
        shop = org_shop
        ana = shop.person("Ana")
        shop.office.sync(shop.object, ana)
        shop.office.change(shop.office.linked(shop.object, ana), first_name="Anna")
        shop.office.time_passes()
        shop.office.org.fault("lose_response", shop.writes, method=shop.write_method)
        told = shop.import_of(ana, shop.person("Ben"))
        assert shop.cancel(told.run.id)
        told = shop.office.again(told)
        assert (told.run.status, outcomes(told)) == ("cancelled", {ana: ("updated", "")})


class TestAsking:
    def test_a_second_press_joins_the_open_import(self, org_shop: Shop) -> None:
        shop = org_shop
        listed = shop.lists.save("Sample list", shop.people("Ana"))
        first = shop.ask(listed)
        assert shop.ask(listed) == first
        assert shop.ask(shop.lists.save("Another", [])) != first
        shop.office.do(first)
        assert shop.ask(listed) != first

    @pytest.mark.parametrize(
        ("off", "code"),
        [({"enabled": False}, "OBJECT_OFF"), ({"inbound": False}, "INBOUND_OFF"), ({}, "SYNCS_OFF")],
    )
    def test_what_is_off_is_refused_with_the_reason(self, org_shop: Shop, off: dict[str, bool], code: str) -> None:
        if off:
            org_shop.office.set_object(org_shop.object, **off)
        else:
            org_shop.office.set_connection(syncs_enabled=False)
        with pytest.raises(ImportRefused) as caught:
            org_shop.ask(org_shop.lists.save("Sample list", []))
        assert caught.value.code == code


def test_the_whole_import_can_be_taken_back(org_shop: Shop) -> None:
    shop = org_shop
    ana, ben = shop.people("Ana", "Ben")
    told = shop.import_of(ana, ben)
    with shop.office.runtime.database.write() as session:
        undo_id = open_undo(session, UndoAsk("admin", run_id=told.run.id, requested_by="Ada Admin"))[0].id
    assert shop.office.do(undo_id).run.updated_count == 2
    assert shop.office.local(shop.office.linked(shop.object, ana)).deleted_at is not None


def delete(shop: Shop, record_id: str) -> None:
    event = "delete" if shop.object == "Contact" else "archive"
    shop.office.org.control(event, {"object": shop.object, "id": record_id})
