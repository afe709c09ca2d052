//! Any text as matchers, in every mode: no panic, and what was read once is read the same again.

#![no_main]

use incidentd::domain::value::matcher::{ParseMode, parse_all, parse_one};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for mode in [ParseMode::Fallback, ParseMode::Utf8, ParseMode::Classic] {
        let _ = parse_one(text, mode);
        let Ok(matchers) = parse_all(text, mode) else {
            continue;
        };
        assert_eq!(parse_all(text, mode).ok().as_ref(), Some(&matchers));
        for matcher in &matchers {
            matcher.matches("");
            matcher.matches(text);
        }
    }
});
