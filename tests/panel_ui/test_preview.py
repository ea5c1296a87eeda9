"""What would change, looked at before the click; and which of two values is to stay, chosen with one."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.panel_ui.conftest import OpenPanel
from tests.panel_ui.gallery import Gallery
from tests.panel_ui.test_states import serious_findings

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_in_place_and_can_be_read(open_panel: OpenPanel, complaints: list[str], scheme: str) -> None:
    page = open_panel("differs", scheme=scheme)
    page.get_by_role("button", name="Preview what would change").click()
    expect(page.get_by_role("heading", name="2 fields would change here")).to_be_visible()
    expect(page.locator("#preview li").first).to_contain_text("Job title")
    groups = page.locator("#preview h3")
    expect(groups).to_have_text(["Here", "In Salesforce", "Changed on both sides", "Would stay different"])
    assert serious_findings(page) == []
    assert complaints == []


def test_a_sync_says_which_preview_was_looked_at(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.gate.set()
    page = open_panel("differs")
    page.get_by_role("button", name="Preview what would change").click()
    expect(page.locator("#preview li")).to_have_count(5)
    page.get_by_role("button", name="Sync this record", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Done")
    assert "0" * 64 in [form.get("previewed") for form in gallery.forms]
    expect(page.locator("#preview li")).to_have_count(0)


def test_a_sync_without_a_preview_speaks_of_none(
    open_panel: OpenPanel, gallery: Gallery, complaints: list[str]
) -> None:
    gallery.gate.set()
    page = open_panel("differs")
    page.get_by_role("button", name="Sync this record", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Done")
    assert all("previewed" not in form for form in gallery.forms)
    assert complaints == []


def test_a_conflict_shows_both_values_with_their_authors_and_takes_one_click(
    open_panel: OpenPanel, gallery: Gallery, complaints: list[str]
) -> None:
    page = open_panel("conflict")
    group = page.get_by_role("group", name="Job title: which value to keep")
    expect(group).to_contain_text("Sample Rep")
    expect(group).to_contain_text("Sample Admin")
    group.get_by_label("Always do this for Job title").check()
    group.get_by_role("button", name="Keep ours").click()
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
    assert gallery.count("POST /panel/conflicts/5") == 1
    assert {"keep": "local", "always": "1", "shown": "a stamp"} in gallery.forms
    assert complaints == []
