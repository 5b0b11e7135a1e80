// What is away, said at the top, with the time of the figures that are still shown.
import { el, keep, say } from "../dom.js";
import { clock } from "../format.js";

export function notices(place) {
  let lost = null;
  let latest = null;

  function draw() {
    const found = [];
    if (lost) found.push({ key: "lost", text: `Connection lost. These figures are of ${clock(lost)} UTC; trying again until the desk answers.`, level: "bad" });
    if (latest) {
      for (const [name, label] of [["mongo", "MongoDB"], ["redis", "Redis"]]) {
        const store = latest.stores[name];
        if (!store.up) found.push({ key: name, text: `${label} is down; the marked figures are ${store.as_of ? `of ${clock(store.as_of)} UTC` : "not known"}. ${sentence(store.says)}`, level: "bad" });
      }
      for (const part of latest.desk?.parts ?? []) if (!part.ok) found.push({ key: `part-${part.name}`, text: part.says, level: "warn" });
    }
    keep(place, found, (each) => each.key, () => el("p", { role: "alert" }), (child, each) => { child.className = `notice ${each.level}`; say(child, each.text); });
    document.body.classList.toggle("lost", Boolean(lost));
    document.body.classList.toggle("no-redis", Boolean(latest && !latest.stores.redis.up));
    document.body.classList.toggle("no-mongo", Boolean(latest && !latest.stores.mongo.up));
  }

  return {
    update(state) { latest = state; draw(); },
    connection(word) {
      if (word === "lost" && !lost) lost = latest?.at ?? new Date().toISOString();
      if (word === "live") lost = null;
      draw();
    },
  };
}

const sentence = (text) => (text ? `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/[.\s]*$/, "")}.` : "");
