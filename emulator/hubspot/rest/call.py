"""A call of the CRM API and its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from emulator.hubspot import errors
from emulator.hubspot.access import Access, object_scope, schema_scope
from emulator.hubspot.numbers import whole_number
from emulator.hubspot.portal import Portal
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.writer import Saving

NEWEST_VERSION = "2026-09"
DATED_VERSIONS = (NEWEST_VERSION, "2026-03")
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a resource answers. `body` None is an empty body."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One call. `path` begins after the family and its version, which is `2026-09`, `2026-03`, `v3` and so on."""

    portal: Portal
    access: Access
    family: str
    version: str
    method: str
    path: str
    arguments: MultiDict[str, str]
    raw_body: bytes = b""
    parsed: Any = _NOTHING

    @property
    def dated(self) -> bool:
        return self.version in DATED_VERSIONS

    @property
    def newest(self) -> bool:
        return self.version == NEWEST_VERSION

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body, an object. Raises the refusal for anything else."""
        body = self.json
        if not isinstance(body, dict):
            raise errors.bad_json("Cannot deserialize value: a JSON object is expected")
        return body

    @property
    def json(self) -> Any:
        if self.parsed is _NOTHING:
            self.parsed = parse_json(self.raw_body)
        return self.parsed

    @property
    def saving(self) -> Saving:
        return Saving(source=self.access.source, enforce=self.newest, lenient_dates=self.newest)

    def names(self, argument: str) -> list[str]:
        """A list in the query: repeated, or separated by commas."""
        given = [part.strip() for text in self.arguments.getlist(argument) for part in text.split(",")]
        return [name for name in given if name]

    def flag(self, argument: str) -> bool:
        return self.arguments.get(argument, "").lower() == "true"

    def number(self, argument: str, default: int, *, most: int) -> int:
        """A number in the query. Raises when it is none, or too big."""
        text = self.arguments.get(argument, str(default))
        return checked_number(argument, text, most=most)

    def cursor(self) -> int:
        """The number in `after` that a page begins with; 0 for the first one."""
        return whole_number(self.arguments.get("after") or 0, name="after")

    def object_type(self, name: str, action: str = "read") -> ObjectType:
        """The object of this name or type id. Raises when there is none, or when the scope for it is missing."""
        found = self.portal.object_type(name)
        if found is None:
            raise errors.ApiError(f"Unable to infer object type from: {name}")
        self.access.need(object_scope(found.name, action, custom=found.custom))
        return found

    def schema_of(self, name: str, action: str = "read") -> ObjectType:
        """The object of this name, for reading or changing its definition."""
        found = self.portal.object_type(name)
        if found is None:
            raise errors.ApiError(f"Unable to infer object type from: {name}")
        if action == "write" or object_scope(found.name, action, custom=found.custom) not in self.access.scopes:
            self.access.need(schema_scope(found.name, action, custom=found.custom))
        return found


def checked_number(name: str, text: object, *, most: int) -> int:
    number = whole_number(text, name=name)
    if not 1 <= number <= most:
        raise errors.ApiError(f"{name} must be between 1 and {most}")
    return number


def required(body: Mapping[str, Any], *names: str) -> None:
    """Raises when one of the fields is not in the body."""
    missing = [name for name in names if body.get(name) is None]
    if missing:
        raise errors.bad_json(f"Some required fields were not set: [{', '.join(missing)}]")


def id_of(given: object) -> str:
    """The id in `{id: ...}`; empty when there is none."""
    return str(given.get("id", "")) if isinstance(given, Mapping) else ""


def text_of(given: Mapping[str, Any], name: str) -> str | None:
    """A text in a body; None when it is not there. Raises when it is something else."""
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise errors.bad_json(f"Cannot deserialize value of `{name}`: a text is expected")
    return value


def inputs_of(body: Mapping[str, Any], *, most: int = 100) -> list[dict[str, Any]]:
    """The inputs of a batch: a list of objects, not empty and not too long."""
    required(body, "inputs")
    inputs = body["inputs"]
    if not isinstance(inputs, list) or not all(isinstance(each, dict) for each in inputs):
        raise errors.bad_json("Cannot deserialize value of `inputs`: a list of objects is expected")
    if not inputs or len(inputs) > most:
        raise errors.ApiError(f"The batch must have between 1 and {most} inputs; it has {len(inputs)}")
    return inputs


def objects_of(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects in the body; empty when it is not there."""
    given = body.get(name) or []
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise errors.bad_json(f"Cannot deserialize value of `{name}`: a list of objects is expected")
    return given


def texts_of(body: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts in the body; empty when it is not there."""
    given = body.get(name) or []
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise errors.bad_json(f"Cannot deserialize value of `{name}`: a list of texts is expected")
    return given


def paging(after: object, link: str) -> dict[str, Any]:
    return {"next": {"after": str(after), "link": link}}


def parse_json(raw: bytes) -> Any:
    if not raw.strip():
        raise errors.bad_json("No content to map due to end-of-input", column=0)
    try:
        value = json.loads(raw, parse_constant=_no_constant)
        if b"\\u" in raw:
            # Half a surrogate pair is no character: it could neither be kept nor answered.
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except json.JSONDecodeError as error:
        raise errors.bad_json(error.msg, line=error.lineno, column=error.colno) from error
    except (ValueError, RecursionError) as error:
        raise errors.bad_json(str(error)) from error


def without_nulls(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None}


def _no_constant(name: str) -> Any:
    raise ValueError(f"Unexpected token {name}")
