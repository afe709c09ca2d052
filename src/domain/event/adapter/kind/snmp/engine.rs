//! Messages of SNMP version 3 (RFC 3412) under the user-based security model (RFC 3414): what may
//! come in, and what it is answered with. Time is in seconds and an argument.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::packet::{
    INFORM, INTEGER, OCTETS, OID, RESPONSE, SEQUENCE, TRAP_V2, element, next, typed,
};
use super::privacy::Moment;
use super::usm::{Keys, User};

const REPORT: u8 = 0xa8;
const COUNTER: u8 = 0x41;
const USER_BASED: &[u8] = &[3];
const SIGNED: u8 = 1;
const ENCRYPTED: u8 = 2;
const REPORTABLE: u8 = 4;

/// How far a signed time may be off (RFC 3414, 2.2.3).
const WINDOW_SECONDS: u32 = 150;
/// Senders whose clocks are remembered. Only who has a key gets in.
const ENGINES_MAX: usize = 10_000;
/// RFC 3411, `SnmpEngineID`.
const ENGINE_BYTES_MAX: usize = 32;
/// What we say to take (RFC 3412, `msgMaxSize`).
const MESSAGE_BYTES_MAX: u32 = 65_507;

/// usmStatsNotInTimeWindows.0 and usmStatsUnknownEngineIDs.0 (RFC 3414, 5).
const NOT_IN_TIME: [u8; 10] = [0x2b, 6, 1, 6, 3, 15, 1, 1, 2, 0];
const UNKNOWN_ENGINE: [u8; 10] = [0x2b, 6, 1, 6, 3, 15, 1, 1, 4, 0];

/// Why a message of version 3 is not taken. What there is to answer is a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes break off, or are of other types.
    #[error("unreadable")]
    Broken,
    /// Somebody asks who we are.
    #[error("discovery")]
    Discovery,
    /// No user has that name, or none at that engine.
    #[error("user")]
    User,
    /// It is signed or encrypted less than the user's messages are.
    #[error("security_level")]
    Level,
    /// The signature is of another key.
    #[error("signature")]
    Signature,
    /// It was said too long ago, or before what was said already.
    #[error("time_window")]
    Window,
}

impl Refusal {
    /// The word for counters.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Broken => "unreadable",
            Self::Discovery => "discovery",
            Self::User => "user",
            Self::Level => "security_level",
            Self::Signature => "signature",
            Self::Window => "time_window",
        }
    }
}

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Judged {
    /// The trap as a message of version 2c without a community, or why it is not taken.
    pub packet: Result<Vec<u8>, Refusal>,
    /// What is sent back: for an inform once it is on disk, a report at once.
    pub answer: Option<Vec<u8>>,
}

/// Our side of version 3.
#[derive(Debug)]
pub struct Engine {
    id: Vec<u8>,
    boots: u32,
    users: Arc<Vec<User>>,
    /// Of each sender, the last boots and time that it has signed.
    clocks: BTreeMap<Vec<u8>, (u32, u32)>,
    salts: u64,
    reports: u32,
}

struct Message<'p> {
    id: &'p [u8],
    flags: u8,
    engine: &'p [u8],
    boots: u32,
    time: u32,
    user: &'p [u8],
    signature: &'p [u8],
    salt: &'p [u8],
    /// Plain or encrypted, with its tag.
    scoped: (u8, &'p [u8]),
}

impl Engine {
    /// An engine that has begun for the `boots`th time; the number must grow with each start.
    pub fn new(source: &str, boots: u32) -> Self {
        // RFC 3411: an enterprise (none), then 4 for a text of up to 27 bytes.
        let mut id = vec![0x80, 0, 0, 0, 4];
        id.extend(b"incidentd-".iter().chain(source.as_bytes()).take(27));
        Self { id, boots, users: Arc::default(), clocks: BTreeMap::new(), salts: 0, reports: 0 }
    }

    /// Takes the users as they are configured at this moment.
    pub fn set_users(&mut self, users: &Arc<Vec<User>>) {
        if !Arc::ptr_eq(&self.users, users) {
            self.users = Arc::clone(users);
        }
    }

    /// Judges a message that came in `time` seconds after the start.
    pub fn judge(&mut self, packet: &[u8], time: u32) -> Judged {
        let refused = |why| Judged { packet: Err(why), answer: None };
        let Some(message) = parse(packet) else { return refused(Refusal::Broken) };
        let ours = message.engine == self.id;
        let reportable = message.flags & REPORTABLE != 0;
        if reportable && !ours {
            let answer = self.report(&message, &UNKNOWN_ENGINE, time, None);
            return Judged { packet: Err(Refusal::Discovery), answer: Some(answer) };
        }
        let known = |user: &&User| {
            user.name.as_bytes() == message.user
                && (ours || user.engine.as_ref().is_none_or(|engine| engine == message.engine))
        };
        let Some(user) = self.users.iter().find(known) else { return refused(Refusal::User) };
        let keys = user.keys(message.engine);
        let private = message.flags & ENCRYPTED != 0;
        if message.flags & SIGNED == 0 || private != keys.is_private() {
            return refused(Refusal::Level);
        }
        if !keys.has_signed(&unsigned(packet, &message), message.signature) {
            return refused(Refusal::Signature);
        }
        if ours {
            if message.boots != self.boots || message.time.abs_diff(time) > WINDOW_SECONDS {
                let answer = self.report(&message, &NOT_IN_TIME, time, Some(&keys));
                return Judged {
                    packet: Err(Refusal::Window),
                    answer: reportable.then_some(answer),
                };
            }
        } else if !self.is_in_time(&message) {
            return refused(Refusal::Window);
        }
        let Some((head, pdu_tag, pdu)) = open(&message, &keys) else {
            return refused(Refusal::Broken);
        };
        // A trap has its sender's engine, an inform ours (RFC 3413, 3.3).
        if pdu_tag != (if ours { INFORM } else { TRAP_V2 }) {
            return refused(Refusal::Broken);
        }
        let whole = element(pdu_tag, &[&pdu]);
        let answer = ours.then(|| {
            let scoped = element(SEQUENCE, &[&head, &element(RESPONSE, &[&pdu])]);
            self.message(&message, &scoped, time, Some(&keys), private)
        });
        let plain = element(SEQUENCE, &[&[INTEGER, 1, 1, OCTETS, 0], &whole]);
        Judged { packet: Ok(plain), answer }
    }

    /// RFC 3414, 3.2, 7 b.
    fn is_in_time(&mut self, message: &Message) -> bool {
        let said = (message.boots, message.time);
        if message.boots >= 0x7fff_ffff {
            return false;
        }
        let Some(last) = self.clocks.get_mut(message.engine) else {
            if self.clocks.len() >= ENGINES_MAX {
                self.clocks.pop_first();
            }
            self.clocks.insert(message.engine.to_vec(), said);
            return true;
        };
        let fresh =
            said.0 > last.0 || said.0 == last.0 && said.1.saturating_add(WINDOW_SECONDS) >= last.1;
        *last = (*last).max(if fresh { said } else { *last });
        fresh
    }

    fn report(&mut self, to: &Message, what: &[u8], time: u32, keys: Option<&Keys>) -> Vec<u8> {
        self.reports = self.reports.wrapping_add(1);
        let count = element(COUNTER, &[&[0], &self.reports.to_be_bytes()]);
        let pair = element(SEQUENCE, &[&element(OID, &[what]), &count]);
        let head = [INTEGER, 1, 0, INTEGER, 1, 0, INTEGER, 1, 0];
        let pdu = element(REPORT, &[&head, &element(SEQUENCE, &[&pair])]);
        let scoped = element(SEQUENCE, &[&element(OCTETS, &[&self.id]), &[OCTETS, 0], &pdu]);
        self.message(to, &scoped, time, keys, false)
    }

    /// A message back, signed where there are keys.
    fn message(
        &mut self,
        to: &Message,
        scoped: &[u8],
        time: u32,
        keys: Option<&Keys>,
        private: bool,
    ) -> Vec<u8> {
        let flags = if keys.is_some() { SIGNED } else { 0 } | if private { ENCRYPTED } else { 0 };
        let header = element(
            SEQUENCE,
            &[
                &element(INTEGER, &[to.id]),
                &unsigned_integer(MESSAGE_BYTES_MAX),
                &[OCTETS, 1, flags],
                &element(INTEGER, &[USER_BASED]),
            ],
        );
        let mut body = scoped.to_vec();
        let mut salt = Vec::new();
        if let (true, Some(keys)) = (private, keys) {
            self.salts = self.salts.wrapping_add(1);
            salt = keys.encrypt((self.boots, time), self.salts, &mut body);
            body = element(OCTETS, &[&body]);
        }
        let build = |signature: &[u8]| {
            let security = element(
                SEQUENCE,
                &[
                    &element(OCTETS, &[&self.id]),
                    &unsigned_integer(self.boots),
                    &unsigned_integer(time),
                    &element(OCTETS, &[to.user]),
                    &element(OCTETS, &[signature]),
                    &element(OCTETS, &[&salt]),
                ],
            );
            let security = element(OCTETS, &[&security]);
            element(SEQUENCE, &[&[INTEGER, 1, 3], &header, &security, &body])
        };
        let Some(keys) = keys else { return build(&[]) };
        let blank = build(&vec![0; keys.algorithm.signature_bytes()]);
        build(&keys.sign(&blank))
    }
}

fn parse(packet: &[u8]) -> Option<Message<'_>> {
    let mut rest = packet;
    let mut inside = typed(&mut rest, SEQUENCE)?;
    (typed(&mut inside, INTEGER)? == [3]).then_some(())?;
    let mut header = typed(&mut inside, SEQUENCE)?;
    let id = typed(&mut header, INTEGER)?;
    typed(&mut header, INTEGER)?;
    let [flags] = typed(&mut header, OCTETS)? else { return None };
    (typed(&mut header, INTEGER)? == USER_BASED).then_some(())?;
    let mut security = typed(&mut inside, OCTETS)?;
    let mut security = typed(&mut security, SEQUENCE)?;
    let engine = typed(&mut security, OCTETS)?;
    let boots = whole(typed(&mut security, INTEGER)?)?;
    let time = whole(typed(&mut security, INTEGER)?)?;
    let user = typed(&mut security, OCTETS)?;
    let signature = typed(&mut security, OCTETS)?;
    let salt = typed(&mut security, OCTETS)?;
    let scoped = next(&mut inside)?;
    let fits = engine.len() <= ENGINE_BYTES_MAX && user.len() <= 32 && id.len() <= 5;
    fits.then_some(Message {
        id,
        flags: *flags,
        engine,
        boots,
        time,
        user,
        signature,
        salt,
        scoped,
    })
}

/// The message with zeros in the place of its signature.
fn unsigned(packet: &[u8], message: &Message) -> Vec<u8> {
    let at = message.signature.as_ptr().addr() - packet.as_ptr().addr();
    let mut blank = packet.to_vec();
    blank[at..at + message.signature.len()].fill(0);
    blank
}

/// Engine and name of the context as they stand, the type of what is said, and what is in it.
fn open(message: &Message, keys: &Keys) -> Option<(Vec<u8>, u8, Vec<u8>)> {
    let (tag, bytes) = message.scoped;
    let decrypted;
    let mut scoped = match tag {
        SEQUENCE if !keys.is_private() => bytes,
        OCTETS if keys.is_private() => {
            let mut text = bytes.to_vec();
            let salt = message.salt.try_into().ok()?;
            let moment = Moment { boots: message.boots, time: message.time, salt };
            keys.decrypt(moment, &mut text)?;
            decrypted = text;
            typed(&mut &decrypted[..], SEQUENCE)?
        }
        _ => return None,
    };
    let (engine, name) = (typed(&mut scoped, OCTETS)?, typed(&mut scoped, OCTETS)?);
    let (tag, pdu) = next(&mut scoped)?;
    let head = [element(OCTETS, &[engine]), element(OCTETS, &[name])].concat();
    Some((head, tag, pdu.to_vec()))
}

/// A number that is not negative.
fn whole(value: &[u8]) -> Option<u32> {
    let fits = (1..=5).contains(&value.len()) && value[0] & 0x80 == 0;
    fits.then(|| value.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
        .and_then(|number| u32::try_from(number).ok())
}

fn unsigned_integer(number: u32) -> Vec<u8> {
    let bytes = u64::from(number).to_be_bytes();
    // The first bit is the sign.
    let first = (0..7).find(|at| bytes[*at] != 0 || bytes[at + 1] & 0x80 != 0).unwrap_or(7);
    element(INTEGER, &[&bytes[first..]])
}

#[cfg(test)]
mod tests {
    use super::super::privacy::Cipher;
    use super::super::usm::Algorithm;
    use super::*;

    const BOOTS: u32 = 7;

    fn user(name: &str, password: &str, privacy: Option<&str>) -> User {
        User::new(name, Algorithm::Sha256, password, privacy.map(|key| (Cipher::Aes128, key)))
    }

    fn engine() -> Engine {
        let mut engine = Engine::new("traps", BOOTS);
        engine.set_users(&Arc::new(vec![
            user("signs", "a pass phrase", None),
            user("hides", "a pass phrase", Some("another phrase")),
        ]));
        engine
    }

    /// A message as a sender makes it that knows the engine by this name.
    fn message(id: &Engine, by: &User, tag: u8, boots: u32, time: u32) -> Vec<u8> {
        let mut sender = id_of(id);
        sender.boots = boots;
        let pdu = element(tag, &[&[INTEGER, 1, 1]]);
        let scoped = element(SEQUENCE, &[&[OCTETS, 0, OCTETS, 0], &pdu]);
        let to = Message {
            id: &[1],
            flags: 0,
            engine: &[],
            boots,
            time,
            user: by.name.as_bytes(),
            signature: &[],
            salt: &[],
            scoped: (SEQUENCE, &[]),
        };
        let keys = by.keys(&sender.id);
        sender.message(&to, &scoped, time, Some(&keys), keys.is_private())
    }

    fn id_of(engine: &Engine) -> Engine {
        let mut copy = Engine::new("", engine.boots);
        copy.id.clone_from(&engine.id);
        copy
    }

    #[test]
    fn a_trap_is_taken_from_who_has_the_keys() {
        let sender = Engine::new("router", 1);
        let (signs, hides) = ("a pass phrase", Some("another phrase"));
        for (by, expected) in [
            (user("signs", signs, None), None),
            (user("hides", signs, hides), None),
            (user("nobody", signs, None), Some(Refusal::User)),
            (user("signs", "another one", None), Some(Refusal::Signature)),
            (user("hides", signs, None), Some(Refusal::Level)),
            (user("signs", signs, hides), Some(Refusal::Level)),
            (user("hides", signs, Some("some other phrase")), Some(Refusal::Broken)),
        ] {
            let packet = message(&sender, &by, TRAP_V2, 1, 9);
            let judged = engine().judge(&packet, 0);
            assert_eq!(judged.packet.err(), expected, "{by:?}");
            assert_eq!(judged.answer, None);
        }
    }

    #[test]
    fn a_trap_that_is_sent_again_later_is_refused() {
        let (sender, mut engine) = (Engine::new("router", 1), engine());
        let by = user("signs", "a pass phrase", None);
        for (boots, time, taken) in [
            (3, 1_000, true),
            (3, 900, true),
            (3, 849, false),
            (3, 2_000, true),
            (3, 1_000, false),
            (2, 9_000, false),
            (4, 0, true),
            (3, 2_000, false),
            (0x7fff_ffff, 0, false),
        ] {
            let packet = message(&sender, &by, TRAP_V2, boots, time);
            assert_eq!(engine.judge(&packet, 0).packet.is_ok(), taken, "{boots} {time}");
        }
    }

    #[test]
    fn an_inform_is_answered_in_its_time() {
        let mut engine = engine();
        let by = user("hides", "a pass phrase", Some("another phrase"));
        let ours = id_of(&engine);
        for (boots, time, taken) in
            [(BOOTS, 500, true), (BOOTS, 650, true), (BOOTS, 651, false), (BOOTS - 1, 500, false)]
        {
            let packet = message(&ours, &by, INFORM, boots, time);
            let judged = engine.judge(&packet, 500);
            assert_eq!(judged.packet.is_ok(), taken, "{boots} {time}");
            assert_eq!(judged.answer.is_some(), taken);
            if let Some(answer) = judged.answer {
                let answer = parse(&answer).unwrap();
                let keys = by.keys(&ours.id);
                assert_eq!((answer.boots, answer.time), (BOOTS, 500));
                assert_eq!(open(&answer, &keys).unwrap().1, RESPONSE);
            }
        }
    }

    #[test]
    fn who_asks_is_told_which_engine_it_is() {
        let mut engine = engine();
        let get = element(0xa0, &[&[INTEGER, 1, 1]]);
        let scoped = element(SEQUENCE, &[&[OCTETS, 0, OCTETS, 0], &get]);
        let header = [INTEGER, 1, 1, INTEGER, 2, 5, 220, OCTETS, 1, REPORTABLE, INTEGER, 1, 3];
        let security = [OCTETS, 0, INTEGER, 1, 0, INTEGER, 1, 0, OCTETS, 0, OCTETS, 0, OCTETS, 0];
        let security = element(OCTETS, &[&element(SEQUENCE, &[&security])]);
        let parts: [&[u8]; 4] =
            [&[INTEGER, 1, 3], &element(SEQUENCE, &[&header]), &security, &scoped];
        let probe = element(SEQUENCE, &parts);
        let judged = engine.judge(&probe, 12);
        assert_eq!(judged.packet, Err(Refusal::Discovery));
        let report = judged.answer.unwrap();
        let report = parse(&report).unwrap();
        assert_eq!((report.engine, report.boots, report.time), (&engine.id[..], BOOTS, 12));
    }

    #[test]
    fn no_damage_to_a_message_makes_it_another() {
        let by = user("hides", "a pass phrase", Some("another phrase"));
        let packet = message(&Engine::new("router", 1), &by, TRAP_V2, 1, 9);
        let mut engine = engine();
        for at in 0..packet.len() {
            let mut damaged = packet.clone();
            damaged[at] ^= 0x55;
            assert!(engine.judge(&packet[..at], 0).packet.is_err(), "{at}");
            assert!(engine.judge(&damaged, 0).packet.is_err(), "{at}");
        }
    }
}
