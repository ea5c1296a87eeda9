"""The yardstick of a click: a bare Flask route, RQ's SimpleWorker, one `requests` call, one SQLite upsert.

The same server (gunicorn gthread), the same queue server, the same request to the same stand-in, the same SQLite
settings. What a product that does its job costs above this is what the product is for.

A click that writes to the CRM makes two calls, a read and a write that is read back; so does its yardstick.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time

import redis
import requests
from flask import Flask
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

QUEUE = "floor"


def application() -> Flask:
    app = Flask("floor")
    queue = Queue(QUEUE, connection=redis.Redis.from_url(os.environ["REDIS_URL"]), serializer=JSONSerializer)

    @app.post("/click/<int:number>")
    def click(number: int) -> str:
        queue.enqueue("benchmarks.floor.job", number, result_ttl=0)
        return str(number)

    @app.post("/click-and-write/<int:number>")
    def click_and_write(number: int) -> str:
        queue.enqueue("benchmarks.floor.writing_job", number, result_ttl=0)
        return str(number)

    @app.get("/wait/<int:number>")
    def wait(number: int) -> str:
        with _database() as database:
            for _ in range(10_000):
                row = database.execute("SELECT body FROM result WHERE id = ?", (number,)).fetchone()
                if row is not None:
                    return str(row[0])
                time.sleep(0.0005)
        raise TimeoutError

    return app


_session = requests.Session()


def job(number: int) -> None:
    _keep(number, _read())


def writing_job(number: int) -> None:
    text = _read()
    write = os.environ["FLOOR_WRITE"].replace("NUMBER", str(number))
    answer = _session.post(os.environ["FLOOR_WRITE_URL"], data=write, headers=_headers(), timeout=10)
    answer.raise_for_status()
    assert all(part["httpStatusCode"] < 300 for part in answer.json()["compositeResponse"]), answer.text
    _keep(number, text)


def _read() -> str:
    answer = _session.get(os.environ["FLOOR_URL"], headers=_headers(), timeout=10)
    answer.raise_for_status()
    return answer.text


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {os.environ['FLOOR_TOKEN']}", "Content-Type": "application/json"}


def _keep(number: int, text: str) -> None:
    with _database() as database:
        database.execute(
            "INSERT INTO result (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (number, text),
        )
        database.commit()


def _database() -> sqlite3.Connection:
    database = sqlite3.connect(os.environ["FLOOR_DATABASE"], timeout=15)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute("CREATE TABLE IF NOT EXISTS result (id INTEGER PRIMARY KEY, body TEXT)")
    return database


def work() -> None:
    connection = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=None)
    SimpleWorker([QUEUE], connection=connection, serializer=JSONSerializer).work(logging_level="WARNING")


def serve(port: str) -> None:
    from gunicorn.app.wsgiapp import WSGIApplication

    sys.argv = ["gunicorn", "-k", "gthread", "--threads", "16", "-b", f"127.0.0.1:{port}", "--keep-alive", "75"]
    sys.argv += ["--log-level", "warning", "benchmarks.floor:application()"]
    WSGIApplication("%(prog)s").run()


if __name__ == "__main__":
    work() if sys.argv[1] == "work" else serve(sys.argv[2])
