"""The same while CRMs fail, answers are lost, and people save in the middle of a sync.

A play has one person on three sides. Each sync is judged by the CRMs' journals (`tests/engine/machine/judge.py`). The
normal run plays the same plays each time; `bin/sequences` plays many others.
"""

from __future__ import annotations

import pytest

from tests.engine.machine.playing import play_on
from tests.engine.machine.sequences import InTrouble
from tests.engine.machine.stage import Stage

SEEN = (
    "attempt put back",
    "edited here meanwhile",
    "edited there meanwhile",
    "trouble: the answer to the write is lost",
    "trouble: the row is locked",
    "trouble: the token ends at the write",
    "undo of an entry",
)


@pytest.mark.timeout(0)
def test_whatever_fails_nothing_is_lost_both_sides_agree_and_all_goes_back(play_stage: Stage) -> None:
    play_on(play_stage, InTrouble, expected=SEEN)
