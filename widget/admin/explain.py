"""Why a record is (not) synced, on an admin page: told of what we saw last, or of a fresh read when asked for."""

from __future__ import annotations

from flask import render_template, request

from jobs.sync.explain import explain_record, first_stop
from jobs.sync.inquiry import look_into
from jobs.sync.rows import RecordKey
from widget.context import runtime


def page(key: RecordKey, *, name: str, back: str) -> str:
    """`back`: the page this was asked from. `?fresh=1` in the address costs one CRM call."""
    look = look_into(runtime(), key, live=bool(request.args.get("fresh")))
    steps = explain_record(look)
    return render_template(
        "admin/explain.html",
        title=f"Why? {name or key.crm_record_id}",
        look=look,
        key=key,
        steps=steps,
        stop=first_stop(steps),
        back=back,
        name=name,
    )
