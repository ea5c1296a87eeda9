"""Every admin address with ids that exist, and for each one that changes something a form that really does."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Rule

from tests.admin.samples import OTHER_CONTACT_ID

LOGIN = "/admin/login"
LOGOUT = "/admin/logout"
IDS = {
    "connection_id": 1,
    "mapping_id": 2,  # Contact
    "field_id": 6,  # of Contact
    "link_id": 1,
    "record_id": 1,
    "run_id": 1,
    "entry_id": 1,
    "conflict_id": 1,
    "apart_id": 1,
    "name": "outbound",
    "crm": "salesforce",
    "field": "job_title",
    "list_id": "00B000000000001AAA",
}
CHANGES = {
    "admin.connections.switch": {"on": "0"},
    "admin.oauth.disconnect": {},
    "admin.objects.switch": {"on": "0"},
    "admin.objects.choose": {"duplicate_handling": "skip"},
    "admin.objects.fields.create": {"crm_field": "LeadSource", "local_field": "notes", "direction": "inbound"},
    "admin.objects.fields.save": {"write_rule": "fill_blank"},
    "admin.objects.fields.remove": {},
    "admin.objects.save": {
        "order-0": "1",
        "crm_field-0": "LastName",
        "local_field-0": "last_name",
        "compare_as-0": "name",
    },
    "admin.links.create": {"mapping": "2", "crm_record_id": OTHER_CONTACT_ID, "local_record_id": "2"},
    "admin.links.unlink": {},
    "admin.links.start_sync": {},
    "admin.conflicts.settle": {"keep": "crm"},
    "admin.records.create_there": {"connection": "1", "object": "Lead"},
    "admin.records.save": {"version": "1", "value-job_title": "Head of Samples"},
    "admin.runs.again": {},
    "admin.runs.start_undo": {},
    "admin.logs.again": {},
    "admin.logs.start_undo": {"field": "job_title"},
}
NEED_A_SIGN_IN = {"admin.oauth.callback", "admin.oauth.edit"}
"""Shown in test_oauth: pages for who comes back from the CRM, and for a connection made like that."""
NEED_THE_ORG = {
    "admin.connections.create",
    "admin.connections.save",
    "admin.connections.check",
    "admin.objects.create",
    "admin.objects.filters.save",
    "admin.objects.imports.start",
}
"""Shown in test_connections and tests/custom_objects: they change something only when Salesforce lets us in."""
NEED_MORE = {"admin.objects.fields.let_go", "admin.objects.remove", "admin.links.apart.allow", "admin.runs.stop"}
"""Shown in test_field_mappings, tests/custom_objects and test_kept_apart: for a choice that is lost, an object of which
nothing is linked, and for two that are kept apart."""
LEAVE_FOR_THE_CRM = {"admin.oauth.start", "admin.oauth.restart"}
CHANGE_NOTHING = LEAVE_FOR_THE_CRM | {
    "admin.connections.test",
    "admin.objects.filters.draw",
    "admin.objects.filters.count",
    "admin.login.sign_in",
    "admin.login.sign_out",
}


def rules(app: Flask, method: str) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/admin") and method in (rule.methods or set())
    ]


def address(app: Flask, rule: Rule) -> str:
    with app.test_request_context():
        values = {name: IDS[name] for name in rule.arguments}
        return app.url_map.bind("localhost").build(rule.endpoint, values, method=_method(rule))


def _method(rule: Rule) -> str:
    return "GET" if "GET" in (rule.methods or set()) else "POST"
