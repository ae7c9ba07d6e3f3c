// What a dead letter carries was made by others: it gets into the page as text, never as markup.
"use strict";

const at = (id) => document.getElementById(id);
const routes = new URL("../deadletters", location.href).href;
const FIELDS = { handler: "handlers", reason: "reasons", process: "processes", since: "since", until: "until" };

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = String(text);
  made.append(...children);
  return made;
}

function say(text, bad = false) {
  at("said").textContent = text;
  at("said").className = bad ? "bad" : "";
}

async function call(path, body) {
  const headers = { Authorization: `Bearer ${at("token").value}` };
  const sent = body === undefined ? { headers } : {
    method: "POST", body: JSON.stringify(body), headers: { ...headers, "Content-Type": "application/json" },
  };
  const answer = await fetch(routes + path, sent);
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error ?? `the answer has the status ${answer.status}`);
  return json;
}

/** Runs something that a person asked for, and tells what goes wrong. */
async function tried(what) {
  say("…");
  try {
    await what();
  } catch (error) {
    say(error.message, true);
  }
}

function wanted() {
  return Object.keys(FIELDS).map((name) => [name, at(name).value.trim()]).filter(([, value]) => value);
}

async function look() {
  const list = await call(`?${new URLSearchParams(wanted())}`);
  const head = ["Id", "Request", "Failed at", "Handler", "Reason", "Attempts", "Replied", "Retryable", "Replay", ""];
  const table = element("table", null, element("tr", null, ...head.map((title) => element("th", title))));
  for (const row of list.deadLetters) {
    const again = element("button", "Send again");
    again.type = "button";
    again.disabled = row.replay === "replayed";
    again.addEventListener("click", () => tried(() => replay({ ids: [row.id] }, false)));
    const open = element("button", row.id);
    open.type = "button";
    open.addEventListener("click", () => tried(() => show(row.id, "")));
    const yes = (is) => (is ? "yes" : "no");
    const cells = [row.original, row.failedAt, row.handler, row.reason, row.attempts, yes(row.replied), yes(row.retryable), row.replay];
    table.append(element("tr", null, element("td", null, open), ...cells.map((cell) => element("td", cell)), element("td", null, again)));
  }
  at("table").replaceChildren(table);
  at("one").replaceChildren();
  const missing = list.missingTopics.length ? `; these topics are not there: ${list.missingTopics.join(", ")}` : "";
  say(`${list.deadLetters.length} of ${list.total}, the newest first${missing}`);
}

// `query` says how much of the payload is asked for.
async function show(id, query) {
  const whole = await call(`/${encodeURIComponent(id)}${query}`);
  const lines = whole.headers.map(({ name, value }) => `${name}: ${value ?? "(null)"}`).join("\n");
  const button = (text, query) => {
    const more = element("button", text);
    more.type = "button";
    more.addEventListener("click", () => tried(() => show(id, query)));
    return more;
  };
  const payload = [];
  if (!query) payload.push(button(`Show the payload (${whole.payloadBytes ?? "null"} bytes)`, "?payload=true"));
  else payload.push(element("pre", whole.payload ?? "(null)"));
  if (whole.masked) payload.push(element("p", `Masked: ${whole.masked.join(", ")} `), button("Show what is masked", "?payload=unmasked"));
  at("one").replaceChildren(element("h2", id), element("p", whole.message), element("pre", lines), ...payload);
  say("");
}

async function replay(which, dryRun) {
  const asked = { ...which, dryRun };
  for (const name of ["answered", "notRetryable", "unfinished"]) asked[name] = at(name).checked;
  const warning = asked.answered ? " Processes that were answered get a second answer, which overwrites their data." : "";
  if (!dryRun && !window.confirm(`Send requests again?${warning}`)) return say("Nothing was sent.");
  const run = await call("/replay", asked);
  if (!dryRun) await look();
  const lines = run.outcomes.map((outcome) => element("li", `${outcome.id}: ${outcome.text}`));
  at("one").replaceChildren(element("ul", null, ...lines));
  const verb = dryRun ? "would be sent again" : "sent again";
  say(`${run.replayed} ${verb}, ${run.skipped} skipped, ${run.failed} failed, ${run.untouched} not come to`, run.failed > 0);
}

/** All that fit the fields of the form. */
function those() {
  const which = {};
  for (const [name, value] of wanted()) which[FIELDS[name]] = FIELDS[name].endsWith("s") ? [value] : value;
  return Object.keys(which).length ? which : { all: true };
}

at("which").addEventListener("submit", (event) => {
  event.preventDefault();
  tried(look);
});
at("dry").addEventListener("click", () => tried(() => replay(those(), true)));
at("send").addEventListener("click", () => tried(() => replay(those(), false)));
