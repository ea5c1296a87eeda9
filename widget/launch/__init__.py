"""How a CRM opens a panel: a file per CRM. Each proves who is asking; `opening` turns the proof into a panel."""

from __future__ import annotations

from flask import Flask

from widget import admin
from widget.launch import hubspot, salesforce, tickets


def install(app: Flask) -> None:
    for launches in (salesforce, hubspot, tickets):
        # A launch proves itself by the CRM's signature; there is no session a foreign form could ride on.
        admin.csrf.exempt(launches.blueprint)
        app.register_blueprint(launches.blueprint)
