//! What was acknowledged is there after the writer was killed or the power went.
//!
//! The writer is this test program itself, started again with [`DIR`] set. It prints the place of
//! every group that was acknowledged; what a place holds follows from the place.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use incidentd::shell::store::{Entry, IndexRow, Lease, Position, Seq, Store, StoredPage};

use crate::fixture::{PART, entries, noise, open, page, pages};

const DIR: &str = "STORE_TEST_DIR";
const LIVE: &str = "POWER_LIVE";
const DURABLE: &str = "POWER_DURABLE";
const KILL_ROUNDS: u64 = 20;
const POWER_ROUNDS: u64 = 12;

#[test]
fn acknowledged_groups_survive_a_kill() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("store");
    for round in 0..KILL_ROUNDS {
        let acknowledged = kill_under_load(writer(&dir), 5 + round * 37 % 300);
        check(&dir, acknowledged);
    }
}

#[test]
fn acknowledged_groups_survive_a_loss_of_power() {
    let root = tempfile::tempdir().unwrap();
    let Some(shim) = build_shim(root.path()) else { return };
    let live = root.path().join("live");
    let dir = live.join("store");
    for round in 0..POWER_ROUNDS {
        let durable = root.path().join(format!("durable-{round}"));
        copy(&live, &durable);
        let mut writer = writer(&dir);
        writer.env("LD_PRELOAD", &shim).env(LIVE, &live).env(DURABLE, &durable);
        let acknowledged = kill_under_load(writer, 5 + round * 53 % 400);
        fs::remove_dir_all(&live).unwrap();
        copy(&durable, &live);
        check(&dir, acknowledged);
    }
}

#[test]
fn the_power_loss_model_takes_what_was_not_synced() {
    let root = tempfile::tempdir().unwrap();
    let Some(mut child) = without_power(root.path(), "crash::child_that_syncs_some") else {
        return;
    };
    assert!(child.stdout(Stdio::null()).status().unwrap().success());
    let left = |name: &str| fs::read_to_string(root.path().join("durable").join(name)).ok();
    let expected = [Some("kept".to_owned()), Some(String::new()), None];
    assert_eq!(["synced", "unsynced", "nameless"].map(left), expected);
}

#[test]
fn the_flush_of_sled_alone_does_not_survive_a_loss_of_power() {
    let root = tempfile::tempdir().unwrap();
    let Some(child) = without_power(root.path(), "crash::child_that_trusts_flush") else { return };
    let acknowledged = kill_under_load(child, 50);
    let left = sled::open(root.path().join("durable")).unwrap().len();
    assert!(left < usize::try_from(acknowledged).unwrap(), "the guard is not needed");
}

/// Not a test of its own: what the model is tried on.
#[test]
fn child_that_syncs_some() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let [mut synced, mut unsynced] =
        ["synced", "unsynced"].map(|name| File::create(dir.join(name)).unwrap());
    File::open(&dir).unwrap().sync_all().unwrap();
    synced.write_all(b"kept").unwrap();
    synced.sync_data().unwrap();
    synced.write_all(b" and lost").unwrap();
    unsynced.write_all(b"lost").unwrap();
    let nameless = File::create(dir.join("nameless")).unwrap();
    nameless.sync_all().unwrap();
}

/// Not a test of its own: a writer without the guard.
#[test]
fn child_that_trusts_flush() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let db = sled::Config::new().path(&dir).flush_every_ms(None).open().unwrap();
    for file in ["conf", "db", "."] {
        File::open(dir.join(file)).unwrap().sync_all().unwrap();
    }
    let mut out = std::io::stdout();
    for place in 1_u64.. {
        db.insert(place.to_be_bytes(), noise(500, place)).unwrap();
        db.flush().unwrap();
        writeln!(out, "\nacknowledged {place}").unwrap();
    }
}

/// Not a test of its own: writes until it is killed.
#[test]
fn child_that_writes() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let mut store = open(&dir);
    let Lease { epoch, mut last } = store.acquire(PART).unwrap();
    let mut out = std::io::stdout();
    loop {
        let group: Vec<_> = (1..=1 + last.0 % 3).map(|n| Seq(last.0 + n)).map(entry).collect();
        last = store.append(PART, epoch, last, &group).unwrap();
        writeln!(out, "\nacknowledged {}", last.0).unwrap();
        if last.0.is_multiple_of(17) {
            store.checkpoint(PART, epoch, last, &mut checkpoint(last).into_iter()).unwrap();
            store.trim(PART, Seq(last.0.saturating_sub(60))).unwrap();
            writeln!(out, "\nacknowledged {}", last.0).unwrap();
        }
    }
}

fn entry(seq: Seq) -> Entry {
    let bytes = if seq.0.is_multiple_of(11) { 30_000 } else { seq.0 * 7 % 900 };
    let value = noise(usize::try_from(bytes).unwrap(), seq.0);
    Entry { value, index: vec![IndexRow(format!("INC-{}", seq.0 % 5))] }
}

/// Every page says at which place it was written, so that a mixture of checkpoints shows. They are
/// too many for one step.
fn checkpoint(upto: Seq) -> Vec<StoredPage> {
    let value = |number| [&upto.0.to_be_bytes()[..], &noise(60_000, number)].concat();
    (0..40).map(|number| page("open", number, Some(&value(number)))).collect()
}

/// Opens the store and compares all of it with what its writer must have written.
fn check(dir: &Path, acknowledged: u64) {
    let store = open(dir);
    let Position { trimmed, checkpoint: upto, last, .. } = store.position(PART).unwrap();
    assert!(last.0 >= acknowledged, "{acknowledged} was acknowledged, {} is there", last.0);
    let found = entries(&store);
    assert!(found.iter().map(|(seq, _)| *seq).eq(trimmed.0 + 1..=last.0));
    assert!(found.iter().all(|(seq, found)| *found == entry(Seq(*seq))));
    let (at, found) = pages(&store);
    assert_eq!(at, upto.0);
    let expected = if upto == Seq(0) { Vec::new() } else { checkpoint(upto) };
    assert!(
        found.into_iter().map(|(key, value)| StoredPage { key, value: Some(value) }).eq(expected)
    );
}

fn writer(dir: &Path) -> Command {
    let mut command = again("crash::child_that_writes");
    command.env(DIR, dir);
    command
}

/// This program again, running one test.
fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command
}

/// Lets a writer acknowledge so many groups, kills it, and returns the last place it acknowledged.
fn kill_under_load(mut command: Command, groups: u64) -> u64 {
    let mut child: Child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut last = 0;
    let mut seen = 0;
    let mut line = String::new();
    // What is in the pipe after the kill was acknowledged too, but for a line that is cut.
    while lines.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        if let Some(place) = line.trim_end().strip_prefix("acknowledged ") {
            last = place.parse().unwrap();
            seen += 1;
        }
        if seen == groups {
            child.kill().unwrap();
        }
        line.clear();
    }
    child.wait().unwrap();
    assert!(seen >= groups, "the writer writes until it is killed");
    last
}

/// One test of this program, on a disk that keeps in `durable` what survives.
fn without_power(root: &Path, test: &str) -> Option<Command> {
    let shim = build_shim(root)?;
    let (live, durable) = (root.join("live"), root.join("durable"));
    fs::create_dir_all(&live).unwrap();
    fs::create_dir_all(&durable).unwrap();
    let mut command = again(test);
    command.env("LD_PRELOAD", shim).env(LIVE, &live).env(DURABLE, durable).env(DIR, live);
    Some(command)
}

/// Says so when there is no compiler to build the shim with.
fn build_shim(root: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/power_loss.c");
    let shim = root.join("power_loss.so");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-pthread", "-o"]).arg(&shim).arg(source).arg("-ldl");
    let Ok(built) = cc.status() else {
        println!("SKIPPED: the power-loss model needs a C compiler named `cc`");
        return None;
    };
    assert!(built.success(), "the power-loss shim does not compile");
    Some(shim)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let Ok(files) = fs::read_dir(from) else { return };
    for file in files.map(Result::unwrap) {
        let to = to.join(file.file_name());
        if file.path().is_dir() {
            copy(&file.path(), &to);
        } else {
            fs::copy(file.path(), to).unwrap();
        }
    }
}
