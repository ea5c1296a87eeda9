"""What did not run is said at the very end, and on the build machine it is a failure."""

from __future__ import annotations

import os
from collections import Counter

import pytest


def in_ci() -> bool:
    """True on the build machine: nothing may be skipped there."""
    return os.environ.get("CI", "").lower() == "true"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if in_ci() and _reasons(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    reasons = _reasons(config)
    if not reasons:
        return
    verdict = "a failure, because CI=true" if in_ci() else "these were NOT tested"
    terminalreporter.section(f"{sum(reasons.values())} skipped: {verdict}", red=in_ci(), yellow=not in_ci())
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:5d} x {reason}")


def _reasons(config: pytest.Config) -> Counter[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    return Counter(_reason(report) for report in reports)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
