"""How many plays, which ones, and what was seen in them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.machine.sequences import InPeace
from tests.engine.machine.stage import Stage

SEQUENCES = int(os.environ.get("SEQUENCES", "0"))
FULL = 500  # enough to see all that has to be seen
USUAL = FULL if os.environ.get("CI") else 40
FILES = 2  # each plays its half, so that the two can be played side by side
STEPS = 12 if SEQUENCES else 6


def play_on(stage: Stage, machine: type[InPeace], *, expected: Collection[str]) -> None:
    """Play this file's share: the same plays each time, or SEQUENCES others by pytest's --hypothesis-seed.

    `expected`: what has to have been seen, or the plays show nothing.
    """
    seen: Counter[str] = Counter()

    class Played(machine):  # type: ignore[misc, valid-type]  # what is played on which stage is said here alone
        pass

    Played.stage, Played.seen, first = stage, seen, stage.plays
    phases = (Phase.generate,) if os.environ.get("SEQUENCES_AS_FOUND") else (Phase.generate, Phase.shrink)
    how = settings(
        max_examples=(SEQUENCES or USUAL) // FILES,
        stateful_step_count=STEPS,
        derandomize=not SEQUENCES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
    try:
        run_state_machine_as_test(Played, settings=how)
    finally:
        print(f"\n{stage.plays - first} plays, in which were seen")
        for what, times in sorted(seen.items()):
            print(f"{times:8} {what}")
    if not SEQUENCES and USUAL == FULL:
        assert set(expected) <= set(seen)
