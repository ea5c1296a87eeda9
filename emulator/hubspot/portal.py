"""One HubSpot portal: its data, rules, users, secrets and time, opened from a data directory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator.clock import Clock
from emulator.control import Event
from emulator.faults import Fault, Faults
from emulator.hubspot.access import Access
from emulator.hubspot.changes import Changes
from emulator.hubspot.credentials import Secrets, load_or_make, new_access_token
from emulator.hubspot.events import events_of
from emulator.hubspot.fault_answers import fault_answer
from emulator.hubspot.freshness import Freshness
from emulator.hubspot.grants import Grants
from emulator.hubspot.limits import Limits
from emulator.hubspot.links import Links, LinkTypes
from emulator.hubspot.people import People
from emulator.hubspot.pipelines import Pipelines, built
from emulator.hubspot.rules import Rules
from emulator.hubspot.schema import ObjectType, Schema, build_object
from emulator.hubspot.seed import first_ids, seed
from emulator.hubspot.segments import Segments
from emulator.hubspot.store import Store
from emulator.hubspot.times import wire_time
from emulator.hubspot.webhooks import Webhooks
from emulator.hubspot.writer import Writer
from emulator.journal import Journal
from emulator.private_files import write_private
from emulator.rows import Rows
from emulator.sessions import Sessions

DEMO_PORTAL = Path(__file__).parent / "portals" / "demo.json"
CALLBACK_PATH = "/admin/connections/hubspot/callback"


class Portal:
    """Everything the CRM API, the OAuth endpoints, the pages and the controls share.

    `public_url` is where the portal is reached; `panel_url` is where the embedded panel lives. Thread-safe:
    `writer` takes the rows' lock itself. Whoever wants to hear of changes listens to `changes`.
    """

    def __init__(self, data_dir: Path, *, public_url: str, panel_url: str, portal_file: Path = DEMO_PORTAL) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.public_url = public_url.rstrip("/")
        self.panel_url = panel_url.rstrip("/")
        self.secrets: Secrets = load_or_make(data_dir / "secrets.json")
        self.rows = Rows(data_dir / "portal.sqlite3", id_key="hs_object_id", stamp_key="_modified")
        self._portal_file = portal_file
        self.clock = Clock(self.rows.setting("clock_offset") or 0.0)
        self.journal = Journal(data_dir / "journal.sqlite3")
        self.faults = Faults()
        self.changes = Changes()
        self.freshness = Freshness(0)
        self.sessions = Sessions(data_dir / "sessions.sqlite3", new_token=new_access_token, now=self.clock.now)
        self.grants = Grants(data_dir / "oauth.sqlite3", now=self.clock.now)
        self.definition: dict[str, Any] = {}
        self._seeded_version: int | None = None
        self._start()
        self.limits = Limits(
            self.definition["rates"],
            clock=self.clock,
            journal=self.journal,
            time_zone=self.facts["time_zone"],
        )
        self.webhooks = Webhooks(self)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What account-info tells: portal id, time zone, currency and the like."""
        facts: Mapping[str, Any] = self.definition["portal"]
        return facts

    @property
    def id(self) -> int:
        return int(self.facts["portal_id"])

    @property
    def app_id(self) -> int:
        return int(self.definition["app"]["id"])

    @property
    def started_at(self) -> datetime:
        """When the portal was seeded: the birth of its users, pipelines and definitions."""
        return datetime.fromisoformat(self.rows.setting("started_at"))

    @property
    def ui_domain(self) -> str:
        """The host (with its port) that people see the portal under."""
        return urlsplit(self.public_url).netloc

    @property
    def redirect_uri(self) -> str:
        return self.panel_url + CALLBACK_PATH

    @property
    def token_lifetime(self) -> timedelta:
        return timedelta(seconds=self.definition["token_lifetime_seconds"])

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope the app may ask for; the static token has them all until an admin takes one away."""
        return frozenset(self.definition["scopes"])

    @property
    def required_scopes(self) -> tuple[str, ...]:
        """What an address that installs the app has to ask for, or the app is not installed."""
        return tuple(self.definition["app"].get("required_scopes", ()))

    @property
    def developer_scopes(self) -> frozenset[str]:
        """What the app may ask for in its own name, of no account's data."""
        return frozenset(self.definition["app"].get("developer_scopes", ()))

    @property
    def events(self) -> dict[str, Event]:
        return events_of(self)

    def access(self, token: str) -> Access | None:
        """What a token stands for; None for one that is unknown, revoked or expired."""
        if token == self.secrets.access_token:
            granted = self.rows.setting("static_scopes")
            scopes = self.scopes if granted is None else frozenset(granted)
            return Access(str(self.app_id), "static", scopes, oauth=False) if self.static_token_works else None
        session = self.sessions.authenticate(token)
        if session is None:
            return None
        scopes = frozenset(session.scope.split())
        user_id = int(session.user_id) if session.user_id else None
        return Access(str(self.app_id), session.client_id, scopes, oauth=True, user_id=user_id)

    @property
    def static_token_works(self) -> bool:
        return self.rows.setting("static_token_off") is not True

    def object_type(self, name: str) -> ObjectType | None:
        return self.schema.find(name)

    def record_url(self, object_type: ObjectType, record_id: str) -> str:
        return f"{self.public_url}/contacts/{self.id}/record/{object_type.id}/{record_id}"

    def list_users(self) -> list[dict[str, Any]]:
        return [person.to_json() for person in self.people.all]

    def save_definition(self) -> None:
        """Keep a changed definition (new objects, properties, pipelines, rules) for later starts."""
        self.rows.save_setting("definition", self.definition)

    def add_objects(self, definitions: Sequence[Mapping[str, Any]]) -> None:
        """Add objects, or replace the definitions of existing ones, for this and later starts."""
        built_types = [build_object(definition) for definition in definitions]
        for object_type in built_types:
            self.schema.put(object_type)
        names = {definition["name"] for definition in definitions}
        kept = [each for each in self.definition["objects"] if each["name"] not in names]
        self.definition["objects"] = [*kept, *definitions]
        self.save_definition()
        self._index()

    def add_association(self, definition: Mapping[str, Any]) -> None:
        """Add a kind of association, as `LinkTypes.put` takes it, for this and later starts."""
        self.links.types.put(definition)
        self.definition["associations"].append(dict(definition))
        self.save_definition()

    def set_pipelines(self, object_name: str, definitions: Sequence[Mapping[str, Any]]) -> None:
        """Replace the pipelines of an object for this and later starts."""
        given = {object_name: [dict(each) for each in definitions]}
        made = built(given, at=wire_time(self.clock.now()))
        self.pipelines.by_object[object_name] = {each["id"]: each for each in made[object_name]}
        self.definition["pipelines"][object_name] = made[object_name]
        self.save_definition()

    def reset(self) -> None:
        """Back to the seed: data, objects, rules and clock. Secrets and the static token stay."""
        with self.rows.lock:
            self.faults.clear()
            self.freshness.clear()
            self.clock.offset_seconds = 0.0
            # Most callers reset a portal in which nothing was written.
            if self.rows.version != self._seeded_version:
                self.rows.clear()
                self._start()
            self.freshness.lag_seconds = self.definition["search_lag_seconds"]
        self.limits.reset(self.definition["rates"])
        self.webhooks.restart()
        self.sessions.clear()
        self.grants.clear()

    def set_clock_offset(self, seconds: float) -> None:
        self.clock.offset_seconds = seconds
        self.rows.save_setting("clock_offset", seconds)

    def expire_tokens(self) -> None:
        self.sessions.expire_all()

    def inner_requests(self, path: str, body: bytes) -> list[tuple[str, str]]:
        """No call of this API carries others inside."""
        return []

    def fault_answer(self, fault: Fault) -> tuple[int, Mapping[str, str], Any]:
        return fault_answer(fault)

    def write_credentials(self) -> Path:
        """Write `credentials.json` for scripts and tests (owner-readable only) and answer its path."""
        path = self.data_dir / "credentials.json"
        write_private(path, json.dumps(self._credentials(), indent=2) + "\n")
        return path

    def close(self) -> None:
        self.webhooks.close()
        self.grants.close()
        self.sessions.close()
        self.journal.close()
        self.rows.close()

    def _start(self) -> None:
        saved = self.rows.setting("definition")
        if saved is None:
            # A start that was killed while seeding leaves rows, but never this setting.
            self.rows.clear()
        self.definition = saved or json.loads(self._portal_file.read_text("utf-8"))
        self.schema = Schema(self.definition["objects"], portal_id=self.id)
        self.people = People(self.definition["users"], self.definition.get("queues", ()))
        self.pipelines = Pipelines(built(self.definition["pipelines"], at=wire_time(self.clock.now())))
        self.links = Links(self.rows, LinkTypes(self.definition["associations"]))
        self.store = Store(self.rows, self.schema, self.links, self.pipelines)
        self.freshness.lag_seconds = self.definition["search_lag_seconds"]
        self.writer = Writer(
            self.store,
            Rules(self.store, is_owner=lambda owner_id: self.people.owner(owner_id) is not None),
            clock=self.clock,
            journal=self.journal,
            changes=self.changes,
            freshness=self.freshness,
            is_locked=self.faults.is_locked,
        )
        self.segments = Segments(self)
        self._index()
        if saved is None:
            self._seed()

    def _seed(self) -> None:
        made = seed(self.definition, self.store, self.writer, people=self.people, now=self.clock.now())
        self.segments.seed(self.definition.get("lists", ()), made)
        self.freshness.clear()
        self.rows.save_setting("headline", first_ids(made))
        self.rows.save_setting("started_at", self.clock.now().isoformat())
        self.definition["pipelines"] = {
            name: list(pipelines.values()) for name, pipelines in self.pipelines.by_object.items()
        }
        self.save_definition()
        self._seeded_version = self.rows.version

    def _index(self) -> None:
        for object_type in self.schema.objects.values():
            for name in object_type.unique_properties:
                self.rows.index(object_type.name, name)

    def _credentials(self) -> dict[str, Any]:
        headline: dict[str, str] = self.rows.setting("headline")
        return {
            "url": self.public_url,
            "portal_id": self.id,
            "app_id": self.app_id,
            "client_id": self.secrets.client_id,
            "client_secret": self.secrets.client_secret,
            "redirect_uri": self.redirect_uri,
            "access_token": self.secrets.access_token,
            "scopes": sorted(self.scopes),
            "ui_domain": self.ui_domain,
            "records": {
                name: {"id": record_id, "page": self.record_url(self.schema.objects[name], record_id)}
                for name, record_id in headline.items()
            },
            "users": self.list_users(),
            "queues": [{"owner_id": each.owner_id, "name": each.name} for each in self.people.queues],
        }
