// The live page: puts the panels together and keeps them up to date.
import { mark, say } from "./dom.js";
import { listen } from "./keys.js";
import { alertsPanel } from "./panels/alerts.js";
import * as charts from "./panels/charts.js";
import { cost } from "./panels/cost.js";
import { figures } from "./panels/figures.js";
import { notices } from "./panels/notices.js";
import { gates, scores, validation } from "./panels/quality.js";
import { segments } from "./panels/segments.js";
import { machine, mongo, redis } from "./panels/stores.js";
import { top } from "./panels/top.js";
import { vendors } from "./panels/vendors.js";
import { choose } from "./chooser.js";
import { follow } from "./stream.js";

const WORDS = { live: "live", lost: "connection lost", connecting: "connecting …", resting: "resting" };

const chosen = new URLSearchParams(location.search).get("sprint");
const first = top();
const alerts = alertsPanel();
const drawn = [charts.collected(), charts.pace(), charts.quality(), charts.errors(), charts.spent(), charts.latency(), charts.load(), charts.network()];
const [collected, pace, quality, errors, spent, latency, load, network] = drawn;
const panels = [
  alerts, segments(), collected, pace, quality, vendors(), gates(), scores(), validation(), cost(), errors, spent, latency,
  mongo(), redis(), machine(), load, network,
];
document.getElementById("top").append(...first.roots);
document.getElementById("panels").append(...panels.map((each) => each.root));
const cards = figures(document.getElementById("figures"));
const told = notices(document.getElementById("notices"));
const connection = document.getElementById("connection");

listen({ a: () => alerts.acknowledgeFocused() });
choose(document.getElementById("sprint"), chosen);
follow(`/api/stream${chosen ? `?sprint=${encodeURIComponent(chosen)}` : ""}`, {
  state(state) {
    for (const each of [first, cards, told, ...panels]) each.update(state);
    say(document.getElementById("title"), state.sprint ? `Sprint ${state.sprint.key}` : "No sprint yet");
    mark(document.body, "data-at", state.at);
  },
  series(series) { for (const each of drawn) each.series(series); },
  point(point) { for (const each of drawn) each.point(point); },
  connection(word) {
    say(connection, WORDS[word]);
    mark(connection, "data-word", word);
    told.connection(word);
  },
});
