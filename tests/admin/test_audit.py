"""The audit trail speaks: a sentence for every action that is noted anywhere, and words for what was changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jobs.runtime import Runtime
from tests.admin.site import Visitor, audited
from widget.admin import audit_words
from widget.admin.objects import SWITCHES

ROOT = Path(__file__).parents[2]
NOTING = {"audit", "note", "_note"}
"""What writes to the trail is called one of these, in every module."""
CODE = re.compile(r"[a-z]+\.[a-z_]*")


def written_codes() -> set[str]:
    """The action codes in the source of everything that notes one; `object.` is followed by the name of a switch."""
    found = {code for path in _sources() for code in _codes(ast.parse(path.read_text("utf-8")))}
    return {code for code in found if not code.endswith(".")} | {f"object.{name}" for name in SWITCHES}


def _sources() -> Iterator[Path]:
    for floor in ("jobs", "widget"):
        yield from sorted((ROOT / floor).rglob("*.py"))


def _codes(source: ast.Module) -> Iterator[str]:
    nodes = list(ast.walk(source))
    called = {getattr(each.func, "id", getattr(each.func, "attr", "")) for each in nodes if isinstance(each, ast.Call)}
    if called & NOTING:
        texts = (each.value for each in nodes if isinstance(each, ast.Constant))
        yield from (text for text in texts if isinstance(text, str) and CODE.fullmatch(text))


def test_every_action_that_is_written_anywhere_has_its_words_and_no_words_are_left_over() -> None:
    assert set(audit_words.actions()) == written_codes()


def test_an_entry_says_what_was_done_with_the_code_small_beside_it(admin: Visitor) -> None:
    admin.post("/admin/objects/2/switches/outbound", {"on": "0"})
    page = admin.get("/admin/audit/").text
    assert "Turned changes to the CRM off<br><code>object.outbound</code>" in page
    assert "outbound</strong>" not in page, "the sentence has said it"


def test_rules_are_told_in_the_words_of_their_form(runtime: Runtime, admin: Visitor) -> None:
    admin.post("/admin/objects/2/rules", {"duplicate_handling": "skip"})
    assert audited(runtime)[-1].details["after"] == {"duplicate_handling": "skip"}
    page = admin.get("/admin/audit/").text
    assert "<strong>first meeting of two records</strong>" in page
    assert "both stay as they are" in page
    assert "overwrite_all" not in page


def test_an_action_is_chosen_by_its_words(admin: Visitor) -> None:
    admin.post("/admin/connections/1/switch", {"on": "0"})
    page = admin.get("/admin/audit/?action=connection.switch").text
    assert '<option value="connection.switch" selected>Turned all its syncs on or off</option>' in page
    assert '<option value="connection.create">Added the connection</option>' in page


def test_who_is_to_win_a_conflict_from_now_on_is_named(admin: Visitor) -> None:
    admin.post("/admin/conflicts/1", {"keep": "crm", "always": "1"})
    page = admin.get("/admin/audit/?action=field.conflict_rule").text
    assert "Said who wins every later conflict of the field" in page
    assert "<strong>wins</strong>: the CRM" in page
