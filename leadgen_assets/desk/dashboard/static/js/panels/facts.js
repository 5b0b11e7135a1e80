// A list of names and figures.
import { el, say } from "../dom.js";

export function facts(labels) {
  const values = labels.map(() => el("dd"));
  const root = el("dl", { class: "facts" }, ...labels.flatMap((label, place) => [el("dt", { text: label }), values[place]]));
  return { root, show(texts) { texts.forEach((text, place) => say(values[place], text)); } };
}
