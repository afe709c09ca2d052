//! What an Alertmanager that takes this daemon's place must know: who was told what.

use std::collections::{BTreeMap, BTreeSet};

use super::inherited::{AlertHash, Inherited};
use super::state::{Group, Told};
use crate::domain::State;
use crate::domain::value::{AlertId, Labels, Span, Timestamp};

/// How long the other may rely on it: Alertmanager's default of `--data.retention`.
const RETENTION: Span = Span::hours(120);

/// What every channel was told of every group of alerts, as entries of Alertmanager's notification
/// log. Groups that are an incident are unknown there and left out.
pub fn handed_over(state: &State, now: Timestamp) -> Vec<Inherited> {
    let notification = &state.notification;
    let mut log: BTreeMap<(String, String), Inherited> = notification
        .inherited()
        .map(|entry| ((entry.group_key.clone(), entry.channel()), entry.clone()))
        .collect();
    let ended = Ended::of(state);
    for (_, group) in notification.groups().filter(|(_, group)| group.incident().is_none()) {
        for (channel, told) in group.told() {
            let Some(name) = notification.channel(channel).map(|channel| &channel.name) else {
                continue;
            };
            let Some(told) = entry(state, group, told, name) else { continue };
            let resolved =
                ended.with(&notification.labels(group)).difference(&told.firing).copied().collect();
            let told = Inherited { resolved, expires_at: now + RETENTION, ..told };
            let place = (told.group_key.clone(), name.clone());
            match log.get_mut(&place) {
                Some(known) => {
                    known.firing.extend(&told.firing);
                    *known = Inherited { firing: std::mem::take(&mut known.firing), ..told };
                }
                None => {
                    log.insert(place, told);
                }
            }
        }
    }
    log.into_values().collect()
}

/// What a channel was told of a group; nothing for a name that is none of a channel.
fn entry(state: &State, group: &Group, told: &Told, channel: &str) -> Option<Inherited> {
    let (receiver, place) = channel.rsplit_once('/')?;
    let (integration, index) = place.strip_suffix(']')?.split_once('[')?;
    let firing = told.firing.keys().filter_map(|key| hash(state, group.alert(*key)?));
    Some(Inherited {
        group_key: state.notification.key(group),
        receiver: receiver.to_owned(),
        integration: integration.to_owned(),
        index: index.parse().ok()?,
        at: told.at,
        firing: firing.collect(),
        resolved: BTreeSet::new(),
        expires_at: told.at,
        data: Inherited::remembered(integration, told.provider.as_deref()),
    })
}

fn hash(state: &State, id: AlertId) -> Option<AlertHash> {
    let alert = state.event.alert(id)?;
    Some(AlertHash::of(&state.event.labels(alert)))
}

/// Alerts that have ended not long ago, by the labels that groups have in common. Their sources
/// mention them for some minutes more, and who knows of their end is not to be told again.
struct Ended {
    by_labels: BTreeMap<Labels, BTreeSet<AlertHash>>,
    none: BTreeSet<AlertHash>,
}

impl Ended {
    fn of(state: &State) -> Self {
        let groups = state.notification.groups().filter(|(_, group)| group.incident().is_none());
        let names: BTreeSet<Vec<String>> = groups
            .map(|(_, group)| state.notification.labels(group))
            .map(|labels| labels.iter().map(|(name, _)| name.to_owned()).collect())
            .collect();
        let mut by_labels: BTreeMap<Labels, BTreeSet<AlertHash>> = BTreeMap::new();
        for (_, alert) in state.event.alerts().filter(|(_, alert)| !alert.is_firing()) {
            let labels = state.event.labels(alert);
            let hash = AlertHash::of(&labels);
            for names in &names {
                by_labels.entry(labels.only(names)).or_default().insert(hash);
            }
        }
        Self { by_labels, none: BTreeSet::new() }
    }

    /// Those with these labels: more than a group may have held, which does no harm.
    fn with(&self, labels: &Labels) -> &BTreeSet<AlertHash> {
        self.by_labels.get(labels).unwrap_or(&self.none)
    }
}
