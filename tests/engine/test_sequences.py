"""Whatever people and rules do, in any order: nothing is lost, both sides come to agree, all goes back.

A play has one person on three sides. Each sync is judged by the CRMs' journals (`tests/engine/machine/judge.py`). The
normal run plays the same plays each time; `bin/sequences` plays many others.
"""

from __future__ import annotations

import pytest

from tests.engine.machine.playing import play_on
from tests.engine.machine.sequences import InPeace
from tests.engine.machine.stage import Stage

SEEN = (
    "equal at rest",
    "a person is asked",
    "pull: first meeting",
    "pull: moved there alone",
    "push: moved here alone",
    "undo of a field",
    "undo of an entry",
)


@pytest.mark.timeout(0)
def test_nothing_is_lost_both_sides_agree_and_all_goes_back(play_stage: Stage) -> None:
    play_on(play_stage, InPeace, expected=SEEN)
