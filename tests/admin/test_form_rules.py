"""What people paste as an org's address, and where it leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from widget.admin.connection_form import addresses, my_domain_url


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"data_dir": tmp_path, "trusted_crm_hosts": ("localhost:8001",)})


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("https://sample.my.salesforce.com", "https://sample.my.salesforce.com"),
        ("sample.my.salesforce.com", "https://sample.my.salesforce.com"),
        ("https://Sample.My.Salesforce.com/", "https://sample.my.salesforce.com"),
        ("https://sample.my.salesforce.com/lightning/page/home?x=1#y", "https://sample.my.salesforce.com"),
        ("https://sample--test.sandbox.my.salesforce.com", "https://sample--test.sandbox.my.salesforce.com"),
        ("https://sample.lightning.force.com/lightning/o/Contact/list", "https://sample.my.salesforce.com"),
        ("http://localhost:8001/", "http://localhost:8001"),
        ("localhost:8001", "http://localhost:8001"),
    ],
)
def test_an_address_is_taken_as_people_paste_it(settings: Settings, typed: str, asked: str) -> None:
    assert my_domain_url(typed, settings) == asked


@pytest.mark.parametrize("typed", ["http://localhost:8002", "https://a@sample.my.salesforce.com", "x" * 5000])
def test_anything_else_is_refused(settings: Settings, typed: str) -> None:
    with pytest.raises(ValueError, match="My Domain"):
        my_domain_url(typed, settings)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", []),
        (" \n ", []),
        ("ana@example.com", ["ana@example.com"]),
        ("Ana@Example.com\nben@example.org", ["ana@example.com", "ben@example.org"]),
        ("ana@example.com, ben@example.org;ana@example.com\r\n", ["ana@example.com", "ben@example.org"]),
    ],
)
def test_people_are_named_by_their_addresses_however_they_are_set_apart(typed: str, kept: list[str]) -> None:
    assert addresses(typed) == kept


@pytest.mark.parametrize(
    "typed", ["ana", "ana@example.com ben", "@example.com", "<ana@example.com>", "a@b@example.com"]
)
def test_what_is_no_address_is_named(typed: str) -> None:
    with pytest.raises(ValueError, match="is not an email address"):
        addresses(typed)
