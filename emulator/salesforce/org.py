"""One Salesforce org: its data, rules, users, secrets and time, opened from a data directory."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from emulator.clock import Clock
from emulator.control import Event
from emulator.faults import Fault, Faults
from emulator.journal import Journal
from emulator.private_files import write_private
from emulator.rows import Kept, Row, Rows
from emulator.salesforce.access import Rights, User
from emulator.salesforce.credentials import Secrets, load_or_make
from emulator.salesforce.cursors import Cursors
from emulator.salesforce.errors import ApiError
from emulator.salesforce.events import events_of
from emulator.salesforce.formula import compile_formula
from emulator.salesforce.limits import RequestLimit, limit_exceeded
from emulator.salesforce.list_views import ListViews
from emulator.salesforce.schema import Schema, build_object
from emulator.salesforce.seed import seed
from emulator.salesforce.soql.parser import parse
from emulator.salesforce.store import Store
from emulator.salesforce.writer import Writer
from emulator.sessions import Sessions

DEMO_ORG = Path(__file__).parent / "orgs" / "demo.json"
API_VERSIONS = tuple(f"{number}.0" for number in range(31, 68))

_TOKEN_ALPHABET = string.ascii_letters + string.digits + "._"
_TOKEN_TAIL_LENGTH = 92
_FAULT_CODES = {401: "INVALID_SESSION_ID", 404: "NOT_FOUND", 503: "SERVER_UNAVAILABLE"}


class Org:
    """Everything the REST API, the OAuth endpoints, the pages and the controls share.

    `public_url` is where the org is reached (its My Domain); `panel_url` is where the embedded panel lives.
    Thread-safe: `store` and `writer` take the rows' lock themselves.
    """

    def __init__(self, data_dir: Path, *, public_url: str, panel_url: str, org_file: Path = DEMO_ORG) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.public_url = public_url.rstrip("/")
        self.panel_url = panel_url.rstrip("/")
        self.secrets: Secrets = load_or_make(data_dir / "secrets.json")
        self.rows = Rows(data_dir / "org.sqlite3", id_key="Id", stamp_key="SystemModstamp")
        self._org_file = org_file
        self.clock = Clock(self.rows.setting("clock_offset") or 0.0)
        self.journal = Journal(data_dir / "journal.sqlite3")
        self.faults = Faults()
        self.cursors = Cursors()
        self.definition: dict[str, Any] = {}
        self._sown: dict[tuple[date, int], Kept] = {}
        self._start()
        self.sessions = Sessions(data_dir / "sessions.sqlite3", new_token=self._new_token, now=self.clock.now)
        self.limit = RequestLimit(self.journal, self.clock, maximum=self.definition["daily_api_requests"])
        # The grammars take 40 ms each to build: the first caller should not pay for it.
        parse("SELECT Id FROM User")
        compile_formula("TRUE")

    @property
    def id(self) -> str:
        """The 18-character org id."""
        org_id: str = next(iter(self.rows.table("Organization")))
        return org_id

    @property
    def name(self) -> str:
        name: str = self.rows.table("Organization")[self.id]["Name"]
        return name

    @property
    def my_domain_url(self) -> str:
        return self.public_url

    @property
    def users(self) -> list[User]:
        """All users of the org, inactive ones included, oldest first."""
        return [self._as_user(row) for row in self.rows.table("User").values()]

    def user(self, user_id: str) -> User | None:
        """The user with this 18-character id."""
        row = self.rows.get("User", user_id)
        return self._as_user(row) if row else None

    def user_named(self, username: str) -> User | None:
        wanted = username.casefold()
        return next((user for user in self.users if user.username.casefold() == wanted), None)

    @property
    def roles(self) -> dict[str, str]:
        """Ids by the parts that the org file gives out."""
        roles: dict[str, str] = self.rows.setting("roles")
        return roles

    @property
    def events(self) -> dict[str, Event]:
        return events_of(self)

    def list_users(self) -> list[dict[str, Any]]:
        roles = {user_id: role for role, user_id in self.roles.items()}
        return [
            {
                "id": user.id,
                "username": user.username,
                "name": user.name,
                "profile": user.profile,
                "role": roles.get(user.id),
                "active": user.active,
                **user.rights.to_json(),
            }
            for user in self.users
        ]

    def role(self, name: str) -> User:
        """A user by its part in the org file: `integration`, `admin`, `rep`, `limited_rep` or `inactive`."""
        found = self.user(self.roles[name])
        if found is None:
            raise LookupError(f"the org has no user in the role {name!r}")
        return found

    def save_rights(self, user_id: str, rights: Rights) -> None:
        self._rights[user_id] = rights
        self.rows.save_setting("rights", {key: each.to_json() for key, each in self._rights.items()})
        self._users.pop(user_id, None)
        # A describe changes with permissions.
        for object_type in self.schema.objects.values():
            object_type.modified_at = self.clock.now()

    def add_objects(self, definitions: Sequence[Mapping[str, Any]]) -> None:
        """Add objects, or replace the definitions of existing ones, for this and later starts."""
        for definition in definitions:
            self.schema.put(build_object({**definition, "modified_at": self.clock.now().isoformat()}))
        kept = [each for each in self.definition["objects"] if each["name"] not in {d["name"] for d in definitions}]
        self.definition["objects"] = [*kept, *definitions]
        self.rows.save_setting("definition", self.definition)
        self._index()

    def reset(self) -> None:
        """Back to the seed: data, objects, permissions and clock. Secrets and long-lived tokens stay."""
        with self.rows.lock:
            self.faults.clear()
            self.cursors.clear()
            self.clock.offset_seconds = 0.0
            # To sow takes six times as long as to go back, and callers reset between any two tests.
            if sown := self._sown.get(self._seed_of_today()):
                self.rows.go_back(sown)
            else:
                self.rows.clear()
            self._start()
        self.limit.maximum = self.definition["daily_api_requests"]
        self.limit.set_used(0)
        self.sessions.clear()

    def set_clock_offset(self, seconds: float) -> None:
        self.clock.offset_seconds = seconds
        self.rows.save_setting("clock_offset", seconds)

    def expire_tokens(self) -> None:
        self.sessions.expire_all()

    def inner_requests(self, path: str, body: bytes) -> list[tuple[str, str]]:
        """The subrequests of a composite call, for faults that look for one of them."""
        if not path.rstrip("/").endswith("/composite"):
            return []
        try:
            parts = json.loads(body)["compositeRequest"]
            return [(str(part["method"]).upper(), unquote_plus(str(part["url"]))) for part in parts]
        except (ValueError, KeyError, TypeError):
            # The call itself will be refused for it.
            return []

    def fault_answer(self, fault: Fault) -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and body as the real API gives them; `status`, `headers` and `body` may be ordered."""
        if fault.kind == "rate_limit":
            error = limit_exceeded()
        else:
            status = int(fault.number("status", 503))
            code = fault.parameters.get("code", _FAULT_CODES.get(status, "UNKNOWN_EXCEPTION"))
            message = fault.parameters.get("message", "An unexpected error occurred.")
            error = ApiError(code, message, status=status)
        headers = {"Sforce-Limit-Info": self.limit.header(), **fault.parameters.get("headers", {})}
        status = int(fault.number("status", error.status))
        return status, headers, fault.parameters.get("body", [error.to_rest()])

    def write_credentials(self) -> Path:
        """Write `credentials.json` for scripts and tests (owner-readable only) and answer its path."""
        path = self.data_dir / "credentials.json"
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        token = known.get("access_token", "")
        if not token or self.sessions.authenticate(token) is None:
            admin = self.role("admin")
            token = self.sessions.issue(admin.id, self.secrets.client_id, scope="api web refresh_token", lifetime=None)
        write_private(path, json.dumps(self._credentials(token), indent=2) + "\n")
        return path

    def close(self) -> None:
        self.sessions.close()
        self.journal.close()
        self.rows.close()

    def _new_token(self) -> str:
        """Tokens begin with the 15-character org id."""
        return f"{self.id[:15]}!AQ{''.join(secrets.choice(_TOKEN_ALPHABET) for _ in range(_TOKEN_TAIL_LENGTH))}"

    def _start(self) -> None:
        saved = self.rows.setting("definition")
        if saved is None:
            # A start that was killed while seeding leaves rows, but never this setting.
            self.rows.clear()
        self.definition = saved or json.loads(self._org_file.read_text("utf-8"))
        self.schema = Schema(self.definition["objects"])
        self._users: dict[str, tuple[Row, User]] = {}
        self._rights: dict[str, Rights] = {}
        self.store = Store(self.rows, self.schema)
        self.writer = Writer(self.store, self.clock, self.journal, is_locked=self.faults.is_locked)
        self.list_views = ListViews(self)
        self._index()
        if saved is None:
            self._seed()
        self._rights = {key: Rights.from_json(data) for key, data in (self.rows.setting("rights") or {}).items()}

    def _seed(self) -> None:
        seeded = seed(self.definition, self.store, self.writer, now=self.clock.now())
        self.list_views.seed(self.definition.get("list_views", ()))
        self.rows.save_setting("roles", seeded.roles)
        self.rows.save_setting("rights", {key: each.to_json() for key, each in seeded.rights.items()})
        self.rows.save_setting("headline", seeded.headline)
        self.rows.save_setting("definition", self.definition)
        self._sown = {self._seed_of_today(): self.rows.kept()}

    def _seed_of_today(self) -> tuple[date, int]:
        """What is sown depends on the day and on the file, which may be edited."""
        return self.clock.now().date(), self._org_file.stat().st_mtime_ns

    def _index(self) -> None:
        for object_type in self.schema.objects.values():
            matched = {rule["fields"][0] for rule in object_type.duplicate_rules}
            for field in object_type.fields.values():
                looked_up = field.id_lookup or field.unique or field.reference_to or field.name in matched
                if field.stored and looked_up and field.name != "Id":
                    self.rows.index(object_type.name, field.name)

    def _as_user(self, row: Row) -> User:
        cached = self._users.get(row["Id"])
        if cached is not None and cached[0] is row:
            return cached[1]
        user = User(
            id=row["Id"],
            username=row["Username"],
            name=" ".join(part for part in (row.get("FirstName"), row["LastName"]) if part),
            first_name=row.get("FirstName", ""),
            last_name=row["LastName"],
            email=row["Email"],
            profile=self.definition["profiles"].get(row["ProfileId"], {}).get("name", "Standard User"),
            locale=row["LocaleSidKey"],
            language=row["LanguageLocaleKey"],
            time_zone=row["TimeZoneSidKey"],
            active=row["IsActive"],
            api_only=self.definition["profiles"].get(row["ProfileId"], {}).get("api_only", False),
            rights=self._rights.get(row["Id"]) or Rights(),
        )
        self._users[user.id] = (row, user)
        return user

    def _credentials(self, token: str) -> dict[str, Any]:
        key_file = self.data_dir / "lwc_private_key.pem"
        write_private(key_file, self.secrets.lwc_private_key)
        return {
            "url": self.public_url,
            "org_id": self.id,
            "client_id": self.secrets.client_id,
            "client_secret": self.secrets.client_secret,
            "canvas_secret": self.secrets.canvas_secret,
            "redirect_uri": f"{self.panel_url}/admin/connections/salesforce/callback",
            "username": self.role("integration").username,
            "lwc_issuer": self.id,
            "lwc_audience": self.panel_url,
            "lwc_certificate": self.secrets.lwc_certificate,
            "lwc_private_key_file": str(key_file),
            "access_token": token,
            "records": {name: self._record_links(name, key) for name, key in self.rows.setting("headline").items()},
            "users": [
                {"id": user.id, "username": user.username, "name": user.name, "profile": user.profile}
                for user in self.users
            ],
        }

    def _record_links(self, object_name: str, record_id: str) -> dict[str, str]:
        page = f"{self.public_url}/lightning/r/{object_name}/{record_id}/view"
        return {
            "id": record_id,
            "page": page,
            "lwc_page": f"{page}?frame=lwc",
            "sandboxed_page": f"{page}?frame=sandboxed",
        }
