// What a process designer does with the catalog, step by step. Started by `browser.rs`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { open, picture, start, stop } from "./chromium.mjs";

const { CURRENCY, SHOWROOM, GUARDED, TOKEN, SAVED_CURRENCY, SAVED_SHOWROOM } = process.env;

before(start);
after(stop);

/** A test on a page, which must end without a complaint of the browser or a request elsewhere. */
function on(name, where, options, steps) {
  test(name, async () => {
    const { page, requests, complaints, close } = await open(where, options);
    await steps(page, requests);
    assert.deepEqual(complaints, []);
    const own = where.startsWith("http") ? new URL(where).origin : `file://${where}`;
    assert.deepEqual(requests.filter((url) => !url.startsWith(own) && !url.startsWith("data:")), []);
    await close();
  });
}

/** The part of the page that belongs to a handler, or to one of its sections. */
const handler = (page, name) => page.locator(`article:has(h2:text-is("${name}"))`);
const section = (page, name, title) => handler(page, name).locator(`section:has(h3:text-is("${title}"))`);

on("a search finds handlers by name, field, topic and code", SAVED_SHOWROOM, {}, async (page) => {
  const search = page.getByLabel("Search");
  for (const [query, names] of [
    ["audit.events", ["write_down"]],
    ["birthDate", ["open-account"]],
    ["customer_blocked", ["open-account"]],
    ["gateway down", ["send_message"]],
    ["openAccountReply", ["open-account"]],
    ["no such thing anywhere", []],
  ]) {
    await search.fill(query);
    const status = names.length === 1 ? "1 handler found" : `${names.length} handlers found`;
    await page.getByText(status, { exact: true }).waitFor();
    assert.deepEqual(await page.locator("article h2").allTextContents(), names, query);
  }
  await search.fill("");
  assert.equal(await page.locator("article").count(), 5);
});

on("what can be pasted is copied", SAVED_CURRENCY, { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await section(page, "exchange", "Send").getByRole("button", { name: "Copy Topic", exact: true }).click();
  await section(page, "exchange", "Send").getByText("Copied", { exact: true }).waitFor();
  assert.equal(await copied(), "ai.flowx.dev.plugin.currency.trigger.exchange.v1");
  await section(page, "exchange", "Receive").getByRole("button", { name: "Copy Key name" }).click();
  await page.waitForFunction(async () => (await navigator.clipboard.readText()) === "exchangeReply");
  const errors = section(page, "exchange", "Errors and gateways");
  await errors.getByLabel("Conditions in").selectOption("Python");
  await errors.getByRole("button", { name: "Copy condition for UNKNOWN_CURRENCY" }).click();
  await page.waitForFunction(async () => /\.get\("errorCode"\) == "UNKNOWN_CURRENCY"/.test(await navigator.clipboard.readText()));
});

on("what can be pasted is copied without a clipboard of the browser", SAVED_CURRENCY, { permissions: ["clipboard-read"] }, async (page) => {
  await page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { value: undefined });
    document.addEventListener("copy", () => { window.selected = document.activeElement.value; });
  });
  const button = section(page, "exchange", "Send").getByRole("button", { name: "Copy Message" });
  await button.click();
  await section(page, "exchange", "Send").getByText("Copied", { exact: true }).waitFor();
  assert.match(await page.evaluate(() => window.selected), /\$\{fromCurrency\}/);
});

on("a good and a bad request are tried out", CURRENCY, {}, async (page) => {
  const form = section(page, "exchange", "Try it out");
  await form.getByLabel("amount").fill("20");
  await form.getByRole("button", { name: "Send" }).click();
  const outcome = form.locator(".outcome");
  await outcome.getByText("Replied").waitFor();
  const reply = JSON.parse(await outcome.locator("pre").first().textContent());
  assert.equal(reply.exchangedAmount, 99.55);
  assert.equal(reply.errorMessage, null);
  assert.match(await outcome.textContent(), /engine\.receive\.plugin\.currency\.exchange\.results/);
  assert.match(await outcome.textContent(), /Attempts1/);
  await outcome.getByText("Headers of the answer").click();
  assert.match(await outcome.textContent(), /processInstanceUuid/);
  await picture(form, "currency-replied");

  await form.getByLabel("toCurrency").fill("XXX");
  await form.getByRole("button", { name: "Send" }).click();
  await outcome.getByText("Refused", { exact: true }).waitFor();
  assert.match(await outcome.textContent(), /UNKNOWN_CURRENCY.*Dead letternone/s);
  assert.match(await form.locator(".result > [role=status]").textContent(), /Refused with UNKNOWN_CURRENCY after/);
  await picture(form, "currency-refused");

  await form.getByText("Headers and way").click();
  await form.getByLabel("through Kafka").check();
  await form.getByLabel("Headers", { exact: false }).last().fill("processInstanceUuid: by-hand\nFx-AppId: shop");
  await form.getByLabel("toCurrency").fill("USD");
  await form.getByRole("button", { name: "Send" }).click();
  await outcome.getByText("through Kafka").waitFor();
  await outcome.getByText("Replied").waitFor();
  assert.match(await outcome.textContent(), /by-hand/);
});

on("a wrong form says at each field what is wrong", SHOWROOM, {}, async (page) => {
  const form = section(page, "open-account", "Try it out");
  await form.getByLabel("First name").fill("");
  await form.getByLabel("postalCode").fill("12");
  await form.getByLabel("amount").fill("lots");
  await form.getByLabel("birthDate").fill("yesterday");
  await form.getByLabel("birthDate").blur();
  for (const [label, message] of [
    ["First name", "must not be empty"],
    ["postalCode", "must match the pattern ^\\d{5}$"],
    ["amount", "must be a number"],
    ["birthDate", "must be a date, as 2024-06-28"],
  ]) {
    const field = form.getByLabel(label);
    assert.equal(await field.getAttribute("aria-invalid"), "true", label);
    const described = (await field.getAttribute("aria-describedby")).split(" ").pop();
    assert.equal(await page.locator(`[id="${described}"]`).textContent(), message, label);
  }
  await picture(form, "showroom-wrong");
  // It is sent all the same: what the connector says of it is worth seeing.
  await form.getByRole("button", { name: "Send" }).click();
  await form.locator(".outcome").getByText("INVALID_REQUEST").first().waitFor();
  const first = form.locator(".problems a").first();
  await first.focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "INPUT");
});

on("form and JSON are one", SHOWROOM, {}, async (page) => {
  const form = section(page, "open-account", "Try it out");
  const raw = form.getByLabel("Request as JSON");
  const value = async () => {
    await form.getByRole("tab", { name: "JSON" }).click();
    const text = await raw.inputValue();
    await form.getByRole("tab", { name: "Form" }).click();
    return JSON.parse(text);
  };
  await form.getByRole("button", { name: "Add an entry to tags" }).click();
  await form.getByLabel("tags 3", { exact: true }).fill("third");
  await form.getByRole("button", { name: "Remove tags 1" }).click();
  await form.getByRole("group", { name: "contacts 1" }).getByLabel("Which one").selectOption("phone");
  await form.getByRole("group", { name: "contacts 1" }).getByLabel("number").fill("+40 21");
  await form.getByLabel("product").selectOption({ index: 3 });
  await form.getByLabel("paper").selectOption("true");
  await form.getByLabel("amount").fill("0.50");
  await form.getByLabel("limits").fill('{"daily": 1}');
  await form.getByLabel("termsAccepted").uncheck();
  await form.getByRole("button", { name: "Remove address" }).click();
  const filled = await value();
  assert.deepEqual(filled.tags, ["branch-12", "third"]);
  assert.deepEqual(filled.contacts[0], { kind: "phone", number: "+40 21", mobile: false });
  assert.equal(filled.product, "BUSINESS");
  assert.equal(filled.paper, true);
  assert.equal(filled.deposit.amount, 0.5);
  assert.deepEqual(filled.limits, { daily: 1 });
  assert.equal(filled.termsAccepted, false);
  assert.equal("address" in filled.customer, false);
  assert.equal(await form.getByLabel("amount").inputValue(), "0.5");

  await form.getByRole("tab", { name: "JSON" }).click();
  await raw.fill(JSON.stringify({ ...filled, customer: { ...filled.customer, lastName: "Blocked" } }));
  await form.getByRole("tab", { name: "Form" }).click();
  assert.equal(await form.getByLabel("Last name").inputValue(), "Blocked");
  await form.getByRole("button", { name: "Send" }).click();
  await form.locator(".outcome").getByText("CUSTOMER_BLOCKED").first().waitFor();

  await form.getByRole("tab", { name: "JSON" }).click();
  await raw.fill("{");
  assert.equal(await form.getByRole("tab", { name: "Form" }).isDisabled(), true);
  await form.getByText("This is no JSON").waitFor();
  await form.getByRole("button", { name: "Empty" }).click();
  await form.getByRole("tab", { name: "Form" }).click();
  await form.getByRole("button", { name: "Send" }).click();
  assert.match(await form.getByLabel("product").evaluate((field) => field.closest(".field").textContent), /is missing/);
});

on("what fails shows its dead letter, what waits its topic", SHOWROOM, {}, async (page) => {
  const broken = section(page, "always_broken", "Try it out");
  await broken.getByRole("button", { name: "Send" }).click();
  await broken.locator(".outcome").getByText("RETRY_EXHAUSTED").first().waitFor();
  assert.match(await broken.locator(".outcome").textContent(), /Attempts2.*Dead letterput on .*fail\.v1\.dlq/s);
  await picture(broken, "showroom-dead-letter");
  const later = section(page, "send_message", "Try it out");
  await later.getByRole("button", { name: "Send" }).click();
  await later.locator(".outcome").getByText("Waits for another try").waitFor();
  assert.match(await later.locator(".outcome").textContent(), /retry\.30s/);
  const silent = section(page, "write_down", "Try it out");
  await silent.getByLabel("Topic").fill("ai.flowx.dev.audit.events.chosen");
  await silent.getByRole("button", { name: "Send" }).click();
  await silent.locator(".outcome").getByText("Handled, nothing to send").waitFor();
});

test("what cannot be played says why", async () => {
  const { page, complaints, close } = await open(SHOWROOM);
  const form = section(page, "write_down", "Try it out");
  await form.getByLabel("Topic").fill("ai.flowx.dev.plugin.broken.trigger.fail.v1");
  await form.getByRole("button", { name: "Send" }).click();
  await form.getByText("handler `write_down` does not read").first().waitFor();
  await form.getByText("Headers and way").click();
  await form.getByLabel("Headers", { exact: false }).last().fill("no colon");
  await form.getByRole("button", { name: "Send" }).click();
  await form.getByText("The headers are to be lines").first().waitFor();
  assert.deepEqual(complaints.filter((text) => !text.includes("400")), []);
  await close();
});

test("the token is asked for, and forgotten", async () => {
  const { page, complaints, close } = await open(GUARDED);
  const form = section(page, "double", "Try it out");
  await form.getByRole("button", { name: "Send" }).click();
  await form.locator(".problem", { hasText: "a bearer token is needed" }).waitFor();
  // What the browser itself says of the refusal.
  assert.deepEqual(complaints.splice(0).filter((text) => !text.includes("401")), []);
  await form.getByLabel("Access token").fill(TOKEN);
  await form.getByRole("button", { name: "Send" }).click();
  await form.locator(".outcome").getByText("Replied").waitFor();
  assert.equal(await section(page, "fail", "Try it out").getByLabel("Access token").inputValue(), TOKEN);
  await picture(form, "guarded");
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.equal(kept.includes(TOKEN), false);
  await page.reload();
  assert.equal(await form.getByLabel("Access token").inputValue(), "");
  assert.deepEqual(complaints, []);
  await close();
});

on("a saved page checks the form and shows what was recorded", SAVED_CURRENCY, {}, async (page, requests) => {
  const form = section(page, "exchange", "Try it out");
  await form.getByRole("button", { name: "Check" }).click();
  await form.getByText("A saved page cannot run the handler").waitFor();
  await form.getByLabel("amount").fill("ten");
  await form.getByRole("button", { name: "Check" }).click();
  assert.match(await form.locator(".field", { has: page.getByLabel("amount") }).textContent(), /must be a number/);
  const recorded = form.locator(".exchange");
  assert.equal(await recorded.count(), 4);
  await recorded.nth(2).locator("summary").first().click();
  assert.match(await recorded.nth(2).textContent(), /Refused with UNKNOWN_CURRENCY/);
  await picture(form, "currency-recorded");
  await recorded.nth(1).locator("summary").first().click();
  await recorded.nth(1).getByRole("button", { name: "Use request 2 in the form" }).click();
  assert.equal(await form.getByLabel("toCurrency").inputValue(), "JPY");
  assert.equal(requests.length, 1, "only the page itself");
});

on("texts of somebody hostile stay texts", SAVED_SHOWROOM, {}, async (page) => {
  const hostile = handler(page, "hostile");
  assert.match(await hostile.textContent(), /<\/script><script>document\.title = "broken"<\/script>/);
  assert.equal(await page.title(), "showroom · connector catalog");
  assert.equal(await page.locator("article img, article script").count(), 0);
  assert.equal(await page.locator('a[href^="javascript"]').count(), 0);
  assert.equal(await handler(page, "open-account").getByRole("link", { name: "terms" }).getAttribute("rel"), "noopener noreferrer");
});

on("everything is reached with the keyboard, and the focus is seen", SHOWROOM, {}, async (page) => {
  const focused = () => page.evaluate(() => {
    const { activeElement: at } = document;
    const style = getComputedStyle(at);
    return { text: at.textContent, tag: at.tagName, id: at.id, outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
  });
  await page.keyboard.press("Tab");
  const skip = await focused();
  assert.equal(skip.text, "Skip to the handlers");
  assert.equal(skip.outline, true);
  await picture(page, "showroom-skip-link");
  await page.keyboard.press("Enter");
  assert.equal((await focused()).id, "handlers");
  const form = section(page, "always_broken", "Try it out");
  await form.getByRole("button", { name: "Example 1" }).focus();
  const met = [];
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press("Tab");
    const { tag, text, outline } = await focused();
    assert.equal(outline, true, `${tag} ${text}`);
    met.push(tag === "INPUT" ? "INPUT" : text.trim());
  }
  for (const expected of ["Empty", "Form", "INPUT", "Headers and way", "Send"]) assert.ok(met.includes(expected), met.join());
  await form.getByRole("tab", { name: "Form" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await form.getByRole("tab", { name: "JSON" }).getAttribute("aria-selected"), "true");
  await form.getByLabel("Request as JSON").focus();
  await form.getByRole("button", { name: "Send" }).focus();
  await page.keyboard.press("Enter");
  await form.locator(".outcome").waitFor();
  // Every control has a name.
  const nameless = await page.evaluate(() => [...document.querySelectorAll("input, select, textarea, button")]
    .filter((control) => !control.labels?.length && !control.getAttribute("aria-label") && !control.textContent.trim())
    .map((control) => control.outerHTML));
  assert.deepEqual(nameless, []);
  const doubled = await page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    return ids.filter((id, index) => ids.indexOf(id) !== index);
  });
  assert.deepEqual(doubled, [], "ids are unique");
});

for (const [name, options] of [
  ["light", {}],
  ["dark", { colorScheme: "dark" }],
  ["phone", { viewport: { width: 360, height: 740 } }],
  ["phone-dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark" }],
]) {
  on(`it can be read: ${name}`, SAVED_SHOWROOM, options, async (page) => {
    await picture(page, `${name}-top`);
    for (const title of ["Send", "Receive", "Data model", "Samples", "Errors and gateways", "Try it out", "Promises", "Mock and schemas"]) {
      await picture(section(page, "open-account", title), `${name}-${title.toLowerCase().replaceAll(" ", "-")}`);
    }
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
    const { width, wide } = await page.evaluate(() => ({ width: document.documentElement.scrollWidth, wide: window.innerWidth }));
    assert.ok(width <= wide, `nothing scrolls sideways: ${width} > ${wide}`);
    const faint = await page.evaluate(tooFaint);
    assert.deepEqual(faint, [], "contrast of 4.5 and more (WCAG AA)");
  });
}

on("it prints without what cannot be pressed on paper", SAVED_CURRENCY, {}, async (page) => {
  await page.emulateMedia({ media: "print" });
  for (const gone of [".copy", "form", ".side", ".inner"]) assert.equal(await page.locator(gone).first().isVisible(), false, gone);
  assert.equal(await section(page, "exchange", "Send").isVisible(), true);
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  assert.equal(await page.locator("details:not([open])").count(), 0, "what is folded is printed too");
  await picture(page, "print");
});

/** Texts whose contrast with their background is below WCAG AA; runs in the page. */
function tooFaint() {
  const channel = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || ["SCRIPT", "STYLE", "NOSCRIPT", "OPTION"].includes(element.tagName)) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5 && !element.disabled) found.add(`${element.tagName}.${element.className} ${contrast.toFixed(2)}`);
  }
  return [...found];
}
