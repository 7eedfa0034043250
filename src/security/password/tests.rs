//! The pool as its callers see it.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::*;

const CHEAP: HashCost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };

fn pool(cost: HashCost, threads: usize, queue_limit: usize) -> PasswordPool {
    PasswordPool::start(cost, ImportKey::new([7; 32]), threads, queue_limit).expect("a pool")
}

/// Holds the only thread of a pool until the sender is dropped.
fn pause(pool: &PasswordPool) -> Sender<()> {
    let (resume, until) = channel();
    pool.submit(Instant::now(), Job::Pause(until)).expect("room in the queue");
    wait_until(|| pool.queued() == 0);
    resume
}

fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "it did not happen within 10 s");
        #[expect(clippy::disallowed_methods, reason = "a test that asks again and again")]
        thread::sleep(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn right_and_wrong_passwords() {
    let pool = pool(CHEAP, 2, 8);
    let phc = pool.hash("a1b2".into()).await.expect("a hash");
    assert!(phc.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{phc}");
    let cases = [("a1b2", true), ("a1b3", false), ("A1b2", false), ("a1b2 ", false), ("", false)];
    for (password, matches) in cases {
        let verdict = pool.verify(password.into(), Some(phc.clone())).await;
        assert_eq!(verdict, Ok(Verdict { matches, rehash_wanted: false }), "{password}");
    }
    // security.md 18: a salt for each.
    assert_ne!(pool.hash("a1b2".into()).await.expect("a hash"), phc);
}

#[tokio::test]
async fn a_password_is_never_truncated() {
    // security.md 14
    let pool = pool(CHEAP, 1, 8);
    let with_tail = |tail: &str| Secret::new("a".repeat(72) + tail);
    let phc = pool.hash(with_tail("b")).await.expect("a hash");
    assert!(pool.verify(with_tail("b"), Some(phc.clone())).await.expect("a verdict").matches);
    assert!(!pool.verify(with_tail("c"), Some(phc.clone())).await.expect("a verdict").matches);
    assert!(!pool.verify(with_tail(""), Some(phc)).await.expect("a verdict").matches);
}

#[tokio::test]
async fn every_verify_is_exactly_one_hash() {
    // security.md 2 and 3
    let pool = pool(CHEAP, 1, 8);
    let right = pool.hash("a1b2".into()).await.expect("a hash");
    let keyed = pool.import_key().hash(&"a1b2".into());
    let cases = [
        ("unknown ID", "a1b2", None, false),
        ("unknown ID, empty password", "", None, false),
        ("unreadable", "a1b2", Some("$argon2id$broken".to_owned()), false),
        ("empty", "", Some(String::new()), false),
        ("absurd cost", "a1b2", Some(right.replace("m=8", "m=4294967295")), false),
        ("wrong", "b2a1", Some(right.clone()), false),
        ("right", "a1b2", Some(right.clone()), true),
        ("imported, wrong", "b2a1", Some(keyed.clone()), false),
        ("imported, right", "a1b2", Some(keyed.clone()), true),
    ];
    for (name, password, stored, matches) in cases {
        let before = pool.hashes_total();
        let verdict = pool.verify(password.into(), stored).await;
        assert_eq!(verdict.map(|verdict| verdict.matches), Ok(matches), "{name}");
        assert_eq!(pool.hashes_total() - before, 1, "{name}");
    }
}

#[tokio::test]
async fn another_cost_still_verifies_and_asks_for_a_new_hash() {
    let costs = [
        CHEAP,
        HashCost { memory_kib: 64, ..CHEAP },
        HashCost { passes: 2, ..CHEAP },
        HashCost { memory_kib: 32, passes: 3, lanes: 2 },
    ];
    for stored in costs {
        let phc = pool(stored, 1, 8).hash("a1b2".into()).await.expect("a hash");
        for configured in costs {
            let verdict = pool(configured, 1, 8).verify("a1b2".into(), Some(phc.clone())).await;
            let rehash_wanted = stored != configured;
            assert_eq!(verdict, Ok(Verdict { matches: true, rehash_wanted }));
        }
    }
}

#[tokio::test]
async fn an_imported_key_is_to_be_hashed_anew_after_its_first_sign_in() {
    let pool = pool(CHEAP, 1, 8);
    let keyed = pool.import_key().hash(&"12345678".into());
    let verdict = pool.verify("12345678".into(), Some(keyed)).await;
    assert_eq!(verdict, Ok(Verdict { matches: true, rehash_wanted: true }));
}

#[tokio::test]
async fn past_the_queue_it_is_overloaded_at_once() {
    // security.md 17
    let pool = pool(CHEAP, 1, 2);
    let resume = pause(&pool);
    let waiting = [pool.clone(), pool.clone()]
        .map(|pool| tokio::spawn(async move { pool.verify("a1b2".into(), None).await }));
    while pool.queued() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.verify("a1b2".into(), None).await, Err(PoolError::Overloaded));
    assert_eq!((pool.queued(), pool.hashes_total()), (2, 0));
    // Whoever is signed in already, an operator among them, finds the places that are left for it.
    let made = [(); RESERVE].map(|()| {
        let pool = pool.clone();
        tokio::spawn(async move { pool.hash("a1b2".into()).await })
    });
    while pool.queued() < 2 + RESERVE {
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.hash("a1b2".into()).await, Err(PoolError::Overloaded));
    drop(resume);
    for answer in waiting {
        assert!(answer.await.expect("the task ends").is_ok());
    }
    for hash in made {
        assert!(hash.await.expect("the task ends").is_ok());
    }
    assert!(pool.verify("a1b2".into(), None).await.is_ok(), "there is room again");
}

#[tokio::test]
async fn a_login_that_waited_for_its_turn_goes_before_those_that_came_meanwhile() {
    let pool = pool(CHEAP, 1, 8);
    let resume = pause(&pool);
    let came = Instant::now();
    let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
    for (number, after_ms) in [(1, 20), (2, 30), (3, 10), (4, 10)] {
        let (login, told) = (pool.clone(), told.clone());
        let came = came + Duration::from_millis(after_ms);
        tokio::spawn(async move {
            login.verify_since(came, "a1b2".into(), None).await.expect("a verdict");
            told.send(number).expect("somebody listens");
        });
        while pool.queued() < number {
            tokio::task::yield_now().await;
        }
    }
    drop((resume, told));
    let mut ended = Vec::new();
    while let Some(number) = order.recv().await {
        ended.push(number);
    }
    assert_eq!(ended, [3, 4, 1, 2]);
}

#[tokio::test]
async fn a_requester_that_leaves_costs_no_hash_and_harms_nobody() {
    let pool = pool(CHEAP, 1, 8);
    let resume = pause(&pool);
    {
        let mut left = pin!(pool.verify("a1b2".into(), None));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(left.as_mut().poll(&mut context), Poll::Pending);
    }
    assert_eq!(pool.queued(), 1);
    drop(resume);
    assert!(pool.verify("a1b2".into(), None).await.is_ok());
    assert_eq!((pool.hashes_total(), pool.queued()), (1, 0));
}

#[tokio::test]
async fn the_threads_end_with_the_last_handle() {
    let pool = pool(CHEAP, 3, 8);
    let counters = Arc::downgrade(&pool.counters);
    let other = pool.clone();
    drop(pool);
    assert!(other.verify("a1b2".into(), None).await.is_ok());
    drop(other);
    wait_until(|| counters.strong_count() == 0);
}

#[test]
fn what_cannot_be_started_says_why() {
    let cases = [
        (HashCost { memory_kib: 7, ..CHEAP }, "memory of 7 KiB"),
        (HashCost { memory_kib: MAX_MEMORY_KIB + 1, ..CHEAP }, "to 1048576 KiB"),
        (HashCost { passes: 0, ..CHEAP }, "0 passes"),
        (HashCost { passes: MAX_PASSES + 1, ..CHEAP }, "1 to 64 passes"),
        (HashCost { lanes: 0, ..CHEAP }, "0 lanes"),
        (HashCost { lanes: 2, ..CHEAP }, "8 KiB for each lane"),
        (HashCost { lanes: u32::MAX, ..CHEAP }, "1 to 64 lanes"),
    ];
    for (cost, expected) in cases {
        let error = PasswordPool::start(cost, ImportKey::new([7; 32]), 1, 1)
            .err()
            .expect("it must not start")
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
    for (threads, queue_limit) in [(0, 1), (1, 0)] {
        let error = PasswordPool::start(CHEAP, ImportKey::new([7; 32]), threads, queue_limit).err();
        assert!(matches!(error, Some(SecurityError::PoolSize { .. })));
    }
}

/// How nice the threads of this name are (proc(5), the 19th field of `stat`).
fn niceness_of(thread: &str) -> Vec<i64> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let stats = tasks.filter_map(|task| {
        // A thread may have ended meanwhile.
        std::fs::read_to_string(task.ok()?.path().join("stat")).ok()
    });
    let of_name = stats.filter(|stat| stat.contains(&format!("({thread})")));
    let nice = |stat: String| {
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        fields.split(' ').nth(16).expect("a field").parse().expect("a number")
    };
    of_name.map(nice).collect()
}

#[tokio::test]
async fn hashing_yields_to_everything_else_reliability_32() {
    let own = niceness_of("password-47").len();
    assert_eq!(own, 0, "no other test has so many threads");
    let pool = pool(CHEAP, 48, 8);
    pool.hash("a1b2".into()).await.expect("a hash");
    let before = rustix::process::nice(0).expect("asks");
    wait_until(|| niceness_of("password-47") == [i64::from((before + NICE).min(19))]);
}
