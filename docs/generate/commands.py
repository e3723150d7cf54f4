"""reference/commands.md: every command with its arguments, options and examples, from the program."""

from collections.abc import Iterator
from typing import Any

import typer

from docs.generate.kinds import cell
from orchestrator.cli import app

HEAD = """# Commands

What `stagegrid COMMAND --help` says. Exit code 0: done; 1: something was found or is missing, and is named;
2: the command cannot be done as it was given. Options of the program itself, before the command:
"""


def commands_page() -> str:
    """The page."""
    program = typer.main.get_group(app.app)
    named = [_command(name, app.command(name)) for name in app.COMMANDS]
    return "\n".join([HEAD, *_table(program.params), "", *named])


def _command(name: str, command: Any) -> str:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    words = [_argument(param) for param in arguments]
    lines = [f"## {name}\n", f"{command.help}\n", "```", " ".join(["stagegrid", name, *words, "[OPTIONS]"])]
    lines += ["```\n", *_table(command.params)]
    return "\n".join([*lines, "\n```", *app.COMMANDS[name][1:], "```\n"])


def _argument(param: Any) -> str:
    name = param.name.upper() + ("..." if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


def _table(params: list[Any]) -> Iterator[str]:
    yield "| option | default | what it is |\n|---|---|---|"
    for param in params:
        argument = param.param_type_name == "argument"
        name = _argument(param) if argument else ", ".join(param.opts)
        yield f"| `{name}` | {_default(param)} | {cell(param.help or '')} |"


def _default(param: Any) -> str:
    if param.required:
        return "required"
    plain = isinstance(param.default, str | int | float) and not isinstance(param.default, bool)
    return f"`{param.default}`" if plain else ""
