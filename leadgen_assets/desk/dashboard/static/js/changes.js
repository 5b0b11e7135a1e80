// Makes the changes that the server sends (desk/dashboard/changes.py): [path, value], or [path] for what is gone.

export function applied(state, changes) {
  const holder = { "": state };
  for (const [path, ...value] of changes) {
    const keys = ["", ...path];
    let place = holder;
    for (const key of keys.slice(0, -1)) place = place[key];
    const last = keys[keys.length - 1];
    if (value.length) place[last] = value[0];
    else delete place[last];
  }
  return holder[""];
}
