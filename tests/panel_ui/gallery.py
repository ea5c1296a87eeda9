"""A small server that draws every state of the panel with the real templates, scripts and headers.

It answers the panel's own requests the way the product promises to: a bearer token is needed and expires, a renewal
hands out a new one, a run moves on step by step. What is asked for is written down in `Gallery.calls`.
`python -m tests.panel_ui.gallery` serves it for looking at.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jinja2
from flask import Flask, Response, jsonify, render_template, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from tests.panel_ui import sample_parts, samples
from widget.panel_view import PanelView

HOSTILE_FIELDS = ("a", "b", "c", "d")
WIDGET = Path(__file__).resolve().parents[2] / "widget"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'"
)


@dataclass
class Gallery:
    """What the server knows, and what tests may turn while it runs."""

    url: str = ""
    token: str = "sample-token-1"  # the only one accepted
    token_lifetime: int = 300  # seconds, told to the page
    capped: bool = False  # the absolute cap is reached: no renewal any more
    renewal_delay: float = 0  # seconds a renewal takes
    answer_delay: float = 0  # seconds any other panel request takes
    failing: int | None = None  # status that panel requests are answered with
    failing_body: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)  # lets a run move on
    pace: int = 0  # `poll_delay_ms` of a running view
    end: str = "done"

    def count(self, call: str) -> int:
        return self.calls.count(call)

    @property
    def calls_to_panel(self) -> list[str]:
        """The calls that `headers` and `forms` belong to, one by one."""
        return [call for call in self.calls if " /panel/" in call]

    def expire_token(self) -> None:
        """What the page holds is refused from now on; a renewal gives a new one."""
        self.token = "expired-on-the-server"

    def renew(self) -> str:
        self.token = f"sample-token-{self.count('POST /panel/token') + 1}"
        return self.token


def create_gallery(gallery: Gallery) -> Flask:
    app = Flask("gallery", template_folder=str(WIDGET / "templates"), static_folder=str(WIDGET / "static"))
    app.jinja_env.undefined = jinja2.StrictUndefined
    add_pages(app, gallery)
    add_panel(app, gallery)

    @app.before_request
    def note() -> Response | None:
        if request.method == "OPTIONS":
            return Response(status=204)
        gallery.calls.append(f"{request.method} {request.path}")
        if request.path.startswith("/panel/"):
            gallery.headers.append(dict(request.headers))
            gallery.forms.append(request.form.to_dict())
        return None

    @app.after_request
    def promise(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        if request.path.startswith("/panel/"):
            answer.headers["Access-Control-Allow-Origin"] = "*"
            answer.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
            answer.headers["Access-Control-Allow-Methods"] = "GET, POST"
        return answer

    return app


def add_pages(app: Flask, gallery: Gallery) -> None:
    @app.get("/state/<crm>/<name>")
    def state(crm: samples.Crm, name: str) -> str:
        view = samples.states(crm)[name]
        asked = request.args
        scheme: Any = asked.get("scheme", "")
        protocol: Any = asked.get("protocol", "lwc")
        page = replace(
            samples.page(replace(view, poll_delay_ms=gallery.pace or view.poll_delay_ms)),
            token=gallery.token,
            token_expires_in=gallery.token_lifetime,
            color_scheme=scheme,
            host_protocol=protocol,
            host_origin=asked.get("host", ""),
            right_to_left="rtl" in asked,
        )
        return render_template("panel/page.html", page=page)

    @app.get("/message/<name>")
    def message(name: str) -> str:
        protocol: Any = request.args.get("protocol", "lwc")
        shown = replace(samples.MESSAGES[name], host_origin=request.args.get("host", ""), host_protocol=protocol)
        return render_template("panel/message.html", message=shown)


def add_panel(app: Flask, gallery: Gallery) -> None:
    def refused() -> Response | None:
        threading.Event().wait(gallery.answer_delay)
        if request.headers.get("Authorization") != f"Bearer {gallery.token}":
            return error(401, "token_expired", "The panel token has expired.")
        if gallery.failing:
            return error(gallery.failing, **gallery.failing_body)
        return None

    def draw(view: PanelView) -> Response:
        return Response(render_template("panel/_panel.html", view=view), mimetype="text/html")

    @app.post("/panel/token")
    def token() -> Response:
        threading.Event().wait(gallery.renewal_delay)
        if gallery.capped:
            return error(401, "session_ended", "This panel was open for eight hours.")
        lifetime = gallery.token_lifetime
        return jsonify(token=gallery.renew(), expires_in=lifetime, session_expires_in=28800)

    @app.post("/panel/sync")
    @app.post("/panel/link")
    def sync() -> Response:
        return refused() or draw(running("queued", 1, gallery))

    @app.get("/panel/runs/<int:run_id>")
    def run(run_id: int) -> Response:
        if answer := refused():
            return answer
        gallery.gate.wait(8)
        seen = int(request.args["seen"])
        order = ["queued", "running_reading", "running_comparing", "running_writing"]
        if seen < len(order):
            return draw(running(order[seen], seen + 1, gallery))
        return draw(samples.states()[gallery.end])

    @app.get("/panel/preview")
    def preview() -> Response:
        if answer := refused():
            return answer
        return Response(render_template("panel/_preview.html", preview=sample_parts.preview()), mimetype="text/html")

    @app.post("/panel/conflicts/<int:conflict_id>")
    def settle(conflict_id: int) -> Response:
        return refused() or draw(running("queued", 1, gallery))

    @app.get("/panel/history/<name>")
    def history(name: str) -> Response:
        if answer := refused():
            return answer
        shown = sample_parts.history(name, hostile=name in HOSTILE_FIELDS)
        return Response(render_template("panel/_history.html", history=shown), mimetype="text/html")

    @app.get("/panel/explain")
    def explain() -> Response:
        if answer := refused():
            return answer
        return Response(
            render_template("panel/_explain.html", explain=sample_parts.explanation()), mimetype="text/html"
        )

    @app.post("/panel/undo")
    def undo() -> Response:
        return refused() or draw(running("undoing", 1, gallery))

    @app.get("/panel/view")
    def view() -> Response:
        return refused() or draw(samples.states()["in_step"])


def running(name: str, version: int, gallery: Gallery) -> PanelView:
    return replace(samples.states()[name], run_id=7, run_version=version, poll_delay_ms=gallery.pace)


def error(status: int, error: str = "", message: str = "") -> Response:
    answer = jsonify({"error": error, "message": message} if error else {})
    answer.status_code = status
    return answer


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are in `Gallery.calls`; a test's output need not repeat them."""


@contextmanager
def serving(app: Flask) -> Iterator[BaseWSGIServer]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    gallery = Gallery()
    gallery.gate.set()
    with serving(create_gallery(gallery)) as server:
        for name in samples.states():
            print(f"http://127.0.0.1:{server.port}/state/salesforce/{name}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
