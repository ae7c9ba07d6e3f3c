//! libFuzzer's way into `flowx_fuzz::decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowx_fuzz::decode::check(data));
