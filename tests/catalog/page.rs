//! What is in the page.

use flowx_core::contract::catalog::{Catalog, page};
use serde_json::Value;

use crate::handlers::connector;

/// The page of the connector, and the parts that a browser takes it apart into.
struct Parts {
    html: String,
    data: String,
    style: String,
    script: String,
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end}")).0
}

fn parts(catalog: &Catalog) -> Parts {
    let html = page(catalog);
    let data = between(&html, r#"<script type="application/json" id="catalog">"#, "</script>");
    let style = between(&html, "<style>", "</style>");
    let script = between(&html, "<script>", "</script>");
    Parts {
        data: data.to_owned(),
        style: style.to_owned(),
        script: script.to_owned(),
        html: html.clone(),
    }
}

fn catalog() -> Catalog {
    Catalog::of(connector().0.contract())
}

#[test]
fn the_page_asks_no_host_for_anything() {
    let Parts { html, style, script, data } = parts(&catalog());
    let markup = html.replace(&style, "").replace(&script, "").replace(&data, "");
    for attribute in ["src=", "href=", "action=", "srcset=", "poster=", "data="] {
        for after in markup.split(attribute).skip(1) {
            let value = after.trim_start_matches('"').split('"').next().unwrap_or_default();
            let inside = value.starts_with('#') || value == "data:,";
            assert!(inside, "{attribute}{value}");
        }
    }
    for words in ["url(", "@import", "@font-face"] {
        assert!(!style.contains(words), "{words} in a style");
    }
    for words in ["import(", "importScripts", "XMLHttpRequest", "WebSocket", "sendBeacon", "eval("]
    {
        assert!(!script.contains(words), "{words} in a script");
    }
    let fetched: Vec<&str> = script.split("fetch(").skip(1).collect();
    let [own] = fetched[..] else { panic!("only the try-it-out fetches: {}", fetched.len()) };
    assert!(own.starts_with("`catalog/try/"), "{}", &own[..40]);
}

#[test]
fn nothing_in_the_data_breaks_out_of_it() {
    let Parts { html, data, .. } = parts(&catalog());
    assert!(!data.contains('<'), "the data holds no markup");
    let read: Value = serde_json::from_str(&data).expect("JSON");
    let handlers = read["contract"]["handlers"].as_array().expect("handlers");
    let hostile = handlers.iter().find(|handler| handler["name"] == "hostile");
    let hostile = hostile.expect("the hostile handler is there as it is");
    assert!(hostile["description"].as_str().is_some_and(|text| text.contains("</script>")));
    assert_eq!(html.matches("<script").count(), 2 + script_words(&html), "no script is added");
    assert_eq!(html.matches("</script>").count(), 2);
}

/// How often a script itself speaks of scripts.
fn script_words(html: &str) -> usize {
    between(html, "<script>", "</script>").matches("<script").count()
}

#[test]
fn a_group_with_markup_is_shown_as_it_is() {
    let mut catalog = catalog();
    catalog.contract.group = r#"</title><script>"&'"#.to_owned();
    let title = "<title>&#60;/title&#62;&#60;script&#62;&#34;&#38;&#39; ";
    assert!(page(&catalog).contains(title));
}

#[test]
fn every_handler_is_there_with_what_a_designer_pastes() {
    let Parts { data, .. } = parts(&catalog());
    let data: Value = serde_json::from_str(&data).expect("JSON");
    let handlers = data["contract"]["handlers"].as_array().expect("handlers");
    assert_eq!(handlers.len(), 6);
    for handler in handlers {
        let name = handler["name"].as_str().expect("a name");
        let artefacts = &data["artefacts"][name];
        assert!(artefacts["messageTemplate"].is_string(), "{name}: {artefacts}");
        assert_eq!(artefacts["send"]["name"], handler["topic"], "{name}");
        assert!(handler["hash"].as_str().is_some_and(|hash| hash.len() == 16), "{name}");
    }
    let double = &data["artefacts"]["double"];
    assert_eq!(double["receive"]["keyName"], "doubleReply");
    assert_eq!(data["presence"]["kind"], "saved");
}

#[test]
fn a_saved_page_may_connect_to_nobody_and_a_served_one_to_its_own_host() {
    for (catalog, connect) in
        [(catalog(), "connect-src 'none'"), (catalog().served(true, false), "connect-src 'self'")]
    {
        let html = page(&catalog);
        let policy = between(&html, r#"http-equiv="Content-Security-Policy" content=""#, "\"");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.contains(connect), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
    }
}
