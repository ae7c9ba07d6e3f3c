// A headless Chromium whose pages tell everything that went wrong or out.

import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.MODULES, "package.json"));
const { chromium } = require("playwright-core");

const QUIET = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let browser;

export async function start() {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: QUIET });
}

export async function stop() {
  await browser.close();
}

/** Opens an address or a file: `{ page, requests, complaints, close }`. */
export async function open(where, options = {}) {
  const url = where.startsWith("http") ? where : `file://${where}`;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  const requests = [];
  const complaints = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(url);
  await page.locator("article").first().waitFor();
  return { page, requests, complaints, close: () => context.close() };
}

/** A picture for people to look at. */
export async function picture(target, name) {
  await target.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`) });
}
