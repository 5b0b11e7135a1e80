// The key figures, each with its limit, each a link to where it comes from.
import { el, mark, say } from "../dom.js";
import { count, gateLimit, keepsGate, perHour, score, share, usd, vendor } from "../format.js";

const gate = (name) => (s) => s.sprint?.gates?.[name];
const level = (good) => (good === null ? "" : good ? "good" : "bad");
const gated = (name, value) => (s) => level(keepsGate(name, value(s), gate(name)(s)));
const limit = (name) => (s) => gateLimit(name, gate(name)(s));

const FIGURES = [
  { id: "collected", label: "Collected", href: "#chart-collected", value: (s) => count(s.progress.collected), note: (s) => (s.sprint ? (s.progress.remaining ? `${count(s.progress.remaining)} remaining` : "target reached") : "") },
  { id: "unique", label: "Unique leads", href: "#segments", value: (s) => count(s.progress.leads), note: (s) => (s.sprint ? `${count(s.sprint.unique_target)} asked for` : "") },
  { id: "rate", label: "Leads an hour", href: "#chart-pace", source: "redis", value: (s) => perHour(s.progress.leads_per_hour_now ?? s.progress.leads_per_hour),
    note: (s) => (s.sprint ? `${s.progress.leads_per_hour_now === null ? "" : `average ${count(s.progress.leads_per_hour)}, `}promised ${count(s.sprint.rate_target)}` : "") },
  { id: "errors", label: "Error rate", href: "#vendors", source: "redis", value: (s) => share(s.rates.error_rate_now ?? s.rates.error_rate),
    note: (s) => `at most 5 %; whole sprint ${share(s.rates.error_rate)}`, level: (s) => level((s.rates.error_rate_now ?? s.rates.error_rate) === null ? null : (s.rates.error_rate_now ?? s.rates.error_rate) <= 0.05) },
  { id: "duplicates", label: "Duplicate rate", href: "#segments", value: (s) => share(s.rates.duplicate_rate), note: limit("duplicate_rate"), level: gated("duplicate_rate", (s) => s.rates.duplicate_rate) },
  { id: "quality", label: "Average quality", href: "#gates", value: (s) => score(s.quality.average_quality_score), note: limit("average_quality_score"), level: gated("average_quality_score", (s) => s.quality.average_quality_score) },
  { id: "email", label: "Email available", href: "#quality", value: (s) => share(s.quality.email_availability), note: limit("email_availability"), level: gated("email_availability", (s) => s.quality.email_availability) },
  { id: "company", label: "Company complete", href: "#quality", value: (s) => share(s.quality.company_completeness), note: limit("company_completeness"), level: gated("company_completeness", (s) => s.quality.company_completeness) },
  { id: "valid", label: "Valid", href: "#quality", value: (s) => share(s.quality.validation_rate), note: limit("validation_rate"), level: gated("validation_rate", (s) => s.quality.validation_rate) },
  { id: "qualified", label: "Qualified", href: "#gates", value: (s) => count(s.progress.qualified), note: (s) => (s.sprint ? `${count(s.progress.crm_synced)} in ${vendor(s.sprint.crm)}, ${count(s.progress.crm_failed)} failed` : "") , level: (s) => (s.progress.crm_failed ? "bad" : "") },
  { id: "cost", label: "Cost so far", href: "#cost", value: (s) => usd(s.cost.usd), note: (s) => (s.cost.budget_usd === null ? "" : `${share(s.cost.share)} of ${usd(s.cost.budget_usd, 0)}`) },
  { id: "price", label: "Per qualified lead", href: "#cost", value: (s) => usd(s.cost.per_qualified, 3), note: (s) => (s.cost.per_qualified_limit === null ? "" : `at most ${usd(s.cost.per_qualified_limit)}`),
    level: (s) => (s.cost.per_qualified === null || s.cost.per_qualified_limit === null ? "" : level(s.cost.per_qualified <= s.cost.per_qualified_limit)) },
];
const FIRST_LOOK = new Set(["email", "company", "valid"]);

export function figures(place) {
  const cards = FIGURES.map((figure) => {
    const value = el("b", { id: `figure-${figure.id}` });
    const note = el("span", { class: "soft" });
    const card = el("a", { href: figure.href, class: "card", "data-source": figure.source }, el("span", { text: figure.label }), value, note);
    place.append(el("li", {}, card));
    return { figure, value, note, card };
  });
  return {
    update(state) {
      for (const { figure, value, note, card } of cards) {
        say(value, figure.value(state));
        const early = FIRST_LOOK.has(figure.id) && !state.quality.is_scored && value.textContent !== "–" ? "as collected; " : "";
        say(note, early + figure.note(state));
        mark(card, "data-level", early ? null : figure.level?.(state) || null);
      }
    },
  };
}
