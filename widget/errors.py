"""What is seen when something goes wrong: words in the frame, JSON for the panel, never a stack trace."""

from __future__ import annotations

import structlog
from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from widget.panel_view import FrameMessage
from widget.security import is_panel_path
from widget.tokens import TokenError, TokenExpired, TokenForbidden

log = structlog.get_logger()

# Asked by programs. HubSpot's card is one: its calls go through HubSpot's servers.
JSON_PATHS = ("/webhooks/", "/launch/hubspot")


class LaunchRefused(Exception):
    """A launch that does not open a panel; the frame shows why and what to do."""

    def __init__(self, message: FrameMessage, status: int) -> None:
        super().__init__(message.code)
        self.message = message
        self.status = status


def install(app: Flask) -> None:
    app.register_error_handler(LaunchRefused, _launch_refused)
    app.register_error_handler(TokenError, _token_refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NoResultFound, _gone)
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(Exception, _unexpected)


def _launch_refused(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, LaunchRefused)
    log.info("launch_refused", code=error.message.code, status=error.status)
    return render_template("panel/message.html", message=error.message), error.status


def _token_refused(error: Exception) -> ResponseReturnValue:
    if isinstance(error, TokenForbidden):
        return _json("not_allowed", "This panel may not do that.", 403)
    code = "token_expired" if isinstance(error, TokenExpired) else "token_invalid"
    return _json(code, "This panel has expired. Reload it to go on.", 401)


def _http(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, HTTPException)
    status = error.code or 500
    if status < 400:
        return error
    return _words_for(status, error.name)


def _gone(_error: Exception) -> ResponseReturnValue:
    """A row that a token or a link still names was removed, such as a whole connection."""
    return _words_for(404, "Not Found")


def _database(error: Exception) -> ResponseReturnValue:
    log.error("database_failed", path=request.path, error=type(error).__name__, exc_info=True)
    return _words_for(503, "The database does not answer")


def _unexpected(error: Exception) -> ResponseReturnValue:
    # The path, not the URL: a launch URL holds a proof.
    log.exception("request_crashed", path=request.path, method=request.method)
    return _words_for(500, "Something went wrong on our side")


_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address is used in another way.",
    413: "This was too large to send. Nothing was changed.",
    415: "This was sent in a form that is not understood.",
    429: "Too many requests in a short time. Try again in a minute.",
    503: "Our database does not answer. Nothing was lost; try again in a moment.",
}


_NOTHING_HERE = ("Nothing is here", "Go back, and open it from there again.")


def _words_for(status: int, name: str) -> ResponseReturnValue:
    sentence = _SENTENCES.get(status, f"{name}. Nothing was changed.")
    if is_panel_path() or request.path.startswith(JSON_PATHS):
        return _json(name.lower().replace(" ", "_"), sentence, status)
    title, remedy = _NOTHING_HERE if status == 404 else (name, "")
    message = FrameMessage(title=title, sentence=sentence, remedy=remedy, code=f"HTTP_{status}", can_relaunch=False)
    return render_template("panel/message.html", message=message), status


def _json(code: str, message: str, status: int) -> ResponseReturnValue:
    return jsonify(error=code, message=message), status
