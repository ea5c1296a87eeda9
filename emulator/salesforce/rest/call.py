"""A REST call and its answer, the same for a direct call and for a part of a composite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.salesforce.access import User
from emulator.salesforce.errors import ApiError, bad_json
from emulator.salesforce.org import Org
from emulator.salesforce.writer import Saving

_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a resource answers. `body` None is an empty body."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One call. `path` begins after `/services/data/vXX.X`; header names are in lower case."""

    org: Org
    user: User
    version: str
    method: str
    path: str
    arguments: Mapping[str, str]
    headers: Mapping[str, str]
    raw_body: bytes = b""
    given_body: Any = _NOTHING
    in_composite: bool = False

    @property
    def body(self) -> Any:
        """The JSON body. Raises JSON_PARSER_ERROR when there is none or it is broken."""
        if self.given_body is _NOTHING:
            self.given_body = parse_json(self.raw_body)
        return self.given_body

    @property
    def record(self) -> dict[str, Any]:
        """The body as one record's fields."""
        if not isinstance(self.body, dict):
            raise bad_json("Unexpected token at [line:1, column:1]: a JSON object is expected")
        return self.body

    @property
    def saving(self) -> Saving:
        """How the headers of this call want a record to be saved."""
        duplicates = options(self.headers.get("sforce-duplicate-rule-header", ""))
        return Saving(
            user=self.user,
            assign=_assignment(self.headers.get("sforce-auto-assign", "TRUE")),
            allow_duplicates=duplicates.get("allowsave", "").lower() == "true",
            include_record_details=duplicates.get("includerecorddetails", "").lower() == "true",
        )

    def url_of(self, object_name: str, record_id: str) -> str:
        return f"/services/data/v{self.version}/sobjects/{object_name}/{record_id}"

    def flag(self, name: str) -> bool:
        return self.arguments.get(name, "").lower() == "true"


def parse_json(raw: bytes) -> Any:
    if not raw.strip():
        raise bad_json("The HTTP entity body is required, but this request has no entity body.")
    try:
        value = json.loads(raw, parse_constant=_no_constant)
        if b"\\u" in raw:
            # Half a surrogate pair is no character: it could neither be kept nor answered.
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        raise bad_json(f"Unexpected character or end of input: {error}") from error


def options(header: str) -> dict[str, str]:
    """The `name=value; name=value` pairs of a Sforce header, names in lower case."""
    pairs = (part.split("=", 1) for part in header.replace(",", ";").split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _assignment(header: str) -> bool | str:
    word = header.strip()
    if word.upper() in ("TRUE", "FALSE"):
        return word.upper() == "TRUE"
    if len(word) in (15, 18) and word.startswith("01Q"):
        return word
    raise ApiError("INVALID_ID_FIELD", f"Invalid value for Sforce-Auto-Assign: {word}")


def _no_constant(name: str) -> Any:
    raise ValueError(f"Unexpected token {name}")
