"""What is sent where, and how: the app's webhook configuration and the stand-in's own settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from string import Template
from typing import Any, TypeVar
from urllib.parse import urlsplit

from emulator.control import ControlError
from emulator.hubspot.changes import Change
from emulator.hubspot.schema import ObjectType

KINDS = frozenset(
    {
        "object.creation",
        "object.propertyChange",
        "object.deletion",
        "object.restore",
        "object.merge",
        "object.associationChange",
    }
)
FIRST_ID = 1_000_001
MOST_REQUESTS = 100


@dataclass(frozen=True, slots=True)
class Subscription:
    """One kind of change of one object; `property` is set for property changes only."""

    id: int
    kind: str
    object_type_id: str
    property: str | None

    def wants(self, change: Change) -> bool:
        wanted = (self.kind, self.object_type_id, self.property)
        return wanted == (change.kind, change.object_type_id, change.name)


@dataclass(frozen=True, slots=True)
class Sending:
    """The stand-in's pace. `retry_scale` shortens the pauses before repeats: with 0.0001 a day is nine seconds."""

    timeout_seconds: float = 5.0
    batch_seconds: float = 0.1
    retry_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong: each delivery twice, events and deliveries out of order, all late, the next ones lost."""

    duplicate: bool = False
    reorder: bool = False
    delay_seconds: float = 0.0
    drop: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """An empty `target_url`: nothing is sent."""

    target_url: str = ""
    most_requests: int = 10
    subscriptions: tuple[Subscription, ...] = ()
    sending: Sending = Sending()
    faults: Faults = Faults()

    def subscriptions_of(self, change: Change) -> list[Subscription]:
        return [each for each in self.subscriptions if each.wants(change)]


def read_plan(given: Mapping[str, Any], *, find: Callable[[str], ObjectType | None], server_url: str) -> Plan:
    """A plan out of `{settings, subscriptions, variables?, sending?, faults?}`.

    The first two are those of a project's `webhooks-hsmeta.json`: `{targetUrl, maxConcurrentRequests}` and
    `{crmObjects: [{subscriptionType, objectType, propertyName?, active?}]}`. `variables` stand in the target as
    `${NAME}`; `SERVER_URL` is known. Raises ControlError.
    """
    settings = given.get("settings", {})
    asked = given.get("subscriptions", {}).get("crmObjects", [])
    active = [each for each in asked if each.get("active", True)]
    return Plan(
        target_url=_target(settings.get("targetUrl", ""), {"SERVER_URL": server_url, **given.get("variables", {})}),
        most_requests=_most_requests(settings.get("maxConcurrentRequests", 10)),
        subscriptions=tuple(_subscription(FIRST_ID + number, each, find) for number, each in enumerate(active)),
        sending=_numbers(Sending, given.get("sending", {})),
        faults=_numbers(Faults, given.get("faults", {})),
    )


def _target(text: str, variables: Mapping[str, str]) -> str:
    try:
        url = Template(text).substitute(variables)
    except (KeyError, ValueError) as error:
        raise ControlError(f"the target has a variable without a value: {error}") from error
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise ControlError(f"{url} is no http or https address")
    return url


def _most_requests(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST_REQUESTS:
        raise ControlError(f"maxConcurrentRequests is a whole number from 1 to {MOST_REQUESTS}")
    return given


def _subscription(number: int, given: Mapping[str, Any], find: Callable[[str], ObjectType | None]) -> Subscription:
    kind, wanted, name = given.get("subscriptionType"), str(given.get("objectType")), given.get("propertyName")
    object_type = find(wanted)
    if kind not in KINDS:
        raise ControlError(f"unknown subscriptionType {kind!r}; known are {', '.join(sorted(KINDS))}")
    if object_type is None:
        raise ControlError(f"there is no object {wanted}")
    if (kind == "object.propertyChange") != (name is not None):
        raise ControlError(f"a propertyName goes with object.propertyChange, and only with it: {wanted}, {kind}")
    if name is not None and object_type.find(name) is None:
        raise ControlError(f"{object_type.name} have no property {name}")
    return Subscription(number, kind, object_type.id, name)


Settings = TypeVar("Settings", Sending, Faults)


def _numbers(kind: type[Settings], given: Mapping[str, Any]) -> Settings:
    """Numbers and switches by name. Raises ControlError for an unknown name or a wrong kind of value."""
    known = {each.name: each.default for each in fields(kind)}
    for name, value in given.items():
        if name not in known:
            raise ControlError(f"unknown setting {name}; known are {', '.join(known)}")
        is_switch = isinstance(known[name], bool)
        if is_switch != isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ControlError(f"{name} is {'true or false' if is_switch else 'a number from zero up'}")
    return kind(**given)
