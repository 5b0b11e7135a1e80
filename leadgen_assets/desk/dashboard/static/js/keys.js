// Keys for those who do not use a mouse. Single keys can be switched off (WCAG 2.1.4).
const KEY = "leadgen-single-keys";
const areOn = () => { try { return localStorage.getItem(KEY) !== "off"; } catch { return true; } };

/** `shortcuts`: {key: handler}; "?" is always there. */
export function listen(shortcuts = {}) {
  const dialog = document.getElementById("keys-dialog");
  const box = document.getElementById("keys-on");
  box.checked = areOn();
  box.addEventListener("change", () => { try { localStorage.setItem(KEY, box.checked ? "on" : "off"); } catch { /* this page only */ } });
  const show = () => { if (!dialog.open) dialog.showModal(); };
  document.getElementById("keys").addEventListener("click", show);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !box.checked) return;
    if (event.target.matches("input, select, textarea") || document.querySelector("dialog[open]")) return;
    const handler = event.key === "?" ? show : shortcuts[event.key];
    if (!handler) return;
    event.preventDefault();
    handler(event);
  });
}

/** Tell a screen reader, once: what somebody did ("said"), or how the sprint stands ("news"). */
export function announce(text, where = "said") {
  const place = document.getElementById(where);
  if (place.textContent !== text) place.textContent = text;
}
