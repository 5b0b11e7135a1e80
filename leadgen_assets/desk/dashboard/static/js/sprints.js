// Every sprint on record; two of them can be compared.
import { knownSprints } from "./chooser.js";
import { el, keep, say, table } from "./dom.js";
import { count, moment } from "./format.js";
import { listen } from "./keys.js";
import { refresh } from "./problem.js";

const LEVEL = { finished: "good", failed: "bad", stopped: "warn", running: "info" };
const place = document.getElementById("content");
const body = el("tbody");
const heads = [{ text: "Compare" }, { text: "Sprint" }, { text: "State" }, { text: "Opened" }, { text: "Last change" }, { text: "Target", number: true }, { text: "Collected", number: true }, { text: "Unique leads", number: true }, { text: "Gates passed", number: true }, { text: "More" }];
const none = el("p", { class: "soft", text: "No sprint yet. Start one: leadgen sprint start sprints/performance-marketers.yaml", hidden: true });
const button = el("button", { type: "submit", text: "Compare the two" });
const form = el("form", { action: "/compare", on: { submit: compare } }, table("Sprints", heads, body), none, el("p", { class: "buttons" }, button));
place.append(form);

function make(sprint) {
  const box = el("input", { type: "checkbox", value: sprint.key, "aria-label": `Compare ${sprint.key}`, on: { change: few } });
  const cells = heads.slice(2, 9).map((head) => el("td", { class: head.number ? "n" : null }));
  cells[0].append(el("span", { class: "tag" }));
  const address = encodeURIComponent(sprint.key);
  return el("tr", {}, el("td", {}, box), el("th", { scope: "row" }, el("a", { href: `/?sprint=${address}`, text: sprint.key })), ...cells,
    el("td", {}, el("a", { href: `/alerts?sprint=${address}`, text: "alerts", "aria-label": `Alerts of ${sprint.key}` }), " ", el("a", { href: `/reports?sprint=${address}`, text: "reports", "aria-label": `Reports of ${sprint.key}` })));
}

function show(row, sprint) {
  const cells = [...row.children].slice(2, 9);
  const tag = cells[0].firstChild;
  say(tag, sprint.state);
  tag.className = `tag ${LEVEL[sprint.state] || ""}`;
  const gates = sprint.gates ? `${sprint.gates_passed} of ${sprint.gates}` : "–";
  [moment(sprint.opened_at), moment(sprint.changed_at), count(sprint.target), count(sprint.collected), count(sprint.leads), gates].forEach((text, at) => say(cells[at + 1], text));
}

const picked = () => [...body.querySelectorAll("input:checked")].map((each) => each.value);

/** Two at most, and the button says what is missing. */
function few() {
  const full = picked().length >= 2;
  for (const each of body.querySelectorAll("input")) each.disabled = full && !each.checked;
  button.disabled = picked().length !== 2;
}

function compare(event) {
  event.preventDefault();
  const [a, b] = picked();
  location.href = `/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`;
}

listen();
refresh(place, 10, async () => {
  const found = await knownSprints();
  keep(body, found, (each) => each.key, make, show);
  none.hidden = found.length > 0;
  few();
});
