"""A CRM's rate limits, kept by all workers together: through a real queue server, against a portal that counts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from config.redis import connect
from config.settings import Settings, load_settings
from jobs.crm.errors import RateLimited
from jobs.crm.hubspot import HubSpotAdapter
from jobs.crm.hubspot_client import GENERAL, SEARCH
from jobs.crm.limits import Limiter, RateLimit
from jobs.runtime import utc_now
from tests.support.portal_office import PortalOffice
from tests.support.together import together

Worker = subprocess.Popen[str]
ROOT = Path(__file__).parents[2]
THREE = RateLimit("three", calls=3, seconds=4)


class TestALine:
    def test_as_many_as_are_allowed_go_at_once_and_the_next_waits_for_the_first_to_be_forgotten(
        self, valkey: redis.Redis
    ) -> None:
        line = Limiter(valkey, "account")
        assert [line.reserve(THREE) for _ in range(3)] == [0, 0, 0]
        assert 3 < line.reserve(THREE) <= 4

    def test_each_has_a_place_of_its_own_so_nobody_tries_again_and_again(self, valkey: redis.Redis) -> None:
        line = Limiter(valkey, "account", most_wait=60)
        waits = [line.reserve(THREE) for _ in range(9)]
        # Those of one place come nearer to it while they are handed out.
        assert [round(wait, 1) for wait in waits] == sorted(round(wait, 1) for wait in waits)
        assert [round(wait / THREE.seconds + 0.4) for wait in waits] == [0, 0, 0, 1, 1, 1, 2, 2, 2]

    def test_many_who_come_at_once_share_the_same_places(self, valkey: redis.Redis) -> None:
        lines = [Limiter(valkey, "account") for _ in range(6)]
        waits = together(*(lambda line=line: line.reserve(THREE) for line in lines))
        assert sum(wait == 0 for wait in waits) == 3

    def test_a_line_too_long_is_not_stood_in(self, valkey: redis.Redis) -> None:
        line = Limiter(valkey, "account", most_wait=1)
        for _ in range(3):
            line.reserve(THREE)
        for _ in range(2):  # who was turned away took no place
            with pytest.raises(RateLimited) as caught:
                line.reserve(THREE)
            assert caught.value.retry_at is not None
            assert utc_now() < caught.value.retry_at <= utc_now() + timedelta(seconds=4)

    def test_accounts_and_limits_are_counted_apart(self, valkey: redis.Redis) -> None:
        for _ in range(3):
            Limiter(valkey, "account").reserve(THREE)
        assert Limiter(valkey, "another account").reserve(THREE) == 0
        assert Limiter(valkey, "account").reserve(RateLimit("other", calls=3, seconds=4)) == 0

    def test_what_the_crm_says_of_its_limit_is_taken_over_by_all(self, valkey: redis.Redis) -> None:
        Limiter(valkey, "account").learn(THREE, 5)
        line = Limiter(valkey, "account")
        assert sum(line.reserve(THREE) == 0 for _ in range(6)) == 5
        line.learn(THREE, 2)
        assert line.reserve(THREE) > 0

    def test_nothing_is_kept_longer_than_it_counts(self, valkey: redis.Redis) -> None:
        short = RateLimit("short", calls=2, seconds=0.01)
        line = Limiter(valkey, "account")
        for _ in range(4):
            line.wait(short)
        assert all(int(valkey.pttl(key)) <= 20 for key in valkey.scan_iter("crm-limit:*"))

    def test_a_queue_server_that_is_away_limits_nothing(self) -> None:
        away = connect(load_settings({"redis_url": "redis://127.0.0.1:1"}))
        line = Limiter(away, "account")
        assert [line.reserve(THREE) for _ in range(4)] == [0, 0, 0, 0]
        line.learn(THREE, 5)


ANOTHER_WORKER = """
import json, sys
from dataclasses import replace
from config.redis import connect
from config.settings import load_settings
from jobs.crm.hubspot_client import GENERAL, SEARCH
from jobs.crm.limits import Limiter

line = Limiter(connect(load_settings({"redis_url": sys.argv[1]})), "account", most_wait=3600)
print("ready", flush=True)
sys.stdin.readline()
limits = [replace(limit, seconds=600) for limit in (GENERAL, SEARCH)]
print(json.dumps({each.name: [line.reserve(each) for _ in range(each.calls)].count(0) for each in limits}))
"""


class TestInProcessesOfTheirOwn:
    @pytest.fixture
    def workers(self, valkey: redis.Redis, settings: Settings) -> Iterator[list[Worker]]:
        command = [sys.executable, "-c", ANOTHER_WORKER, settings.redis_url]
        opened = [
            subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        yield opened
        for each in opened:
            each.kill()
            each.communicate()

    def test_two_workers_together_get_no_more_through_than_one_would(self, workers: list[Worker]) -> None:
        assert [each.stdout.readline() for each in workers if each.stdout] == ["ready\n"] * 2
        told = [json.loads(answer) for answer in together(*(lambda each=each: go(each) for each in workers))]
        for limit in (GENERAL, SEARCH):
            # Each asked for as many places as there are: at once there is room for one such worker's.
            assert sum(each[limit.name] for each in told) == limit.calls


def go(worker: Worker) -> str:
    out, _ = worker.communicate("go\n", timeout=30)
    assert worker.returncode == 0
    return out


class TestAgainstAPortalThatCounts:
    def adapters(self, office: PortalOffice, count: int) -> list[HubSpotAdapter]:
        opened = [office.adapter() for _ in range(count)]
        assert all(isinstance(each, HubSpotAdapter) for each in opened)
        return opened  # type: ignore[return-value]  # as just asserted

    def test_workers_who_search_at_once_are_never_refused(self, portal_office: PortalOffice) -> None:
        office = portal_office
        first, *others = self.adapters(office, 4)
        first.count("contacts")  # with this one the token comes
        office.org.control("limits", {"search_per_second": 5})
        together(*(lambda each=each: [each.count("contacts") for _ in range(3)] for each in others))
        searches = [each for each in office.org.journal("call") if each["path"].endswith("/search")]
        assert [each["status"] for each in searches] == [200] * 10

    def test_the_true_limit_is_read_off_the_answers(self, portal_office: PortalOffice) -> None:
        office = portal_office
        office.org.control("limits", {"oauth_burst": 3})
        [adapter] = self.adapters(office, 1)
        ana = office.in_crm("contacts", lastname="Sample")

        def read_on() -> None:
            for _ in range(5):
                adapter.read("contacts", ana, {"jobtitle": "text"})

        with pytest.raises(RateLimited) as caught:
            read_on()
        assert caught.value.code == "OWN_RATE_LIMIT"
        statuses = {each["status"] for each in office.org.journal("call") if "/crm/" in each["path"]}
        assert statuses == {200}
