//! Simulation: random days in a world whose disk survives and whose courier stutters. The same seed
//! is the same history; a failure prints the seed and how to see it again.

mod climate;
mod day;
mod ears;
mod random;
mod world;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::thread;

use crate::invariant;
use world::{Faults, World};

/// Days that one world lives through before it comes to rest, and those that it rests.
const DAYS_STORMY: u64 = 2;
const DAYS_CALM: u64 = 5;

/// Days that are simulated unless `INCIDENTD_SIM_DAYS` says otherwise.
const DAYS_BY_DEFAULT: u64 = 210;

fn life(seed: u64, faults: Faults) -> World {
    let mut world = World::new(seed, faults);
    for _ in 0..DAYS_STORMY {
        day::storm(&mut world);
    }
    invariant::the_worst_are_told(world.engine.state(), world.engine.settings(), &world.disk.facts);
    day::calm(&mut world);
    invariant::all(&world.engine, &world.disk.facts);
    world
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn random_days_hold_every_invariant() {
    let days = number("INCIDENTD_SIM_DAYS").unwrap_or(DAYS_BY_DEFAULT);
    let lives = days.div_ceil(DAYS_STORMY + DAYS_CALM);
    let seeds = match number("INCIDENTD_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..1 + lives,
    };
    let days = (seeds.end - seeds.start) * (DAYS_STORMY + DAYS_CALM);
    // Lives share nothing, so each core lives its own.
    let workers = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let counts: Vec<Counts> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| {
                let mine = seeds.clone().filter(move |seed| seed % workers == worker);
                scope.spawn(move || mine.map(counted).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("said above why")).collect()
    });
    let sum = |of: fn(&Counts) -> usize| counts.iter().map(of).sum::<usize>();
    println!(
        "{days} days: {} facts, {} crashes, {} messages",
        sum(|counts| counts.facts),
        sum(|counts| counts.crashes),
        sum(|counts| counts.messages)
    );
}

/// What a life came to.
#[derive(Debug)]
struct Counts {
    facts: usize,
    crashes: usize,
    messages: usize,
}

fn counted(seed: u64) -> Counts {
    let lived = catch_unwind(AssertUnwindSafe(|| life(seed, Faults::MANY)));
    let Ok(world) = lived else {
        panic!(
            "seed {seed} broke a promise; see it again with\n    \
             INCIDENTD_SIM_SEED={seed} cargo test --test it sim::random_days"
        );
    };
    Counts { facts: world.disk.facts.len(), crashes: world.crashes, messages: world.ears.messages }
}

#[test]
fn one_seed_is_one_history() {
    let (first, second) = (life(7, Faults::MANY), life(7, Faults::MANY));
    assert_eq!(first.disk.facts, second.disk.facts);
    assert_eq!(first.ears, second.ears);
}

/// I8: neither the zone nor the language of the machine changes what is decided.
#[test]
fn no_zone_and_no_language_changes_a_history() {
    let told = |zone: &str, language: &str| {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "sim::history_of_seed_three", "--nocapture", "--include-ignored"])
            .env("TZ", zone)
            .env("LANG", language)
            .env("LC_ALL", language)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.split_once("history ").map(|(_, rest)| rest.to_owned()));
        line.unwrap_or_else(|| panic!("no history in {text}"))
    };
    assert_eq!(told("UTC", "C"), told("Pacific/Kiritimati", "tr_TR.UTF-8"));
}

#[test]
#[ignore = "prints the history that the test above compares"]
fn history_of_seed_three() {
    let world = life(3, Faults::MANY);
    let last = world.engine.state().audit.lines().next_back().unwrap().1.hash.clone();
    println!(
        "history {} facts, {} messages, audit {last}",
        world.disk.facts.len(),
        world.ears.messages
    );
}
