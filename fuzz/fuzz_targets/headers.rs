//! libFuzzer's way into `flowx_fuzz::headers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowx_fuzz::headers::check(data));
