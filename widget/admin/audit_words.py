"""What the audit trail says: a sentence for each action, and words for what was before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from widget.admin.field_changes import CHOICES as OF_FIELDS
from widget.admin.objects import CHOICES as OF_OBJECTS
from widget.admin.objects import SWITCHES

EITHER_WAY = "on or off"

_SENTENCES = {
    "connection.create": "Added the connection",
    "connection.connect": "Connected it by signing in at the CRM",
    "connection.reconnect": "Connected it anew by signing in at the CRM",
    "connection.edit": "Changed the connection",
    "connection.mend": "Tested the connection, and it works again",
    "connection.switch": "Turned all its syncs {on}",
    "connection.disconnect": "Disconnected it",
    **{f"object.{name}": f"Turned {what} {{on}}" for name, what in SWITCHES.items()},
    "object.add": "Added the object, switched off",
    "object.remove": "Removed the object",
    "object.rules": "Changed the rules of the object",
    "object.match_rules": "Changed the match rules",
    "object.filter": "Changed the filter",
    "field.map": "Mapped the field",
    "field.rules": "Changed the rules of the field",
    "field.let_go": "Let the field go on without the choices that the CRM has lost",
    "field.unmap": "Took the mapping of the field away",
    "field.conflict_rule": "Said who wins every later conflict of the field",
    "link.create": "Linked two records",
    "link.relink": "Moved the link to another record of ours",
    "link.unlink": "Unlinked two records",
    "link.allow_again": "Allowed matching the two again",
    "record.edit": "Changed our record",
    "sync.start": "Started a sync",
    "undo.start": "Started an undo",
    "import.start": "Started an import from a list",
    "import.cancel": "Stopped an import",
    "push.start": "Asked for it to be created in the CRM",
}
_NAMES = {
    "crm_record_id": "CRM record id",
    "duplicate_handling": "first meeting of two records",
    "when_deleted_there": "deleted in the CRM",
    "needs_email": "email address",
    "makes_accounts": "account of a new record",
    "reps_may_set_rules": "who may say “Always do this”",
    "write_rule": "a value that is written",
    "conflict_rule": "when both sides changed",
    "keep_when_blank": "a blank in the CRM",
    "may_clear_crm": "a blank here",
    "enabled": "the mapping is",
}
"""What is noted -> what its form calls it; any other name is told as it is."""
_VALUES = OF_OBJECTS | OF_FIELDS
_WINNERS = {"crm": "the CRM", "local": "ours"}


@dataclass(frozen=True)
class Noted:
    """One thing that was changed. `has_old`, `has_new`: blank is a value, too."""

    name: str
    old: Any
    new: Any
    has_old: bool
    has_new: bool


def actions() -> dict[str, str]:
    """Code -> what is said of it where nothing more is known: for choosing among them."""
    return {code: sentence.format(on=EITHER_WAY) for code, sentence in _SENTENCES.items()}


def sentence(action: str, details: Mapping[str, Any]) -> str:
    """What that person did, as it follows their name. An action of another version is shown as its code."""
    is_on = any((details.get("after") or {}).values())
    return _SENTENCES.get(action, action).format(on="on" if is_on else "off")


def noted(action: str, details: Mapping[str, Any]) -> list[Noted]:
    """What was before and after, as far as the sentence does not say it."""
    if "{on}" in _SENTENCES.get(action, ""):
        return []
    before, after = details.get("before") or {}, details.get("after") or {}
    if action == "field.conflict_rule":
        after = {"wins": _WINNERS.get(details.get("choice", ""), "")}
    return [_one(name, before, after) for name in dict.fromkeys([*before, *after])]


def _one(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Noted:
    old, new = _said(name, before), _said(name, after)
    return Noted(_NAMES.get(name, name.replace("_", " ")), old, new, has_old=name in before, has_new=name in after)


def _said(name: str, values: Mapping[str, Any]) -> Any:
    """A choice of a form in the form's words, any other value as it is."""
    value = values.get(name)
    return _VALUES.get(name, {}).get(value, value) if isinstance(value, str) else value
