//! Silences through their lives, with a virtual clock.

use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::value::matcher::{Operator, ParseMode, parse_all};
use crate::domain::value::{Actor, Labels, Matcher, Matchers, Span, Via};
use crate::domain::{Agenda, Refusal, Settings};

const START: Timestamp = Timestamp(1_767_225_600_000);

/// Silences alone, with a clock that counts seconds from [`START`].
struct World {
    state: domain::State,
    agenda: Agenda,
    settings: Arc<Settings>,
    facts: Vec<(Timestamp, domain::Fact)>,
}

impl World {
    fn new(limits: SilenceLimits) -> Self {
        let settings = Arc::new(Settings { silences: limits, ..Settings::default() });
        let (state, agenda) = (domain::State::default(), Agenda::new());
        Self { state, agenda, settings, facts: Vec::new() }
    }

    /// What is due, then a command if there is one.
    fn step(&mut self, second: i64, command: Option<Command>) -> Result<Option<String>, Refusal> {
        let at = second_of(second);
        let mut turn = Turn::new(&mut self.state, &mut self.agenda, &self.settings, at);
        turn.wake_due();
        let anna = Actor { name: "anna".to_owned(), via: Via::Api };
        let reply = command.map_or(Ok(()), |command| handle(&mut turn, &anna, command));
        let outcome = turn.finish(reply);
        self.facts.extend(outcome.facts.into_iter().map(|fact| (at, fact)));
        outcome.reply.map(|()| outcome.made)
    }

    fn ask(&mut self, second: i64, command: Command) -> Result<Option<String>, Refusal> {
        self.step(second, Some(command))
    }

    /// Lets time pass, each deadline at its own instant.
    fn pass(&mut self, second: i64) {
        while let Some((due, _)) = self.agenda.first().filter(|(due, _)| *due <= second_of(second))
        {
            let _ = self.step((due.0 - START.0) / 1_000, None);
        }
        let _ = self.step(second, None);
    }

    /// Each silence in a line: number, state, start and end.
    fn told(&self) -> String {
        let mut text = String::new();
        for (id, silence) in self.state.silence.iter() {
            let [from, to] =
                [silence.starts_at, silence.ends_at].map(|at| (at.0 - START.0) / 1_000);
            let _ = writeln!(text, "{id} {} {from}..{to}", silence.status.name());
        }
        text
    }

    fn silencing(&self, labels: &[(&str, &str)]) -> Vec<u64> {
        let found = self.state.silence.silencing(&Labels::new(labels.iter().copied()));
        found.into_iter().map(|id| id.0).collect()
    }
}

fn second_of(second: i64) -> Timestamp {
    Timestamp(START.0 + second * 1_000)
}

fn draft(matchers: &str, starts_at: i64, ends_at: i64) -> Draft {
    Draft {
        matchers: vec![parse_all(matchers, ParseMode::Fallback).unwrap()],
        starts_at: Some(second_of(starts_at)),
        until: Until::At(second_of(ends_at)),
        created_by: Some("bo".to_owned()),
        comment: "work".to_owned(),
        annotations: Labels::default(),
    }
}

fn create(matchers: &str, starts_at: i64, ends_at: i64) -> Command {
    Command::Create(draft(matchers, starts_at, ends_at).into())
}

fn replace(number: u64, matchers: &str, starts_at: i64, ends_at: i64) -> Command {
    let which = Which::Number(SilenceId(number));
    Command::Replace { which, draft: draft(matchers, starts_at, ends_at).into() }
}

#[test]
fn a_silence_begins_and_ends_at_its_times_and_is_forgotten_after_the_retention() {
    let mut world = World::new(SilenceLimits::default());
    world.ask(0, create("a=1", 10, 20)).unwrap();
    for (second, expected, silencing) in [
        (9, "SIL-1 pending 10..20\n", vec![]),
        (10, "SIL-1 active 10..20\n", vec![1]),
        (19, "SIL-1 active 10..20\n", vec![1]),
        (20, "SIL-1 expired 10..20\n", vec![]),
        (20 + 432_000 - 1, "SIL-1 expired 10..20\n", vec![]),
        (20 + 432_000, "", vec![]),
    ] {
        world.pass(second);
        assert_eq!(world.told(), expected, "{second}");
        assert_eq!(world.silencing(&[("a", "1")]), silencing, "{second}");
    }
    world.ask(500_000, create("a=1", 500_000, 500_010)).unwrap();
    assert_eq!(world.told(), "SIL-2 active 500000..500010\n", "no number is given twice");
}

#[test]
fn a_silence_that_was_slept_through_ends_without_having_begun() {
    let mut world = World::new(SilenceLimits::default());
    world.ask(0, create("a=1", 10, 20)).unwrap();
    let before = world.facts.len();
    let _ = world.step(100, None);
    let silences: Vec<_> = world.facts[before..]
        .iter()
        .filter(|(_, fact)| matches!(fact, domain::Fact::Silence(_)))
        .map(|(_, fact)| fact.clone())
        .collect();
    assert_eq!(silences, [Fact::Ended { id: SilenceId(1) }.into()]);
}

/// Makes `SIL-1` on `a=1` from 10 to 20, asks at a second, and tells how silences stand then.
#[track_caller]
fn check_replaced(second: i64, command: Command, expected: &str) {
    let mut world = World::new(SilenceLimits::default());
    world.ask(0, create("a=1", 10, 20)).unwrap();
    world.pass(second);
    let uuid = world.state.silence.uuid(SilenceId(1));
    let made = world.ask(second, command).unwrap().unwrap();
    let mut expected = expected.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    expected.push('\n');
    assert_eq!(world.told(), expected);
    assert!(expected.lines().last().unwrap().starts_with(&made), "{made}");
    assert_eq!(world.state.silence.uuid(SilenceId(1)), uuid, "a name stays");
}

#[test]
fn an_edit_stays_in_place_only_if_the_past_stays_as_it_was() {
    // Pending: any times that lie ahead.
    check_replaced(5, replace(1, "a=1", 6, 30), "SIL-1 pending 6..30");
    check_replaced(5, replace(1, "a=1", 5, 30), "SIL-1 active 5..30");
    check_replaced(5, replace(1, "a=1", 4, 30), "SIL-1 expired 5..5\nSIL-2 active 5..30");
    check_replaced(5, replace(1, "a=2", 10, 20), "SIL-1 expired 5..5\nSIL-2 pending 10..20");
    // Active: the same start, any end that lies ahead.
    check_replaced(15, replace(1, "a=1", 10, 30), "SIL-1 active 10..30");
    check_replaced(15, replace(1, "a=1", 10, 15), "SIL-1 expired 10..15");
    check_replaced(15, replace(1, "a=1", 11, 20), "SIL-1 expired 10..15\nSIL-2 active 15..20");
    check_replaced(15, replace(1, "a=1", 16, 20), "SIL-1 expired 10..15\nSIL-2 pending 16..20");
    check_replaced(15, replace(1, "a=~1", 10, 20), "SIL-1 expired 10..15\nSIL-2 active 15..20");
    // Expired: always another one.
    check_replaced(25, replace(1, "a=1", 10, 30), "SIL-1 expired 10..20\nSIL-2 active 25..30");
}

#[test]
fn a_change_leaves_alone_what_it_does_not_speak_of() {
    let which = Which::Number(SilenceId(1));
    let change = |change| Command::Change { which, change: Box::new(change) };
    let longer = Change { until: Some(Until::For(Span::minutes(1))), ..Change::default() };
    check_replaced(5, change(longer.clone()), "SIL-1 pending 10..70");
    check_replaced(15, change(longer), "SIL-1 active 10..75");
    let why = Change { comment: Some("more work".to_owned()), ..Change::default() };
    check_replaced(15, change(why), "SIL-1 active 10..20");
}

#[test]
fn a_person_ends_a_silence_at_once_and_only_once() {
    let expire = || Command::Expire { which: Which::Number(SilenceId(1)) };
    check_replaced(5, expire(), "SIL-1 expired 5..5");
    check_replaced(15, expire(), "SIL-1 expired 10..15");
    check_replaced(25, expire(), "SIL-1 expired 10..20");
}

#[track_caller]
fn check_refused(command: Command, expected: &str) {
    let limits = SilenceLimits::new(1, 20, Span::hours(1));
    let mut world = World::new(limits);
    let refusal = world.ask(100, command).unwrap_err();
    assert_eq!(refusal.to_string(), expected);
    assert_eq!(world.told(), "");
}

#[test]
fn what_makes_no_sense_is_refused_in_alertmanagers_words() {
    check_refused(create("a=1", 120, 120), "ends_at: start time must be before end time");
    check_refused(create("a=1", 10, 99), "ends_at: end time can't be in the past");
    check_refused(create("", 100, 200), "matchers: at least one matcher required");
    let empty = "matchers: at least one matcher must not match the empty string";
    check_refused(create("a=~.*,b!=x", 100, 200), empty);
    check_refused(create(r#"a="""#, 100, 200), empty);
    let large = "silences: silence exceeded maximum size: 22 bytes (limit: 20 bytes)";
    check_refused(create("alertname=HighLoad", 100, 200).with_short_words(), large);
    check_refused(replace(1, "a=1", 100, 200), "there is no SIL-1");
    let which = Which::Uuid("0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11".parse().unwrap());
    let unknown = "there is no silence 0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11";
    check_refused(Command::Expire { which }, unknown);
}

impl Command {
    fn with_short_words(self) -> Self {
        let Self::Create(mut draft) = self else { panic!("only a new one has words") };
        draft.comment = "w".to_owned();
        draft.created_by = Some("anna".to_owned());
        Self::Create(draft)
    }
}

#[test]
fn one_more_than_the_limit_is_refused_until_one_is_forgotten() {
    let mut world = World::new(SilenceLimits::new(1, 0, Span::seconds(60)));
    world.ask(0, create("a=1", 0, 10)).unwrap();
    let refusal = world.ask(30, create("a=1", 30, 40)).unwrap_err();
    let expected = "silences: exceeded maximum number of silences: 1 (limit: 1)";
    assert_eq!(refusal.to_string(), expected);
    world.ask(70, create("a=1", 70, 80)).unwrap();
    assert_eq!(world.told(), "SIL-2 active 70..80\n");
}

#[test]
fn a_silence_of_another_alertmanager_keeps_its_name_and_its_past() {
    let mut world = World::new(SilenceLimits::default());
    let uuid = "0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11".parse().unwrap();
    let adopt = || Command::Adopt {
        uuid,
        updated_at: second_of(-90),
        draft: draft("a=1", -100, 200).into(),
    };
    world.ask(0, adopt()).unwrap();
    world.ask(0, adopt()).unwrap();
    assert_eq!(world.told(), "SIL-1 active -100..200\n");
    let silences = &world.state.silence;
    assert_eq!(silences.by_uuid(uuid), Some(SilenceId(1)));
    assert_eq!(silences.get(SilenceId(1)).unwrap().updated_at, second_of(-90));
}

#[test]
fn of_several_matcher_sets_one_must_hold() {
    let mut world = World::new(SilenceLimits::default());
    let mut either = draft("a=1,b=1", 0, 10);
    either.matchers.extend(draft("a=2", 0, 10).matchers);
    world.ask(0, Command::Create(either.into())).unwrap();
    assert_eq!(world.silencing(&[("a", "1")]), [0; 0]);
    assert_eq!(world.silencing(&[("a", "1"), ("b", "1")]), [1]);
    assert_eq!(world.silencing(&[("a", "2")]), [1]);
}

#[test]
fn pages_and_facts_bring_back_the_same_silences() {
    let mut world = World::new(SilenceLimits::default());
    world.ask(0, create("a=~\"x|y\",b!=\"\"", 10, 20)).unwrap();
    world.ask(1, create("a=1", 1, 1_000)).unwrap();
    world.ask(2, Command::Expire { which: Which::Number(SilenceId(2)) }).unwrap();
    world.ask(3, create("a=2", 3, 1_000)).unwrap();
    let mut state = world.state.clone();
    let mut paged = State::default();
    for page in state.take_changed().into_iter().filter(|page| page.practice == "silence") {
        let records = state.page(page).unwrap();
        paged.load_page(page.table, page.number, &records).unwrap();
    }
    paged.rebuild();
    let stored: Vec<(Timestamp, domain::Fact)> =
        serde_json::from_str(&serde_json::to_string(&world.facts).unwrap()).unwrap();
    let mut folded = domain::State::default();
    for (at, fact) in &stored {
        folded.fold(*at, fact);
    }
    let all = |state: &State| -> Vec<_> {
        state.iter().map(|(id, silence)| (id, silence.clone())).collect()
    };
    let expected = all(&world.state.silence);
    for again in [&paged, &folded.silence] {
        assert_eq!(all(again), expected);
        assert_eq!(again.silencing(&Labels::new([("a", "2")])), [SilenceId(3)]);
        assert_eq!(again.active().collect::<Vec<_>>(), [SilenceId(3)]);
        assert_eq!(again.by_uuid(expected[0].1.uuid), Some(SilenceId(1)));
    }
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let operator = prop::sample::select(Operator::ALL.to_vec());
    let value = prop::sample::select(vec!["", "x", "y", "x|y", "x.*", ".+", ".*"]);
    ("[abc]", operator, value)
        .prop_map(|(name, operator, value)| Matcher::new(&name, operator, value).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_lookup_finds_what_trying_each_silence_finds(
        sets in prop::collection::vec(prop::collection::vec(matcher(), 1..4), 1..90),
        over in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
        pairs in prop::collection::vec(("[abcd]", "x|y|xz|z"), 0..4),
    ) {
        let sets: Vec<Matchers> = sets;
        let mut world = World::new(SilenceLimits::default());
        for set in sets {
            let mut draft = draft("a=1", 0, 1_000);
            draft.matchers = vec![set];
            // Those that match everything are refused, and that is fine.
            let _ = world.ask(0, Command::Create(draft.into()));
        }
        let count = world.state.silence.len();
        for index in over.into_iter().filter(|_| count > 0) {
            let id = SilenceId(u64::try_from(index.index(count)).unwrap() + 1);
            world.ask(1, Command::Expire { which: Which::Number(id) }).unwrap();
        }
        let labels = Labels::new(pairs);
        let silences = &world.state.silence;
        let each: Vec<SilenceId> = silences
            .iter()
            .filter(|(_, one)| one.status == Status::Active && one.matches(&labels))
            .map(|(id, _)| id)
            .collect();
        prop_assert_eq!(silences.silencing(&labels), each);
    }
}
