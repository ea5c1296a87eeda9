"""Lists that people keep in a CRM, and who is in them: the contract every CRM's reader keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jobs.crm.base import CrmRow, Fields

NOT_FOUND = "LIST_NOT_FOUND"
NOT_ALLOWED = "LISTS_NOT_ALLOWED"
NOT_USABLE = "LIST_NOT_USABLE"
MOST_LISTS = 500
"""More lists than these are not told of: whoever looks for another one names a part of it."""


@dataclass(frozen=True)
class CrmList:
    """One list, or list view, of records of one object."""

    list_id: str
    name: str
    kind: str  # what the CRM's own people call it
    size: int | None = None  # None where the CRM does not say
    is_usable: bool = True  # False: the CRM does not tell a program who is in it


@dataclass(frozen=True)
class Members:
    """One page of ids, in the order of the ids. `after` asks for the next page; "" when this was the last."""

    record_ids: tuple[str, ...]
    after: str = ""


class ListReader(Protocol):
    """Every method raises `jobs.crm.errors.CrmError`; NotAllowed (LISTS_NOT_ALLOWED) where lists may not be read."""

    def lists(self, object_name: str, *, containing: str = "") -> Sequence[CrmList]:
        """The lists of that object whose name contains the text, by name; at most MOST_LISTS of them.

        HubSpot: a call for each 500 lists of the account, whatever their object. Salesforce: one for each page.
        """

    def list_of(self, object_name: str, list_id: str) -> CrmList:
        """One list, with its size. Raises NotFound (LIST_NOT_FOUND), also for a list of another object.

        HubSpot: one call. Salesforce: three, it has to be asked to count.
        """

    def members(self, object_name: str, list_id: str, *, after: str = "") -> Members:
        """A page of its living members. Who comes to the list behind `after` is met later, who leaves it is not.

        HubSpot: one call. Salesforce: two. Raises NotFound (LIST_NOT_FOUND), and Rejected (LIST_NOT_USABLE).
        """

    def read_many(self, object_name: str, record_ids: Sequence[str], fields: Fields) -> dict[str, CrmRow]:
        """These records by id, in as few calls as the CRM allows; who is gone may be missing."""
