"""The first data of a portal: the same for the same portal file, plainly sample data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from emulator.hubspot.changes import Source
from emulator.hubspot.people import People
from emulator.hubspot.seed_records import RecordMaker
from emulator.hubspot.store import Store
from emulator.hubspot.times import wire_time
from emulator.hubspot.writer import Writer

Make = Callable[[int], dict[str, Any]]


def seed(
    definition: Mapping[str, Any], store: Store, writer: Writer, *, people: People, now: datetime
) -> dict[str, list[str]]:
    """Fill an empty portal; answers the ids that were made, by object.

    The only thing that differs from start to start are the stamps.
    """
    counts = definition["seed"]
    maker = RecordMaker({person.role: person.owner_id for person in people.all}, now=now)
    makers: dict[str, tuple[int, Make]] = {
        "companies": (counts["companies"], maker.company),
        "contacts": (counts["contacts"], lambda number: maker.contact(number, companies=counts["companies"])),
        "deals": (counts["deals"], lambda number: maker.deal(number, companies=counts["companies"])),
        "sample_projects": (counts["projects"], maker.project),
    }
    made: dict[str, list[str]] = {}
    source = Source("IMPORT", "1000001", people.role("admin").user_id)
    with store.rows.transaction():
        for name, (count, make) in makers.items():
            if name in store.schema.objects and count:
                records = [{**make(number), **maker.stamps(number)} for number in range(count)]
                made[name] = writer.load(store.schema.objects[name], records, source)
        _associate(store, made, at=wire_time(now))
    return made


def first_ids(made: Mapping[str, list[str]]) -> dict[str, str]:
    """The records worth showing: the first of each object."""
    return {name: ids[0] for name, ids in made.items()}


def _associate(store: Store, made: Mapping[str, list[str]], *, at: str) -> None:
    companies, contacts = made.get("companies", []), made.get("contacts", [])
    if not companies or not contacts:
        return
    for number, contact in enumerate(contacts):
        if number % 19 != 18:
            _link(store, ("contacts", contact, "companies", companies[number % len(companies)]), at=at)
    for number, deal in enumerate(made.get("deals", [])):
        _link(store, ("deals", deal, "companies", companies[number % len(companies)]), at=at)
        _link(store, ("deals", deal, "contacts", contacts[number % len(contacts)]), at=at)
    for number, project in enumerate(made.get("sample_projects", [])):
        _link(store, ("sample_projects", project, "companies", companies[number % len(companies)]), at=at)


def _link(store: Store, ends: tuple[str, str, str, str], *, at: str) -> None:
    kinds = store.links.types.between(ends[0], ends[2])
    store.links.set(ends, [kind for kind in kinds if kind.label is None or kind.primary], at=at)
