"""What is known of an object's fields: kept, asked for again when it is old, and at once when the CRM disagrees."""

from __future__ import annotations

from jobs.crm.describes import describe
from jobs.models import DescribeCache
from tests.support.office import Office


def ask(office: Office, *, at_once: bool = False) -> tuple[list[int], set[str]]:
    """Describe Contact; the statuses of the calls that took, without the token's, and the field names."""
    start = office.next_seq()
    info = describe(office.runtime, office.adapter(), office.connection_id, "Contact", at_once=at_once)
    journal = office.org.control(f"journal?since={start}&kind=call", method="GET")["entries"]
    return [each["status"] for each in journal if each["path"].endswith("/describe")], set(info.fields)


def test_the_first_one_is_asked_for_and_the_next_is_known(office: Office) -> None:
    first, fields = ask(office)
    assert (first, {"Email", "Title", "OwnerId"} <= fields) == ([200], True)
    assert ask(office) == ([], fields)


def test_another_process_finds_it_in_the_database(office: Office) -> None:
    _, fields = ask(office)
    office.runtime.describes.clear()
    assert ask(office) == ([], fields)


def test_an_old_one_is_asked_whether_it_still_holds(office: Office) -> None:
    _, fields = ask(office)
    office.forget_fields()
    assert ask(office) == ([304], fields)
    assert ask(office) == ([], fields)  # and that is remembered


def test_an_old_one_that_no_longer_holds_is_replaced(office: Office) -> None:
    office.shift_crm_clock(hours=1)  # the stamp of a describe has whole seconds
    ask(office)
    office.shift_crm_clock(hours=2)
    office.org.control("objects", {"object": "Contact", "fields": [{"name": "Shoe_Size__c", "type": "int"}]})
    office.forget_fields()
    calls, fields = ask(office)
    assert (calls, "Shoe_Size__c" in fields) == ([200], True)


def test_at_once_means_whatever_was_known(office: Office) -> None:
    """The CRM refused a field: rights can change without moving the stamp."""
    ask(office)
    office.permit(fields={"Contact.Title": "hidden"})
    calls, fields = ask(office, at_once=True)
    assert (calls, "Title" in fields) == ([200], False)


def test_what_is_kept_is_all_that_is_needed_to_decide(office: Office) -> None:
    office.permit(fields={"Contact.Title": "read"})
    _, _ = ask(office)
    office.runtime.describes.clear()
    info = describe(office.runtime, office.adapter(), office.connection_id, "Contact")
    assert (info.object, info.label) == ("Contact", "Contact")
    assert (info.fields["Title"].may_update, info.fields["FirstName"].may_update) == (False, True)
    assert ("Primary", "Primary") in info.fields["Level__c"].options
    assert (info.fields["Title"].length, info.fields["LastName"].required) == (128, True)
    assert "MailingAddress" not in info.fields  # compound: nothing of ours could hold it


def test_each_object_is_kept_by_itself(office: Office) -> None:
    adapter = office.adapter()
    for name in ("Contact", "Account"):
        describe(office.runtime, adapter, office.connection_id, name)
    with office.runtime.database.read() as session:
        kept = session.get_one(DescribeCache, (office.connection_id, "Account"))
    assert "Website" in kept.fields
    assert "Email" not in kept.fields
