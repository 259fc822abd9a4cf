"""Running the commands that the documentation shows, as a reader would who stands in the root of a clone.

A `console` block holds commands after `$ ` and, below each, what it prints:

    $ gputlb platforms tigerlke   # exits with 2
    gputlb: ...; did you mean tigerlake?

- The exit status must be 0, or the one that a comment `# exits with N` names.
- Lines below a command are compared with its standard output, or, if that is empty, with its standard error.
  `...` stands for any text within a line, and alone on a line for any number of lines. With no line below,
  the command may print what it likes.
- A backslash at the end of a line continues the command. There are no pipes and no other shell syntax.
- `# takes a minute` keeps a command from being run; that what it names is there is still tested.
- Files that a command writes land in a directory that the examples of one document share.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from unittest import SkipTest

import gputlb
from gputlb.cli._main import VERBS

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 60
SHELL_SYNTAX = {"|", "||", "&&", "&", ";", "<", ">", ">>"}

# Set up a machine or run the tests themselves: shown to the reader, never run from here.
NEVER_RUN = {"git", "cd", ".", "sudo", "apt-get", "pip", "pipx", "uv"}
NEVER_RUN |= {f".venv/bin/{tool}" for tool in ("pytest", "ruff", "mypy", "lint-imports")}
SCRIPTS = {"./test", ".ci/run"}
SCRIPTS |= {f"scripts/{name}" for name in ("set-up", "renew-locks", "draw-figures", "test-in-a-browser")}


class DocumentationError(AssertionError):
    """What the documentation shows is not what happens; the text says where, what was shown, what came."""


@dataclass
class Command:
    """One command of a console block, with what the document promises about it."""

    line: int
    text: str
    words: list[str]
    exit_status: int = 0
    runs: bool = True
    output: list[str] = field(default_factory=list)

    def but(self, what: str) -> DocumentationError:
        """Return the error that this command, as shown, is contradicted."""
        return DocumentationError(f"line {self.line}: `{self.text}` {what}")


def parse(block: str, first_line: int = 1) -> list[Command]:
    """Return the commands of a console block, each with the output shown below it.

    Raises:
        DocumentationError: a line of output comes before any command, or a command has shell syntax.
    """
    commands: list[Command] = []
    lines = iter(enumerate(block.splitlines(), first_line))
    for number, line in lines:
        if not line.startswith("$ "):
            if commands:
                commands[-1].output.append(line.rstrip())
            elif line.strip():
                raise DocumentationError(f"line {number}: output comes before any `$ command`")
            continue
        text = line[2:]
        while text.endswith("\\"):
            text = text[:-1] + next(lines, (number, ""))[1].strip()
        words = shlex.split(text, comments=True)
        promised = re.search(r"#.*\bexits with (\d+)", text)
        exit_status = int(promised[1]) if promised else 0
        command = Command(number, text, words, exit_status, runs="# takes a minute" not in text)
        if SHELL_SYNTAX.intersection(words):
            raise command.but("needs a shell; show one plain command a line")
        commands.append(command)
    for command in commands:
        while command.output and not command.output[-1]:
            command.output.pop()
    return commands


def output_matches(shown: list[str], printed: str) -> bool:
    """Tell whether printed text is what the document shows, `...` standing for whatever is left out."""
    pattern = ""
    for line in shown:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("...")) + r"\n"
    lines = [line.rstrip() for line in printed.rstrip().splitlines()]
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def arguments_of(command: Command) -> list[str] | None:
    """Return what to execute for a command as shown, or None for one that is only looked at.

    Raises:
        SkipTest: the command is a verb whose module is not written yet.
        DocumentationError: nobody has said here how to run it, or the script that it names is not there.
    """
    words = list(command.words)
    if words[0] in NEVER_RUN:
        return None
    if words[0] in SCRIPTS:
        _require_script(command, words[0])
        return None
    if words[0] == "./run":
        _require_script(command, words[0])
        words[:1] = ["gputlb", "run"]
    if words[0] in {"gputlb", ".venv/bin/gputlb"}:
        _skip_unwritten_verb(words)
        return [sys.executable, "-m", "gputlb", *words[1:]] if command.runs else None
    if words[0] in {"python", ".venv/bin/python"}:
        if words[1].endswith(".py") and not (ROOT / words[1]).is_file():
            raise command.but(f"names {words[1]}, which is not there")
        return [sys.executable, *words[1:]] if command.runs else None
    raise command.but("is not a command that tests/documentation.py knows how to run")


def run_block(block: str, directory: Path, first_line: int = 1) -> None:
    """Run a console block's commands one after the other in a directory and hold the document to its word.

    Raises:
        SkipTest: a verb of the block is not written yet.
        DocumentationError: an exit status or an output differs.
    """
    for command in parse(block, first_line):
        arguments = arguments_of(command)
        if arguments is not None:
            _run(command, arguments, directory)


def stand_in_clone(directory: Path) -> None:
    """Fill an empty directory with links to what a clone's root holds: examples can name its files."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (directory / entry.name).symlink_to(entry)


def _run(command: Command, arguments: list[str], directory: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(Path(gputlb.__file__).parents[1]),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }
    done = subprocess.run(
        arguments,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    printed = f"{done.stdout}{done.stderr}"
    if done.returncode != command.exit_status:
        raise command.but(f"exits with {done.returncode}, not {command.exit_status}:\n{printed}")
    if command.output and not output_matches(command.output, done.stdout or done.stderr):
        shown = "\n".join(command.output)
        raise command.but(f"does not print what is shown.\nShown:\n{shown}\nPrinted:\n{printed}")


def _require_script(command: Command, name: str) -> None:
    path = ROOT / name
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise command.but(f"names {name}, which is not an executable file")


def _skip_unwritten_verb(words: list[str]) -> None:
    if len(words) > 1 and words[1] in VERBS:
        module, _, _ = VERBS[words[1]][0].partition(":")
        if importlib.util.find_spec(module) is None:
            raise SkipTest(f"gputlb {words[1]} is not written yet")
