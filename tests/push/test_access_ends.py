"""Access that ends while a record is being made: what is certain is said, and only a lost answer is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import delete, select

from jobs.models import LocalRecord, MatchRule
from jobs.models.connection import ACTIVE, BROKEN
from tests.push.pushing import Place, made
from tests.support.office import Told


@contextmanager
def revoked(place: Place) -> Iterator[None]:
    """No new token is to be had: what we would ask with is good no more. At the end an admin has reconnected."""
    connection, seal = place.office.connection, place.office.runtime.vault.seal
    names = ("client_secret_sealed", "refresh_token_sealed")
    kept = {name: getattr(connection, name) for name in names}
    place.office.set_connection(**{name: seal("of no use any more") for name in names})
    yield
    place.office.set_connection(**kept)


def require_ended(place: Place, told: Told) -> None:
    """Access ended, an admin can mend it; and nothing was made."""
    assert (told.status, told.outcome, told.code) == ("failed", "failed", "CONNECTION_BROKEN")
    assert "An admin can mend it under Connections" in told.entry.remedy
    assert (told.entry.changes, made(told), place.claims()) == ([], [], 0)
    assert place.office.connection.state == BROKEN


def test_refused_at_the_create_nothing_was_made_and_the_next_push_makes_it(place: Place) -> None:
    ana = place.ana()
    place.trouble("expire_tokens", place.person)
    with revoked(place):
        told = place.push(place.person, ana)
    require_ended(place, told)
    assert told.entry.local_record_id == ana
    again = place.push(place.person, ana)
    assert (again.status, again.outcome, len(made(again))) == ("succeeded", "created", 1)
    assert place.office.connection.state == ACTIVE


def test_refused_at_the_create_of_its_account_neither_was_made(place: Place) -> None:
    place.office.set_object(place.person, makes_accounts=True)
    ana = place.ana(company="Sample Mill")
    place.trouble("expire_tokens", place.account)
    with revoked(place):
        told = place.push(place.person, ana)
    require_ended(place, told)
    with place.office.runtime.database.read() as session:
        ours = session.scalars(
            select(LocalRecord).where(LocalRecord.kind == "account", LocalRecord.deleted_at.is_(None))
        )
        assert ours.all() == []
    assert [each["object"] for each in made(place.push(place.person, ana))] == [place.account, place.person]


def test_an_answer_that_was_lost_before_is_unknown_until_access_is_back(place: Place) -> None:
    ana = place.ana()
    place.trouble("lose_response", place.person)
    first = place.push(place.person, ana)
    place.office.set_connection(access_token_sealed="")
    with revoked(place):
        told = place.office.again(first)
    assert (told.status, told.code) == ("failed", "WRITE_UNKNOWN")
    again = place.push(place.person, ana)
    assert (len(made(first)), made(again), len(place.links(ana))) == (1, [], 1)


def test_a_record_that_was_made_and_not_read_back_is_not_said_to_be_refused(portal: Place) -> None:
    ana = portal.ana()
    portal.office.warm("contacts")
    portal.office.org.fault("expire_tokens", r"contacts/\d+", method="GET")
    with revoked(portal):
        first = portal.push("contacts", ana)
        told = portal.office.again(first)
    assert (first.status, told.status, told.code) == ("queued", "failed", "WRITE_UNKNOWN")
    again = portal.push("contacts", ana)
    assert (len(made(first)), made(again), len(portal.links(ana))) == (1, [], 1)


class TestADuplicate:
    """No rule of ours finds the record, and HubSpot refuses to make another with its address."""

    @pytest.fixture
    def theirs(self, portal: Place) -> str:
        with portal.office.runtime.database.write() as session:
            session.execute(delete(MatchRule))
        portal.office.warm("contacts")
        return portal.theirs("contacts", email="ana@mill.example", last_name="Sample")

    def test_that_nobody_could_look_at_was_not_made_by_us(self, portal: Place, theirs: str) -> None:
        ana = portal.ana()
        portal.office.org.fault("expire_tokens", f"contacts/{theirs}", method="GET")
        with revoked(portal):
            told = portal.push("contacts", ana)
        require_ended(portal, told)
        assert portal.push("contacts", ana).outcome == "updated"
        assert portal.links(ana) == {"contacts": theirs}

    def test_may_be_our_own_while_nobody_can_ask(self, portal: Place, theirs: str) -> None:
        """One of an earlier create that came late, with the same key, would be refused just so."""
        ana = portal.ana()
        portal.office.org.fault("expire_tokens", "idProperty=crm_sync_id", method="GET")
        with revoked(portal):
            first = portal.push("contacts", ana)
            told = portal.office.again(first)
        assert (first.status, told.code) == ("queued", "WRITE_UNKNOWN")
        assert portal.push("contacts", ana).outcome == "updated"
        assert portal.links(ana) == {"contacts": theirs}
