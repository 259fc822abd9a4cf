"""How far a check has come: one line that is rewritten, not too often, and gone at the end."""

from __future__ import annotations

import io

from gputlb.explore import Progress
from gputlb.report.check_progress import CheckProgress

CLEAR = "\r\x1b[K"


def test_the_line_says_group_states_rate_and_depth_and_goes_away():
    times = iter([0.0, 0.1, 0.3, 0.3, 0.4])
    stream = io.StringIO()
    with CheckProgress(stream, 3, clock=lambda: next(times)) as progress:
        progress.show(("rcs0",), Progress(10, 20, 3, 4, 0.1))
        progress.show(("vcs0", "vcs1"), Progress(12_000, 20, 9, 4, 2.0))
        progress.show(("vcs0", "vcs1"), Progress(13_000, 20, 9, 4, 2.1))

    assert f"{CLEAR}group 2 of 3 (vcs0, vcs1): 12,000 states, 6,000 states/s, depth 9{CLEAR}" == stream.getvalue()


def test_it_is_said_that_compiled_code_is_loaded_since_nothing_moves_meanwhile():
    stream = io.StringIO()
    with CheckProgress(stream, 1, clock=lambda: 0.0) as progress:
        progress.show(("rcs0",), Progress(1, 0, 0, 1, 0.1, loads=True))

    assert stream.getvalue() == (
        f"{CLEAR}group 1 of 1 (rcs0): loading compiled code; the first time it is compiled, which takes some 10 s"
        f"{CLEAR}"
    )


def test_of_many_platforms_the_line_says_which_and_makes_room_for_its_row():
    stream = io.StringIO()
    with CheckProgress(stream, 33) as progress:
        progress.begin("TIGERLAKE", 12)
        progress.end()

    assert f"{CLEAR}platform 12 of 33 (TIGERLAKE){CLEAR}" == stream.getvalue()


def test_a_short_search_shows_nothing():
    stream = io.StringIO()
    with CheckProgress(stream, 1, clock=lambda: 0.0) as progress:
        progress.show(("rcs0",), Progress(10, 20, 3, 4, 0.1))

    assert "" == stream.getvalue()
