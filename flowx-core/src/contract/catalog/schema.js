// What a JSON Schema means for a form: which control, which choices, which value to begin with.

/** A schema with what it refers to, its `allOf` parts and one nullable branch folded in. */
function resolved(schema, root, depth = 0) {
  if (!isObject(schema) || depth > 20) return {};
  const { $ref, allOf, ...own } = schema;
  let whole = own;
  if (typeof $ref === "string") whole = folded(resolved(pointed(root, $ref), root, depth + 1), own);
  for (const part of Array.isArray(allOf) ? allOf : []) {
    whole = folded(whole, resolved(part, root, depth + 1));
  }
  const keyword = whole.anyOf ? "anyOf" : whole.oneOf ? "oneOf" : null;
  if (!keyword) return whole;
  const others = whole[keyword].filter((branch) => resolved(branch, root, depth + 1).type !== "null");
  if (others.length === whole[keyword].length) return whole;
  const { [keyword]: _, ...rest } = whole;
  if (others.length !== 1) return { ...rest, [keyword]: others, nullable: true };
  return { ...folded(resolved(others[0], root, depth + 1), rest), nullable: true };
}

/** Two schemas of one value; what both say of properties counts together. */
function folded(first, second) {
  const both = { ...first, ...second };
  if (first.properties && second.properties) both.properties = { ...first.properties, ...second.properties };
  if (first.required && second.required) both.required = [...first.required, ...second.required];
  return both;
}

function pointed(root, ref) {
  if (ref === "#") return root;
  const steps = ref.replace(/^#\//, "").split("/");
  const unescaped = steps.map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
  return unescaped.reduce((part, step) => part?.[step], root);
}

/** The types a schema allows, without null. */
function typesOf(schema) {
  const types = Array.isArray(schema.type) ? schema.type : schema.type ? [schema.type] : [];
  return types.filter((type) => type !== "null");
}

/** How a value is entered. `schema` is resolved; whatever is out of the ordinary is `json`. */
function control(schema, root) {
  const choices = choicesOf(schema, root);
  if ("const" in schema) return "fixed";
  if (choices) return "select";
  if (schema.oneOf || schema.anyOf) {
    const lenient = schema["x-flowx-lenient"];
    return lenient || "choice";
  }
  const types = typesOf(schema);
  const lenient = schema["x-flowx-lenient"];
  if (lenient === "number" || lenient === "boolean") return lenient;
  if (types.length > 1 && !types.every((type) => type === "number" || type === "integer")) return "json";
  switch (types[0]) {
    case "string":
      return "text";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return isObject(schema.items) && !schema.prefixItems ? "list" : "json";
    case "object":
      return schema.properties && Object.keys(schema.properties).length > 0 ? "object" : "json";
    default:
      return schema.properties ? "object" : "json";
  }
}

/** The values of an enumeration with what they mean; null if the schema is none. */
function choicesOf(schema, root) {
  if (Array.isArray(schema.enum)) {
    return schema.enum.filter((value) => value !== null).map((value) => ({ value, label: String(value) }));
  }
  const branches = schema.oneOf || schema.anyOf;
  if (!branches) return null;
  const all = branches.map((branch) => resolved(branch, root)).flatMap((branch) => {
    if ("const" in branch) return [{ value: branch.const, label: branch.title || String(branch.const), description: branch.description }];
    return choicesOf(branch, root) || [null];
  });
  return all.every(Boolean) ? all : null;
}

/** The branches of a choice, each with the properties that stand beside the choice. */
function branchesOf(schema, root) {
  const { oneOf, anyOf, ...around } = schema;
  return (oneOf || anyOf).map((branch, index) => {
    const whole = folded(around, resolved(branch, root));
    return { schema: whole, label: branchName(resolved(branch, root), root, index) };
  });
}

function branchName(branch, root, index) {
  if (branch.title) return branch.title;
  const properties = Object.entries(branch.properties || {});
  const tag = tagOf(branch, root);
  if (tag !== undefined) return String(resolved(branch.properties[tag], root).const);
  if ("const" in branch) return String(branch.const);
  if (properties.length === 1) return properties[0][0];
  const type = typesOf(branch)[0];
  return type ? TYPE_NAMES[type] : `Choice ${index + 1}`;
}

/** The property that says which branch it is: one that is always the same there. */
function tagOf(branch, root) {
  return Object.keys(branch.properties || {}).find((name) => "const" in resolved(branch.properties[name], root));
}

/** The branch that a value belongs to; -1 if none is near. */
function branchAt(branches, value, root) {
  const tagged = branches.findIndex(({ schema }) => {
    const tag = tagOf(schema, root);
    return tag !== undefined && isObject(value) && value[tag] === resolved(schema.properties[tag], root).const;
  });
  if (tagged >= 0) return tagged;
  const fits = branches.findIndex(({ schema }) => problemsOf({ ...schema, $defs: root.$defs }, value).length === 0);
  if (fits >= 0) return fits;
  return branches.findIndex(({ schema }) => {
    const type = typesOf(schema)[0];
    if (isObject(value)) return type === "object" && (schema.required || []).some((name) => name in value);
    return type !== undefined && type === (Array.isArray(value) ? "array" : typeof value);
  });
}

/** The least that a value of this schema has: what is mandatory, and empty. */
function blank(schema, root, depth = 0) {
  const whole = resolved(schema, root);
  if (whole.default !== undefined && whole.default !== null) return whole.default;
  if (depth > 8) return null;
  switch (control(whole, root)) {
    case "fixed":
      return whole.const;
    case "select":
      return undefined;
    case "text":
      return "";
    case "boolean":
      return false;
    case "list":
      return Array.from({ length: whole.minItems || 0 }, () => blank(whole.items, root, depth + 1));
    case "object": {
      const required = Object.keys(whole.properties).filter((name) => (whole.required || []).includes(name));
      const parts = required.map((name) => [name, blank(whole.properties[name], root, depth + 1)]);
      return Object.fromEntries(parts.filter(([, value]) => value !== undefined));
    }
    case "choice":
      return blank(branchesOf(whole, root)[0].schema, root, depth + 1);
    case "json":
      return typesOf(whole)[0] === "array" ? [] : typesOf(whole)[0] === "object" ? {} : null;
    default:
      return undefined;
  }
}
