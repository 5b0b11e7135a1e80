// Open alerts: what, since when, who takes care of it, and what the runbook says.
import { acknowledge, resolve } from "../acting.js";
import { el, keep, link, mark, say } from "../dom.js";
import { between, moment, span } from "../format.js";
import { announce } from "../keys.js";

/** "docs/runbook.md#error-rate" as it is served here. */
export const runbookOf = (alert) => `/runbook${alert.runbook?.includes("#") ? alert.runbook.slice(alert.runbook.indexOf("#")) : ""}`;

export function alertsPanel() {
  const list = el("ul", { class: "alerts" });
  const none = el("p", { class: "soft", text: "No open alerts." });
  const root = el("section", { class: "panel wide-4", id: "alerts", "aria-labelledby": "alerts-title" },
    el("h2", { id: "alerts-title" }, el("a", { href: "/alerts", text: "Open alerts" })), list, none);
  const known = new Map();

  function make(alert) {
    const severity = el("span", { class: "tag" });
    const title = el("b", { class: "alert-title" });
    const text = el("p");
    const facts = el("p", { class: "soft" });
    const ack = el("button", { type: "button", class: "act", text: "Acknowledge", on: { click: () => act(known.get(alert.id), acknowledge, card) } });
    const end = el("button", { type: "button", class: "quiet", text: "Resolve", on: { click: () => act(known.get(alert.id), resolve, card) } });
    const book = link("Runbook", runbookOf(alert), { "aria-label": `Runbook: ${alert.title}` });
    const card = el("li", { "data-alert": alert.id }, el("p", { class: "line" }, severity, " ", title), text, facts, el("p", { class: "buttons" }, ack, end, book));
    card.parts = { severity, title, text, facts, ack, end };
    return card;
  }

  function show(card, alert, at) {
    const { severity, title, text, facts, ack, end } = card.parts;
    card.className = alert.severity.toLowerCase();
    say(severity, `${alert.severity}${alert.is_test ? " · TEST" : ""}`);
    severity.className = `tag ${alert.severity.toLowerCase()}`;
    say(title, alert.title);
    say(text, alert.text);
    const who = alert.acked_at ? `, acknowledged by ${alert.acked_by} at ${moment(alert.acked_at, at)}` : alert.level > 1 ? `, escalated to level ${alert.level}` : "";
    say(facts, `since ${moment(alert.raised_at, at)} (${span(between(alert.raised_at, at))})${who}`);
    if (alert.acked_at && document.activeElement === ack) end.focus();
    ack.hidden = Boolean(alert.acked_at);
    mark(ack, "aria-label", `Acknowledge: ${alert.title}`);
    mark(end, "aria-label", `Resolve: ${alert.title}`);
  }

  async function act(alert, how, card) {
    const done = await how(alert);
    if (!done) return;
    known.set(alert.id, { ...alert, ...done });
    show(card, known.get(alert.id), new Date().toISOString());
    if (done.state === "resolved") { card.remove(); root.querySelector("h2 a").focus(); }
  }

  return {
    root,
    update(state) {
      known.clear();
      for (const each of state.alerts) known.set(each.id, each);
      keep(list, state.alerts, (each) => each.id, make, (card, each) => show(card, each, state.at));
      none.hidden = state.alerts.length > 0;
    },
    /** The key "a". */
    acknowledgeFocused() {
      const card = document.activeElement?.closest("[data-alert]");
      if (card) {
        const alert = known.get(card.dataset.alert);
        if (alert.acked_at) announce("It is acknowledged already.");
        else act(alert, acknowledge, card);
        return;
      }
      const first = [...list.querySelectorAll(".act")].find((each) => !each.hidden);
      if (first) first.focus();
      else announce("No alert waits to be acknowledged.");
    },
  };
}
