"""What a person reads in the HTML of a panel: its words, rows, choices and button."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, SubElement

_VOID = {"meta", "link", "br", "hr", "img", "input", "use"}


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("root")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = SubElement(self._open[-1], tag, {name: value or "" for name, value in attrs})
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        SubElement(self._open[-1], tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
            self._open.pop()

    def handle_data(self, data: str) -> None:
        last = self._open[-1]
        if len(last):
            last[-1].tail = (last[-1].tail or "") + data
        else:
            last.text = (last.text or "") + data


@dataclass(frozen=True)
class Row:
    """One field. Where both sides agree, `crm` and `ours` are the same."""

    label: str
    crm: str
    ours: str
    differs: bool
    note: str  # what stands under the values: "Changed here", "You may not edit …"


class Screen:
    """One answer of ours, parsed. Every tag has to be closed properly."""

    def __init__(self, html: str) -> None:
        self.html = html
        builder = _Builder()
        builder.feed(html)
        builder.close()
        self.root = builder.root

    @property
    def text(self) -> str:
        """All of it, white space folded."""
        return _text(self.root)

    @property
    def headline(self) -> str:
        """The first line of the status region."""
        return _text(self._in("told", ".//p"))

    @property
    def told(self) -> str:
        """The whole status region."""
        return _text(self._by_id("told"))

    @property
    def code(self) -> str:
        """The small print: a code to tell an admin; "" when there is none."""
        return _text(self._by_id("told").find(".//code"))

    @property
    def refusal(self) -> str:
        """The code of a page that stands in for a panel."""
        return _text(self.root.find(".//main/p/code"))

    @property
    def name(self) -> str:
        return _text(self.root.find(".//h1"))

    @property
    def health(self) -> str:
        return _text(self._in("top", ".//p[@class='health']"))

    @property
    def link(self) -> str:
        return _text(self._in("top", ".//span[@class='link']"))

    @property
    def can_sync(self) -> bool:
        return "hx-post" in self._in("action", ".//button").attrib

    @property
    def is_busy(self) -> bool:
        return self._in("action", ".//button").get("aria-busy") == "true"

    @property
    def asks_next(self) -> str:
        """The address the panel asks for news by itself; "" when it is at rest."""
        watch = self._by_id("next").find(".//i")
        return "" if watch is None else watch.attrib["hx-get"]

    @property
    def asks_after_ms(self) -> int:
        trigger = self._in("next", ".//i").attrib["hx-trigger"]
        return int(trigger.removeprefix("load delay:").removesuffix("ms"))

    @property
    def rows(self) -> dict[str, Row]:
        """Field label -> row."""
        found = [_row(each) for each in self._by_id("fields").iter("div") if "row" in each.get("class", "").split()]
        return {row.label: row for row in found}

    @property
    def entries(self) -> list[str]:
        """The lines of Recent, newest first."""
        return [_text(each.find(".//div[@class='what']/span")) for each in self._by_id("recent").iter("li")]

    @property
    def candidates(self) -> dict[int, str]:
        """Local record id -> what is said about it."""
        spans = [each for each in self._by_id("choices").iter("span") if each.get("class") == "candidate"]
        return {int(each.attrib["id"].removeprefix("candidate-")): _text(each) for each in spans}

    @property
    def host(self) -> dict[str, str]:
        """What the page knows of its host: `protocol`, `origin`, `instance`."""
        page = self.root.find(".//html")
        assert page is not None
        return {name: page.get(f"data-{name}", "") for name in ("protocol", "origin", "instance")}

    @property
    def offers_relaunch(self) -> bool:
        return any(each.get("id") == "relaunch" and "hidden" not in each.attrib for each in self.root.iter("button"))

    @property
    def token(self) -> str:
        return self._by_id("proof").attrib["content"]

    def _by_id(self, name: str) -> Element:
        found = self.root.find(f".//*[@id='{name}']")
        assert found is not None, f"no #{name} in {self.html[:600]}"
        return found

    def _in(self, name: str, path: str) -> Element:
        found = self._by_id(name).find(path)
        assert found is not None, f"no {path} in #{name}"
        return found


def _row(element: Element) -> Row:
    values = [_text(each) for each in _of_class(element, "value", "blank")]
    notes = [_text(each) for each in _of_class(element, "chip", "note")]
    crm, ours = values[0], values[-1]
    return Row(_text(element.find("dt")), crm, ours, any(_of_class(element, "sides")), " ".join(notes))


def _of_class(element: Element, *names: str) -> Iterator[Element]:
    return (each for each in element.iter() if set(each.get("class", "").split()) & set(names))


def _text(element: Element | None) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""
