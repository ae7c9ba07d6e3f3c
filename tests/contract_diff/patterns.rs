//! Texts that match a regular expression: what the pairs use of them, no more.

use fastrand::Rng;

/// A text for `^…$` made of characters, classes, `\d` and the repetitions `{n}`, `{n,m}`, `+`, `*`, `?`.
pub(crate) fn text(pattern: &str, rng: &mut Rng) -> String {
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    let mut rest = inner.chars().peekable();
    let mut text = String::new();
    while let Some(first) = rest.next() {
        let class: Vec<char> = match first {
            '[' => {
                let body: Vec<char> = rest.by_ref().take_while(|c| *c != ']').collect();
                class(&body)
            }
            '\\' => match rest.next() {
                Some('d') => ('0'..='9').collect(),
                other => other.into_iter().collect(),
            },
            other => vec![other],
        };
        let (least, most) = match rest.peek() {
            Some('{') => {
                rest.next();
                let body: String = rest.by_ref().take_while(|c| *c != '}').collect();
                let (least, most) = body.split_once(',').unwrap_or((&body, &body));
                let least: usize = least.parse().expect("a number");
                (least, most.parse().unwrap_or(least + 4))
            }
            Some(sign @ ('+' | '*' | '?')) => {
                let range = match sign {
                    '+' => (1, 5),
                    '*' => (0, 5),
                    _ => (0, 1),
                };
                rest.next();
                range
            }
            _ => (1, 1),
        };
        for _ in 0..rng.usize(least..=most) {
            text.push(class[rng.usize(..class.len())]);
        }
    }
    text
}

fn class(body: &[char]) -> Vec<char> {
    let mut all = Vec::new();
    let mut index = 0;
    while index < body.len() {
        if let [first, '-', last, ..] = body[index..] {
            all.extend(first..=last);
            index += 3;
        } else {
            all.push(body[index]);
            index += 1;
        }
    }
    all
}

#[test]
fn what_is_made_matches() {
    let mut rng = Rng::with_seed(1);
    for pattern in ["^[A-Z]{3}$", "^[A-Za-z_]+-\\d{2,4}$", "^EUR?$", "^a*b+$", "^[A-Z]{2,}$"] {
        let schema = serde_json::json!({ "pattern": pattern });
        let validator = jsonschema::validator_for(&schema).expect("a pattern");
        for _ in 0..100 {
            let text = text(pattern, &mut rng);
            assert!(validator.is_valid(&text.clone().into()), "{pattern}: {text}");
        }
    }
}
