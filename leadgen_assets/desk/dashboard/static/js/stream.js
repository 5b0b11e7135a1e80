// The stream of the state. Closed while the tab is hidden: a browser has six connections for a server, so the seventh
// open tab would hang. Says when the connection is lost, and comes back by itself.
import { applied } from "./changes.js";

const SILENT_MS = 9000; // something comes every four seconds at the latest
const PAUSES_MS = [500, 1000, 2000, 4000];

/** `on`: {state(state), point(point), series(series), connection(word)}; words: connecting, live, lost, resting. */
export function follow(address, on) {
  let source = null;
  let state = null;
  let heard = 0;
  let failures = 0;
  let again = null;

  function open() {
    close();
    heard = Date.now();
    source = new EventSource(address);
    source.addEventListener("state", (event) => { state = JSON.parse(event.data); alive(); on.state(state); });
    source.addEventListener("change", (event) => {
      if (state === null) return;
      state = applied(state, JSON.parse(event.data));
      alive();
      on.state(state);
    });
    source.addEventListener("point", (event) => { alive(); on.point(JSON.parse(event.data)); });
    source.addEventListener("series", (event) => { alive(); on.series(JSON.parse(event.data)); });
    source.addEventListener("beat", alive);
    source.onerror = lost;
  }

  function alive() {
    heard = Date.now();
    failures = 0;
    on.connection("live");
  }

  function lost() {
    close();
    if (document.hidden) return;
    on.connection("lost");
    const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
    failures += 1;
    again = setTimeout(open, pause);
  }

  function close() {
    clearTimeout(again);
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { close(); on.connection("resting"); }
    else { on.connection("connecting"); open(); }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  setInterval(() => { if (source && Date.now() - heard > SILENT_MS) lost(); }, 1000);
  if (document.hidden) on.connection("resting");
  else open();
}
