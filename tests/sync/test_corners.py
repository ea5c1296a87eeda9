"""Corners where two right rules met and a value was lost, or stuck."""

from __future__ import annotations

from datetime import timedelta

from tests.sync.test_convergence import two_sides
from tests.sync.two_sides import TwoSides

AGREED = {"first_name": "Ana", "job_title": "Chief"}


class TestOurOwnWriteIsNobodysChange:
    """A write of one field stamps the whole CRM record: it must not make its older value of another look new."""

    def test_in_the_same_run(self) -> None:
        sides = two_sides(AGREED, AGREED, rules={}, read_only=["Title"])
        sides.sync()
        self._both_change_the_title(sides, "ours, newer")
        sides.edit_here("first_name", "Maria")
        sides.sync()
        assert sides.here["job_title"] == "ours, newer"

    def test_in_a_later_run(self) -> None:
        sides = two_sides(AGREED, AGREED, rules={"may_clear_crm": False})
        sides.sync()
        self._both_change_the_title(sides, None)
        sides.sync()
        sides.edit_here("first_name", "Maria")
        sides.sync()
        sides.sync()
        assert sides.here["job_title"] is None

    def test_but_a_change_after_it_is(self) -> None:
        sides = two_sides(AGREED, AGREED, rules={"may_clear_crm": False})
        sides.sync()
        self._both_change_the_title(sides, None)
        sides.edit_here("first_name", "Maria")
        sides.sync()
        sides.edit_there("job_title", "theirs, newest")
        sides.sync()
        assert sides.here["job_title"] == "theirs, newest"

    def _both_change_the_title(self, sides: TwoSides, ours: str | None) -> None:
        sides.edit_there("job_title", "theirs, older")
        sides.edit_here("job_title", ours)


class TestNoEditIsStuckAfterTheFirstLink:
    def test_when_inbound_was_off(self) -> None:
        theirs = {"first_name": "Anna", "job_title": "B"}
        sides = two_sides({"first_name": "Ana", "job_title": "A"}, theirs, rules={}, inbound=False)
        sides.sync()
        sides.edit_here("first_name", "Maria")
        sides.sync()
        assert sides.there["first_name"] == "Maria"

    def test_when_ours_was_blank_and_goes_out_only(self) -> None:
        ours, theirs = {"first_name": None, "job_title": "A"}, {"first_name": "Anna", "job_title": "A"}
        sides = two_sides(ours, theirs, rules={"direction": "outbound"}, duplicate_handling="update_missing")
        sides.sync()
        sides.edit_here("first_name", "Maria")
        sides.sync()
        assert sides.there["first_name"] == "Maria"


def test_within_one_second_the_crm_wins() -> None:
    """Its stamps are cut to the second; ours must not win every tie by its milliseconds."""
    sides = two_sides(AGREED, AGREED, rules={})
    sides.sync()
    sides.edit_here("first_name", "ours")
    sides.edit_there("first_name", "theirs")
    sides.times_here["first_name"] = sides.modified_there + timedelta(milliseconds=300)
    sides.sync()
    assert sides.there["first_name"] == "theirs"
