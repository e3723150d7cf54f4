"""The command line in this process."""

import sys
from collections.abc import Callable

import pytest

from orchestrator.cli import app, options

Stagegrid = Callable[..., tuple[int, str, str]]


@pytest.fixture
def stagegrid(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stagegrid:
    """The program with these arguments: exit code, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(options.console, "width", 200)

    def call(*arguments: object, prefix: list[str] | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["stagegrid", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            app.main(prefix)
        output = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in output.err or "--debug" in arguments
        return ended.value.code, output.out, output.err

    return call
