// What a person meets on the page of dead letters, in a DOM without a screen. Called with the page's
// address, the token, the payload of the one dead letter there, and the value of its header `odd`.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { JSDOM } from "jsdom";

const [address, token, payload, odd] = process.argv.slice(2);

const answer = await fetch(address);
assert.equal(answer.status, 200);
const html = await answer.text();
assert.ok(!html.includes("{{"), "every part is in its place");
const policy = answer.headers.get("content-security-policy");
for (const [tag, directive] of [["script", "script-src"], ["style", "style-src"]]) {
  const source = html.match(new RegExp(`<${tag}>([^]*?)</${tag}>`))[1];
  const hash = createHash("sha256").update(source).digest("base64");
  assert.ok(policy.includes(`${directive} 'sha256-${hash}'`), `${policy} allows the ${tag}`);
}
assert.match(policy, /default-src 'none'.*connect-src 'self'.*frame-ancestors 'none'/);

let confirms = false;
const asked = [];
const { window } = new JSDOM(html, {
  url: address,
  runScripts: "dangerously",
  beforeParse(window) {
    window.fetch = fetch;
    window.confirm = (text) => (asked.push(text), confirms);
  },
});
const { document } = window;
const at = (id) => document.getElementById(id);

/** Does something and waits for what the page says then. */
async function said(act) {
  act();
  for (let waited = 0; waited < 30_000; waited += 20) {
    if (at("said").textContent !== "…") return at("said").textContent;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error("the page says nothing");
}

const look = () => at("which").dispatchEvent(new window.Event("submit", { cancelable: true }));
const rows = () => [...at("table").querySelectorAll("tr")].slice(1);
const untouched = () => assert.equal(document.querySelectorAll("img, #one script, #table script").length, 0);

at("token").value = "guess";
assert.match(await said(look), /the token is not the right one/);
assert.equal(at("said").className, "bad");
assert.equal(rows().length, 0);

at("token").value = token;
assert.match(await said(look), /^1 of 1/);
const [row] = rows();
const [open, again] = row.querySelectorAll("button");
assert.match(row.textContent, /brittle.*retry-exhausted/);
untouched();

await said(() => open.click());
assert.ok(at("one").textContent.includes(`odd: ${odd}`), at("one").textContent);
assert.ok(!at("one").textContent.includes(payload));
untouched();
await said(() => at("one").querySelector("button").click());
assert.ok(at("one").textContent.includes(payload), at("one").textContent);
untouched();

at("handler").value = "nobody";
assert.match(await said(() => at("dry").click()), /^0 would be sent again/);
at("handler").value = "brittle";
assert.match(await said(() => at("dry").click()), /^1 would be sent again/);
assert.deepEqual(asked, []);

at("answered").checked = true;
assert.equal(await said(() => again.click()), "Nothing was sent.");
assert.match(asked[0], /second answer, which overwrites their data/);
confirms = true;
assert.match(await said(() => again.click()), /^1 sent again, 0 skipped, 0 failed/);
assert.match(rows().find((row) => row.textContent.includes(open.textContent)).textContent, /replayed/);
assert.match(await said(() => at("send").click()), /1 skipped/);
window.close();
