"""A sweep says how far it is and how long it still takes, where somebody looks, and sparingly where nobody does."""

from __future__ import annotations

import io

import pytest

from gputlb.report.sweep_progress import SweepProgress, TrialProgress, span


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def shown(stream: io.StringIO, *steps: tuple[float, int], before: int = 0) -> str:
    clock = Clock()
    with SweepProgress(stream, before, 1000, clock) as progress:
        for clock.now_s, finished in steps:
            progress.show(finished)
        return stream.getvalue()


def test_on_a_terminal_one_line_is_rewritten_and_taken_away():
    stream = Terminal()

    assert (
        "\r\x1b[K100 of 1,000 runs (10 %), about 45 s left\r\x1b[K200 of 1,000 runs (20 %), about 40 s left"
        == shown(stream, (5.0, 100), (5.1, 101), (10.0, 200))
    )  # fmt: skip
    assert stream.getvalue().endswith("\r\x1b[K")


def test_elsewhere_there_is_a_line_every_half_minute():
    assert (
        "100 of 1,000 runs (10 %), about 4 min 30 s left\n200 of 1,000 runs (20 %), about 4 min 4 s left\n"
        == shown(io.StringIO(), (5.0, 20), (30.0, 100), (59.0, 190), (61.0, 200))
    )  # fmt: skip


def test_a_short_sweep_shows_nothing():
    assert "" == shown(Terminal(), (0.9, 500))
    assert "" == shown(io.StringIO(), (20.0, 900))


def test_runs_that_had_finished_before_say_nothing_of_the_speed():
    assert "\r\x1b[K600 of 1,000 runs (60 %), about 40 s left" == shown(Terminal(), (10.0, 100), before=500)


@pytest.mark.parametrize(
    ("stream", "said"), [(Terminal(), "\r\x1b[Ktrying short runs: 3 of 8 points\r\x1b[K"), (io.StringIO(), "")]
)
def test_short_runs_that_take_over_a_second_are_told_on_a_terminal(stream: io.StringIO, said: str):
    clock = Clock()
    with TrialProgress(stream, clock) as progress:
        for clock.now_s, tried in ((0.9, 2), (1.4, 3)):
            progress.show(tried, 8)

    assert said == stream.getvalue()


def test_before_the_first_run_nobody_knows_how_long():
    assert "\r\x1b[K0 of 1,000 runs (0 %)" == shown(Terminal(), (2.0, 0))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (200, "3 min 20 s"), (3600, "1 h"), (7500, "2 h 5 min")],
)
def test_spans_are_said_as_people_say_them(seconds: float, said: str):
    assert said == span(seconds)
