"""What is installed into the CRMs is written in other languages: these tests hold it to the words and names we use."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args, get_type_hints
from xml.etree import ElementTree

import pytest

from jobs.crm import hubspot_connect
from jobs.mapping_defaults import DEFAULTS
from widget.launch.hubspot_card import Status
from widget.panel_view import EntryView, FieldRow, PanelState, PanelView

PACKAGES = Path(__file__).parents[2] / "packages"
HUBSPOT_APP = PACKAGES / "hubspot/src/app"
CONTRACT = (HUBSPOT_APP / "cards/contract.ts").read_text("utf-8")
METADATA = "{http://soap.sforce.com/2006/04/metadata}"


def card_words(pattern: str) -> set[str]:
    """The words of a union type in the card's contract."""
    found = re.search(rf"{pattern}([^;]*);", CONTRACT, re.S)
    assert found is not None, pattern
    return set(re.findall(r'"(\w*)"', found[1]))


def our_words(of: type, name: str) -> set[str]:
    return set(get_args(get_type_hints(of)[name]))


def webhooks() -> list[dict[str, Any]]:
    component = json.loads((HUBSPOT_APP / "webhooks/webhooks-hsmeta.json").read_text("utf-8"))
    subscriptions: list[dict[str, Any]] = component["config"]["subscriptions"]["crmObjects"]
    return subscriptions


def test_the_hubspot_card_knows_every_word_the_server_may_say() -> None:
    assert card_words("export type Status =") == set(get_args(Status))
    assert card_words("export type State =") == set(get_args(PanelState))
    assert card_words("export type Health =") == our_words(PanelView, "health")
    assert card_words("  outcome:") == our_words(EntryView, "outcome")
    assert card_words("  direction:") == our_words(FieldRow, "direction")
    assert card_words("  changed:") == our_words(FieldRow, "just_changed")


def test_connect_asks_hubspot_for_exactly_what_the_app_is_said_to_need() -> None:
    """HubSpot refuses an address that lacks a required scope, and one that asks for a scope the app does not name."""
    auth = json.loads((HUBSPOT_APP / "app-hsmeta.json").read_text("utf-8"))["config"]["auth"]
    assert sorted(hubspot_connect.FLOW.scopes) == sorted(auth["requiredScopes"])
    assert sorted(hubspot_connect.FLOW.optional_scopes) == sorted(auth["optionalScopes"])
    assert auth["conditionallyRequiredScopes"] == []


def test_hubspot_tells_of_every_property_that_is_mapped_from_the_start() -> None:
    told = {
        (each["objectType"], each["propertyName"])
        for each in webhooks()
        if each["subscriptionType"] == "object.propertyChange"
    }
    mapped = {
        (default.label.lower(), crm_field)
        for default in DEFAULTS["hubspot"].values()
        for crm_field, _, _ in default.fields
    }
    assert told == mapped


@pytest.mark.parametrize("place", ["sidebar", "tab"])
def test_the_hubspot_card_is_on_every_object_that_is_mapped_from_the_start(place: str) -> None:
    card = json.loads((HUBSPOT_APP / f"cards/record-{place}-hsmeta.json").read_text("utf-8"))
    assert set(card["config"]["objectTypes"]) == set(DEFAULTS["hubspot"])


@pytest.mark.parametrize("name", sorted(DEFAULTS["salesforce"]))
def test_salesforce_may_show_every_field_that_is_mapped_from_the_start(name: str) -> None:
    record = PACKAGES / f"salesforce/settings/main/default/customMetadata/CrmSyncObject.{name}.md-meta.xml"
    values = ElementTree.parse(record).getroot().iter(f"{METADATA}values")
    listed = {each.findtext(f"{METADATA}field", ""): each.findtext(f"{METADATA}value", "") for each in values}
    mapped = {crm_field for crm_field, _, _ in DEFAULTS["salesforce"][name].fields}
    assert set(re.split(r"[,\s]+", listed["Fields__c"])) == mapped


@pytest.mark.parametrize(("is_build_machine", "status"), [("", 77), ("true", 1)])
def test_without_node_the_packages_are_skipped_aloud_and_never_on_a_build_machine(
    tmp_path: Path, is_build_machine: str, status: int
) -> None:
    for tool in ("sh", "dirname"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    script = str(PACKAGES.parent / "bin/test-packages")
    told = subprocess.run(
        ["/bin/sh", script],
        env={"PATH": str(tmp_path), "CI": is_build_machine},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (told.returncode, "SKIPPED: there is no node." in told.stdout) == (status, True)
