//! Takes events in: finds the alert each speaks of and decides what it changes.

use std::sync::Arc;

use super::alert::{Alert, Phase};
use super::fact::{ClearedBy, Fact, Hint, Raised};
use super::message::{Ends, Event, Signal};
use super::suppress::Cover;
use super::{Deadline, SELF, correlate, enrich, flap, lease, surface};
use crate::domain::settings::Source;
use crate::domain::value::{AlertId, Fingerprint, Labels, Severity, Timestamp};
use crate::domain::{Settings, State, Turn};

/// Takes in the events of one request, in order.
pub(crate) fn receive(turn: &mut Turn, events: Vec<Event>) {
    let mut speaker = None;
    let mut risen = Vec::new();
    let names = names(turn, &events);
    turn.state().event.look_ahead(&names);
    for (at, event) in events.into_iter().enumerate() {
        // Events of one request have one source, which has then been heard.
        if speaker.as_ref() != Some(&event.source) || lease::is_watched(turn, &event.source) {
            lease::heard(turn, &event);
            speaker = Some(Arc::clone(&event.source));
        }
        let key = names.get(at).copied().unwrap_or_else(|| identity(turn.settings(), &event));
        match event.signal {
            Signal::Firing => risen.extend(firing(turn, key, event)),
            Signal::Resolved => resolved(turn, key, &event),
        }
    }
    // Only now, so that a source may stand behind its targets in one request.
    surface::submerge(turn, &risen);
}

/// The identities of all events, where those are the fingerprints of their labels; else none.
fn names(turn: &Turn, events: &[Event]) -> Vec<Fingerprint> {
    if events.iter().all(|event| is_named_by_labels(turn, event)) {
        Fingerprint::of_each(events.iter().map(|event| &event.labels))
    } else {
        Vec::new()
    }
}

/// Tells whether the event's identity is the fingerprint of its labels as they were sent.
fn is_named_by_labels(turn: &Turn, event: &Event) -> bool {
    let settings = turn.settings();
    let plain = |source: &Source| source.group.is_empty() && source.drop_labels.is_empty();
    event.key.is_empty()
        && settings.events.dedupe.rules().is_empty()
        && settings.sources.get(&*event.source).is_none_or(plain)
}

/// The newest alert that a source has under a key of its own.
pub fn of_key(state: &State, settings: &Settings, source: &Arc<str>, key: &str) -> Option<AlertId> {
    let event = Event {
        source: Arc::clone(source),
        signal: Signal::Firing,
        labels: Labels::default(),
        annotations: Labels::default(),
        url: Box::default(),
        key: key.into(),
        starts_at: Timestamp::default(),
        ends: Ends::Never,
    };
    state.event.newest(identity(settings, &event))
}

/// What makes an event speak of one alert and not another, under the rules in force.
pub fn identity(settings: &Settings, event: &Event) -> Fingerprint {
    let source = settings.sources.get(&*event.source);
    let group = match source.map_or("", |source| source.group.as_str()) {
        // A source's own key means something only within that source.
        "" if !event.key.is_empty() => &event.source,
        group => group,
    };
    let rule = settings.events.dedupe.first(&event.labels);
    let dropped = source.is_some_and(|source| !source.drop_labels.is_empty());
    if rule.is_none() && !dropped {
        return event.identity(group, &event.labels);
    }
    let mut labels = event.labels.clone();
    if let Some(source) = source {
        labels = labels.without(&source.drop_labels);
    }
    if let Some(rule) = rule {
        labels = labels.without(&rule.body.drop_labels);
        if !rule.body.identity.is_empty() {
            labels = labels.only(&rule.body.identity);
        }
    }
    event.identity(group, &labels)
}

/// Takes in a firing event and names the alert that begins to fire with it, if one does.
fn firing(turn: &mut Turn, key: Fingerprint, event: Event) -> Option<AlertId> {
    let Some(id) = turn.state().event.newest(key) else {
        return Some(raise(turn, key, event, None));
    };
    if renew(turn, id, &event) {
        return None;
    }
    let alert = turn.state().event.alert(id).expect("the index names alerts that exist");
    match alert.phase() {
        Phase::Firing => {
            repeat(turn, id, event);
            None
        }
        // A firing event that began before the end we know of was overtaken on its way.
        Phase::Resolved { at, .. } if event.starts_at < at && event.ends == Ends::Never => {
            turn.tally.stale += 1;
            None
        }
        Phase::Resolved { noted, .. } => {
            let refire_window = turn.settings().defaults.refire_window;
            if turn.now().since(noted) > refire_window {
                return Some(raise(turn, key, event, Some(id)));
            }
            refire(turn, id, event);
            Some(id)
        }
    }
}

/// The hot path: a source says the same again of an alert that fires. Renews the lease, touches
/// nothing else, and says whether that was all there was to do.
fn renew(turn: &mut Turn, id: AlertId, event: &Event) -> bool {
    if !event.key.is_empty() || !turn.settings().events.dedupe.rules().is_empty() {
        return false;
    }
    let now = turn.now();
    let content = Event::content(&event.annotations, &event.url);
    let alert = turn.soften().event.soften_alert(id);
    if !alert.is_firing() || alert.is_stale() || alert.content != content {
        return false;
    }
    let (starts_at, ends) = merge((alert.starts_at, alert.ends()), (event.starts_at, event.ends));
    alert.starts_at = starts_at;
    alert.set_ends(ends);
    alert.updated_at = now;
    alert.count = alert.count.saturating_add(1);
    lease::await_end(turn, ends);
    turn.tally.duplicate += 1;
    true
}

/// A firing event about a firing alert that says more than that it still fires.
fn repeat(turn: &mut Turn, id: AlertId, event: Event) {
    let now = turn.now();
    let alert = turn.state().event.alert(id).expect("the index names alerts that exist");
    let stale = alert.is_stale();
    let same = alert.content == Event::content(&event.annotations, &event.url);
    let (starts_at, ends) = merge((alert.starts_at, alert.ends()), (event.starts_at, event.ends));

    if stale {
        turn.record(Fact::Returned { id });
    }
    if same && !relabelled(turn, id, &event) {
        turn.tally.duplicate += 1;
    } else {
        let (labels, severity) = enriched(turn, &event);
        let state = &turn.state().event;
        let before = state.labels(state.alert(id).expect("the index names alerts that exist"));
        let relabelled = before != labels;
        let Event { annotations, url, .. } = event;
        turn.record(Fact::Changed { id, labels, annotations, url, severity });
        turn.tally.changed += 1;
        if relabelled {
            surface::lift(turn, Cover::Alert(id));
            surface::reconsider(turn, id);
        }
    }
    let alert = turn.soften().event.soften_alert(id);
    alert.starts_at = starts_at;
    alert.set_ends(ends);
    alert.updated_at = now;
    alert.count = alert.count.saturating_add(1);
    lease::await_end(turn, ends);
}

/// Labels beside the identity may change, where a rule or a source makes the identity narrower.
fn relabelled(turn: &Turn, id: AlertId, event: &Event) -> bool {
    let settings = turn.settings();
    let source = settings.sources.get(&*event.source);
    let whole = event.key.is_empty()
        && settings.events.dedupe.rules().is_empty()
        && source.is_none_or(|source| source.drop_labels.is_empty());
    if whole {
        return false;
    }
    let state = &turn.state().event;
    let alert = state.alert(id).expect("the index names alerts that exist");
    let word = event.labels.get("severity");
    settings.severity_of(&event.source, word) != alert.severity
        && state.label(alert, "severity") != word
}

/// Alertmanager's merge of two activity ranges: where they overlap the earliest start counts, and
/// a later end that the source named outlives an earlier one; else the new range replaces the old.
fn merge(old: (Timestamp, Ends), new: (Timestamp, Ends)) -> (Timestamp, Ends) {
    let (Some(old_end), Some(new_end)) = (old.1.at(), new.1.at()) else {
        return (old.0.min(new.0), new.1);
    };
    let overlap = (new_end > old.0 && new_end < old_end) || (new.0 > old.0 && new.0 < old_end);
    if !overlap {
        return new;
    }
    let keep_old = old_end > new_end && matches!(old.1, Ends::At(_));
    (old.0.min(new.0), if keep_old { old.1 } else { new.1 })
}

fn refire(turn: &mut Turn, id: AlertId, event: Event) {
    let alert = turn.state().event.alert(id).expect("the index names alerts that exist");
    let Event { mut starts_at, ends, annotations, url, .. } = event;
    // It never was over where it began again before it ended.
    if let Phase::Resolved { at, .. } = alert.phase()
        && starts_at < at
    {
        (starts_at, _) = merge((alert.starts_at, Ends::At(at)), (starts_at, ends));
    }
    turn.record(Fact::Refired { id, starts_at, ends, annotations, url });
    turn.tally.new += 1;
    lease::await_end(turn, ends);
    flap::changed(turn, id);
}

fn raise(turn: &mut Turn, key: Fingerprint, event: Event, previous: Option<AlertId>) -> AlertId {
    let ends = event.ends;
    let id = bear(turn, key, event, previous, false);
    turn.tally.new += 1;
    lease::await_end(turn, ends);
    id
}

/// Records the birth of an alert.
fn bear(
    turn: &mut Turn,
    key: Fingerprint,
    event: Event,
    previous: Option<AlertId>,
    over: bool,
) -> AlertId {
    let id = turn.state().event.next_alert();
    let source = lease::source(turn, &event.source);
    let set = enrich::set(turn.settings(), &event, turn.now());
    let laid_over = (!set.is_empty()).then(|| event.labels.with(set.iter()));
    let labels = laid_over.as_ref().unwrap_or(&event.labels);
    let severity = turn.settings().severity_of(&event.source, labels.get("severity"));
    let routes = turn.settings().routes.places(labels);
    let correlation =
        correlate::correlate(turn.settings(), &event.source, labels, severity, &routes);
    let plain = Hint::of(set.is_empty() && is_named_by_labels(turn, &event));
    let Event { labels, annotations, url, key: source_key, starts_at, ends, .. } = event;
    turn.record(Fact::Raised(Box::new(Raised {
        id,
        key,
        source_key,
        source,
        labels,
        set,
        annotations,
        url,
        starts_at,
        ends,
        severity,
        correlation,
        previous,
        over,
        plain,
        routes: Hint::of(routes),
    })));
    id
}

fn resolved(turn: &mut Turn, key: Fingerprint, event: &Event) {
    let ended = event.ends.at().unwrap_or(turn.now()).min(turn.now());
    let Some((id, alert)) = turn.state().event.by_key(key) else {
        return resolved_unheard(turn, key, event, ended);
    };
    match alert.phase() {
        Phase::Resolved { .. } => turn.tally.duplicate += 1,
        // The end of an earlier outbreak, overtaken on its way by the next one. Alertmanager takes
        // it for the end of this one.
        Phase::Firing if ended < alert.starts_at && !turn.settings().bare => turn.tally.stale += 1,
        Phase::Firing => {
            let before = (alert.starts_at, alert.ends());
            let (since, _) = merge(before, (event.starts_at, Ends::At(ended)));
            let since = if turn.settings().bare { since } else { since.min(before.0) };
            let ended = ended.max(since);
            if let Some((annotations, url)) = last_words(turn, alert, event) {
                let labels = turn.state().event.labels(alert);
                let severity = alert.severity;
                turn.record(Fact::Changed { id, labels, annotations, url, severity });
            }
            turn.tally.resolved += 1;
            let since = (since != before.0).then_some(since);
            end(turn, id, ended, ClearedBy::Source, since);
        }
    }
}

/// What there is to know of an alert once its end is told, if that is more than was known.
fn last_words(turn: &Turn, alert: &Alert, event: &Event) -> Option<(Labels, Box<str>)> {
    if event.annotations.is_empty() {
        return None;
    }
    let Settings { bare, sources, .. } = turn.settings();
    let terse = !bare && sources.get(&*event.source).is_some_and(|source| source.terse_ends);
    let known = &turn.state().event;
    let annotations = if terse {
        known.annotations(alert).with(event.annotations.iter())
    } else {
        event.annotations.clone()
    };
    let url =
        if terse && event.url.is_empty() { known.url(alert).into() } else { event.url.clone() };
    (Event::content(&annotations, &url) != alert.content).then_some((annotations, url))
}

/// Something has ended that was never heard to fire. That leaves no trace, unless the Alertmanager
/// whose place was taken had told somebody that it fires: who was told so is told its end.
fn resolved_unheard(turn: &mut Turn, key: Fingerprint, event: &Event, ended: Timestamp) {
    if !turn.state().notification.was_told_before(&event.labels) {
        turn.tally.resolved_unknown += 1;
        return;
    }
    let id = bear(turn, key, event.clone(), None, true);
    turn.tally.resolved += 1;
    clear(turn, id, ended, ClearedBy::Source);
}

/// Ends an alert, on its source's word or because its lease ran out.
pub(super) fn clear(turn: &mut Turn, id: AlertId, at: Timestamp, by: ClearedBy) {
    end(turn, id, at, by, None);
}

fn end(turn: &mut Turn, id: AlertId, at: Timestamp, by: ClearedBy, since: Option<Timestamp>) {
    turn.record(Fact::Cleared { id, at, by, since });
    surface::lift(turn, Cover::Alert(id));
    turn.wake_after(turn.settings().defaults.refire_window, Deadline::Forget(id));
    flap::changed(turn, id);
}

fn enriched(turn: &Turn, event: &Event) -> (Labels, Severity) {
    let set = enrich::set(turn.settings(), event, turn.now());
    let labels = event.labels.with(set.iter());
    let severity = turn.settings().severity_of(&event.source, labels.get("severity"));
    (labels, severity)
}

/// An event about ourselves, told like any other: nobody watches the watchman but he.
pub(super) fn about_us(
    name: &str,
    labels: &[(&str, &str)],
    summary: &str,
    signal: Signal,
    now: Timestamp,
) -> Event {
    let own = [("alertname", name), ("severity", "critical"), ("source", SELF), ("impact", "2")];
    Event {
        source: SELF.into(),
        signal,
        labels: Labels::new(own.iter().chain(labels).copied()),
        annotations: Labels::new([("summary", summary)]),
        url: Box::default(),
        key: Labels::new([("alertname", name)].iter().chain(labels).copied())
            .to_string()
            .into_boxed_str(),
        starts_at: now,
        ends: match signal {
            Signal::Firing => Ends::Never,
            Signal::Resolved => Ends::At(now),
        },
    }
}
