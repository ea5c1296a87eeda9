"""The app's card on a record page, in a real browser, against our real server: look, one click, Details."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from sqlalchemy import select

from jobs.models import SyncRun
from tests.support.portal_stage import PortalStage
from tests.support.processes import eventually
from tests.support.served_stage import WebServer

pytestmark = pytest.mark.browser


class RecordPage:
    """A person of the portal looks at Ana Sample, or at another record."""

    def __init__(self, page: Page, stage: PortalStage) -> None:
        self.page = page
        self.stage = stage
        self.errors: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, object_name: str = "contacts", **query: str) -> None:
        tail = "&".join(f"{name}={value}" for name, value in query.items())
        self.page.goto(f"{self.stage.org.credentials['records'][object_name]['page']}?{tail}")
        expect(self.card.get_by_role("button", name="Refresh")).to_be_enabled()

    @property
    def card(self) -> Any:
        return self.page.get_by_role("region", name="CRM Sync")

    @property
    def properties(self) -> Any:
        return self.page.locator("#properties")

    def sync(self) -> None:
        """The one click; a worker does what it started, and the card follows it to its end."""
        self.card.get_by_role("button", name="Sync this record").click()
        assert eventually(self.stage.has_work)
        self.stage.work()
        expect(self.card.get_by_role("button", name="Sync this record")).to_be_enabled()


@pytest.fixture
def record(browser: Browser, served_stage: PortalStage) -> Iterator[RecordPage]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    record = RecordPage(context.new_page(), served_stage)
    yield record
    context.close()
    assert record.errors == []


def runs(stage: PortalStage) -> list[SyncRun]:
    with stage.runtime.database.read() as session:
        return list(session.scalars(select(SyncRun).order_by(SyncRun.id)))


def card_calls(stage: PortalStage) -> list[tuple[str, int, int | None]]:
    return [(each["path"], each["attempt"], each["status"]) for each in stage.org.journal("card")]


def test_one_click_syncs_the_record(record: RecordPage) -> None:
    record.open()
    expect(record.card).to_contain_text("Email")
    record.sync()
    [run] = runs(record.stage)
    ana = record.stage.org.record("contacts")
    assert (run.requested_by, run.object, run.crm_record_id, run.status) == (
        record.stage.user("rep")["email"],
        "contacts",
        ana,
        "succeeded",
    )
    expect(record.card.locator(".status")).to_have_class("status success")
    assert ("/launch/hubspot/sync", 1, 200) in card_calls(record.stage)


def test_details_open_our_panel_in_a_window_and_closing_it_looks_again(record: RecordPage) -> None:
    record.open()
    record.card.get_by_role("button", name="Details").click()
    modal = record.page.get_by_role("dialog", name="CRM Sync")
    panel = modal.frame_locator("iframe")
    expect(panel.get_by_role("button", name="Sync this record")).to_be_visible()
    looks = len(card_calls(record.stage))
    modal.get_by_role("button", name="Close").click()
    expect(modal).to_be_hidden()
    assert eventually(lambda: len(card_calls(record.stage)) == looks + 1)


def test_a_page_in_the_window_can_have_it_closed_and_no_other_can(record: RecordPage) -> None:
    record.open()
    record.card.get_by_role("button", name="Details").click()
    modal = record.page.get_by_role("dialog", name="CRM Sync")
    expect(modal.frame_locator("iframe").get_by_role("button", name="Sync this record")).to_be_visible()
    done = "window.top.postMessage(JSON.stringify({action: 'DONE'}), '*')"
    record.page.evaluate(done)
    expect(modal).to_be_visible()
    record.page.frames[1].evaluate(done)
    expect(modal).to_be_hidden()


def test_an_edit_in_place_is_made_by_the_viewer_and_the_card_finds_it(record: RecordPage) -> None:
    record.open(**{"as": "limited_rep"})
    record.sync()
    record.properties.get_by_role("link", name="Edit Job Title").click()
    field = record.page.get_by_label("Job Title", exact=True)
    expect(field).to_be_focused()
    field.fill("Changed in the browser")
    record.page.get_by_role("button", name="Save").click()
    expect(record.page.get_by_role("status")).to_contain_text("Job Title was saved")
    expect(record.properties).to_contain_text("Changed in the browser")
    record.card.get_by_role("button", name="Refresh").click()
    expect(record.card).to_contain_text("HubSpot: Changed in the browser")
    written = record.stage.org.writes()[-1]
    assert written["source"] == {"type": "CRM_UI", "id": f"userId:{record.stage.user('limited_rep')['id']}"}


def test_who_is_not_on_the_list_is_told_and_gets_no_button(record: RecordPage) -> None:
    record.stage.change_connection(allowed_emails=[record.stage.user("rep")["email"]])
    record.open(**{"as": "limited_rep"})
    expect(record.card.get_by_role("alert")).to_contain_text("not on the list")
    expect(record.card.get_by_role("button", name="Sync this record")).to_be_hidden()
    expect(record.card.get_by_role("button", name="Details")).to_be_disabled()
    record.open(**{"as": "rep"})
    expect(record.card.get_by_role("button", name="Sync this record")).to_be_enabled()


def test_a_click_whose_answer_is_lost_is_repeated_and_starts_one_run(record: RecordPage, web_server: WebServer) -> None:
    record.open()
    web_server.app = losing_one_answer(record.stage.app, "/launch/hubspot/sync")
    record.sync()
    clicks = [each for each in card_calls(record.stage) if each[0] == "/launch/hubspot/sync"]
    assert [attempt for _, attempt, _ in clicks] == [1, 2]
    assert [status for _, _, status in clicks] == [503, 200]
    assert [each.status for each in runs(record.stage)] == ["succeeded"]


def test_our_server_away_is_told_in_plain_words(record: RecordPage, web_server: WebServer) -> None:
    record.open()
    web_server.app = None
    record.card.get_by_role("button", name="Refresh").click()
    expect(record.card.get_by_role("alert")).to_contain_text("does not answer right now")
    expect(record.card).to_contain_text("Email")
    web_server.app = record.stage.app
    record.card.get_by_role("button", name="Refresh").click()
    expect(record.card.get_by_role("alert")).to_be_hidden()
    record.errors.clear()  # the browser's own word for the 502


@pytest.mark.parametrize(("width", "query"), [(390, {"edit": "jobtitle"}), (1440, {"placement": "tab"})])
def test_the_pages_are_accessible_and_never_wider_than_the_screen(
    record: RecordPage, width: int, query: dict[str, str]
) -> None:
    record.page.set_viewport_size({"width": width, "height": 900})
    record.open(**query)
    assert_accessible(record.page)
    record.page.goto(record.stage.org.url + "/")
    assert_accessible(record.page)


def assert_accessible(page: Page) -> None:
    found = Axe().run(page, options={"iframes": False}).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def losing_one_answer(app: Any, path: str) -> Callable[..., Iterable[bytes]]:
    """Our server, behind something that carries the first call through and loses its answer."""
    lost: list[str] = []

    def through(environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != path or lost:
            answer: Iterable[bytes] = app(environ, start_response)
            return answer
        lost.append(path)
        list(app(environ, lambda *_: None))
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return [b""]

    return through
