//! libFuzzer's way into `flowx_fuzz::dead_letter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowx_fuzz::dead_letter::check(data));
