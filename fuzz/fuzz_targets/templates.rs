//! Any text as a template: it compiles or says why not, it renders or says why not.

#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use incidentd::domain::template::{Library, Value};
use incidentd::domain::value::{Labels, Timestamp};
use libfuzzer_sys::fuzz_target;

fn message() -> Value {
    let labels = Labels::new([("alertname", "Disk"), ("instance", "<a&b>")]);
    let labels = Value::Kv(Arc::new(labels));
    let alert = BTreeMap::from([
        ("Status".to_owned(), Value::Text(Arc::from("firing"))),
        ("Labels".to_owned(), labels.clone()),
        ("StartsAt".to_owned(), Value::Time(Timestamp(0))),
    ]);
    let alerts = Value::Alerts(Arc::new(vec![Value::Map(Arc::new(alert))]));
    Value::Map(Arc::new(BTreeMap::from([
        ("Alerts".to_owned(), alerts),
        ("CommonLabels".to_owned(), labels),
        ("Number".to_owned(), Value::Int(-1)),
    ])))
}

fuzz_target!(|text: &str| {
    let library = Library::with_defaults();
    let Ok(template) = library.compile("fuzz", text) else {
        return;
    };
    let _ = library.text(&template, &message(), Timestamp(0));
    let _ = library.html(&template, &message(), Timestamp(0));
});
