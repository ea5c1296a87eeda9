"""How values look in the admin templates: times, numbers, and the words for what the tables store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Blueprint
from flask_login import current_user
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from jobs.crm.adapters import CRMS
from jobs.new_objects import kind_labels, object_labels
from jobs.runtime import utc_now
from jobs.shown import shown_stamp
from widget.context import runtime

CRM_NAMES = {each.name: each.label for each in CRMS.values()}
DIRECTIONS = {
    "inbound": "From the CRM to here",
    "outbound": "From here to the CRM",
    "two_way": "Both ways",
}
RUN_KINDS = {
    "single": "One record",
    "differential": "Differential",
    "full": "Full",
    "import": "Import",
    "push": "Push",
    "undo": "Undo",
}
TRIGGERS = {
    "panel": "Panel",
    "schedule": "Schedule",
    "webhook": "Webhook",
    "admin": "Admin",
}
STATUSES = {
    "queued": ("Queued", "wait"),
    "running": ("Running", "wait"),
    "succeeded": ("Succeeded", "good"),
    "partial": ("Partly done", "warn"),
    "failed": ("Failed", "bad"),
    "cancelled": ("Cancelled", "quiet"),
}
OUTCOMES = {
    "created": ("Created", "good"),
    "updated": ("Updated", "good"),
    "unchanged": ("Unchanged", "quiet"),
    "skipped": ("Skipped", "warn"),
    "conflict": ("Conflict", "warn"),
    "failed": ("Failed", "bad"),
}
SPANS = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (86400 * 30, 86400, "d"))
MATCHED_BY = {"manual": "by hand", "pushed": "created from ours", "crm": "named by the CRM"}
LONGEST_SHOWN = 160  # characters of a value
WORDS: dict[str, dict[str, Any]] = {
    "crms": CRM_NAMES,
    "directions": DIRECTIONS,
    "run_kinds": RUN_KINDS,
    "triggers": TRIGGERS,
    "statuses": STATUSES,
    "outcomes": OUTCOMES,
    "matched_by": MATCHED_BY,
}


class _Labels(Mapping[str, str]):
    """Name -> label. Asked of the database by the pages that say one, and by no other."""

    def __init__(self, ask: Callable[[Session], dict[str, str]]) -> None:
        self._ask = ask

    @cached_property
    def _labels(self) -> dict[str, str]:
        with runtime().database.read() as session:
            return self._ask(session)

    def __getitem__(self, name: str) -> str:
        return self._labels[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)


def kind_names() -> Mapping[str, str]:
    return _Labels(kind_labels)


def object_names() -> Mapping[str, str]:
    """Of the mapped objects, as their CRM calls them."""
    return _Labels(object_labels)


def object_options(names: Iterable[str]) -> dict[str, str]:
    """For choosing among objects; the name is added where it takes that to tell two apart."""
    labels = object_names()
    shown = {name: labels.get(name, name) for name in sorted(names)}
    alike = Counter(shown.values())
    return {name: f"{label} ({name})" if alike[label] > 1 and label != name else label for name, label in shown.items()}


def install(area: Blueprint) -> None:
    area.add_app_template_filter(moment, "admin_moment")
    area.add_app_template_filter(count, "admin_count")
    area.add_app_template_filter(value, "admin_value")
    area.add_app_template_global(shown_stamp)
    area.add_app_template_filter(duration, "admin_duration")
    area.add_app_template_filter(options, "admin_options")
    area.context_processor(
        lambda: {
            "words": WORDS | {"kinds": kind_names(), "objects": object_names()},
            "may_change": _may_change(),
            "me": current_user,
        }
    )


def moment(at: datetime | str | None) -> Markup:
    """How long ago, with the exact time for machines, for a pointer and for a screen reader."""
    if not at:
        return Markup('<span class="quiet">never</span>')
    if isinstance(at, str):  # provenance keeps its times as ISO text
        at = datetime.fromisoformat(at)
    exact = f"{at:%d %b %Y, %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, _ago(at))


def _ago(at: datetime) -> str:
    seconds = (utc_now() - at).total_seconds()
    size = abs(seconds)
    if size < 5:
        return "just now"
    for below, unit, name in SPANS:
        if size < below:
            amount = f"{int(size // unit)} {name}"
            return f"{amount} ago" if seconds > 0 else f"in {amount}"
    return f"{at:%d %b %Y}"


def count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def duration(start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None:
        return "–"
    seconds = max(0.0, (end - start).total_seconds())
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"


def options(choices: Mapping[str, Any] | Iterable[Any]) -> list[tuple[Any, str]]:
    """(value, text) pairs for a select: from a table of words, from connections, or from plain names."""
    if isinstance(choices, Mapping):
        return [(name, text if isinstance(text, str) else text[0]) for name, text in choices.items()]
    return [(each, each) if isinstance(each, str) else (each.id, each.name) for each in choices]


def value(stored: Any) -> Markup:
    """A stored field value for reading; a blank one is said, not left out."""
    if stored is None or stored in ("", []):
        return Markup('<span class="quiet">blank</span>')
    if isinstance(stored, bool):
        return escape("Yes" if stored else "No")
    if isinstance(stored, list):
        return _readable(", ".join(str(part) for part in stored))
    return _readable(str(stored))


def _readable(text: str) -> Markup:
    """A long text is folded, so that the one beside it can be compared."""
    if len(text) <= LONGEST_SHOWN:
        return escape(text)
    return Markup('<details class="long"><summary><span>{}…</span></summary>{}</details>').format(
        text[:LONGEST_SHOWN].rstrip(), text
    )


def _may_change() -> bool:
    return bool(getattr(current_user, "may_change", False))
