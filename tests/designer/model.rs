//! The data model: a row for each key, whatever the types are.

use super::*;

/// Path, type and whether it is mandatory.
fn outline(rows: &[Row]) -> Vec<(&str, Kind, bool)> {
    rows.iter().map(|row| (row.path.as_str(), row.kind, row.mandatory)).collect()
}

#[test]
fn rows_have_the_platforms_types_labels_and_rules() {
    let model = artefacts("place-order").request_model;
    let expected = [
        ("customerId", Kind::String, true),
        ("delivery", Kind::Object, true),
        ("delivery.street_name", Kind::String, true),
        ("delivery.floor", Kind::Number, false),
        ("delivery.express", Kind::Boolean, false),
        ("articles", Kind::Array, true),
        ("articles[].number", Kind::String, true),
        ("articles[].tags", Kind::Array, true),
        ("price", Kind::Currency, true),
        ("channel", Kind::Enum, true),
        ("due", Kind::Date, true),
        ("weight", Kind::Number, true),
        ("ledger", Kind::Number, true),
        ("pin", Kind::String, true),
        ("version", Kind::Number, true),
        ("notes", Kind::Object, false),
    ];
    assert_eq!(outline(&model), expected);

    let customer = row(&model, "customerId");
    assert_eq!(customer.label, "Customer");
    assert_eq!(customer.description, "The customer's number.");
    assert_eq!(customer.rules, ["exactly 6 characters", "matches ^C-[0-9]{4}$"]);
    assert_eq!(customer.example, "C-1001");
    assert_eq!(customer.group.as_deref(), Some("Customer"));
    assert_eq!(row(&model, "delivery.street_name").label, "Street name");
    assert_eq!(row(&model, "delivery.floor").group.as_deref(), Some("Delivery"));
    assert_eq!(
        row(&model, "delivery.floor").rules,
        ["a whole number", "at least -2147483648", "at most 2147483647", "may be null"]
    );
    let tells = |words: &str| row(&model, "ledger").rules.iter().any(|rule| rule.contains(words));
    assert!(!tells("9223372036854775807") && !tells("18446744073709551615"));
    assert_eq!(row(&model, "delivery.express").rules, ["false if it is left out"]);
    assert_eq!(row(&model, "articles").item_kind, Some(Kind::Object));
    assert_eq!(row(&model, "articles").rules, ["1 to 20 items"]);
    assert_eq!(row(&model, "articles[].tags").item_kind, Some(Kind::String));
    assert_eq!(row(&model, "articles[].tags").example, json!(["red"]));
    assert_eq!(row(&model, "price").rules, ["`amount`: more than 0"]);
    assert_eq!(row(&model, "due").rules, ["a date (2024-06-28)"]);
    let weight = row(&model, "weight");
    assert!(weight.lenient && weight.rules.contains(&"also accepted as text (\"12.5\")".into()));
    assert!(row(&model, "ledger").rules.iter().any(|rule| rule.contains("2^53")));
    assert!(row(&model, "pin").sensitive && !customer.sensitive);
    assert_eq!(row(&model, "version").rules, ["always 2"]);
    assert_eq!(
        row(&model, "notes").rules,
        ["any keys, each of type STRING", "empty if it is left out"]
    );
}

#[test]
fn values_of_an_enumeration_come_with_their_meaning() {
    let model = artefacts("place-order").request_model;
    let channel = row(&model, "channel");
    let values: Vec<_> = channel
        .values
        .iter()
        .map(|value| (value.value.as_str().unwrap(), value.description.as_str()))
        .collect();
    assert_eq!(values, [("BRANCH", ""), ("PHONE", ""), ("WEB", "In the shop on the web.")]);
    assert_eq!(channel.rules, ["one of BRANCH, PHONE, WEB"]);
}

#[test]
fn in_a_reply_nullable_and_optional_are_two_things() {
    let model = artefacts("place-order").reply_model;
    assert_eq!(
        outline(&model),
        [
            ("number", Kind::Number, true),
            ("remark", Kind::String, true),
            ("voucher", Kind::String, false),
            ("errorMessage", Kind::String, true),
            ("errorCode", Kind::Enum, false),
        ]
    );
    assert_eq!(row(&model, "remark").rules, ["may be null"]);
    assert_eq!(row(&model, "voucher").rules, ["may be null"]);
    let message = row(&model, "errorMessage");
    assert_eq!(message.rules, ["null on success, a text in an error reply"]);
    let codes: Vec<_> =
        row(&model, "errorCode").values.iter().map(|value| value.value.clone()).collect();
    assert_eq!(codes[..2], ["SOLD_OUT", "UNKNOWN_CUSTOMER"]);
}

#[test]
fn keys_of_an_internally_tagged_enum_say_when_they_are_there() {
    let artefacts = artefacts("internal");
    let model = &artefacts.request_model;
    assert_eq!(
        outline(model),
        [
            ("", Kind::Object, true),
            ("kind", Kind::Enum, true),
            ("iban", Kind::String, false),
            ("amount", Kind::Number, true),
            ("number", Kind::String, false),
        ]
    );
    assert_eq!(row(model, "").rules, ["its keys depend on `kind`: `Transfer`, `Card` or `Cash`"]);
    assert_eq!(row(model, "kind").rules, ["one of Transfer, Card, Cash"]);
    assert_eq!(row(model, "kind").values[0].description, "From an account.");
    assert_eq!(row(model, "iban").rules, ["only if `kind` is `Transfer`, and then mandatory"]);
    assert_eq!(row(model, "number").rules, ["only if `kind` is `Card`, and then mandatory"]);
    assert_eq!(
        artefacts.message_template,
        "{\n  \"kind\": \"Transfer\",\n  \"iban\": \"${iban}\",\n  \"amount\": ${amount}\n}"
    );
    let forms: Vec<_> = artefacts.other_templates.iter().map(|other| &*other.form).collect();
    assert_eq!(forms, ["`kind` is `Card`", "`kind` is `Cash`"]);
}

#[test]
fn an_adjacently_tagged_enum_has_its_keys_below_the_content() {
    let artefacts = artefacts("adjacent");
    let model = &artefacts.request_model;
    assert_eq!(paths(model), ["", "type", "data", "data.iban", "data.amount", "data.number"]);
    assert_eq!(
        row(model, "data").rules,
        ["only if `type` is `Transfer` or `Card`, and then mandatory"]
    );
    assert!(artefacts.message_template.contains(r#""type": "Transfer""#));
    assert!(artefacts.message_template.contains(r#""iban": "${data.iban}""#));
}

#[test]
fn an_externally_tagged_enum_tells_its_forms() {
    let artefacts = artefacts("external");
    let model = &artefacts.request_model;
    assert_eq!(
        paths(model),
        [
            "payment",
            "payment.Transfer",
            "payment.Transfer.iban",
            "payment.Card",
            "payment.Card.number"
        ]
    );
    assert_eq!(row(model, "payment.Card").rules, ["there is exactly one such key"]);
    let payment = row(model, "payment");
    assert_eq!(payment.kind, Kind::Object);
    assert_eq!(
        payment.rules,
        ["one of these forms: an object with `Transfer`; an object with `Card`; `Cash`"]
    );
    assert!(artefacts.message_template.contains(r#""iban": "${payment.transfer.iban}""#));
}

#[test]
fn an_untagged_enum_tells_its_forms() {
    let artefacts = artefacts("untagged");
    let reference = row(&artefacts.request_model, "reference");
    assert_eq!(
        reference.rules,
        ["one of these forms: an object with `iban`, `amount`; a text; a number"]
    );
    assert_eq!(
        row(&artefacts.request_model, "reference.iban").rules,
        ["only in the form: an object with `iban`, `amount`, and then mandatory"]
    );
}

#[test]
fn flattened_structs_enums_and_maps_stand_beside_the_own_keys() {
    let artefacts = artefacts("flattened");
    let model = &artefacts.request_model;
    assert_eq!(
        paths(model),
        ["", "id", "street_name", "floor", "express", "kind", "iban", "amount", "number"]
    );
    assert_eq!(
        row(model, "").rules,
        [
            "further keys, each of type STRING",
            "its keys depend on `kind`: `Transfer`, `Card` or `Cash`",
        ]
    );
    assert!(row(model, "street_name").mandatory);
}

#[test]
fn a_generic_type_is_told_with_what_it_holds() {
    let model = artefacts("generic").request_model;
    assert_eq!(
        outline(&model),
        [
            ("items", Kind::Array, true),
            ("items[].number", Kind::String, true),
            ("items[].tags", Kind::Array, true),
            ("first", Kind::Object, false),
            ("first.number", Kind::String, true),
            ("first.tags", Kind::Array, true),
            ("by_name", Kind::Object, true),
            ("by_name.<key>", Kind::Object, false),
            ("by_name.<key>.number", Kind::String, true),
            ("by_name.<key>.tags", Kind::Array, true),
        ]
    );
    assert_eq!(row(&model, "by_name").rules, ["any keys, each of type OBJECT"]);
}

#[test]
fn what_holds_for_each_item_stands_in_the_row_of_the_list() {
    let model = artefacts("collected").request_model;
    assert_eq!(
        outline(&model),
        [
            ("payments", Kind::Array, true),
            ("payments[].kind", Kind::Enum, true),
            ("payments[].iban", Kind::String, false),
            ("payments[].amount", Kind::Number, true),
            ("payments[].number", Kind::String, false),
            ("grid", Kind::Array, true),
            ("grid[]", Kind::Array, true),
            ("channels", Kind::Array, true),
            ("counts", Kind::Object, true),
        ]
    );
    assert_eq!(
        row(&model, "payments").rules,
        ["each item: its keys depend on `kind`: `Transfer`, `Card` or `Cash`"]
    );
    let number = ["a whole number", "at least 0", "at most 255"];
    assert_eq!(row(&model, "grid").item_kind, Some(Kind::Array));
    assert_eq!(row(&model, "grid[]").rules, number.map(|rule| format!("each item: {rule}")));
    assert_eq!(row(&model, "channels").rules, ["each item: one of BRANCH, PHONE, WEB"]);
    assert_eq!(row(&model, "channels").values.len(), 3);
    assert_eq!(row(&model, "counts").rules[3], "each value: at most 65535");
}

#[test]
fn a_type_that_contains_itself_is_shown_once() {
    let model = artefacts("recursive").request_model;
    assert_eq!(paths(&model), ["name", "children", "parent"]);
    for path in ["children", "parent"] {
        let told = row(&model, path).rules.iter().any(|rule| rule.contains("contains itself"));
        assert!(told, "{path}: {:?}", row(&model, path).rules);
    }
    let twice = artefacts("recursive-twice").request_model;
    assert_eq!(paths(&twice), ["left", "left.name", "left.children", "left.parent", "right"]);
}

#[test]
fn what_may_be_any_json_is_said_to_be() {
    let artefacts = artefacts("anything");
    assert_eq!(artefacts.message_template, "${anythingRequest}");
    assert_eq!(row(&artefacts.request_model, "").rules, ["any JSON"]);
    assert_eq!(artefacts.sample_reply, Some(json!({ "errorMessage": null })));
    assert!(artefacts.notes.iter().any(|note| note.contains("further codes")));
}

#[test]
fn further_keys_that_are_refused_are_told() {
    let notes = artefacts("strict").notes;
    assert!(
        notes.iter().any(|note| note.contains("not in the data model is refused")),
        "{notes:?}"
    );
}
