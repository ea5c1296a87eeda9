"""One play: a person known here, in Salesforce and in HubSpot, judged from the first edit to the last undo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs import tasks
from tests.engine.machine.crm_side import CrmSide
from tests.engine.machine.fields import FIELDS, HUBSPOT, SALESFORCE, Value, kept, plain, refuses
from tests.engine.machine.judge import ASK, HERE, THERE, FieldRules, Link, Pair, Switches
from tests.engine.machine.ledger import Change, folded, require_logged, told_besides, unsure_of
from tests.engine.machine.scoring import Scoring
from tests.engine.machine.stage import Stage
from tests.engine.machine.store import Store
from tests.engine.machine.trouble import Meanwhile, Trouble, meanwhile_doing

A_MOMENT = 5.0  # between two things that happen, in seconds: nothing happens within one second of another
LONG_AGO = -3600.0
MOST_ATTEMPTS = 6
MOST_ROUNDS = 6


@dataclass(frozen=True)
class Start:
    """How things stand when the play begins. `here` None: nobody is known here yet."""

    here: Mapping[str, Any] | None
    there: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, Mapping[str, FieldRules]]
    switches: Mapping[str, Switches]
    skew: Mapping[str, float]


@dataclass(frozen=True)
class Done:
    """What a finished run really did, by the journal and our own record."""

    entry_id: int
    crm: str
    changes: tuple[Change, ...]
    is_creation: bool
    unsure: frozenset[str] = frozenset()  # fields of which the log says that nobody can know
    raced: frozenset[str] = frozenset()  # somebody did what we were about to do, and the log takes it for ours


@dataclass
class OpenRun:
    run_id: int
    changes: list[Change] = field(default_factory=list)
    was_in_trouble: bool = False


class Play(Scoring):
    def __init__(self, stage: Stage, start: Start, seen: Counter[str]) -> None:
        stage.plays += 1
        self.stage, self.seen = stage, seen
        self.store = Store(stage.runtime, stage.in_force)
        self.address = f"p{stage.plays}@play.example.com"
        self.now = self._aged = 0.0
        self.open: dict[str, OpenRun] = {}
        self.done: list[Done] = []
        self.links = {}
        for crm, side in stage.sides.items():
            side.begin(self._addressed(start.there[crm]), skew=start.skew[crm])
            there = {
                name: kept(crm, known, plain(known, self._addressed(start.there[crm]).get(name)))
                for name, known in FIELDS.items()
            }
            self.links[crm] = Link(crm, there, dict(start.rules[crm]), start.switches[crm])
            self.links[crm].changed_at = {name: LONG_AGO for name, value in there.items() if value is not None}
            self.store.set_rules(side, start.switches[crm], start.rules[crm])
        if start.here is not None:
            self.store.begin(self._addressed(start.here))
        self.here = self.store.values()
        self.here_at = dict.fromkeys(FIELDS, LONG_AGO)

    # What people do

    def edit_here(self, name: str, value: Any) -> None:
        self.pass_time()
        self._arrive()
        wanted = plain(FIELDS[name], self._spelled(name, value))
        accepted = self.store.edit(name, self._spelled(name, value))
        is_fixed = any(
            link.rules[name].direction == "inbound" and link.switches.enabled and link.switches.inbound
            for link in self.links.values()
        )
        assert accepted == (not is_fixed or wanted == self.here[name]), (
            f"{name} is {'' if is_fixed else 'not '}fixed here"
        )
        self._note_local_edit(name, wanted if accepted else self.here[name])

    def edit_there(self, crm: str, name: str, value: Any) -> None:
        if self.links[crm].is_deleted:
            return
        self.pass_time()
        self._arrive(crm)
        self.stage.sides[crm].edit(name, self._spelled(name, value))
        self._note_people(crm, self.stage.sides[crm].news())

    def delete_there(self, crm: str) -> None:
        self.pass_time()
        self._arrive(crm)
        self.stage.sides[crm].delete()
        self._note_people(crm, self.stage.sides[crm].news())

    def restore_there(self, crm: str) -> None:
        self.pass_time()
        self._arrive(crm)
        self.stage.sides[crm].restore()
        self._note_people(crm, self.stage.sides[crm].news())

    def set_rules(self, crm: str, name: str, rules: FieldRules) -> None:
        self.links[crm].rules[name] = rules
        self.store.set_rules(self.stage.sides[crm], self.links[crm].switches, {name: rules})

    def set_switches(self, crm: str, switches: Switches) -> None:
        self.links[crm].switches = switches
        self.store.set_rules(self.stage.sides[crm], switches, {})

    def pass_time(self, seconds: float = A_MOMENT) -> None:
        """The clocks of both CRMs move on, and all we know grows older: each when it is looked at next."""
        self.now += seconds

    def _arrive(self, *crms: str) -> None:
        """Bring the clocks of these CRMs, and the age of what we know, to this moment."""
        for crm in crms:
            side = self.stage.sides[crm]
            if side.offset != side.skew + self.now:
                side.set_clock(side.skew + self.now)
        if self._aged < self.now:
            self.store.age(self.now - self._aged)
            self._aged = self.now

    # What the product does

    def sync(
        self,
        crm: str,
        *,
        choices: Mapping[str, str] | None = None,
        troubles: Sequence[Trouble] = (),
        meanwhile: Meanwhile | None = None,
    ) -> bool:
        """One attempt of a run, judged; whether it overwrote anything."""
        self.pass_time()
        self._arrive(crm)
        link, side = self.links[crm], self.stage.sides[crm]
        known = (dict(link.met), dict(link.unsettled))
        may_race = meanwhile is not None and meanwhile.side == THERE
        there_before = dict(link.there) if may_race else None
        link.look_again(self.here)
        link.shown = self._shown(side, choices)
        first = {name: self._flows(link, name, choices) for name in FIELDS}
        skipped = self._is_skipped(link)
        run = self.open.setdefault(crm, OpenRun(0))
        run.run_id = self.store.ask(side, choices)
        run.was_in_trouble |= bool(troubles) or meanwhile is not None
        edits_here = self._attempt(side, run.run_id, troubles, meanwhile)
        told = self.store.told(run.run_id)
        changes = self._judge(
            link,
            side.news(),
            edits_here,
            choices,
            skipped=skipped,
            is_open=told.is_open,
            may_race=may_race,
        )
        run.changes += changes
        if told.is_open:
            if crm == SALESFORCE:
                for name in (name for name, found in first.items() if THERE in {each.to for each in found}):
                    link.tried[name] = Pair(self.here[name], kept(crm, FIELDS[name], self.here[name]))
            link.met = known[0]
            link.unsettled = known[1] | link.unsettled
            self.seen["attempt put back"] += 1
            return bool(changes)
        del self.open[crm]
        entry = told.entry
        assert entry is not None
        link.is_linked = self.store.find(side)
        require_logged(entry, run.changes, crm, in_trouble=run.was_in_trouble, set_back=link.set_back)
        if link.is_deleted and link.switches.enabled:
            assert not self.store.conflicts(side), "a person is asked about a record that is gone"
        if skipped and not link.is_linked:
            for name in known[1]:  # written at a first meeting that was broken off: the next one is the first again
                link.met[name] |= {None}
        if not skipped:
            self._settle(link, choices, there_before)
            link.asked = {name for name in FIELDS if self._flows(link, name, None) == {ASK}}
            self.seen["a person is asked"] += bool(link.asked)
            if not run.was_in_trouble:
                self._require_complete(link, first, changes, choices)
                self._learn(link, choices)
        link.shown = {}
        if entry.changes:
            is_raced = bool(link.tried) or (may_race and crm == HUBSPOT)
            raced = frozenset(link.set_back)
            raced |= told_besides(entry, run.changes, crm) if is_raced else frozenset()
            is_creation = entry.outcome == "created"
            self.done.append(Done(entry.id, crm, tuple(run.changes), is_creation, unsure_of(entry), raced))
        link.tried, link.set_back = {}, set()
        self._count(entry.outcome, entry.code, changes, link)
        return bool(changes)

    def undo(self, done: Done, only: str = "", *, troubles: Sequence[Trouble] = ()) -> None:
        """Take back what that run did, or one field of it: where what was written still stands, and nowhere else."""
        self.pass_time()
        self._arrive(done.crm)
        link, side = self.links[done.crm], self.stage.sides[done.crm]
        back = [
            change
            for change in folded(done.changes)
            if only in ("", change.name)
            and self._now(link, change) == change.new
            and not (change.side == THERE and (link.is_deleted or self._stays_there(link, change)))
        ]
        run_id = self.store.ask_undo(done.entry_id, only)
        self._attempt(side, run_id, troubles, None, undo=True)
        told = self.store.told(run_id)
        for _ in range(MOST_ATTEMPTS):
            if not told.is_open:
                break
            self.pass_time()
            self._arrive(done.crm)
            self.store.make_due(run_id)
            self._attempt(side, run_id, (), None, undo=True)
            told = self.store.told(run_id)
        assert told.entry is not None, "an undo does not come to an end"
        expected = [Change(each.side, each.name, each.new, each.old) for each in back]
        happened = self._changes_since(link, side)
        expected = [each for each in expected if each in happened or each.name not in done.unsure]
        expected = [each for each in expected if each.name not in done.raced]
        expected += [each for each in happened if each.name in done.raced]
        assert sorted(happened, key=str) == sorted(expected, key=str), f"undone {happened}, expected {expected}"
        for each in expected:
            self._note_undone(link, each)
        require_logged(told.entry, happened, done.crm, in_trouble=bool(troubles))
        if told.entry.changes:
            self.done.append(Done(told.entry.id, done.crm, tuple(happened), False, unsure_of(told.entry)))
        self.seen["undo of a field" if only else "undo of an entry"] += bool(happened)

    def undoable(self) -> list[Done]:
        return [each for each in self.done if not each.is_creation and each.changes]

    def open_conflicts(self, crm: str) -> dict[str, tuple[Value, Value]]:
        return self.store.conflicts(self.stage.sides[crm])

    # The end

    def come_to_rest(self) -> None:
        """Nobody edits any more and nothing fails: both sides come to agree wherever the rules let them."""
        for crm, link in self.links.items():
            if link.is_deleted:
                self.restore_there(crm)
        for crm in list(self.open):
            for _ in range(MOST_ATTEMPTS):
                if crm in self.open:
                    self.sync(crm)
            assert crm not in self.open, "a run does not come to an end"
        for _ in range(MOST_ROUNDS):
            if sum(self.sync(crm) for crm in self.links) == 0:
                return self._require_rest()
        raise AssertionError(f"after {MOST_ROUNDS} rounds there is still something to write")

    def stay_quiet(self, rounds: int) -> None:
        self._arrive(*self.links)  # all clocks tell the same moment: who was later must not change
        version = self.store.version() if self.store.record_id else 0
        for _ in range(rounds):
            for side in self.stage.sides.values():
                tasks.sync_single(self.store.ask(side))
        for side in self.stage.sides.values():
            writes = side.news()
            assert not writes, f"quiet rounds made writes in {side.crm}: {writes}"
        assert version == (self.store.version() if self.store.record_id else 0), "a quiet round changed our record"

    def undo_everything(self) -> None:
        """The newest first: what nobody else has moved is again as it was before the first sync."""
        wanted = {(crm, name): value for crm, link in self.links.items() for name, value in link.there.items()}
        wanted |= {("", name): value for name, value in self.here.items()}
        todo = list(reversed(self.undoable()))
        for done in todo:
            for change in reversed(folded(done.changes)):
                at = (done.crm if change.side == THERE else "", change.name)
                stays = change.side == THERE and self._stays_there(self.links[done.crm], change)
                if wanted[at] == change.new and not stays:
                    wanted[at] = change.old
        for done in todo:
            self.undo(done)
        found = {(crm, name): value for crm, link in self.links.items() for name, value in link.there.items()}
        found |= {("", name): value for name, value in self.here.items()}
        unsure = {name for done in todo for name in done.unsure | done.raced}
        assert {at: found[at] for at in found if at[1] not in unsure} == {
            at: wanted[at] for at in wanted if at[1] not in unsure
        }

    # How it is done

    def _stays_there(self, link: Link, change: Change) -> bool:
        """What the CRM does not take back, and what is not written to it as things are set now."""
        return not link.may_be_sent(change.name) or refuses(link.crm, FIELDS[change.name], change.old)

    def _shown(self, side: CrmSide, choices: Mapping[str, str] | None) -> dict[str, Pair | None]:
        """The two values that stand beside the buttons, by our field; None where nobody is asked any more."""
        asked = self.store.conflicts(side) if choices else {}
        return {name: Pair(*asked[name]) if name in asked else None for name in choices or {}}

    def _attempt(
        self,
        side: CrmSide,
        run_id: int,
        troubles: Sequence[Trouble],
        meanwhile: Meanwhile | None,
        *,
        undo: bool = False,
    ) -> list[tuple[str, Value]]:
        """Let the job run, with all that is ordered to happen meanwhile; the edits of ours that happened."""
        job = tasks.undo_changes if undo else tasks.sync_single
        for trouble in troubles:
            trouble.order(side)
            self.seen[f"trouble: {trouble.kind}"] += 1
        if meanwhile is None:
            job(run_id)
            edits: list[tuple[str, Value]] = []
        else:
            edits = meanwhile_doing(meanwhile, side, self.store, lambda: job(run_id), self._spelled)
            self.seen[f"edited {meanwhile.side} meanwhile"] += bool(edits) or meanwhile.side == THERE
        if troubles or meanwhile is not None:
            side.clear_faults()
            self.store.end_pause(side)
        return edits

    def _changes_since(self, link: Link, side: CrmSide) -> list[Change]:
        """What an undo did, with nothing noted yet."""
        changes = []
        for write in side.news():
            assert write.is_ours
            changes += [Change(THERE, name, *both) for name, both in write.changes.items()]
        after = self.store.values()
        return changes + [
            Change(HERE, name, self.here[name], value) for name, value in after.items() if value != self.here[name]
        ]

    def _addressed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {**values, "email": self.address}

    def _spelled(self, name: str, value: Any) -> Any:
        """Addresses are this person's own: nobody else's may be taken."""
        if name != "email":
            return value
        return {
            "same": self.address,
            "same in capitals": self.address.upper(),
            "another": f"new.{self.address}",
        }.get(value, value)
