"""Clicks on a record whose run is open yet: which of them that run can answer, and which need one of their own. Pure.

A run does what the person who asked for it may do. Whoever may do no more is answered by it, too; for whoever may do
other things, another run follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

Names = Sequence[str] | None
"""CRM fields; None: all of them."""
SEVERAL = "several"
"""In the place of a preview's stamp: two people saw different previews, so what is done is not what both saw."""

Way = Literal["join", "covered", "take over", "follow"]


class Entitled(Protocol):
    """A run, or what is asked for, by what it may see and edit."""

    @property
    def readable_fields(self) -> Names: ...
    @property
    def editable_fields(self) -> Names: ...


class Asked(Entitled, Protocol):
    """The same, with what a person brings along."""

    @property
    def choices(self) -> dict[str, str] | None: ...
    @property
    def shown(self) -> dict[str, str] | None: ...
    @property
    def previewed(self) -> str: ...
    @property
    def chosen_local_record_id(self) -> int | None: ...


def way_of(run: Asked, ask: Asked) -> Way:
    """How a click meets the open run of its record."""
    does_all, does_less = covers(run, ask), covers(ask, run)
    if does_all and does_less:
        return "join"
    if does_all and not _brings_something(ask):
        return "covered"
    if does_less and not getattr(run, "attempts", 0) and not _brings_something(run):
        return "take over"
    return "follow"


def is_more_of_the_same(run: Asked, ask: Asked) -> bool:
    """A click that adds nothing to the run."""
    return not _brings_something(ask) and covers(run, ask)


def covers(more: Entitled, less: Entitled) -> bool:
    """Whether whoever asks for `more` may see and edit at least what whoever asks for `less` may."""
    return _has_all(more.readable_fields, less.readable_fields) and _has_all(more.editable_fields, less.editable_fields)


def brought(run: Asked, ask: Asked) -> dict[str, Any]:
    """What a click with the same rights adds to the run, as its columns."""
    news: dict[str, Any] = {}
    if ask.chosen_local_record_id is not None:
        news["chosen_local_record_id"] = ask.chosen_local_record_id
    if ask.choices:
        news["choices"] = {**(run.choices or {}), **ask.choices}
        older = {name: stamp for name, stamp in (run.shown or {}).items() if name not in ask.choices}
        news["shown"] = older | (ask.shown or {})
    if ask.previewed and ask.previewed != run.previewed:
        news["previewed"] = SEVERAL if run.previewed else ask.previewed
    return news


def _has_all(more: Names, less: Names) -> bool:
    return more is None or (less is not None and set(less) <= set(more))


def _brings_something(asked: Asked) -> bool:
    return bool(asked.choices or asked.previewed or asked.chosen_local_record_id is not None)


OF_RECORD = ("connection_id", "object", "crm_record_id")


def as_follower(ask: Mapping[str, Any]) -> dict[str, Any]:
    """As a run keeps it: the record is the run's own."""
    return {name: value for name, value in ask.items() if name not in OF_RECORD}
