"""A sweep file says what is run; every mistake in one is a sentence with its line and the mend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gputlb.simulate.sweep import Plan, SweepError, SweepFileError, read_sweep
from gputlb.simulate.sweep._quantity import milliseconds


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clients.toml"


def plan_of(file: Path, text: str) -> Plan:
    file.write_text(text)
    return read_sweep(file)


def points_of(file: Path, text: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in plan_of(file, text).rows()]


def test_an_empty_file_is_ten_replications_of_the_usual_run(file: Path):
    plan = plan_of(file, "")

    assert ("clients", 1, 10, 10, 1) == (plan.name, len(plan.points), plan.replications, plan.run_count, plan.seed)
    assert [] == plan.varied


def test_a_grid_is_every_combination_with_the_last_varying_fastest(file: Path):
    text = '[grid]\nscheme = ["mmio", "unbatched"]\nclients = [1, 2]\n'

    assert [("mmio", 1), ("mmio", 2), ("unbatched", 1), ("unbatched", 2)] == points_of(
        file, text, "scheme", "workload.clients"
    )


def test_listed_points_come_after_the_grid_and_take_the_rest_from_the_top(file: Path):
    text = 'scheme = "guc"\n[grid]\nclients = [1]\n[[points]]\nclients = 8\nscheme = "mmio"\n'

    assert [("guc", 1), ("mmio", 8)] == points_of(file, text, "scheme", "workload.clients")


def test_points_alone_have_no_grid_beside_them(file: Path):
    text = '[[points]]\nscheme = "mmio"\n[[points]]\nscheme = "unbatched"\n'

    assert [("mmio",), ("unbatched",)] == points_of(file, text, "scheme")


def test_the_seed_of_a_replication_is_the_same_at_all_points(file: Path):
    plan = plan_of(file, "seed = 7\nreplications = 3\n[grid]\nclients = [1, 2]\n")
    seeds = [(run.replication, run.point, run.seed) for run in plan.runs()]

    assert [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)] == [run[:2] for run in seeds]
    assert 3 == len({seed for _, _, seed in seeds})
    assert all(seeds[index][2] == seeds[index + 1][2] for index in (0, 2, 4))


def test_sweeps_with_neighbouring_seeds_share_no_run(file: Path):
    ours = {run.seed for run in plan_of(file, "seed = 1").runs()}
    theirs = {run.seed for run in plan_of(file, "seed = 2").runs()}

    assert set() == ours & theirs


def test_what_is_said_in_another_way_is_the_same_run(file: Path):
    """A fixed parameter or a varied one, a default or said: a file may be rearranged without running anew."""
    ways = [
        "clients = 2",
        "[grid]\nclients = [2]",
        "[[points]]\nclients = 2",
        'clients = 2\nduration = "0.1 s"\nscheme = "mmio"',
    ]

    assert 1 == len({frozenset(run.key for run in plan_of(file, way).runs()) for way in ways})


SCHEMES = "there are mmio-2022, mmio, guc, unbatched, none"
NOT_ON_PVC = (
    "scheme 'mmio' does not load on PONTEVECCHIO GT0 (graphics 12.60): this version's TLB is not invalidated by "
    "registers in Linux 6.12"
)
WHOLE_SWEEP = "holds for the whole sweep; it stands at the top, before any [table]"
SEED_RANGE = "seed must be a whole number from 0 to 9223372036854775807"
TWO_HUNDRED = ", ".join(map(str, range(1, 201)))

MISTAKES = {
    # unknown names
    'schem = "mmio"': "1: schem is unknown; did you mean scheme?",
    '"workload.clients" = 1': "1: workload.clients is unknown; did you mean clients?",
    "[grid]\n\ncliens = [1]": "3: cliens is unknown; did you mean clients?",
    "[[points]]\ncliens = 1": "2: cliens is unknown; did you mean clients?",
    "[grid]\nseed = [1, 2]": f"2: seed {WHOLE_SWEEP}",
    "[[points]]\nreplications = 2": f"2: replications {WHOLE_SWEEP}",
    'name = "x"\nscheme = "unbached"': f"2: scheme 'unbached' is unknown; did you mean unbatched?; {SCHEMES}",
    '[grid]\nscheme = ["mmio",\n  "unbached"]': f"3: scheme 'unbached' is unknown; did you mean unbatched?; {SCHEMES}",
    'platform = "skylak"': '1: platform "skylak" is unknown; did you mean Skylake, ',
    'workload = "chrn"': "1: workload 'chrn' is unknown; did you mean churn or ",
    # what does not go together
    'platform = "pvc"': f"1: {NOT_ON_PVC}",
    '[grid]\nplatform = ["tgl",\n"pvc"]': f"3: {NOT_ON_PVC}",
    'faults = ["stuck-bit:vcs9"]': "1: TIGERLAKE has no engine 'vcs9'; did you mean vcs1, vcs0 or vecs0?; it has ",
    'clients = 2\nworkload = "releases"': "1: workload releases has no parameter clients; it has rate, arrivals, ",
    'workload = "releases"\nrate = "1/s"\narrivals = "fixed 2/s"': (
        "2: the rate is in the arrivals 'fixed 2/s' already; leave one out"
    ),
    # wrong values
    "clients = -3": "1: clients must be 1 to 64, not -3",
    "[grid]\nclients = [1,\n2.5]": "3: clients must be a whole number, not 2.5",
    'workload = "releases"\nrate = "-1/s"': "2: rate: a rate must be more than 0/s and at most 1000000/s, not -1/s",
    'workload = "releases"\nrate = "5/h"': "2: rate: '5/h': 'h' is no unit of time; write 2000/s or 2/ms",
    'workload = "releases"\nrate = -5': "2: rate: a rate must be more than 0/s and at most 1000000/s, not -5",
    'workload = "releases"\nforcewake = true': "2: forcewake: must be a number or a text in quotes, not true",
    "think = 300": '1: think: 300 has no unit; write "300 us", or whatever it is in',
    "latency = 40": '1: latency: 40 has no unit; write "40 us", or whatever it is in',
    'latency = "40"': """1: latency: '40' has no unit; write "40 us", or whatever it is in""",
    'latency = "constant 40"': """1: latency: 'constant 40': 40 has no unit; write "40 us", or whatever it is in""",
    'think = "uniform 1 2 us"': """1: think: 'uniform 1 2 us': 1 has no unit; write "1 us", or whatever it is in""",
    'latency = "40 MHz"': "1: latency: '40 MHz': 'MHz' is no unit of time; there are ns, us, ms and s",
    'latency = "measured no.csv"': "1: latency: ",
    'workload = "replay"\nfile = "no.csv"\n[grid]\nscheme = ["mmio", "unbatched"]': "2: ",
    'warm_up = "-1 ms"': '1: warm_up: must be 0 or more, not "-1 ms"; "0 ms" counts from the start',
    "scheme = 7": "1: scheme: must be a text in quotes, not 7",
    "faults = [3]": "1: faults: must be a text in quotes, not 3",
    "duration = 100": '1: duration: 100 has no unit; write "100 ms", or whatever it is in',
    'duration = "100"': '1: duration: "100" has no unit; write "100 ms", or whatever it is in',
    'duration = "100 Hz"': '1: duration: "100 Hz" is no time: its unit must be ns, us, ms, s or min, not Hz',
    'duration = "soon"': '1: duration: "soon" is no time; write it like "100 ms"',
    'duration = "-1 ms"': '1: duration: must be more than 0, not "-1 ms"; "100 ms" is usual',
    'duration = "1e400 ms"': '1: duration: "1e400 ms" is longer than any time; write it like "100 ms"',
    'warm_up = "1e308 min"': '1: warm_up: "1e308 min" is longer than any time; write it like "100 ms"',
    "duration = [1]": '1: duration: [1] is no time; write it like "100 ms"',
    "replications = 0": "1: replications must be a whole number from 1 to 10000, not 0",
    'replications = "many"': '1: replications must be a whole number from 1 to 10000, not "many"',
    "seed = true": f"1: {SEED_RANGE}, not true",
    "seed = -1": f"1: {SEED_RANGE}, not -1",
    'name = ""': "1: name must be a text of 1 to 100 characters in one line, in quotes",
    # grids and lists that are none
    "[grid]": "1: the grid is empty; add a line like clients = [1, 2, 4], or take [grid] out",
    '[grid]\nscheme = ["mmio"]\nclients = []': "3: clients has no values, so the grid is empty; name one at least",
    "[grid]\nclients = 4": "2: clients must be a list in a grid: clients = [4]; a single value stands above [grid]",
    "grid = [1]": "1: grid must be a table: a line [grid], and below it lines like clients = [1, 2]",
    "points = 3": "1: points must be tables: a line [[points]], and below it lines like clients = 4",
    "points = []": "1: points is empty; add a line [[points]] with settings below, or take it out",
    "[[points]]": "1: this point sets nothing; add a line like clients = 4, or take it out",
    # too much
    "[grid]\nclients = [1, 2,\n 1]": "3: this point is the same as the one of line 2; take one out",
    "[[points]]\nclients = 1\n[[points]]\nclients = 1": "4: this point is the same as the one of line 2; take one out",
    f"[grid]\nclients = [{TWO_HUNDRED}]\nobjects_per_client = [{TWO_HUNDRED}]": (
        "1: 40,000 points x 10 replications are too many; the most are 10,000 points and 200,000 runs"
    ),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_sentence_with_its_line(file: Path, text: str):
    with pytest.raises(SweepFileError) as caught:
        plan_of(file, f"{text}\n")

    said = f"{file}:{MISTAKES[text]}"
    assert said == str(caught.value)[: len(said)]
    assert "\n" not in str(caught.value)
    assert int(MISTAKES[text].partition(":")[0]) == caught.value.line


@pytest.mark.parametrize(
    ("text", "line", "mend"),
    [
        ("# one\nduration = 100 ms", 2, True),
        ("\nplatform = tigerlake", 2, True),
        ("clients = 1\nclients = 2", 2, False),
        ("[grid", 1, False),
        ("\n\n[grid]]", 3, False),
    ],
)
def test_what_is_no_toml_is_named_with_its_line(file: Path, text: str, line: int, mend: bool):
    """What is wrong with it is said in the words of `tomllib`, which differ from one Python to the next."""
    with pytest.raises(SweepFileError) as caught:
        plan_of(file, f"{text}\n")

    shown = str(caught.value)
    assert f"{file}:{line}: is not TOML at " == shown[: len(f"{file}:{line}: is not TOML at ")]
    assert mend == shown.endswith('; texts and units stand in quotes: duration = "100 ms"')


def test_every_way_to_write_a_value_is_the_same_value(file: Path):
    text = 'workload = "releases"\n[[points]]\nrate = "{}"\n[[points]]\nrate = {}\n'

    with pytest.raises(SweepFileError, match=r":5: this point is the same as the one of line 3; take one out$"):
        plan_of(file, text.format("2/ms", "2000"))


def test_a_default_that_has_no_use_is_no_parameter(file: Path):
    text = 'workload = "releases"\n[grid]\narrivals = ["poisson", "fixed 500/s"]\n'
    rows = plan_of(file, text).rows()

    assert [2000.0, None] == [row.get("workload.rate") for row in rows]


def test_files_are_looked_for_beside_the_sweep_file_and_known_by_what_is_in_them(file: Path):
    text = 'latency = "measured spans.csv"'
    (file.parent / "spans.csv").write_text("40\n50\n")
    (file.parent / "same.csv").write_text("40\n50\n")
    keys = {run.key for run in plan_of(file, text).runs()}

    assert keys == {run.key for run in plan_of(file, text.replace("spans", "same")).runs()}
    assert f"measured {file.parent}/spans.csv" == plan_of(file, text).rows()[0]["latency"]
    (file.parent / "spans.csv").write_text("40\n60\n")
    assert set() == keys & {run.key for run in plan_of(file, text).runs()}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x" * 200, "x" * 100),
        ("caf\udce9 \x1b[2J", "caf\ufffd \ufffd[2J"),
        ("rates.of.2026", "rates.of.2026"),
    ],
)
def test_a_sweep_without_a_name_goes_by_its_file_whatever_that_is_called(tmp_path: Path, name: str, shown: str):
    file = tmp_path / f"{name}.toml"

    assert shown == plan_of(file, "clients = 2").name


def test_the_mark_with_which_some_editors_begin_a_file_is_no_part_of_it(file: Path):
    file.write_bytes(b"\xef\xbb\xbf# rates\nclients = 2\n")

    assert "# rates\nclients = 2\n" == read_sweep(file).text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbf\n\xff", "{file}:2: a byte is not UTF-8; save the file as UTF-8 text"),
        (b"name = \"a\"\nscheme = \"\xff\"\n", "{file}:2: a byte is not UTF-8; save the file as UTF-8 text"),
        (b"x = " + b"[" * 100_000, "{file}:1: is nested too deeply, or has a number too long, to be read"),
        (b"seed = 1" + b"0" * 10_000, "{file}:1: is nested too deeply, or has a number too long, to be read"),
        (b"#" * (2 << 20), "{file} is larger than 1 MiB; a sweep file holds parameters, not data"),
    ],
)  # fmt: skip
def test_what_is_no_text_of_ours_is_refused_in_a_sentence(file: Path, content: bytes, said: str):
    file.write_bytes(content)
    with pytest.raises(SweepError) as caught:
        read_sweep(file)

    assert said.format(file=file) == str(caught.value)


def test_a_file_that_is_not_there_is_said(file: Path):
    with pytest.raises(SweepError) as caught:
        read_sweep(file)

    assert f"{file} cannot be read: no such file or directory" == str(caught.value)


@pytest.mark.parametrize(
    ("text", "ms"),
    [("100 ms", 100.0), ("100ms", 100.0), ("0.5 s", 500.0), ("300 us", 0.3), ("2 µs", 0.002), ("1 min", 60_000.0)],
)
def test_times_are_read_in_any_usual_unit(text: str, ms: float):
    assert ms == milliseconds(text)
