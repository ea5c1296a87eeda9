"""The `widget` command: whatever is set wrong is one sentence, never a traceback."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config.settings import load_settings
from jobs.db import open_database
from jobs.models import Base, Connection, LocalRecord
from jobs.runtime import utc_now
from jobs.vault import Vault
from tests.support.processes import free_ports


def widget(*arguments: str, data_dir: Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "widget", *arguments],
        env={**os.environ, "DATA_DIR": str(data_dir), **env},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def only_sentence(ran: subprocess.CompletedProcess[str]) -> str:
    """Its complaint: exactly one line on standard error, and a status that says failure."""
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    [line] = ran.stderr.splitlines()
    assert "hunter2" not in line
    return line


@pytest.fixture
def migrated(tmp_path: Path, migrated_file: Path) -> Path:
    """A data directory whose database is up to date."""
    shutil.copy(migrated_file, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("web", "DATABASE_URL", "mysql://app:hunter2@db/widget"),
        ("worker", "REDIS_URL", "http://:hunter2@queue"),
        ("clock", "ENCRYPTION_KEYS", "hunter2"),
        ("migrate", "SECRET_KEY", "hunter2"),
        ("create-admin ana@example.com", "PUBLIC_URL", "hunter2"),
        ("export", "LOG_LEVEL", "hunter2"),
    ],
)
def test_a_bad_setting_is_named(command: str, name: str, value: str, tmp_path: Path) -> None:
    sentence = only_sentence(widget(*command.split(), data_dir=tmp_path, **{name: value}))

    assert sentence.startswith(f"widget: {name} must be ")


@pytest.mark.parametrize("command", ["web", "worker", "clock", "migrate"])
def test_a_database_that_is_not_there_is_said_without_its_password(command: str, tmp_path: Path) -> None:
    url = f"postgresql://app:hunter2@127.0.0.1:{free_ports(1)}/widget"

    sentence = only_sentence(widget(command, data_dir=tmp_path, DATABASE_URL=url))

    assert "The database cannot be used; check DATABASE_URL" in sentence


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "widget.sqlite3").write_text("a shopping list, " * 100)

    assert "check DATABASE_URL (file is not a database)" in only_sentence(widget("migrate", data_dir=tmp_path))


@pytest.mark.parametrize("command", ["web", "worker", "clock"])
def test_an_old_schema_is_said(command: str, tmp_path: Path) -> None:
    assert "run `widget migrate`" in only_sentence(widget(command, data_dir=tmp_path))


def test_a_migrated_database_only_lacks_the_queue_server(tmp_path: Path) -> None:
    assert widget("migrate", data_dir=tmp_path).returncode == 0

    assert "REDIS_URL is not set" in only_sentence(widget("web", data_dir=tmp_path))


@pytest.mark.parametrize("command", ["worker", "clock"])
def test_a_missing_queue_server_is_said(command: str, migrated: Path) -> None:
    assert "REDIS_URL is not set" in only_sentence(widget(command, data_dir=migrated))


def test_a_taken_port_is_said(migrated: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        ran = widget("web", "--port", port, data_dir=migrated, REDIS_URL="unix:///nobody.sock")

    assert f"Port {port} is taken" in only_sentence(ran)


def test_an_address_of_another_machine_is_said(migrated: Path) -> None:
    ran = widget("web", "--host", "192.0.2.1", data_dir=migrated, REDIS_URL="unix:///nobody.sock")

    assert "choose another with --port or --host" in only_sentence(ran)


def test_an_admin_is_made_and_can_be_given_a_new_password(migrated: Path) -> None:
    for password in ("correct horse battery", "another horse battery"):
        ran = widget("create-admin", "ana@example.com", "--password-stdin", data_dir=migrated, stdin=f"{password}\n")
        assert ran.stdout == "ana@example.com may sign in as admin.\n"


def test_a_weak_password_is_said(migrated: Path) -> None:
    ran = widget("create-admin", "ana@example.com", "--password-stdin", data_dir=migrated, stdin="short\n")

    assert "at least 12 characters" in only_sentence(ran)


def test_the_doctor_finds_everything_that_needs_mending_at_once(tmp_path: Path) -> None:
    ran = widget("doctor", data_dir=tmp_path)

    assert ran.returncode == 1
    findings = {line.split(":")[0] for line in ran.stdout.splitlines()}
    assert findings == {"ok    settings", "MEND  database", "MEND  encryption keys", "MEND  clock", "MEND  queue"}


def test_the_doctor_recovers_its_trust_step_by_step(migrated: Path) -> None:
    lines = widget("doctor", data_dir=migrated, ENCRYPTION_KEYS=Fernet.generate_key().decode()).stdout.splitlines()

    assert lines[:3] == ["ok    settings", "ok    database", "ok    encryption keys"]
    assert lines[3].startswith("MEND  clock: It has never run")


@pytest.mark.parametrize("column", ["refresh_token_sealed", "hint_secret_sealed"])
def test_the_doctor_tries_every_secret_there_is(column: str, migrated: Path) -> None:
    other = Vault(load_settings({"data_dir": migrated, "encryption_keys": Fernet.generate_key().decode()}))
    store(migrated, a_connection(**{column: other.seal("a secret")}))

    ran = widget("doctor", data_dir=migrated, ENCRYPTION_KEYS=Fernet.generate_key().decode())

    assert "MEND  encryption keys: ENCRYPTION_KEYS lacks the key" in ran.stdout


def test_a_data_directory_that_is_a_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a directory")

    for data_dir in (file, file / "below"):
        sentence = only_sentence(widget("demo", "--data", str(data_dir), data_dir=tmp_path))
        assert sentence.startswith(f"widget: {data_dir} cannot be used")


@pytest.mark.skipif(sys.platform != "linux", reason="has no /proc")
def test_a_directory_that_nobody_can_make_is_said(tmp_path: Path) -> None:
    assert "/proc/x cannot be used" in only_sentence(widget("demo", "--data", "/proc/x", data_dir=tmp_path))


def test_an_account_without_anybody_to_type_its_password_is_said(migrated: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "widget", "create-admin", "ana@example.com"],
        env={**os.environ, "DATA_DIR": str(migrated)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,  # so that it has no terminal either
    )

    assert "--password-stdin" in only_sentence(ran)


def test_an_export_of_which_no_more_is_wanted_ends_quietly(migrated: Path) -> None:
    store(migrated, *(a_contact(number) for number in range(400)))
    export = subprocess.Popen(
        [sys.executable, "-m", "widget", "export"],
        env={**os.environ, "DATA_DIR": str(migrated)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert export.stdout
    assert export.stderr
    assert b'"kind": "contact"' in export.stdout.readline()
    export.stdout.close()

    assert (export.wait(60), export.stderr.read()) == (0, b"")
    export.stderr.close()


def test_a_schema_of_an_earlier_version_is_said(migrated: Path) -> None:
    """As if made before a column was there, with no migration between."""
    with closing(sqlite3.connect(migrated / "widget.sqlite3")) as database:
        database.execute("ALTER TABLE connection DROP COLUMN hint_secret_sealed")

    assert "made by an earlier version" in only_sentence(widget("web", data_dir=migrated))


def store(data_dir: Path, *rows: Base) -> None:
    database = open_database(load_settings({"data_dir": data_dir}))
    with database.write() as session:
        session.add_all(rows)
    database.close()


def a_connection(**values: str) -> Connection:
    made = {"crm": "salesforce", "name": "Sample Org", "org_id": "00D000000000001EAA", "api_version": "67.0"}
    address = {"base_url": "https://sample.my.salesforce.com", "client_id": "sample"}
    return Connection(**made, **address, **values, created_at=utc_now(), updated_at=utc_now())


def a_contact(number: int) -> LocalRecord:
    values = {"email": f"person{number}@example.com", "notes": "x" * 1000}
    return LocalRecord(
        kind="contact", name=f"Person {number}", values=values, created_at=utc_now(), updated_at=utc_now()
    )


def test_resealing_says_how_much_there_was_to_do(migrated: Path) -> None:
    ran = widget("reseal", data_dir=migrated)

    assert ran.stdout == "0 secrets resealed. Older keys are not needed any more.\n", ran.stderr


def test_the_export_reads_its_own_options(migrated: Path) -> None:
    ran = widget("export", "--kind", "contact", data_dir=migrated)

    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr


def test_an_option_nobody_knows_is_refused(tmp_path: Path) -> None:
    ran = widget("worker", "--speed", "9", data_dir=tmp_path)

    assert (ran.returncode, "unrecognized arguments: --speed 9" in ran.stderr) == (2, True)
