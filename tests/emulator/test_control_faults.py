"""Faults to order, on the real socket where it matters."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from tests.support.org_server import BASE, Api, OrgServer, error_of


@pytest.fixture
def ana(org_server: OrgServer) -> str:
    return f"/sobjects/Contact/{org_server.record('Contact')}"


def title(api: Api, ana: str) -> str:
    return str(api.get(ana + "?fields=Title").json()["Title"])


def test_a_status_strikes_as_often_as_ordered(org_server: OrgServer, api: Api) -> None:
    org_server.fault("status", "/limits", status=503, count=2)
    assert [api.get("/limits").status_code for _ in range(3)] == [503, 503, 200]
    assert [call["fault"] for call in org_server.journal("call")] == ["status", "status", None]


def test_body_and_headers_of_a_status_can_be_ordered(org_server: OrgServer, api: Api) -> None:
    org_server.fault("status", "/limits", status=429, headers={"Retry-After": "7"}, body={"any": "thing"})
    answer = api.get("/limits")
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (429, "7", {"any": "thing"})


def test_a_rate_limit_is_the_orgs_own_refusal(org_server: OrgServer, api: Api) -> None:
    org_server.fault("rate_limit")
    answer = api.get("/limits")
    assert error_of(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert "Sforce-Limit-Info" in answer.headers


def test_a_method_narrows_the_match(org_server: OrgServer, api: Api, ana: str) -> None:
    org_server.fault("status", "/sobjects/Contact/", method="PATCH", status=500)
    assert api.get(ana).status_code == 200
    assert api.patch(ana, {"Title": "X"}).status_code == 500


def test_a_match_looks_into_composites(org_server: OrgServer, api: Api, ana: str) -> None:
    org_server.fault("status", "/sobjects/Contact/", method="PATCH", status=500)
    parts = [{"method": "PATCH", "url": BASE + ana, "referenceId": "r", "body": {"Title": "X"}}]
    assert api.post("/composite", {"compositeRequest": parts}).status_code == 500
    assert org_server.writes() == []


def test_a_match_sees_the_query_text(org_server: OrgServer, api: Api) -> None:
    org_server.fault("status", "SELECT Name", status=500)
    assert api.query("SELECT Id FROM Contact LIMIT 1").status_code == 200
    assert api.query("SELECT Name FROM Contact LIMIT 1").status_code == 500


def test_a_drop_closes_before_anything_is_done(org_server: OrgServer, api: Api, ana: str) -> None:
    org_server.fault("drop", "/Contact/")
    with pytest.raises(requests.ConnectionError):
        api.patch(ana, {"Title": "X"})
    assert org_server.writes() == []
    assert title(api, ana) == "Chief of Staff"


def test_a_lost_response_has_been_written(org_server: OrgServer, api: Api, ana: str) -> None:
    org_server.fault("lose_response", "/Contact/", method="PATCH")
    with pytest.raises(requests.ConnectionError):
        api.patch(ana, {"Title": "Written"})
    assert title(api, ana) == "Written"
    [write] = org_server.writes()
    assert write["new"] == {"Title": "Written"}
    call = next(entry for entry in org_server.journal("call") if entry["seq"] == write["call_seq"])
    assert call["fault"] == "lose_response"


def test_half_a_body_ends_in_the_middle(org_server: OrgServer, api: Api, ana: str) -> None:
    org_server.fault("half_body", "/Contact/")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        api.get(ana)
    assert api.get(ana).status_code == 200


def test_a_hang_answers_nothing_in_time(org_server: OrgServer, api: Api, ana: str) -> None:
    org_server.fault("hang", "/Contact/", seconds=1.5)
    with pytest.raises(requests.Timeout):
        api.get(ana, timeout=0.3)
    org_server.fault("hang", "/Contact/", seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        api.get(ana)


def test_latency_is_waited_for(org_server: OrgServer, api: Api, ana: str) -> None:
    org_server.fault("latency", "/Contact/", seconds=0.4)
    with pytest.raises(requests.Timeout):
        api.get(ana, timeout=0.1)
    org_server.fault("latency", "/Contact/", seconds=0.1)
    assert api.get(ana).status_code == 200


def test_tokens_expire_in_the_middle(org_server: OrgServer, api: Api, ana: str) -> None:
    assert api.get(ana).status_code == 200
    org_server.fault("expire_tokens", "/Contact/")
    assert error_of(api.get(ana)) == (401, "INVALID_SESSION_ID")
    assert error_of(api.get(ana)) == (401, "INVALID_SESSION_ID")
    assert org_server.api().get(ana).status_code == 200


def test_a_locked_row_cannot_be_written_for_a_while(org_server: OrgServer, api: Api, ana: str) -> None:
    org_server.fault("lock_rows", ids=[org_server.record("Contact")], seconds=600)
    answer = api.patch(ana, {"Title": "X"})
    assert error_of(answer) == (400, "UNABLE_TO_LOCK_ROW")
    assert "unable to obtain exclusive access" in answer.json()[0]["message"]
    assert api.get(ana).status_code == 200
    org_server.control("faults", method="DELETE")
    assert api.patch(ana, {"Title": "X"}).status_code == 204


def test_a_late_commit_is_invisible_until_it_appears_with_its_early_stamp(
    org_server: OrgServer, api: Api, ana: str
) -> None:
    org_server.fault("late_commit", "/Contact/", method="PATCH", seconds=3)
    writing = threading.Thread(target=lambda: api.patch(ana, {"Title": "Late"}))
    reader = org_server.api()
    began = time.time()
    writing.start()
    assert title(reader, ana) == "Chief of Staff"
    writing.join()
    row = reader.get(ana).json()
    assert row["Title"] == "Late"
    stamped = time.mktime(time.strptime(row["SystemModstamp"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    assert stamped <= began + 1
    [write] = org_server.writes()
    assert write["new"] == {"Title": "Late"}


def test_ordered_faults_can_be_listed_and_cleared(org_server: OrgServer, api: Api) -> None:
    number = org_server.fault("status", "/limits", status=500, count=3)
    api.get("/limits")
    [listed] = org_server.control("faults", method="GET")["faults"]
    assert (listed["id"], listed["remaining"], listed["status"]) == (number, 2, 500)
    org_server.control("faults", method="DELETE")
    assert api.get("/limits").status_code == 200


def test_an_endless_fault_strikes_until_cleared(org_server: OrgServer, api: Api) -> None:
    org_server.fault("status", "/limits", status=500, count=None)
    assert {api.get("/limits").status_code for _ in range(5)} == {500}


@pytest.mark.parametrize(
    "order",
    [{}, {"kind": "earthquake"}, {"kind": "drop", "match": "("}, {"kind": "drop", "count": 0}, {"kind": "lock_rows"}],
)
def test_a_senseless_order_is_refused(org_server: OrgServer, order: dict[str, object]) -> None:
    answer = requests.post(f"{org_server.url}/_emulator/faults", json=order, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
