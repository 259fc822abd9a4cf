"""The sequence number's arithmetic is right for *all* values: the driver's own functions, run on a solver's symbols.

`round_up_to_even`, `stamp` and `after_flush` are pure arithmetic, so they take bit-vectors as they do numbers. Symbols
have 34 bits for values of 32, so that no Python number is ever cut, and the mask in the code does the rest.
`seqno_passed` chains comparisons, which Python cuts short at the first false one; its parts are read from its source,
so that a change of the code is a change of what is proved.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

import pytest

from gputlb.driver import seqno as code

z3 = pytest.importorskip("z3")

WIDE = 34
U32 = 0xFFFFFFFF


def symbol(name: str) -> Any:
    """Return any number of 32 bits, in a vector with room for what arithmetic on it may carry."""
    return z3.ZeroExt(WIDE - 32, z3.BitVec(name, 32))


def conjunction(function: Any) -> Any:
    """Return a one-line function with its chained comparison as a z3 conjunction, made from its own source."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    statement = definition.body[-1]
    assert isinstance(statement, ast.Return)
    chain = statement.value
    assert isinstance(chain, ast.Compare)
    sides = [chain.left, *chain.comparators]
    links: list[ast.expr] = [
        ast.Compare(left, [operator], [right])
        for left, operator, right in zip(sides, chain.ops, sides[1:], strict=False)
    ]
    statement.value = ast.Call(ast.Name("And", ast.Load()), links, [])
    definition.returns = None
    for argument in definition.args.args:
        argument.annotation = None
    names = vars(code) | {"And": z3.And}
    program = ast.fix_missing_locations(ast.Module([definition], []))
    exec(compile(program, "seqno.py", "exec"), names)
    return names[definition.name]


passed = conjunction(code.seqno_passed)


def in_c(current: Any, wanted: Any, *, strictly: bool = True) -> Any:
    """Return `(s32)(current - ALIGN(wanted, 2)) > 0` as C computes it, on 32 bits."""
    apart = current - ((wanted + 1) & ~z3.BitVecVal(1, 32))
    return apart > 0 if strictly else apart >= 0


def counterexample(claim: Any) -> Any:
    """Return values for which the claim is false, or None if there are none."""
    solver = z3.Solver()
    solver.add(z3.Not(claim))
    return solver.model() if solver.check() == z3.sat else None


def proved(claim: Any) -> bool:
    return counterexample(claim) is None


def low(vector: Any) -> Any:
    return z3.Extract(31, 0, vector)


def test_seqno_passed_is_the_c_expression_for_all_values():
    current, wanted = z3.BitVecs("current wanted", 32)

    assert proved(passed(symbol("current"), symbol("wanted")) == in_c(current, wanted))


def test_rounding_stamp_and_step_are_the_c_expressions_for_all_values():
    x = z3.BitVec("x", 32)

    assert proved(code.round_up_to_even(symbol("x")) == z3.ZeroExt(2, (x + 1) & ~z3.BitVecVal(1, 32)))
    assert proved(code.stamp(symbol("x")) == z3.ZeroExt(2, x | 1))
    assert proved(code.after_flush(symbol("x")) == z3.ZeroExt(2, x + 2))


def test_distance_is_the_signed_difference_for_all_values():
    later, earlier = z3.BitVecs("later earlier", 32)

    assert proved(code.distance(symbol("later"), symbol("earlier")) == z3.SignExt(2, later - earlier))


TRUE_BITS = 72


def unbounded() -> tuple[Any, Any, Any]:
    """Return a true counter that never wraps, a true rounded stamp at most 2 ahead, and their true difference."""
    counter, rounded = z3.BitVecs("counter rounded", TRUE_BITS)
    room = z3.And(z3.ULT(counter, 1 << 70), z3.ULT(rounded, 1 << 70), counter % 2 == 0, rounded % 2 == 0)
    return counter, rounded, z3.And(room, z3.ULE(rounded, counter + 2))


@pytest.mark.parametrize("is_odd", [0, 1])
def test_a_wrap_never_skips_a_flush_that_is_needed(is_odd: int):
    """If the 32 bits say "passed", then the true counter is truly after the stamp, however often it has wrapped."""
    counter, rounded, assumed = unbounded()
    stamped = low(rounded) - is_odd  # the stamp itself is the rounded number, or the odd one just before it

    assert proved(z3.Implies(z3.And(assumed, in_c(low(counter), stamped)), z3.UGT(counter, rounded)))


def test_a_wrap_can_cost_a_flush_that_was_not_needed():
    counter, rounded, assumed = unbounded()
    found = counterexample(z3.Implies(z3.And(assumed, z3.UGT(counter, rounded)), in_c(low(counter), low(rounded) - 1)))

    assert found is not None
    assert found[counter].as_long() - found[rounded].as_long() >= 1 << 31


def test_a_stamp_taken_during_a_flush_is_passed_only_by_a_flush_that_began_later():
    """The counter is c when the stamp is taken. A flush that already runs makes it c + 2; one begun later, c + 4."""
    c, now = z3.BitVecs("c now", TRUE_BITS)
    assumed = z3.And(c % 2 == 0, now % 2 == 0, z3.ULE(c, now), z3.ULT(now, 1 << 70))
    said = in_c(low(now), low(c) | 1)

    assert proved(z3.Implies(z3.And(assumed, said), z3.UGE(now, c + 4)))
    assert proved(z3.Implies(z3.And(assumed, z3.UGE(now, c + 4), z3.ULT(now, c + 2 + (1 << 31))), said))


def test_without_strictness_the_flush_that_already_runs_would_count():
    c, now = z3.BitVecs("c now", 32)
    claim = z3.Implies(z3.And(c % 2 == 0, now == c + 2), z3.Not(in_c(now, c | 1, strictly=False)))

    assert counterexample(claim) is not None
    assert proved(z3.Implies(z3.And(c % 2 == 0, now == c + 2), z3.Not(in_c(now, c | 1))))


def test_a_stamp_without_its_low_bit_would_let_the_flush_that_already_runs_count():
    c, now = z3.BitVecs("c now", 32)
    claim = z3.Implies(z3.And(c % 2 == 0, now == c + 2), z3.Not(in_c(now, c)))

    assert counterexample(claim) is not None


def test_a_stamp_further_ahead_than_two_could_skip_a_needed_flush():
    """The bound in the lemma is not idle: a stamp from the far future looks like one from the past."""
    counter, rounded, _ = unbounded()
    claim = z3.Implies(
        z3.And(z3.ULT(counter, 1 << 70), z3.ULT(rounded, 1 << 70), in_c(low(counter), low(rounded))),
        z3.UGT(counter, rounded),
    )

    assert counterexample(claim) is not None
