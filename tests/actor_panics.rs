//! A line whose actor panics is read again from the journal, and what it panicked over does not come back
//! (reliability.md 26).

mod lines;

use actix::prelude::*;
use linepass::{
    actors::{LineError, change::What, line::LineServices, lines::Lines},
    domain::yen::Yen,
    store::{Store, memory::MemoryStore},
};
use lines::{customer, make, open, services, set_limit};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Whether the next salt that is drawn is the poison.
static POISONED: AtomicBool = AtomicBool::new(false);
/// How often it was met.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn salt_or_poison() -> [u8; 32] {
    if POISONED.swap(false, Ordering::Relaxed) {
        PANICS.fetch_add(1, Ordering::Relaxed);
        panic!("the poison");
    }
    [7; 32]
}

fn lines() -> (Lines, Arc<LineServices>) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let services = Arc::new(LineServices { draw_salt: salt_or_poison, ..services(&store) });
    (Lines::start(&services, &[Arbiter::current()], 100), services)
}

#[test]
fn a_line_whose_actor_panics_is_read_again_and_the_poison_does_not_come_back_check_26() {
    System::new().block_on(async {
        let (lines, services) = lines();
        open(&lines, 1, Yen::new(1)).await;
        set_limit(&lines, 1, 2).await.expect("made");
        let read = lines.look(customer(1)).await.expect("answers");
        assert_eq!(read.line.expect("there").line_limit.get(), 2);
        POISONED.store(true, Ordering::Relaxed);
        // An access key has a personal row, and that a salt.
        let key = What::ResetAccessKey("-".into());
        let poisoned = make(&lines, 1, key).await;
        assert!(
            matches!(poisoned.as_ref().map_err(|e| &**e), Err(LineError::Stopping)),
            "{poisoned:?}"
        );
        let after = set_limit(&lines, 1, 3).await;
        assert!(after.is_ok(), "the next one is heard: {after:?}");
        let read = lines.look(customer(1)).await.expect("answers");
        assert_eq!(read.line.expect("there").line_limit.get(), 3, "from the journal");
        assert_eq!(read.seq, 3, "the opening and two limits: nothing of the poison");
        assert_eq!(PANICS.load(Ordering::Relaxed), 1, "it was met once");
        assert_eq!(services.awake_lines.load(Ordering::Relaxed), 1);
    });
}
