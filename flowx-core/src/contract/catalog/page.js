// The page as a whole: whose connector it is, a list of its handlers, a search, the handlers.

const { contract } = catalog;

/** Everything of a handler that somebody may look for, as one lower-case text. */
function searchable(handler) {
  const artefacts = catalog.artefacts[handler.name];
  const names = [];
  const collect = (part) => {
    if (Array.isArray(part)) part.forEach(collect);
    else if (isObject(part)) {
      for (const [keyword, inner] of Object.entries(part)) {
        if (keyword === "properties" && isObject(inner)) names.push(...Object.keys(inner));
        if (["title", "description"].includes(keyword) && typeof inner === "string") names.push(inner);
        collect(inner);
      }
    }
  };
  [handler.request, handler.reply].forEach(collect);
  const codes = handler.codes.flatMap(({ code, description }) => [code, description]);
  const rows = [...artefacts.requestModel, ...artefacts.replyModel].flatMap(({ path, label }) => [path, label]);
  return [handler.name, handler.description, handler.topic, handler.replyTopic, artefacts.receive?.keyName, ...codes, ...names, ...rows]
    .filter(Boolean).join("\n").toLowerCase();
}

const INDEX = new Map(contract.handlers.map((handler) => [handler.name, searchable(handler)]));

/** The handlers in which every word occurs. */
function found(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return contract.handlers.filter(({ name }) => words.every((word) => INDEX.get(name).includes(word)));
}

function Page() {
  const [query, setQuery] = useState("");
  const [tokenValue, setTokenValue] = useState("");
  const handlers = found(query);
  const token = served && catalog.presence.token ? { value: tokenValue, set: setTokenValue } : null;
  return html`<${TokenContext.Provider} value=${token}>
    <header class="top">
      <div>
        <p class="over">Connector</p>
        <h1>${contract.group}</h1>
      </div>
      <p class="about">${count(contract.handlers.length, "handler")} · topics <code>${contract.naming.prefix}…${contract.naming.suffix}</code> · flowx ${catalog.flowxVersion}
        ${served && html` · <a href="catalog/contract.json">contract.json</a>`}</p>
    </header>
    <div class="columns">
      <nav class="side" aria-label="Handlers">
        <search>
          <label for="search">Search</label>
          <input type="search" id="search" value=${query} onInput=${(event) => setQuery(event.currentTarget.value)}
            placeholder="name, topic, field, code" autocomplete="off" />
          <p class="hint" role="status">${query ? `${count(handlers.length, "handler")} found` : ""}</p>
        </search>
        <ul>${handlers.map((handler) => html`<li key=${handler.name}><a href=${`#${idOf("h", handler.name)}`}>
          <b>${handler.name}</b><span>${handler.summary}</span></a></li>`)}</ul>
      </nav>
      <main id="handlers" tabindex="-1">
        ${handlers.length === 0 && html`<p class="lead">Nothing fits <q>${query}</q>.</p>`}
        ${handlers.map((handler) => html`<${Handler} key=${handler.name} handler=${handler} />`)}
      </main>
    </div>
  <//>`;
}

const place = document.getElementById("page");
place.replaceChildren();
render(html`<${Page} />`, place);
// On paper nothing can be unfolded.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((details) => { details.open = true; });
});
addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
// What the address names is there only now.
if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
