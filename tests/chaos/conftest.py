"""The table of `make test-chaos`."""

import pytest

from tests.chaos.test_drill import HEADER


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """After all tests, a line for each fault that was injected."""
    lines = [
        f"{line}  {'equal' if report.passed else 'FAILED'}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, line in getattr(report, "user_properties", ())
        if name == "drill" and report.when == "call"
    ]
    if lines:
        terminalreporter.write_line("\n".join(["", f"{HEADER}  tables", *lines]))
