"""What the panel tells on demand: the history of a field, why things are as they are; and undo."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, NotFound

from jobs.mappings import FieldFacts
from jobs.runtime import Runtime
from jobs.sync.explain import explain_record, first_stop
from jobs.sync.explain_field import explain_field
from jobs.sync.explain_steps import Look, Step
from jobs.sync.history import FieldChange, FieldHistory, entries_of, field_history, still_holds
from jobs.sync.inquiry import Asker, look_into
from jobs.sync.rule_words import rule_words
from jobs.sync.undo_ask import UndoAsk, UndoRefused
from jobs.sync.undo_plan import OF_DELETION, not_sent, was_made_there
from jobs.tasks import request_undo
from widget.context import runtime
from widget.formats import Reader
from widget.panel_answers import ask_of, click_answer
from widget.panel_claims import claims_for, key_of
from widget.panel_undo import undo_words
from widget.panel_view import ExplainView, HistoryRow, HistoryView, ReasonView, UndoView
from widget.tokens import PanelClaims

LONGEST_ID = 18  # digits
MOST_ROWS = 20  # of a field's history; the admin pages show more
HOW = {
    "panel": "asked for in the panel",
    "admin": "asked for by an admin",
    "schedule": "by schedule",
    "webhook": "at a change in the CRM",
}


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/history/<field>")(history)
    blueprint.get("/explain")(explain)
    blueprint.post("/undo")(undo)


def history(field: str) -> ResponseReturnValue:
    """Why a field is what it is and what it was before, as the content of its row's region. `field` is the CRM's."""
    claims = claims_for("view")
    partial = current_app.jinja_env.get_template("panel/_history.html")
    return partial.render(history=history_view(runtime(), claims, field), at=request.script_root)


def explain() -> ResponseReturnValue:
    """Why the record is (not) synced. Costs one CRM call."""
    claims = claims_for("view")
    look = look_into(runtime(), key_of(claims), _asker(claims))
    partial = current_app.jinja_env.get_template("panel/_explain.html")
    return partial.render(explain=explain_view(look, _reader(claims)))


def undo() -> ResponseReturnValue:
    """Take back an entry of this record, or one field of it, with this person's rights."""
    claims = claims_for("undo")
    entry_id, field = request.form.get("entry_id", ""), request.form.get("field", "")
    if not entry_id.isdecimal() or len(entry_id) > LONGEST_ID or len(field) > 80:
        raise BadRequest
    as_sync = ask_of(claims)
    ask = UndoAsk(
        trigger="panel",
        entry_id=int(entry_id),
        field=field,
        requested_by=as_sync.requested_by,
        requested_by_id=as_sync.requested_by_id,
        readable_fields=as_sync.readable_fields,
        editable_fields=as_sync.editable_fields,
        of_record=key_of(claims),
    )
    try:
        asked = request_undo(runtime(), ask)
    except UndoRefused as refused:
        return jsonify(error="nothing_to_undo", message=str(refused)), 409
    return click_answer(claims, asked)


def history_view(here: Runtime, claims: PanelClaims, crm_field: str) -> HistoryView:
    """Raises NotFound for a field that is not synced, or that this person may not read."""
    look = look_into(here, key_of(claims), _asker(claims), live=False)
    mapped = look.mapping.fields if look.mapping is not None else ()
    mapping = next((each for each in mapped if each.crm_field == crm_field and each.enabled), None)
    if mapping is None or not look.may_read(crm_field):
        raise NotFound
    with here.database.look() as database:
        past = field_history(entries_of(database, key_of(claims)), mapping.local_field)
    reader = _reader(claims)
    return HistoryView(
        name=crm_field,
        label=mapping.label,
        reasons=_reasons(explain_field(look, mapping, past), reader),
        rows=_rows(claims, look, mapping, past, reader),
        more=past.is_cut or len(past.changes) > MOST_ROWS,
        long=mapping.field_type == "long_text",
    )


def explain_view(look: Look, reader: Reader) -> ExplainView:
    steps = explain_record(look)
    stop = first_stop(steps)
    reasons = _reasons(steps, reader)
    if stop is not None:
        return ExplainView(f"It is not synced. {stop.sentence}", "bad", reasons)
    if any(each.state == "note" for each in steps):
        return ExplainView("Nothing keeps it from being synced. Some things are worth knowing.", "attention", reasons)
    return ExplainView("Nothing keeps it from being synced.", "good", reasons)


def _rows(
    claims: PanelClaims, look: Look, mapping: FieldFacts, past: FieldHistory, reader: Reader
) -> tuple[HistoryRow, ...]:
    # A field that was mapped to another CRM field once has that one's values in its history.
    known = [each for each in past.changes if look.may_read(each.written.crm_field)]
    return tuple(_row(claims, look, each, reader) for each in known[:MOST_ROWS])


def _row(claims: PanelClaims, look: Look, change: FieldChange, reader: Reader) -> HistoryRow:
    written = change.written
    by = change.entry.by
    return HistoryRow(
        at=reader.moment(change.at),
        where="here" if written.side == "here" else f"in {look.crm}",
        old=reader.value(written.field_type, written.before),
        new=reader.value(written.field_type, written.wrote),
        by="you" if by and by == claims.user_name else by,
        how=HOW.get(change.entry.trigger, ""),
        rule=rule_words(change.rule, look.crm),
        is_undone=change.is_undone,
        is_unsure=change.is_unsure,
        undo=_undo(claims, look, change, reader),
    )


def _undo(claims: PanelClaims, look: Look, change: FieldChange, reader: Reader) -> UndoView | None:
    written = change.written
    may_write = written.side == "here" or look.editable is None or written.crm_field in look.editable
    is_on = look.connection.syncs_enabled and look.mapping is not None and look.mapping.enabled
    local = look.scene.local if look.scene is not None else None
    ours = local.values if local is not None and local.deleted_at is None else None
    theirs = look.row.values if look.row is not None else None
    if not claims.allows("undo") or not may_write or not is_on or change.is_undone:
        return None
    if change.entry.code in OF_DELETION or (look.mapping is not None and not_sent(look.mapping, written)):
        return None
    if written.side != "here" and was_made_there(change.entry.outcome, change.entry.changes):
        return None
    if not still_holds(written, ours, theirs):
        return None
    return UndoView(change.entry.id, undo_words([written], look.crm, reader), field=written.field)


def _reasons(steps: Iterable[Step], reader: Reader) -> tuple[ReasonView, ...]:
    return tuple(
        ReasonView(
            each.topic,
            each.state,
            each.sentence,
            each.remedy,
            each.code,
            reader.moment(each.at) if each.at is not None else None,
            _reasons(each.parts, reader),
        )
        for each in steps
    )


def _asker(claims: PanelClaims) -> Asker:
    return Asker(claims.readable, claims.editable)


def _reader(claims: PanelClaims) -> Reader:
    return Reader(claims.locale, claims.time_zone, claims.currency)
