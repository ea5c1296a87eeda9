"""What two records are compared by before they are linked: an address, a domain, a name, a plain text.

A key of None says nothing: the rule that asked for it is passed over.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.provisional import domains

from jobs.lists import FREE_MAIL_DOMAINS
from jobs.values import MATCH_KEYS, domain_key, email_key, name_key

SAME_COMPANY = [
    ("Sample Inc", "Sample, Inc."),
    ("Sample", "SAMPLE LLC"),
    ("Sample L.L.C.", "Sample LLC"),
    ("Sample S.A.", "sample sa"),
    ("Sample S.p.A.", "Sample SpA"),
    ("Sample GmbH & Co. KG", "Sample"),
    ("Société Échantillon SARL", "societe echantillon"),
    ("Muster Straße AG", "MUSTER STRASSE"),
    ("Sample-Org", "Sample Org"),
    ("  Sample   Org ", "sample org"),
    ("ﬁeld Sample", "Field Sample"),  # a ligature
    ("サンプル株式会社", "ｻﾝﾌﾟﾙ株式会社"),  # full and half width
    ("℡ Sample", "TEL Sample"),
    ("Sample A/S", "Sample"),
    ("Sample S. A.", "Sample, S.A."),
    ("Sample Sp. z o.o.", "SAMPLE SP Z O O"),
    ("Sample Société Anonyme", "Sample"),
    ("Sample Pty. Ltd.", "Sample Private Limited"),
    ("Sample Limited Liability Company", "Sample LLC"),
    ("株式会社サンプル", "サンプル(株)"),
    ("㈱サンプル", "サンプル"),
    ("샘플 주식회사", "샘플"),
    ("Sam\u200bple Org", "Sample\ufeff Org"),  # zero-width signs
    ("Sam\u00adple", "Sample"),
    ("AB Sample", "Sample AB"),  # in front by custom
    ("Oy Sample Ab", "Sample"),
    ("OÜ Sample", "Sample OÜ"),
    ("UAB Sample", "Sample"),
    ("株式会社", "株式会社"),
    ("Limited Company", "limited company"),  # nothing but legal forms: then they are the name
]
OTHER_COMPANY = [
    ("Sample One", "Sample Two"),
    ("Sample Org", "Sample Organic"),
    ("Limited Company", "Incorporated"),
    ("Sample 1", "Sample 2"),
    ("A S Sample", "Sample"),  # at the end only
    ("SE Sample", "Sample"),
    ("SE Sample", "Sample Inc."),
    ("Co Sample", "Sample Co"),
    ("Sample SA Berlin", "Sample Berlin"),
]
NO_ADDRESS = ["ana", "ana@", "@example.com", "ana@example", "ana@exa mple.com", "a@b@example.com", "", None, "\ud800"]
NO_DOMAIN = [
    "localhost",
    "192.0.2.7",
    "http://192.0.2.7:8080/",
    "[2001:db8::1]",
    "com",
    "co.uk",
    "not a domain",
    "a..b",
]


@pytest.mark.parametrize(("one", "other"), SAME_COMPANY)
def test_a_company_is_the_same_without_case_accents_punctuation_and_legal_form(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) is not None


@pytest.mark.parametrize(("one", "other"), OTHER_COMPANY)
def test_other_words_are_another_company(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", ["", "  ", "…", "-", "🙂", None])
def test_a_name_without_letters_says_nothing(name: str | None) -> None:
    assert name_key(name or "") is None


@pytest.mark.parametrize(
    "spelling",
    [
        "ana@example.com",
        "ANA@EXAMPLE.COM",
        " Ana@Example.com ",
        "\u200bana@example.com\u200b",
        "a\u00adna@exam\u200dple.com",
        "\ufeffana@example.com",
        "\u202aana@example.com\u202c",
    ],
)
def test_an_address_is_the_same_in_every_case_and_with_signs_nobody_sees(spelling: str) -> None:
    assert email_key(spelling) == "ana@example.com"


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_is_no_address_matches_nobody(text: str | None) -> None:
    assert email_key(text or "") is None


@pytest.mark.parametrize(
    "spelling",
    [
        "example.com",
        "https://www.example.com/team",
        "http://EXAMPLE.com:80",
        "a.example.com",
        "exam\u200bple.com\ufeff",
    ],
)
def test_a_domain_is_the_same_with_and_without_its_trimmings(spelling: str) -> None:
    assert domain_key(spelling) == "example.com"


@pytest.mark.parametrize("domain", sorted(FREE_MAIL_DOMAINS))
def test_a_free_mail_domain_names_no_company(domain: str) -> None:
    for spelling in ("{}", "https://www.{}/", "MAIL.{}"):
        assert domain_key(spelling.format(domain)) is None


@pytest.mark.parametrize("text", NO_DOMAIN)
def test_what_is_no_domain_matches_nobody(text: str) -> None:
    assert domain_key(text) is None


def test_two_companies_at_one_host_are_two() -> None:
    assert domain_key("one.myshopify.com") != domain_key("two.myshopify.com")
    assert domain_key("myshopify.com") is None


@pytest.mark.parametrize(("one", "other"), [("Gold", " gold "), ("STRASSE", "straße"), ("A-1", "a-1")])
def test_a_plain_text_is_compared_without_case_and_outer_blanks(one: str, other: str) -> None:
    assert MATCH_KEYS["text"](one) == MATCH_KEYS["text"](other)


@pytest.mark.parametrize("compare_as", MATCH_KEYS)
@pytest.mark.parametrize("raw", ["", "   ", "\n"])
def test_a_blank_says_nothing(compare_as: str, raw: str) -> None:
    assert MATCH_KEYS[compare_as](raw) is None


@pytest.mark.parametrize("compare_as", MATCH_KEYS)
@settings(deadline=None, max_examples=80)
@given(raw=st.one_of(st.text(st.characters(), max_size=40), st.emails(), domains()))
@example(raw="℡")
@example(raw="İ")
def test_the_key_of_a_key_is_itself(compare_as: str, raw: Any) -> None:
    key = MATCH_KEYS[compare_as](raw)
    assert key is None or (key != "" and MATCH_KEYS[compare_as](key) == key)


@pytest.mark.parametrize("compare_as", MATCH_KEYS)
def test_a_text_of_300_kilobytes_has_a_key_or_none(compare_as: str) -> None:
    key = MATCH_KEYS[compare_as]("sample " * 45_000 + "\ud800\x00")
    assert key is None or "\x00" not in key
