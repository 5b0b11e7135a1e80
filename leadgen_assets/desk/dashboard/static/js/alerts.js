// Alerts of past and present, with how long each step of their lives took.
import { acknowledge, resolve } from "./acting.js";
import { knownSprints } from "./chooser.js";
import { el, keep, link, mark, say, table } from "./dom.js";
import { between, exact, moment, span } from "./format.js";
import { listen, announce } from "./keys.js";
import { ask, refresh } from "./problem.js";
import { runbookOf } from "./panels/alerts.js";

const asked = new URLSearchParams(location.search);
const place = document.getElementById("content");
const body = el("tbody");
const none = el("p", { class: "soft", text: "No alerts.", hidden: true });
const STEPS = [["Delivered after", "delivered_at"], ["Acknowledged after", "acked_at"], ["Escalated after", "escalated_at"], ["Resolved after", "resolved_at"]];
const heads = [{ text: "Alert" }, { text: "State" }, { text: "Sprint" }, { text: "Raised" }, ...STEPS.map(([text]) => ({ text, number: true })), { text: "Life" }, { text: "Do" }];
const summary = el("p", { class: "line", role: "status" });
place.append(summary, table("Alerts", heads, body), none);
const known = new Map();

function make(alert) {
  const severity = el("span", { class: `tag ${alert.severity.toLowerCase()}` });
  const title = el("b", { class: "alert-title" });
  const text = el("small");
  const state = el("span", { class: "tag" });
  const who = el("small");
  const cells = STEPS.map(() => el("td", { class: "n" }));
  const life = el("ol", { class: "life" });
  const open = el("details", {}, el("summary", { text: "history", "aria-label": `History of ${alert.title}` }), life);
  const ack = el("button", { type: "button", class: "act", text: "Acknowledge", on: { click: () => act(alert.id, acknowledge) } });
  const end = el("button", { type: "button", class: "quiet", text: "Resolve", on: { click: () => act(alert.id, resolve) } });
  const row = el("tr", { "data-alert": alert.id },
    el("th", { scope: "row", class: "what" }, severity, " ", title, text), el("td", {}, state, who), el("td"), el("td"), ...cells,
    el("td", {}, open), el("td", { class: "buttons" }, ack, end, link("Runbook", runbookOf(alert), { "aria-label": `Runbook: ${alert.title}` })));
  row.parts = { severity, title, text, state, who, cells, life, ack, end };
  return row;
}

function show(row, alert) {
  const { severity, title, text, state, who, cells, life, ack, end } = row.parts;
  say(severity, `${alert.severity}${alert.is_test ? " · TEST" : ""}`);
  say(title, alert.title);
  say(text, alert.text);
  say(state, alert.undelivered ? `${alert.state}, not delivered` : alert.state);
  state.className = `tag ${alert.state === "resolved" ? "good" : alert.undelivered ? "bad" : alert.acked_at ? "info" : "warn"}`;
  say(who, [alert.acked_by ? `taken by ${alert.acked_by}` : "", alert.level > 1 ? `level ${alert.level}` : ""].filter(Boolean).join(", "));
  say(row.children[2], alert.sprint || "none");
  say(row.children[3], moment(alert.raised_at));
  STEPS.forEach(([, name], at) => say(cells[at], alert[name] ? span(between(alert.raised_at, alert[name])) : "–"));
  keep(life, alert.history.map((each, at) => ({ ...each, key: at })), (each) => each.key, () => el("li"), (item, each) => say(item, line(each)));
  if (document.activeElement === ack && alert.acked_at) end.focus();
  ack.hidden = Boolean(alert.acked_at) || alert.state === "resolved";
  end.hidden = alert.state === "resolved";
  mark(ack, "aria-label", `Acknowledge: ${alert.title}`);
  mark(end, "aria-label", `Resolve: ${alert.title}`);
}

function line({ at, what, key, ...rest }) {
  const more = Object.values(rest).filter((each) => each !== null && each !== undefined && each !== "").join(", ");
  return `${exact(at)}  ${what}${more ? ` (${more})` : ""}`;
}

async function act(id, how) {
  const done = await how(known.get(id));
  if (done) again();
}

async function draw() {
  const wanted = new URLSearchParams([...asked].filter(([name, value]) => value && ["state", "sprint"].includes(name)));
  const { alerts } = await ask(`/api/alerts?${wanted}`);
  known.clear();
  for (const each of alerts) known.set(each.id, each);
  keep(body, alerts, (each) => each.id, make, show);
  none.hidden = alerts.length > 0;
  const real = alerts.filter((each) => !each.is_test);
  const times = (name) => real.filter((each) => each[name]).map((each) => between(each.raised_at, each[name])).sort((a, b) => a - b);
  const median = (name) => { const found = times(name); return found.length ? span(found[Math.floor(found.length / 2)]) : "–"; };
  say(summary, real.length ? `${real.length} alerts, ${real.filter((each) => each.state !== "resolved").length} open. Median until acknowledged ${median("acked_at")}, until resolved ${median("resolved_at")}.` : "");
}

for (const name of ["state", "sprint"]) document.getElementById(name).addEventListener("change", () => document.getElementById("filter").requestSubmit());
document.getElementById("state").value = asked.get("state") ?? "";
listen({
  a: () => {
    const row = document.activeElement?.closest("[data-alert]");
    const first = [...body.querySelectorAll(".act")].find((each) => !each.hidden);
    if (row && !row.parts.ack.hidden) act(row.dataset.alert, acknowledge);
    else if (!row && first) first.focus();
    else announce("No alert waits to be acknowledged here.");
  },
});
const again = refresh(place, 5, draw);
try {
  const select = document.getElementById("sprint");
  for (const each of await knownSprints()) select.append(el("option", { value: each.key, text: each.key, selected: each.key === asked.get("sprint") }));
} catch { /* the list says what is wrong */ }
