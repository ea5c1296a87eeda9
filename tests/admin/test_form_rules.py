"""What people paste as an org's address, and where it leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from widget.admin.connection_form import my_domain_url


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
