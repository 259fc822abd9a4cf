"""The page in a real browser: it draws, it asks the network for nothing, it says the same as the pictures.

Skipped where there is no Chromium, or no Playwright to drive it; `scripts/test-in-a-browser` gets both. Screenshots
are compared by how light each square of a chart is, since letters differ between machines.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gputlb.report import cost_rows
from gputlb.report.chart_theme import PAGE
from gputlb.report.cost_page import cost_page
from gputlb.report.cost_points import View, view
from gputlb.report.cost_timeline import run_timeline
from gputlb.simulate import COSTS
from gputlb.simulate.sweep import read_points
from tests.report import sweep_results

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright drives the browser")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

REFERENCE = Path(__file__).parent / "cost_page_looks.json"
CELL_PX = 20
SIZES = {"wide": (1100, 900), "phone": (360, 740)}
READY = "document.documentElement.dataset.drawn === 'yes'"
HOSTILE = "\"></script><script>alert('x')</script><img src=x onerror=alert(1)> \u2028 ${datum} '"

# How light each square of an image is, 0 to f, a text a row.
LIGHTNESS = """async ([image, cell]) => {
  const picture = new Image();
  picture.src = "data:image/png;base64," + image;
  await picture.decode();
  const columns = Math.floor(picture.width / cell), rows = Math.floor(picture.height / cell);
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, columns * cell, rows * cell, 0, 0, columns, rows);
  const pixels = context.getImageData(0, 0, columns, rows).data;
  const grey = (at) => Math.round((pixels[at] + pixels[at + 1] + pixels[at + 2]) / 3 / 17).toString(16);
  const row = (y) => Array.from({ length: columns }, (_, x) => grey(4 * (y * columns + x))).join("");
  return Array.from({ length: rows }, (_, y) => row(y));
}"""


class Visit:
    """A page that is open, with all that it complained about and asked for."""

    def __init__(self, browser: Any, path: Path, size: str = "wide", scheme: str = "light") -> None:
        width, height = SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_function(READY)

    def marks(self, chart: str, kind: str) -> int:
        """Return how many marks of a kind a chart has drawn."""
        count: int = self.page.locator(f"#{chart} .mark-{kind} path").count()
        return count

    def drawn_again(self, chart: str, change: Any) -> None:
        """Do something that draws a chart anew, and wait until it has."""
        before = self.page.get_attribute(f"#{chart}", "data-drawn") or "0"
        change()
        self.page.wait_for_function(f"Number(document.getElementById('{chart}').dataset.drawn) > {before}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        path = CHROMIUM or started.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("there is no Chromium")
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> View:
    runs = sweep_results.rows(clients=(1, 2, 4, 16), platforms=("tigerlake", "icelake"), replications=4)
    return view(read_points(sweep_results.write(tmp_path_factory.mktemp("results") / "results.parquet", runs)))


@pytest.fixture(scope="module")
def page(shown: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(cost_page(shown, [run_timeline(shown.results, shown.points[1], "mmio")]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def visit(browser: Any, page: Path) -> Visit:
    return Visit(browser, page)


def test_it_draws_every_chart_and_asks_for_nothing_else(visit: Visit, page: Path):
    assert ([page.as_uri()], []) == (visit.asked, visit.said)
    assert 3 == visit.marks("curve", "line")
    assert 3 == visit.marks("distribution", "line")
    assert visit.marks("breakdown", "rect") > 3 * 4
    assert visit.marks("timeline", "rect") > 50


def test_an_unstable_point_is_hollow(visit: Visit):
    hollow = visit.page.locator("#curve .mark-symbol path[fill=transparent]").count()

    assert 1 == hollow  # guc on tigerlake with 16 clients
    assert "unstable" in visit.page.inner_text("#breakdown")


def test_the_page_draws_the_same_rows_as_a_picture(visit: Visit, shown: View):
    """The script and `cost_rows` say the same of the same choice."""
    points = [point for point in shown.points if point.at[0] == 0]
    slots = cost_rows.curve_slots(shown, points, "release_p99_us", PAGE, 500, 300)
    visit.page.locator("details.figures").first.evaluate("box => box.open = true")
    rows = visit.page.locator("#curve-table tr").all_inner_texts()[1:]

    drawn = [(row["place"], row["series"], row["said"].partition(".")[0] or "unstable") for row in slots["rows"]]
    cells = [row.split("\t") for row in rows]
    assert [(place, name, said.partition(" ")[0]) for place, name, said in drawn] == [
        (place, name, figure.partition(".")[0]) for place, name, figure, *_ in cells
    ]


def test_every_choice_draws_anew_without_complaint(visit: Visit):
    page = visit.page
    visit.drawn_again("curve", lambda: page.select_option("#cost", label="flushes done"))
    assert "flushes done (1/s)" in page.inner_text("#curve")
    visit.drawn_again("distribution", lambda: page.select_option("#shape", "share"))
    assert "releases that took no longer" in page.inner_text("#distribution")
    visit.drawn_again("breakdown", lambda: page.check("#shares"))
    assert "100%" in page.inner_text("#breakdown")
    visit.drawn_again("breakdown", lambda: page.select_option("#places select", label="icelake"))
    visit.drawn_again("breakdown", lambda: page.select_option("#by", label="platform"))
    assert "icelake" in page.inner_text("#curve")
    visit.drawn_again("breakdown", lambda: page.select_option("#x", label="scheme"))
    assert "unbatched" in page.inner_text("#curve")
    for button in ("in", "right", "left", "out", "all"):
        page.click(f"[data-zoom={button}]")
    page.click("#points th:nth-child(3) button")
    assert "ascending" == page.get_attribute("#points th:nth-child(3)", "aria-sort")
    page.locator("#points td details summary").first.click()
    assert "flushes done" in page.locator("#points td dl").first.inner_text()
    assert [] == visit.said


def test_a_choice_needs_no_mouse(browser: Any, page: Path):
    visit = Visit(browser, page)
    visit.page.focus("#cost")

    visit.drawn_again("curve", lambda: visit.page.keyboard.press("ArrowDown"))
    visit.page.keyboard.press("Tab")
    assert "log" == visit.page.evaluate("document.activeElement.id")


def test_colours_follow_the_system_and_the_reader(browser: Any, page: Path):
    def background(visit: Visit) -> str:
        colour: str = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return colour

    light, dark = Visit(browser, page), Visit(browser, page, scheme="dark")
    assert ("rgb(251, 251, 250)", "rgb(21, 23, 26)") == (background(light), background(dark))
    stroke = "getComputedStyle(document.querySelector('#curve .mark-line path')).stroke"
    assert ("rgb(10, 74, 160)", "rgb(59, 127, 224)") == (light.page.evaluate(stroke), dark.page.evaluate(stroke))
    dark.page.select_option("#theme", "light")
    assert background(light) == background(dark)
    dark.page.select_option("#theme", "dark")
    dark.page.emulate_media(media="print")
    assert "rgb(10, 74, 160)" == dark.page.evaluate(stroke)


def test_a_phone_scrolls_only_down(browser: Any, tmp_path: Path):
    """Whatever the costs are called: the longest title of ours stands in a list to choose from."""
    title = max((cost.title for cost in COSTS), key=len)
    runs = sweep_results.rows(clients=(1, 2, 16))
    costs = {name: {"title": title, "unit": "µs", "lower_is_better": True} for name in sweep_results.COSTS}
    shown = view(read_points(sweep_results.write(tmp_path / "results.parquet", runs, costs=costs)))
    page = tmp_path / "report.html"
    page.write_text(cost_page(shown, [run_timeline(shown.results, shown.points[1], "mmio")]), encoding="utf-8")
    visit = Visit(browser, page, "phone")

    assert 360 == visit.page.evaluate("document.documentElement.scrollWidth")
    within = "[...document.querySelectorAll('.chart')].every((chart) => chart.scrollWidth <= chart.clientWidth + 1)"
    assert visit.page.evaluate(within)


def test_a_phone_shows_every_line_of_the_legend(browser: Any, tmp_path: Path):
    runs = sweep_results.rows(clients=(1, 2, 4, 8, 16, 32))
    shown = view(
        read_points(sweep_results.write(tmp_path / "results.parquet", runs)), x="scheme", by="workload.clients"
    )
    page = tmp_path / "report.html"
    page.write_text(cost_page(shown, []), encoding="utf-8")
    visit = Visit(browser, page, "phone")

    rights = """[...document.querySelectorAll('#curve .role-legend-label text')].map((label) =>
      label.getBoundingClientRect().right <= document.querySelector('#curve svg').getBoundingClientRect().right)"""
    assert [True] * 6 == visit.page.evaluate(rights)


def test_hostile_texts_run_nothing(browser: Any, tmp_path: Path):
    runs = [run | {"scheme": f"{HOSTILE}{run['scheme']}"} for run in sweep_results.rows(clients=(1, 2, 16))]
    meaning = {"title": HOSTILE, "unit": HOSTILE, "lower_is_better": True}
    texts: dict[str, Any] = {
        "name": HOSTILE,
        "file": HOSTILE,
        "costs": dict.fromkeys(("release_p99_us", "flushes_per_s"), meaning),
    }
    shown = view(read_points(sweep_results.write(tmp_path / "results.parquet", runs, **texts)))
    path = tmp_path / "report.html"
    path.write_text(cost_page(shown, []), encoding="utf-8")

    visit = Visit(browser, path)
    assert ([path.as_uri()], [], 0) == (visit.asked, visit.said, visit.page.locator("img").count())
    assert 3 == visit.marks("curve", "line")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_looks_as_it_did(browser: Any, page: Path, size: str, scheme: str):
    """Each chart is as light, square by square, as when somebody last looked at it and found it good.

    After a change that is meant, delete `cost_page_looks.json`, run this file twice, and look at the page.
    """
    visit = Visit(browser, page, size, scheme)
    blank = visit.context.new_page()
    found = {}
    for chart in ("curve", "distribution", "breakdown", "timeline"):
        image = base64.b64encode(visit.page.locator(f"#{chart}").screenshot()).decode()
        found[f"{chart} {size} {scheme}"] = blank.evaluate(LIGHTNESS, [image, CELL_PX])
    known = json.loads(REFERENCE.read_text()) if REFERENCE.exists() else {}
    if not set(found) <= set(known):
        REFERENCE.write_text(json.dumps({**known, **found}, indent=0) + "\n")
        pytest.fail(f"{REFERENCE.name} did not know how {size} {scheme} looks; it does now: look, and run again")
    for name, rows in found.items():
        assert abs(len(rows) - len(known[name])) <= 1, name
        lines = zip(rows, known[name], strict=False)
        pairs = [pair for ours, theirs in lines for pair in zip(ours, theirs, strict=False)]
        off = sum(abs(int(one, 16) - int(other, 16)) > 1 for one, other in pairs)
        assert off <= len(pairs) * 0.04, f"{name}: {off} of {len(pairs)} squares look otherwise"
