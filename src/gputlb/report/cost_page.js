(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("results").textContent);
  const byId = (id) => document.getElementById(id);
  const known = (value) => value !== null && value !== undefined;
  for (const point of data.points) Object.setPrototypeOf(point.costs, null); // a cost may be called "constructor"
  const chosen = { x: data.x, by: data.by, places: data.axes.map(() => null) };
  const drawn = {};
  const ERRORS_ONLY = 1;

  /* Figures as texts: the same as `number_text` and `estimate_text` on the other side. */
  function figure(value) {
    const size = Math.abs(value);
    const digits = (least, most) => value.toLocaleString("en", { minimumFractionDigits: least, maximumFractionDigits: most });
    if (size >= 100 || Number.isInteger(value)) return digits(0, 0);
    return size >= 10 ? digits(1, 1) : String(Number(value.toPrecision(3)));
  }
  function estimate(given, unit) {
    return measured(given, unit) + (given[3] ? " (max)" : "");
  }
  function measured(given, unit) {
    const found = unit === "%" ? [given[0] * 100, known(given[1]) ? given[1] * 100 : null] : given;
    if (!known(found[1]) || found[1] <= 0) return `${figure(found[0])} ${unit}`.trim();
    const places = Math.min(Math.max(1 - Math.floor(Math.log10(found[1])), 0), 9);
    const text = (value) => value.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
    return `${text(found[0])} ± ${text(found[1])} ${unit}`.trim();
  }

  function filled(template, slots) {
    if (Array.isArray(template)) return template.map((part) => filled(part, slots));
    if (template === null || typeof template !== "object") return template;
    const keys = Object.keys(template);
    if (keys.length === 1 && keys[0] === "$") return slots[template.$];
    return Object.fromEntries(keys.map((key) => [key, filled(template[key], slots)]));
  }

  const axisOf = (index) => (index === null ? null : data.axes[index]);
  const placeText = (point) => (chosen.x === null ? "" : axisOf(chosen.x).values[point.at[chosen.x]]);
  const seriesOf = (point) => (chosen.by === null ? "all" : axisOf(chosen.by).values[point.at[chosen.by]]);
  const xTitle = () => (chosen.x === null ? "" : axisOf(chosen.x).title);
  const byTitle = () => (chosen.by === null ? "" : axisOf(chosen.by).title);
  const others = () => data.axes.map((_, index) => index).filter((index) => index !== chosen.x && index !== chosen.by);
  const shown = () => data.points.filter((point) => others().every((index) => point.at[index] === chosen.places[index]));

  function legend(title, rows) {
    const base = data.legend;
    return { ...base, title: title || null, offset: base.offset + rows * data.strip_row + (rows ? 6 : 0) };
  }
  // Vega-Lite cuts off what a legend has no room for, so a narrow chart gets its entries in columns.
  function columnsThatFit(title, names, width) {
    const letter = 7, sign = 36, axis = 60, longest = 220;
    const each = Math.min(longest, Math.max(...names.map((name) => name.length)) * letter) + sign;
    const columns = Math.max(1, Math.floor((width - axis - title.length * letter) / each));
    return columns < names.length ? { columns } : {};
  }
  function seriesSlots(points, width) {
    const present = new Set(points.map((point) => (chosen.by === null ? 0 : point.at[chosen.by])));
    const places = [...present].sort((one, other) => one - other);
    const cycled = (list) => places.map((place) => list[place % list.length]);
    const title = byTitle();
    const series = places.map((place) => (chosen.by === null ? "all" : axisOf(chosen.by).values[place]));
    return {
      series,
      colours: cycled(data.colours),
      shapes: cycled(data.shapes),
      dashes: cycled(data.dashes),
      legend: places.length > 1 ? { ...legend(title, 0), ...columnsThatFit(title, series, width) } : null,
      title_y: data.title_y,
    };
  }
  function logSteps(lowest, highest) {
    const steps = highest < lowest * 2000 ? [1, 2, 5] : [1];
    const ticks = [];
    for (let power = Math.floor(Math.log10(lowest)); power <= Math.ceil(Math.log10(highest)); power += 1) {
      for (const step of steps) ticks.push(Number((step * 10 ** power).toPrecision(12)));
    }
    return ticks;
  }
  const logTicks = (lowest, highest) => logSteps(lowest, highest).filter((tick) => tick >= lowest && tick <= highest);
  function logBounds(lowest, highest) {
    const steps = logSteps(lowest, highest);
    return [steps.findLast((step) => step <= lowest), steps.find((step) => step >= highest)];
  }
  function spreadOut(numbers) {
    if (numbers.length < 3 || numbers[0] <= 0) return false;
    return numbers.at(-1) - numbers.at(-2) > 3 * (numbers[1] - numbers[0]);
  }
  function xSlots(width) {
    const axis = axisOf(chosen.x);
    if (!axis || !axis.numbers) {
      return {
        x_type: "ordinal", x_title: xTitle(), x_ticks: null,
        x_scale: { type: "point", padding: 0.5, domain: axis ? axis.values : [""] },
      };
    }
    const scale = spreadOut(axis.numbers) ? { type: "log" } : { type: "linear", zero: false };
    Object.assign(scale, { nice: false, padding: 14 });
    const ticks = axis.numbers.length <= Math.min(12, width / 40) ? axis.numbers : null;
    return { x_type: "quantitative", x_title: xTitle(), x_scale: scale, x_ticks: ticks };
  }

  function curve(width) {
    const points = shown();
    const cost = data.costs[Number(byId("cost").value)];
    const lines = seriesSlots(points, width);
    const off = new Set(points.filter((point) => point.unstable && !point.costs[cost.name]).map(seriesOf));
    const strip = lines.series.filter((name) => off.has(name));
    if (lines.legend) Object.assign(lines.legend, legend(lines.legend.title, strip.length));
    const axis = axisOf(chosen.x);
    const rows = [];
    for (const point of points) {
      const found = point.costs[cost.name];
      if (!found && !point.unstable) continue;
      const half = found && known(found[1]) ? found[1] : null;
      rows.push({
        x: axis && axis.numbers ? axis.numbers[point.at[chosen.x]] : placeText(point),
        place: placeText(point), series: seriesOf(point), unstable: Boolean(point.unstable),
        lane: Math.max(0, strip.indexOf(seriesOf(point))), mean: found ? found[0] : null,
        low: known(half) ? found[0] - half : null, high: known(half) ? found[0] + half : null,
        line: found && !point.unstable ? found[0] : null,
        said: (found ? estimate(found, cost.unit) : "") + (point.unstable ? ` unstable: ${point.unstable}` : ""),
      });
    }
    const means = rows.map((row) => row.mean).filter(known);
    const lowest = Math.min(...means);
    const able = means.length > 0 && lowest > 0;
    const log = byId("log").checked && able;
    byId("log").disabled = !able;
    if (log) for (const row of rows) if (known(row.low)) row.low = Math.max(row.low, lowest / 2);
    const ends = rows.flatMap((row) => [row.mean, row.low, row.high]).filter(known);
    const heads = [xTitle(), byTitle(), cost.full, "interval", "runs"];
    const cells = points.map((point) => {
      const found = point.costs[cost.name];
      const runs = found ? found[2] : point.runs;
      if (!found) return [placeText(point), seriesOf(point), point.unstable ? "unstable" : "no figure", point.unstable || "", runs];
      const scaled = (value) => figure(cost.percent ? value * 100 : value);
      const text = known(found[1]) ? `${scaled(found[0] - found[1])} to ${scaled(found[0] + found[1])}` : "one run only";
      return [placeText(point), seriesOf(point), scaled(found[0]), point.unstable ? `unstable: ${point.unstable}` : text, runs];
    });
    const hollow = rows.some((row) => row.unstable);
    const bounds = log ? logBounds(Math.min(...ends), Math.max(...ends)) : null;
    return {
      slots: {
        ...lines, ...xSlots(width), rows, width, height: width < 480 ? 260 : 340,
        y_title: cost.full, y_labels: cost.percent ? data.labels.percent : data.labels.figures, y_scale: log ? { type: "log", nice: false, domain: bounds } : { zero: true },
        y_ticks: log ? logTicks(...bounds) : null,
        title_y: data.title_y - strip.length * data.strip_row - (strip.length ? 4 : 0),
        note: "", description: `${cost.full} along ${xTitle()}`,
      },
      said: `Means over the runs; bands and bars are ${data.level * 100} % confidence intervals.` +
        (hollow ? ` Hollow points, above the chart where they have no figure: no steady state.` : "") +
        (known(cost.lower) ? ` ${cost.lower ? "Lower" : "Higher"} is better.` : ""),
      empty: rows.length ? "" : "No point has this cost.", heads, cells,
    };
  }

  function latencyAxis(xs) {
    const lowest = Math.min(...xs) < 1 ? 0 : Math.min(...xs);
    const highest = Math.max(lowest + 1, ...xs);
    const from = data.linear_up_to;
    const ticks = highest < 2 * from ? null : logTicks(Math.max(lowest, from), highest);
    return { x_domain: [lowest, highest], x_ticks: ticks && [...(lowest ? [] : [0]), ...ticks] };
  }
  function distribution(width) {
    const tail = byId("shape").value === "tail";
    const place = Number(byId("place").value);
    const points = shown().filter((point) => chosen.x === null || point.at[chosen.x] === place);
    const there = points.filter((point) => point.latency.length);
    const rows = [];
    for (const point of there) {
      let before = tail ? 1 : 0;
      const last = point.latency.length - 1;
      rows.push({ x: point.latency[0], share: before, series: seriesOf(point) });
      point.latency.forEach((x, index) => {
        if (!tail || index < last) before = tail ? 1 - point.share[index] : point.share[index];
        rows.push({ x, share: before, series: seriesOf(point) });
      });
    }
    const lowest = Math.min(1, ...rows.map((row) => row.share));
    const powers = [...Array(8).keys()].map((power) => 10 ** -power).filter((power) => power >= lowest * 0.999);
    const xs = rows.map((row) => row.x);
    const title = tail ? "releases that took longer" : "releases that took no longer";
    const quantiles = [0.5, 0.9, 0.99, 0.999];
    const missing = points.filter((point) => point.unstable).map(seriesOf);
    return {
      slots: {
        ...seriesSlots(there, width), rows, width, height: width < 480 ? 260 : 320,
        ...latencyAxis(xs),
        y_title: title, y_scale: tail ? { type: "log", nice: false } : { domain: [0, 1] },
        y_ticks: tail ? powers : [0, 0.25, 0.5, 0.75, 1], y_labels: data.labels[tail ? "tail" : "share"],
        note: "", description: `Distribution of release latency in µs: ${title}`,
      },
      said: "All runs of a point together; each step is as wide as a bin of the histogram." +
        (missing.length ? ` Unstable, so without a distribution: ${missing.join(", ")}.` : ""),
      empty: rows.length ? "" : "No stable point with releases is here.",
      heads: [byTitle(), ...quantiles.map((q) => `p${q * 100} (µs)`), "max (µs)", "releases"],
      cells: there.map((point) => [
        seriesOf(point),
        ...quantiles.map((q) => figure(point.latency[point.share.findIndex((share) => share >= q)])),
        figure(point.latency.at(-1)), figure(point.releases),
      ]),
    };
  }

  function breakdown(width) {
    const points = shown();
    const rows = [];
    const heads = [xTitle(), byTitle(), ...data.parts.map((part) => `${part[1]} (µs)`)];
    const cells = [];
    for (const point of points) {
      const line = chosen.by === null ? 0 : point.at[chosen.by];
      const common = { x: placeText(point), series: seriesOf(point), line };
      if (point.unstable) rows.push({ ...common, unstable: true, mean: null });
      const values = data.parts.map(([name]) => (point.unstable ? null : point.costs[name]));
      values.forEach((found, order) => {
        if (found) rows.push({ ...common, part: data.parts[order][1], order, mean: found[0], said: estimate(found, "µs") });
      });
      cells.push([common.x, common.series, ...values.map((found) => (found ? figure(found[0]) : point.unstable ? "unstable" : ""))]);
    }
    const { series } = seriesSlots(points, width);
    const columns = Math.max(1, Math.min(series.length, Math.floor(width / 240)));
    const height = width < 480 ? 150 : 220;
    const shares = byId("shares").checked;
    return {
      slots: {
        stack: shares ? "normalize" : "zero", y_title: shares ? "share of the mean release latency" : "mean release latency (µs)",
        y_labels: shares ? data.labels.share : data.labels.figures,
        rows, columns, height, places: chosen.x === null ? [""] : axisOf(chosen.x).values, x_title: xTitle(),
        parts: data.parts.map((part) => part[1]), legend_columns: width < 480 ? 1 : width < 640 ? 2 : data.parts.length, foot: height - 6,
        width: Math.floor((width - 64 - 26 * (columns - 1)) / columns),
        description: `Mean release latency in µs along ${xTitle()}, by what is waited for`,
      },
      said: "Mean time a release takes, by what it is spent on.",
      empty: rows.some((row) => known(row.mean)) ? "" : "No stable point says where its time goes.", heads, cells,
    };
  }

  function timeline(width) {
    const found = data.timelines[Number(byId("run").value)];
    byId("timeline-remark").textContent = found.remark;
    const params = [{ name: "from", value: 0 }, { name: "to", value: found.until }];
    return {
      slots: {
        ...found.slots, clip: true, params, domain: [{ expr: "from" }, { expr: "to" }], width, label_limit: width < 480 ? 92 : 180,
        legend_columns: width < 480 ? 1 : width < 720 ? 3 : found.slots.kinds.length,
      },
      said: found.said, empty: found.slots.rows.length ? "" : "Nothing to show.",
      heads: ["who", "what", "when"], cells: found.slots.rows.map((row) => [row.lane, row.what, row.said]),
    };
  }

  const charts = { curve, distribution, breakdown, timeline };
  function cell(tag, text, number) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (number) made.className = "number";
    return made;
  }
  function asTable(name, heads, cells) {
    const box = byId(`${name}-table`);
    if (!box) return;
    const fill = () => {
      if (!box.parentElement.open) return;
      const number = heads.map((_, column) => cells.every((row) => /^(-?[\d.,]+|unstable|)$/.test(row[column])));
      const table = document.createElement("table");
      const row = (tag, texts) => {
        const made = document.createElement("tr");
        made.append(...texts.map((text, column) => cell(tag, text, number[column])));
        return made;
      };
      table.append(row("th", heads), ...cells.slice(0, 2000).map((texts) => row("td", texts)));
      box.replaceChildren(table);
    };
    box.parentElement.ontoggle = fill;
    fill();
  }
  async function draw(name) {
    const box = byId(name);
    if (!box) return;
    const made = charts[name](Math.max(240, Math.floor(box.clientWidth)));
    byId(`${name}-said`).textContent = made.said;
    asTable(name, made.heads, made.cells);
    if (drawn[name]) drawn[name].finalize();
    drawn[name] = null;
    if (made.empty) {
      box.textContent = made.empty;
      return;
    }
    box.setAttribute("aria-label", `${made.slots.description}. The figures are in the table below.`);
    const options = {
      actions: false, ast: true, logLevel: ERRORS_ONLY, renderer: "svg", defaultStyle: false, mode: "vega-lite",
      tooltip: { theme: "page", disableDefaultStyle: true },
    };
    drawn[name] = await vegaEmbed(box, filled(data.templates[name], made.slots), options);
    box.dataset.drawn = String(Number(box.dataset.drawn || 0) + 1);
  }
  let queue = Promise.resolve();
  const drawAll = (names) => {
    for (const name of names) queue = queue.then(() => draw(name)).catch((error) => console.error(name, error));
    return queue;
  };
  const all = () => drawAll(["curve", "distribution", "breakdown"]);

  /* What can be chosen. */
  function options(select, texts, value) {
    select.replaceChildren(...texts.map((text, index) => new Option(text, index, false, index === value)));
  }
  function choices() {
    const titles = data.axes.map((axis) => axis.title);
    const box = byId("places");
    box.replaceChildren();
    for (const index of others()) {
      const label = document.createElement("label");
      label.textContent = titles[index];
      const select = document.createElement("select");
      if (chosen.places[index] === null) chosen.places[index] = 0;
      options(select, data.axes[index].values, chosen.places[index]);
      select.onchange = () => { chosen.places[index] = Number(select.value); all(); };
      label.append(select);
      box.append(label);
    }
    for (const [id, other] of [["x", "by"], ["by", "x"]]) {
      options(byId(id), titles, chosen[id]);
      byId(id).parentElement.hidden = data.axes.length < 2;
      byId(id).onchange = () => {
        const value = Number(byId(id).value);
        if (value === chosen[other]) chosen[other] = chosen[id];
        chosen[id] = value;
        choices();
        all();
      };
    }
    const place = byId("place");
    place.parentElement.hidden = chosen.x === null;
    if (chosen.x !== null) {
      const shaky = new Set(data.points.filter((point) => point.unstable).map((point) => point.at[chosen.x]));
      const values = axisOf(chosen.x).values;
      const steady = values.map((_, index) => index).filter((index) => !shaky.has(index));
      options(place, values, steady.length ? steady.at(-1) : 0);
      place.parentElement.firstChild.textContent = `${xTitle()} `;
    }
    byId("choices").hidden = data.axes.length < 2;
  }
  function wide() {
    const name = data.costs[Number(byId("cost").value)].name;
    const means = data.points.filter((point) => point.costs[name]).map((point) => point.costs[name][0]);
    byId("log").checked = means.length > 0 && Math.min(...means) > 0 && Math.max(...means) > 30 * Math.min(...means);
  }
  options(byId("cost"), data.costs.map((cost) => cost.title), data.cost);
  byId("cost").onchange = () => { wide(); drawAll(["curve"]); };
  byId("log").onchange = () => drawAll(["curve"]);
  for (const id of ["place", "shape"]) byId(id).onchange = () => drawAll(["distribution"]);
  if (byId("shares")) byId("shares").onchange = () => drawAll(["breakdown"]);
  if (byId("run")) {
    options(byId("run"), data.timelines.map((each) => each.name), 0);
    byId("run").parentElement.hidden = data.timelines.length < 2;
    byId("run").onchange = () => drawAll(["timeline"]);
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.onclick = () => {
        const view = drawn.timeline && drawn.timeline.view;
        if (!view) return;
        const end = data.timelines[Number(byId("run").value)].until;
        let from = view.signal("from");
        let size = view.signal("to") - from;
        const step = { in: 0, out: 0, left: -size / 2, right: size / 2, all: 0 }[button.dataset.zoom];
        const factor = { in: 0.5, out: 2, all: Infinity }[button.dataset.zoom] || 1;
        const middle = from + size / 2 + step;
        size = Math.min(end, Math.max(10, size * factor));
        from = Math.min(end - size, Math.max(0, middle - size / 2));
        view.signal("from", from).signal("to", from + size).runAsync();
      };
    }
  }
  byId("theme").onchange = () => {
    const value = byId("theme").value;
    if (value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
  };
  for (const form of document.querySelectorAll(".controls")) form.hidden = false;
  choices();
  wide();

  /* The table of points: sorted by a column, with the costs of a row where somebody asks for them. */
  const table = document.querySelector("#points table");
  for (const [column, head] of [...table.querySelectorAll("th")].entries()) {
    const button = head.querySelector("button");
    if (button) {
      button.onclick = () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = (row) => {
          const value = row.cells[column].dataset.value;
          return value === undefined ? Infinity : Number(value);
        };
        const body = table.tBodies[0];
        const rows = [...body.rows].sort((one, other) => {
          const [a, b] = [key(one), key(other)];
          if (a === b) return Number(one.dataset.row) - Number(other.dataset.row);
          if (!Number.isFinite(a) || !Number.isFinite(b)) return a === Infinity ? 1 : -1;
          return up ? a - b : b - a;
        });
        body.append(...rows);
      };
    }
  }
  table.addEventListener("toggle", (event) => {
    const list = event.target.querySelector("dl");
    if (!list || list.childElementCount || !event.target.open) return;
    const point = data.points[Number(event.target.closest("tr").dataset.row)];
    for (const cost of data.costs) {
      const found = point.costs[cost.name];
      list.append(cell("dt", cost.title), cell("dd", found ? estimate(found, cost.unit) : point.unstable ? "unstable" : "no figure"));
    }
  }, true);

  let width = window.innerWidth;
  let waiting;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(() => { all(); drawAll(["timeline"]); }, 150);
  });
  all();
  drawAll(["timeline"]).then(() => { document.documentElement.dataset.drawn = "yes"; });
})();
