// One handler: everything a designer needs to use it, in the order in which it is used.

function Handler({ handler }) {
  const artefacts = catalog.artefacts[handler.name];
  const id = idOf("h", handler.name);
  const exchanges = catalog.exchanges[handler.name] || [];
  const [begun, setBegun] = useState({ at: 0, value: artefacts.sampleRequest });
  const sections = [
    ["send", "Send", html`<${Send} artefacts=${artefacts} />`],
    ["receive", "Receive", html`<${Receive} artefacts=${artefacts} />`],
    ["data", "Data model", html`<${DataModel} artefacts=${artefacts} />`],
    ["samples", "Samples", html`<${Samples} artefacts=${artefacts} />`],
    artefacts.conditions.length > 0 && ["errors", "Errors and gateways", html`<${Errors} handler=${handler} artefacts=${artefacts} />`],
    ["try", "Try it out", html`<${TryOut} key=${begun.at} handler=${handler} begin=${begun.value} />
      ${exchanges.length > 0 && html`<${Recorded} exchanges=${exchanges} onUse=${(value) => {
        setBegun({ at: begun.at + 1, value });
        document.getElementById(`${id}-try`)?.scrollIntoView();
      }} />`}`],
    ["promises", "Promises", html`<${Promises} handler=${handler} />`],
    ["more", "Mock and schemas", html`<${More} handler=${handler} artefacts=${artefacts} />`],
  ].filter(Boolean);
  return html`<article class="handler" id=${id} aria-labelledby=${`${id}-name`} tabindex="-1">
    <header>
      <h2 id=${`${id}-name`}>${handler.name}</h2>
      <p class="hash" title="Changes only with what a process could notice">contract <code>${handler.hash}</code></p>
    </header>
    ${handler.description && html`<${Markdown} text=${handler.description} />`}
    ${artefacts.notes.length > 0 && html`<ul class="notes">${artefacts.notes.map((note) => html`<li><${Words} text=${note} /></li>`)}</ul>`}
    <nav class="inner" aria-label=${`Parts of ${handler.name}`}>${sections.map(([part, title]) => html`<a href=${`#${id}-${part}`}>${title}</a>`)}</nav>
    ${sections.map(([part, title, content]) => html`<section key=${part} id=${`${id}-${part}`} aria-labelledby=${`${id}-${part}-title`}>
      <h3 id=${`${id}-${part}-title`}>${title}</h3>
      <${Guard}>${content}<//>
    </section>`)}
  </article>`;
}

function Send({ artefacts }) {
  const { send, messageTemplate, otherTemplates, headersTemplate, parameters } = artefacts;
  return html`<p class="lead">In a <b>Kafka Send Action</b>.</p>
    <${Line} label="Topic" text=${send.name} note=${send.note} />
    ${send.parameter && html`<${Line} label="Topic with parameters" text=${send.parameter} />`}
    <${Block} label="Message" text=${messageTemplate} note="A placeholder for each value: put the keys of the process in their place." />
    ${otherTemplates.length > 0 && html`<details><summary>Messages of other forms <span class="quantity">${otherTemplates.length}</span></summary>
      ${otherTemplates.map(({ form, template }) => html`<${Block} label=${form} text=${template} />`)}</details>`}
    <${Block} label="Headers" text=${headersTemplate} />
    ${parameters.length > 0 && html`<${Parameters} parameters=${parameters} />`}`;
}

function Parameters({ parameters }) {
  return html`<details><summary>Configuration parameters <span class="quantity">${parameters.length}</span></summary>
    <${Table} columns=${["Name", "Value", "What it is"]} rows=${parameters.map(({ name, value, description }) => [
      html`<code>${name}</code>`, html`<span class="paste"><code>${value}</code><${CopyButton} text=${value} what=${name} /></span>`, description])} /></details>`;
}

function Receive({ artefacts }) {
  const { receive } = artefacts;
  if (!receive) return html`<p class="lead">The handler sends nothing, so there is no receive node: a process that waited there would wait for ever.</p>`;
  return html`<p class="lead">In the <b>receive node</b> that waits for the answer.</p>
    <${Line} label="Topic" text=${receive.topic.name} note=${receive.topic.note} />
    ${receive.topic.parameter && html`<${Line} label="Topic with parameters" text=${receive.topic.parameter} />`}
    <${Line} label="Key name" text=${receive.keyName} note="Under this key the reply stands in the process data." />
    <${Line} label="Response timeout" text=${receive.responseTimeout} note="All attempts of the connector fit in: behind it no reply comes any more." />`;
}

function DataModel({ artefacts }) {
  return html`<h4>Request</h4><${Rows} rows=${artefacts.requestModel} />
    ${artefacts.replyModel.length > 0 && html`<h4>Reply</h4><${Rows} rows=${artefacts.replyModel} />`}`;
}

function Rows({ rows }) {
  const cells = (row) => cellsOf(row, row.rules.filter((rule) => row.values.length === 0 || !rule.startsWith("one of ")));
  const groups = rows.reduce((all, row) => {
    const last = all[all.length - 1];
    if (last && last.group === row.group) last.rows.push(row);
    else all.push({ group: row.group, rows: [row] });
    return all;
  }, []);
  const title = (group) => group ?? (groups.length > 1 ? "Other" : null);
  return groups.map(({ group, rows: some }) => html`${title(group) && html`<h5>${title(group)}</h5>`}
    <${Table} kind="model" columns=${["Key", "Type", "Mandatory", "What it is", "Example"]} rows=${some.map(cells)} />`);
}

/** A row of the data model; what its values say already is not among `rules`. */
function cellsOf(row, rules) {
  return [
    html`<code>${soft(row.path || "(all)")}</code>${row.label !== row.name && html`<br /><span class="hint">${row.label}</span>`}`,
    html`<span class="kind">${row.kind}${row.itemKind ? ` of ${row.itemKind}` : ""}</span>`,
    row.mandatory ? "yes" : "no",
    html`${row.description && html`<${Words} text=${row.description} />`}
      ${row.values.length > 0 && html`<div class="values">${row.values.map((one) => html`<div><code>${textOf(one.value)}</code> ${one.description}</div>`)}</div>`}
      ${rules.length > 0 && html`<div class="hint"><${Ticks} text=${rules.join("; ")} /></div>`}
      ${row.sensitive && html` <span class="tag">sensitive</span>`}${row.lenient && html` <span class="tag">also as text</span>`}`,
    row.example === null || row.example === undefined ? "" : html`<code>${JSON.stringify(row.example)}</code>`,
  ];
}

/** Text in which only code is marked: a pattern in it is no Markdown. */
function Ticks({ text }) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}

function textOf(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Samples({ artefacts }) {
  const { sampleRequest, sampleReply, sampleErrors } = artefacts;
  return html`<${Block} label="Request" text=${pretty(sampleRequest)} />
    ${sampleReply !== null && html`<${Block} label="Reply on success" text=${pretty(sampleReply)} />`}
    ${sampleErrors.length > 0 && html`<details><summary>Error replies <span class="quantity">${sampleErrors.length}</span></summary>
      ${sampleErrors.map(({ code, description, reply }) => html`<${Block} label=${code} text=${pretty(reply)} note=${description && html`<${Words} text=${description} />`} />`)}</details>`}`;
}

const LANGUAGES = [["javascript", "JavaScript"], ["mvel", "MVEL"], ["python", "Python"]];

function Errors({ handler, artefacts }) {
  const [language, setLanguage] = useState("javascript");
  const id = idOf("language", handler.name);
  const own = new Set(handler.codes.filter((one) => one.own).map(({ code }) => code));
  const name = ({ when, code }) => ({ anyError: html`<b>any error</b>`, success: html`<b>success</b>` })[when]
    || html`<code>${soft(code)}</code>${own.has(code) && html` <span class="tag">any handler</span>`}`;
  return html`<div class="choose"><label for=${id}>Conditions in</label>
      <select id=${id} value=${language} onChange=${(event) => setLanguage(event.currentTarget.value)}>
        ${LANGUAGES.map(([key, title]) => html`<option value=${key}>${title}</option>`)}</select></div>
    <${Table} kind="errors" columns=${["Code", "What it means", "Gateway condition"]} rows=${artefacts.conditions.map((one) => [
      name(one),
      html`<${Words} text=${one.description} />`,
      html`<span class="paste"><code>${one[language]}</code><${CopyButton} text=${one[language]} what=${`condition for ${one.code || one.when}`} /></span>`,
    ])} />
    <p class="note">A gateway takes the first condition that is true, from top to bottom.
      ${handler.codesOpen && " There may be codes that are not listed here: give it a way for any error."}</p>`;
}

function Promises({ handler }) {
  const orders = {
    key: "requests of one process instance run one after another",
    partition: "requests of one partition run one after another",
    unordered: "requests run in no order",
  };
  const { most, timeoutMs, budgetMs } = handler.attempts;
  return html`<dl class="facts">
    <${Fact} name="Guarantee" value=${`${handler.guarantee}: a request may be handled twice, never not at all`} />
    <${Fact} name="Order" value=${orders[handler.order] || handler.order} />
    <${Fact} name="Attempts" value=${`at most ${most}, each up to ${time(timeoutMs)}, all within ${time(budgetMs)}`} />
    ${(handler.retryTopics || []).length > 0 && html`<${Fact} name="Retry topics" value=${handler.retryTopics.map(({ topic, delayMs }) => html`<div><code>${topic}</code> after ${time(delayMs)}</div>`)} />`}
    <${Fact} name="Dead letters" value=${html`<code>${handler.deadLetterTopic}</code>`} />
    <${Fact} name="Consumer group" value=${html`<code>${catalog.contract.group}</code>`} />
  </dl>`;
}

function More({ handler, artefacts }) {
  const schemas = [["Request schema", handler.request], ["Reply schema", handler.reply], ["Error schema", handler.error]];
  return html`${artefacts.mock && html`<details><summary>Entry for the mock adapter</summary>
      <${Block} label="Mock entry" text=${pretty(artefacts.mock)} note="The body of a POST to /api/kafka-exchanges/ of the mock adapter." /></details>`}
    ${schemas.filter(([, schema]) => schema).map(([label, schema]) => html`<details><summary>${label}</summary><${Block} label=${label} text=${pretty(schema)} /></details>`)}`;
}

/** A table that becomes a list of cards where there is no room for columns. */
function Table({ columns, rows, kind = "" }) {
  return html`<div class="scroll"><table class=${`cards ${kind}`}>
    <thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((cell, index) => index === 0
      ? html`<th scope="row">${cell}</th>`
      : html`<td data-column=${columns[index]} class=${cell ? "" : "empty"}>${cell}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}
