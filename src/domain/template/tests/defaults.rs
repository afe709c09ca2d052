//! The built-in templates: Alertmanager's names give what Alertmanager gives, and an incident leads.

use super::super::{Library, Value};
use super::{NOW, alert, check_text, message};
use crate::domain::value::Timestamp;

fn with_incident() -> Value {
    let incident = Value::map([
        ("id", Value::from("INC-12")),
        ("title", Value::from("Orders are <slow>")),
        ("state", Value::from("new")),
        ("priority", Value::from("P2")),
        ("impact", Value::from("high")),
        ("urgency", Value::from("medium")),
        ("category", Value::from("database")),
        ("team", Value::from("dba")),
        ("url", Value::from("http://am:9093/incidents/INC-12")),
        ("opened_at", Value::from(Timestamp(NOW.0 - 60_000))),
        ("recurrence", Value::from("3rd in 30 d, last INC-2")),
        ("event", Value::from("opened")),
    ]);
    let problem = Value::map([
        ("id", Value::from("PRB-3")),
        ("title", Value::from("Index missing")),
        ("state", Value::from("known error")),
    ]);
    let alerts = (0..12).map(|i| alert("firing", "Slow", &format!("web-{i}")));
    let over = [("Incident", incident), ("Problem", problem), ("Alerts", Value::alerts(alerts))];
    Value::map(message().into_iter().chain(over))
}

fn render(name: &str, data: &Value) -> String {
    let library = Library::default();
    let template = library.compile("test", &format!("{{{{ template {name:?} . }}}}")).unwrap();
    if name == "email.default.html" {
        return library.html(&template, data, NOW).unwrap();
    }
    library.text(&template, data, NOW).unwrap()
}

#[test]
fn every_default_renders_with_and_without_an_incident() {
    let library = Library::default();
    // Those that are given something else than the message.
    let parts = [
        "__text_alert_list",
        "__text_alert_list_markdown",
        "pagerduty.default.instances",
        "incident.default.alert",
        "email.default.fact",
        "email.default.alerts",
    ];
    let whole = library.names().filter(|name| !parts.contains(name));
    let mut count = 0;
    for name in whole {
        let template = library.compile("test", &format!("{{{{ template {name:?} . }}}}")).unwrap();
        for data in [Value::map(message()), with_incident()] {
            for rendered in
                [library.text(&template, &data, NOW), library.html(&template, &data, NOW)]
            {
                let rendered = rendered.unwrap();
                assert!(!rendered.contains("<no value>"), "{name}: {rendered}");
                assert!(!rendered.contains("ZgotmplZ"), "{name}: {rendered}");
            }
        }
        count += 1;
    }
    assert!(count > 60, "{count}");
}

#[test]
fn alertmanagers_names_give_alertmanagers_text() {
    check_text(&[
        ("{{ template \"__subject\" . }}", "[FIRING:2] Slow (a)"),
        ("{{ template \"slack.default.title\" . }}", "[FIRING:2] Slow (a)"),
        ("{{ template \"__alertmanagerURL\" . }}", "http://am:9093/#/alerts?receiver=team+a"),
        (
            "{{ template \"slack.default.fallback\" . }}",
            "[FIRING:2] Slow (a) | http://am:9093/#/alerts?receiver=team+a",
        ),
        ("{{ template \"slack.default.text\" . }}", ""),
        (
            "{{ template \"__text_alert_list\" .Alerts.Resolved }}",
            "Labels:\n - alertname = Slow\n - cluster = a\n - instance = web-3\nAnnotations:\n \
          - summary = p99 is 2s & rising\nSource: http://prometheus/graph?g0.expr=up&g0.tab=1\n",
        ),
        (
            "{{ template \"__text_alert_list_markdown\" .Alerts.Resolved }}",
            "\nLabels:\n  - alertname = Slow\n  - cluster = a\n  - instance = web-3\n\nAnnotations:\n  \
          - summary = p99 is 2s & rising\n\nSource: http://prometheus/graph?g0.expr=up&g0.tab=1\n\n",
        ),
        ("{{ template \"jira.default.priority\" . }}", ""),
    ]);
}

#[test]
fn an_incident_leads_the_message() {
    let data = with_incident();
    assert_eq!(render("email.default.subject", &data), "[INC-12] P2 opened: Orders are <slow>");
    assert_eq!(render("slack.default.titlelink", &data), "http://am:9093/incidents/INC-12");
    let text = render("incident.default.text", &data);
    let expected = "\
P2 INC-12 opened: Orders are <slow>
3rd in 30 d, last INC-2
Team: dba
Category: database
Impact / urgency: high / medium
Opened: 2026-03-01 02:04 UTC
Problem: PRB-3 Index missing (known error)

Alerts: 12 firing, 0 resolved
- firing: Slow (cluster=a, instance=web-0): p99 is 2s & rising
";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.ends_with("\nand 2 more\n\nhttp://am:9093/incidents/INC-12\n"), "{text}");
}

#[test]
fn the_mail_shows_the_incident_and_escapes_it() {
    let mail = render("email.default.html", &with_incident());
    for part in [
        "P2 · INC-12 · opened",
        "Orders are &lt;slow&gt;</h1>",
        "href=\"http://am:9093/incidents/INC-12\"",
        "background:#b42318",
        "p99 is 2s &amp; rising",
        "href=\"http://prometheus/graph?g0.expr=up&amp;g0.tab=1\"",
        "Firing (12)",
    ] {
        assert!(mail.contains(part), "{part} in {mail}");
    }
    let plain = render("email.default.html", &Value::map(message()));
    assert!(plain.contains("[FIRING:2] Slow (a)</h1>"), "{plain}");
    assert!(plain.contains("Resolved (1)"), "{plain}");
}

#[test]
fn channel_messages_list_firing_and_resolved_alerts() {
    let lists = |title: &str| format!("{{{{ template \"__text_alert_list\" .Alerts.{title} }}}}");
    let spaced = format!(
        "\nAlerts Firing:\n{}\n\n\nAlerts Resolved:\n{}\n\n",
        lists("Firing"),
        lists("Resolved")
    );
    let tight =
        format!("Alerts Firing:\n{}\nAlerts Resolved:\n{}", lists("Firing"), lists("Resolved"));
    for (name, expected) in [
        ("telegram.default.message", format!("\n{spaced}")),
        ("discord.default.message", format!("\n{spaced}")),
        ("pushover.default.message", format!("p99 is 2s & rising\n{spaced}")),
        ("opsgenie.default.description", format!("p99 is 2s & rising\n{tight}")),
    ] {
        let rendered = render(name, &Value::map(message()));
        assert_eq!(rendered, super::text(&expected).unwrap(), "{name}");
    }
}
