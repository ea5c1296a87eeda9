"""The gate before a CRM: journals every call and lets ordered faults strike, on the real socket where needed."""

from __future__ import annotations

import errno
import io
import json
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote_plus

from emulator.clock import Clock
from emulator.faults import Fault, Faults
from emulator.journal import Call, Journal

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

LARGEST_BODY = 50 * 1024 * 1024
# Paths that are not the CRM's: the controls of the emulator and the files its pages are drawn with.
_UNSEEN = ("/_emulator/", "/static/", "/favicon.ico")


class Crm(Protocol):
    """What the gate needs of the CRM behind it."""

    @property
    def clock(self) -> Clock: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def faults(self) -> Faults: ...
    def inner_requests(self, path: str, body: bytes) -> list[tuple[str, str]]:
        """The (method, path) pairs that a call carries inside."""

    def fault_answer(self, fault: Fault) -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and JSON body of a `status` or `rate_limit` fault."""

    def expire_tokens(self) -> None: ...


@dataclass(slots=True)
class Reply:
    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        return int(self.status.split(" ", 1)[0])


class Gateway:
    """WSGI middleware around a CRM's application."""

    def __init__(self, app: WsgiApp, crm: Crm) -> None:
        self._app = app
        self._crm = crm

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(_UNSEEN) or "/static/" in path:
            return self._app(environ, start_response)
        started = time.perf_counter()
        crm = self._crm
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        call = crm.journal.open_call(at=crm.clock.now(), method=environ["REQUEST_METHOD"], path=path, query=query)
        reply: Reply | None = None
        try:
            reply = self._answer(environ, call)
        finally:
            elapsed = (time.perf_counter() - started) * 1000
            crm.journal.close_call(call, status=reply.code if reply else None, duration_ms=elapsed)
        if call.fault == "half_body":
            _send_half(environ, reply)
        start_response(reply.status, reply.headers)
        return [reply.body]

    def _answer(self, environ: Environ, call: Call) -> Reply:
        if not self._crm.faults.waiting:
            return _run(self._app, environ)
        body = _buffered_body(environ)
        fault = self._crm.faults.take(self._requests(environ, body))
        if fault is None:
            return _run(self._app, environ)
        call.fault = fault.kind
        return self._struck(environ, fault)

    def _requests(self, environ: Environ, body: bytes) -> list[tuple[str, str]]:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        full = path + ("?" + unquote_plus(environ["QUERY_STRING"]) if environ.get("QUERY_STRING") else "")
        return [(method, full), *self._crm.inner_requests(path, body)]

    def _struck(self, environ: Environ, fault: Fault) -> Reply:
        """Let one fault happen. Raises to end the connection without an answer."""
        if fault.kind in ("status", "rate_limit"):
            return _json_reply(*self._crm.fault_answer(fault))
        if fault.kind == "drop":
            raise _closed(environ)
        if fault.kind == "hang":
            return self._hung(environ, fault)
        if fault.kind == "late_commit":
            return self._late(environ, fault)
        if fault.kind == "expire_tokens":
            self._crm.expire_tokens()
        if fault.kind == "latency":
            time.sleep(fault.number("seconds", 1))
        reply = _run(self._app, environ)
        if fault.kind == "lose_response":
            raise _closed(environ)
        return reply

    def _hung(self, environ: Environ, fault: Fault) -> Reply:
        """Keep the caller waiting, then close; with `apply` the call is carried out first."""
        if fault.parameters.get("apply"):
            _run(self._app, environ)
        time.sleep(fault.number("seconds", 30))
        raise _closed(environ)

    def _late(self, environ: Environ, fault: Fault) -> Reply:
        """Stamp what the call writes with the time it came in, and commit it later."""
        transaction, began_at = self._crm.clock.begin()
        time.sleep(fault.number("seconds", 5))
        with self._crm.clock.committing(transaction, began_at):
            return _run(self._app, environ)


def _run(app: WsgiApp, environ: Environ) -> Reply:
    """Run the application to its end and hold its answer back."""
    caught: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        caught["status"], caught["headers"] = status, headers
        return lambda data: None

    result = app(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        close = getattr(result, "close", nullcontext)
        close()
    return Reply(caught["status"], caught["headers"], body)


def _buffered_body(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH") or ""
    body: bytes = environ["wsgi.input"].read(min(int(length), LARGEST_BODY) if length.isdigit() else LARGEST_BODY)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _json_reply(status: int, headers: Mapping[str, str], body: Any) -> Reply:
    encoded = b"" if body is None else json.dumps(body).encode()
    base = {"Content-Type": "application/json;charset=UTF-8", "Content-Length": str(len(encoded))}
    return Reply(f"{status} Fault", list({**base, **headers}.items()), encoded)


def _send_half(environ: Environ, reply: Reply) -> None:
    """Promise the whole body, send half of it, and close."""
    head = "".join(f"{name}: {value}\r\n" for name, value in reply.headers if name.lower() != "content-length")
    text = f"HTTP/1.1 {reply.status}\r\n{head}Content-Length: {max(len(reply.body), 2)}\r\n\r\n"
    environ["gunicorn.socket"].sendall(text.encode("latin-1") + reply.body[: len(reply.body) // 2])
    raise _closed(environ, reset=False)


def _closed(environ: Environ, *, reset: bool = True) -> BrokenPipeError:
    """Close the caller's connection; the error makes the server forget the request quietly."""
    connection: socket.socket = environ["gunicorn.socket"]
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        # The caller may have given up first.
        if error.errno != errno.ENOTCONN:
            raise
    return BrokenPipeError(errno.EPIPE, "the connection was closed by a fault")
