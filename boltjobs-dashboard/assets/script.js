// What the pages do beyond what a browser does by itself: they keep up to date, listen to keys, select, ask before they
// delete, and copy. All of it is extra. A page is whole without this file, and each action here presses a button of the page.
"use strict";

const root = document.documentElement;
const base = root.dataset.base;
const byId = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** Makes an element. What this file puts into a page is marked, so that an update of the page leaves it alone. */
function make(tag, properties = {}, ...children) {
  const { data = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, { made: "", ...data });
  element.append(...children);
  return element;
}

/** Writes a text only if it is another one: nothing is drawn or read out twice. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What somebody has chosen stays in their browser. Without a store, as in some private windows, it lasts for the page. */
const choices = new Map();
function recall(name) {
  try {
    return localStorage.getItem(`boltjobs-${name}`) ?? choices.get(name);
  } catch {
    return choices.get(name);
  }
}
function remember(name, value, cookie = false) {
  choices.set(name, value);
  try {
    localStorage.setItem(`boltjobs-${name}`, value);
  } catch {
    // The map has it.
  }
  // The server reads it, so that the next page comes as it is wanted.
  if (cookie) document.cookie = `boltjobs-${name}=${value}; path=${base || "/"}; max-age=31536000; samesite=strict`;
}

// ---- The line that says how it goes ----

let trouble = "";
let note = "";
let noteEnds = 0;

function say(text) {
  note = text;
  noteEnds = Date.now() + 4000;
  showStatus();
}

function showStatus() {
  const line = byId("status");
  if (Date.now() > noteEnds) note = "";
  const text = note || (trouble && `${trouble} What is shown is ${span((Date.now() - fresh) / 1000)} old.`);
  write(line, text);
  line.hidden = !text;
}

// ---- Time ----

// The clock of the server rules: that of this machine may be wrong.
let skew = Date.parse(root.dataset.now) - Date.now();
const UNITS = [["w", 604800], ["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

/** Writes a span as the server does: `1h30m`. */
function span(seconds) {
  let [text, rest] = ["", Math.max(0, Math.floor(seconds))];
  for (const [unit, size] of UNITS) {
    if (rest >= size) text += Math.floor(rest / size) + unit;
    rest %= size;
  }
  return text || "0s";
}

/** Writes how far an instant is, as the server does: to the second within an hour, to the minute within a day. */
function relative(at) {
  const apart = at - Date.now() - skew;
  const seconds = Math.floor(Math.abs(apart) / 1000);
  const text = span(seconds - (seconds % (seconds < 3600 ? 1 : seconds < 86400 ? 60 : 3600)));
  return apart > 0 ? `in ${text}` : `${text} ago`;
}

const TWO = "2-digit";
const PARTS = { year: "numeric", month: TWO, day: TWO, hour: TWO, minute: TWO, second: TWO, timeZoneName: "short" };

/** Writes an instant in the time zone that was chosen. Swedish dates are written as ISO 8601 has them. */
function absolute(datetime) {
  if (root.dataset.zone !== "browser") return datetime;
  return new Date(datetime).toLocaleString("sv", PARTS);
}

function showTimes() {
  for (const time of all("time[datetime]")) {
    const { relative: isRelative, lasting } = time.dataset;
    const at = Date.parse(time.dateTime);
    if (isRelative !== undefined) write(time, relative(at));
    // Below ten seconds the server is more exact than this could be.
    else if (lasting !== undefined) write(time, span((Date.now() + skew - at) / 1000));
    else write(time, absolute(time.dateTime));
    if (isRelative !== undefined || lasting !== undefined) time.title = absolute(time.dateTime);
  }
}

// ---- Updates: the page is fetched again, and its live regions are brought up to it ----

let live = recall("live") !== "off";
let stale = false; // Something has changed since the page was fetched.
let fetching = false;
let fresh = Date.now(); // When what is shown was true.
let pressed = false; // A button of the mouse is down: what is under it stays, so that the click arrives.
const pending = new Map(); // Lists that wait until nobody points at them.

/** The address of the page, without what tells of an action that is past. */
function address() {
  const url = new URL(location.href);
  url.searchParams.delete("did");
  url.hash = "";
  return url;
}

/** Shows what has changed, if somebody sees it. Hidden pages catch up when they are shown. */
async function sync() {
  if (!live || !stale || fetching || pressed || document.hidden || !document.querySelector("[data-live]")) return;
  [fetching, stale] = [true, false];
  try {
    const headers = { "X-Boltjobs-Live": "1" };
    const answer = await fetch(address(), { headers, cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (answer.redirected || answer.status === 401 || answer.status === 403) {
      trouble = "The server does not know you any more; reload the page.";
    } else if (answer.status === 404) {
      trouble = "What this page tells of is not there any more.";
    } else if (!answer.ok) {
      trouble = `The store does not answer (${answer.status}); trying again.`;
    } else {
      update(new DOMParser().parseFromString(await answer.text(), "text/html"));
      [trouble, fresh] = ["", Date.now()];
    }
  } catch {
    trouble = "The server can't be reached; trying again.";
  }
  fetching = false;
  showStatus();
  showLive();
}

function update(page) {
  skew = Date.parse(page.documentElement.dataset.now) - Date.now();
  for (const region of all("[data-live]")) {
    const next = page.getElementById(region.id);
    // Where there was only a reason why there is no page, there is one now.
    if (!next && region.id === "unavailable") location.reload();
    if (!next) continue;
    if (isHeld(region, next)) hold(region, next);
    else replace(region, next);
  }
  const footer = page.querySelector("footer");
  if (footer) morph(document.querySelector("footer"), footer);
  dress();
}

function replace(region, next) {
  pending.delete(region);
  region.querySelector(".pill")?.remove();
  morph(region, next);
}

/** Says whether a region has to stay: somebody selects text in it, or points at a list whose rows would move. */
function isHeld(region, next) {
  const selection = getSelection();
  if (!selection.isCollapsed && region.contains(selection.anchorNode)) return true;
  const rows = all("tbody tr", region);
  if (region.dataset.list === undefined || rows.length === 0) return false;
  const order = (list) => list.map(keyOf).join("\n");
  const pointed = (matchMedia("(hover: hover)").matches && region.matches(":hover")) || region.contains(document.activeElement);
  return pointed && order(rows) !== order(all("tbody tr", next));
}

/** Keeps an update of a list for later, and offers it. */
function hold(region, next) {
  pending.set(region, next);
  if (region.dataset.list === undefined) return;
  const plain = (row) => {
    const copy = row.cloneNode(true);
    for (const time of all("time", copy)) time.replaceChildren();
    for (const made of all("[data-made]", copy)) made.remove();
    return copy.textContent;
  };
  const shown = new Map(all("tbody tr", region).map((row) => [keyOf(row), plain(row)]));
  const coming = new Map(all("tbody tr", next).map((row) => [keyOf(row), plain(row)]));
  const changed = [...coming].filter(([key, text]) => shown.get(key) !== text).length;
  const gone = [...shown.keys()].filter((key) => !coming.has(key)).length;
  const text = changed + gone === 1 ? "1 change, show" : `${changed + gone} changes, show`;
  const pill = region.querySelector(".pill") ?? make("button", { type: "button", className: "pill" });
  write(pill, text);
  pill.onclick = () => release(region);
  if (!pill.isConnected) region.prepend(pill);
}

function release(region) {
  const next = pending.get(region);
  if (!next) return;
  const within = region.contains(document.activeElement);
  replace(region, next);
  dress();
  // The pill is gone, and with it the place of whoever pressed it by key.
  if (within && !region.contains(document.activeElement)) region.querySelector("tbody a")?.focus({ preventScroll: true });
}

/** What tells a node from its siblings wherever it moves: its id, or the first link of a row. */
function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return undefined;
  // A form with a field of the name `id` gives that field for `form.id`.
  return node.getAttribute("id") || (node.tagName === "TR" && node.querySelector("a[href]")?.getAttribute("href")) || undefined;
}

/**
 * Makes a node like another one of the same kind. Nodes that stay are changed and not replaced, so that focus, marks,
 * open details and scroll positions stay too.
 */
function morph(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  for (const { name } of [...from.attributes]) {
    const kept = name === "open" || name === "disabled";
    if (!to.hasAttribute(name) && !kept) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value && name !== "open") from.setAttribute(name, value);
  }
  // The texts of times are ours.
  if (from.tagName === "TIME") return;
  const old = [...from.childNodes].filter((node) => node.dataset?.made === undefined);
  const keyed = new Map(old.filter(keyOf).map((node) => [keyOf(node), node]));
  const left = new Set(old);
  const alike = (node, next) => node.nodeName === next.nodeName && keyOf(node) === keyOf(next);
  let at = 0;
  for (const next of to.childNodes) {
    while (at < old.length && !left.has(old[at])) at += 1;
    const key = keyOf(next);
    const same = key ? keyed.get(key) : old[at] && alike(old[at], next) ? old[at] : undefined;
    if (same && left.has(same) && same.nodeName === next.nodeName) {
      left.delete(same);
      // What stands in its place already is not moved: a move would take the focus.
      if (same !== old[at]) from.insertBefore(same, old[at] ?? null);
      morph(same, next);
    } else {
      from.insertBefore(document.importNode(next, true), old[at] ?? null);
    }
  }
  for (const node of left) node.remove();
}

// ---- The stream of changes: one for all pages of a browser, held by one that is seen ----

// Browsers open six connections to a server at most, so ten pages must not each keep one.
const name = `boltjobs-events${base}`;
const channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : undefined;
const canStream = channel && "EventSource" in window && navigator.locks;
let connected = false;
let stream; // Set in the page that holds the stream.
let giveUp; // Lets the next page hold it.
let asked = Date.now(); // When it was last asked without a stream.

function heard(revision) {
  stale = true;
  if (stream) channel.postMessage({ revision });
  sync();
}

function setConnected(is) {
  connected = is;
  if (stream) channel.postMessage({ connected: is });
  showLive();
}

function open() {
  stream = new EventSource(`${base}/events`);
  stream.onopen = () => setConnected(true);
  stream.addEventListener("change", (event) => heard(event.data));
  stream.onerror = () => {
    setConnected(false);
    // It comes back by itself, unless the server has answered with an error.
    if (stream?.readyState === EventSource.CLOSED) setTimeout(() => stream && open(), 5000);
  };
}

/** Waits for its turn to hold the stream. */
function lead() {
  if (!canStream || giveUp) return;
  const ended = new AbortController();
  giveUp = () => {
    ended.abort();
    giveUp = undefined;
  };
  const hold = () =>
    new Promise((done) => {
      if (ended.signal.aborted) return done();
      open();
      ended.signal.addEventListener("abort", () => {
        stream?.close();
        stream = undefined;
        done();
      });
    });
  // It is an error of the lock that the page was hidden before its turn came.
  navigator.locks.request(name, { signal: ended.signal }, hold).catch(() => {});
  channel.postMessage({ who: true });
}

channel?.addEventListener("message", ({ data }) => {
  if (data.who && stream) channel.postMessage({ connected });
  if (stream) return;
  if (data.connected !== undefined) setConnected(data.connected);
  if (data.revision) heard(data.revision);
});

/** Looks what has changed while nobody looked. The stream tells at once as it opens; another page's may have told before. */
function catchUp() {
  if (document.hidden || !live) return giveUp?.();
  stale = true;
  lead();
  setTimeout(sync, 1000);
}

function showLive() {
  const button = byId("live");
  const lost = Boolean(trouble) || (live && !connected);
  const age = span((Date.now() - fresh) / 1000);
  // While the stream is open and silent, what is shown is true.
  if (live && connected && !stale && !trouble) fresh = Date.now();
  const word = !live ? `Paused · ${age}` : trouble ? `Lost · ${age}` : connected ? "Live" : `Every 5s · ${age}`;
  write(button.querySelector(".word"), word);
  button.setAttribute("aria-pressed", live);
  button.classList.toggle("lost", Boolean(trouble));
  button.title = live ? "The page keeps up to date; press to pause (l)" : "The page stands still; press to go on (l)";
  button.querySelector("use").setAttribute("href", live && !lost ? "#i-live" : "#i-pause");
}

function switchLive() {
  live = !live;
  remember("live", live ? "on" : "off");
  trouble = "";
  catchUp();
  showLive();
  showStatus();
}

// ---- Theme and time zone ----

const THEMES = ["system", "light", "dark"];

function setTheme(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  const word = theme[0].toUpperCase() + theme.slice(1);
  write(byId("theme").querySelector(".word"), word);
  byId("theme").title = `Theme: ${theme}; press for the next one (t)`;
}

function nextTheme() {
  const theme = THEMES[(THEMES.indexOf(recall("theme") ?? root.dataset.theme ?? "system") + 1) % 3];
  remember("theme", theme, true);
  setTheme(theme);
  say(`Theme: ${theme}`);
}

function setZone(zone) {
  root.dataset.zone = zone;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  write(byId("zone").querySelector(".word"), zone === "browser" ? here.split("/").pop().replaceAll("_", " ") : "UTC");
  byId("zone").title = zone === "browser" ? `Times are those of ${here}; press for UTC` : `Times are UTC; press for ${here}`;
  showTimes();
}

function nextZone() {
  const zone = root.dataset.zone === "browser" ? "utc" : "browser";
  remember("zone", zone, true);
  setZone(zone);
}

// ---- Lists: marks, and buttons that wait for them ----

const boxesOf = (form) => all("tbody input[type=checkbox]", form);
let lastBox;

function markAll(form, marked) {
  for (const box of boxesOf(form)) box.checked = marked;
  dress();
}

/** Gives what has just come its extras, and takes account of the marks. */
function dress() {
  for (const form of all("form.bulk")) {
    const boxes = boxesOf(form);
    const chosen = boxes.filter((box) => box.checked).length;
    let head = form.querySelector("thead input");
    if (!head) {
      head = make("input", { type: "checkbox", ariaLabel: "Select all on this page" });
      head.addEventListener("change", () => markAll(form, head.checked));
      form.querySelector("thead th").prepend(head);
    }
    head.checked = chosen > 0 && chosen === boxes.length;
    head.indeterminate = chosen > 0 && chosen < boxes.length;
    const marked = form.querySelector(".marked");
    if (marked) write(marked, chosen ? `${chosen} selected` : "Select rows to act on them");
    for (const button of all(".actions button", form)) button.disabled = chosen === 0;
  }
  for (const head of all("[data-list] tbody th:not(:has(> .dots)):has(a[href])")) {
    const dots = make("button", { type: "button", className: "dots", ariaLabel: "Actions", tabIndex: -1 });
    dots.addEventListener("click", () => showRow(head.parentNode));
    head.append(dots);
  }
  if (navigator.clipboard) {
    for (const block of all("main pre:not(:has(> .copy))")) block.prepend(copier(() => textOf(block)));
    for (const id of all("[data-copy]")) {
      if (!id.nextElementSibling?.matches(".copy")) id.after(copier(() => textOf(id)));
    }
  }
  for (const plot of all(".plot[data-steps]:not(:has(> .range))")) zoomable(plot);
  showTimes();
}

function textOf(element) {
  const copy = element.cloneNode(true);
  for (const made of all("[data-made]", copy)) made.remove();
  return copy.textContent;
}

function copier(text) {
  const button = make("button", { type: "button", className: "copy" }, "Copy");
  button.addEventListener("click", () => copy(text()));
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    say("The browser does not let this page copy.");
  }
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("form.bulk tbody input[type=checkbox]");
  if (!box) return;
  const boxes = boxesOf(box.form);
  const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
  lastBox = box;
  dress();
});

// ---- Completion: the word at the cursor, by the words that the page lists ----

for (const box of all("input[list]")) {
  const words = [...box.list.options].map((option) => option.value);
  box.addEventListener("input", () => {
    const [text, end] = [box.value, box.selectionStart];
    const start = text.lastIndexOf(" ", end - 1) + 1;
    const fit = words.filter((word) => word !== text.slice(start, end) && word.startsWith(text.slice(start, end)));
    const whole = (word) => make("option", { value: text.slice(0, start) + word + text.slice(end) });
    box.list.replaceChildren(...fit.slice(0, 20).map(whole));
  });
}

// ---- Charts ----

/** Has a range of a chart chosen. It is a drawing of the same size: nothing here may set how a thing looks. */
function zoomable(plot) {
  const { step, steps } = plot.dataset;
  const width = Math.floor(600 / steps);
  const range = plot.querySelector("[role=img]").cloneNode();
  const bar = plot.querySelector("path").cloneNode();
  let start, end, chosen;
  const at = (place) => new Date(Date.parse(plot.dataset.from) + place * step * 1000).toISOString();
  const point = (place, extend) => {
    end = Math.min(Math.max(place, 0), steps - 1);
    if (!extend) start = end;
    const [from, to] = [Math.min(start, end), Math.max(start, end) + 1];
    chosen = { from: at(from), to: at(to) };
    bar.setAttribute("d", `M${from * width} 0V120H${to * width}V0z`);
    range.ariaValueNow = end;
    range.ariaValueText = `${absolute(chosen.from)} to ${absolute(chosen.to)}`;
  };
  const zoom = () => (location.href = `${base}/?${new URLSearchParams(chosen)}`);
  const under = (event) => Math.floor(((event.offsetX / range.clientWidth) * 600) / width);
  Object.assign(range, {
    role: "slider",
    tabIndex: 0,
    ariaLabel: "Zoom: Shift and arrows choose, Enter opens",
    onpointerdown(event) {
      range.setPointerCapture(event.pointerId);
      point(under(event));
    },
    onpointermove: (event) => event.buttons === 1 && point(under(event), true),
    onpointerup: () => start !== end && zoom(),
    onkeydown(event) {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by) point(end + by, event.shiftKey);
      else if (event.key === "Enter") zoom();
      else return;
      event.preventDefault();
    },
  });
  range.classList.add("range");
  range.dataset.made = "";
  range.append(bar);
  point(steps);
  plot.append(range);
}

// ---- Dialogs ----

/** Shows a dialog until it is closed; a press beside it closes it too. */
function dialog(className, label, ...content) {
  const shown = make("dialog", { className, ariaLabel: label }, ...content);
  shown.addEventListener("click", (event) => event.target === shown && shown.close());
  shown.addEventListener("close", () => shown.remove());
  document.body.append(shown);
  shown.showModal();
  return shown;
}

const titleOf = (row) => (row.querySelector("a[href]") ?? row.querySelector("th"))?.textContent.trim() ?? "";
let agreed;

/** Asks whether a button was meant, and presses it then. `mark` is the box that was marked for it alone. */
function confirm(button, mark) {
  const form = button.form;
  const marked = boxesOf(form).filter((box) => box.checked).map((box) => titleOf(box.closest("tr")));
  const row = button.closest("tbody tr");
  const what = marked.length ? marked : [row ? titleOf(row) : textOf(document.querySelector("h1")).trim()];
  const verb = button.textContent.trim();
  const heading = marked.length > 1 ? `${verb} ${marked.length} jobs?` : `${verb}?`;
  const list = make("ul", {}, ...what.slice(0, 5).map((each) => make("li", {}, each)));
  if (what.length > 5) list.append(make("li", {}, `and ${what.length - 5} more`));
  const yes = make("button", { type: "button", className: "main" }, verb);
  yes.classList.toggle("bad", button.dataset.key === "D");
  const no = make("button", { type: "button" }, "No");
  const shown = dialog("confirm", heading, make("h2", {}, heading), list, make("p", { className: "actions" }, no, yes));
  no.addEventListener("click", () => shown.close());
  yes.addEventListener("click", () => {
    agreed = button;
    // No page asks once more.
    form.querySelector("[name=ask]")?.remove();
    shown.close();
    form.requestSubmit(button);
  });
  shown.addEventListener("close", () => {
    if (!mark || agreed) return;
    mark.checked = false;
    dress();
  });
  no.focus();
}

let lent; // The box that a key has marked for the button that it presses.
const sent = new Map(); // Forms that are on their way, with their buttons and what these said.
document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  const mark = lent;
  lent = undefined;
  if (form.method !== "post") return;
  if (sent.has(form)) return event.preventDefault();
  if (button?.name === "as" && navigator.clipboard) {
    event.preventDefault();
    return copyAs(button.formAction, button.value, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
  }
  // A file leaves the page as it is.
  if (form.elements.file) return;
  if (button?.dataset.confirm !== undefined && button !== agreed) {
    event.preventDefault();
    return confirm(button, mark);
  }
  sent.set(form, [button ?? make("i"), button?.textContent]);
  if (button) write(button, "Sending…");
});

// ---- Keys ----

const HELP = [
  ["?", "This help"],
  ["Ctrl+K", "Find a command"],
  ["/", "Find jobs"],
  ["j / k", "Next or previous row"],
  ["Enter", "Open the row"],
  ["x", "Select the row"],
  ["a", "Select all on the page; again: all that match"],
  [".", "Actions of the row, and copies of it"],
  ["r", "Requeue, or run now"],
  ["c", "Copy the link, or the id of the job"],
  ["D", "Delete or remove (asks first)"],
  ["P", "Pause (asks first) or resume"],
  ["l", "Keep up to date, or stand still"],
  ["t", "Next theme"],
  ["Esc", "Close, or leave the row"],
];

const keysOn = () => recall("keys") !== "off";
/** The links of the rail, each once: those behind "More" are there twice. */
const places = () => [...new Map(all(".rail a[data-go]").map((link) => [link.dataset.go, link])).values()];
const wordOf = (link) => link.querySelector(".word").textContent;

function showHelp() {
  const line = ([key, text]) => make("div", {}, make("dt", {}, text), make("dd", {}, make("kbd", {}, key)));
  const go = places().map((link) => [`g ${link.dataset.go}`, `Go to ${wordOf(link)}`]);
  const box = make("input", { type: "checkbox", checked: keysOn() });
  box.addEventListener("change", () => remember("keys", box.checked ? "on" : "off"));
  const close = make("button", { type: "button" }, "Close");
  const list = make("dl", { className: "keys" }, ...[...HELP, ...go].map(line));
  const use = make("label", {}, box, " Use keys in this browser");
  const shown = dialog("help", "Keys", make("h2", {}, "Keys"), list, make("p", { className: "actions" }, use, close));
  close.addEventListener("click", () => shown.close());
  close.focus();
}

/** The buttons that act, and the links that lead to acting: what each is called, its key, and how to press it. */
function actsIn(within, title) {
  const found = all("button[type=submit]:not([disabled]), a.button", within).filter((it) => it.href || it.form?.method === "post");
  return found.map((it) => [it.textContent.trim() + title(it), it.dataset.key ?? "", () => it.click()]);
}

async function copyAs(href, kind, how = {}) {
  try {
    const answer = await fetch(href, { ...how, signal: AbortSignal.timeout(10000) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    await copy(page.querySelector(`[data-as=${kind}]`).textContent);
  } catch {
    say("It can't be copied here: open it first.");
  }
}

/** Shows what can be done with a row. */
function showRow(row = current()) {
  if (!row) return say("Go to a row first (j).");
  const link = row.querySelector("th a[href]");
  const box = row.querySelector("th input[type=checkbox]");
  const known = actsIn(row, () => "");
  if (link) known.unshift(["Open", "Enter", () => link.click()], ["Copy the link", "c", () => copy(link.href)]);
  if (box) known.push([box.checked ? "Select no more" : "Select", "x", () => box.click()]);
  const id = link?.pathname.match(/\/jobs\/([-0-9a-f]{36})$/)?.[1];
  if (id) {
    const copies = ["JSON", "Rust", "curl"].map((kind) => [`Copy as ${kind}`, "", () => copyAs(link.href, kind.toLowerCase())]);
    known.push(...copies, ["Copy the id", "", () => copy(id)]);
  }
  showPalette(known, `Actions: ${titleOf(row)}`);
}

/** Everything that can be done on this page: what it is called, its key, and how to do it. */
function commands() {
  const go = places().map((link) => [`Go to ${wordOf(link)}`, `g ${link.dataset.go}`, () => link.click()]);
  const acts = actsIn(document.querySelector("main"), (it) => {
    const row = it.closest("tbody tr");
    return row ? `: ${titleOf(row)}` : "";
  });
  const own = [
    ["Find jobs", "/", find],
    [live ? "Pause updates" : "Resume updates", "l", switchLive],
    ["Next theme", "t", nextTheme],
    ["Other time zone", "", nextZone],
    ["Copy the link or the id", "c", copyHere],
    ["Keys", "?", showHelp],
  ];
  return [...acts, ...go, ...own];
}

function showPalette(known = commands(), label = "Commands") {
  const list = make("ul", { id: "commands", role: "listbox", ariaLabel: label });
  const input = make("input", { type: "text", role: "combobox", placeholder: "Find a command", ariaLabel: "Find a command" });
  input.setAttribute("aria-controls", list.id);
  input.autocomplete = "off";
  const none = make("p", { role: "status" });
  const shown = dialog("palette", label, input, list, none);
  let found = [];
  let at = 0;
  const run = (index) => {
    const command = found[index];
    shown.close();
    command?.[2]();
  };
  const point = (index) => {
    at = (index + found.length) % (found.length || 1);
    for (const [each, item] of [...list.children].entries()) item.ariaSelected = String(each === at);
    list.children[at]?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[at]?.id ?? "");
  };
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    found = known.filter(([text]) => words.every((word) => text.toLowerCase().includes(word)));
    const item = ([text, key], index) => {
      const made = make("li", { id: `command-${index}`, role: "option" }, make("span", {}, text));
      if (key) made.append(make("kbd", {}, key));
      made.addEventListener("click", () => run(index));
      return made;
    };
    list.replaceChildren(...found.map(item));
    // A list without an option is none.
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", !list.hidden);
    write(none, found.length ? "" : "No command has these words.");
    point(0);
  };
  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key === "Enter") run(at);
    else if (moves[event.key]) point(at + moves[event.key]);
    else return;
    event.preventDefault();
  });
  filter();
  input.focus();
}

const rows = () => all("main tbody tr").filter((row) => row.querySelector("th a[href], th input"));
const current = () => document.activeElement?.closest("main tbody tr");

function move(by) {
  const list = rows();
  const at = list.indexOf(current());
  const row = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)];
  const link = row?.querySelector("th a[href]");
  link?.focus();
  link?.scrollIntoView({ block: "nearest" });
}

function find() {
  const box = document.querySelector("main input[type=search]") ?? document.querySelector("input[type=search]");
  box?.focus();
  box?.select();
}

function copyHere() {
  const link = current()?.querySelector("th a[href]");
  const id = document.querySelector("main [data-copy]");
  copy(link ? link.href : id ? textOf(id) : address().href);
}

function toggle() {
  const box = current()?.querySelector("input[type=checkbox]");
  if (box) box.click();
}

function toggleAll() {
  const form = document.querySelector("form.bulk");
  if (!form) return;
  const whole = boxesOf(form).every((box) => box.checked);
  const further = document.querySelector("#matching a");
  if (!whole || !further || further === document.activeElement) return markAll(form, !whole);
  further.focus();
  say("Enter: all that match, on other pages too. a: none.");
}

/** Presses the button of a key: that of the row, that of what is selected, or the only one of the page. */
function press(key) {
  const selector = `button[data-key="${key}"]`;
  const row = current();
  const ofRow = row?.querySelector(selector);
  if (ofRow) return ofRow.click();
  const form = row ? row.closest("form.bulk") : document.querySelector("form.bulk");
  const ofForm = form?.querySelector(`.actions ${selector}`);
  if (ofForm) {
    if (!boxesOf(form).some((box) => box.checked)) {
      const box = row?.querySelector("input[type=checkbox]");
      if (!box) return say("Nothing is selected.");
      [box.checked, lent] = [true, box];
      dress();
    }
    return ofForm.click();
  }
  const ofPage = all(`main ${selector}`).filter((button) => !button.closest("tbody"));
  if (ofPage.length === 1) ofPage[0].click();
  else say(`There is nothing here for the key ${key}.`);
}

const KEYS = {
  "?": showHelp,
  "/": find,
  j: () => move(1),
  k: () => move(-1),
  x: toggle,
  a: toggleAll,
  ".": () => showRow(),
  c: copyHere,
  l: switchLive,
  t: nextTheme,
  r: () => press("r"),
  D: () => press("D"),
  P: () => press("P"),
};

let going = 0; // Until when a second key says where to go.

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.defaultPrevented || event.isComposing || !keysOn() || document.querySelector("dialog[open]")) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && key.toLowerCase() === "k") {
    event.preventDefault();
    return showPalette();
  }
  const typing = target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (key === "Escape") return document.activeElement?.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (key === "Enter" && target.matches("tbody input[type=checkbox]")) {
    event.preventDefault();
    return current()?.querySelector("th a[href]")?.click();
  }
  if (going > Date.now()) {
    going = 0;
    const place = places().find((link) => link.dataset.go === key);
    if (place) event.preventDefault();
    return place?.click();
  }
  if (key === "g") {
    going = Date.now() + 1500;
  } else if (Object.hasOwn(KEYS, key) && (!event.repeat || key === "j" || key === "k")) {
    event.preventDefault();
    KEYS[key]();
  }
});

// ---- The start ----

// What was done is said once, and not again when the page is reloaded or sent to somebody.
if (new URL(location.href).searchParams.has("did")) history.replaceState(null, "", address());

const tools = { live: switchLive, palette: () => showPalette(), zone: nextZone, theme: nextTheme, help: showHelp };
for (const [id, does] of Object.entries(tools)) {
  byId(id).hidden = false;
  byId(id).addEventListener("click", does);
}
byId("palette").title = "Find a command (Ctrl+K)";
byId("help").title = "Keys (?)";
setTheme(recall("theme") ?? root.dataset.theme ?? "system");
setZone(recall("zone") ?? root.dataset.zone ?? "utc");
dress();
showLive();

document.addEventListener("pointerdown", () => (pressed = true));
for (const end of ["pointerup", "pointercancel", "dragend"]) {
  document.addEventListener(end, () => {
    pressed = false;
    // The click itself comes first.
    setTimeout(sync);
  });
}

/** Shows the lists that waited, once nobody points at them. */
function releaseAll() {
  for (const [region, next] of [...pending]) if (!isHeld(region, next)) release(region);
}
document.addEventListener("pointerout", () => pending.size && setTimeout(releaseAll, 200));
document.addEventListener("focusout", () => pending.size && setTimeout(releaseAll, 200));
document.addEventListener("visibilitychange", catchUp);
window.addEventListener("pagehide", () => giveUp?.());
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const [button, text] of sent.values()) write(button, text);
  sent.clear();
  catchUp();
});

setInterval(() => {
  if (document.hidden) return;
  // Without a stream, or after a failure, it looks by itself.
  if (live && (!connected || trouble) && Date.now() - asked >= 5000) {
    [stale, asked] = [true, Date.now()];
    sync();
  }
  if (pending.size) releaseAll();
  showTimes();
  showStatus();
  showLive();
}, 1000);
catchUp();
