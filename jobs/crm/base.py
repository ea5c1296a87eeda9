"""The seam between the sync engine and a CRM: the values that cross it and the contract every adapter keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from jobs.values import Value

if TYPE_CHECKING:  # a filter is checked against what is said here
    from jobs.sync.filters import Question
    from jobs.sync.matching import Rule

Fields = Mapping[str, str]
"""CRM field name -> our field type, or `jobs.values.DAY_OF_MOMENT`: what to read, and as what."""


class AsSpelled(str):
    """A value to be written as it stands: as the CRM itself had spelled it."""

    __slots__ = ()


MOST_FOUND = 5
"""More counterparts than these are not told of: already two are too many to choose between."""


@dataclass(frozen=True)
class FieldInfo:
    """One field as the CRM describes it to the one who asked."""

    name: str
    label: str
    field_type: str
    crm_type: str
    length: int = 0
    may_create: bool = False
    may_update: bool = False
    calculated: bool = False
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()  # (value, label), active ones
    days: tuple[str, str] = ("", "")  # the first and the last the CRM knows, of a date; "" where it has no limit
    filterable: bool = True  # may stand in the condition of a query
    case_sensitive: bool = False  # two spellings are two values
    scale: int | None = None  # digits after the point to which a number is rounded; None where the CRM does not say
    names_record: bool = False  # what people there call a record by


@dataclass(frozen=True)
class ObjectInfo:
    object: str
    label: str
    fields: Mapping[str, FieldInfo] = field(default_factory=dict)


@dataclass(frozen=True)
class KnownObject:
    """An object whose records can be read; `object` is its one name in mappings, links, runs and addresses."""

    object: str
    label: str
    is_custom: bool
    shown_as: str  # the name by which admins of the CRM know it


@dataclass(frozen=True)
class Described:
    info: ObjectInfo
    last_modified: str  # the CRM's own stamp, to ask "anything newer?" with


class Version(NamedTuple):
    """What a field held from a moment on, by the CRM's own clock."""

    value: Value
    since_at: datetime
    is_by_app: bool  # written by an app through the API, not by a person, an import or the CRM itself
    spelled: Any = None  # the same as the CRM sent it


@dataclass(frozen=True)
class CrmRow:
    """A CRM record at one moment. Times are the CRM's own clock, one-second resolution for Salesforce.

    `record_id` is the one that was asked for, also of a record that lives on under another id (`merged_into`).
    """

    record_id: str
    name: str
    values: Mapping[str, Value]  # CRM field name -> canonical value
    modified_at: datetime
    modified_by: str
    read_at: datetime  # the CRM's clock when it answered
    is_deleted: bool = False
    merged_into: str = ""
    converted_to: str = ""  # id of the record a Lead became
    converted_object: str = ""  # and its object
    is_converted: bool = False
    unreadable: frozenset[str] = frozenset()  # fields whose value does not fit the type they are mapped to
    # CRM field name -> when that very field last changed, where the CRM tells; by its own clock.
    field_modified_at: Mapping[str, datetime] = field(default_factory=dict)
    # A field that was asked for, read as another type than it is mapped to. Raises ValueRefused.
    read_as: Callable[[str, str], Value] | None = field(default=None, compare=False, repr=False)
    # CRM field name -> what the CRM sent for it, before it was put in canonical form.
    spelled: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    # What a field that was asked for has held, newest first, where the CRM keeps that. It may be cut at the old end.
    versions_of: Callable[[str], Sequence[Version]] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class WriteResult:
    before: CrmRow  # as it was in the moment before the write
    after: CrmRow  # read back


class CrmAdapter(Protocol):
    """One authorised view of one CRM. Not shared between threads. Every method raises `jobs.crm.errors.CrmError`."""

    @property
    def calls(self) -> int:
        """CRM calls made so far, in the CRM's own way of counting."""

    @property
    def clock_offset_seconds(self) -> float | None:
        """CRM clock minus ours, by the last answer's Date header; None before the first answer."""

    def objects(self) -> tuple[KnownObject, ...]:
        """The objects this authorisation sees whose records can be synced, one call.

        Salesforce leaves out what it may not read. HubSpot lists custom ones, to who may see definitions: else
        NotAllowed is raised.
        """

    def describe(self, object_name: str, *, unless_newer_than: str = "") -> Described | None:
        """The object's fields as this authorisation sees them; None when unchanged since that stamp.

        Salesforce: one call. HubSpot: two, three for an object with pipelines. Raises NotFound.
        """

    def read(self, object_name: str, record_id: str, fields: Fields) -> CrmRow:
        """One record, deleted ones included. Raises NotFound, and Rejected (INVALID_FIELD) for a field that is gone.

        One call. HubSpot keeps the deleted apart: one more for a record that is not among the living.
        """

    def count(self, object_name: str, question: Question | None = None) -> int:
        """How many records the CRM says pass; all of them without a question. One call.

        Raises FilterRefused for what this CRM cannot be asked.
        """

    def write(self, object_name: str, row: CrmRow, changes: Mapping[str, Value], fields: Fields) -> WriteResult:
        """Write `changes` if the record is still as `row` says, and read it back; what is `AsSpelled` goes as it is.

        Raises MovedOn when it changed since. After Unavailable nobody knows whether it was written.
        Salesforce checks in the one call that writes. HubSpot cannot check: two calls, and one more before them when
        `row` was not read just now; what slipped in between is told by `WriteResult.before`.
        """

    def find(self, object_name: str, rule: Rule, value: Value, fields: Fields) -> tuple[CrmRow, ...]:
        """Living records whose `rule.crm_field`, compared as `rule.compare_as`, equals `value`: the oldest few.

        At most `MOST_FOUND`, oldest first; none for a value that is no key (a blank, a free-mail domain). A converted
        Lead is told of only where nothing else is found. The CRM is asked coarsely and its answer is compared by
        `jobs.values.MATCH_KEYS`, so that both sides' rules are one. HubSpot finds changes after some moments only.
        One call; more where the CRM holds more look-alikes than fit in one answer, and HubSpot one more to read what
        was found. Raises Rejected (TOO_MANY_ALIKE) where even that was not all.
        """

    def parent_object(self, object_name: str) -> str:
        """The object whose records a new record of `object_name` may belong to: accounts. "" for none. No call."""

    def create(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, parent_id: str = ""
    ) -> CrmRow:
        """Make a record with `values`, blank ones left out, and read it back.

        `key` (at most 40 characters) names this creation. Where the object has our key field it is kept there: a
        repeated create with the same key changes nothing and answers the record of the first. `parent_id` is the
        account that the record belongs to, where `parent_object` names one.

        Raises DuplicateFound (`record_ids`: those of this object), Rejected (`fields`; NO_SUCH_PARENT where the parent
        is gone), NotAllowed. After Unavailable nobody knows whether it was made: ask `created`.
        Salesforce: one call, HubSpot: two. One more where the object has no key field, and one for each user in
        `values` in Salesforce.
        """

    def created(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, since: datetime
    ) -> CrmRow | None:
        """What an unanswered `create` with this key and these values made; None when it surely made nothing.

        `since`: not after the create was sent, by our clock. Without a key field it is known by when it was made and
        what it is called: then it may be another creation's, and whoever asks makes sure that it is not linked
        already. It may have been deleted since.

        Raises RetryLater (NOT_SURE_YET) while the CRM cannot know, and DuplicateFound where several could be it.
        Some calls more than a read: this is asked only when something went wrong.
        """


class PersonAdapter(Protocol):
    """A CRM seen with one person's own token, for a CRM that hands it out."""

    @property
    def calls(self) -> int:
        """CRM calls made so far."""

    def see(self, object_name: str, record_id: str, fields: Fields) -> tuple[ObjectInfo, CrmRow]:
        """The object as this person sees it, and of `fields` what they may see of the record. One call.

        Raises NotFound when the record is not visible to them.
        """
