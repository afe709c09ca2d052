//! What event management knows, as pages of the store, and what is found again from those.

use super::State;
use crate::domain::event::Deadline;
use crate::domain::event::alert::{Phase, StoredAlert};
use crate::domain::event::heartbeat::Expected;
use crate::domain::table::UnreadablePage;
use crate::domain::value::{HeartbeatId, Timestamp};

impl State {
    pub(crate) fn take_changed(&mut self, add: &mut dyn FnMut(&'static str, u64)) {
        for number in self.alerts.take_changed() {
            add("alerts", number);
        }
        for number in self.sources.take_changed() {
            add("sources", number);
        }
        for number in self.configurations.take_changed() {
            add("configurations", number);
        }
        for number in self.heartbeats.take_changed() {
            add("heartbeats", number);
        }
        for number in self.arrivals.take_changed() {
            add("arrivals", number);
        }
    }

    pub(crate) fn page(&self, table: &str, number: u64) -> Option<Vec<u8>> {
        match table {
            "alerts" => self.alerts.page(number, |alert| StoredAlert::of(&self.bodies, alert)),
            "sources" => self.sources.page(number, Clone::clone),
            "configurations" => self.configurations.page(number, Clone::clone),
            "heartbeats" => self.heartbeats.page(number, Clone::clone),
            "arrivals" => self.arrivals.page(number),
            _ => None,
        }
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        let name = ("event", table);
        match table {
            "alerts" => {
                let bodies = &mut self.bodies;
                let read = |stored: StoredAlert| stored.read(bodies);
                self.alerts.load_page(name, number, records, read)
            }
            "sources" => self.sources.load_page(name, number, records, |source| source),
            "configurations" => self.configurations.load_page(name, number, records, |hash| hash),
            "heartbeats" => self.heartbeats.load_page(name, number, records, |heartbeat| heartbeat),
            "arrivals" => self.arrivals.load_page(name, number, records),
            _ => Err(UnreadablePage::unknown("event", table, number)),
        }
    }

    pub(crate) fn rebuild(&mut self) {
        // Later numbers replace earlier ones: the newest alert of an identity counts.
        let keys: Vec<_> = self.alerts.iter().map(|(id, alert)| (alert.key, id)).collect();
        self.by_key.clear();
        for (key, id) in keys {
            self.index(key, id);
        }
        self.source_names =
            self.sources.iter().map(|(id, source)| (source.name.clone(), id)).collect();
        let named = |(id, one): (HeartbeatId, &Expected)| ((one.source, one.name.clone()), id);
        self.heartbeat_names = self.heartbeats.iter().map(named).collect();
        self.arrivals.rebuild();
        let muted = self.alerts.iter().filter(|(_, alert)| alert.is_muted());
        self.muted = muted.map(|(id, _)| id).collect();
        self.seat_all();
    }

    pub(crate) fn agenda(&self, add: &mut dyn FnMut(Timestamp, Deadline)) {
        let firing = self.alerts.iter().filter(|(_, alert)| alert.is_firing());
        if let Some(at) = firing.filter_map(|(_, alert)| alert.ends().at()).min() {
            add(at, Deadline::Leases);
        }
        for (id, alert) in self.alerts.iter() {
            if let Phase::Resolved { noted, .. } = alert.phase() {
                add(noted, Deadline::Forget(id));
            }
            if alert.is_flapping() {
                add(alert.last_transition(), Deadline::Flap(id));
            }
        }
    }
}
