// What came of a request: one that was tried out, or one that was recorded.

const ENDINGS = {
  replied: "Replied",
  nothing: "Handled, nothing to send",
  refused: "Refused",
  waits: "Waits for another try",
  unanswered: "No answer",
};

/** How it went: `good`, `bad`, or neither yet. */
function rating({ ending }) {
  return { replied: "good", nothing: "good", waits: "open" }[ending] || "bad";
}

const MARKS = { good: "✓", bad: "✗", open: "…" };

/** In one sentence, also for who listens to the page. */
function told(exchange) {
  const code = exchange.code ? ` with ${exchange.code}` : "";
  return `${ENDINGS[exchange.ending]}${code} after ${time(exchange.tookMs)}`;
}

function Outcome({ exchange }) {
  const { answer, deadLetter } = exchange;
  const rated = rating(exchange);
  return html`<div class=${`outcome ${rated}`}>
    <p class="verdict"><span class="mark" aria-hidden="true">${MARKS[rated]}</span>
      <strong>${ENDINGS[exchange.ending]}</strong>${exchange.code && html` with <code>${exchange.code}</code>`}</p>
    <dl class="facts">
      <${Fact} name="Time" value=${time(exchange.tookMs)} />
      ${exchange.attempts !== undefined && html`<${Fact} name="Attempts" value=${exchange.attempts === 0 ? "none: the handler was not called" : exchange.attempts} />`}
      <${Fact} name="Answer on" value=${answer ? html`<code>${answer.topic}</code>` : "nothing was sent"} />
      ${answer?.key && html`<${Fact} name="Key" value=${html`<code>${answer.key}</code>`} />`}
      ${exchange.waitsOn && html`<${Fact} name="Waits on" value=${html`<code>${exchange.waitsOn}</code>`} />`}
      ${exchange.reason && exchange.reason !== "refused" && html`<${Fact} name="Reason" value=${exchange.reason} />`}
      <${Fact} name="Dead letter" value=${deadLetter ? html`put on <code>${deadLetter.topic}</code>` : "none"} />
      <${Fact} name="Sent" value=${exchange.on === "broker" ? "through Kafka" : "in the process, past Kafka"} />
    </dl>
    ${exchange.findings.map((finding) => html`<p class="problem">${finding}</p>`)}
    ${answer && html`<${Block} label=${rated === "good" ? "Reply" : "Error reply"} text=${pretty(answer.payload)} />`}
    ${answer && html`<${HeaderTable} title="Headers of the answer" headers=${answer.headers} />`}
    ${deadLetter?.headers.length > 0 && html`<${HeaderTable} title="Headers of the dead letter" headers=${deadLetter.headers} />`}
    <${HeaderTable} title="Headers of the request" headers=${exchange.headers} />
  </div>`;
}

function Fact({ name, value }) {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function HeaderTable({ title, headers }) {
  return html`<details><summary>${title} <span class="quantity">${headers.length}</span></summary>
    <div class="scroll"><table>
      <thead><tr><th scope="col">Name</th><th scope="col">Value</th></tr></thead>
      <tbody>${headers.map(({ name, value }) => html`<tr><th scope="row"><code>${name}</code></th><td><code>${value ?? "null"}</code></td></tr>`)}</tbody>
    </table></div></details>`;
}

/** Exchanges that were recorded when the page was made. */
function Recorded({ exchanges, onUse }) {
  return html`<div class="recorded">
    <h4>Recorded exchanges</h4>
    <p class="note">What the connector answered to its examples when this page was written.</p>
    ${exchanges.map((exchange, index) => html`<details class=${`exchange ${rating(exchange)}`}>
      <summary><span class="mark" aria-hidden="true">${MARKS[rating(exchange)]}</span> ${told(exchange)}</summary>
      <${Block} label="Request" text=${pretty(exchange.request)} />
      <button type="button" onClick=${() => onUse(exchange.request)} aria-label=${`Use request ${index + 1} in the form`}>Use in the form</button>
      <${Outcome} exchange=${exchange} />
    </details>`)}
  </div>`;
}
