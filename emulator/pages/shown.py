"""One value on a page."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Shown:
    """`text` is without markup, `html` as it is drawn."""

    name: str
    label: str
    text: str
    html: Markup
    number: bool = False
