// Try it out: a form of the request, and where the page is served, the handler's answer.

/** The token of the admin endpoint, for all handlers; kept nowhere but here. */
const TokenContext = createContext(null);

function TryOut({ handler, begin }) {
  const id = idOf("try", handler.name);
  const [state, setState] = useState(() => stateOf(begin));
  const [spoilt, setSpoilt] = useState({});
  const [showAll, setShowAll] = useState(false);
  const [result, setResult] = useState({ phase: "idle" });
  const [sending, setSending] = useState({ on: "process", topic: "", headers: "" });
  const token = useContext(TokenContext);
  const problems = useMemo(() => (state.ok ? problemsOf(handler.request, state.value) : []), [state.text]);
  const use = (value) => {
    setState(stateOf(value));
    setSpoilt({});
    setShowAll(false);
    setResult({ phase: "idle" });
  };
  const act = async (event) => {
    event.preventDefault();
    setShowAll(true);
    const wrong = !state.ok || Object.keys(spoilt).length > 0 ? "unreadable" : problems.length > 0 ? "invalid" : null;
    if (wrong === "unreadable" || (wrong && !served)) return setResult({ phase: "invalid" });
    if (!served) return setResult({ phase: "valid" });
    const headers = readHeaders(sending.headers);
    if (headers === null) return setResult({ phase: "failed", reason: "The headers are to be lines of `name: value`." });
    setResult({ phase: "running" });
    setResult(await tried(handler.name, { ...sending, headers }, state.text, token?.value));
  };
  return html`<form id=${id} onSubmit=${act} noValidate>
    <${Starts} handler=${handler} use=${use} />
    <${Form} id=${id} root=${handler.request} label=${`Request to ${handler.name}`}
      ...${{ state, setState, problems, showAll, spoilt, setSpoilt }} />
    ${served && html`<${Sending} id=${id} handler=${handler} sending=${sending} setSending=${setSending} />`}
    <div class="actions">
      <button type="submit" class="main" disabled=${result.phase === "running"}>${served ? "Send" : "Check"}</button>
      <${Validity} id=${id} state=${state} problems=${problems} spoilt=${spoilt} showAll=${showAll} />
    </div>
    <${Result} result=${result} />
  </form>`;
}

/** Requests to begin with. */
function Starts({ handler, use }) {
  const examples = handler.examples || [];
  const root = handler.request;
  return html`<div class="starts" role="group" aria-label="Begin with">
    <span class="label" aria-hidden="true">Begin with</span>
    ${examples.map((example, index) => html`<button type="button" class="quiet" onClick=${() => use(example)}>Example ${index + 1}</button>`)}
    <button type="button" class="quiet" onClick=${() => use(blank(root, root) ?? null)}>Empty</button>
  </div>`;
}

/** Whether the form is as the schema demands, with ways to what is not. */
function Validity({ id, state, problems, spoilt, showAll }) {
  const wrong = Object.keys(spoilt).map((at) => ({ at, message: spoilt[at] })).concat(problems);
  if (!state.ok) return html`<p class="problem" role="status">The request is no JSON.</p>`;
  if (wrong.length === 0) return html`<p class="fine" role="status">The request is valid.</p>`;
  const go = (at) => (event) => {
    event.preventDefault();
    document.getElementById(idOf(id, at))?.focus();
  };
  return html`<div role="status">
    <p class="problem">${count(wrong.length, "thing is", "things are")} not as the schema demands${served && showAll ? "; it was sent as it is" : ""}.</p>
    ${showAll && html`<ul class="problems">${wrong.map(({ at, message }) => html`<li>
      <a href=${`#${idOf(id, at)}`} onClick=${go(at)}>${at === "" ? "The request" : at.slice(1).replaceAll("/", ".")}</a> ${message}</li>`)}</ul>`}
  </div>`;
}

/** How it is sent: through what, with which headers, by whose leave. */
function Sending({ id, handler, sending, setSending }) {
  const token = useContext(TokenContext);
  const set = (name) => (event) => setSending({ ...sending, [name]: event.currentTarget.value });
  const pattern = handler.topic.endsWith("*");
  return html`<div class="sending">
    ${token && html`<div class="field"><label for=${`${id}-token`}><span class="name">Access token</span></label>
      <input type="password" id=${`${id}-token`} autocomplete="off" value=${token.value} aria-describedby=${`${id}-token-hint`}
        onInput=${(event) => token.set(event.currentTarget.value)} />
      <p class="hint" id=${`${id}-token-hint`}>Forgotten when the page is left.</p></div>`}
    ${pattern && html`<div class="field"><label for=${`${id}-topic`}><span class="name">Topic</span> <span class="optional">optional</span></label>
      <input type="text" id=${`${id}-topic`} value=${sending.topic} onInput=${set("topic")} placeholder=${handler.topic.replace(/\*$/, "example")} /></div>`}
    <details><summary>Headers and way</summary>
      <div class="field"><label for=${`${id}-headers`}><span class="name">Headers</span> <span class="optional">optional</span></label>
        <textarea id=${`${id}-headers`} rows="2" class="json" spellcheck="false" value=${sending.headers} onInput=${set("headers")} placeholder="processInstanceId: 119246"></textarea>
        <p class="hint">One a line. They stand in place of those that a process engine sends by the same name.</p></div>
      ${catalog.presence.broker && html`<fieldset class="ways"><legend>Send it</legend>
        <label><input type="radio" name=${`${id}-on`} value="process" checked=${sending.on === "process"} onChange=${set("on")} /> in the process, past Kafka</label>
        <label><input type="radio" name=${`${id}-on`} value="broker" checked=${sending.on === "broker"} onChange=${set("on")} /> through Kafka, as the process engine does</label>
      </fieldset>`}
    </details>
    <p class="note">The handler runs as in production: what it does, it really does.</p>
  </div>`;
}

function Result({ result }) {
  const spoken = { running: "Waiting for the answer…", valid: "The request is valid.", invalid: "The request is not valid.",
    done: result.exchange && told(result.exchange), failed: result.reason }[result.phase];
  return html`<div class="result">
    <p class=${result.phase === "running" ? "note" : "offscreen"} role="status" aria-live="polite">${spoken}</p>
    ${result.phase === "failed" && html`<p class="problem">${result.reason}</p>`}
    ${result.phase === "done" && html`<${Outcome} exchange=${result.exchange} />`}
    ${result.phase === "valid" && html`<p class="note">A saved page cannot run the handler. Start the connector with <code>dev</code> to send requests from its catalog.</p>`}
  </div>`;
}

/** Lines of `name: value`; null if one is not. */
function readHeaders(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const pairs = lines.map((line) => line.match(/^\s*([^:\s][^:]*?)\s*:\s?(.*)$/));
  return pairs.every(Boolean) ? Object.fromEntries(pairs.map(([, name, value]) => [name, value])) : null;
}

/** Sends a request to the handler. The payload goes as it is written, so no digit is lost. */
async function tried(name, { on, topic, headers }, payload, token) {
  const rest = JSON.stringify({ headers, on, ...(topic ? { topic } : {}) });
  const sent = { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  try {
    const response = await fetch(`catalog/try/${encodeURIComponent(name)}`, {
      method: "POST",
      headers: sent,
      body: `{"payload": ${payload}, ${rest.slice(1)}`,
    });
    const body = await response.json();
    return response.ok ? { phase: "done", exchange: body } : { phase: "failed", reason: body.error };
  } catch (error) {
    return { phase: "failed", reason: `The connector cannot be reached: ${error.message}` };
  }
}
