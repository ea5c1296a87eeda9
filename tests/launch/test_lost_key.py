"""A secret that fits no key keeps its own org out, and no other."""

from __future__ import annotations

from cryptography.fernet import Fernet

from tests.support.stage import Stage


def test_another_orgs_secret_that_cannot_be_opened_does_not_close_the_door(stage: Stage) -> None:
    lost = Fernet(Fernet.generate_key()).encrypt(b"sealed long ago").decode()
    stage.add_connection(org_id="00D000000000002AAA", canvas_secret_sealed=lost)
    assert stage.post_canvas(stage.canvas_request()).status_code == 200
