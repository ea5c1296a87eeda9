"""The layout does not jump: the button keeps its place through every state, the rows through the usual ones."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.panel_ui import samples
from tests.panel_ui.conftest import OpenPanel
from tests.panel_ui.gallery import Gallery

pytestmark = pytest.mark.browser

ORDINARY = [name for name in samples.states() if name != "hostile"]
# What a sync that goes well passes through, and what is found before and after it.
USUAL = ["never", "in_step", "differs", "queued", *(n for n in ORDINARY if n.startswith("running")), "done", "nothing"]
BUTTON = ["#sync"]
PLACES = ["#sync", ".talk", "#fields .bar", *(f".row:nth-child({number})" for number in range(1, 7))]
MEASURE = """places => places.map(place => {
  const { x, y, width, height } = document.querySelector(place).getBoundingClientRect()
  return [x, y, width, height]
})"""


BESIDE = [place for place in PLACES if place != ".talk"]


def boxes_at(page: Page, widths: list[int], places: list[str] = PLACES) -> dict[int, list[list[float]]]:
    """Where each place is (x, y, width, height), by the width of the frame."""
    measured = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 700})
        measured[width] = page.evaluate(MEASURE, places)
    return measured


@pytest.mark.parametrize(("crm", "widths"), [("salesforce", [300, 320, 480]), ("hubspot", [320, 480])])
def test_in_one_column_nothing_moves_while_all_goes_well(open_panel: OpenPanel, crm: str, widths: list[int]) -> None:
    at_first = boxes_at(open_panel("in_step", crm), widths)
    for name in USUAL:
        assert boxes_at(open_panel(name, crm), widths) == at_first, name


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_button_keeps_its_place_through_every_state(open_panel: OpenPanel, crm: str) -> None:
    at_first = boxes_at(open_panel("in_step", crm), [320], BUTTON)
    for name in ORDINARY:
        assert boxes_at(open_panel(name, crm), [320], BUTTON) == at_first, name


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_side_by_side_no_row_moves_from_state_to_state(open_panel: OpenPanel, crm: str) -> None:
    at_first = boxes_at(open_panel("in_step", crm), [700, 1000], BESIDE)
    for name in ORDINARY:
        assert boxes_at(open_panel(name, crm), [700, 1000], BESIDE) == at_first, name


def test_from_700_pixels_the_fields_stand_beside_the_button(open_panel: OpenPanel, window: Page) -> None:
    for width, beside in ((699, False), (700, True)):
        window.set_viewport_size({"width": width, "height": 700})
        page = open_panel("in_step")
        button, rows = page.locator("#sync").bounding_box(), page.locator("#fields").bounding_box()
        assert button is not None
        assert rows is not None
        assert (rows["x"] > button["x"] + button["width"]) is beside


@pytest.mark.parametrize(("width", "places"), [(320, BUTTON), (1000, BESIDE)])
def test_trouble_moves_no_button_either(open_panel: OpenPanel, gallery: Gallery, width: int, places: list[str]) -> None:
    page = open_panel("differs", host="https://host.example.com")
    at_first = boxes_at(page, [width], places)
    button = page.get_by_role("button", name="Sync this record", exact=True)
    page.context.set_offline(True)
    button.click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert boxes_at(page, [width], places) == at_first
    page.context.set_offline(False)
    gallery.expire_token()
    gallery.capped = True
    button.click()
    expect(page.get_by_role("button", name="Reload this panel")).to_be_visible()
    assert boxes_at(page, [width], places) == at_first
