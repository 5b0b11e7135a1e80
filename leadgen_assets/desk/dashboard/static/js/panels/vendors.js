// The vendors: calls, errors, latency, quota with its mark at 80 %, credits, money.
import { el, keep, mark, say, table } from "../dom.js";
import { clock, count, milliseconds, share, usd, vendor } from "../format.js";

const COLUMNS = [
  ["Calls", (v) => count(v.calls)], ["Now/min", (v) => count(v.calls_now_per_minute)], ["Errors", (v) => (v.errors ? `${count(v.errors)} (${share(v.error_rate)})` : "0")],
  ["Slowed", (v) => (v.pace < 1 ? `${count(v.throttled)} (pace ${share(v.pace)})` : count(v.throttled))], ["p50", (v) => milliseconds(v.p50_ms)], ["p95", (v) => milliseconds(v.p95_ms)],
];

export function vendors() {
  const body = el("tbody");
  const heads = [{ text: "Vendor" }, { text: "State" }, ...COLUMNS.map(([text]) => ({ text, number: true })), { text: "Quota" }, { text: "Cost", number: true }];
  const root = el("section", { class: "panel wide-8", id: "vendors", "data-source": "redis", "aria-labelledby": "vendors-title" },
    el("h2", { id: "vendors-title", text: "Vendors" }), table("Vendors", heads, body));

  function make(each) {
    const state = el("span", { class: "tag" });
    const cells = COLUMNS.map(() => el("td", { class: "n" }));
    const quota = meter(`Quota of ${vendor(each.vendor)}`, [0.8]);
    const cost = el("td", { class: "n" });
    const row = el("tr", {}, el("th", { scope: "row", text: vendor(each.vendor) }), el("td", {}, state), ...cells, el("td", { class: "share" }, quota.root, quota.text), cost);
    row.parts = { state, cells, quota, cost };
    return row;
  }

  function show(row, each) {
    const { state, cells, quota, cost } = row.parts;
    const [word, level] = standing(each);
    say(state, word);
    mark(state, "title", each.condition);
    state.className = `tag ${level}`;
    COLUMNS.forEach(([, text], place) => say(cells[place], text(each)));
    mark(cells[2], "class", (each.error_rate_now ?? each.error_rate ?? 0) > 0.05 ? "n bad" : "n");
    quota.show(each.quota, each.quota === null ? "no window" : each.quota_says);
    say(cost, usd(each.usd));
  }

  return { root, update: (state) => keep(body, state.vendors, (each) => each.vendor, make, show) };
}

/** What the governor and the calls say: one word, or when a vendor that rests is tried again. */
function standing(each) {
  if (each.credits_out) return ["no credits", "bad"];
  if (each.circuit === "open") return [`rests until ${clock(each.next_probe_at)}`, "bad"];
  if (each.circuit === "probing") return ["is tried", "warn"];
  if (each.is_down) return ["down", "bad"];
  return each.calls ? ["answers", "good"] : ["not called yet", ""];
}

/** A bar from 0 to 1 with marks; it turns amber at the first mark and red at the last. */
export function meter(label, marks = []) {
  const fill = el("div", { class: "fill" });
  const root = el("div", { class: "meter", role: "meter", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0" }, fill);
  const text = el("span", { class: "amount" });
  let shown = "";
  const setMarks = (wanted) => {
    const name = wanted.join();
    if (name === shown) return;
    shown = name;
    root.querySelectorAll(".at").forEach((each) => each.remove());
    for (const at of wanted) {
      const line = el("i", { class: "at", title: `${Math.round(100 * at)} %` });
      line.style.left = `${100 * at}%`;
      root.append(line);
    }
    marks = wanted;
  };
  setMarks(marks.slice());
  return {
    root, text, setMarks,
    show(value, says) {
      const part = Math.max(0, Math.min(1, value ?? 0));
      fill.style.width = `${100 * part}%`;
      const passed = marks.filter((at) => (value ?? 0) >= at).length;
      mark(root, "data-level", !passed ? null : passed === marks.length && (marks.length > 1 || value >= 0.95) ? "bad" : "warn");
      mark(root, "aria-valuenow", (100 * part).toFixed(1));
      mark(root, "aria-valuetext", value === null || value === undefined ? "not known" : `${share(value)}${says ? `, ${says}` : ""}`);
      say(text, says ?? share(value));
    },
  };
}
