(() => {
  const bars = [...document.querySelectorAll(".controls")];
  const chart = document.querySelector(".chart .rows");
  if (!chart) return;
  const controls = bars[0].parentElement;
  for (const bar of bars) bar.hidden = false;
  const drawings = document.querySelectorAll(".chart svg");
  const rows = [...document.querySelectorAll("[data-agent]")];
  const width = chart.viewBox.baseVal.width;
  const height = Number(chart.dataset.row);
  let zoom = 1;

  function draw() {
    const off = { agent: new Set(), about: new Set() };
    let mattering = false;
    for (const box of controls.querySelectorAll(".controls input")) {
      if (box.name === "matters") mattering = box.checked;
      else if (!box.checked) off[box.name].add(box.value);
    }
    let y = 0;
    let step = "";
    let odd = false;
    for (const row of rows) {
      const data = row.dataset;
      const gone = off.agent.has(data.agent) || off.about.has(data.about) || (mattering && data.matters === "no");
      row.classList.toggle("gone", gone);
      if (gone || row.tagName === "LI") continue;
      const fresh = data.step !== step;
      if (fresh) odd = !odd;
      step = data.step;
      row.classList.toggle("odd", odd);
      row.querySelector(".number").classList.toggle("gone", !fresh);
      row.setAttribute("transform", `translate(0 ${y})`);
      y += height;
    }
    chart.setAttribute("viewBox", `0 0 ${width} ${Math.max(y, height)}`);
    for (const drawing of drawings) {
      const box = drawing.viewBox.baseVal;
      drawing.style.minWidth = "0";
      drawing.setAttribute("width", box.width * zoom);
      drawing.setAttribute("height", box.height * zoom);
    }
  }

  controls.addEventListener("change", draw);
  for (const [name, factor] of [["in", 1.25], ["out", 0.8]]) {
    controls.querySelector(`[data-zoom=${name}]`).addEventListener("click", () => {
      zoom = Math.min(4, Math.max(0.4, zoom * factor));
      draw();
    });
  }
  controls.querySelector("[data-zoom=fit]").addEventListener("click", () => {
    zoom = chart.parentElement.clientWidth / width;
    draw();
  });
  zoom = Math.max(1, (chart.parentElement.clientWidth - 1) / width);
  if (window.innerWidth < 600) document.querySelector("details").open = true;
  draw();
})();
