//! What the compiler says about each misuse, and what must compile.
//!
//! One mistake per file in `ui/fail`, which is named by it. After a change of words, run with
//! `TRYBUILD=overwrite` and read the difference: one error per mistake, at the smallest token, and
//! its words end in what to write. The wording belongs to the toolchain that is pinned in
//! `rust-toolchain.toml`.

#[test]
fn misuse_is_explained_and_use_compiles() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
