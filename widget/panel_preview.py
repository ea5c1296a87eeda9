"""What a sync would do, shown in the panel before the click."""

from __future__ import annotations

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from jobs.crm.adapters import crm_label
from jobs.crm.errors import CrmError
from jobs.runtime import Runtime
from jobs.sync import merge
from jobs.sync.preview import Preview, preview
from jobs.sync.words import words
from widget.context import runtime
from widget.formats import Reader
from widget.panel_answers import ask_of
from widget.panel_claims import claims_for
from widget.panel_rows import number_of_fields
from widget.panel_view import PreviewRow, PreviewView
from widget.tokens import PanelClaims


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/preview")(show)


def show() -> ResponseReturnValue:
    """The preview, as the content of its region. Costs one CRM call."""
    claims = claims_for("view")
    partial = current_app.jinja_env.get_template("panel/_preview.html")
    return partial.render(preview=preview_view(runtime(), claims))


def preview_view(here: Runtime, claims: PanelClaims) -> PreviewView:
    crm = crm_label(_crm_of(here, claims))
    try:
        found = preview(here, ask_of(claims))
    except CrmError as error:
        said = words(error.code, crm=crm, object_label=claims.object, detail=error.message)
        return PreviewView(crm, "It cannot be said right now what a sync would change.", said.message)
    if found.skip is not None:
        said = words(found.skip.code, crm=crm, object_label=claims.object, detail=found.skip.detail)
        return PreviewView(crm, "A sync would leave this record alone.", f"{said.message} {said.remedy}")
    return _told(claims, crm, found)


def _told(claims: PanelClaims, crm: str, found: Preview) -> PreviewView:
    """Only fields this person may read are told of; their run would not touch the others."""
    reader = Reader(claims.locale, claims.time_zone, claims.currency)
    shown = {
        name: [each for each in decisions if _may_read(claims, each)]
        for name, decisions in (
            ("here", found.here),
            ("crm", found.in_crm),
            ("conflict", found.conflicts),
            ("left", found.left),
        )
    }
    rows = tuple(_row(reader, crm, name, each) for name, decisions in shown.items() for each in decisions)
    counts = {name: len(decisions) for name, decisions in shown.items()}
    return PreviewView(crm, _sentence(crm, counts, creates=found.creates), rows=rows, stamp=found.stamp)


def _sentence(crm: str, counts: dict[str, int], *, creates: bool) -> str:
    """ "2 fields would change here, 1 in Salesforce, 1 is a conflict, 1 stays different"."""
    parts = [
        f"{number_of_fields(counts['here'])} would change here" if counts["here"] and not creates else "",
        f"{counts['crm']} in {crm}" if counts["here"] and not creates else _alone(crm, counts["crm"]),
        f"{counts['conflict']} changed on both sides" if counts["conflict"] else "",
        f"{counts['left']} would stay different" if counts["left"] else "",
    ]
    told = ", ".join(part for part in parts if part and not part.startswith("0 "))
    if creates:
        return f"A record of ours would be created from {crm}" + (f", {told}." if told else ".")
    return f"{told}." if told else "A sync would change nothing."


def _alone(crm: str, count: int) -> str:
    return f"{number_of_fields(count)} would change in {crm}" if count else ""


def _row(reader: Reader, crm: str, kind: str, decision: merge.Decision) -> PreviewRow:
    rule = decision.rule
    is_change = kind in ("here", "crm")
    reason = "" if is_change else words(decision.why, crm=crm, fields=rule.label).message
    return PreviewRow(
        label=rule.label,
        kind=kind,  # type: ignore[arg-type]  # one of the four above
        old=reader.value(rule.field_type, decision.old if is_change else decision.crm),
        new=reader.value(rule.field_type, decision.value if is_change else decision.local),
        reason=reason,
    )


def _may_read(claims: PanelClaims, decision: merge.Decision) -> bool:
    return claims.readable is None or decision.rule.crm_field in claims.readable


def _crm_of(here: Runtime, claims: PanelClaims) -> str:
    with here.database.look() as database:
        connection, _ = here.mappings.setup_of(database, claims.connection_id, claims.object)
    return connection.crm
