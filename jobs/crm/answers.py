"""What an answer is worth that is not what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jobs.crm.errors import ConnectionBroken, CrmError, RetryLater, Unavailable


def no_answer(crm_label: str, error: Exception) -> CrmError:
    """No answer, or half of one. The exception's own text may hold addresses and stays out."""
    return Unavailable(f"{crm_label} did not answer ({type(error).__name__}).", code="NO_ANSWER")


@contextmanager
def understood(crm_label: str) -> Iterator[None]:
    """An answer of another shape, such as that of a proxy in between, is no answer."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise no_answer(crm_label, error) from error


@contextmanager
def written_already() -> Iterator[None]:
    """What fails after the write is not the write: nothing was refused, and somebody has to look again."""
    try:
        yield
    except RetryLater:
        raise
    except CrmError as error:
        raise Unavailable(f"Written, but not read back: {error.message}", code="NO_ANSWER") from error


@contextmanager
def perhaps_made_before() -> Iterator[None]:
    """A create was refused as a duplicate: whether of our own is open for as long as the CRM cannot be asked."""
    try:
        yield
    except ConnectionBroken as error:
        raise Unavailable(f"Refused as a duplicate, perhaps of our own: {error.message}", code="NO_ANSWER") from error
