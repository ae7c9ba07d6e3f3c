// The controls of a form: one for each kind of value, all with a label, a hint and their errors.

/** What all fields of a form share: `{ root, id, problemsAt(pointer), touch(pointer), spoil(pointer, message) }`. */
const FormContext = createContext(null);

/** One value of the form, whatever its kind. Absent is `undefined`. */
function Field({ schema, pointer, name, required, value, onChange, onRemove }) {
  const { root } = useContext(FormContext);
  const whole = useMemo(() => resolved(schema, root), [schema, root]);
  const kind = control(whole, root);
  const props = { schema: whole, pointer, name, required, value, onChange, onRemove };
  switch (kind) {
    case "object":
      return html`<${ObjectField} ...${props} />`;
    case "list":
      return html`<${ListField} ...${props} />`;
    case "choice":
      return html`<${ChoiceField} ...${props} />`;
    case "fixed":
      return html`<${FixedField} ...${props} />`;
    default:
      return html`<${Labelled} ...${props} control=${CONTROLS[kind]} />`;
  }
}

/** A label, a control below it, a hint and the errors of its value. */
function Labelled({ control: Control, ...props }) {
  const { schema, pointer, name, required, value, onRemove } = props;
  const form = useContext(FormContext);
  const id = idOf(form.id, pointer);
  const problems = form.problemsAt(pointer);
  const hint = schema.description && `${id}-hint`;
  const described = [hint, problems.length > 0 && `${id}-error`].filter(Boolean).join(" ");
  const inputProps = {
    id,
    "aria-describedby": described || undefined,
    "aria-invalid": problems.length > 0 ? "true" : undefined,
    "aria-required": required ? "true" : undefined,
    onBlur: () => value !== undefined && form.touch(pointer),
  };
  const label = html`<label for=${id}><${Name} schema=${schema} name=${name} required=${required} /></label>`;
  const input = html`<${Control} ...${props} inputProps=${inputProps} />`;
  const ticked = Control === BooleanControl && isTick(props);
  const wide = Control === JsonControl || isLong(schema, value);
  return html`<div class=${`field ${wide ? "wide" : ""}`}>
    ${ticked ? html`<div class="tick">${input}${label}</div>` : label}
    ${!ticked && html`<div class="entered">${input}
      ${onRemove && html`<${RemoveButton} name=${name} onRemove=${onRemove} />`}</div>`}
    <${Hint} id=${hint} schema=${schema} />
    <${Problems} id=${`${id}-error`} problems=${problems} />
  </div>`;
}

/** Whether a boolean is a box to tick: where it must be there, it is true or false and nothing else. */
function isTick({ required, schema, onRemove }) {
  return required && !schema.nullable && !onRemove;
}

/** Whether a text needs several lines. */
function isLong(schema, value) {
  return typesOf(schema)[0] === "string" && ((schema.maxLength || 0) > 200 || (typeof value === "string" && value.includes("\n")));
}

function Name({ schema, name, required }) {
  const titled = schema.title && schema.title !== name;
  return html`<span class="name">${titled ? schema.title : name}</span>
    ${titled && html` <code>${name}</code>`}
    ${!required && html` <span class="optional">optional</span>`}`;
}

function Hint({ id, schema }) {
  return schema.description ? html`<p class="hint" id=${id}><${Words} text=${schema.description.split("\n\n")[0]} /></p>` : null;
}

function Problems({ id, problems }) {
  return problems.length > 0
    ? html`<p class="problem" id=${id}>${problems.map(({ message }) => message).join("; ")}</p>`
    : null;
}

function RemoveButton({ name, onRemove }) {
  return html`<button type="button" class="quiet" onClick=${onRemove} aria-label=${`Remove ${name}`}>Remove</button>`;
}

/** What an emptied control means: nothing at all, or null where something must stand. */
function emptied({ schema, required }) {
  return required && schema.nullable ? null : undefined;
}

function TextControl({ schema, required, value, onChange, inputProps }) {
  const entered = (event) => {
    const text = event.currentTarget.value;
    onChange(text === "" && !required ? undefined : text);
  };
  const shown = typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
  if (schema.format === "date") return html`<input type="text" ...${inputProps} value=${shown} onInput=${entered} placeholder="2024-06-28" />`;
  return isLong(schema, value)
    ? html`<textarea rows="4" ...${inputProps} value=${shown} onInput=${entered}></textarea>`
    : html`<input type="text" ...${inputProps} value=${shown} onInput=${entered} />`;
}

function NumberControl({ value, onChange, inputProps, ...props }) {
  const [typed, setTyped] = useState("");
  // `1.` and `1.0` stay as they are typed; what is no number is kept as text, and found wrong.
  const shown = numeral(typed) === value ? typed : value === undefined || value === null ? "" : String(value);
  const entered = (event) => {
    const text = event.currentTarget.value;
    setTyped(text);
    onChange(text.trim() === "" ? emptied(props) : numeral(text));
  };
  return html`<input type="text" inputmode="decimal" autocomplete="off" ...${inputProps} value=${shown} onInput=${entered} />`;
}

/** A number as JSON has it; any other text stays one. */
function numeral(text) {
  const plain = text.trim();
  return /^-?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?$/.test(plain) ? Number(plain) : text;
}

function BooleanControl({ value, onChange, inputProps, ...props }) {
  if (isTick(props)) {
    return html`<input type="checkbox" ...${inputProps} checked=${value === true} onChange=${(event) => onChange(event.currentTarget.checked)} />`;
  }
  const choices = [{ value: true, label: "true" }, { value: false, label: "false" }];
  return html`<${Choices} ...${{ ...props, choices, value, onChange, inputProps }} />`;
}

function SelectControl(props) {
  const { root } = useContext(FormContext);
  return html`<${Choices} ...${props} choices=${choicesOf(props.schema, root)} />`;
}

function Choices({ choices, value, onChange, inputProps, schema, required }) {
  const at = choices.findIndex((choice) => choice.value === value);
  const chosen = (event) => {
    const index = event.currentTarget.value;
    onChange(index === "" ? emptied({ schema, required }) : choices[Number(index)].value);
  };
  const unknown = at < 0 && value !== undefined && value !== null;
  return html`<select ...${inputProps} value=${at < 0 ? "" : String(at)} onChange=${chosen}>
    <option value="">${unknown ? JSON.stringify(value) : required ? "Choose…" : "Not set"}</option>
    ${choices.map((choice, index) => html`<option value=${String(index)}>${choice.label}${choice.description ? ` – ${choice.description.split("\n")[0]}` : ""}</option>`)}
  </select>`;
}

/** Anything as JSON: maps, values of any type, lists of several kinds. */
function JsonControl({ pointer, value, onChange, inputProps, ...props }) {
  const form = useContext(FormContext);
  const [typed, setTyped] = useState(null);
  const shown = typed ?? (value === undefined ? "" : pretty(value));
  useEffect(() => {
    // Something else has changed it: what was typed no longer stands for it.
    if (typed !== null && !sameJson(typed, value) && parsed(typed).ok) setTyped(null);
  }, [value]);
  const entered = (event) => {
    const text = event.currentTarget.value;
    setTyped(text);
    const { ok, value: read, reason } = text.trim() === "" ? { ok: true, value: emptied(props) } : parsed(text);
    form.spoil(pointer, ok ? null : `is no JSON: ${reason}`);
    if (ok) onChange(read);
  };
  return html`<textarea class="json" rows="4" spellcheck="false" ...${inputProps} value=${shown} onInput=${entered}></textarea>`;
}

/** Text read as JSON: `{ ok, value }`, or `{ ok: false, reason }`. */
function parsed(text) {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, reason: error.message };
  }
}

function sameJson(text, value) {
  const { ok, value: read } = parsed(text);
  return ok && JSON.stringify(read) === JSON.stringify(value);
}

const CONTROLS = {
  text: TextControl,
  number: NumberControl,
  boolean: BooleanControl,
  select: SelectControl,
  json: JsonControl,
};
