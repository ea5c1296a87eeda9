"""The state machines: who may act, and when. What has to hold is asked by the play.

What is drawn never depends on how the play stands: who wins a race may be another one when it is played again. A step
that is not possible just then is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.engine.machine import draws
from tests.engine.machine.fields import FIELDS, HUBSPOT, SALESFORCE
from tests.engine.machine.judge import HERE, THERE, FieldRules, Switches
from tests.engine.machine.play import Done, Play, Start
from tests.engine.machine.stage import Stage
from tests.engine.machine.trouble import Meanwhile, Trouble
from tests.support.org_server import Json

QUIET_ROUNDS = 20


class InPeace(RuleBasedStateMachine):
    """People, rules and syncs in any order. What has to hold is asked by the play, at each sync and at the end."""

    stage: Stage
    seen: Counter[str]
    play: Play
    quiet_rounds = 0
    is_sound = True

    @contextmanager
    def _step(self) -> Iterator[None]:
        """What broke in a step is told as that: the end is not judged any more."""
        self.is_sound = False
        yield
        self.is_sound = True

    @initialize(
        here=st.one_of(st.none(), draws.VALUES, draws.VALUES),
        org=draws.VALUES,
        portal=draws.VALUES,
        skew=st.tuples(draws.SKEW, draws.SKEW),
        duplicates=st.sampled_from(["overwrite_all", "overwrite_all", "update_missing"]),
        conflict_rule=st.sampled_from(["most_recent", "ask", "prefer_crm", "prefer_local"]),
        have_met=st.sampled_from([True, True, False]),
        quiet_rounds=st.sampled_from([1] * 19 + [QUIET_ROUNDS]),
    )
    def begin(
        self,
        here: Json | None,
        org: Json,
        portal: Json,
        skew: tuple[int, int],
        duplicates: str,
        conflict_rule: str,
        have_met: bool,
        quiet_rounds: int,
    ) -> None:
        with self._step():
            self.quiet_rounds = quiet_rounds
            crms = (SALESFORCE, HUBSPOT)
            start = Start(
                here,
                {SALESFORCE: org, HUBSPOT: portal},
                {crm: dict.fromkeys(FIELDS, FieldRules(conflict_rule=conflict_rule)) for crm in crms},
                dict.fromkeys(crms, Switches(duplicate_handling=duplicates)),
                dict(zip(crms, skew, strict=True)),
            )
            self.play = Play(self.stage, start, self.seen)
            for crm in crms if have_met else ():
                self.play.sync(crm)

    @rule(change=draws.CHANGE)
    def edit_here(self, change: tuple[str, Any]) -> None:
        with self._step():
            if self.play.store.record_id is not None:
                self.play.edit_here(*change)

    @rule(crm=draws.CRM, change=draws.CHANGE)
    def edit_there(self, crm: str, change: tuple[str, Any]) -> None:
        with self._step():
            self.play.edit_there(crm, *change)

    @rule(change=draws.CHANGE, other=st.one_of(draws.TEXTS), crm=draws.CRM)
    def edit_both_sides(self, change: tuple[str, Any], other: Any, crm: str) -> None:
        with self._step():
            self.play.edit_there(crm, *change)
            if self.play.store.record_id is not None:
                self.play.edit_here(change[0], other if change[0] != "lead_score" else 7)

    @rule(side=st.sampled_from(["", SALESFORCE, HUBSPOT]), address=st.one_of(draws.ADDRESSES, st.just("no address")))
    def edit_the_address(self, side: str, address: str) -> None:
        with self._step():
            if not all(link.is_linked for link in self.play.links.values()):
                return
            if side:
                self.play.edit_there(side, "email", address)
            else:
                self.play.edit_here("email", address)

    @rule(
        name=st.one_of(draws.TEXT_FIELDS, st.just("lead_score")),
        directions=st.sampled_from(draws.DIRECTIONS),
        first=draws.RULES,
        second=draws.RULES,
    )
    def change_the_rules_of_a_field(
        self, name: str, directions: tuple[str, str], first: FieldRules, second: FieldRules
    ) -> None:
        with self._step():
            for crm, direction, rules in zip((SALESFORCE, HUBSPOT), directions, (first, second), strict=True):
                self.play.set_rules(crm, name, FieldRules(**{**vars(rules), "direction": direction}))

    @rule(crm=draws.CRM, switches=draws.SWITCHES)
    def change_the_switches_of_an_object(self, crm: str, switches: Switches) -> None:
        with self._step():
            self.play.set_switches(crm, switches)

    @rule(crm=draws.CRM)
    def sync(self, crm: str) -> None:
        with self._step():
            self.play.sync(crm)

    @rule()
    def sync_both(self) -> None:
        with self._step():
            for crm in (SALESFORCE, HUBSPOT):
                self.play.sync(crm)

    @rule(place=draws.PLACE, choice=st.sampled_from(["crm", "local"]))
    def settle_a_conflict(self, place: int, choice: str) -> None:
        with self._step():
            if not (conflicts := self._conflicts()):
                return
            crm, name = conflicts[place % len(conflicts)]
            self.play.sync(crm, choices={name: choice})
            self.seen["conflict settled"] += 1

    @rule(place=draws.PLACE, is_one_field=st.booleans())
    def undo(self, place: int, is_one_field: bool) -> None:
        with self._step():
            if (found := self._undoable(place)) is not None:
                self.play.undo(found, found.changes[place % len(found.changes)].name if is_one_field else "")

    @rule(crm=draws.CRM)
    def delete_or_restore(self, crm: str) -> None:
        with self._step():
            link = self.play.links[crm]
            (self.play.restore_there if link.is_deleted else self.play.delete_there)(crm)

    @rule(seconds=st.sampled_from([60, 4000]))
    def time_passes(self, seconds: int) -> None:
        with self._step():
            self.play.pass_time(seconds)

    def _undoable(self, place: int) -> Done | None:
        done = self.play.undoable()
        return done[place % len(done)] if done else None

    def _conflicts(self) -> list[tuple[str, str]]:
        links = [(crm, link) for crm, link in self.play.links.items() if crm not in self.play.open]
        return [(crm, name) for crm, link in links for name in sorted(link.asked)]

    def teardown(self) -> None:
        if not self.is_sound or not hasattr(self, "play"):
            for side in self.stage.sides.values():
                side.clear_faults()
                if hasattr(self, "play"):
                    self.play.store.end_pause(side)
            return
        self.play.come_to_rest()
        self.play.stay_quiet(self.quiet_rounds)
        self.play.undo_everything()


class InTrouble(InPeace):
    """The same with CRMs that fail, and people who save in the middle of a sync."""

    @rule(crm=draws.CRM, troubles=st.lists(draws.TROUBLE, min_size=1, max_size=2))
    def sync_in_trouble(self, crm: str, troubles: list[Trouble]) -> None:
        with self._step():
            self.play.sync(crm, troubles=troubles)

    @rule(crm=draws.CRM, side=st.sampled_from([HERE, THERE]), change=draws.CHANGE, mine=draws.CHANGE)
    def sync_while_somebody_edits(self, crm: str, side: str, change: tuple[str, Any], mine: tuple[str, Any]) -> None:
        with self._step():
            if self.play.store.record_id is not None:
                self.play.edit_here(*mine)
                self.play.sync(crm, meanwhile=Meanwhile(side, *change))

    @rule(place=draws.PLACE, trouble=draws.TROUBLE)
    def undo_in_trouble(self, place: int, trouble: Trouble) -> None:
        with self._step():
            if (found := self._undoable(place)) is not None:
                self.play.undo(found, troubles=[trouble])
