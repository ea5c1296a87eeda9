"""The score of a play: what each side holds, when both last met, and whether each overwritten value may have been."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import EllipsisType
from typing import Any

from tests.engine.machine.crm_side import Write
from tests.engine.machine.fields import FIELDS, Value, kept
from tests.engine.machine.judge import ASK, HERE, NOWHERE, STANDING, THERE, Link, Pair, Switches, Unsettled, flows
from tests.engine.machine.ledger import Change
from tests.engine.machine.stage import Stage
from tests.engine.machine.store import Store


class Scoring:
    """Kept from outside: from the journals, and from our own record before and after."""

    stage: Stage
    seen: Counter[str]
    store: Store
    now: float
    here: dict[str, Value]
    here_at: dict[str, float]
    links: dict[str, Link]

    def _judge(
        self,
        link: Link,
        writes: Sequence[Write],
        edits_here: Sequence[tuple[str, Value]],
        choices: Mapping[str, str] | None,
        *,
        skipped: bool,
        is_open: bool,
        may_race: bool,
    ) -> list[Change]:
        """Each value the attempt overwrote has to be one that a rule allowed to overwrite, at that very moment."""
        is_new = self.store.record_id is None  # what is made by this very attempt is made, not updated
        ours_before = {name: {value} for name, value in self.here.items()}
        for name, value in edits_here:
            ours_before[name].add(value)
        changes: list[Change] = []
        for write in writes:
            if not write.is_ours:
                self._note_people(link.crm, [write])
                continue
            for name, (old, new) in write.changes.items():
                assert link.there[name] == old
                self._require_push(link, name, new, ours_before[name], choices, skipped=skipped, may_race=may_race)
                changes.append(Change(THERE, name, old, new))
                self._note_push(link, name, new, ours_before[name], is_open=is_open)
        for name, value in edits_here:
            pair = Pair(self.here[name], link.there[name])
            parted = None in link.met[name] and {each.why for each in self._flows(link, name, choices)} & STANDING
            if pair.here == pair.there or parted:  # looked at before that moment, they agreed, or were left apart
                link.met[name] |= {pair}
            self._note_local_edit(name, value)
        after = (
            self.store.values() if self.store.record_id or self.store.find(self.stage.sides[link.crm]) else self.here
        )
        if not is_open and not skipped:
            self._note_vain_pushes(link, choices, ours_before)
        for name, value in after.items():
            if value != self.here[name]:
                self._require_pull(link, name, value, choices, skipped=skipped or is_open, is_new=is_new)
                changes.append(Change(HERE, name, self.here[name], value))
                self.here[name], self.here_at[name] = value, link.time_of(name)
                link.met[name] = frozenset({Pair(value, value)})
        return changes

    def _require_push(
        self,
        link: Link,
        name: str,
        new: Value,
        ours: set[Value],
        choices: Mapping[str, str] | None,
        *,
        skipped: bool,
        may_race: bool,
    ) -> None:
        sources = [value for value in ours if kept(link.crm, FIELDS[name], value) == new]
        assert not skipped, f"{link.crm}.{name} := {new!r}, though nothing is synced"
        assert sources, f"{link.crm}.{name} := {new!r}, which is not what we hold: {ours}"
        allowed = {each for value in sources for each in self._flows(link, name, choices, here=value)}
        # HubSpot cannot be asked to write only if nothing changed: what is overwritten in that moment is in the log.
        if may_race and link.crm == "hubspot":
            self.seen["raced in HubSpot"] += 1
            return
        assert any(each.to == THERE for each in allowed), (
            f"{link.crm}.{name}: {link.there[name]!r} was overwritten with {new!r}, and no rule allows it: "
            f"met {link.met[name]}, {link.rules[name]}, {link.switches}, the rules say {allowed}"
        )
        self.seen.update(f"push: {each.why}" for each in allowed if each.to == THERE)

    def _require_pull(
        self,
        link: Link,
        name: str,
        value: Value,
        choices: Mapping[str, str] | None,
        *,
        skipped: bool,
        is_new: bool,
    ) -> None:
        assert not skipped, f"ours.{name} := {value!r}, though nothing is synced"
        allowed = {each for each in self._flows(link, name, choices, is_new=is_new) if value == link.there[name]}
        assert any(each.to == HERE for each in allowed), (
            f"ours.{name}: {self.here[name]!r} was overwritten with {value!r} from {link.crm}, and no rule allows it: "
            f"met {link.met[name]}, theirs {link.there[name]!r}, {link.rules[name]}, {link.switches}, "
            f"the rules say {allowed}"
        )
        self.seen.update(f"pull: {each.why}" for each in allowed if each.to == HERE)

    def _note_push(self, link: Link, name: str, new: Value, ours: set[Value], *, is_open: bool) -> None:
        sent = next(value for value in ours if kept(link.crm, FIELDS[name], value) == new)
        if is_open:
            link.unsettled[name] = Unsettled(link.there[name], new, sent)
        link.there[name], link.changed_at[name] = new, self.now
        link.shown.pop(name, None)  # what was chosen is done: the CRM may make another value of it
        if not is_open:
            follows = link.rules[name].direction == "two_way"
            link.met[name] = frozenset({Pair(sent, sent if follows else new)})
            if len(ours) > 1:  # ours moves on in this moment: what the CRM made of the older value is no news
                link.met[name] |= {Pair(sent, new)}
            link.unsettled.pop(name, None)

    def _note_vain_pushes(self, link: Link, choices: Mapping[str, str] | None, ours: Mapping[str, set[Value]]) -> None:
        """Ours was sent, and the CRM made of it what it already had: nothing was overwritten, but they met."""
        for name, known in FIELDS.items():
            here = self.here[name]
            is_sent = any(each.to == THERE for each in self._flows(link, name, choices))
            if is_sent and here in ours[name] and kept(link.crm, known, here) == link.there[name]:
                link.shown.pop(name, None)
                follows = link.rules[name].direction == "two_way"
                link.met[name] = frozenset({Pair(here, here if follows else link.there[name])})

    def _settle(
        self, link: Link, choices: Mapping[str, str] | None, there_before: Mapping[str, Value] | None = None
    ) -> None:
        """After a finished run: what is equal is agreed on; what a standing rule parted at first is apart.

        `there_before`: somebody edited there meanwhile, and what the run read may be from before that.
        """
        for name in FIELDS:
            pair = Pair(self.here[name], link.there[name])
            if pair.here == pair.there:
                link.met[name] = frozenset({pair})
            elif None in link.met[name] and {each.why for each in self._flows(link, name, choices)} & STANDING:
                read = {link.there[name], (there_before or link.there)[name]}
                link.met[name] = link.met[name] - {None} | {Pair(self.here[name], each) for each in read}

    def _require_complete(
        self, link: Link, first: Mapping[str, Any], changes: Sequence[Change], choices: Mapping[str, str] | None
    ) -> None:
        """An undisturbed run does all that the rules call for, at once."""
        written = {each.name for each in changes if each.side == THERE}
        for name, allowed in first.items():
            if {each.to for each in allowed} == {THERE} and name not in written:
                is_vain = kept(link.crm, FIELDS[name], self.here[name]) == link.there[name]
                assert is_vain, f"{link.crm}.{name} was not written, though {allowed}"
            after = self._flows(link, name, choices)
            assert {each.to for each in after} != {HERE}, f"ours.{name} was not updated, though {after}"

    def _learn(self, link: Link, choices: Mapping[str, str] | None) -> None:
        """Where several things could have been when both last met: an undisturbed run would have acted on some."""
        for name, met in link.met.items() if not choices else ():
            left = {each for each in met if self._flows_from(link, name, each) == {NOWHERE}}
            link.met[name] = frozenset(left) or met

    def _flows_from(self, link: Link, name: str, met: Pair | None) -> set[str]:
        found = flows(replace(link, met={name: frozenset({met})}), name, self.here[name], here_at=self.here_at[name])
        return {each.to for each in found}

    def _require_rest(self) -> None:
        for crm, link in self.links.items():
            if self._is_skipped(link):
                continue
            asked = {}
            for name in FIELDS:
                found = self._flows(link, name, None)
                assert {each.to for each in found} == {NOWHERE}, f"{crm}.{name} is at rest, though {found}"
                if found == {ASK}:
                    asked[name] = (self.here[name], link.there[name])
                self._require_equal_if_free(link, name)
            assert self.store.conflicts(self.stage.sides[crm]) == asked

    def _require_equal_if_free(self, link: Link, name: str) -> None:
        """Said once more without any bookkeeping: where nothing stands in the way, both sides are equal."""
        rules, switches = link.rules[name], link.switches
        is_free = (
            (rules.direction, rules.write_rule, rules.keep_when_blank, rules.may_clear_crm)
            == ("two_way", "overwrite", False, True)
            and rules.conflict_rule != "ask"
            and switches == Switches(duplicate_handling=switches.duplicate_handling)
            and name not in link.may_stay_apart
        )
        if is_free:
            assert self.here[name] == link.there[name]
            self.seen["equal at rest"] += 1

    def _note_people(self, crm: str, writes: Sequence[Write]) -> None:
        link = self.links[crm]
        for write in writes:
            if write.op in ("delete", "undelete"):
                link.is_deleted = write.op == "delete"
            if write.op != "delete" or crm == "hubspot":
                link.touched_at = self.now
            for name, (_, new) in write.changes.items():
                link.there[name], link.changed_at[name] = new, self.now

    def _note_local_edit(self, name: str, value: Value) -> None:
        if value != self.here[name]:
            self.here[name], self.here_at[name] = value, self.now

    def _note_undone(self, link: Link, change: Change) -> None:
        value = change.new
        link.may_stay_apart.add(change.name)
        if change.side == HERE:
            self.here[change.name], self.here_at[change.name] = value, self.now
            link.met[change.name] = frozenset(
                Pair(value, met.there if met else change.old) for met in link.met[change.name]
            )
            self._note_undone_beside(link, change)
        else:
            link.there[change.name], link.changed_at[change.name] = value, self.now
            link.met[change.name] = frozenset(
                Pair(met.here if met else change.old, value) for met in link.met[change.name]
            )

    def _note_undone_beside(self, link: Link, change: Change) -> None:
        """A field that comes from the other CRM too: that one does not bring in again what it has brought before."""
        for other in self.links.values():
            if other is not link and other.rules[change.name].direction == "inbound":
                other.may_stay_apart.add(change.name)
                other.met[change.name] = frozenset(
                    met and Pair(change.new, met.there) for met in other.met[change.name]
                )

    def _flows(
        self,
        link: Link,
        name: str,
        choices: Mapping[str, str] | None,
        *,
        here: Value | EllipsisType = ...,
        is_new: bool = False,
    ) -> set[Any]:
        value = self.here[name] if isinstance(here, EllipsisType) else here
        is_new = is_new or self.store.record_id is None
        choice = (choices or {}).get(name, "")
        # A value that is not there yet is being typed in just now.
        here_at = self.now if value != self.here[name] else self.here_at[name]
        found = flows(link, name, value, here_at=here_at, is_new=is_new, choice=choice)
        if any(each.why in STANDING | {"refused", "no address"} for each in found):
            link.may_stay_apart.add(name)
        return found

    def _is_skipped(self, link: Link) -> bool:
        if link.is_deleted or not link.switches.enabled:
            return True
        if self.store.record_id is None:
            return not link.switches.inbound
        return not link.is_linked and link.switches.duplicate_handling == "skip"

    def _now(self, link: Link, change: Change) -> Value:
        return link.there[change.name] if change.side == THERE else self.here[change.name]

    def _count(self, outcome: str, code: str, changes: Sequence[Change], link: Link) -> None:
        self.seen[f"outcome: {outcome}"] += 1
        if code:
            self.seen[f"code: {code}"] += 1
