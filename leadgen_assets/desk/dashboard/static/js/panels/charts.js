// Figures over time.
import { chart } from "../chart.js";
import { count, milliseconds, number, share, usd } from "../format.js";

const percent = (value) => share(value, 0);
const thousands = (value) => (Math.abs(value) >= 10000 ? `${number(value / 1000)}k` : count(value));
const dollars = (value) => usd(value, value < 10 ? 2 : 0);

export const collected = () => chart({
  id: "chart-collected", title: "Collected", format: thousands, target: (state) => state.sprint?.target ?? null,
  lines: [{ name: "collected", label: "collected", format: count }, { name: "leads", label: "unique leads", format: count }],
});
export const pace = () => chart({
  id: "chart-pace", title: "Leads an hour", format: thousands, target: (state) => state.sprint?.rate_target ?? null,
  lines: [{ name: "leads_per_hour_now", label: "last minute", format: count }, { name: "leads_per_hour", label: "average", format: count }],
});
export const quality = () => chart({
  id: "chart-quality", title: "Quality", format: percent, ceiling: 1,
  lines: [
    { name: ["email_availability", "collected_with_email"], label: "email", format: share },
    { name: ["company_completeness", "collected_with_company"], label: "company", format: share },
    { name: ["validation_rate", "collected_valid"], label: "valid", format: share },
  ],
});
export const errors = () => chart({
  id: "chart-errors", title: "Errors and duplicates", format: (value) => share(value, value < 0.1 ? 1 : 0), ceiling: 0.1,
  lines: [{ name: "error_rate_now", label: "errors", colour: "--bad", format: share }, { name: "duplicate_rate", label: "duplicates", format: share }],
});
export const latency = () => chart({
  id: "chart-latency", title: "Stores, p95", format: milliseconds,
  lines: [{ name: "insert_p95_ms", label: "insert" }, { name: "query_p95_ms", label: "query" }, { name: "claim_p95_ms", label: "duplicate check" }],
});
export const load = () => chart({
  id: "chart-load", wide: "wide-6", title: "Machine load", format: percent, ceiling: 1, lines: [{ name: "cpu", label: "CPU" }, { name: "memory", label: "memory" }],
});
export const network = () => chart({
  id: "chart-network", wide: "wide-6", title: "Network, kB/s", format: thousands, lines: [{ name: "net_in_kbps", label: "in" }, { name: "net_out_kbps", label: "out" }],
});
export const spent = () => chart({ id: "chart-spent", title: "Cost over time", format: dollars, lines: [{ name: "cost_usd", label: "spent", format: usd }] });
