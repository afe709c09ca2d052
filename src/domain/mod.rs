//! One room per practice, plus the values they share. Pure: no clock, no randomness, no I/O.

pub mod audit;
pub mod deployment;
pub mod event;
pub mod explain;
pub mod few;
pub mod incident;
pub mod index;
pub mod links;
pub mod notification;
pub mod pool;
pub mod problem;
pub mod settings;
mod shelves;
pub mod silence;
pub mod stage;
pub mod table;
pub mod template;
pub mod timeline;
mod turn;
pub mod value;
pub mod view;

pub use settings::Settings;
pub use turn::{Agenda, Outcome, Tally, Turn};

use serde::{Deserialize, Serialize};

use table::{PageName, UnreadablePage};
use value::{Actor, Timestamp};
use view::{Fields, Invalid, Manual, Query};

/// Lists the practices in flow order and derives the closed sets from the list.
///
/// Each room exports the same names: `State` (with `fold`, `take_changed`, `page`, `load_page`, `rebuild`
/// and `agenda`), `Command`, `Fact`, `Deadline`, `handle`, `react`, `wake`, `MANUAL`, `list`, `show` and
/// `parse`. The compiler points at whichever is missing.
macro_rules! practices {
    ($($Variant:ident => $room:ident,)+) => {
        /// Everything the daemon knows.
        #[derive(Debug, Clone, Default)]
        pub struct State { $(
            #[doc = concat!("What the practice `", stringify!($room), "` knows.")]
            pub $room: $room::State,
        )+ }

        /// Something a person or a program asks for.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Command { $(
            #[doc = concat!("Asked of the practice `", stringify!($room), "`.")]
            $Variant($room::Command),
        )+ }

        /// Something that happened. Facts are stored, replayed and audited.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Fact { $(
            #[doc = concat!("Recorded by the practice `", stringify!($room), "`.")]
            $Variant($room::Fact),
        )+ }

        /// Something to look at again at a set time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Deadline { $(
            #[doc = concat!("Awaited by the practice `", stringify!($room), "`.")]
            $Variant($room::Deadline),
        )+ }

        enum Rank { $($Variant,)+ }

        impl Fact {
            fn rank(&self) -> u8 {
                match self { $(Self::$Variant(_) => Rank::$Variant as u8,)+ }
            }
        }

        impl State {
            /// The only function that changes state, apart from leases and other soft marks. A restart
            /// folds what the journal holds and decides nothing again.
            pub(crate) fn fold(&mut self, at: Timestamp, fact: &Fact) {
                match fact { $(Fact::$Variant(fact) => self.$room.fold(at, fact),)+ }
            }

            /// Takes the names of the pages that changed since the last call.
            pub fn take_changed(&mut self) -> Vec<PageName> {
                let mut names = Vec::new();
                $(self.$room.take_changed(&mut |table, number| {
                    names.push(PageName { practice: stringify!($room), table, number });
                });)+
                names
            }

            /// A page as it is stored: its records as `MessagePack`; nothing if none is left on it.
            pub fn page(&self, name: PageName) -> Option<Vec<u8>> {
                match name.practice {
                    $(stringify!($room) => self.$room.page(name.table, name.number),)+
                    _ => None,
                }
            }

            /// Puts a stored page back.
            ///
            /// # Errors
            /// When the page is not one of ours or does not read.
            pub fn load_page(
                &mut self,
                practice: &str,
                table: &str,
                number: u64,
                records: &[u8],
            ) -> Result<(), UnreadablePage> {
                match practice {
                    $(stringify!($room) => self.$room.load_page(table, number, records),)+
                    _ => Err(UnreadablePage::unknown(practice, table, number)),
                }
            }

            /// Builds what is derived from the tables, once all pages are there.
            pub fn rebuild(&mut self) {
                $(self.$room.rebuild();)+
            }

            /// Everything that waits for a time, read off the state.
            pub fn agenda(&self) -> Agenda {
                let mut agenda = Agenda::new();
                $(self.$room.agenda(&mut |at, deadline| {
                    agenda.insert((at, Deadline::$Variant(deadline)));
                });)+
                agenda
            }
        }

        $(
            impl From<$room::Fact> for Fact {
                fn from(fact: $room::Fact) -> Self { Self::$Variant(fact) }
            }

            impl From<$room::Command> for Command {
                fn from(command: $room::Command) -> Self { Self::$Variant(command) }
            }

            impl From<$room::Deadline> for Deadline {
                fn from(deadline: $room::Deadline) -> Self { Self::$Variant(deadline) }
            }
        )+

        pub(crate) fn handle(turn: &mut Turn, actor: &Actor, command: Command) -> Result<(), Refusal> {
            match command { $(Command::$Variant(command) => $room::handle(turn, actor, command),)+ }
        }

        /// Shows a fact to every practice downstream of the one that recorded it.
        pub(crate) fn react(turn: &mut Turn, fact: &Fact) {
            $(if Rank::$Variant as u8 > fact.rank() { $room::react(turn, fact); })+
        }

        pub(crate) fn wake(turn: &mut Turn, deadline: Deadline) {
            match deadline { $(Deadline::$Variant(deadline) => $room::wake(turn, deadline),)+ }
        }

        /// Every practice, for routes, `--help` and the API description.
        pub const MANUALS: &[&Manual] = &[$(&$room::MANUAL,)+];

        /// Answers a reader who wants a list. `None` means there is no such practice.
        pub fn list(state: &State, settings: &Settings, practice: &str, query: &Query) -> Option<view::List> {
            $(if practice == $room::MANUAL.name { return Some($room::list(state, settings, query)); })+
            None
        }

        /// Answers a reader who wants one record. `None` means there is none of that id.
        pub fn show(state: &State, settings: &Settings, practice: &str, id: &str) -> Option<serde_json::Value> {
            $(if practice == $room::MANUAL.name { return $room::show(state, settings, id); })+
            None
        }

        /// Turns a filled-in form into a command.
        ///
        /// # Errors
        /// When the practice, the verb or a field is not known or makes no sense.
        pub fn parse(practice: &str, verb: &str, id: &str, fields: &Fields) -> Result<Command, Invalid> {
            $(if practice == $room::MANUAL.name {
                $room::MANUAL.check(verb, fields)?;
                return $room::parse(verb, id, fields).map(Command::$Variant);
            })+
            Err(Invalid::new(practice, "no such practice"))
        }
    };
}

practices! {
    Silence => silence,
    Event => event,
    Deployment => deployment,
    Incident => incident,
    Problem => problem,
    Notification => notification,
    Audit => audit,
}

/// Why a command was turned down. The caller is told; nothing but the audit line is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no record of that id.
    #[error("there is no {0}")]
    NotFound(String),
    /// The record's state does not allow the step.
    #[error("{record} is {state}: cannot {asked}; allowed now: {}", allowed.join(", "))]
    NotNow {
        /// The record.
        record: String,
        /// The state it is in.
        state: &'static str,
        /// What was asked.
        asked: &'static str,
        /// What would be accepted.
        allowed: Vec<&'static str>,
    },
    /// The request lacks something that the state of the record makes mandatory.
    #[error("{field}: {why}")]
    Incomplete {
        /// The field.
        field: &'static str,
        /// Why it is needed.
        why: String,
    },
}
