"""The formula language of validation rules, assignment rules and calculated fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from lark import Lark, Token, Tree

ReadField = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a formula looks at: the record's values by name or path, the values before, whether it is new."""

    read: ReadField
    today: str
    before: ReadField | None = None


Formula = Callable[[Situation], Any]


class FormulaError(ValueError):
    """The text is no formula, or calls a function that does not exist."""


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(Path(__file__).with_name("formula.lark").read_text("utf-8"), parser="lalr")


@lru_cache(maxsize=1024)
def compile_formula(text: str) -> Formula:
    """Turn a formula's text into a function. Raises FormulaError."""
    try:
        tree = _parser().parse(text)
    except Exception as error:
        raise FormulaError(f"{text}: {error}") from error
    return _compile(tree)


def _compile(tree: Tree[Token]) -> Formula:
    kind = str(tree.data)
    if kind in ("number", "text", "name"):
        return _leaf(kind, str(tree.children[0]))
    if kind == "call":
        name, *rest = tree.children
        arguments = [_compile(cast("Tree[Token]", each)) for each in rest if each is not None]
        return _call(str(name).upper(), arguments)
    if kind == "compare":
        left, sign, right = tree.children
        return _compare(str(sign), _compile(cast("Tree[Token]", left)), _compile(cast("Tree[Token]", right)))
    parts = [_compile(cast("Tree[Token]", each)) for each in tree.children]
    operate = _OPERATIONS[kind]
    return lambda at: operate(*(part(at) for part in parts))


def _leaf(kind: str, text: str) -> Formula:
    if kind == "number":
        number = float(text)
        return lambda at: number
    if kind == "text":
        literal = re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), text[1:-1])
        return lambda at: literal
    constant: Any = {"TRUE": True, "FALSE": False}.get(text.upper())
    if constant is not None:
        return lambda at: constant
    if text.upper() == "NULL":
        return lambda at: None
    return lambda at: at.read(text)


def _compare(sign: str, left: Formula, right: Formula) -> Formula:
    test = _COMPARISONS[sign]

    def compare(at: Situation) -> bool:
        a, b = left(at), right(at)
        if sign in ("=", "==", "<>", "!="):
            return test(a if a is not None else "", b if b is not None else "")
        return a is not None and b is not None and test(a, b)

    return compare


def _call(name: str, arguments: list[Formula]) -> Formula:
    special = _SPECIAL.get(name)
    if special is not None:
        return special(arguments)
    function = _FUNCTIONS.get(name)
    if function is None:
        raise FormulaError(f"unknown function {name}")
    return lambda at: function(*(argument(at) for argument in arguments))


def _blank(value: Any) -> bool:
    return value is None or value == ""


def _if(arguments: list[Formula]) -> Formula:
    test, then, otherwise = arguments
    return lambda at: then(at) if test(at) else otherwise(at)


def _case(arguments: list[Formula]) -> Formula:
    subject, *pairs, otherwise = arguments
    return lambda at: next(
        (pairs[i + 1](at) for i in range(0, len(pairs), 2) if pairs[i](at) == subject(at)), otherwise(at)
    )


def _is_changed(arguments: list[Formula]) -> Formula:
    return lambda at: at.before is not None and arguments[0](at) != _earlier(arguments[0], at)


def _prior(arguments: list[Formula]) -> Formula:
    return lambda at: arguments[0](at) if at.before is None else _earlier(arguments[0], at)


def _earlier(argument: Formula, at: Situation) -> Any:
    return argument(Situation(read=cast("ReadField", at.before), today=at.today))


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, str) or isinstance(b, str):
        return _text(a) + _text(b)
    return None if a is None or b is None else a + b


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _arithmetic(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: None if a is None or b is None else operate(a, b)


_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "either": lambda a, b: bool(a) or bool(b),
    "both": lambda a, b: bool(a) and bool(b),
    "add": _add,
    "join": lambda a, b: _text(a) + _text(b),
    "subtract": _arithmetic(lambda a, b: a - b),
    "multiply": _arithmetic(lambda a, b: a * b),
    "divide": _arithmetic(lambda a, b: a / b if b else None),
    "negative": lambda a: None if a is None else -a,
    "negated": lambda a: not a,
}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "==": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}
_SPECIAL: Mapping[str, Callable[[list[Formula]], Formula]] = {
    "IF": _if,
    "CASE": _case,
    "ISCHANGED": _is_changed,
    "PRIORVALUE": _prior,
    "ISNEW": lambda arguments: lambda at: at.before is None,
    "TODAY": lambda arguments: lambda at: at.today,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "AND": lambda *values: all(values),
    "OR": lambda *values: any(values),
    "NOT": lambda value: not value,
    "ISBLANK": _blank,
    "ISNULL": _blank,
    "BLANKVALUE": lambda value, other: other if _blank(value) else value,
    "ISPICKVAL": lambda value, wanted: (value or "") == wanted,
    "INCLUDES": lambda value, wanted: wanted in (value or "").split(";"),
    "TEXT": _text,
    "VALUE": lambda text: None if _blank(text) else float(text),
    "LEN": lambda text: len(_text(text)),
    "UPPER": lambda text: _text(text).upper(),
    "LOWER": lambda text: _text(text).lower(),
    "TRIM": lambda text: _text(text).strip(),
    "LEFT": lambda text, count: _text(text)[: int(count)],
    "CONTAINS": lambda text, part: _text(part) in _text(text),
    "BEGINS": lambda text, part: _text(text).startswith(_text(part)),
    "REGEX": lambda text, pattern: re.fullmatch(pattern, _text(text)) is not None,
    "ROUND": lambda number, digits: None if number is None else round(number, int(digits)),
    "ABS": lambda number: None if number is None else abs(number),
    "MIN": min,
    "MAX": max,
    "DATEVALUE": lambda moment: None if _blank(moment) else str(moment)[:10],
    "YEAR": lambda day: None if _blank(day) else float(str(day)[:4]),
}
