"""Headless Chromium, where it is installed."""

import json
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
NEEDS_BROWSER = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Callable[[], str | None]]:
    """Leave a page open as a person would; gives a function that reads its present title."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert BROWSER
    own = (f"--user-data-dir={folder}", f"--remote-debugging-port={port}")
    command = [BROWSER, *OPTIONS, *own, url]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def title() -> str | None:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            return next((str(page["title"]) for page in json.load(answer) if page["type"] == "page"), None)
        return None

    try:
        yield title
    finally:
        browser.terminate()
        browser.wait(timeout=30)
