// Two sprints side by side, and how fast each collected.
import { chart } from "./chart.js";
import { knownSprints } from "./chooser.js";
import { el, table } from "./dom.js";
import { count, moment, number, perHour, score, share, span, usd } from "./format.js";
import { listen } from "./keys.js";
import { ask } from "./problem.js";

const FORMATS = { count, share, score, per_hour: perHour, seconds: span, usd, usd3: (value) => usd(value, 3) };
const asked = new URLSearchParams(location.search);
const place = document.getElementById("content");

listen();
try {
  const sprints = await knownSprints();
  const [a, b] = [asked.get("a") || sprints[0]?.key, asked.get("b") || sprints[1]?.key];
  for (const [id, chosen] of [["a", a], ["b", b]]) document.getElementById(id).append(...sprints.map((each) => el("option", { value: each.key, text: each.key, selected: each.key === chosen })));
  if (!a || !b) place.append(el("p", { class: "soft", text: "Two sprints on record are needed for this." }));
  else await show(a, b);
} catch (error) {
  place.replaceChildren(el("p", { class: "notice bad", role: "alert", text: error.message }));
}

async function show(a, b) {
  const address = (key) => `/api/series?sprint=${encodeURIComponent(key)}&names=collected`;
  const [found, ...past] = await Promise.all([ask(`/api/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`), ask(address(a)), ask(address(b))]);
  const heads = [{ text: "Figure" }, { text: found.a.key, number: true }, { text: found.b.key, number: true }, { text: "Difference", number: true }];
  const side = (each) => el("li", { class: "panel" }, el("h2", {}, el("a", { href: `/?sprint=${encodeURIComponent(each.key)}`, text: each.key })), el("p", { class: "line" }, el("b", { text: each.verdict.word })), el("p", { text: each.verdict.says }), el("p", { class: "soft", text: `${each.state}, opened ${moment(each.opened_at)}` }));
  const drawn = collectedBy(found, past);
  place.replaceChildren(el("ul", { class: "sides" }, side(found.a), side(found.b)), drawn.root, table("Figures of both sprints", heads, el("tbody", {}, ...found.rows.map(row))), el("p", { class: "soft note", text: "✓ marks the better one where one is better." }));
  drawn.draw();
}

function row({ label, unit, a, b, winner }) {
  const format = FORMATS[unit];
  const cell = (value, isBetter) => el("td", { class: isBetter ? "n better" : "n" }, el("span", { text: format(value) }), isBetter ? el("span", { text: " ✓" }) : null, isBetter ? el("span", { class: "unseen", text: " better" }) : null);
  const both = a !== null && b !== null;
  const way = both && b > a ? "+" : both && b < a ? "−" : "";
  return el("tr", {}, el("th", { scope: "row", text: label }), cell(a, winner === "a"), cell(b, winner === "b"), el("td", { class: "n", text: both ? `${way}${format(Math.abs(b - a))}` : "–" }));
}

/** Minutes since the first sample, so that sprints of different days lie over one another. */
function collectedBy(found, past) {
  const minutes = past.map((each) => each.at.map((at) => Math.round((at - each.at[0]) / 6) / 10));
  const at = [...new Set(minutes.flat())].sort((one, other) => one - other);
  const values = Object.fromEntries(past.map((each, side) => {
    const known = new Map(minutes[side].map((minute, index) => [minute, each.values.collected[index]]));
    return [`side${side}`, at.map((minute) => known.get(minute) ?? null)];
  }));
  const drawn = chart({ title: "Collected, by minutes since the start", format: (value) => (value >= 10000 ? `${number(value / 1000)}k` : count(value)), clockwise: false, lines: [{ name: "side0", label: found.a.key, format: count }, { name: "side1", label: found.b.key, format: count }] });
  return { root: drawn.root, draw: () => drawn.series({ at, values }) };
}
