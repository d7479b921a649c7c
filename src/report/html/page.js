"use strict";
// Everything below writes text with textContent only: mail is never markup.
const data = JSON.parse(document.getElementById("data").textContent);
const make = (name, attributes, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "onclick") node.addEventListener("click", value);
    else node.setAttribute(key, value);
  }
  for (const child of children) if (child !== null && child !== undefined) node.append(child);
  return node;
};

// Sorting: a click on a column's head, or Enter on it.
const value = (row, column) => {
  const cell = row.cells[column];
  if (!cell) return "";
  const key = cell.dataset.key;
  return key === undefined ? cell.textContent : key === "" ? -Infinity : Number(key);
};
const compare = (a, b) =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
for (const table of document.querySelectorAll("table.sortable")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") === "descending" ||
        (!head.hasAttribute("aria-sort") && !head.classList.contains("n"));
      for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const body = table.tBodies[0];
      const rows = [...body.rows].sort((a, b) => (ascending ? 1 : -1) * compare(value(a, column), value(b, column)));
      body.append(...rows);
    });
  });
}

// Filters over a table's text.
for (const input of document.querySelectorAll("input[data-filter]")) {
  const table = document.getElementById(input.dataset.filter);
  const count = input.closest(".tools").querySelector("output");
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${table.tBodies[0].rows.length} shown`;
  };
  input.addEventListener("input", apply);
  apply();
}

// Evidence as a tree.
const leaf = (one) => {
  const item = make("li", {}, make("code", {}, `${one.path} = `), make("q", {}, typeof one.value === "string" ? one.value : JSON.stringify(one.value)));
  if (one.length) item.append(` (${one.length} characters in all)`);
  if (one.found) item.append(" found ", make("q", {}, make("mark", {}, one.found.text)), " by ", make("code", {}, one.found.by));
  if (one.location) item.append(` in ${one.location.place}`);
  return item;
};
const tree = (evidence) => {
  const item = make("li", {}, make("code", { class: evidence.truth, title: evidence.at || "" }, evidence.clause));
  const parts = [...(evidence.values || []).map(leaf), ...(evidence.because || []).map(tree)];
  if (evidence.left_out) parts.push(make("li", { class: "note" }, `${evidence.left_out} more not shown`));
  if (parts.length) item.append(make("ul", {}, ...parts));
  return item;
};
const details = (message) => {
  const box = make("div", { class: "evidence" });
  const known = data.evidence[message.i];
  if (known) box.append(make("p", {}, "From ", make("q", {}, known.from), " Subject ", make("q", {}, known.subject)));
  if (known && known.auth) box.append(make("p", {}, "Authentication ", make("q", {}, known.auth)));
  const section = (title, rules) => {
    if (!rules || !rules.length) return;
    for (const index of rules) {
      const found = known && known.rules.find((one) => one.rule === index);
      box.append(make("h3", {}, `${title} ${data.rules[index]}`));
      box.append(found ? make("ul", {}, tree(found.evidence)) : make("p", { class: "note" }, "No evidence is kept for it in this report."));
    }
  };
  section("Matched", message.m);
  for (const [title, rules] of [["Suppressed", message.s], ["Undecided", message.u], ["Over budget", message.o]])
    if (rules) box.append(make("p", {}, `${title}: ${rules.map((index) => data.rules[index]).join(", ")}`));
  if (!message.m.length) box.append(make("p", { class: "note" }, "No rule matched. `ruleeval explain` shows the nearest misses."));
  if (message.c) box.append(make("p", { class: "note" }, `Campaign ${message.c}`));
  return box;
};

// Messages: pages over what the filters leave.
const body = document.querySelector("#messages tbody");
const state = { page: 0, size: 50, text: "", kind: "wrong", open: new Set() };
const controls = { text: document.getElementById("m-text"), kind: document.getElementById("m-kind"), rule: document.getElementById("m-rule") };
data.rules.forEach((name, index) => controls.rule.append(make("option", { value: index }, name)));
if (!data.messages.some((message) => message.w)) controls.kind.value = state.kind = "all";
const wanted = (message) => {
  if (state.kind === "wrong" && !message.w) return false;
  if (state.kind === "evidence" && !data.evidence[message.i]) return false;
  if (["fp", "fn"].includes(state.kind) && message.w !== state.kind) return false;
  if (state.kind === "hit" && !message.m.length) return false;
  if (state.rule !== undefined && !message.m.includes(state.rule)) return false;
  const text = `${message.id} ${message.l} ${message.a} ${message.c || ""}`.toLowerCase();
  return state.text.split(/\s+/).every((word) => text.includes(word));
};
const kinds = { fp: "false positive", fn: "missed" };
const draw = () => {
  const found = data.messages.filter(wanted);
  const pages = Math.max(1, Math.ceil(found.length / state.size));
  state.page = Math.min(Math.max(state.page, 0), pages - 1);
  body.replaceChildren();
  for (const message of found.slice(state.page * state.size, (state.page + 1) * state.size)) {
    const open = state.open.has(message.i);
    const cell = make("td", { class: "id" }, make("button", { type: "button", "aria-expanded": String(open), onclick: () => {
      if (open) state.open.delete(message.i); else state.open.add(message.i);
      draw();
      body.querySelector(`[data-message="${message.i}"] button`).focus();
    } }, make("bdi", {}, message.id)));
    body.append(make("tr", { "data-message": message.i }, cell, make("td", {}, message.l), make("td", {}, message.a),
      make("td", { class: "n" }, message.p), make("td", { class: "bad" }, kinds[message.w] || ""),
      make("td", { class: "n" }, String(message.m.length)), make("td", {}, message.d || "")));
    if (open) body.append(make("tr", {}, make("td", { colspan: 7 }, details(message))));
  }
  document.getElementById("m-count").textContent = `${found.length} messages, page ${state.page + 1} of ${pages}`;
};
const change = () => {
  state.text = controls.text.value.toLowerCase().trim();
  state.kind = controls.kind.value;
  state.rule = controls.rule.value === "" ? undefined : Number(controls.rule.value);
  state.page = 0;
  draw();
};
for (const control of Object.values(controls)) control.addEventListener("input", change);
document.getElementById("m-back").addEventListener("click", () => { state.page -= 1; draw(); });
document.getElementById("m-next").addEventListener("click", () => { state.page += 1; draw(); });
// A rule's name leads to its messages, a message's id to its evidence.
for (const button of document.querySelectorAll("button[data-rule]")) button.addEventListener("click", () => {
  controls.rule.value = button.dataset.rule;
  controls.kind.value = "all";
  change();
  document.getElementById("all-messages").scrollIntoView();
});
for (const button of document.querySelectorAll("button[data-open]")) {
  const message = data.messages.find((one) => one.i === Number(button.dataset.open));
  // Of a large run the page holds only some messages; the JSON form has them all.
  button.disabled = !message;
  button.addEventListener("click", () => {
    Object.assign(controls.kind, { value: "all" });
    controls.rule.value = "";
    controls.text.value = message.id;
    state.open.add(message.i);
    change();
    document.getElementById("all-messages").scrollIntoView();
  });
}
draw();
document.documentElement.dataset.ready = "yes";
