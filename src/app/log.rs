//! The log: one line an event, as `key=value` pairs or as JSON, on standard error.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::flags::{LogFormat, LogLevel};
use crate::shell::clock;

/// Starts to log. A second call has no effect.
pub fn start(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warn => Level::WARN,
        LogLevel::Error => Level::ERROR,
    };
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    // Libraries below us speak to their authors; only what is severe concerns an operator.
    let _ = match format {
        LogFormat::Logfmt => tracing::subscriber::set_global_default(
            lines.event_format(Logfmt { json: false }).finish(),
        ),
        LogFormat::Json => tracing::subscriber::set_global_default(
            lines.event_format(Logfmt { json: true }).finish(),
        ),
    };
}

struct Logfmt {
    json: bool,
}

impl<S, N> FormatEvent<S, N> for Logfmt
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let ours = event.metadata().target().starts_with("incidentd");
        if !ours && *event.metadata().level() > Level::WARN {
            return Ok(());
        }
        let mut pairs = Pairs(vec![
            ("time", clock::now().rfc3339()),
            ("level", event.metadata().level().as_str().to_lowercase()),
        ]);
        event.record(&mut pairs);
        if self.json {
            let object: serde_json::Map<String, serde_json::Value> =
                pairs.0.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            return writeln!(writer, "{}", serde_json::Value::Object(object));
        }
        for (i, (name, value)) in pairs.0.iter().enumerate() {
            let blank = if i == 0 { "" } else { " " };
            let plain = !value.is_empty() && !value.contains([' ', '"', '=', '\n', '\t']);
            if plain {
                write!(writer, "{blank}{name}={value}")?;
            } else {
                write!(writer, "{blank}{name}={value:?}")?;
            }
        }
        writeln!(writer)
    }
}

/// The fields of an event, in their order; the message is called `msg`, as Prometheus' tools do.
struct Pairs(Vec<(&'static str, String)>);

impl Visit for Pairs {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.to_owned());
    }
}

impl Pairs {
    fn put(&mut self, name: &'static str, value: String) {
        let name = if name == "message" { "msg" } else { name };
        if name == "msg" {
            self.0.insert(2, (name, value));
        } else {
            self.0.push((name, value));
        }
    }
}
