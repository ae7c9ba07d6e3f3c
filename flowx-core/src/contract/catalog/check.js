// Checks a value against a schema, and says at each place what is wrong in plain words.

const TYPE_NAMES = {
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  null: "null",
};

const FORMATS = {
  date: "a date, as 2024-06-28",
  "date-time": "a date and time with its zone, as 2024-06-28T14:30:00Z",
  time: "a time with its zone, as 14:30:00Z",
  email: "a mail address",
  uri: "an address, as https://example.org/path",
  uuid: "a UUID",
};

/** Keywords that only say that something below them is wrong; what it is follows. */
const GATHERING = new Set(["$ref", "$dynamicRef", "properties", "items", "prefixItems", "allOf", "if",
  "additionalProperties", "patternProperties", "unevaluatedProperties", "unevaluatedItems", "dependentSchemas"]);
/** These say more only if one of the branches is nearer than the others. */
const CHOOSING = new Set(["anyOf", "oneOf"]);

/** All that is wrong with a value: `{ at, message }`, `at` being a JSON pointer. */
function problemsOf(schema, value) {
  let errors;
  try {
    ({ errors } = new libraries.Validator(schema, "2020-12", false).validate(value === undefined ? null : value));
  } catch (error) {
    // A pattern that only the connector understands, for example.
    return [{ at: "", message: `cannot be checked in this browser: ${error.message}` }];
  }
  const near = bestBranches(errors);
  const found = near.filter((error) => !GATHERING.has(error.keyword) && (!CHOOSING.has(error.keyword) || isLast(error, near)));
  const problems = found.map((error) => problem(error, schema));
  const key = ({ at, message }) => `${at} ${message}`;
  return problems.filter((one, index) => problems.findIndex((other) => key(other) === key(one)) === index);
}

/** Of a value that fits no branch only what is wrong in the nearest one is told. */
function bestBranches(errors) {
  let left = errors;
  for (const choice of errors.filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf")) {
    const prefix = `${choice.keywordLocation}/`;
    const groups = new Map();
    for (const error of left.filter(({ keywordLocation }) => keywordLocation.startsWith(prefix))) {
      const branch = error.keywordLocation.slice(prefix.length).split("/")[0];
      groups.set(branch, [...(groups.get(branch) || []), error]);
    }
    const [best] = [...groups].sort(([, a], [, b]) => distance(a, choice) - distance(b, choice))[0] || [];
    const isOther = ({ keywordLocation }) =>
      keywordLocation.startsWith(prefix) && keywordLocation.slice(prefix.length).split("/")[0] !== best;
    left = left.filter((error) => !isOther(error));
  }
  return left;
}

/** A wrong type or tag of the value itself is farther away than anything wrong inside of it. */
function distance(errors, choice) {
  const own = errors.filter((error) => error.instanceLocation === choice.instanceLocation && error.keyword === "type");
  const tags = errors.filter((error) => error.keyword === "const");
  return own.length * 1000 + tags.length * 100 + errors.length;
}

/** Whether nothing below it says more. */
function isLast(error, errors) {
  return !errors.some((other) => other !== error && other.keywordLocation.startsWith(`${error.keywordLocation}/`));
}

function problem(error, schema) {
  const at = error.instanceLocation.replace(/^#/, "");
  if (error.keyword === "required") {
    const name = error.error.match(/property "(.*)"\.$/s)?.[1] ?? "";
    return { at: below(at, name), message: "is missing", missing: true };
  }
  return { at, message: words(error, given(schema, error.keywordLocation)) };
}

/** What stands in the schema at a keyword that was violated. */
function given(schema, location) {
  const steps = location.replace(/^#\/?/, "").split("/");
  let part = schema;
  for (const step of steps) {
    if (!isObject(part) && !Array.isArray(part)) return undefined;
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    part = name === "$ref" ? pointed(schema, part.$ref) : part[name];
  }
  return part;
}

function words({ keyword, error }, limit) {
  const list = (values) => values.map((value) => JSON.stringify(value)).join(", ");
  switch (keyword) {
    case "type":
      return `must be ${[limit].flat().filter((type) => type !== "null").map((type) => TYPE_NAMES[type] || type).join(" or ")}`;
    case "enum":
      return `must be one of ${list([limit].flat())}`;
    case "const":
      return `must be ${JSON.stringify(limit)}`;
    case "minLength":
      return limit === 1 ? "must not be empty" : `must have at least ${count(limit, "character")}`;
    case "maxLength":
      return `must have at most ${count(limit, "character")}`;
    case "pattern":
      return `must match the pattern ${limit}`;
    case "format":
      return `must be ${FORMATS[limit] || `of the format ${limit}`}`;
    case "minimum":
      return `must be at least ${limit}`;
    case "maximum":
      return `must be at most ${limit}`;
    case "exclusiveMinimum":
      return `must be above ${limit}`;
    case "exclusiveMaximum":
      return `must be below ${limit}`;
    case "multipleOf":
      return `must be a multiple of ${limit}`;
    case "minItems":
      return `must have at least ${count(limit, "entry", "entries")}`;
    case "maxItems":
      return `must have at most ${count(limit, "entry", "entries")}`;
    case "uniqueItems":
      return "must not have an entry twice";
    case "oneOf":
    case "anyOf":
      return "must be one of the choices";
    case "false":
      return "is not expected here";
    default:
      return error.replace(/^Instance/, "it").replace(/\.$/, "");
  }
}
