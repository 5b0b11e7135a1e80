// Small line charts with uPlot: colours follow the theme, the width follows the page, gaps stay gaps.
import { el, mark, say } from "./dom.js";

const MOST = 1600; // points; beyond it every second one of the older half goes
const HEIGHT_EM = 11;

/** `lines`: [{name, label, colour: "--bar", dash, format}]; `target(state)`: a dashed line, or null. */
export function chart({ title, lines, format, floor = 0, ceiling = null, id = null, target = null, clockwise = true, wide = "" }) {
  const values = lines.map((line) => el("b", { text: "–" }));
  const key = el("ul", { class: "key" }, ...lines.map((line, place) => el("li", {}, swatch(line, place), el("span", { text: `${line.label} ` }), values[place])));
  const canvas = el("div", { class: "plot", role: "img", "aria-label": `${title}: no points yet` });
  const empty = el("p", { class: "soft empty", text: "No points yet." });
  const root = el("section", { class: `panel chart ${wide}`, id }, el("h2", { text: title }), key, canvas, empty);
  let data = [[], ...lines.map(() => [])];
  let plot = null;
  let due = false;
  let limit = null;

  function draw() {
    due = false;
    if (!root.isConnected) return;
    const isEmpty = !data.slice(1).some((each) => each.some((value) => value !== null && value !== undefined));
    empty.hidden = !isEmpty;
    canvas.hidden = isEmpty;
    if (isEmpty) return;
    const shown = limit === null ? data : [...data, data[0].map(() => limit)];
    if (plot && plot.series.length !== shown.length) { plot.destroy(); plot = null; }
    if (!plot) plot = make(shown);
    else plot.setData(shown);
  }

  function make(shown) {
    const probe = document.body.appendChild(el("span"));
    const colour = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1, size: 4 }, font: `${Math.round(size * 0.75)}px system-ui, sans-serif` };
    const series = [{}, ...lines.map((line, place) => ({ label: line.label, stroke: colour(line.colour || COLOURS[place]), width: 2, dash: line.dash, spanGaps: true, points: { show: data[0].length < 3 } }))];
    if (limit !== null) series.push({ label: "target", stroke: colour("--soft"), width: 1.5, dash: [6, 5], points: { show: false } });
    probe.remove();
    const made = new uPlot({
      width: Math.max(200, canvas.clientWidth), height: HEIGHT_EM * size,
      cursor: { show: false }, legend: { show: false }, padding: [8, size * 1.2, 0, 0],
      tzDate: clockwise ? (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC") : undefined,
      scales: { x: { time: clockwise }, y: { range: (_, low, high) => range(low, high) } },
      axes: [
        { ...axis, space: size * 5, size: size * 1.9, values: clockwise ? times : (_, splits) => splits.map((each) => `${each} min`) },
        { ...axis, size: size * 3.4, values: (_, splits) => splits.map((each) => format(each)) },
      ],
      series,
    }, shown, canvas);
    return made;
  }

  function range(low, high) {
    const bottom = floor === null ? low : Math.min(floor, low ?? 0);
    const top = Math.max(high ?? 0, limit ?? 0, ceiling ?? 0);
    return [bottom, top > bottom ? bottom + (top - bottom) * 1.06 : bottom + 1];
  }

  function later() {
    if (due) return;
    due = true;
    requestAnimationFrame(draw);
  }

  function tell() {
    const last = data.slice(1).map((each) => each.findLast((value) => value !== null && value !== undefined));
    last.forEach((value, place) => say(values[place], value === undefined ? "–" : (lines[place].format || format)(value)));
    const said = lines.map((line, place) => `${line.label} ${values[place].textContent}`).join(", ");
    mark(canvas, "aria-label", `${title} over time, now ${said}${limit === null ? "" : `, target ${format(limit)}`}`);
  }

  const pick = (point, line) => { for (const name of [].concat(line.name)) if (point[name] !== undefined && point[name] !== null) return point[name]; return null; };
  const redraw = () => { plot?.destroy(); plot = null; later(); };
  new ResizeObserver(() => { if (plot && canvas.clientWidth) { if (plot.width !== canvas.clientWidth) plot.setSize({ width: canvas.clientWidth, height: plot.height }); } else later(); }).observe(root);
  document.addEventListener("theme", redraw);

  return {
    root,
    series({ at, values: columns }) {
      data = [[...at], ...lines.map((line) => at.map((_, row) => pick(Object.fromEntries([].concat(line.name).map((name) => [name, columns[name]?.[row]])), line)))];
      tell();
      redraw();
    },
    point({ at, values: fresh }) {
      if (data[0].length && at <= data[0][data[0].length - 1]) return;
      data[0].push(at);
      lines.forEach((line, place) => data[place + 1].push(pick(fresh, line)));
      if (data[0].length > MOST) data = data.map((each) => each.filter((_, row) => row > MOST / 2 || row % 2 === 0));
      tell();
      later();
    },
    limit(value) {
      const wanted = value ?? null;
      if (wanted === limit) return;
      limit = wanted;
      tell();
      redraw();
    },
    update(state) { if (target) this.limit(target(state)); },
  };
}

const COLOURS = ["--bar", "--second", "--third", "--fourth"];

function swatch(line, place) {
  const made = el("i", { class: "swatch", "aria-hidden": "true" });
  made.style.background = `var(${line.colour || COLOURS[place]})`;
  return made;
}

function times(_, splits, __, ___, step) {
  return splits.map((at) => {
    const text = new Date(at * 1e3).toISOString();
    return step < 60 ? text.slice(11, 19) : step < 86400 ? text.slice(11, 16) : text.slice(5, 10);
  });
}
