"""The program's start: `orchestrator` and `trainable` are names that other projects have too.

Where one of those is found instead of ours, everything after would be a puzzle; so this is asked first.

Heavy packages then wait for their first use: torch alone takes longer than most commands do.
`importlib.util.LazyLoader` would do, but there the second `import` of a package runs it.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from threading import RLock
from types import ModuleType
from typing import Any, NoReturn

PACKAGES = ("orchestrator", "trainable")
HEAVY = ("torch", "ray", "pandas")
"""Packages that most commands never use."""
USER = 2
"""Exit code of what the user can mend."""
_LOCK = RLock()
_unloaded: set[str] = set()


def foreign_package() -> str:
    """What is wrong with the packages that Python finds; empty where they are ours."""
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        path = (spec.origin or ", ".join(spec.submodule_search_locations or [])) if spec else ""
        if not spec or getattr(importlib.import_module(name), "PROJECT", "") != "stagegrid":
            fault = f"{path} is another project's package" if path else f"its package {name} is missing"
            return f"{fault}: install stagegrid into an environment of its own, with no PYTHONPATH"
    return ""


class _Unloaded(ModuleType):
    """A package that has not run yet."""

    def __getattr__(self, name: str) -> Any:
        with _LOCK:  # another thread waits until the package has run; its own imports do not
            if "__path__" not in vars(self):
                self._run()
        return ModuleType.__getattribute__(self, name)

    def _run(self) -> None:
        spec = self.__spec__
        assert spec
        assert spec.loader
        self.__path__ = spec.submodule_search_locations or []
        try:
            spec.loader.exec_module(self)
        except BaseException:
            del self.__path__
            raise
        self.__class__ = ModuleType  # type: ignore[assignment]


class _PartFinder(Loader):
    """Finds parts that an unloaded package has imported itself when it ran: Python would run them twice."""

    @staticmethod
    def find_spec(name: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        is_there = target is None and name.partition(".")[0] in _unloaded and name in sys.modules
        return ModuleSpec(name, _PartFinder()) if is_there else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = sys.modules[spec.name]
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__
        module.__spec__ = module.__spec__.loader_state


def unload(packages: Iterable[str]) -> None:
    """Let the first `import` of these packages run nothing; they run at the first use of what is in them."""
    for name in packages:
        if name not in sys.modules and (spec := importlib.util.find_spec(name)):
            module = importlib.util.module_from_spec(spec)
            module.__class__ = _Unloaded
            del module.__path__  # importing a part of it asks for this
            sys.modules[name] = module
            _unloaded.add(name)
    if _PartFinder not in sys.meta_path:
        sys.meta_path.insert(0, _PartFinder)


def main() -> NoReturn:
    """Run the command line, if it is the right one."""
    if problem := foreign_package():
        print(f"stagegrid: {problem}", file=sys.stderr)  # noqa: T201  # nothing of ours can be imported
        raise SystemExit(USER)
    unload(HEAVY)
    from orchestrator.cli import app

    app.main()


if __name__ == "__main__":
    main()
