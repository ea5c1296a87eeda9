"""What the panel shows, as plain values: the templates draw it and decide nothing.

`widget/panel_facts.py` builds a `PanelView` from rows; `templates/panel/` turns it into HTML. Every sentence in here is
already in a rep's words; every value is already filtered by what this rep may read in the CRM.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PanelState = Literal[
    "never",  # known to the CRM, not yet synced
    "in_step",  # linked and equal
    "differs",  # linked (or matched) and at least one field differs
    "queued",  # a run is accepted and not started
    "running",  # a run is at `steps`
    "waiting",  # a run waits until `resume_at` (rate limit, CRM not answering, locked record)
    "done",  # the last run of this visit changed something
    "nothing",  # the last run of this visit found nothing to do
    "skipped",  # the last run of this visit skipped the record, `code` says why
    "conflict",  # both sides changed a field and the rule says ask
    "failed",  # the last run of this visit failed
    "ambiguous",  # several local records could be this one: `link.candidates`
    "object_off",
    "syncs_off",
    "not_allowed",  # this rep may look but not sync
    "deleted",  # the record is gone in the CRM
    "unreachable",  # the CRM did not answer when the panel was opened; values are the last ones seen
]


@dataclass(frozen=True)
class Moment:
    """A time in three spellings: for machines (`iso`, UTC), for eyes (`relative`), in full for the rep (`exact`)."""

    iso: str
    relative: str
    exact: str


@dataclass(frozen=True)
class Candidate:
    local_record_id: int
    name: str
    detail: str  # what tells it from the others: "ana@example.com · Sample Org 3"


@dataclass(frozen=True)
class LinkView:
    state: Literal["linked", "matched", "unlinked", "ambiguous"]
    sentence: str  # "Linked to Ana Sample", "Matches Ana Sample by email", …
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class ConflictView:
    """Both sides changed this field since they last agreed, and a person is to choose."""

    id: int
    crm_by: str
    crm_at: Moment | None
    our_by: str
    our_at: Moment | None
    may_keep_crm: bool
    may_keep_ours: bool
    shown: str = ""  # the stamp of the two values beside the buttons
    may_always: bool = True  # make the choice the rule of the field


@dataclass(frozen=True)
class FieldRow:
    name: str  # CRM field name, stable: used for element ids
    label: str
    crm_value: str  # display text in the rep's locale; "" when blank
    our_value: str
    differs: bool  # False also where it is not known
    direction: Literal["inbound", "outbound", "two_way"]
    direction_words: str  # "From Salesforce to us"
    changed: Moment | None = None  # when the value last changed
    changed_by: str = ""
    just_changed: Literal["", "here", "crm"] = ""  # the side this visit's run changed
    is_read: bool = True  # whether the CRM has shown its value; else nothing is known of how the two sides stand
    at_rest: bool = False  # different, and left so on purpose: no sync is going to change that
    note: str = ""  # "You may not edit this field in Salesforce", "Filled only while empty" …
    conflict: ConflictView | None = None


@dataclass(frozen=True)
class StepView:
    label: str
    status: Literal["done", "now", "next"]


@dataclass(frozen=True)
class UndoView:
    """What may be taken back, as it is asked before it is done."""

    entry_id: int
    sentence: str  # "Job title goes back to “Buyer” here."
    field: str = ""  # one of ours; "" for the whole entry


@dataclass(frozen=True)
class EntryView:
    outcome: Literal["created", "updated", "unchanged", "skipped", "conflict", "failed", "running"]
    sentence: str
    at: Moment
    code: str = ""
    remedy: str = ""
    by: str = ""
    is_undone: bool = False
    undo: UndoView | None = None


@dataclass(frozen=True)
class PanelView:
    state: PanelState
    crm: str  # whose look the panel has: "salesforce", "hubspot"
    crm_name: str  # "Salesforce"
    object_label: str  # "Contact"
    record_name: str
    headline: str  # one short sentence: what is so
    detail: str = ""  # one more: what was kept, what changed on each side
    remedy: str = ""  # what to do
    code: str = ""  # small and copyable, after the sentence
    health: Literal["good", "attention", "bad", "busy", "off"] = "good"
    health_words: str = ""  # "In step", "2 fields differ", "Not synced yet" …
    link: LinkView = field(default_factory=lambda: LinkView("unlinked", ""))
    synced: Moment | None = None
    synced_by: str = ""
    fields: tuple[FieldRow, ...] = ()
    no_fields: str = ""  # why there is none, and what to do; "" where there are some
    entries: tuple[EntryView, ...] = ()
    steps: tuple[StepView, ...] = ()
    resume: Moment | None = None
    can_sync: bool = True
    run_id: int | None = None
    run_version: int = 0  # changes whenever the run's row does; sent back as `seen`
    poll_delay_ms: int = 0  # 0: ask again at once (the server holds the request open), else wait
    values_as_of: Moment | None = None  # set when CRM values are not fresh


@dataclass(frozen=True)
class PreviewRow:
    """One field of a preview. A conflict or a field left alone has the CRM's value as `old` and ours as `new`."""

    label: str
    kind: Literal["here", "crm", "conflict", "left"]
    old: str
    new: str
    reason: str = ""


@dataclass(frozen=True)
class PreviewView:
    """What a sync would do. `stamp` goes along with the click."""

    crm_name: str
    headline: str
    detail: str = ""
    rows: tuple[PreviewRow, ...] = ()
    stamp: str = ""


@dataclass(frozen=True)
class ReasonView:
    """One step of an explanation."""

    topic: str
    state: Literal["ok", "stops", "note"]
    sentence: str
    remedy: str = ""
    code: str = ""
    at: Moment | None = None
    parts: tuple[ReasonView, ...] = ()


@dataclass(frozen=True)
class ExplainView:
    headline: str
    tone: Literal["good", "attention", "bad"]
    reasons: tuple[ReasonView, ...] = ()


@dataclass(frozen=True)
class HistoryRow:
    """One change of one field on one side."""

    at: Moment
    where: str  # "here", "in Salesforce"
    old: str
    new: str
    by: str
    how: str  # "panel", "schedule" …
    rule: str  # a sentence
    is_undone: bool = False
    is_unsure: bool = False
    undo: UndoView | None = None


@dataclass(frozen=True)
class HistoryView:
    """Why a field is what it is, and what it was before. `name` is the CRM field's, as in `FieldRow`."""

    name: str
    label: str
    reasons: tuple[ReasonView, ...]
    rows: tuple[HistoryRow, ...]
    more: bool = False  # older changes are left out
    long: bool = False


@dataclass(frozen=True)
class PanelPage:
    """The frame around the view: what only the first, full answer carries."""

    view: PanelView
    token: str
    token_expires_in: int  # seconds
    session_expires_in: int  # seconds until the absolute cap
    color_scheme: Literal["light", "dark", ""]  # "" = follow the system
    language: str  # BCP 47, for <html lang>
    host_protocol: Literal["canvas", "lwc", "hubspot"]
    host_origin: str  # exact origin of the host page, target of postMessage
    right_to_left: bool = False
    canvas_instance_id: str = ""  # `client.instanceId` of the signed request: names our frame in messages to the host


@dataclass(frozen=True)
class FrameMessage:
    """A small page inside the frame when no panel can be drawn: expired, refused, unknown record."""

    title: str
    sentence: str
    remedy: str
    code: str
    can_relaunch: bool  # the host can be asked for a fresh proof
    host_protocol: Literal["canvas", "lwc", "hubspot", ""] = ""
    host_origin: str = ""
    crm: str = ""
    canvas_instance_id: str = ""
