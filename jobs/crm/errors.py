"""What can go wrong with a CRM, named by what to do next.

    CrmError
    ├── RetryLater          the same call may work later; `retry_at` when the CRM said when
    │   ├── RateLimited     its limit is spent: the whole connection pauses
    │   ├── Unavailable     no answer, a 5xx, a cut answer; a write may or may not have been done
    │   └── RowLocked       somebody else holds this record for a moment
    ├── RecordError         this record only; a run with more records goes on
    │   ├── Rejected        the CRM refused a value; `fields` says which
    │   ├── DuplicateFound  the CRM says it has that record already; `record_ids`
    │   ├── NotFound        not there, or not visible to the one who asked
    │   ├── NotAllowed      visible, but this may not be done to it
    │   └── MovedOn         changed since it was read: read again and decide again
    └── ConnectionBroken    nothing will work until an admin acts: the connection is marked broken
        ├── AuthorizationLost
        └── Misconfigured

`code` is the CRM's own error code (or ours, in capitals, where it has none); `message` is the CRM's own text.
The words a person sees for a code are in `jobs/sync/words.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime


class CrmError(Exception):
    def __init__(self, message: str, *, code: str = "", fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.fields = fields


class RetryLater(CrmError):
    def __init__(
        self, message: str, *, code: str = "", retry_at: datetime | None = None, fields: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, code=code, fields=fields)
        self.retry_at = retry_at


class RateLimited(RetryLater):
    pass


class Unavailable(RetryLater):
    pass


class RowLocked(RetryLater):
    pass


class RecordError(CrmError):
    pass


class Rejected(RecordError):
    pass


class DuplicateFound(RecordError):
    def __init__(
        self,
        message: str,
        *,
        code: str,
        record_ids: tuple[str, ...] = (),
        fields: tuple[str, ...] = (),
        objects: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, code=code, fields=fields)
        self.record_ids = record_ids
        self.objects = dict(objects or {})  # record id -> its object, where the CRM says

    def within(self, object_name: str) -> DuplicateFound:
        """The same of this object's records alone: a Lead may be refused because of a Contact."""
        ids = tuple(each for each in self.record_ids if self.objects.get(each, object_name) == object_name)
        return DuplicateFound(self.message, code=self.code, record_ids=ids, fields=self.fields, objects=self.objects)


class NotFound(RecordError):
    pass


class NotAllowed(RecordError):
    pass


class MovedOn(RecordError):
    pass


class ConnectionBroken(CrmError):
    pass


class AuthorizationLost(ConnectionBroken):
    pass


class Misconfigured(ConnectionBroken):
    pass
