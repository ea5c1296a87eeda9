"""The `widget` command. Each sub-command imports what it needs when it runs: `--help` answers at once."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from widget.startup_problems import StartupProblem, sentence_for

if TYPE_CHECKING:
    from config.settings import Settings

DEFAULT_PORT = 8000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command and return the exit status. A problem a person can mend is one sentence, no traceback."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.run is not _export:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest
    run: Callable[[argparse.Namespace], int | None] = arguments.run
    try:
        return run(arguments) or 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None:
            raise
        print(f"widget: {sentence}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="widget", description="One click syncs one CRM record.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    web = commands.add_parser("web", help="serve the panel and the admin area")
    web.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    web.add_argument("--port", type=_port, default=DEFAULT_PORT, help="port to listen on (default: %(default)s)")
    web.set_defaults(run=_web)

    commands.add_parser("worker", help="run queued jobs").set_defaults(run=_worker)
    commands.add_parser("clock", help="start what is due, recover what died").set_defaults(run=_clock)

    demo = commands.add_parser("demo", help="everything on this machine, with two stand-in CRMs")
    demo.add_argument(
        "--port",
        type=_first_of_three_ports,
        default=DEFAULT_PORT,
        help="web on PORT, Salesforce on PORT+1, HubSpot on PORT+2 (default: %(default)s)",
    )
    demo.add_argument("--data", type=Path, default=Path("var/demo"), help="data directory (default: %(default)s)")
    demo.set_defaults(run=_demo)

    commands.add_parser("migrate", help="bring the database schema up to date").set_defaults(run=_migrate)

    admin = commands.add_parser("create-admin", help="make an admin account, or give it a new password")
    admin.add_argument("email")
    admin.add_argument("--role", choices=("admin", "viewer"), default="admin")
    admin.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    admin.set_defaults(run=_create_admin)

    reseal = commands.add_parser("reseal", help="bring every stored secret under the first of ENCRYPTION_KEYS")
    reseal.set_defaults(run=_reseal)

    commands.add_parser("doctor", help="check this installation and say what to mend").set_defaults(run=_doctor)

    # Its own options are read by the exporter.
    commands.add_parser("export", help="write our store, one record a line", add_help=False).set_defaults(run=_export)
    return parser


def _port(text: str, *, last: int = 65535) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= port <= last:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to {last}")
    return port


def _first_of_three_ports(text: str) -> int:
    return _port(text, last=65533)


def _start(process: str) -> Settings:
    from config.memory import load_only_what_is_used, use_few_heaps

    load_only_what_is_used()
    use_few_heaps()
    from config.logging import configure_logging
    from config.settings import load_settings

    settings = load_settings()
    configure_logging(settings, process=process)
    return settings


def _web(arguments: argparse.Namespace) -> None:
    settings = _start("web")
    from widget.preflight import require_current_schema
    from widget.server import serve

    require_current_schema(settings)
    serve(settings, host=arguments.host, port=arguments.port)


def _worker(_arguments: argparse.Namespace) -> None:
    settings = _start("worker")
    from jobs import worker
    from widget.preflight import require_current_schema

    require_current_schema(settings)
    worker.main(settings)


def _clock(_arguments: argparse.Namespace) -> None:
    settings = _start("clock")
    from jobs import schedule
    from widget.preflight import require_current_schema

    require_current_schema(settings)
    schedule.main(settings)


def _demo(arguments: argparse.Namespace) -> int:
    from widget.demo import run_demo

    return run_demo(port=arguments.port, data_dir=arguments.data)


def _migrate(_arguments: argparse.Namespace) -> None:
    settings = _start("migrate")
    from jobs.db import migrate

    migrate(settings)
    print("The database schema is up to date.")


def _create_admin(arguments: argparse.Namespace) -> None:
    settings = _start("create-admin")
    from jobs.accounts import create_admin

    password = sys.stdin.readline().rstrip("\r\n") if arguments.password_stdin else _ask_password()
    user = create_admin(settings, arguments.email, password, arguments.role)
    print(f"{user.email} may sign in as {arguments.role}.")


def _ask_password() -> str:
    warnings.simplefilter("error", getpass.GetPassWarning)  # it would go on, with the password readable as it is typed
    try:
        password, again = getpass.getpass("Password: "), getpass.getpass("Once more: ")
    except (EOFError, getpass.GetPassWarning):
        raise StartupProblem("Nobody can type a password here: send it with --password-stdin.") from None
    if again != password:
        raise SystemExit("widget: The two passwords differ.")
    return password


def _reseal(_arguments: argparse.Namespace) -> None:
    settings = _start("reseal")
    from jobs.reseal import reseal_everything
    from widget.preflight import require_current_schema

    require_current_schema(settings)
    count = reseal_everything(settings)
    print(f"{count} {'secret' if count == 1 else 'secrets'} resealed. Older keys are not needed any more.")


def _doctor(_arguments: argparse.Namespace) -> int:
    from widget.doctor import examine

    return examine()


def _export(arguments: argparse.Namespace) -> None:
    settings = _start("export")
    from jobs import export

    try:
        export.main(settings, arguments.rest)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has enough, as `head` has; what is still to be written would be refused once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
