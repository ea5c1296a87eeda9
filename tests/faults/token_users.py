"""One process with several threads, each about to ask the org for a record with the connection's token.

python -m tests.faults.token_users RECORD_ID THREADS     all start when a line arrives; prints one answer a line
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import select

from config.settings import load_settings
from jobs.crm.adapters import open_adapter
from jobs.crm.errors import CrmError
from jobs.models import Connection
from jobs.runtime import open_runtime


def main(record_id: str, threads: int) -> None:
    runtime = open_runtime(load_settings())
    together = Barrier(threads)

    def ask(_number: int) -> str:
        with runtime.database.read() as session:
            connection = session.scalars(select(Connection)).one()
        adapter = open_adapter(runtime, connection)
        together.wait()
        try:
            return adapter.read("Contact", record_id, {"LastName": "text"}).record_id
        except CrmError as error:
            return f"{type(error).__name__} {error.code}"

    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(threads) as pool:
        for answer in pool.map(ask, range(threads)):
            print(answer, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
