"""The install guides name the fields of our forms as the forms do; the pictures in the guides are taken here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.admin_area import AdminArea
from tests.browser.demo import Demo

DOCS = Path(__file__).parents[2] / "docs"
HEAD = "| field in CRM Sync |"


@pytest.mark.parametrize(
    ("guide", "table", "path", "part"),
    [
        ("salesforce", 0, "connections/new/salesforce", "Access to Salesforce"),
        ("salesforce", 1, "connections/{salesforce}/edit", "The panel in Salesforce"),
        ("hubspot", 0, "connections/connect/hubspot", ""),
    ],
    ids=["connect-salesforce", "apex-launches", "connect-hubspot"],
)
def test_each_field_that_a_guide_tells_to_fill_in_is_on_the_page_it_speaks_of(
    demo: Demo, admin: AdminArea, guide: str, table: int, path: str, part: str, request: pytest.FixtureRequest
) -> None:
    admin.go(path.format(salesforce=demo.credentials["connection_id"]))
    here = admin.page.get_by_role("group", name=part) if part else admin.page.locator("main")
    labels = fields_of(guide)[table]
    assert labels
    for label in labels:
        expect(here.get_by_label(re.compile(f"^{re.escape(label)}"))).to_be_visible()
    admin.picture(f"guide-{request.node.callspec.id}", here)


def fields_of(guide: str) -> list[list[str]]:
    """The first column of each table of fields in a guide, in order."""
    tables: list[list[str]] = []
    inside = False
    for line in (DOCS / f"install-{guide}.md").read_text(encoding="utf-8").splitlines():
        if line.startswith(HEAD):
            tables.append([])
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            tables[-1].append(line.split("|")[1].strip())
    return tables
