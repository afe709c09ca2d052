//! `--enable-feature`: what Alertmanager tries out, as far as it has a meaning here.

use crate::domain::value::matcher::ParseMode;

/// What `--enable-feature` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features {
    /// How matchers are read, in files and in queries.
    pub matchers: ParseMode,
    /// Metrics about alerts say which.
    pub alert_names: bool,
    /// Metrics about notifications say whose.
    pub receiver_names: bool,
    /// Metrics about alerts say in which group.
    pub group_keys: bool,
}

/// Every feature that Alertmanager 0.34 knows, and one that older unit files may ask for.
const KNOWN: [&str; 8] = [
    "alert-names-in-metrics",
    "receiver-name-in-metrics",
    "group-key-in-metrics",
    "classic-mode",
    "utf8-strict-mode",
    "event-recorder",
    "auto-gomemlimit",
    "auto-gomaxprocs",
];

impl Features {
    /// Reads the names. What speaks of Go's runtime has no meaning here, and the event recorder
    /// records what the configuration tells it to, asked for or not.
    ///
    /// # Errors
    /// Says which name is not known, or that two contradict each other.
    pub fn read<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut features = Self::default();
        let (mut classic, mut strict) = (false, false);
        for name in names.map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "alert-names-in-metrics" => features.alert_names = true,
                "receiver-name-in-metrics" => features.receiver_names = true,
                "group-key-in-metrics" => features.group_keys = true,
                "classic-mode" => classic = true,
                "utf8-strict-mode" => strict = true,
                name if KNOWN.contains(&name) => {}
                name => {
                    let known = KNOWN.join(", ");
                    return Err(format!("there is no feature `{name}`; there are: {known}"));
                }
            }
        }
        features.matchers = match (classic, strict) {
            (false, false) => ParseMode::Fallback,
            (true, false) => ParseMode::Classic,
            (false, true) => ParseMode::Utf8,
            (true, true) => {
                let why = "`classic-mode` and `utf8-strict-mode` contradict each other: keep one";
                return Err(why.to_owned());
            }
        };
        Ok(features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Features, &str>) {
        let read = Features::read(text.split(','));
        match expected {
            Ok(features) => assert_eq!(read, Ok(features), "{text}"),
            Err(part) => assert!(read.as_ref().is_err_and(|why| why.contains(part)), "{read:?}"),
        }
    }

    #[test]
    fn features_are_read_by_name() {
        let none = Features::default();
        check("", Ok(none));
        check("classic-mode", Ok(Features { matchers: ParseMode::Classic, ..none }));
        check(
            "utf8-strict-mode, auto-gomemlimit",
            Ok(Features { matchers: ParseMode::Utf8, ..none }),
        );
        check(
            "alert-names-in-metrics,receiver-name-in-metrics,group-key-in-metrics",
            Ok(Features { alert_names: true, receiver_names: true, group_keys: true, ..none }),
        );
        check("classic-mode,utf8-strict-mode", Err("contradict"));
        check("clasic-mode", Err("there is no feature `clasic-mode`"));
    }
}
