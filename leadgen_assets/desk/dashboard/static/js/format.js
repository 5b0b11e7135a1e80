// How figures are written: the same everywhere, "–" for what is not known.

export const UNKNOWN = "–";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

export const count = (value) => (known(value) ? whole.format(value) : UNKNOWN);
export const number = (value) => (known(value) ? oneDigit.format(value) : UNKNOWN);
export const share = (value, digits = 1) => (known(value) ? `${(100 * value).toFixed(digits)}\u00a0%` : UNKNOWN);
export const score = (value) => (known(value) ? value.toFixed(1) : UNKNOWN);
export const perHour = (value) => (known(value) ? `${whole.format(value)}/h` : UNKNOWN);
export const milliseconds = (value) => (known(value) ? `${value < 10 ? value.toFixed(1) : whole.format(value)} ms` : UNKNOWN);
export const megabytes = (value) => (known(value) ? (value >= 1000 ? `${(value / 1000).toFixed(1)} GB` : `${oneDigit.format(value)} MB`) : UNKNOWN);

export function usd(value, digits = 2) {
  if (!known(value)) return UNKNOWN;
  return `$${new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value)}`;
}

/** 45 s, 12 min, 3 h 05 min, 2 d 4 h. */
export function span(seconds) {
  if (!known(seconds)) return UNKNOWN;
  const all = Math.max(0, Math.round(seconds));
  if (all < 60) return `${all} s`;
  if (all < 3600) return all < 600 && all % 60 ? `${Math.floor(all / 60)} min ${String(all % 60).padStart(2, "0")} s` : `${Math.round(all / 60)} min`;
  const hours = Math.floor(all / 3600);
  if (hours < 48) return `${hours} h ${String(Math.floor((all % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const clockParts = (iso) => new Date(iso).toISOString();
/** 05:20:01 */
export const clock = (iso) => (iso ? clockParts(iso).slice(11, 19) : UNKNOWN);
/** 05:20 UTC today, otherwise with the day. */
export function moment(iso, now = new Date().toISOString()) {
  if (!iso) return UNKNOWN;
  const text = clockParts(iso);
  return text.slice(0, 10) === now.slice(0, 10) ? `${text.slice(11, 16)} UTC` : `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}
/** 2026-11-22 05:20:01 */
export const exact = (iso) => (iso ? clockParts(iso).slice(0, 19).replace("T", " ") : UNKNOWN);
/** Seconds from one moment to another. */
export const between = (from, to) => (from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null);

const VENDORS = {
  apollo: "Apollo", brightdata: "Bright Data", zoominfo: "ZoomInfo", sales_navigator: "Sales Navigator", hunter: "Hunter",
  clearbit: "Clearbit", neverbounce: "NeverBounce", pdl: "People Data Labs", hubspot: "HubSpot", salesforce: "Salesforce", slack: "Slack",
};
export const vendor = (name) => VENDORS[name] || name;
/** "average_quality_score" as "Average quality score". */
export function words(name) {
  const plain = String(name).replaceAll("_", " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

const GATE_SHARES = new Set(["required_fields", "email_availability", "company_completeness", "validation_rate", "duplicate_rate"]);
const CEILINGS = new Set(["duplicate_rate"]);
/** What a gate measured. */
export function gateValue(name, value) {
  if (!known(value)) return UNKNOWN;
  if (GATE_SHARES.has(name)) return share(value, 2);
  return Number.isInteger(value) ? count(value) : value.toFixed(2);
}
/** What a gate asks for: "at least 80 %". */
export function gateLimit(name, threshold) {
  if (!known(threshold)) return "";
  const said = GATE_SHARES.has(name) ? `${+(100 * threshold).toPrecision(4)}\u00a0%` : count(threshold);
  return `at ${CEILINGS.has(name) ? "most" : "least"} ${said}`;
}
/** Whether a figure keeps a gate's threshold; null while it is not known. */
export function keepsGate(name, value, threshold) {
  if (!known(value) || !known(threshold)) return null;
  return CEILINGS.has(name) ? value < threshold : value >= threshold;
}
