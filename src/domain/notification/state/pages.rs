//! What notification knows, as pages of the store, and what is found again from those.

use super::State;
use super::record::StoredGroup;
use crate::domain::notification::Deadline;
use crate::domain::table::UnreadablePage;
use crate::domain::value::{GroupId, Timestamp};

const GROUPS: (&str, &str) = ("notification", "groups");
const DELIVERIES: (&str, &str) = ("notification", "deliveries");
const CHANNELS: (&str, &str) = ("notification", "channels");

impl State {
    pub(crate) fn take_changed(&mut self, add: &mut dyn FnMut(&'static str, u64)) {
        for number in self.groups.take_changed() {
            add("groups", number);
        }
        for number in self.deliveries.take_changed() {
            add("deliveries", number);
        }
        for number in self.channels.take_changed() {
            add("channels", number);
        }
        for number in self.inherited.take_changed() {
            add("inherited", number);
        }
        for number in self.replies.take_changed() {
            add("replies", number);
        }
    }

    pub(crate) fn page(&self, table: &str, number: u64) -> Option<Vec<u8>> {
        match table {
            "groups" => self.groups.page(number, |group| StoredGroup::of(&self.bodies, group)),
            "deliveries" => self.deliveries.page(number, Clone::clone),
            "channels" => self.channels.page(number, Clone::clone),
            "inherited" => self.inherited.page(number),
            "replies" => self.replies.page(number),
            _ => None,
        }
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        match table {
            "groups" => {
                let (bodies, ways) = (&mut self.bodies, &mut self.ways);
                let read = |stored: StoredGroup| stored.read(bodies, ways);
                self.groups.load_page(GROUPS, number, records, read)
            }
            "deliveries" => self.deliveries.load_page(DELIVERIES, number, records, |record| record),
            "channels" => self.channels.load_page(CHANNELS, number, records, |record| record),
            "inherited" => self.inherited.load_page(number, records),
            "replies" => self.replies.load_page(number, records),
            _ => Err(UnreadablePage::unknown("notification", table, number)),
        }
    }

    pub(crate) fn rebuild(&mut self) {
        let ids: Vec<GroupId> = self.groups.iter().map(|(id, _)| id).collect();
        self.by_place.clear();
        for id in ids {
            self.index(id);
        }
        let groups = || self.groups.iter();
        self.by_alert = groups()
            .flat_map(|(id, group)| group.alerts().map(move |(_, alert)| (alert, id)))
            .collect();
        self.by_incident =
            groups().filter_map(|(id, group)| Some((group.incident()?, id))).collect();
        self.on_the_way = self
            .deliveries
            .iter()
            .map(|(id, delivery)| ((delivery.group, delivery.channel), id))
            .collect();
        self.channel_names =
            self.channels.iter().map(|(id, channel)| (channel.name.clone(), id)).collect();
        self.inherited.rebuild();
    }

    pub(crate) fn agenda(&self, add: &mut dyn FnMut(Timestamp, Deadline)) {
        for (id, group) in self.groups.iter() {
            add(group.base, Deadline::Wind(id));
        }
        for (id, delivery) in self.deliveries.iter() {
            if let Some(at) = delivery.retry_at {
                add(at, Deadline::Retry(id));
            }
        }
        for (id, _) in self.channels.iter().filter(|(_, channel)| channel.open) {
            add(Timestamp(0), Deadline::Probe(id));
        }
        if let Some(at) = self.inherited.lapses_at() {
            add(at, Deadline::Lapse);
        }
    }
}
