// What every part of the page uses: the libraries by name, the data, and small helpers.

const { h, render, createContext, useContext, useEffect, useErrorBoundary, useMemo, useRef, useState } = libraries;
const html = libraries.htm.bind(h);

const catalog = JSON.parse(document.getElementById("catalog").textContent);
const served = catalog.presence.kind === "served";

/** JSON as people read it. */
function pretty(value) {
  return JSON.stringify(value, null, 2);
}

/** An id of an element, unique in the page. */
function idOf(...parts) {
  return parts.join("-").replace(/[^A-Za-z0-9_-]/g, (c) => "." + c.charCodeAt(0).toString(16));
}

/** `1 handler`, `2 handlers`. */
function count(number, one, many = one + "s") {
  return `${number} ${number === 1 ? one : many}`;
}

/** A time in milliseconds as people say it: `850 ms`, `30 s`, `2 min 30 s`. */
function time(ms) {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10000 && ms % 1000 !== 0) return `${Math.round(ms / 100) / 10} s`;
  const parts = [
    [Math.floor(ms / 3600000), "h"],
    [Math.floor(ms / 60000) % 60, "min"],
    [Math.floor(ms / 1000) % 60, "s"],
  ];
  return parts.filter(([number]) => number > 0).map(([number, unit]) => `${number} ${unit}`).join(" ");
}

/** Whether a value is an object in the sense of JSON. */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A step further down in a JSON pointer. */
function below(pointer, step) {
  return `${pointer}/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** What is inside, or a sentence where it cannot be shown: the rest of the page stays. */
function Guard({ children }) {
  const [error] = useErrorBoundary();
  return error ? html`<p class="problem">This cannot be shown: ${error.message}</p>` : children;
}

/** A name that may be broken behind its points and underscores, and only in need elsewhere. */
function soft(name) {
  return name.split(/(?<=[._])/).map((part, index) => (index > 0 ? [html`<wbr />`, part] : part));
}
