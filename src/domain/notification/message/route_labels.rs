//! Route labels: what a route says of every message of its groups, with its templates rendered.

use super::scope::{common, kv, map, quote_meta};
use crate::domain::Settings;
use crate::domain::notification::route::Route;
use crate::domain::template::Value;
use crate::domain::value::{Labels, Timestamp};

/// Renders the labels of a route for one of its groups. Templates see `.Receiver`, `.GroupLabels`,
/// `.CommonLabels`, `.CommonAnnotations` and `.ExternalURL`. One that fails says its own text: a
/// mistake in it keeps nothing else from being told.
pub fn route_labels<'a>(
    settings: &Settings,
    route: &Route,
    group_labels: &Labels,
    labels: impl Iterator<Item = &'a Labels>,
    annotations: impl Iterator<Item = &'a Labels>,
    now: Timestamp,
) -> Labels {
    if route.labels.is_empty() {
        return Labels::default();
    }
    let text = |text: &str| Value::Text(text.into());
    let plain = |labels: &Labels| kv(labels, str::to_owned);
    let data = map([
        ("Receiver", text(&quote_meta(&route.receiver))),
        ("GroupLabels", plain(group_labels)),
        ("CommonLabels", plain(&common(labels))),
        ("CommonAnnotations", plain(&common(annotations))),
        ("ExternalURL", text(settings.external_url.trim_end_matches('/'))),
    ]);
    let rendered = route.labels.iter().map(|(name, template)| {
        let value = settings.templates.text(&template.compiled, &data, now);
        (name.clone(), value.unwrap_or_else(|_| template.text.clone()))
    });
    Labels::new(rendered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notification::route::RouteLabel;
    use crate::domain::template::Library;

    fn check(text: &str, expected: &str) {
        let templates = Library::with_defaults();
        let compiled = templates.compile("labels", text).unwrap();
        let settings = Settings {
            templates,
            external_url: "https://am.example.org/".to_owned(),
            ..Settings::default()
        };
        let label = RouteLabel { text: text.to_owned(), compiled };
        let route = Route {
            labels: vec![("answer".to_owned(), label)],
            receiver: "team.db".to_owned(),
            ..Route::default()
        };
        let one = Labels::new([("alertname", "Disk"), ("cluster", "a"), ("disk", "sda")]);
        let two = Labels::new([("alertname", "Disk"), ("cluster", "a"), ("disk", "sdb")]);
        let group = Labels::new([("alertname", "Disk")]);
        let alerts = [&one, &two];
        let none = std::iter::empty();
        let rendered =
            route_labels(&settings, &route, &group, alerts.into_iter(), none, Timestamp(0));
        assert_eq!(rendered.get("answer"), expected, "{text}");
    }

    #[test]
    fn a_label_of_a_route_may_speak_of_the_group() {
        check("dba", "dba");
        check("{{ .GroupLabels.alertname }} in {{ .CommonLabels.cluster }}", "Disk in a");
        check("{{ .Receiver }} {{ .ExternalURL }}", r"team\.db https://am.example.org");
        check("{{ .CommonLabels.disk }}", "");
        check("{{ index .GroupLabels 1 2 3 }}", "{{ index .GroupLabels 1 2 3 }}");
    }
}
