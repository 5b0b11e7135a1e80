// A page's content, or why there is none.
import { el } from "./dom.js";

export async function ask(address) {
  let answer;
  try { answer = await fetch(address); } catch { throw new Error("The desk does not answer. Is it running? This page tries again by itself."); }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error || `The server answered ${answer.status}.`);
  return said;
}

/** Draw now and every few seconds while the tab is visible; a failure is said in place of the content. */
export function refresh(place, seconds, draw) {
  const notice = el("p", { class: "notice bad", role: "alert", hidden: true });
  place.before(notice);
  const once = async () => {
    if (document.hidden) return;
    try {
      await draw();
      notice.hidden = true;
    } catch (error) {
      notice.textContent = error.message;
      notice.hidden = false;
    }
  };
  once();
  setInterval(once, seconds * 1000);
  document.addEventListener("visibilitychange", once);
  return once;
}
