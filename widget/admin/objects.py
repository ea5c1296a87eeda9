"""ObjectMappings: which objects sync, in which direction, which fields meet, and how counterparts are found."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs import watermarks
from jobs.accounts import audit
from jobs.fields import fields_of
from jobs.kinds import LocalField
from jobs.models import Connection, ObjectMapping, RecordLink, Watermark
from jobs.runtime import utc_now
from jobs.sync.push_offers import goes_on_account
from widget.admin import field_mappings, filters, imports, listing, match_rules, object_new
from widget.admin.access import admins_only, person
from widget.context import runtime

SWITCHES = {
    "enabled": "sync",
    "inbound": "changes from the CRM",
    "outbound": "changes to the CRM",
    "may_create_here": "new records here",
    "may_update_here": "updates here",
    "may_create_there": "new records in the CRM",
    "may_update_there": "updates in the CRM",
}
"""Switch -> what it is called."""

CHOICES = {
    "duplicate_handling": {
        "overwrite_all": "values from the CRM win",
        "update_missing": "only what is empty is filled",
        "skip": "both stay as they are",
    },
    "when_deleted_there": {
        "keep": "ours is kept",
        "delete": "ours is deleted with it, and comes back with it",
    },
    "needs_email": {"1": "needed: without one the record is skipped", "0": "not needed"},
    "makes_accounts": {
        "0": "put on the account with the domain of the address, where there is one",
        "1": "the same, and the account is created first where there is none",
    },
    "reps_may_set_rules": {
        "1": "everybody who may settle one",
        "0": "admins only, under Conflicts and on the field mapping",
    },
}
"""Rule -> its values and what each means."""

YES_OR_NO = ("needs_email", "makes_accounts", "reps_may_set_rules")
"""Rules that are kept as yes or no."""


def blueprint() -> Blueprint:
    pages = Blueprint("objects", __name__, url_prefix="/objects")
    pages.get("/")(index)
    pages.get("/<row:mapping_id>")(show)
    pages.get("/<row:mapping_id>/edit")(edit)
    pages.post("/<row:mapping_id>/edit")(save)
    pages.post("/<row:mapping_id>/switches/<name>")(switch)
    object_new.add_to(pages)
    pages.register_blueprint(filters.blueprint())
    pages.register_blueprint(imports.blueprint())
    pages.post("/<row:mapping_id>/rules")(choose)
    pages.register_blueprint(field_mappings.blueprint())
    return pages


def index() -> str:
    with runtime().database.read() as session:
        connections = session.scalars(select(Connection).order_by(Connection.name)).all()
        mappings = session.scalars(select(ObjectMapping).order_by(ObjectMapping.object_label)).all()
    by_connection = {each.id: [row for row in mappings if row.connection_id == each.id] for each in connections}
    return render_template(
        "admin/objects/index.html", title="Objects", connections=connections, by_connection=by_connection
    )


def show(mapping_id: int) -> str:
    with runtime().database.read() as session:
        mapping = listing.found(session.get(ObjectMapping, mapping_id))
        connection = session.get_one(Connection, mapping.connection_id)
        calculated = field_mappings.calculated(session, mapping)
        watermark = session.get(Watermark, mapping_id)
        links = session.scalar(
            select(func.count())
            .select_from(RecordLink)
            .where(RecordLink.connection_id == connection.id, RecordLink.object == mapping.object)
        )
    return render_template(
        "admin/objects/show.html",
        title=mapping.object_label,
        mapping=mapping,
        connection=connection,
        links=links or 0,
        watermark=watermark,
        calculated=calculated,
        comparisons=match_rules.COMPARISONS,
        filter=filters.summary(mapping),
        choices=CHOICES,
        chosen=_chosen(mapping),
        goes_on_account=goes_on_account(runtime(), connection, mapping),
    )


@admins_only
def edit(mapping_id: int) -> str:
    with runtime().database.read() as session:
        mapping = listing.found(session.get(ObjectMapping, mapping_id))
    return _form(mapping, match_rules.stored(mapping), message="")


def save(mapping_id: int) -> Response | tuple[str, int]:
    """Replace the match rules. They decide about records that are not linked yet; links stay as they are."""
    rules = match_rules.typed(request.form)
    with runtime().database.write() as session:
        mapping = listing.found(session.get(ObjectMapping, mapping_id))
        before = [rule.words for rule in match_rules.stored(mapping)]
        try:
            kept = match_rules.checked(rules, mapping, fields_of(session, mapping.kind))
        except ValueError as error:
            return _form(mapping, rules, message=str(error)), 422
        after = [rule.words for rule in kept]
        if after != before:
            match_rules.replace(session, mapping, kept)
            _note(session, mapping, "object.match_rules", before={"rules": before}, after={"rules": after})
    flash("The match rules are saved. They hold for records that are not linked yet.", "good")
    return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)


def switch(mapping_id: int, name: str) -> Response:
    """Turn one of SWITCHES on or off. The form says which way: pressing twice does not turn it back."""
    if name not in SWITCHES:
        abort(404)
    wanted = request.form.get("on") == "1"
    with runtime().database.write() as session:
        mapping = listing.found(session.get(ObjectMapping, mapping_id))
        if getattr(mapping, name) != wanted:
            setattr(mapping, name, wanted)
            mapping.updated_at = utc_now()
            if name == "enabled":
                watermarks.begin_anew(session, mapping.connection_id, mapping.object)
            _note(session, mapping, f"object.{name}", before={name: not wanted}, after={name: wanted})
    what = mapping.object_label if name == "enabled" else f"{mapping.object_label}, {SWITCHES[name]}"
    flash(f"{what}: {'on' if wanted else 'off'}.", "good")
    return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)


def choose(mapping_id: int) -> Response:
    """Set the rules of CHOICES. What is not on offer is left as it is."""
    with runtime().database.write() as session:
        mapping = listing.found(session.get(ObjectMapping, mapping_id))
        before = _chosen(mapping)
        wanted = {name: value for name in CHOICES if (value := request.form.get(name, "")) in CHOICES[name]}
        changed = {name: value for name, value in wanted.items() if before[name] != value}
        for name, value in changed.items():
            setattr(mapping, name, value == "1" if name in YES_OR_NO else value)
        if changed:
            mapping.updated_at = utc_now()
            _note(session, mapping, "object.rules", before={name: before[name] for name in changed}, after={**changed})
    flash("The rules are saved." if changed else "Nothing was different, so nothing was changed.", "good")
    return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)


def _local_fields(kind: str) -> Mapping[str, LocalField]:
    with runtime().database.read() as session:
        return fields_of(session, kind)


def _chosen(mapping: ObjectMapping) -> dict[str, str]:
    return {
        "duplicate_handling": mapping.duplicate_handling,
        "when_deleted_there": mapping.when_deleted_there,
        **{name: "1" if getattr(mapping, name) else "0" for name in YES_OR_NO},
    }


def _form(mapping: ObjectMapping, rules: list[match_rules.Rule], *, message: str) -> str:
    return render_template(
        "admin/objects/edit.html",
        title=f"Match rules of {mapping.object_label}",
        mapping=mapping,
        rules=rules,
        message=message,
        compare_as=match_rules.COMPARISONS,
        local_fields=_local_fields(mapping.kind),
        most=match_rules.MOST_RULES,
    )


def _note(
    session: Session, mapping: ObjectMapping, action: str, *, before: dict[str, object], after: dict[str, object]
) -> None:
    connection = session.get_one(Connection, mapping.connection_id)
    subject = f"{mapping.object_label} of {connection.name}"
    audit(session, by=person().email, action=action, subject=subject, details={"before": before, "after": after})
