// Reports on record, and to whom each went.
import { el, keep, say, table } from "./dom.js";
import { moment } from "./format.js";
import { listen } from "./keys.js";
import { ask, refresh } from "./problem.js";

const KINDS = { launch: "Launch", hourly: "Hourly", sprint: "Final", daily: "Daily", weekly: "Weekly", monthly: "Monthly" };
const LEVEL = { delivered: "good", failed: "bad", sending: "info", off: "" };
const place = document.getElementById("content");
const sprint = new URLSearchParams(location.search).get("sprint");
const body = el("tbody");
const none = el("p", { class: "soft", text: "No report yet: the first is written when a sprint starts.", hidden: true });
const heads = [{ text: "Report" }, { text: "Sprint" }, { text: "Period" }, { text: "Written" }, { text: "Headline" }, { text: "Files" }, { text: "Delivered to" }];
if (sprint) place.append(el("p", {}, `Only those of ${sprint}. `, el("a", { href: "/reports", text: "Show all" })));
place.append(table("Reports", heads, body), none);

function make() {
  return el("tr", {}, el("th", { scope: "row" }), ...heads.slice(1).map((_, at) => el("td", { class: at === 3 ? "what" : null })));
}

function show(row, report) {
  const [kind, of, period, written, headline, files, sent] = row.children;
  say(kind, KINDS[report.kind] || report.kind);
  say(of, report.sprint || "all");
  say(period, `${moment(report.period_start)} to ${moment(report.period_end)}`);
  say(written, moment(report.written_at));
  say(headline, report.headline);
  headline.className = report.is_bad ? "what bad" : "what";
  const name = `${kind.textContent} report${report.sprint ? ` of ${report.sprint}` : ""}, ${moment(report.period_start)}`;
  keep(files, report.files, (each) => each, (each) => el("a", { href: `/reports/files/${each.split("/").map(encodeURIComponent).join("/")}`, text: each.endsWith(".pdf") ? "PDF" : "HTML", "aria-label": `${each.endsWith(".pdf") ? "PDF" : "HTML"}: ${name}` }), () => {});
  if (!report.files.length) say(files, "moved away");
  keep(sent, report.deliveries.length ? report.deliveries : [{ none: true }], (each) => (each.none ? "none" : `${each.channel}/${each.to_role}/${each.state}`), () => el("span"), (item, each) => {
    item.className = each.none ? "soft" : `tag ${LEVEL[each.state]}`;
    say(item, each.none ? "nobody" : `${each.to_role} by ${each.channel}: ${each.state}${each.error ? ` (${each.error})` : ""}`);
  });
}

listen();
refresh(place, 15, async () => {
  const { reports } = await ask(`/api/reports${sprint ? `?sprint=${encodeURIComponent(sprint)}` : ""}`);
  keep(body, reports, (each) => each.id, make, show);
  none.hidden = reports.length > 0;
});
