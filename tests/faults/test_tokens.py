"""The access token ends for everybody at once. One process gets a new one; the others wait for it and use it.

The connection here has a refresh token that changes with every use: whoever uses an old one ends the whole
authorisation. Two renewals at once, or a lost successor, would show as a broken connection.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from jobs.models import Connection
from jobs.models.connection import ACTIVE
from jobs.runtime import utc_now
from jobs.vault import Vault
from tests.emulator.test_oauth_code import Client
from tests.faults.installation import Installation, until
from tests.faults.people import new_person

PROCESSES, THREADS = 2, 4
TOKEN_PATH = "/services/oauth2/token"


@pytest.fixture
def rotating(here: Installation) -> Iterator[Installation]:
    """The connection as an admin of the org made it, on the org's own consent page."""
    granted = Client(here.org).tokens(user_id=here.org.user("integration")["id"])
    vault = Vault(here.settings)
    _set(
        here,
        auth_flow="authorization_code",
        refresh_token_sealed=vault.seal(granted["refresh_token"]),
        access_token_sealed=vault.seal(granted["access_token"]),
        token_version=_connection(here).token_version + 1,
    )
    yield here
    _set(here, auth_flow="client_credentials", refresh_token_sealed="", refreshing_until=None, state=ACTIVE)


def test_two_processes_with_four_threads_each_get_one_new_token_between_them(rotating: Installation) -> None:
    person = new_person(rotating)
    seen = {_refresh_token(rotating)}
    for number in range(1, 3):
        processes = [_token_users(rotating, person.record_id) for _ in range(PROCESSES)]
        rotating.org.control("expire_tokens", {})
        rotating.org.fault("latency", TOKEN_PATH, seconds=0.5)  # all of them are refused before there is a new one
        since = rotating.mark()
        answers = _all_answer(processes)

        assert answers == [person.record_id] * PROCESSES * THREADS
        assert [call["status"] for call in rotating.calls(since, TOKEN_PATH)] == [200]
        assert sorted(call["status"] for call in rotating.calls(since, "/queryAll")) == [200] * 8 + [401] * 8
        assert _connection(rotating).state == ACTIVE
        seen.add(_refresh_token(rotating))
        assert len(seen) == number + 1  # the successor is kept, each time
    person.require_quiet()


def test_a_worker_killed_while_it_renews_is_relieved_when_its_time_is_over(rotating: Installation) -> None:
    person = new_person(rotating)
    person.change_both_sides()
    rotating.org.control("expire_tokens", {})
    fault = rotating.org.fault("hang", TOKEN_PATH, seconds=1)
    run_id = person.rep.click()
    until(lambda: rotating.has_struck(fault), what="a new token is being asked for")
    rotating.kill(*rotating.workers)
    rotating.restart(*rotating.workers)
    until(lambda: rotating.run(run_id).attempts > 1, what="another worker has the run")
    since = rotating.mark()
    assert not rotating.is_over(run_id)
    assert rotating.calls(since, TOKEN_PATH) == []  # it leaves the renewal to whom it belongs, dead or not

    _set(rotating, refreshing_until=utc_now())  # the rows as they are found when that time is over
    until(lambda: rotating.is_over(run_id), what="the run completes")
    assert [call["status"] for call in rotating.calls(since, TOKEN_PATH)] == [200]
    person.rep.follow()
    person.require_one_write(run_id)
    person.require_quiet()


def test_a_failing_token_endpoint_is_asked_again_and_breaks_nothing(rotating: Installation) -> None:
    person = new_person(rotating)
    person.change_both_sides()
    rotating.org.control("expire_tokens", {})
    fault = rotating.org.fault("status", TOKEN_PATH, status=503)
    run_id = person.rep.click()
    until(lambda: rotating.has_struck(fault), what="the token endpoint has failed")
    person.rep.follow()
    assert _connection(rotating).state == ACTIVE
    person.require_one_write(run_id)
    person.require_quiet()


def _token_users(here: Installation, record_id: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.token_users", record_id, str(THREADS)]
    process = subprocess.Popen(
        command, env=dict(here.environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _all_answer(processes: list[subprocess.Popen[str]]) -> list[str]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [line for process in processes for line in process.communicate(timeout=60)[0].split("\n") if line]


def _connection(here: Installation) -> Connection:
    with here.runtime.database.read() as session:
        return session.get_one(Connection, here.connection_id)


def _refresh_token(here: Installation) -> str:
    return Vault(here.settings).open(_connection(here).refresh_token_sealed)


def _set(here: Installation, **values: object) -> None:
    with here.runtime.database.write() as session:
        connection = session.get_one(Connection, here.connection_id)
        for name, value in values.items():
            setattr(connection, name, value)
