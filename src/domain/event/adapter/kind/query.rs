//! Which kinds of sources can say everything in the query of a GET.

/// Kinds whose senders can be told to send a GET, and those who can be told what to send: scripts,
/// and whatever `generic` and `auto` stand for. What the query says is read like the fields of a
/// JSON object. Of any other kind a GET is somebody who looks whether there is anything.
pub(super) const QUERYING: &[&str] = &[
    "auto",
    "checkmk",
    "generic",
    "goalert",
    "icinga2",
    "librenms",
    "nagios",
    "pingdom",
    "site24x7",
    "uptime-kuma",
    "uptimerobot",
    "zabbix",
];
