"""Conditional headers: one-second resolution, entity tags on Account rows only."""

from __future__ import annotations

import pytest

from tests.support.org_server import Api, OrgServer, error_of

LONG_AGO = "Thu, 01 Jan 2015 00:00:00 GMT"
FAR_AHEAD = "Thu, 01 Jan 2099 00:00:00 GMT"


@pytest.fixture
def ana(org_server: OrgServer) -> str:
    return f"/sobjects/Contact/{org_server.record('Contact')}"


def test_a_read_tells_when_the_record_was_last_modified(api: Api, ana: str) -> None:
    assert api.get(ana).headers["Last-Modified"].endswith(" GMT")


def test_an_unmodified_record_is_304_without_a_body(api: Api, ana: str) -> None:
    seen = api.get(ana).headers["Last-Modified"]
    answer = api.get(ana, headers={"If-Modified-Since": seen})
    assert (answer.status_code, answer.content) == (304, b"")
    assert api.get(ana, headers={"If-Modified-Since": LONG_AGO}).status_code == 200


def test_a_moved_record_is_412_and_nothing_is_written(org_server: OrgServer, api: Api, ana: str) -> None:
    seen = api.get(ana).headers["Last-Modified"]
    org_server.edit("Contact", org_server.record("Contact"), {"Title": "By the rep"}, user="rep")
    answer = api.patch(ana, {"Title": "By us"}, headers={"If-Unmodified-Since": seen})
    assert (answer.status_code, answer.content) == (412, b"")
    assert api.get(ana).json()["Title"] == "By the rep"
    assert len(org_server.writes()) == 1


def test_an_unmoved_record_is_written(api: Api, ana: str) -> None:
    seen = api.get(ana).headers["Last-Modified"]
    assert api.patch(ana, {"Title": "By us"}, headers={"If-Unmodified-Since": seen}).status_code == 204


def test_a_second_edit_within_the_same_second_goes_unseen(org_server: OrgServer, api: Api, ana: str) -> None:
    """The header's resolution is one second: this is what a client has to live with."""
    contact = org_server.record("Contact")
    for _ in range(50):
        org_server.edit("Contact", contact, {"Title": "First"})
        first = api.read("Contact", contact, "LastModifiedDate")["LastModifiedDate"]
        seen = api.get(ana).headers["Last-Modified"]
        org_server.edit("Contact", contact, {"Title": "Second"})
        second = api.read("Contact", contact, "LastModifiedDate")["LastModifiedDate"]
        if first[:19] == second[:19]:
            break
    assert api.patch(ana, {"Title": "By us"}, headers={"If-Unmodified-Since": seen}).status_code == 204


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since"])
@pytest.mark.parametrize("value", ["yesterday", "2026-11-22T05:12:13Z", "Wed, 31 Feb 2026 00:00:00 GMT"])
def test_a_malformed_date_is_refused(api: Api, ana: str, name: str, value: str) -> None:
    assert api.get(ana, headers={name: value}).status_code == 400


def test_reading_with_if_unmodified_since_is_412_when_it_moved(api: Api, ana: str) -> None:
    assert api.get(ana, headers={"If-Unmodified-Since": LONG_AGO}).status_code == 412
    assert api.get(ana, headers={"If-Unmodified-Since": FAR_AHEAD}).status_code == 200


def test_delete_knows_no_conditions(api: Api, ana: str) -> None:
    assert api.delete(ana, headers={"If-Unmodified-Since": LONG_AGO}).status_code == 204


def test_a_system_bump_is_no_modification(org_server: OrgServer, api: Api, ana: str) -> None:
    before = api.get(ana)
    org_server.control("system_touch", {"object": "Contact", "id": org_server.record("Contact")})
    after = api.get(ana)
    assert after.headers["Last-Modified"] == before.headers["Last-Modified"]
    assert after.json()["SystemModstamp"] > before.json()["SystemModstamp"]


class TestEntityTags:
    def test_only_accounts_have_one(self, org_server: OrgServer, api: Api, ana: str) -> None:
        assert "ETag" in api.get(f"/sobjects/Account/{org_server.record('Account')}").headers
        assert "ETag" not in api.get(ana).headers

    def test_a_known_account_is_304_and_a_moved_one_412(self, org_server: OrgServer, api: Api) -> None:
        account = f"/sobjects/Account/{org_server.record('Account')}"
        tag = api.get(account).headers["ETag"]
        assert api.get(account, headers={"If-None-Match": tag}).status_code == 304
        assert api.patch(account, {"Phone": "1"}, headers={"If-Match": tag}).status_code == 204
        assert api.get(account, headers={"If-None-Match": tag}).status_code == 200
        assert api.patch(account, {"Phone": "2"}, headers={"If-Match": tag}).status_code == 412

    def test_on_other_objects_the_header_is_ignored(self, api: Api, ana: str) -> None:
        assert api.patch(ana, {"Title": "X"}, headers={"If-Match": '"other"'}).status_code == 204


class TestDescribe:
    def test_an_unchanged_describe_is_304(self, api: Api) -> None:
        seen = api.get("/sobjects/Contact/describe").headers["Last-Modified"]
        answer = api.get("/sobjects/Contact/describe", headers={"If-Modified-Since": seen})
        assert (answer.status_code, answer.content) == (304, b"")

    def test_a_permission_change_moves_it(self, org_server: OrgServer, api: Api) -> None:
        seen = api.get("/sobjects/Contact/describe").headers["Last-Modified"]
        org_server.control("permissions", {"user": "rep", "fields": {"Contact.Fax": "hidden"}})
        answer = api.get("/sobjects/Contact/describe", headers={"If-Modified-Since": seen})
        assert answer.status_code == 200

    def test_a_malformed_date_is_refused(self, api: Api) -> None:
        assert error_of(api.get("/sobjects/Contact/describe", headers={"If-Modified-Since": "soon"}))[0] == 400


def test_conditions_work_inside_a_composite(org_server: OrgServer, api: Api, ana: str) -> None:
    """One call writes and reads back, and the write happens only if nobody was faster."""
    answers = api.composite(
        {"url": ana, "method": "PATCH", "body": {"Title": "X"}, "httpHeaders": {"If-Unmodified-Since": LONG_AGO}},
        {"url": ana + "?fields=Title"},
        {"url": "/sobjects/Contact/describe", "httpHeaders": {"If-Modified-Since": FAR_AHEAD}},
    )
    assert [each["httpStatusCode"] for each in answers] == [412, 200, 304]
    assert [answers[0]["body"], answers[2]["body"]] == [None, None]
    assert answers[1]["body"]["Title"] == "Chief of Staff"
    assert org_server.writes() == []
