"""Which locals of a suspended coroutine can still be read: the others do not tell its states apart."""

from __future__ import annotations

import dis
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType

_ENDS = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "INTERPRETER_EXIT")
_JUMPS_ALWAYS = ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_ABSOLUTE", "JUMP")
_LOOKS_AT_ALL_LOCALS = frozenset({"locals", "vars", "dir", "eval", "exec"})


@cache
def live_locals(code: CodeType, instruction: int) -> frozenset[str] | None:
    """Return the names of the plain locals that may be read after byte offset `instruction`; None if all may.

    A backward analysis of the byte code. What it does not know counts as a read: a name too many keeps two states
    apart that could be one, a name too few would be wrong.
    """
    return _all_live(code).get(instruction)


@cache
def _all_live(code: CodeType) -> dict[int, frozenset[str]]:
    if sys.version_info >= (3, 13) or not _LOOKS_AT_ALL_LOCALS.isdisjoint(code.co_names):
        # From 3.13 on two locals share one instruction; their states are told apart by all locals.
        return {}
    byte_code = dis.Bytecode(code)
    handlers = getattr(byte_code, "exception_entries", None)
    if handlers is None:
        return {}
    instructions = list(byte_code)
    index = {each.offset: i for i, each in enumerate(instructions)}
    after: list[list[int]] = []
    read: list[frozenset[str]] = []
    written: list[frozenset[str]] = []
    for i, each in enumerate(instructions):
        follows = [] if each.opname in _ENDS or each.opname in _JUMPS_ALWAYS else [i + 1]
        if each.opcode in dis.hasjrel or each.opcode in dis.hasjabs:
            follows.append(index[each.argval])
        follows.extend(index[entry.target] for entry in handlers if entry.start <= each.offset < entry.end)
        after.append([j for j in follows if j < len(instructions)])
        name = frozenset({each.argval}) if each.opcode in dis.haslocal else frozenset()
        stores = each.opname in {"STORE_FAST", "DELETE_FAST"}
        written.append(name if stores else frozenset())
        read.append(frozenset() if stores and each.opname == "STORE_FAST" else name)
    live: list[frozenset[str]] = [frozenset()] * len(instructions)
    changed = True
    while changed:
        changed = False
        for i in range(len(instructions) - 1, -1, -1):
            behind: frozenset[str] = frozenset().union(*(live[j] for j in after[i]))
            now = read[i] | (behind - written[i])
            if now != live[i]:
                live[i] = now
                changed = True
    return {each.offset: frozenset().union(*(live[j] for j in after[i])) for i, each in enumerate(instructions)}
