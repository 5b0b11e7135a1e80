// Elements made of tags and text. Text is always textContent: whatever a sprint or a vendor is called stays text.

/** An element. `props`: class, text, or any attribute; `on`: {event: handler}; null and false are left out. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") made.textContent = value;
    else if (name === "on") for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((each) => each !== null && each !== undefined));
  return made;
}

/** Change text only where it differs, so that nothing is drawn, or read out, for nothing. */
export function say(element, text) {
  const wanted = text ?? "";
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Set, or with null remove, an attribute, where it differs. */
export function mark(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Keep one child a key: made once, updated after that, in order. Focus stays where it is. */
export function keep(parent, items, keyOf, make, update) {
  const known = new Map([...parent.children].map((each) => [each.dataset.key, each]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = known.get(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
    }
    known.delete(key);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    update(child, item);
  }
  for (const gone of known.values()) gone.remove();
}

/** A link, or plain text when there is nowhere to go. Addresses other than http and our own are no links. */
export function link(text, href, props = {}) {
  const isSafe = typeof href === "string" && /^(https?:\/\/|\/(?!\/)|#)/.test(href);
  return isSafe ? el("a", { href, text, ...props }) : el("span", { text, ...props });
}

/** A table that scrolls by itself when it is wider than its place, also from the keyboard. */
export function table(label, heads, body) {
  const row = el("tr", {}, ...heads.map((head) => el("th", { scope: "col", class: head.number ? "n" : null, text: head.text })));
  const made = el("table", {}, el("caption", { class: "unseen", text: label }), el("thead", {}, row), body);
  return el("div", { class: "scroll", role: "region", "aria-label": `Table: ${label}`, tabindex: "0" }, made);
}
