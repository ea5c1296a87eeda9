"""The formula language of validation rules and calculated fields."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.salesforce.formula import FormulaError, Situation, compile_formula

VALUES: dict[str, Any] = {
    "Amount": 200.0,
    "Probability": 25.0,
    "Stage": "Won",
    "Name": "Sample",
    "Blank": None,
    "Active": True,
    "Close": "2026-03-01",
    "Regions": "North;East",
    "Account.Industry": "Energy",
}


def value(text: str, before: dict[str, Any] | None = None) -> Any:
    read_before = None if before is None else (lambda name: before.get(name, VALUES.get(name)))
    return compile_formula(text)(Situation(read=VALUES.get, today="2026-02-01", before=read_before))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Amount * Probability / 100", 50.0),
        ("Amount + Blank", None),
        ("Amount / 0", None),
        ("-Amount + 300", 100.0),
        ("2 + 3 * 4 - (1 + 1)", 12.0),
        ('Name & "-" & TEXT(Amount)', "Sample-200"),
        ('IF(Amount > 100, "big", "small")', "big"),
        ("AND(Active, Amount >= 200, NOT(ISBLANK(Name)))", True),
        ('Active && (Name = "x" || Name = "Sample")', True),
        ('OR(ISPICKVAL(Stage, "Lost"), Stage <> "Won")', False),
        ("Blank < 5", False),
        ("Blank > 5", False),
        ('Blank = ""', True),
        ("ISBLANK(Blank)", True),
        ('BLANKVALUE(Blank, "none")', "none"),
        ("Close < TODAY()", False),
        ('CASE(Stage, "Won", 1, "Lost", 2, 3)', 1.0),
        ('CASE(Stage, "Open", 1, 3)', 3.0),
        ('INCLUDES(Regions, "East")', True),
        ("Account.Industry", "Energy"),
        ('REGEX(Name, "[A-Z][a-z]+")', True),
        ("LEN(Name)", 6),
        ("ISNEW()", True),
        ("ISCHANGED(Stage)", False),
        ('"say \\"hi\\""', 'say "hi"'),
    ],
)
def test_values(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_the_value_before_can_be_asked_for() -> None:
    before = {"Stage": "Open"}
    assert value("ISNEW()", before) is False
    assert value("ISCHANGED(Stage)", before) is True
    assert value("ISCHANGED(Name)", before) is False
    assert value("PRIORVALUE(Stage)", before) == "Open"


@pytest.mark.parametrize("text", ["", "1 +", "AND(", "EXPLODE(1)", "a b", '"open'])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        compile_formula(text)
