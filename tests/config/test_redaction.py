"""Secrets never reach a log, whatever they are called and wherever they stand."""

from __future__ import annotations

import pytest

from config.redaction import HIDDEN, redact, redact_text

SECRET = "hunter2hunter2"
TEXTS = [
    f"Authorization: Bearer {SECRET}",
    f"authorization: OAuth {SECRET}",
    f"GET /launch/salesforce/lwc?token={SECRET}&x=1",
    f"POST body signed_request={SECRET}",
    f"https://org.example.com/services/oauth2/token?code={SECRET}&state=1",
    f"client_id=abc&client_secret={SECRET}",
    f'{{"access_token": "{SECRET}", "id": 1}}',
    f"{{'refresh_token': '{SECRET}'}}",
    f'{{"locationUrl": "https://org.example.com/?x={SECRET}"}}',
    f"postgresql+psycopg://app:{SECRET}@db:5432/widget",
    f"redis://:{SECRET}@queue:6379/0",
    f"failed for 00D5g000001abcdEAA!{SECRET}.x_y",
    f"jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhYmMifQ.{SECRET}",
    f"X-Api-Key=1 api_key={SECRET}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_inside_a_text_is_replaced(text: str) -> None:
    hidden = redact_text(text)

    assert SECRET not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize(
    "text",
    [
        "Salesforce refused the phone number: it must be shorter than 40 characters.",
        "error code REQUIRED_FIELD_MISSING",
        "https://org.example.com/lightning/r/Contact/0035g00000abcdEAAQ/view",
        '{"errorCode": "INVALID_FIELD", "fields": ["Phone"]}',
        "errorcode=DUPLICATE_VALUE",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact_text(text) == text


def test_what_stands_under_a_secret_name_is_replaced_all_the_way_down() -> None:
    event = {
        "run_id": 7,
        "headers": {"Authorization": SECRET, "Set-Cookie": SECRET, "Accept": "text/html"},
        "attempts": [{"client_secret": SECRET}, {"assertion": SECRET.encode()}],
        "url": f"/panel?ticket={SECRET}",
    }

    hidden = redact(event)

    assert SECRET not in str(hidden)
    assert hidden["run_id"] == 7
    assert hidden["headers"]["Accept"] == "text/html"


def test_numbers_and_gaps_are_not_secrets() -> None:
    assert redact({"token_seconds": 300, "token": None, "has_secret": True}) == {
        "token_seconds": 300,
        "token": None,
        "has_secret": True,
    }
