// The segments: how far, how fast, what went wrong; each row leads to its Dagster run or asset.
import { el, keep, link, mark, say, table } from "../dom.js";
import { count, number, perHour, share, span, usd, vendor } from "../format.js";

const LEVEL = { done: "good", collecting: "info", waiting: "", paused: "warn", short: "bad" };
const COLUMNS = [
  ["Leads", (s) => count(s.leads)], ["Duplicates", (s) => `${count(s.duplicates)}${s.leads + s.duplicates ? ` (${share(s.duplicates / (s.leads + s.duplicates))})` : ""}`],
  ["Suppressed", (s) => count(s.suppressed)], ["Quarantined", (s) => count(s.quarantined)], ["Pace", (s) => perHour(s.leads_per_hour)],
  ["Errors", (s) => count(s.errors)], ["Time", (s) => span(s.seconds)], ["Cost", (s) => usd(s.cost_usd)],
];

export function segments() {
  const body = el("tbody");
  const heads = [{ text: "Segment" }, { text: "State" }, { text: "Delivered" }, ...COLUMNS.map(([text]) => ({ text, number: true }))];
  const note = el("p", { class: "soft note" });
  const root = el("section", { class: "panel wide-8", id: "segments", "aria-labelledby": "segments-title" },
    el("h2", { id: "segments-title", text: "Segments" }), table("Segments", heads, body), note);

  function make(segment) {
    const name = el("th", { scope: "row" });
    const state = el("span", { class: "tag" });
    const why = el("span", { class: "why" });
    const fill = el("div", { class: "fill" });
    const bar = el("div", { class: "progress small", role: "progressbar", "aria-label": `Delivered of ${segment.id}`, "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
    const amount = el("span", { class: "amount" });
    const cells = COLUMNS.map(() => el("td", { class: "n" }));
    const row = el("tr", {}, name, el("td", {}, state, why), el("td", { class: "share" }, bar, amount), ...cells);
    row.parts = { name, state, why, fill, bar, amount, cells };
    return row;
  }

  function show(row, segment) {
    const { name, state, why, fill, bar, amount, cells } = row.parts;
    const href = segment.run_url || segment.asset_url;
    const address = `${segment.id} ${href}`;
    if (name.dataset.shown !== address) {
      name.replaceChildren(link(segment.id, href, href ? { title: segment.run_url ? "Its run in Dagster" : "Its asset in Dagster" } : {}), el("small", { text: vendor(segment.source) }));
      name.dataset.shown = address;
    }
    say(state, segment.state);
    state.className = `tag ${LEVEL[segment.state] || ""}`;
    say(why, segment.reason || "");
    const part = Math.min(1, segment.share);
    fill.style.width = `${100 * part}%`;
    mark(bar, "aria-valuenow", (100 * part).toFixed(1));
    say(amount, `${count(segment.delivered)} / ${count(segment.target)}`);
    COLUMNS.forEach(([, text], place) => say(cells[place], text(segment)));
    mark(cells[5], "class", segment.errors ? "n warn" : "n");
  }

  return {
    root,
    update(state) {
      keep(body, state.segments, (each) => each.id, make, show);
      const total = state.segments.length ? `${number(state.segments.filter((each) => each.state === "done").length)} of ${state.segments.length} done. ` : "No segment yet. ";
      const sums = state.progress.counts_add_up ? "Delivered = leads + duplicates + suppressed + quarantined." : "The counts do not add up: see the runbook.";
      say(note, `${total}${sums}${state.links.dagster ? "" : " Rows lead to their runs while Dagster’s web UI is up (leadgen dev)."}`);
    },
  };
}
