"""Whatever stands in a field is shown as text, in full health, and syncs or is refused in words."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import text

from config.logging import get_logger
from jobs.models import LocalRecord
from jobs.records import write_values
from jobs.runtime import utc_now
from tests.support.proofs import SESSION_IN_LOCATION
from tests.support.stage import Stage, require_no_secret

SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}${7*7}'
RIGHT_TO_LEFT = "\u202eעִבְרִית \u0627\u0644\u0639\u0631\u0628\u064a\u0629"
EMOJI = "👩‍👩‍👧‍👦 🇺🇳 e\u0301 \U0001f9d1\U0001f3fd\u200d\U0001f680"


def keep(stage: Stage, field: str, value: object) -> None:
    """Put a value into what we last saw of Ana's record, past every check on the way."""
    with stage.runtime.database.write() as session:
        row = session.execute(text('SELECT "values" FROM crm_record')).scalar()
        values = json.loads(row) if isinstance(row, str) else dict(row or {})
        session.execute(text('UPDATE crm_record SET "values" = :v'), {"v": json.dumps(values | {field: value})})


class TestText:
    def test_is_shown_as_it_is_and_comes_over(self, each_stage: Stage) -> None:
        stage = each_stage
        stage.change_object("Contact", outbound=False)
        for value in (SCRIPT, RIGHT_TO_LEFT, EMOJI, "'; DROP TABLE sync_run; --", "{% raw %}", "a\u0000b"):
            shown = value.replace("\u0000", "\ufffd")
            stage.org.edit("Contact", stage.org.record("Contact"), {"Title": value})
            panel = stage.open_panel()
            assert "<script>alert" not in panel.response.text
            assert "<img" not in panel.response.text
            assert panel.screen.rows["Job title"].crm == " ".join(shown.split())
            assert panel.synced().rows["Job title"].note == "Changed here"
            assert stage.local("Ana Sample").values["job_title"] == shown

    def test_in_a_name_too(self, stage: Stage) -> None:
        stage.change_object("Contact", outbound=False)
        stage.org.edit("Contact", stage.org.record("Contact"), {"FirstName": "<b>Ana", "LastName": SCRIPT[:70]})
        panel = stage.open_panel()
        assert "<b>Ana" not in panel.response.text
        assert panel.screen.name.startswith("<b>Ana")
        assert "fields from Salesforce" in panel.synced().headline

    def test_of_300_kb_is_cut_where_it_is_shown_and_kept_whole(self, stage: Stage) -> None:
        panel = stage.open_panel()
        keep(stage, "Title", "long " * 60_000)
        screen = panel.view()
        assert len(screen.html) < 40_000
        assert screen.rows["Job title"].crm.endswith("…")

    def test_of_ours_that_the_crm_finds_too_long_is_refused_in_words(self, stage: Stage) -> None:
        stage.open_panel().synced()
        stage.change_local("Ana Sample", job_title="long " * 60_000)
        screen = stage.open_panel().synced()
        assert screen.headline == "Salesforce refused Job title: the text is too long."
        assert screen.code == "STRING_TOO_LONG"
        assert len(screen.html) < 40_000

    @pytest.mark.parametrize("stray", ["many", 10**400, [1]])
    def test_of_ours_that_is_of_another_type_is_shown_as_it_is(self, stage: Stage, stray: object) -> None:
        """An import may have put anything there."""
        with stage.runtime.database.write() as session:
            ana = session.get_one(LocalRecord, stage.local("Ana Sample").id)
            write_values(session, ana, {"lead_score": stray}, by="an import", source="here", at=utc_now())
        row = stage.open_panel().screen.rows["Lead score"]
        assert (row.differs, row.ours[:4]) == (True, str(stray)[:4])

    def test_with_half_a_character_is_mended_on_its_way_in(self, stage: Stage) -> None:
        stage.open_panel().synced()
        stage.change_local("Ana Sample", job_title="half \ud83d of an emoji")
        assert stage.open_panel().screen.rows["Job title"].ours == "half \ufffd of an emoji"

    def test_a_person_with_half_a_character_in_the_name_can_sync(self, each_stage: Stage) -> None:
        stage = each_stage
        envelope = stage.envelope()
        envelope["context"]["user"] |= {"fullName": "Riley \ud83d\x00", "locale": "\ud83d", "timeZone": "\ud83d"}
        panel = stage.opened(stage.post_canvas(stage.sign(envelope)))
        assert panel.synced().headline == "2 fields from Salesforce, 1 field to Salesforce."
        by_apex = stage.open_panel(by="lwc", user_name="Riley \ud83d\x00 " + "x" * 500, locale="\ud83d")
        assert by_apex.synced().headline == "Nothing to do."


class TestFormats:
    def test_any_locale_and_time_zone_shows_a_panel(self, stage: Stage) -> None:
        for odd in ("de_DE", "ar_SA", "xx_XX", "", "../../etc/passwd", "en_US_POSIX", "zh_Hant_TW", "x" * 999):
            panel = stage.open_panel("rep", "Opportunity", by="lwc", locale=odd, time_zone=odd)
            assert panel.screen.rows["Amount"].crm, odd

    def test_numbers_are_written_as_this_person_reads_them(self, stage: Stage) -> None:
        stage.org.edit("Account", stage.org.record("Account"), {"NumberOfEmployees": 1234567})
        german = stage.open_panel("rep", "Account", by="lwc", locale="de_DE").screen
        assert german.rows["Employees"].crm == "1.234.567"


class TestNeverAStackTrace:
    DAMAGE = (
        """UPDATE local_record SET provenance = '{"email": {"by": 1}}'""",
        "UPDATE local_record SET provenance = '[1, 2]'",
        "ALTER TABLE crm_record RENAME TO gone",
    )

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_reaches_a_frame_or_a_partial(self, stage: Stage, damage: str) -> None:
        panel = stage.open_panel()
        with stage.runtime.database.write() as session:
            session.execute(text(damage))
        for response in (panel.get("/panel/view"), stage.get_lwc(stage.apex_token())):
            assert response.status_code in (500, 503)
            for leak in ("Traceback", "sqlalchemy", 'File "', "KeyError", "SELECT", "/work"):
                assert leak not in response.text

    def test_but_it_is_in_the_log(self, stage: Stage) -> None:
        panel = stage.open_panel()
        with stage.runtime.database.write() as session:
            session.execute(text(self.DAMAGE[0]))
        panel.get("/panel/view")
        assert "request_crashed" in stage.logs.getvalue()
        assert "Traceback" in stage.logs.getvalue()


class TestTheLog:
    """Every stage looks through its log when it is cleared; here is the proof that it would find something."""

    def test_says_who_opened_what_and_nothing_secret(self, stage: Stage) -> None:
        stage.open_panel().synced()
        stage.open_panel(by="lwc")
        written = stage.logs.getvalue()
        assert written.count("panel_opened") == 2
        assert stage.user("rep")["id"] in written
        require_no_secret(stage)

    def test_a_secret_in_a_line_is_found(self, stage: Stage) -> None:
        hidden = stage.secret("a-noted-secret-in-plain-words")
        logging.getLogger("somebody").warning("careless: %s", hidden)
        with pytest.raises(AssertionError):
            require_no_secret(stage)
        stage.secrets.discard(hidden)

    def test_even_a_careless_line_hides_proofs_and_tokens(self, stage: Stage) -> None:
        panel = stage.open_panel()
        log = get_logger("careless")
        log.info("form", signed_request=stage.canvas_request(), oauthToken=stage.secret(stage.org.token()))
        log.info("address", url=f"/launch/salesforce/lwc?token={stage.apex_token()}")
        log.info("header", value=f"Bearer {panel.token}")
        log.info("place", locationUrl=f"https://x/?sid={SESSION_IN_LOCATION}")
        log.info("form", body={"client_secret": stage.org.credentials["client_secret"]})
        logging.getLogger("urllib3").warning("Authorization: Bearer %s", stage.secret(stage.org.token()))
        require_no_secret(stage)

    def test_a_crash_in_a_launch_logs_no_proof(self, stage: Stage) -> None:
        with stage.runtime.database.write() as session:
            session.execute(text(TestNeverAStackTrace.DAMAGE[0]))
        assert stage.get_lwc(stage.apex_token()).status_code == 500
        assert stage.post_canvas(stage.canvas_request()).status_code == 500
        assert "Traceback" in stage.logs.getvalue()
        require_no_secret(stage)
