// Money: spent and reserved against the budget with its marks, prices of a lead, what it will come to.
import { el, say } from "../dom.js";
import { share, usd } from "../format.js";
import { meter } from "./vendors.js";
import { facts } from "./facts.js";

const FACTS = [
  ["Spent", (c) => usd(c.usd)], ["Reserved", (c) => `${usd(c.reserved_usd)}${c.uncertain_usd ? ` (${usd(c.uncertain_usd)} uncertain)` : ""}`], ["Forecast at the end", (c) => usd(c.forecast_usd)],
  ["Per collected", (c) => usd(c.per_collected, 3)], ["Per unique lead", (c) => usd(c.per_unique, 3)], ["Per qualified lead", (c) => `${usd(c.per_qualified, 3)}${c.per_qualified_limit === null ? "" : ` (at most ${usd(c.per_qualified_limit)})`}`],
];

export function cost() {
  const bar = meter("Settled and reserved of the budget");
  const buying = el("p", { class: "line" });
  const list = facts(FACTS.map(([label]) => label));
  const root = el("section", { class: "panel wide-4", id: "cost", "aria-labelledby": "cost-title" }, el("h2", { id: "cost-title", text: "Cost" }), bar.root, bar.text, list.root, buying);
  return {
    root,
    update(state) {
      const found = state.cost;
      bar.setMarks((found.marks ?? []).map((each) => each.at));
      bar.show(found.share, found.budget_usd === null ? "no budget" : `${share(found.share)} of ${usd(found.budget_usd, 0)}; marks at ${(found.marks ?? []).map((each) => share(each.at, 0)).join(", ") || "none"}`);
      list.show(FACTS.map(([, text]) => text(found)));
      say(buying, found.buying === "on" ? "Buying is on." : `Buying: ${found.buying}.`);
      buying.className = found.buying === "on" ? "soft" : "warn";
    },
  };
}
