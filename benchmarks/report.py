"""What every benchmark prints: our figure, the yardstick measured in the same run, and their ratio."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """`bar` is the ratio not to be exceeded (or, for throughput, the least one); None: shown, not judged."""

    what: str
    ours: float
    yardstick: float
    ratio: float
    bar: str
    holds: bool | None


def at_most(what: str, ours: float, yardstick: float, bar: float | None) -> Row:
    ratio = ours / yardstick
    return _row(what, ours, yardstick, ratio, f"<= {bar:g}" if bar else "-", None if bar is None else ratio <= bar)


def at_least(what: str, ours: float, yardstick: float, bar: float) -> Row:
    ratio = ours / yardstick
    return _row(what, ours, yardstick, ratio, f">= {bar:g}", ratio >= bar)


def _row(what: str, ours: float, yardstick: float, ratio: float, bar: str, holds: bool | None) -> Row:
    return Row(what, round(ours, 3), round(yardstick, 3), round(ratio, 2), bar, holds)


def percentile(samples: Sequence[float], percent: int) -> float:
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]


def arguments(description: str | None, *, default_rounds: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=default_rounds, help="measured rounds (default %(default)s)")
    return parser.parse_args()


def show(name: str, rows: Sequence[Row], *, as_json: bool) -> int:
    """Print the rows; the exit code is 1 when a bar does not hold."""
    if as_json:
        print(json.dumps({"name": name, "rows": [asdict(row) for row in rows]}))
    else:
        print(f"{name}\n{'what':<50}{'ours':>10}{'yardstick':>11}{'ratio':>8}  {'bar':<8}holds")
        for row in rows:
            holds = {True: "yes", False: "NO", None: ""}[row.holds]
            print(f"{row.what:<50}{row.ours:>10.2f}{row.yardstick:>11.2f}{row.ratio:>8.2f}  {row.bar:<8}{holds}")
    return 1 if any(row.holds is False for row in rows) else 0
