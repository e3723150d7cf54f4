"""Modules that are loaded when they are first used.

Settings, plans and reports need the names and settings of mechanisms, not their arithmetic: to import
torch takes longer than most commands do.
"""

import sys
from importlib import import_module
from typing import Any


class Later:
    """Stands for a module until something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        module = sys.modules.get(self._name) or import_module(self._name)
        return getattr(module, attribute)
