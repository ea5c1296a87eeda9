"""A record of ours becomes a Salesforce record: once, with what is ours, and linked."""

from __future__ import annotations

from tests.push.pushing import claims, links_of, made, push
from tests.support.office import Office


def test_a_contact_is_made_and_linked(office: Office) -> None:
    ana = office.here("contact", first_name="Ana", last_name="Sample", email="ana@mill.example", job_title="Buyer")
    told = push(office, "Contact", ana)
    assert (told.status, told.outcome, told.entry.direction) == ("succeeded", "created", "outbound")
    [record] = made(told)
    assert links_of(office, ana) == {"Contact": record["id"]}
    assert told.run.crm_record_id == record["id"]
    assert claims(office) == 0
    assert office.sync("Contact", record["id"]).outcome == "unchanged"
