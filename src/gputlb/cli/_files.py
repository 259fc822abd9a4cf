"""Names of files on the command line that may be options misspelt."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING

from gputlb.errors import GputlbError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class UnknownOption(GputlbError):
    """An option that the verb does not have."""


def refuse_unknown_options(names: Sequence[str], verb: Callable[..., int]) -> None:
    """Refuse file names that look like options; `-` alone, standard input, is none.

    A verb that takes `-` as a file gets misspelt options as files too.

    Raises:
        UnknownOption: naming the nearest option of the verb.
    """
    for name in names:
        if name.startswith("-") and name != "-":
            known = [f"--{option.replace('_', '-')}" for option in signature(verb).parameters if option != "files"]
            raise UnknownOption(
                f"unknown option {name}{did_you_mean(name, known)}; for a file of that name write ./{name}"
            )
