//! The table: two schemas, and what the step from the old to the new means as a request and as a
//! reply, place by place.

use Verdict::{Breaks as B, NewVersion as N, Safe as S};
use flowx_core::contract::diff::Verdict;
use serde_json::{Value, json};

/// Places with their verdict.
pub(crate) type Told = &'static [(&'static str, Verdict)];

/// One row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// What has changed.
    pub(crate) name: &'static str,
    pub(crate) old: Value,
    pub(crate) new: Value,
    /// What is told if it is a request.
    pub(crate) request: Told,
    /// What is told if it is a reply.
    pub(crate) reply: Told,
    /// Whether a verdict that something breaks is proved, and not only a precaution.
    pub(crate) proved: bool,
}

impl Default for Pair {
    fn default() -> Self {
        Self {
            name: "",
            old: json!(true),
            new: json!(true),
            request: &[],
            reply: &[],
            proved: true,
        }
    }
}

fn pair(name: &'static str, old: Value, new: Value, request: Told, reply: Told) -> Pair {
    Pair { name, old, new, request, reply, proved: true }
}

/// An object with these fields, of which some must be there.
fn object(fields: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": fields, "required": required })
}

/// The same schema, refusing fields that it does not name.
fn closed(mut schema: Value) -> Value {
    schema["additionalProperties"] = json!(false);
    schema
}

/// The same schema, with this for fields that it does not name.
fn open(mut schema: Value, further: Value) -> Value {
    schema["additionalProperties"] = further;
    schema
}

/// An object with one mandatory field `a`.
fn field(schema: Value) -> Value {
    object(json!({ "a": schema }), &["a"])
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "number" })
}

/// A schema with more keywords.
fn with(mut schema: Value, more: Value) -> Value {
    schema.as_object_mut().expect("keywords").extend(more.as_object().expect("keywords").clone());
    schema
}

/// The pair in which a field `a` changes from one schema to another.
fn of_field(name: &'static str, old: Value, new: Value, request: Told, reply: Told) -> Pair {
    pair(name, field(old), field(new), request, reply)
}

fn variant(name: &str, more: Value, required: &[&str]) -> Value {
    let mut fields = json!({ "kind": { "type": "string", "const": name } });
    fields.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    let required: Vec<&str> = std::iter::once("kind").chain(required.iter().copied()).collect();
    object(fields, &required)
}

fn payment(variants: &[Value]) -> Value {
    field(json!({ "oneOf": variants }))
}

fn card(number: Value) -> Value {
    variant("card", json!({ "number": number }), &["number"])
}

fn cash() -> Value {
    variant("cash", json!({}), &[])
}

fn external(name: &str, schema: Value) -> Value {
    closed(object(json!({ name: schema }), &[name]))
}

/// A tree whose leaves have this schema.
fn tree(name: &str, leaf: Value) -> Value {
    let node = json!({ "$ref": format!("#/$defs/{name}") });
    let fields = json!({
        "leaf": leaf,
        "children": { "type": "array", "items": node },
        "next": { "anyOf": [node, { "type": "null" }] }
    });
    json!({ "$ref": format!("#/$defs/{name}"), "$defs": { name: object(fields, &["leaf", "children"]) } })
}

fn choice(values: &[&str]) -> Value {
    json!({ "type": "string", "enum": values })
}

/// All rows.
pub(crate) fn all() -> Vec<Pair> {
    let groups = [
        no_changes(),
        presence(),
        kinds(),
        values(),
        rules(),
        further(),
        lists(),
        shapes(),
        deep(),
        odd(),
    ];
    groups.into_iter().flatten().collect()
}

fn no_changes() -> Vec<Pair> {
    let defined = |name: &str| {
        json!({
            "type": "object",
            "properties": { "a": { "$ref": format!("#/$defs/{name}") } },
            "$defs": { name: with(text(), json!({ "maxLength": 3 })) }
        })
    };
    let inlined = object(json!({ "a": { "type": "string", "maxLength": 3 } }), &[]);
    vec![
        pair("a definition has another name", defined("Code"), defined("Currency"), &[], &[]),
        pair("a definition is written where it is used", defined("Code"), inlined, &[], &[]),
        of_field(
            "texts and examples",
            with(text(), json!({ "title": "A", "examples": ["x"] })),
            with(text(), json!({ "description": "Other.", "default": "y", "deprecated": true })),
            &[],
            &[],
        ),
        of_field(
            "null written in another way",
            json!({ "type": ["string", "null"], "maxLength": 3 }),
            json!({ "anyOf": [{ "type": "null" }, { "type": "string", "maxLength": 3 }] }),
            &[],
            &[],
        ),
        of_field(
            "a choice written in another way",
            choice(&["LOW", "HIGH"]),
            json!({ "oneOf": [
                { "type": "string", "const": "HIGH", "description": "Much." },
                { "type": "string", "const": "LOW" }
            ] }),
            &[],
            &[],
        ),
        of_field(
            "a limit written in another way",
            json!({ "type": "integer", "exclusiveMinimum": 0 }),
            json!({ "type": "integer", "minimum": 1 }),
            &[],
            &[],
        ),
        pair("a tree with another name", tree("Tree", text()), tree("Node", text()), &[], &[]),
    ]
}

fn presence() -> Vec<Pair> {
    let a = || object(json!({ "a": text() }), &["a"]);
    let a_maybe = || object(json!({ "a": text() }), &[]);
    let ab = |required: &[&str]| object(json!({ "a": text(), "b": number() }), required);
    let nullable = json!({ "type": ["string", "null"] });
    vec![
        pair("an optional field is new", a(), ab(&["a"]), &[("$.b", S)], &[("$.b", S)]),
        pair("a mandatory field is new", a(), ab(&["a", "b"]), &[("$.b", B)], &[("$.b", S)]),
        pair("an optional field is gone", ab(&["a"]), a(), &[("$.b", S)], &[("$.b", S)]),
        pair("a mandatory field is gone", ab(&["a", "b"]), a(), &[("$.b", S)], &[("$.b", B)]),
        pair("a field became mandatory", a_maybe(), a(), &[("$.a", B)], &[("$.a", S)]),
        pair("a field became optional", a(), a_maybe(), &[("$.a", S)], &[("$.a", B)]),
        pair(
            "a field is renamed",
            object(json!({ "sum": number() }), &["sum"]),
            object(json!({ "total": number() }), &["total"]),
            &[("$.sum", S), ("$.total", B)],
            &[("$.sum", B), ("$.total", S)],
        ),
        of_field("a field may be null", text(), nullable.clone(), &[("$.a", S)], &[("$.a", B)]),
        of_field(
            "a field cannot be null any more",
            nullable.clone(),
            text(),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field(
            "an object may be null",
            field(text()),
            json!({ "anyOf": [field(text()), { "type": "null" }] }),
            &[("$.a", S)],
            &[("$.a", B)],
        ),
        pair(
            "a field is optional and may be null",
            a(),
            object(json!({ "a": nullable }), &[]),
            &[("$.a", S), ("$.a", S)],
            &[("$.a", B), ("$.a", B)],
        ),
        pair(
            "the first field of an empty request",
            json!({ "type": "object" }),
            object(json!({ "a": text() }), &[]),
            &[("$.a", S)],
            &[("$.a", S)],
        ),
        pair(
            "a field must be there that no schema describes",
            a(),
            object(json!({ "a": text() }), &["a", "b"]),
            &[("$.b", B)],
            &[("$.b", S)],
        ),
    ]
}

fn kinds() -> Vec<Pair> {
    let integer = || json!({ "type": "integer" });
    let either = || json!({ "type": ["string", "number"] });
    let maybe = |name: &str| json!({ "type": [name, "null"] });
    let lenient = || json!({ "type": "number", "x-flowx-lenient": "number" });
    vec![
        of_field("whole numbers became numbers", integer(), number(), &[("$.a", S)], &[("$.a", B)]),
        of_field("numbers became whole numbers", number(), integer(), &[("$.a", B)], &[("$.a", S)]),
        of_field("a text became a number", text(), number(), &[("$.a", N)], &[("$.a", N)]),
        of_field("a text became an object", text(), field(text()), &[("$.a", N)], &[("$.a", N)]),
        of_field(
            "an object became a list of them",
            field(text()),
            json!({ "type": "array", "items": field(text()) }),
            &[("$.a", N)],
            &[("$.a", N)],
        ),
        pair(
            "a reply became a list",
            field(text()),
            json!({ "type": "array", "items": field(text()) }),
            &[("$", N)],
            &[("$", N)],
        ),
        of_field("a text or a number", text(), either(), &[("$.a", S)], &[("$.a", B)]),
        of_field("only one of text and number", either(), text(), &[("$.a", B)], &[("$.a", S)]),
        of_field(
            "another kind beside null",
            maybe("string"),
            maybe("number"),
            &[("$.a", N)],
            &[("$.a", N)],
        ),
        of_field(
            "numbers are taken as text too",
            number(),
            lenient(),
            &[("$.a", S)],
            &[("$.a", B)],
        ),
        of_field(
            "numbers are not taken as text any more",
            lenient(),
            number(),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field(
            "anything became a text",
            json!(true),
            text(),
            &[("$.a", B), ("$.a", B), ("$.a", B), ("$.a", B), ("$.a", B)],
            &[("$.a", S), ("$.a", S), ("$.a", S), ("$.a", S), ("$.a", S)],
        ),
    ]
}

fn values() -> Vec<Pair> {
    let two = || choice(&["EUR", "USD"]);
    vec![
        of_field(
            "a value is new",
            two(),
            choice(&["EUR", "USD", "GBP"]),
            &[("$.a", S)],
            &[("$.a", B)],
        ),
        of_field(
            "a value is gone",
            choice(&["EUR", "USD", "GBP"]),
            two(),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field(
            "a value is another one",
            two(),
            choice(&["EUR", "GBP"]),
            &[("$.a", B), ("$.a", S)],
            &[("$.a", S), ("$.a", B)],
        ),
        of_field("all values are others", two(), choice(&["A", "B"]), &[("$.a", N)], &[("$.a", N)]),
        of_field("a choice became free", two(), text(), &[("$.a", S)], &[("$.a", B)]),
        of_field("a text became a choice", text(), two(), &[("$.a", B)], &[("$.a", S)]),
        of_field(
            "a documented value is new",
            json!({ "oneOf": [{ "type": "string", "const": "A", "description": "x" }] }),
            json!({ "oneOf": [
                { "type": "string", "enum": ["B"] },
                { "type": "string", "const": "A", "description": "x" }
            ] }),
            &[("$.a", S)],
            &[("$.a", B)],
        ),
        of_field(
            "values of a number",
            json!({ "enum": [1, 2] }),
            json!({ "enum": [1, 2, 3] }),
            &[("$.a", S)],
            &[("$.a", B)],
        ),
        of_field(
            "always true",
            json!({ "type": "boolean" }),
            json!({ "const": true }),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
    ]
}

fn rules() -> Vec<Pair> {
    let range =
        |least: i32, most: i32| with(number(), json!({ "minimum": least, "maximum": most }));
    let length = |most: u32| with(text(), json!({ "maxLength": most }));
    let pattern = |pattern: &str| with(text(), json!({ "pattern": pattern }));
    let format = |format: &str| with(text(), json!({ "format": format }));
    let step = |step: f64| with(number(), json!({ "multipleOf": step }));
    vec![
        of_field("a narrower range", range(0, 100), range(1, 100), &[("$.a", B)], &[("$.a", S)]),
        of_field("a wider range", range(0, 100), range(0, 1000), &[("$.a", S)], &[("$.a", B)]),
        of_field("another range", range(0, 10), range(5, 20), &[("$.a", B)], &[("$.a", B)]),
        of_field(
            "a range with nothing in common",
            range(0, 10),
            range(20, 30),
            &[("$.a", N)],
            &[("$.a", N)],
        ),
        of_field(
            "a range where there was none",
            number(),
            range(0, 10),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field(
            "the limit itself is out",
            json!({ "type": "number", "minimum": 0 }),
            json!({ "type": "number", "exclusiveMinimum": 0 }),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field("finer steps", step(0.5), step(0.25), &[("$.a", S)], &[("$.a", B)]),
        of_field("shorter texts", length(4), length(3), &[("$.a", B)], &[("$.a", S)]),
        of_field("longer texts", length(3), length(4), &[("$.a", S)], &[("$.a", B)]),
        of_field(
            "no empty texts",
            text(),
            with(text(), json!({ "minLength": 1 })),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field("a pattern came", text(), pattern("^[A-Z]{3}$"), &[("$.a", B)], &[("$.a", S)]),
        of_field("a pattern is gone", pattern("^[A-Z]{3}$"), text(), &[("$.a", S)], &[("$.a", B)]),
        of_field(
            "another pattern",
            pattern("^[A-Z]{3}$"),
            pattern("^[a-z]{3}$"),
            &[("$.a", B)],
            &[("$.a", B)],
        ),
        Pair {
            proved: false,
            ..of_field(
                "a wider pattern, which cannot be proved",
                pattern("^[A-Z]{3}$"),
                pattern("^[A-Z]+$"),
                &[("$.a", B)],
                &[("$.a", B)],
            )
        },
        of_field("a format came", text(), format("date"), &[("$.a", B)], &[("$.a", S)]),
        of_field("a format is gone", format("date"), text(), &[("$.a", S)], &[("$.a", B)]),
        of_field(
            "another format",
            format("date"),
            format("date-time"),
            &[("$.a", N)],
            &[("$.a", N)],
        ),
        of_field(
            "a rule that another one implies",
            format("uuid"),
            with(format("uuid"), json!({ "minLength": 36 })),
            &[("$.a", S)],
            &[("$.a", S)],
        ),
        of_field(
            "a rule that all values of the choice keep",
            choice(&["EUR", "USD"]),
            with(text(), json!({ "maxLength": 3 })),
            &[("$.a", S), ("$.a", S)],
            &[("$.a", B), ("$.a", S)],
        ),
    ]
}

fn further() -> Vec<Pair> {
    let a = || field(text());
    let ab = || object(json!({ "a": text(), "b": number() }), &["a"]);
    let map = |schema: Value| json!({ "type": "object", "additionalProperties": schema });
    vec![
        pair("unknown fields are refused", a(), closed(a()), &[("$.*", B)], &[]),
        pair("unknown fields are ignored", closed(a()), a(), &[("$.*", S)], &[]),
        pair(
            "a field of a closed request is gone",
            closed(ab()),
            closed(a()),
            &[("$.b", B)],
            &[("$.b", S)],
        ),
        pair(
            "a field of a closed request is new",
            closed(a()),
            closed(ab()),
            &[("$.b", S)],
            &[("$.b", S)],
        ),
        pair("unknown fields are kept", a(), open(a(), json!(true)), &[], &[("$.*", S)]),
        pair("unknown fields are numbers", a(), open(a(), number()), &[("$.*", B)], &[("$.*", S)]),
        of_field(
            "other values of a map",
            map(json!({ "type": "integer" })),
            map(number()),
            &[("$.a.*", S)],
            &[("$.a.*", B)],
        ),
        of_field(
            "another kind in a map",
            map(text()),
            map(number()),
            &[("$.a.*", N)],
            &[("$.a.*", N)],
        ),
        pair(
            "a field that was any of a map",
            open(a(), json!(true)),
            open(ab(), json!(true)),
            &[("$.b", B)],
            &[("$.b", S)],
        ),
        pair(
            "further fields beside shapes, of another kind",
            with(
                payment(&[]),
                json!({
                    "properties": { "a": text() },
                    "oneOf": [cash(), card(text())],
                    "unevaluatedProperties": { "type": "integer" }
                }),
            ),
            with(
                payment(&[]),
                json!({
                    "properties": { "a": text() },
                    "oneOf": [cash(), card(text())],
                    "unevaluatedProperties": { "type": "number" }
                }),
            ),
            &[("$(kind=card).*", S), ("$(kind=cash).*", S)],
            &[("$(kind=card).*", B), ("$(kind=cash).*", B)],
        ),
    ]
}

fn lists() -> Vec<Pair> {
    let list = |items: Value| json!({ "type": "array", "items": items });
    let most = |most: u32| with(list(text()), json!({ "maxItems": most }));
    let places = |schemas: &[Value]| {
        let count = schemas.len();
        json!({ "type": "array", "prefixItems": schemas, "minItems": count, "maxItems": count })
    };
    vec![
        of_field(
            "a field of items became mandatory",
            list(object(json!({ "x": number() }), &[])),
            list(object(json!({ "x": number() }), &["x"])),
            &[("$.a[].x", B)],
            &[("$.a[].x", S)],
        ),
        of_field(
            "another kind of items",
            list(text()),
            list(number()),
            &[("$.a[]", N)],
            &[("$.a[]", N)],
        ),
        of_field("fewer items", most(5), most(4), &[("$.a", B)], &[("$.a", S)]),
        of_field(
            "at least one item",
            list(text()),
            with(list(text()), json!({ "minItems": 1 })),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field(
            "items must not repeat",
            list(choice(&["A", "B"])),
            with(list(choice(&["A", "B"])), json!({ "uniqueItems": true })),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field(
            "another kind at a fixed place",
            places(&[text(), json!({ "type": "integer" })]),
            places(&[text(), number()]),
            &[("$.a[1]", S)],
            &[("$.a[1]", B)],
        ),
        of_field(
            "a place more",
            places(&[text()]),
            places(&[text(), number()]),
            &[("$.a", N), ("$.a", N)],
            &[("$.a", N), ("$.a", N)],
        ),
    ]
}

fn shapes() -> Vec<Pair> {
    let both = || payment(&[cash(), card(text())]);
    let short = with(text(), json!({ "maxLength": 3 }));
    vec![
        pair(
            "a shape is new",
            payment(&[cash()]),
            both(),
            &[("$.a(kind=card)", S)],
            &[("$.a(kind=card)", B)],
        ),
        pair(
            "a shape is gone",
            both(),
            payment(&[cash()]),
            &[("$.a(kind=card)", B)],
            &[("$.a(kind=card)", S)],
        ),
        pair("shapes in another order", both(), payment(&[card(text()), cash()]), &[], &[]),
        pair(
            "a field of one shape is narrower",
            both(),
            payment(&[cash(), card(short)]),
            &[("$.a(kind=card).number", B)],
            &[("$.a(kind=card).number", S)],
        ),
        pair(
            "all shapes are others",
            both(),
            payment(&[variant("cheque", json!({}), &[]), variant("bill", json!({}), &[])]),
            &[("$.a", N)],
            &[("$.a", N)],
        ),
        of_field(
            "a shape named by its key is new",
            json!({ "oneOf": [external("card", field(text()))] }),
            json!({ "oneOf": [
                external("card", field(text())),
                external("cheque", field(text())),
                { "type": "string", "enum": ["cash"] }
            ] }),
            &[("$.a(cheque)", S), ("$.a", S)],
            &[("$.a(cheque)", B), ("$.a", B)],
        ),
        of_field(
            "one of several shapes without a name is gone",
            json!({ "anyOf": [field(text()), object(json!({ "b": number() }), &["b"])] }),
            field(text()),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field(
            "one of several shapes without a name is new",
            json!({ "anyOf": [
                field(text()),
                object(json!({ "b": number() }), &["b"])
            ] }),
            json!({ "anyOf": [
                field(text()),
                object(json!({ "b": number() }), &["b"]),
                object(json!({ "c": number() }), &["c"])
            ] }),
            &[("$.a", S)],
            &[("$.a", B)],
        ),
    ]
}

fn deep() -> Vec<Pair> {
    let short = with(text(), json!({ "maxLength": 3 }));
    let shared = |amount: Value| {
        json!({
            "type": "object",
            "properties": {
                "gross": { "$ref": "#/$defs/Money" },
                "net": { "$ref": "#/$defs/Money" },
                "note": text()
            },
            "required": ["gross"],
            "$defs": { "Money": object(json!({ "amount": amount }), &["amount"]) }
        })
    };
    let root = |leaf: Value| {
        object(
            json!({ "leaf": leaf, "below": { "type": "array", "items": { "$ref": "#" } } }),
            &["leaf", "below"],
        )
    };
    let parts = |second: Value| json!({ "allOf": [object(json!({ "x": text() }), &["x"]), object(json!({ "y": second }), &["y"])] });
    vec![
        pair(
            "leaves of a tree are shorter",
            tree("T", text()),
            tree("T", short.clone()),
            &[("$.leaf", B)],
            &[("$.leaf", S)],
        ),
        pair(
            "leaves of a tree are longer",
            tree("T", short.clone()),
            tree("U", text()),
            &[("$.leaf", S)],
            &[("$.leaf", B)],
        ),
        pair(
            "a root that is its own part",
            root(text()),
            root(short.clone()),
            &[("$.leaf", B)],
            &[("$.leaf", S)],
        ),
        pair(
            "a type that is used twice",
            shared(json!({ "type": "integer" })),
            shared(number()),
            &[("$.gross.amount", S), ("$.net.amount", S)],
            &[("$.gross.amount", B), ("$.net.amount", B)],
        ),
        pair("one of several parts", parts(text()), parts(short), &[("$.y", B)], &[("$.y", S)]),
        pair(
            "parts became one",
            parts(text()),
            object(json!({ "x": text(), "y": text() }), &["x", "y"]),
            &[],
            &[],
        ),
        of_field(
            "a name with a dot",
            object(json!({ "x.y": text() }), &[]),
            object(json!({ "x.y": number() }), &[]),
            &[("$.a[\"x.y\"]", N)],
            &[("$.a[\"x.y\"]", N)],
        ),
    ]
}

fn odd() -> Vec<Pair> {
    let patterns = |most: u32| {
        json!({
            "type": "object",
            "properties": { "a": { "$ref": "#/$defs/P" } },
            "required": ["a"],
            "$defs": { "P": {
                "type": "object",
                "patternProperties": { "^x[0-9]$": { "type": "string", "maxLength": most } },
                "properties": { "x1": { "type": "string" } },
                "required": ["x1"]
            } }
        })
    };
    let not = |word: &str| with(text(), json!({ "not": { "enum": [word] } }));
    vec![
        pair(
            "fields by pattern are longer",
            patterns(3),
            patterns(4),
            &[("$.a", S)],
            &[("$.a", B)],
        ),
        of_field(
            "what must not be is another",
            with(text(), json!({ "maxLength": 1 })),
            with(not("a"), json!({ "maxLength": 1 })),
            &[("$.a", B)],
            &[("$.a", S)],
        ),
        of_field(
            "either of two that may not be both",
            json!({ "anyOf": [object(json!({ "x": text() }), &["x"]), object(json!({ "y": text() }), &["y"])] }),
            json!({ "oneOf": [object(json!({ "x": text() }), &["x"]), object(json!({ "y": text() }), &["y"])] }),
            &[],
            &[],
        ),
    ]
}
