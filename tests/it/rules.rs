//! The tests that stand beside the rules in `rules/`, played under the shipped configuration.

use std::path::Path;
use std::sync::Arc;

use incidentd::config;
use incidentd::engine::scenario;

#[test]
fn every_rule_file_keeps_what_its_tests_promise() {
    let loaded = config::load(Path::new("config/incidentd.yaml"), &|_| None);
    let loaded = loaded.unwrap_or_else(|errors| panic!("{errors}"));
    assert!(!loaded.tests.is_empty(), "rule files bring their own tests");
    let settings = Arc::new(loaded.settings);
    let mut wrong = Vec::new();
    for test in &loaded.tests {
        match scenario::check(Arc::clone(&settings), &test.input, &test.expect) {
            Err(invalid) => wrong.push(format!("{} `{}`: {invalid}", test.place, test.name)),
            Ok(mismatches) => wrong.extend(mismatches.into_iter().map(|mismatch| {
                format!(
                    "{} `{}`: expected {}, found {}",
                    test.place, test.name, mismatch.expected, mismatch.found
                )
            })),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
