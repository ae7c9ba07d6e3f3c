// Everything that can be pasted somewhere else, with a button that copies it.

/** Copies a text; whether that went well. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard for a page from a file in some browsers, nor without permission.
    return copySelected(text);
  }
}

/** The old way: the browser copies what is selected. */
function copySelected(text) {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "offscreen";
  area.setAttribute("aria-hidden", "true");
  document.body.append(area);
  area.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch {
    // It stays false.
  }
  area.remove();
  before?.focus();
  return done;
}

function CopyButton({ text, what }) {
  const [state, setState] = useState("");
  const timer = useRef(0);
  const copy = async () => {
    setState((await copyText(text)) ? "Copied" : "Press Ctrl+C");
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setState(""), 2000);
  };
  return html`<button type="button" class=${`copy ${state === "Copied" ? "done" : ""}`} onClick=${copy}
      aria-label=${`Copy ${what}`}>${state || "Copy"}</button>
    <span class="offscreen" role="status">${state && `${what}: ${state}`}</span>`;
}

/** One line that is pasted: a topic, a key. */
function Line({ label, text, note }) {
  return html`<div class="line">
    <div class="label">${label}</div>
    <div class="paste"><code tabindex="0" aria-label=${label}>${text}</code><${CopyButton} text=${text} what=${label} /></div>
    ${note && html`<p class="note">${note}</p>`}
  </div>`;
}

/** A text of several lines that is pasted: a template, a sample, a schema. */
function Block({ label, text, note }) {
  return html`<div class="block">
    <div class="label">${label}</div>
    <div class="paste"><pre tabindex="0" aria-label=${label}>${text}</pre><${CopyButton} text=${text} what=${label} /></div>
    ${note && html`<p class="note">${note}</p>`}
  </div>`;
}
