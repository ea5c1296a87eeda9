"""No page of ours speaks of an address that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound

from config.gunicorn import PROBES
from config.settings import load_settings
from jobs.runtime import open_runtime
from widget.app import build_app
from widget.errors import JSON_PATHS

DOCUMENTS = Path(__file__).parents[2] / "docs"
_ADDRESS = re.compile(r"`(?:GET |POST )?(/(?:healthz|readyz|metrics|api|admin|panel|launch|webhooks)[a-z/]*)`")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every address there is, as a rule; nothing is connected to for it."""
    settings = load_settings({"data_dir": tmp_path_factory.mktemp("addresses"), "redis_url": "redis://127.0.0.1:9"})
    runtime = open_runtime(settings)
    app = build_app(settings, runtime)
    adapter = app.url_map.bind("localhost")
    rules = [each.rule for each in app.url_map.iter_rules()]
    for probe in PROBES:
        try:
            adapter.match(probe)
        except (NotFound, MethodNotAllowed):
            pytest.fail(f"{probe} is not there")
    runtime.close()
    return rules


@pytest.mark.parametrize("path", JSON_PATHS)
def test_what_programs_ask_is_there(known: list[str], path: str) -> None:
    assert any(rule.startswith(path) for rule in known)


@pytest.mark.parametrize("document", sorted(DOCUMENTS.glob("*.md")), ids=lambda each: each.name)
def test_a_document_names_addresses_that_are_there(known: list[str], document: Path) -> None:
    named = set(_ADDRESS.findall(document.read_text()))
    assert {each for each in named if not any(_leads_to(each, rule) for rule in known)} == set()


def _leads_to(address: str, rule: str) -> bool:
    """It is of that rule, or what several rules begin with."""
    return rule.startswith(address) or re.fullmatch(re.sub(r"<[^>]+>", "[^/]+", rule), address) is not None
