"""Record ids: the checksum of the case is the real one."""

from __future__ import annotations

import pytest

from emulator.salesforce.ids import MalformedId, make, normalise, to_18


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("001xx000003DGWi", "001xx000003DGWiAAO"),
        ("001A000000006Vm", "001A000000006VmIAI"),
        ("012000000000000", "012000000000000AAA"),
        ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO555"),
    ],
)
def test_18_characters_are_15_and_their_case(short: str, full: str) -> None:
    assert to_18(short) == normalise(short) == normalise(full) == full


@pytest.mark.parametrize("text", ["", "001", "001xx000003DGWiAAA", "001xx000003DG-i", None, 5, ["a"]])
def test_everything_else_is_malformed(text: object) -> None:
    with pytest.raises(MalformedId):
        normalise(text)


def test_made_ids_grow_and_differ() -> None:
    ids = [make("003", number) for number in range(1, 5000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert all(normalise(each) == each for each in ids)
