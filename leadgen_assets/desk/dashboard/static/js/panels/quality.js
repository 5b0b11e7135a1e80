// Quality: the gates with their asset checks, scores, validation, enrichment.
import { el, keep, link, mark, say, table } from "../dom.js";
import { clock, count, gateLimit, gateValue, keepsGate, score, share, vendor, words } from "../format.js";
import { meter } from "./vendors.js";

export function gates() {
  const body = el("tbody");
  const note = el("p", { class: "soft note" });
  const root = el("section", { class: "panel wide-4", id: "gates", "aria-labelledby": "gates-title" },
    el("h2", { id: "gates-title" }, el("a", { href: "/quality/index.html", text: "Gates" })),
    table("Gates", [{ text: "Gate" }, { text: "Measured", number: true }, { text: "Asked for" }, { text: "Verdict" }], body), note);

  function make() {
    const row = el("tr", {}, el("th", { scope: "row" }), el("td", { class: "n" }), el("td", { class: "asked" }), el("td", {}, el("span", { class: "tag" })));
    return row;
  }

  function show(row, gate) {
    const [name, value, asked, verdict] = row.children;
    if (name.dataset.shown !== gate.href) { name.replaceChildren(link(words(gate.name), gate.href)); name.dataset.shown = gate.href; }
    say(value, gateValue(gate.name, gate.value));
    say(asked, gateLimit(gate.name, gate.threshold));
    say(verdict.firstChild, gate.verdict);
    verdict.firstChild.className = `tag ${gate.level}`;
  }

  return {
    root,
    update(state) {
      const asked = { ...Object.fromEntries(Object.entries(state.sprint?.gates ?? {}).map(([name, threshold]) => [name, { threshold }])), ...state.gates };
      const rows = Object.entries(asked).sort().map(([name, gate]) => {
        const isJudged = gate.passed !== undefined;
        const value = isJudged ? gate.value : measured(state, name);
        const path = state.desk?.gate_checks?.[name];
        const keeps = keepsGate(name, value, gate.threshold);
        return {
          name, value, threshold: gate.threshold,
          verdict: isJudged ? (gate.passed ? "passed" : "FAILED") : keeps === null ? "not yet" : keeps ? "so far" : "not so far",
          level: isJudged ? (gate.passed ? "good" : "bad") : "",
          href: state.links.dagster && path ? `${state.links.dagster}/${path}` : isJudged ? "/quality/index.html" : null,
        };
      });
      keep(body, rows, (each) => each.name, make, show);
      say(note, rows.length ? "Before the checks have run, figures are those of the leads as they come in." : "No gate yet.");
    },
  };
}

function measured(state, name) {
  if (name === "duplicate_rate") return state.rates.duplicate_rate;
  if (name === "unique_leads") return state.progress.leads;
  return state.quality[name] ?? null;
}

export function scores() {
  const bars = el("ul", { class: "bars" });
  const says = el("p", { class: "soft note" });
  const root = el("section", { class: "panel wide-4", id: "scores", "aria-labelledby": "scores-title" }, el("h2", { id: "scores-title", text: "Quality scores" }), bars, says);
  return {
    root,
    update(state) {
      const found = Object.entries(state.quality.histogram || {}).map(([low, leads]) => ({ low: Number(low), leads })).sort((a, b) => a.low - b.low);
      const most = Math.max(1, ...found.map((each) => each.leads));
      keep(bars, found, (each) => each.low, () => {
        const bar = el("i", { "aria-hidden": "true" });
        return el("li", {}, el("span"), bar, el("b"));
      }, (row, each) => {
        say(row.children[0], `${each.low}–${each.low + 10}`);
        row.children[1].style.width = `${(70 * each.leads) / most}%`;
        say(row.children[2], count(each.leads));
      });
      const average = state.quality.average_quality_score;
      say(says, average === null ? "Leads are scored after enrichment." : `Average ${score(average)}${state.quality.as_of && !state.quality.is_final ? `, as of ${clock(state.quality.as_of)} UTC` : ""}.`);
    },
  };
}

const VALIDATION = [["email_availability", "Email available"], ["email_valid", "Email valid"], ["company_completeness", "Company complete"], ["company_valid", "Company valid"], ["location_valid", "Location valid"], ["validation_rate", "Lead valid"]];

export function validation() {
  const meters = VALIDATION.map(([name, label]) => [name, label, meter(label)]);
  const rows = el("dl", { class: "meters" }, ...meters.flatMap(([, label, each]) => [el("dt", { text: label }), el("dd", {}, each.root, each.text)]));
  const note = el("p", { class: "soft note" });
  const list = el("tbody");
  const empty = el("p", { class: "soft", text: "No vendor was asked yet." });
  const enrichers = table("Enrichment", [{ text: "Step" }, { text: "Asked", number: true }, { text: "Found", number: true }, { text: "Success", number: true }], list);
  const root = el("section", { class: "panel wide-4", id: "quality", "aria-labelledby": "quality-title" },
    el("h2", { id: "quality-title", text: "Validation and enrichment" }), rows, note, el("h3", { text: "Enrichment" }), enrichers, empty);
  return {
    root,
    update(state) {
      for (const [name, , each] of meters) each.show(state.quality[name], share(state.quality[name]));
      say(note, state.quality.is_scored ? "Of the scored leads." : "Of the leads as they come in, before enrichment.");
      keep(list, state.enrichment ?? [], (each) => each.id, () => el("tr", {}, el("th", { scope: "row" }), el("td", { class: "n" }), el("td", { class: "n" }), el("td", { class: "n" })), (row, each) => {
        say(row.children[0], `${words(each.step)}, ${vendor(each.vendor)}`);
        [count(each.answered), count(each.found), share(each.success_rate)].forEach((text, place) => say(row.children[place + 1], text));
      });
      const none = !(state.enrichment ?? []).length;
      empty.hidden = !none;
      enrichers.hidden = none;
      mark(enrichers, "tabindex", none ? null : "0");
    },
  };
}
