// Values that hold others, and the form as a whole: fields beside the raw JSON, both of one value.

/** A property set, or taken out with `undefined`; properties stay in the order of the schema. */
function withProperty(object, name, value, order) {
  const all = { ...(isObject(object) ? object : {}), [name]: value };
  const names = [...order.filter((known) => known in all), ...Object.keys(all).filter((known) => !order.includes(known))];
  return Object.fromEntries(names.map((known) => [known, all[known]]).filter(([, one]) => one !== undefined));
}

/** The fields of an object; `without` names the one that is chosen already. */
function Properties({ schema, pointer, value, onChange, without }) {
  const order = Object.keys(schema.properties);
  const shown = order.filter((name) => name !== without);
  const held = isObject(value) ? value : {};
  const others = Object.keys(held).filter((name) => !order.includes(name));
  return html`<div class="fields">${shown.map((name) => html`<${Field} key=${name} name=${name} schema=${schema.properties[name]}
      pointer=${below(pointer, name)} required=${(schema.required || []).includes(name)}
      value=${held[name]} onChange=${(one) => onChange(withProperty(value, name, one, order))} />`)}
    ${others.map((name) => html`<${Field} key=${name} name=${name} schema=${isObject(schema.additionalProperties) ? schema.additionalProperties : {}}
      pointer=${below(pointer, name)} value=${held[name]} onChange=${(one) => onChange(withProperty(value, name, one, order))}
      onRemove=${() => onChange(withProperty(value, name, undefined, order))} />`)}</div>`;
}

/** A group of fields under one legend; where it may be left out, with a button that adds it. */
function Group({ schema, pointer, name, required, value, onChange, onRemove, begin, children }) {
  const form = useContext(FormContext);
  const id = idOf(form.id, pointer);
  const problems = form.problemsAt(pointer);
  const absent = value === undefined || value === null;
  const title = schema.title && !onRemove ? schema.title : name;
  const remove = onRemove || (!required && !absent ? () => onChange(undefined) : null);
  return html`<fieldset class=${`group ${problems.length > 0 ? "wrong" : ""}`} id=${id} tabindex="-1">
    <legend><${Name} schema=${{ title }} name=${name} required=${required || onRemove} /></legend>
    ${remove && html`<div class="corner"><${RemoveButton} name=${title} onRemove=${remove} /></div>`}
    <${Hint} schema=${schema} />
    <${Problems} id=${`${id}-error`} problems=${problems} />
    ${absent ? html`<button type="button" onClick=${() => onChange(begin())}>Add ${title}</button>` : children}
  </fieldset>`;
}

function ObjectField(props) {
  const { root } = useContext(FormContext);
  return html`<${Group} ...${props} begin=${() => blank(props.schema, root)}><${Properties} ...${props} /><//>`;
}

function ListField(props) {
  const { schema, pointer, value, onChange, name } = props;
  const { root } = useContext(FormContext);
  const entries = Array.isArray(value) ? value : [];
  const add = () => onChange([...entries, blank(schema.items, root) ?? null]);
  const full = schema.maxItems !== undefined && entries.length >= schema.maxItems;
  return html`<${Group} ...${props} begin=${() => blank(schema, root)}>
    ${entries.length === 0 && html`<p class="hint">No entries.</p>`}
    ${entries.map((entry, index) => html`<${Field} key=${index} name=${`${schema.title || name} ${index + 1}`} schema=${schema.items} required
      pointer=${below(pointer, index)} value=${entry}
      onChange=${(one) => onChange(entries.map((other, place) => (place === index ? one ?? null : other)))}
      onRemove=${() => onChange(entries.filter((_, place) => place !== index))} />`)}
    ${!full && html`<button type="button" onClick=${add}>Add an entry to ${schema.title || name}</button>`}
  <//>`;
}

function ChoiceField(props) {
  const { schema, pointer, value, onChange } = props;
  const form = useContext(FormContext);
  const branches = useMemo(() => branchesOf(schema, form.root), [schema]);
  const [picked, setPicked] = useState(0);
  const found = branchAt(branches, value, form.root);
  const at = found < 0 ? picked : found;
  const id = idOf(form.id, pointer, "choice");
  const choose = (event) => {
    const index = Number(event.currentTarget.value);
    setPicked(index);
    onChange(blank(branches[index].schema, form.root) ?? null);
  };
  const branch = branches[at].schema;
  const tag = tagOf(branch, form.root);
  return html`<${Group} ...${props} begin=${() => blank(schema, form.root)}>
    <div class="field"><label for=${id}><span class="name">Which one</span></label>
      <select id=${id} value=${String(at)} onChange=${choose}>
        ${branches.map(({ label }, index) => html`<option value=${String(index)}>${label}</option>`)}
      </select></div>
    ${control(branch, form.root) === "object"
      ? html`<${Properties} key=${at} schema=${branch} pointer=${pointer} value=${value} onChange=${onChange} without=${tag} />`
      : html`<${Field} key=${at} schema=${{ ...branch, title: undefined, description: undefined }} pointer=${pointer} name=${branches[at].label} required value=${value} onChange=${onChange} />`}
  <//>`;
}

/** A value that is always the same, such as the tag of a choice. */
function FixedField({ schema, name, value, onChange, required }) {
  useEffect(() => {
    if (required && value !== schema.const) onChange(schema.const);
  }, [value]);
  return html`<p class="fixed"><span class="name">${name}</span> <code>${JSON.stringify(schema.const)}</code></p>`;
}

/**
 * Fields and raw JSON of one value. `state` is `{ text, value, ok, reason }`, see `stateOf`; `spoilt`
 * says of fields that hold no value yet what is wrong with their text.
 */
function Form({ id, root, state, setState, problems, showAll, spoilt, setSpoilt, label }) {
  const [tab, setTab] = useState("fields");
  const [touched, setTouched] = useState(new Set());
  const spoil = (pointer, message) => setSpoilt(({ [pointer]: _, ...others }) => (message ? { ...others, [pointer]: message } : others));
  const touch = (pointer) => setTouched((before) => new Set([...before, pointer]));
  const problemsAt = (pointer) => {
    if (spoilt[pointer]) return [{ message: spoilt[pointer] }];
    return showAll || touched.has(pointer) ? problems.filter(({ at }) => at === pointer) : [];
  };
  const whole = useMemo(() => resolved(root, root), [root]);
  const change = (value) => setState(stateOf(value));
  const shownTab = state.ok ? tab : "raw";
  return html`<${FormContext.Provider} value=${{ root, id, problemsAt, touch, spoil }}>
    <${Tabs} id=${id} label=${label} tab=${shownTab} setTab=${setTab} tabs=${[["fields", "Form", !state.ok], ["raw", "JSON", false]]} />
    <div role="tabpanel" id=${`${id}-panel`} aria-labelledby=${`${id}-tab-${shownTab}`} class="panel">
      ${shownTab === "fields"
        ? control(whole, root) === "object" && isObject(state.value)
          ? html`<${Properties} schema=${whole} pointer="" value=${state.value} onChange=${change} />`
          : html`<${Field} schema=${root} name="request" pointer="" required value=${state.value} onChange=${change} />`
        : html`<${Raw} id=${id} state=${state} setState=${setState} problems=${problems} />`}
    </div>
  <//>`;
}

function Tabs({ id, label, tab, setTab, tabs }) {
  const moved = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const usable = tabs.filter(([, , disabled]) => !disabled).map(([name]) => name);
    if (!step || usable.length < 2) return;
    const next = usable[(usable.indexOf(tab) + step + usable.length) % usable.length];
    setTab(next);
    document.getElementById(`${id}-tab-${next}`)?.focus();
    event.preventDefault();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${moved}>
    ${tabs.map(([name, text, disabled]) => html`<button type="button" role="tab" id=${`${id}-tab-${name}`}
      aria-selected=${tab === name ? "true" : "false"} aria-controls=${`${id}-panel`} tabindex=${tab === name ? 0 : -1}
      disabled=${disabled} onClick=${() => setTab(name)}>${text}</button>`)}
  </div>`;
}

function Raw({ id, state, setState, problems }) {
  const wrong = !state.ok || problems.length > 0;
  return html`<label class="offscreen" for=${`${id}-raw`}>Request as JSON</label>
    <textarea class="json" id=${`${id}-raw`} rows=${Math.min(24, Math.max(8, state.text.split("\n").length + 1))} spellcheck="false"
      value=${state.text} aria-invalid=${wrong ? "true" : undefined} aria-describedby=${`${id}-raw-problems`}
      onInput=${(event) => setState(stateOfText(event.currentTarget.value))}></textarea>
    <div id=${`${id}-raw-problems`}>
      ${!state.ok && html`<p class="problem">This is no JSON: ${state.reason}</p>`}
      ${state.ok && problems.map(({ at, message }) => html`<p class="problem"><code>${at === "" ? "the request" : at.slice(1).replaceAll("/", ".")}</code> ${message}</p>`)}
    </div>`;
}

/** What a form holds, made of a value or of text that somebody typed. */
function stateOf(value) {
  return { text: pretty(value) ?? "null", value, ok: true };
}

function stateOfText(text) {
  const { ok, value, reason } = parsed(text);
  return { text, value, ok, reason };
}
