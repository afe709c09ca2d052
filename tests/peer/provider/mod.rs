//! Providers of notifications, each a small server that takes only what the real one would, and the
//! daemon that tells them of the beginning and of the end of an alert.

mod counter;
mod discord;
mod incidentio;
mod jira;
mod mattermost;
mod msteams;
mod opsgenie;
mod pagerduty;
mod rocketchat;
mod slack;
mod sns;
mod telegram;
mod victorops;
mod webex;
mod wechat;

use serde_json::json;

use crate::daemon::Home;
use crate::until::until;
use counter::{Asked, Counter, Said};

/// What a provider knows a group by: 64 hexadecimal digits.
fn is_hash(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Runs a daemon with one receiver, fires an alert and lets it end once `begun` requests were taken;
/// returns what was asked when `all` were.
fn told(counter: &Counter, home: &Home, begun: usize, all: usize) -> Vec<Asked> {
    let daemon = home.start();
    let labels = json!({ "alertname": "DiskFull", "team": "dba", "severity": "critical" });
    let until_taken = |count: usize| {
        until(&format!("{count} requests are taken"), || {
            let refused = counter.refused();
            assert_eq!(refused, Vec::<String>::new(), "{}", daemon.log());
            (counter.taken().len() >= count).then_some(())
        });
    };
    daemon.api().fire(&labels);
    until_taken(begun);
    daemon.api().resolve(&labels);
    until_taken(all);
    until("nothing waits", || daemon.api().list("notifications", "").is_empty().then_some(()));
    let taken = counter.taken();
    assert_eq!(taken.len(), all, "{taken:#?}");
    taken
}

/// A daemon's files with one integration: `key` is its kind, `fields` its YAML in braces.
fn home(key: &str, fields: &str) -> Home {
    Home::new(&format!(
        "
route: {{ receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 1s }}
receivers:
  - name: team
    {key}: [ {{ {fields} }} ]
"
    ))
}
