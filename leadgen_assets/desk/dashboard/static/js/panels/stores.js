// The stores and the machine: what the sprint stands on.
import { el, say } from "../dom.js";
import { clock, count, megabytes, milliseconds, number, share } from "../format.js";
import { facts } from "./facts.js";
import { meter } from "./vendors.js";

const pair = (s, name) => `${milliseconds(s[`${name}_p50_ms`])}, ${milliseconds(s[`${name}_p95_ms`])}`;
const MONGO = [
  ["Inserts", (s) => (s.insert_per_second === null ? "–" : `${count(s.insert_per_second)}/s while inserting`)], ["Insert p50, p95", (s) => pair(s, "insert")], ["Query p50, p95", (s) => pair(s, "query")],
  ["Pool in use", (s) => (s.pool_in_use === null ? "–" : `${count(s.pool_in_use)} of ${count(s.pool_size)}`)], ["Wait for pool p95", (s) => milliseconds(s.pool_wait_p95_ms)],
  ["Connections", (s) => count(s.mongo.connections)], ["Slow queries, last hour", (s) => count(s.mongo.slow_queries)], ["Data and indexes", (s) => megabytes(s.mongo.disk_mb)],
];
const REDIS = [
  ["Duplicate check p50, p95", (s) => pair(s, "claim")], ["Look-ups that hit", (s) => share(s.redis.hit_rate)], ["Commands", (s) => (s.redis.ops_per_second === null ? "–" : `${count(s.redis.ops_per_second)}/s`)],
  ["Keys", (s) => count(s.redis.keys)], ["Memory", (s) => `${megabytes(s.redis.memory_mb)}${s.redis.memory_share === null ? "" : ` (${share(s.redis.memory_share)})`}`],
];

export const mongo = () => store("mongo", "MongoDB", MONGO);
export const redis = () => store("redis", "Redis", REDIS);

function store(name, label, figures) {
  const state = el("span", { class: "tag" });
  const as_of = el("span", { class: "soft" });
  const list = facts(figures.map(([text]) => text));
  const root = el("section", { class: "panel wide-4", id: name, "data-source": name, "aria-labelledby": `${name}-title` },
    el("h2", { id: `${name}-title`, text: label }), el("p", { class: "line" }, state, " ", as_of), list.root);
  return {
    root,
    update(found) {
      const stores = found.stores;
      say(state, stores[name].up ? "answers" : "down");
      state.className = `tag ${stores[name].up ? "good" : "bad"}`;
      say(as_of, stores[name].up ? "" : `figures of ${clock(stores[name].as_of)} UTC`);
      list.show(figures.map(([, text]) => text(stores)));
    },
  };
}

const MACHINE = [["cpu", "CPU"], ["memory", "Memory"], ["disk", "Disk"]];

export function machine() {
  const meters = MACHINE.map(([name, label]) => [name, meter(label, [0.8])]);
  const list = facts(["Memory in use", "Disk free", "Network in, out", "Load"]);
  const root = el("section", { class: "panel wide-4", id: "machine", "aria-labelledby": "machine-title" }, el("h2", { id: "machine-title", text: "Machine" }),
    el("dl", { class: "meters" }, ...meters.flatMap(([, each], place) => [el("dt", { text: MACHINE[place][1] }), el("dd", {}, each.root, each.text)])), list.root);
  return {
    root,
    update(state) {
      const found = state.machine;
      for (const [name, each] of meters) each.show(found[name], share(found[name]));
      const kb = (value) => (value === null ? "–" : `${number(value)} kB/s`);
      list.show([megabytes(found.memory_mb), `${number(found.disk_free_gb)} GB`, `${kb(found.net_in_kbps)}, ${kb(found.net_out_kbps)}`, number(found.load)]);
    },
  };
}
