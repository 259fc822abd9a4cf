"""What was wrong with the words of a command line, in one sentence each with its mend."""

from __future__ import annotations

import shlex
import sys
from difflib import get_close_matches
from itertools import takewhile
from typing import TYPE_CHECKING, Literal, get_args, get_origin

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from gputlb.errors import did_you_mean

if TYPE_CHECKING:
    from cyclopts import Argument, ArgumentCollection

_MOST_SHOWN = 40


def sentence(error: CycloptsError, app: App) -> str:
    """Return what was wrong, in place of the text that cyclopts has for it."""
    verb = " ".join(error.command_chain or ())
    match error:
        case UnusedCliTokensError():
            return _too_many(error, verb, app[verb].assemble_argument_collection())
        case UnknownOptionError():
            word = (error.token.keyword or error.token.value).partition("=")[0]
            # Without the dashes, which would make any two options alike.
            known = {name.lstrip("-"): name for argument in error.argument_collection for name in argument.names}
            near = get_close_matches(word.lstrip("-"), known, n=1)
            mend = f"did you mean {known[near[0]]}?" if near else f"gputlb {verb} --help lists the options"
            return f"{verb} has no option {word}; {mend}"
        case RepeatArgumentError():
            return f"{error.token.keyword} is given more than once; give it once"
        case MissingArgumentError():
            return _missing(error, verb, app[verb].assemble_argument_collection())
        case CoercionError():
            return _not_of_its_kind(error)
    return str(error)


def _too_many(error: UnusedCliTokensError, verb: str, known: ArgumentCollection) -> str:
    extra = error.unused_tokens or [""]
    words = list(error.root_input_tokens or ())
    place = len(words) - 1 - words[::-1].index(extra[0]) if extra[0] in words else 0
    previous, option = words[place - 1] if place else "", words[place - 2] if place > 1 else ""
    if previous.startswith("-") and _is_flag(_named(previous, known)):
        return f"{previous} takes no value; leave {_shown(extra[0])} out"
    argument = _named(option, known)
    mend = f"gputlb {verb} --help shows what it takes"
    together = [previous, *takewhile(extra.__contains__, words[place:])]
    if argument is not None and get_origin(_kind(argument)) is list:
        mend = f"write {' '.join(f'{option} {shlex.quote(word)}' for word in together)}"
    elif argument is not None and _kind(argument) is str:
        mend = f"if it belongs to {option}, write {option} {shlex.quote(' '.join(together))}"
    named = [each.name for each in known if each.field_info.is_positional and each.parse]
    takes = f"{' and '.join(named)} and options" if named else "options only"
    return f"{verb} takes {takes}, and {_shown(extra[0])} is one word too many; {mend}"


def _missing(error: MissingArgumentError, verb: str, known: ArgumentCollection) -> str:
    argument = error.argument
    name = error.keyword or (argument.name if argument is not None else "")
    if not name.startswith("-"):
        return f"{verb} needs {name}; gputlb {verb} --help says what that is"
    words = list(error.root_input_tokens or ())
    following = words[words.index(name) + 1 : words.index(name) + 2] if name in words else []
    if following and following[0].startswith("-") and _named(following[0], known) is None:
        return f'{name} needs a value; one that begins with "-" is written {name}={shlex.quote(following[0])}'
    wanted = "a value" if argument is None or argument.token_count()[0] < 2 else f"{argument.token_count()[0]} values"
    return f"{name} needs {wanted}; gputlb {verb} --help says which"


def _not_of_its_kind(error: CoercionError) -> str:
    token, argument = error.token, error.argument
    if token is None or argument is None:
        return str(error)
    name = token.keyword or argument.name
    kind = _kind(argument)
    if kind is bool:
        return f"{name} takes no value; leave {_shown('=' + token.value)} out"
    if get_origin(kind) is Literal:
        choices = [str(choice) for choice in get_args(kind)]
        mend = did_you_mean(token.value, choices, at_most=1)
        return f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}, not {_shown(token.value)}{mend}"
    if kind is int and token.value.lstrip("+-").isdecimal() and token.value.isascii():
        return f"{name} must be a whole number of at most {sys.get_int_max_str_digits()} digits"
    if kind is int or kind is float:
        return f"{name} must be {'a whole number' if kind is int else 'a number'}, not {_shown(token.value)}"
    return str(error)


def _named(word: str, known: ArgumentCollection) -> Argument | None:
    name = word.partition("=")[0]
    return next((argument for argument in known if name in argument.names), None)


def _is_flag(argument: Argument | None) -> bool:
    return argument is not None and _kind(argument) is bool


def _kind(argument: Argument) -> object:
    """Return the type of an argument that may be left out: `int` for `int | None`."""
    kinds = [kind for kind in get_args(argument.hint) if kind is not type(None)]
    optional = type(None) in get_args(argument.hint)
    return kinds[0] if optional and len(kinds) == 1 else argument.hint


def _shown(word: str) -> str:
    return repr(word if len(word) <= _MOST_SHOWN else f"{word[:_MOST_SHOWN]}…")
