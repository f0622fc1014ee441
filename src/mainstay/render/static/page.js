// Everything here is a convenience: the page says all it has to say without it.
const minute = (s) => s < 120 ? `${Math.round(s)} s` : s < 7200 ? `${Math.round(s / 60)} min` : s < 86400 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;

// A slider under each chart: points at one window, by mouse, finger or arrow keys, and reads it out.
function points(root) {
  for (const card of root.querySelectorAll("[data-chart]")) {
    const rows = [...card.querySelectorAll("tr[data-at]")].reverse(); // oldest first
    const holder = card.querySelector(".point");
    if (!holder || rows.length < 2) continue;
    const heads = [...card.querySelectorAll("[data-windows] thead th")].map((th) => th.textContent.trim());
    holder.innerHTML = '<label>Point at a window<input type="range" min="0"></label><output></output>';
    const slider = holder.querySelector("input");
    const output = holder.querySelector("output");
    slider.max = rows.length - 1;
    slider.value = rows.length - 1;
    const show = () => {
      const row = rows[slider.value];
      const words = [...row.children].map((cell, i) => i ? `${heads[i]}: ${cell.textContent.trim()}` : cell.textContent.trim());
      output.textContent = words.join(" · ");
      slider.setAttribute("aria-valuetext", output.textContent);
      for (const svg of card.querySelectorAll("svg.chart")) cross(svg, Number(row.dataset.at) + Number(card.dataset.window) / 2, card);
    };
    slider.addEventListener("input", show);
    for (const svg of card.querySelectorAll("svg.chart")) {
      svg.addEventListener("pointermove", (event) => {
        const box = svg.getBoundingClientRect();
        const [left, right] = ends(svg);
        const share = ((event.clientX - box.left) / box.width * svg.viewBox.baseVal.width - left) / (right - left);
        const at = Number(card.dataset.start) + share * (card.dataset.end - card.dataset.start);
        const index = rows.findLastIndex((row) => Number(row.dataset.at) <= at);
        if (index >= 0 && Number(slider.value) !== index) { slider.value = index; show(); }
      });
    }
    output.textContent = "Move over the chart, or use the arrow keys on the slider.";
  }
}
const ends = (svg) => svg.parentNode.dataset.plot.split(" ").map(Number);
function cross(svg, at, card) {
  const [left, right] = ends(svg);
  let line = svg.querySelector(".cross");
  if (!line) {
    line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "cross");
    line.setAttribute("stroke-dasharray", "2 2");
    svg.append(line);
  }
  const x = left + (at - card.dataset.start) / (card.dataset.end - card.dataset.start) * (right - left);
  for (const [key, value] of Object.entries({ x1: x, x2: x, y1: 18, y2: svg.viewBox.baseVal.height - 20 })) line.setAttribute(key, value);
}

// The page grows old while it is looked at: say so, and fetch it anew unless somebody is using it.
const born = performance.now();
let shown = born;
async function renew() {
  const busy = document.activeElement && document.activeElement !== document.body && document.querySelector("main").contains(document.activeElement);
  if (document.hidden || busy || document.querySelector("form") || document.querySelector("details[open]")) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer || !answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = next.querySelector("main[data-live]");
  if (!main) return;
  document.querySelector("main").replaceWith(main);
  document.querySelector("header").replaceWith(next.querySelector("header"));
  document.title = next.title;
  shown = performance.now();
  points(document);
}
function age() {
  const header = document.querySelector("header");
  const old = (performance.now() - shown) / 1000;
  const late = document.querySelector(".late");
  if (late && old > 3 * Number(header.dataset.every)) {
    header.classList.add("stale");
    late.textContent = ` · this page is ${minute(old)} old: reload`;
  }
}
points(document);
if (document.querySelector("main[data-live]")) {
  setInterval(age, 5000);
  setInterval(renew, Math.max(10, Number(document.querySelector("header").dataset.every) || 60) * 1000);
}
