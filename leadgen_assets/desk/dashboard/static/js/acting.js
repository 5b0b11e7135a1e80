// Acknowledge and resolve. Who did it goes on record: the name is asked for once and kept in this browser.
import { announce } from "./keys.js";

const NAME = "leadgen-name";
const myName = () => { try { return localStorage.getItem(NAME) || ""; } catch { return ""; } };

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error || `the server answered ${answer.status}`);
  return said;
}

/** The acknowledged alert, or null with the reason announced. */
export async function acknowledge(alert) {
  try {
    const done = await post(`/api/alerts/${encodeURIComponent(alert.id)}/ack`, { by: myName() });
    announce(`Acknowledged by ${done.acked_by}: ${alert.title}`);
    return done;
  } catch (error) {
    announce(`Not acknowledged: ${error.message}`);
    return null;
  }
}

/** Asks for a reason first; the resolved alert, or null. */
export function resolve(alert) {
  const dialog = document.getElementById("resolve-dialog");
  const reason = document.getElementById("resolve-reason");
  const by = document.getElementById("resolve-by");
  document.getElementById("resolve-what").textContent = alert.title;
  reason.value = "";
  by.value = myName() || document.body.dataset.me;
  dialog.returnValue = "";
  dialog.showModal();
  reason.focus();
  return new Promise((settle) => {
    dialog.addEventListener("close", async () => {
      if (dialog.returnValue !== "yes") { settle(null); return; }
      try { localStorage.setItem(NAME, by.value); } catch { /* asked again next time */ }
      try {
        const done = await post(`/api/alerts/${encodeURIComponent(alert.id)}/resolve`, { by: by.value, reason: reason.value });
        announce(`Resolved: ${alert.title}`);
        settle(done);
      } catch (error) {
        announce(`Not resolved: ${error.message}`);
        settle(null);
      }
    }, { once: true });
  });
}
