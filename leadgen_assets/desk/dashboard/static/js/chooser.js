// Which sprint: the latest, or one of the past.
import { el } from "./dom.js";

export async function knownSprints() {
  const answer = await fetch("/api/sprints");
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || `the server answered ${answer.status}`);
  return (await answer.json()).sprints;
}

export async function choose(select, chosen) {
  select.addEventListener("change", () => { location.search = select.value ? `?sprint=${encodeURIComponent(select.value)}` : ""; });
  try {
    for (const each of await knownSprints()) select.append(el("option", { value: each.key, text: `${each.key} (${each.state})`, selected: each.key === chosen }));
  } catch { /* the stream says what is wrong; the latest sprint is followed all the same */ }
}
