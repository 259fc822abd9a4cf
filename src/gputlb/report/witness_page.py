"""A verdict as a page of its own: nothing is loaded from anywhere, and everything that was given is escaped."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from gputlb import __version__
from gputlb.report import check_summary
from gputlb.report.sequence_chart import attributes, groups_of, sequence_chart, tint

if TYPE_CHECKING:
    from gputlb.check import CheckResult, Story

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def check_page(result: CheckResult) -> str:
    """Return the page of a check, with the witness's chart if there is one."""
    sentence = check_summary.verdict(result) if result.story is None else result.story.sentence
    summary = "" if result.story is None else check_summary.verdict(result)
    return _page(check_summary.title(result), result.kind, sentence, summary, _groups(result), result.story)


def witness_page(heading: str, story: Story, *, verdict: str) -> str:
    """Return the page of a witness alone."""
    return _page(heading, verdict, story.sentence, f"{len(story.schedule)} steps", "", story)


def _page(heading: str, verdict: str, sentence: str, summary: str, groups: str, story: Story | None) -> str:
    small = f"<small>{escape(summary)}</small>" if summary else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(verdict)}: {escape(heading)}</title>
<style>
{_packaged("witness_page.css")}</style>
</head>
<body>
<main>
<h1>{escape(heading)}</h1>
<div class="verdict {escape(verdict)}"><b>{escape(verdict)}</b><p>{escape(sentence)}</p>{small}</div>
{"" if story is None else _witness(story)}{groups}
<footer>gputlb {escape(__version__)}</footer>
</main>
{"" if story is None else f"<script>{_packaged('witness_page.js')}</script>"}
</body>
</html>
"""


def _witness(story: Story) -> str:
    chart = sequence_chart(story)
    boxes = "".join(
        f'<label class="{tint(story, agent)}"><input type="checkbox" name="agent" value="{escape(agent)}" checked>'
        f"<i></i>{escape(agent)}</label>"
        for agent in story.agents
    )
    kinds = "".join(
        f'<label><input type="checkbox" name="about" value="{escape(about)}" checked>{escape(about)}</label>'
        for about in groups_of(story.steps)
    )
    return f"""<h2>How it happens</h2>
<div class="controls" hidden>{boxes}<span class="gap"></span>
<button type="button" data-zoom="out" aria-label="Zoom out">&minus;</button>
<button type="button" data-zoom="fit">fit</button>
<button type="button" data-zoom="in" aria-label="Zoom in">+</button></div>
<div class="controls" hidden>{kinds}<span class="gap"></span>
<label><input type="checkbox" name="matters">only what mattered</label></div>
<div class="chart" tabindex="0">{chart.heads}{chart.rows}</div>
<details><summary>The steps as text, with their places in the code</summary><ol>
{_list(story)}</ol></details>
"""


def _list(story: Story) -> str:
    lines = []
    number = 0
    for index, step in enumerate(story.steps):
        kinds = [tint(story, step.agent), *([] if step.matters else ["minor"])]
        kinds += ["bad"] if index == len(story.steps) - 1 else []
        shown = "" if step.number == number else str(step.number)
        place = f"<code>{escape(step.place)}</code>" if step.place else ""
        number = step.number
        lines.append(
            f'<li class="{" ".join(kinds)}" {attributes(step)}><span>{shown}</span>'
            f"<div><b>{escape(step.agent)}</b> {escape(step.text)}{place}</div></li>\n"
        )
    return "".join(lines)


def _groups(result: CheckResult) -> str:
    rows = []
    counted, sizes = check_summary.sizes_of_groups(result)
    for group, size in zip(result.groups, sizes, strict=True):
        kind = escape(group.verdict.kind)
        cells = "".join(f'<td class="number">{number}</td>' for number in size)
        rows.append(
            f'<tr><td>{escape(", ".join(group.engines))}</td><td class="{kind}">{kind}</td>{cells}'
            f'<td class="number">{group.verdict.seconds:.1f} s</td></tr>'
        )
    left = f'<td class="left" colspan="{len(counted) + 2}">not explored: one is enough</td>'
    rows += [f"<tr><td>{escape(', '.join(engines))}</td>{left}</tr>" for engines in result.not_explored]
    heads = "".join(f'<th class="number">{head}</th>' for head in (*counted, "time"))
    return (
        '<h2>What was explored</h2>\n<div class="scroll"><table>\n'
        f"<tr><th>engines together</th><th>verdict</th>{heads}</tr>\n" + "\n".join(rows) + "\n</table></div>\n"
    )


def _packaged(name: str) -> str:
    return (files("gputlb.report") / name).read_text(encoding="utf-8")
