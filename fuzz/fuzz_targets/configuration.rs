//! libFuzzer's way into `flowx_fuzz::configuration`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowx_fuzz::configuration::check(data));
