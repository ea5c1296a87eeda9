"""A small server that takes a portal's webhooks, and checks each signature by itself."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support import portal_proofs

Json = dict[str, Any]


class Received:
    """One request as it came."""

    def __init__(self, url: str, headers: dict[str, str], body: bytes) -> None:
        self.url, self.headers, self.body = url, headers, body
        self.events: list[Json] = json.loads(body)

    def is_signed_by(self, secret: str) -> bool:
        """By both kinds that a webhook carries, over this very address and body."""
        timestamp = self.headers["X-HubSpot-Request-Timestamp"]
        expected = portal_proofs.v3_headers(secret, "POST", self.url, self.body, timestamp)
        expected |= portal_proofs.v1_headers(secret, self.body)
        return all(self.headers.get(name) == value for name, value in expected.items())


class WebhookReceiver:
    """Answers 200, or what `answer` says; it gets the number of the request, from 1, and may take its time."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[int], int | None] = lambda number: 200
        self.at_once = self.most_at_once = 0
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def forget(self) -> None:
        with self._changed:
            self.received, self.at_once, self.most_at_once = [], 0, 0
            self.answer = lambda number: 200

    def wait_for(self, is_there: Callable[[list[Received]], Any]) -> list[Received]:
        """Everything that came, as soon as that is enough."""
        with self._changed:
            assert self._changed.wait_for(lambda: is_there(self.received), timeout=20), self.events
            return list(self.received)

    def wait_for_events(self, count: int) -> list[Json]:
        self.wait_for(lambda received: sum(len(each.events) for each in received) >= count)
        return self.events

    @property
    def events(self) -> list[Json]:
        return [event for each in list(self.received) for event in each.events]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> int | None:
        with self._changed:
            self.received.append(Received(self.url + path, headers, body))
            number = len(self.received)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self._changed.notify_all()
        status = self.answer(number)
        with self._changed:
            self.at_once -= 1
        return status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = take(self.path, dict(self.headers.items()), body)
                if status is None:
                    self.connection.close()
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_request(self, *_: Any) -> None:
                pass

        return Handler


def slowly(seconds: float) -> Callable[[int], int]:
    def answer(_: int) -> int:
        time.sleep(seconds)
        return 200

    return answer
