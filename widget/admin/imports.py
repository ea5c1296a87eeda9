"""Importing from a list that people keep in the CRM: choose it, see what would happen, start it, follow it, stop it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.crm.adapters import crm_label
from jobs.crm.errors import CrmError, RetryLater
from jobs.crm.lists import MOST_LISTS
from jobs.crm.lists import NOT_FOUND as NO_SUCH_LIST
from jobs.models import Connection, ListImport, ObjectMapping, SyncRun
from jobs.models.list_import import IMPORT
from jobs.sync import import_outlook
from jobs.sync.import_ask import ImportAsk, ImportRefused, cancel, why_not
from jobs.sync.words import Words, words
from jobs.tasks import request_import
from widget.admin import listing
from widget.admin.access import admins_only, person
from widget.context import runtime

LONGEST_LIST_ID = 40

Pair = tuple[ObjectMapping, Connection]


def blueprint() -> Blueprint:
    pages = Blueprint("imports", __name__, url_prefix="/<row:mapping_id>/import")
    pages.get("/")(index)
    pages.get("/<list_id>")(show)
    pages.post("/<list_id>")(start)
    return pages


@admins_only
def index(mapping_id: int) -> str:
    """The lists of the object. The CRM is asked; whatever it refuses is said on the page."""
    mapping, connection = _pair(mapping_id)
    text, found, problem = listing.text_in_url("q"), [], _off(mapping, connection)
    if problem is None:
        try:
            found = list(import_outlook.lists(runtime(), connection, mapping.object, text))
        except CrmError as error:
            problem = _said(mapping, connection, error)
    return render_template(
        "admin/imports/index.html",
        title=f"Import {mapping.object_label} records from a list",
        mapping=mapping,
        connection=connection,
        lists=found,
        text=text,
        problem=problem,
        is_cut=len(found) == MOST_LISTS,
    )


@admins_only
def show(mapping_id: int, list_id: str) -> tuple[str, int]:
    """What would happen, before anything does."""
    mapping, connection = _pair(mapping_id)
    problem, outlook, status = _off(mapping, connection), None, 200
    if problem is None:
        try:
            outlook = import_outlook.outlook(runtime(), connection.id, mapping.object, _short(list_id))
        except CrmError as error:
            problem, status = _said(mapping, connection, error), 404 if error.code == NO_SUCH_LIST else 200
    if outlook is not None and not outlook.crm_list.is_usable:
        problem = _words(mapping, connection, "LIST_NOT_USABLE")
    page = render_template(
        "admin/imports/show.html",
        title=f"Import “{outlook.crm_list.name}”" if outlook else "Import from a list",
        mapping=mapping,
        connection=connection,
        outlook=outlook,
        list_id=list_id,
        problem=problem,
        reasons=_reasons(mapping, connection, outlook),
    )
    return page, status


def start(mapping_id: int, list_id: str) -> Response:
    """Insert or join the run, note who asked, and go to its page; or say why nothing would come of it."""
    mapping, connection = _pair(mapping_id)
    try:
        asked = request_import(runtime(), _ask(mapping, connection, list_id))
    except ImportRefused as refused:
        return _back(mapping, _words(mapping, connection, refused.code))
    except CrmError as error:
        return _back(mapping, _said(mapping, connection, error))
    _note(mapping, connection, asked.run, is_new=asked.is_new)
    said = f"Run {asked.run.id} imports the list."
    if not asked.is_new:
        said = f"Run {asked.run.id} is importing this list already: joined."
    elif not asked.queue_answers:
        said += " The queue server does not answer; the run starts by itself when it is back."
    flash(said, "good")
    return redirect(url_for("admin.runs.show", run_id=asked.run.id), code=303)


def stop(run_id: int) -> Response:
    """Cancel an import; pressing it twice, or too late, changes nothing."""
    with runtime().database.write() as session:
        run = listing.found(session.get(SyncRun, run_id))
        is_stopped = cancel(session, run.id, by=person().email)
        if is_stopped:
            details = {"run": run.id}
            audit(session, by=person().email, action="import.cancel", subject=f"run {run.id}", details=details)
    flash(f"Run {run_id} is stopped." if is_stopped else f"Run {run_id} is over, or stopped already.", "good")
    return redirect(url_for("admin.runs.show", run_id=run_id), code=303)


def place_of(session: Session, run: SyncRun) -> ListImport | None:
    """How far the run has come in its list; None for a run that goes through none."""
    return session.get(ListImport, run.id) if run.kind == IMPORT else None


def _ask(mapping: ObjectMapping, connection: Connection, list_id: str) -> ImportAsk:
    """The list is asked for once more: its name and size are the CRM's, never the form's. Raises CrmError."""
    if code := why_not(connection, mapping):
        raise ImportRefused(code)
    found = import_outlook.list_of(runtime(), connection, mapping.object, _short(list_id))
    return ImportAsk(mapping.id, found, trigger="admin", requested_by=person().email)


def _note(mapping: ObjectMapping, connection: Connection, run: SyncRun, *, is_new: bool) -> None:
    with runtime().database.write() as session:
        place = session.get_one(ListImport, run.id)
        subject = f"{place.list_name}, {mapping.object_label} of {connection.name}"
        details = {"run": run.id, "list": place.list_id, "size": place.total, "joined": not is_new}
        audit(session, by=person().email, action="import.start", subject=subject, details=details)


def _pair(mapping_id: int) -> Pair:
    with runtime().database.read() as session:
        mapping = listing.found(session.get(ObjectMapping, mapping_id))
        return mapping, session.get_one(Connection, mapping.connection_id)


def _off(mapping: ObjectMapping, connection: Connection) -> Words | None:
    code = why_not(connection, mapping)
    return _words(mapping, connection, code) if code else None


def _said(mapping: ObjectMapping, connection: Connection, error: CrmError) -> Words:
    said = _words(mapping, connection, error.code, detail=error.message)
    return Words(said.message, "Nothing was started. Try again a little later.") if _may_pass(error) else said


def _may_pass(error: CrmError) -> bool:
    """Nobody is told here that it goes on by itself: no run waits for it."""
    return isinstance(error, RetryLater)


def _words(mapping: ObjectMapping, connection: Connection, code: str, detail: str = "") -> Words:
    return words(code, crm=crm_label(connection.crm), object_label=mapping.object_label, detail=detail)


def _reasons(
    mapping: ObjectMapping, connection: Connection, outlook: import_outlook.Outlook | None
) -> list[tuple[int, str, str]]:
    """(how many, why in words, the code) of those that would be skipped, the most first."""
    skipped = outlook.skipped.most_common() if outlook is not None else []
    return [(count, _reason(mapping, connection, code), code) for code, count in skipped]


def _reason(mapping: ObjectMapping, connection: Connection, code: str) -> str:
    """Of many at once: what differs from one to the next is left to the log."""
    if code == "FILTERED_OUT":
        return "They do not pass the filter of the object."
    return _words(mapping, connection, code).message


def _back(mapping: ObjectMapping, said: Words) -> Response:
    flash(f"{said.message} {said.remedy}", "bad")
    return redirect(url_for("admin.objects.show", mapping_id=mapping.id), code=303)


def _short(list_id: str) -> str:
    """No CRM has longer ids: what is longer is no list."""
    return list_id[: LONGEST_LIST_ID + 1]
