// The top row: are we going to make it, and is anything wrong?
import { el, mark, say } from "../dom.js";
import { between, count, moment, perHour, share, span, usd } from "../format.js";
import { announce } from "../keys.js";

const SIGNS = { INFO: "●", WARNING: "▲", CRITICAL: "■" };
const LEVELS = { INFO: "good", WARNING: "warn", CRITICAL: "bad" };
const QUIET = new Set(["waiting", "no sprint", "stopped"]);

export function top() {
  const sign = el("span", { class: "sign", "aria-hidden": "true" });
  const word = el("strong", { class: "word" });
  const says = el("p", { class: "says" });
  const context = el("p", { class: "soft" });
  const verdict = el("section", { class: "panel verdict", "aria-labelledby": "verdict-title" },
    el("h2", { id: "verdict-title", text: "Are we going to make it?" }), el("p", { class: "answer" }, sign, word), says, context);

  const fill = el("div", { class: "fill" });
  const bar = el("div", { class: "progress", role: "progressbar", "aria-label": "Collected of the target", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const collected = el("span", { class: "big" });
  const of = el("span", { class: "soft" });
  const eta = el("b");
  const room = el("span");
  const rate = el("span", { class: "soft" });
  const progress = el("section", { class: "panel", "aria-labelledby": "eta-title" },
    el("h2", { id: "eta-title" }, el("a", { href: "#segments", text: "Progress and time left" })),
    el("p", { class: "line" }, collected, " ", of), bar, el("p", { class: "line" }, eta, " ", room), el("p", {}, rate));

  const open = el("span", { class: "big" });
  const kinds = el("span", {});
  const first = el("p", { class: "says" });
  const money = el("p", { class: "soft" });
  const alerts = el("section", { class: "panel", "aria-labelledby": "wrong-title" },
    el("h2", { id: "wrong-title" }, el("a", { href: "#alerts", text: "Is anything wrong?" })), el("p", { class: "line" }, open, " ", kinds), first, money);
  let told = "";

  function update(state) {
    const { sprint, verdict: found, progress: now } = state;
    const level = QUIET.has(found.word) && found.severity === "INFO" ? "calm" : LEVELS[found.severity];
    verdict.className = `panel verdict ${level}`;
    say(sign, SIGNS[found.severity]);
    say(word, found.word);
    say(says, found.says);
    const stage = now.stage ? `, now: ${now.stage.replaceAll("_", " ")}` : "";
    say(context, sprint ? `${sprint.key} · ${sprint.state}${stage}` : "");
    document.title = sprint ? `${found.word}: ${sprint.key} · leadgen` : "Live · leadgen";

    const part = Math.min(1, now.share);
    fill.style.width = `${100 * part}%`;
    mark(bar, "aria-valuenow", (100 * part).toFixed(1));
    mark(bar, "aria-valuetext", sprint ? `${count(now.collected)} of ${count(sprint.target)} collected` : "no sprint");
    say(collected, count(now.collected));
    say(of, sprint ? `of ${count(sprint.target)} collected, ${share(now.share)}` : "");
    time(sprint, now, state.at);
    wrong(state);
    const summary = `${found.word}; ${open.textContent} ${kinds.textContent}`;
    if (told && told !== summary) announce(`Sprint ${sprint?.key ?? ""}: ${summary}`, "news");
    told = summary;
  }

  function time(sprint, now, at) {
    if (!sprint) { [eta, room, rate].forEach((each) => say(each, "")); return; }
    const end = sprint.ended_at || now.eta;
    const spare = between(end, sprint.deadline);
    const reached = !now.remaining && !sprint.ended_at;
    say(eta, sprint.ended_at ? `Ended ${moment(sprint.ended_at, at)}` : reached ? "Target reached" : now.eta ? `Target at ${moment(now.eta, at)}` : "No forecast yet");
    const left = between(at, sprint.deadline);
    const due = `deadline ${moment(sprint.deadline, at)}`;
    if (spare === null) say(room, left > 0 ? `${due}, ${span(left)} left` : `${due} has passed`);
    else say(room, spare >= 0 ? `${span(spare)} before the ${due}` : `${span(-spare)} after the ${due}`);
    room.className = spare !== null && spare < 0 ? "bad" : "soft";
    const needed = now.required_per_hour === null ? "" : `, ${perHour(now.required_per_hour)} needed`;
    say(rate, sprint.ended_at ? `${perHour(now.leads_per_hour)} over the whole sprint` : `${perHour(now.leads_per_hour_now ?? now.leads_per_hour)}${needed}`);
  }

  function wrong(state) {
    const real = state.alerts.filter((each) => !each.is_test);
    const critical = real.filter((each) => each.severity === "CRITICAL").length;
    const waiting = real.filter((each) => !each.acked_at).length;
    const away = [["mongo", "MongoDB"], ["redis", "Redis"]].filter(([name]) => !state.stores[name].up).map(([, label]) => label);
    const broken = (state.desk?.parts ?? []).filter((each) => !each.ok);
    alerts.className = `panel ${critical || away.length ? "bad" : real.length || broken.length ? "warn" : "good"} edged`;
    say(open, real.length ? count(real.length) : "No");
    const parts = [critical ? `${critical} critical` : null, real.length && waiting ? `${waiting} not acknowledged` : null].filter(Boolean);
    say(kinds, `open alert${real.length === 1 ? "" : "s"}${parts.length ? `: ${parts.join(", ")}` : ""}`);
    const worst = real.find((each) => each.severity === "CRITICAL") || real[0];
    const down = away.length ? `${away.join(" and ")} ${away.length > 1 ? "are" : "is"} down.` : "";
    say(first, [down, worst?.title].filter(Boolean).join(" ") || broken[0]?.says || "Stores answer, and no rule reports anything.");
    say(money, state.cost.usd === null ? "" : `${usd(state.cost.usd)} of ${usd(state.cost.budget_usd, 0)} spent${state.cost.buying === "on" ? "" : `; ${state.cost.buying}`}`);
  }

  return { roots: [verdict, progress, alerts], update };
}
