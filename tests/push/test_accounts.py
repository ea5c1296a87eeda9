"""A person who is pushed goes on the account with the domain of their address; a new one is made only where allowed."""

from __future__ import annotations

from typing import Any

from tests.push.pushing import Place, made
from tests.support.told import Told


def account_of(place: Place, person_id: str) -> str | None:
    """The account a person of the CRM is on, by the CRM's own word."""
    if place.person == "Contact":
        found: str | None = place.office.shown_in_crm(person_id, "AccountId")["AccountId"]
        return found
    portal: Any = place.office.org
    api = portal.api(portal.token("admin"))
    answer = api.objects("GET", f"/contacts/{person_id}", params={"associations": "companies"}).json()
    results = answer.get("associations", {}).get("companies", {}).get("results", [])
    return next((each["id"] for each in results), None)


def entries(told: Told) -> dict[str, str]:
    return {each.object: each.outcome for each in told.entries}


def test_the_account_with_that_domain_in_the_crm_is_taken(place: Place) -> None:
    mill = place.theirs(place.account, name="Sample Mill", domain="www.mill.example")
    told = place.push(place.person, place.ana())
    assert len(made(told)) == 1
    assert account_of(place, told.run.crm_record_id) == mill
    assert ("account", "crm", None, mill) in told.changes


def test_our_account_with_that_domain_says_which_one_where_the_crm_has_several(place: Place) -> None:
    one = place.theirs(place.account, name="Sample Mill", domain="mill.example")
    place.office.sync(place.account, one)
    place.theirs(place.account, name="Mill Shop", domain="mill.example")
    told = place.push(place.person, place.ana())
    assert account_of(place, told.run.crm_record_id) == one


def test_between_several_accounts_nobody_chooses(org: Place) -> None:
    for name in ("Sample Mill", "Mill Shop"):
        org.theirs("Account", name=name, domain="mill.example")
    told = org.push("Contact", org.ana())
    assert account_of(org, told.run.crm_record_id) is None
    assert told.left_alone["account"] == "ACCOUNT_AMBIGUOUS"


def test_free_mail_names_no_account(org: Place) -> None:
    org.theirs("Account", name="Mail Provider", domain="gmail.com")
    told = org.push("Contact", org.ana(email="ana.sample@gmail.com"))
    assert account_of(org, told.run.crm_record_id) is None


def test_what_stands_between_us_and_accounts_keeps_nobody_out(org: Place) -> None:
    org.office.permit(objects={"Account": "none"})
    told = org.push("Contact", org.ana())
    assert (told.status, len(made(told))) == ("succeeded", 1)
    assert "account" in told.left_alone


def test_a_field_of_accounts_that_is_gone_is_noticed_on_the_way(org: Place) -> None:
    mill = org.theirs("Account", name="Sample Mill", domain="mill.example")
    org.office.warm("Account")
    org.office.permit(fields={"Account.Industry": "hidden"})
    assert account_of(org, org.push("Contact", org.ana()).run.crm_record_id) == mill


def test_none_is_made_unless_an_admin_says_so(place: Place) -> None:
    told = place.push(place.person, place.ana())
    assert account_of(place, told.run.crm_record_id) is None
    assert place.office.how_many("account") == 0


class TestMakingIt:
    def test_it_is_made_first_and_has_a_log_entry_of_its_own(self, place: Place) -> None:
        place.office.set_object(place.person, makes_accounts=True)
        told = place.push(place.person, place.ana(company="Sample Mill"))
        assert [each["object"] for each in made(told)] == [place.account, place.person]
        assert entries(told) == {place.account: "created", place.person: "created"}
        assert (told.status, told.run.created_count) == ("succeeded", 2)
        account_id = made(told)[0]["id"]
        assert account_of(place, told.run.crm_record_id) == account_id
        ours = place.office.linked(place.account, account_id)
        assert place.office.values(ours, "name", "domain") == {"name": "Sample Mill", "domain": "mill.example"}
        assert place.office.sync(place.account, account_id).outcome == "unchanged"
        assert place.claims() == 0

    def test_it_is_made_of_our_own_where_we_have_one(self, place: Place) -> None:
        place.office.set_object(place.person, makes_accounts=True)
        mill = place.ours("account", name="Sample Mill", domain="mill.example")
        told = place.push(place.person, place.ana())
        assert place.links(mill) == {place.account: made(told)[0]["id"]}
        assert place.office.how_many("account") == 1

    def test_the_next_colleague_goes_on_the_same_one(self, place: Place) -> None:
        place.office.set_object(place.person, makes_accounts=True)
        first = place.push(place.person, place.ana())
        told = place.push(place.person, place.ana(first_name="Ben", email="ben@mill.example"))
        assert [each["object"] for each in made(told)] == [place.person]
        assert account_of(place, told.run.crm_record_id) == made(first)[0]["id"]

    def test_a_lead_gets_none(self, org: Place) -> None:
        for name in ("Contact", "Lead"):
            org.office.set_object(name, makes_accounts=True)
        assert [each["object"] for each in made(org.push("Lead", org.ana(company="Sample Mill")))] == ["Lead"]

    def test_switched_off_for_accounts_is_switched_off(self, org: Place) -> None:
        org.office.set_object("Contact", makes_accounts=True)
        org.office.set_object("Account", may_create_there=False)
        assert [each["object"] for each in made(org.push("Contact", org.ana()))] == ["Contact"]

    def test_one_that_the_crm_refuses_is_named_and_the_person_goes_without(self, org: Place) -> None:
        org.office.set_object("Contact", makes_accounts=True)
        told = org.push("Contact", org.ana(company="x" * 300))
        assert (told.status, entries(told)) == ("partial", {"Account": "failed", "Contact": "created"})
        assert [each["object"] for each in made(told)] == ["Contact"]
        of_person = next(each for each in told.entries if each.object == "Contact")
        assert [(each["label"], each["code"]) for each in of_person.left_alone] == [("Account", "STRING_TOO_LONG")]

    def test_it_stays_where_the_person_is_refused(self, org: Place) -> None:
        org.office.set_object("Contact", makes_accounts=True)
        org.office.map_field("Contact", "Lead_Score__c", "lead_score")
        told = org.push("Contact", org.ana(lead_score=500))
        assert (told.status, entries(told)) == ("partial", {"Account": "created", "Contact": "failed"})

    def test_somebody_there_already_is_never_moved(self, org: Place) -> None:
        org.office.set_object("Contact", makes_accounts=True)
        theirs = org.theirs("Contact", email="ana@mill.example", last_name="Sample")
        assert made(org.push("Contact", org.ana())) == []
        assert account_of(org, theirs) is None
