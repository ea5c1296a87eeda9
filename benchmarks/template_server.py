"""The yardstick of a panel request: the very same view, made once, rendered by the same template on the same server.

The same application too, with all that it does around every request: what is compared is finding out what to show.
"""

from __future__ import annotations

import os
import sys

from config.settings import load_settings
from jobs.runtime import open_runtime
from widget.app import build_app
from widget.panel_facts import Situation, panel_view
from widget.server import run_app
from widget.tokens import open_panel_token


def main(port: int) -> None:
    settings = load_settings()
    claims = open_panel_token(settings, os.environ["TEMPLATE_TOKEN"])
    runtime = open_runtime(settings)
    view = panel_view(runtime, claims, Situation())
    runtime.close()
    app = build_app(settings)
    template = app.jinja_env.get_template("panel/_panel.html")
    app.add_url_rule("/panel/template", view_func=lambda: template.render(view=view))
    run_app(app, settings, host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]))
