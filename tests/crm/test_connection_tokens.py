"""The connection's own token: fetched at its first use, renewed once, kept sealed, never told."""

from __future__ import annotations

import io
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from config.logging import configure_logging
from jobs.crm.adapters import open_adapter
from jobs.models.connection import ACTIVE, BROKEN
from tests.support.office import Office
from tests.support.together import together

FIELDS = {"Title": "text"}


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com")


@pytest.fixture
def logs(office: Office) -> Iterator[io.StringIO]:
    """Everything that is logged while the test runs, as in production, at its most talkative."""
    root, structure = logging.getLogger(), structlog.get_config()
    before, level = list(root.handlers), root.level
    root.handlers = []
    settings = office.runtime.settings.model_copy(update={"log_level": "DEBUG", "log_format": "json"})
    configure_logging(settings, process="worker")
    written = io.StringIO()
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(written)
    yield written
    root.handlers, root.level = before, level
    structlog.configure(**structure)


def token_calls(office: Office) -> int:
    return sum(each["path"].endswith("/oauth2/token") for each in office.org.journal("call"))


def stored_token(office: Office) -> str:
    return office.runtime.vault.open(office.connection.access_token_sealed)


class TestLife:
    def test_the_first_call_fetches_one_and_the_next_uses_it(self, office: Office, ana: str) -> None:
        assert office.connection.access_token_sealed == ""
        office.adapter().read("Contact", ana, FIELDS)
        office.adapter().read("Contact", ana, FIELDS)
        assert token_calls(office) == 1
        assert office.connection.token_version == 1

    def test_one_that_ended_is_renewed_once_and_the_call_repeated(self, office: Office, ana: str) -> None:
        adapter = office.adapter()
        adapter.read("Contact", ana, FIELDS)
        office.org.control("expire_tokens", {})
        assert adapter.read("Contact", ana, FIELDS).record_id == ana
        assert (token_calls(office), office.connection.token_version) == (2, 2)

    def test_another_workers_renewal_is_used_instead_of_a_second_one(self, office: Office, ana: str) -> None:
        early, late = office.adapter(), office.adapter()
        early.read("Contact", ana, FIELDS)
        late = open_adapter(office.runtime, office.connection)
        office.org.control("expire_tokens", {})
        early.read("Contact", ana, FIELDS)
        late.read("Contact", ana, FIELDS)
        assert token_calls(office) == 2

    def test_many_that_meet_an_ended_token_at_once_renew_it_once(self, each_office: Office) -> None:
        office = each_office
        ana = office.in_crm("Contact", LastName="Sample")
        office.adapter().read("Contact", ana, FIELDS)
        adapters = [office.adapter() for _ in range(8)]
        office.org.control("expire_tokens", {})
        rows = together(*(lambda adapter=adapter: adapter.read("Contact", ana, FIELDS) for adapter in adapters))
        assert [row.record_id for row in rows] == [ana] * 8
        assert (token_calls(office), office.connection.token_version) == (2, 2)

    def test_one_that_is_refused_again_and_again_is_not_renewed_for_ever(self, office: Office, ana: str) -> None:
        office.warm("Contact")
        body = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
        office.org.fault("status", "queryAll", status=401, body=body, count=None)
        told = office.sync("Contact", ana)
        assert (told.status, told.code) == ("failed", "CONNECTION_BROKEN")
        assert token_calls(office) == 2


class TestSecrecy:
    def test_no_token_or_secret_is_in_the_database_file_as_it_is(self, office: Office, ana: str) -> None:
        office.sync("Contact", ana)
        office.org.control("expire_tokens", {})
        office.sync("Contact", ana)
        token = stored_token(office)
        assert token.startswith("00D")
        file = Path(office.runtime.settings.database_url.removeprefix("sqlite:///"))
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        stored = b"".join(each.read_bytes() for each in file.parent.glob(file.name + "*"))
        assert ana.encode() in stored
        for secret in (token, token.partition("!")[2], office.org.credentials["client_secret"]):
            assert secret.encode() not in stored

    @pytest.mark.parametrize(
        "trouble", ["none", "drop", "half_body", "status", "expire_tokens", "rate_limit", "bad secret", "wrong host"]
    )
    def test_nothing_secret_is_logged_whatever_happens(
        self, office: Office, ana: str, logs: io.StringIO, trouble: str
    ) -> None:
        office.sync("Contact", ana)
        token = stored_token(office)
        if trouble == "bad secret":
            sealed = office.runtime.vault.seal("a-wrong-client-secret")
            office.set_connection(client_secret_sealed=sealed, access_token_sealed="")
        elif trouble == "wrong host":
            office.org.fault("status", "/data/", status=302, headers={"Location": "http://127.0.0.1:9/"}, count=None)
        elif trouble != "none":
            office.org.fault(trouble, "/data/", count=3, **({"status": 500} if trouble == "status" else {}))
        office.sync("Contact", ana)
        logging.getLogger("somebody").debug("the log is being listened to")
        said = logs.getvalue()
        assert "listened" in said
        secrets = {token, token.partition("!")[2], stored_token(office), office.org.credentials["client_secret"]}
        for secret in (secrets - {""}) | {"a-wrong-client-secret"}:
            assert secret not in said

    def test_personal_values_stay_out_of_the_log_too(self, office: Office, ana: str, logs: io.StringIO) -> None:
        office.edit(ana, Title="A private matter")
        office.sync("Contact", ana)
        office.org.fault("half_body", "queryAll", count=3)
        office.sync("Contact", ana)
        for private in ("A private matter", "ana@example.com"):
            assert private not in logs.getvalue()


class TestBrokenAndMended:
    def break_it(self, office: Office) -> None:
        sealed = office.runtime.vault.seal("not the secret")
        office.set_connection(client_secret_sealed=sealed, access_token_sealed="")

    def mend_it(self, office: Office) -> None:
        sealed = office.runtime.vault.seal(office.org.credentials["client_secret"])
        office.set_connection(client_secret_sealed=sealed)

    def test_wrong_credentials_break_the_connection_and_say_what_to_do(self, office: Office, ana: str) -> None:
        self.break_it(office)
        told = office.sync("Contact", ana)
        assert (told.status, told.code) == ("failed", "CONNECTION_BROKEN")
        assert "An admin can mend it" in told.entry.remedy
        connection = office.connection
        assert (connection.state, connection.broken_code) == (BROKEN, "invalid_client")
        assert connection.broken_message
        assert connection.broken_at is not None
        assert token_calls(office) == 1

    def test_the_next_click_tries_anew_and_a_success_mends_it(self, office: Office, ana: str) -> None:
        self.break_it(office)
        office.sync("Contact", ana)
        self.mend_it(office)
        assert office.sync("Contact", ana).outcome == "created"
        connection = office.connection
        assert (connection.state, connection.broken_code, connection.broken_message) == (ACTIVE, "", "")
        assert connection.broken_at is None

    def test_a_success_with_the_token_at_hand_mends_it_too(self, office: Office, ana: str) -> None:
        """What broke it need not have been the token."""
        office.warm("Contact")
        body = [{"message": "The REST API is not enabled.", "errorCode": "API_DISABLED_FOR_ORG"}]
        office.org.fault("status", "queryAll", status=403, body=body)
        assert office.sync("Contact", ana).code == "CONNECTION_BROKEN"
        assert office.connection.state == BROKEN
        assert office.sync("Contact", ana).outcome == "created"
        assert office.connection.state == ACTIVE

    def test_secrets_sealed_with_a_lost_key_say_so(self, office: Office, ana: str) -> None:
        office.set_connection(access_token_sealed="gAAAAABsealed-with-another-key")
        told = office.sync("Contact", ana)
        assert (told.status, told.code, told.calls) == ("failed", "ENCRYPTION_KEY", [])
        assert "ENCRYPTION_KEYS" in told.entry.remedy

    def test_a_token_endpoint_that_is_down_breaks_nothing(self, office: Office, ana: str) -> None:
        office.org.fault("status", "oauth2/token", status=503)
        told = office.sync("Contact", ana)
        assert (told.status, office.connection.state) == ("queued", ACTIVE)
        assert office.again(told).outcome == "created"

    def test_a_renewal_that_died_is_taken_over_by_the_next(self, office: Office, ana: str) -> None:
        office.org.fault("drop", "oauth2/token")
        assert office.sync("Contact", ana).status == "queued"
        assert office.connection.refreshing_until is None
