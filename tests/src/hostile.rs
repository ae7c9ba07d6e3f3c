//! Texts that want to end a line, move a cursor, or look like something else.

use fastrand::Rng;

/// Pieces of attacks; between them stand characters of any kind.
const PIECES: &[&str] = &[
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\0",
    "\u{7}",
    "\u{8}",
    "\u{b}",
    "\u{c}",
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{9b}31m",
    "\u{9d}",
    "\u{61c}",
    "\u{200b}",
    "\u{200e}",
    "\u{200f}",
    "\u{2028}",
    "\u{2029}",
    "\u{202a}",
    "\u{202e}moc.elpmaxe",
    "\u{2066}",
    "\u{2069}",
    "\u{feff}",
    "\u{e0041}",
    "\"",
    "'",
    "\\",
    "\\n",
    "\"}\n{\"level\":\"ERROR\",\"fields\":{\"message\":\"forged\",\"number\":7}}",
    "\n2026-01-01T00:00:00.000000Z  WARN forged: all is well number=7",
    "${jndi:ldap://example.org/a}",
    "%n%s",
    "äöü",
    "\u{1f600}",
];

/// As many texts as are asked for; the same seed, the same texts.
///
/// ```
/// let texts: Vec<_> = flowx_tests::hostile::texts(1).take(100).collect();
/// assert!(texts.iter().any(|text| text.contains('\u{1b}')));
/// assert!(flowx_tests::hostile::texts(1).take(100).eq(texts));
/// ```
pub fn texts(seed: u64) -> impl Iterator<Item = String> {
    let mut random = Rng::with_seed(seed);
    std::iter::repeat_with(move || {
        let mut text = String::new();
        for _ in 0..random.usize(1..=6) {
            match random.u8(0..4) {
                0 => text.push(random.char(..)),
                1 => text.push(random.char('\0'..'\u{100}')),
                _ => text.push_str(random.choice(PIECES).expect("there are pieces")),
            }
        }
        text
    })
}

/// Whether a character ends a line, moves a cursor or shows others in another order: the general
/// categories Cc, Zl and Zp, and what Unicode calls bidirectional controls.
#[must_use]
pub fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
