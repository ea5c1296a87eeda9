"""The page around the panel, as a CRM on another origin would draw it."""

from __future__ import annotations

from flask import Flask, request
from markupsafe import Markup

PAGE = Markup(
    """<!doctype html><title>Host</title><link rel="icon" href="data:,">
<script>
  window.received = []
  window.addEventListener('message', function (event) {{
    var frame = document.querySelector('iframe')
    if (event.source === frame.contentWindow) window.received.push({{ data: event.data, origin: event.origin }})
  }})
</script>
<iframe name="canvas-frame-_:sample_panel:1" width="320" height="500" {sandbox} src="{src}"></iframe>"""
)


def create_host() -> Flask:
    app = Flask("host")

    @app.get("/")
    def host() -> str:
        sandbox = Markup('sandbox="allow-scripts"') if "sandbox" in request.args else Markup("")
        return PAGE.format(sandbox=sandbox, src=request.args["src"])

    return app
