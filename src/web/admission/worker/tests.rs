//! A thread that answers counts what is under way and turns away what is too much.

use super::*;

fn worker() -> Rc<Worker> {
    worker_of(Duration::from_millis(10))
}

fn worker_of(target: Duration) -> Rc<Worker> {
    let (pulse, disk) = (Pulse::start().expect("starts"), Lasting::default());
    Worker::new(target, Histogram::of_short_seconds(), disk, &pulse)
}

/// One that no slow machine makes turn anybody away.
fn patient_worker() -> Rc<Worker> {
    worker_of(Duration::from_mins(1))
}

fn hears(worker: &Rc<Worker>, class: Class) -> bool {
    worker.hear(class).is_ok()
}

/// As if requests of each class had waited so long.
fn note(worker: &Worker, wait: Duration, came: ByClass) {
    worker.note(&Window { windows: 1.0, wait, came }, None);
}

#[actix_web::test]
async fn a_share_of_a_class_is_turned_away_evenly() {
    let worker = worker();
    for _ in 0..200 {
        note(&worker, Duration::from_millis(11), [0.0, 0.0, 0.0, 50.0]);
    }
    let share = worker.shedding.borrow().shares()[Class::Confirmation.place()];
    assert!((0.1..0.9).contains(&share), "{share}");
    let mut shares = Vec::new();
    let heard = (0..1_000).filter(|_| {
        // A slow machine ends a window meanwhile.
        shares.push(worker.shedding.borrow().shares()[Class::Confirmation.place()]);
        hears(&worker, Class::Confirmation)
    });
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let turned_away = 1_000.0 - heard.count() as f64;
    let expected: f64 = shares.iter().sum();
    assert!((turned_away - expected).abs() < 20.0, "{turned_away} {expected}");
}

#[actix_web::test]
async fn a_thread_without_load_hears_everybody() {
    let worker = patient_worker();
    for class in Class::ALL {
        assert!((0..100).all(|_| hears(&worker, class)));
    }
}

#[actix_web::test]
async fn a_rush_is_taken_up_to_the_bound_and_again_when_it_is_done_check_32() {
    let worker = patient_worker();
    let mut under_way = Vec::new();
    for (class, most) in Class::ALL.into_iter().zip([128, 167, 192, 256]) {
        let refused = loop {
            match worker.take(class) {
                Ok(one) => under_way.push(one),
                Err(why) => break why,
            }
        };
        assert_eq!((refused, under_way.len()), (TooMuch::UnderWay, most), "{class:?}");
    }
    under_way.truncate(127);
    assert!(worker.take(Class::Statement).is_ok());
    drop(under_way);
    assert!(worker.under_way.get().iter().all(|number| *number < 0.5));
}

#[actix_web::test]
async fn no_more_begin_than_are_worked_on_without_a_wait_until_it_is_over_check_31() {
    let worker = patient_worker();
    let at_rest = worker.limit.borrow().clone();
    let three: Vec<_> = (0..3).map(|_| worker.take(Class::Confirmation)).collect();
    shrink(&worker);
    let fourth = worker.take(Class::Arrival);
    assert!(fourth.is_ok(), "four in any case");
    assert!(matches!(worker.take(Class::Arrival), Err(TooMuch::Limit)));
    assert_eq!(worker.seen.get().turned_away, Some(TooMuch::Limit));
    assert!(worker.take(Class::Confirmation).is_ok());
    drop(fourth);
    assert!(worker.take(Class::Arrival).is_ok(), "one begins when one is done");
    assert!((4.0..=5.0).contains(&worker.seen.get().peak));
    drop(three);
    worker.limit.borrow_mut().forget();
    assert_eq!(*worker.limit.borrow(), at_rest);
}

/// As if requests had waited for long, so that no more than four may be worked on.
fn shrink(worker: &Worker) {
    for _ in 0..500 {
        let wait = Duration::from_mins(1);
        let window = Window { windows: 1.0, wait, came: [0.0, 50.0, 0.0, 50.0] };
        worker.limit.borrow_mut().note(&window, 3.0, true);
    }
}

#[actix_web::test]
async fn who_waits_for_its_providers_share_takes_no_others_place_in_the_limit() {
    let worker = patient_worker();
    let _four: Vec<_> = (0..4).map(|_| worker.take(Class::Confirmation)).collect();
    shrink(&worker);
    assert!(matches!(worker.take(Class::Arrival), Err(TooMuch::Limit)));
    let waits = worker.set_aside();
    assert!((worker.shown().worked_on() - 3.0).abs() < 1e-9);
    let other = worker.take(Class::Arrival);
    assert!(other.is_ok(), "three are worked on");
    assert!(matches!(worker.take(Class::Arrival), Err(TooMuch::Limit)));
    // Its turn has come: five are worked on.
    drop(waits);
    assert!((worker.shown().worked_on() - 5.0).abs() < 1e-9);
    assert!((worker.seen.get().peak - 5.0).abs() < 1e-9);
    drop(other);
    assert!(matches!(worker.take(Class::Arrival), Err(TooMuch::Limit)));
}

#[actix_web::test]
async fn what_others_see_of_a_thread_follows_its_limit_and_what_it_works_on() {
    let worker = patient_worker();
    let shown = Arc::clone(worker.shown());
    assert!(shown.most().is_infinite() && shown.worked_on().abs() < 1e-9);
    let taken = worker.take(Class::Login);
    assert!((shown.worked_on() - 1.0).abs() < 1e-9);
    shrink(&worker);
    let began = Instant::now();
    // The next window that ends tells it.
    while shown.most().is_infinite() {
        assert!(began.elapsed() < Duration::from_secs(30), "never");
        worker.look();
    }
    assert!((4.0..5.0).contains(&shown.most()), "{}", shown.most());
    drop(taken);
    assert!(shown.worked_on().abs() < 1e-9);
    // A thread at rest has forgotten it.
    assert!(hears(&worker, Class::Login));
    while shown.most().is_finite() {
        assert!(began.elapsed() < Duration::from_secs(30), "never");
        rt::time::sleep(Duration::from_millis(5)).await;
    }
}

#[actix_web::test]
async fn a_thread_that_is_held_up_under_load_turns_some_away_and_hears_all_again_check_31() {
    let worker = worker();
    let began = Instant::now();
    let mut turned_away = false;
    while !turned_away {
        assert!(began.elapsed() < Duration::from_secs(30), "never");
        for _ in 0..200 {
            turned_away |= !hears(&worker, Class::Statement);
        }
        // What a request that computes for long does to all others of its thread.
        let busy = Instant::now();
        while busy.elapsed() < Duration::from_millis(40) {
            std::hint::spin_loop();
        }
        rt::task::yield_now().await;
    }
    let fell = Instant::now();
    while worker.shedding.borrow().share() > 0.0 {
        assert!(fell.elapsed() < Duration::from_secs(10), "it never ends");
        rt::time::sleep(Duration::from_millis(5)).await;
    }
    assert!((0..100).all(|_| hears(&worker, Class::Statement)));
    assert!(worker.waits_s.count() > 0);
}

#[actix_web::test]
async fn others_see_what_is_behind_it_change_from_the_processors_to_the_disk() {
    let worker = patient_worker();
    let window = Window { windows: 1.0, wait: Duration::ZERO, came: [1.0; 4] };
    let began = Instant::now();
    worker.note(&window, Some(TooMuch::Limit));
    assert_eq!(worker.shown().cause(), Some(Why::Processors));
    worker.disk.begin();
    while worker.shown().cause() != Some(Why::Disk) {
        assert!(began.elapsed() < Duration::from_secs(30), "never");
        worker.note(&window, Some(TooMuch::Limit));
    }
    assert!(began.elapsed() >= Duration::from_millis(100), "its own sync took long");
    for _ in 0..40 {
        worker.note(&window, None);
    }
    assert_eq!(worker.shown().cause(), None);
}

#[actix_web::test]
async fn a_thread_that_never_comes_to_its_beat_is_seen_while_it_does_not() {
    let worker = worker();
    let began = Instant::now();
    // Not one turn of the runtime is left to what feels the pulse.
    while hears(&worker, Class::Statement) {
        assert!(began.elapsed() < Duration::from_secs(30), "never");
    }
    assert!(worker.beat.waits() > Duration::from_millis(10));
}

#[actix_web::test]
async fn a_thread_at_rest_is_left_at_rest() {
    let worker = worker();
    assert!(hears(&worker, Class::Login));
    let began = Instant::now();
    while worker.is_watched.get() {
        assert!(began.elapsed() < Duration::from_secs(30), "never");
        rt::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(hears(&worker, Class::Login) && worker.is_watched.get());
}
