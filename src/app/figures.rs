//! What monitoring reads of each part, under its name (checks/experience.md 38).

use crate::{
    actors::{
        backup::Backups,
        closing::MonthCloser,
        line::LineServices,
        lines::Lines,
        outbox::{Desk, FailureKind, MailFigures},
        webhooks::{self, Figures, View},
    },
    clock::Clock,
    metrics::{
        Metrics,
        lately::Lately,
        sampled::{Kind, Read, Sampled},
        threads::OfThreads,
    },
    net::Certificates,
    security::{PasswordPool, Throttle},
    telemetry,
    web::admission::{Admission, class::Class, refused, shown::Shown},
};
use std::sync::{Arc, atomic::Ordering};

/// The parts that are asked.
pub struct Parts<'a> {
    /// Who is heard when more comes than can be done.
    pub admission: &'a Admission,
    /// Lines, committer and store.
    pub services: &'a Arc<LineServices>,
    /// The door to the lines.
    pub lines: &'a Lines,
    /// Webhooks.
    pub webhooks: &'a webhooks::Desk,
    /// The outbox, where mails are switched on.
    pub mails: Option<&'a Desk>,
    /// Where passwords are hashed.
    pub passwords: &'a PasswordPool,
    /// Who may try a password.
    pub throttle: &'a Throttle,
    /// The time of the start.
    pub host: &'a Clock,
    /// The certificate, where the public listener speaks TLS.
    pub certificates: Option<&'a Arc<Certificates>>,
    /// Who closes months.
    pub closer: &'a MonthCloser,
    /// Who takes backups.
    pub backups: &'a Backups,
}

/// Everything, with the figures of all parts.
pub fn metrics(parts: &Parts<'_>) -> Metrics {
    let mut metrics = Metrics::new();
    committing(&mut metrics, parts);
    lines(&mut metrics, parts);
    logins(&mut metrics, parts);
    mails(&mut metrics, parts);
    of_webhooks(&mut metrics, parts);
    log(&mut metrics);
    admission(&mut metrics, parts);
    metrics.add_sampled(turned_away(parts));
    if let Some(certificates) = parts.certificates.map(Arc::clone) {
        let help = "When the TLS certificate in force expires, in seconds since 1970";
        let name = "tls_certificate_expires_timestamp_seconds";
        metrics
            .add_sampled(Sampled::one(name, help, Kind::Gauge, move || certificates.expires_s()));
    }
    let broken = parts.closer.broken();
    let help = "Closes of a month that broke off";
    metrics.add_sampled(Sampled::one("month_close_broken", help, Kind::Counter, move || {
        broken.load(Ordering::Relaxed)
    }));
    let last = Arc::clone(parts.backups.figures());
    let help =
        "When the last backup came to its end, in seconds since 1970; 0 where there was none";
    let name = "backup_last_timestamp_seconds";
    metrics.add_sampled(Sampled::one(name, help, Kind::Gauge, move || last.last_s()));
    let last = Arc::clone(parts.backups.figures());
    let help = "How large the last backup was";
    metrics.add_sampled(Sampled::one("backup_last_bytes", help, Kind::Gauge, move || {
        last.last_bytes()
    }));
    let started = u64::try_from(parts.host.now().seconds()).unwrap_or_default();
    let help = "When the process started, in seconds since 1970";
    metrics.add_sampled(Sampled::one("start_time_seconds", help, Kind::Gauge, move || started));
    metrics
}

fn committing(metrics: &mut Metrics, parts: &Parts<'_>) {
    let committer = &parts.services.committer;
    let figures = committer.figures().clone();
    let help = "Batches that became durable together";
    metrics.add_histogram("commit_group_batches", help, figures.group_batches);
    let help = "From the writing of a group until it was durable on the disk";
    metrics.add_histogram("commit_sync_seconds", help, figures.sync_s);
    let waiting = committer.clone();
    let help = "Batches that wait for the committer";
    metrics.add_sampled(Sampled::one("commit_queue", help, Kind::Gauge, move || {
        waiting.waiting() as u64
    }));
    let store = Arc::clone(&parts.services.store);
    let help = "Reads that wait for a thread of the store";
    metrics.add_sampled(Sampled::one("read_queue", help, Kind::Gauge, move || {
        store.reads().waiting as u64
    }));
    let store = Arc::clone(&parts.services.store);
    let help = "The number of the last durable block";
    metrics.add_sampled(Sampled::one("durable_block", help, Kind::Gauge, move || {
        store.durable_block()
    }));
    let store = Arc::clone(&parts.services.store);
    let help = "1 while the store's file system has the space that is configured, 0 while not";
    metrics.add_sampled(Sampled::one("store_has_room", help, Kind::Gauge, move || {
        u64::from(store.has_room())
    }));
    let store = Arc::clone(&parts.services.store);
    let help = "Free bytes of the store's file system";
    metrics.add_sampled(Sampled::one("store_free_bytes", help, Kind::Gauge, move || {
        store.free_bytes().unwrap_or_default()
    }));
    let clamped = committer.figures().clock_clamped.clone();
    let help = "Decisions that were dated by their line's last event, for the clock was behind it";
    metrics
        .add_sampled(Sampled::one("clock_clamped", help, Kind::Counter, move || clamped.total()));
    let unreadable = committer.figures().unreadable_lines.clone();
    let help = "Lines that could not be woken: what is stored of them is damaged or unreadable";
    metrics.add_sampled(Sampled::one("unreadable_lines", help, Kind::Counter, move || {
        unreadable.total()
    }));
}

/// What the log tells of itself. A process has one log, so these are the process's own.
fn log(metrics: &mut Metrics) {
    let lost = |output: &'static str| -> Read {
        let of = move |(name, lost)| if name == output { lost } else { 0 };
        Box::new(move || telemetry::control().map_or(0, |log| log.lost_lines().map(of).sum()))
    };
    let series = vec![("stderr", lost("stderr")), ("files", lost("files"))];
    let help = "Lines of the log that could not be written in time, by where they went";
    metrics.add_sampled(Sampled::labelled("log_lines_dropped", help, "output", series));
    let help = "Lines of the log that were left out, for too many of their kind came at once";
    metrics.add_sampled(Sampled::one("log_lines_left_out", help, Kind::Counter, || {
        telemetry::figures().left_out()
    }));
    let of_level = |(level, word)| -> (&'static str, Read) {
        (word, Box::new(move || telemetry::figures().lines(level)))
    };
    let series = telemetry::LEVELS.into_iter().map(of_level).collect();
    let help = "Lines of the log, by how important they are";
    metrics.add_sampled(Sampled::labelled("log_lines", help, "level", series));
    let help = "Panics of threads";
    metrics
        .add_sampled(Sampled::one("panics", help, Kind::Counter, || telemetry::figures().panics()));
}

fn lines(metrics: &mut Metrics, parts: &Parts<'_>) {
    let services = Arc::clone(parts.services);
    let help = "Lines that are awake";
    metrics.add_sampled(Sampled::one("lines_awake", help, Kind::Gauge, move || {
        services.awake_lines.load(Ordering::Relaxed) as u64
    }));
    let lines = parts.lines.clone();
    let help = "Requests that wait for lines, in mailboxes and behind other changes";
    metrics
        .add_sampled(Sampled::one("line_queue", help, Kind::Gauge, move || lines.asking() as u64));
}

fn logins(metrics: &mut Metrics, parts: &Parts<'_>) {
    let help = "From a password's arrival at the hashing pool until a thread took it";
    metrics.add_histogram("password_wait_seconds", help, parts.passwords.wait_s().clone());
    let passwords = parts.passwords.clone();
    let help = "Passwords that wait to be hashed";
    metrics.add_sampled(Sampled::one("password_queue", help, Kind::Gauge, move || {
        passwords.queued() as u64
    }));
    let passwords = parts.passwords.clone();
    let help = "Password hashes that were computed";
    metrics.add_sampled(Sampled::one("password_hashes", help, Kind::Counter, move || {
        passwords.hashes_total()
    }));
    let throttle = parts.throttle.clone();
    let help = "Pairs of a passport ID and a source that have failures";
    metrics.add_sampled(Sampled::one("throttle_tracked_pairs", help, Kind::Gauge, move || {
        throttle.tracked_pairs() as u64
    }));
}

/// The outbox's figures; none where nobody is written to.
fn mails(metrics: &mut Metrics, parts: &Parts<'_>) {
    let Some(desk) = parts.mails else { return };
    let mut one = |name, help, kind, read: Read| {
        metrics.add_sampled(Sampled::one(name, help, kind, read));
    };
    let of = |read: fn(&MailFigures) -> u64| -> Read {
        let figures = Arc::clone(desk.figures());
        Box::new(move || read(&figures))
    };
    let help = "Mails that were handed over";
    one("mail_sent", help, Kind::Counter, of(MailFigures::sent));
    let help = "Mails that the server put off and that are tried again";
    one("mail_waiting", help, Kind::Gauge, of(MailFigures::waiting));
    let help = "Mails that are not tried again unless an operator asks for it";
    one("mail_parked", help, Kind::Gauge, of(MailFigures::parked));
    let help = "Blocks of the journal whose mails have not been tried yet";
    one("mail_behind_blocks", help, Kind::Gauge, of(MailFigures::behind_blocks));
    let help = "1 while the mail server does not take mails and is asked only now and then";
    let silent = of(|figures| u64::from(figures.is_server_silent()));
    one("mail_server_silent", help, Kind::Gauge, silent);
    let (figures, host) = (Arc::clone(desk.figures()), parts.host.clone());
    let help = "Age of the oldest mail that waits, 0 where none does";
    let age = Box::new(move || figures.oldest_age_s(host.now()));
    one("mail_oldest_age_seconds", help, Kind::Gauge, age);
    let mut series: Vec<(&'static str, Read)> = Vec::new();
    for kind in FailureKind::ALL {
        let figures = Arc::clone(desk.figures());
        series.push((kind.code(), Box::new(move || figures.failed(kind))));
    }
    let help = "Tries of mails that failed, by why";
    metrics.add_sampled(Sampled::labelled("mail_failed", help, "reason", series));
}

/// The webhooks' figures.
fn of_webhooks(metrics: &mut Metrics, parts: &Parts<'_>) {
    let figures = Arc::clone(parts.webhooks.figures());
    let help = "Webhooks that were handed over";
    let delivered = move || figures.delivered();
    metrics.add_sampled(Sampled::one("webhook_delivered", help, Kind::Counter, delivered));
    let mut sum = |name, help, of: fn(&View) -> u64| {
        let desk = parts.webhooks.clone();
        let read = move || desk.fold(0, |sum, view| sum + of(view));
        metrics.add_sampled(Sampled::one(name, help, Kind::Gauge, read));
    };
    let help = "Webhooks that are tried again";
    sum("webhook_waiting", help, |view| view.state.waiting.len() as u64);
    let help = "Webhooks that were given up, until an operator asks for a replay";
    sum("webhook_parked", help, |view| view.state.parked.len() as u64);
    let help = "Providers that take no webhooks and are asked only now and then";
    sum("webhook_silent_providers", help, |view| u64::from(view.is_silent));
    let help = "Providers whose webhook address said that it is gone for good";
    sum("webhook_gone_providers", help, |view| u64::from(view.state.gone_at.is_some()));
    let help = "Providers whose webhooks stand because something of this server's own fails";
    sum("webhook_faulty_providers", help, |view| u64::from(view.is_faulty));
    let desk = parts.webhooks.clone();
    let help = "Blocks of the journal whose webhooks have not been tried yet, of whoever is furthest behind";
    let behind = move || desk.fold(0, |most, view| most.max(view.behind_blocks));
    metrics.add_sampled(Sampled::one("webhook_behind_blocks", help, Kind::Gauge, behind));
    let mut counter = |name, help, of: fn(&Figures) -> u64| {
        let figures = Arc::clone(parts.webhooks.figures());
        metrics.add_sampled(Sampled::one(name, help, Kind::Counter, move || of(&figures)));
    };
    let help = "Entries whose webhooks are lost, because they cannot be read";
    counter("webhook_lost_entries", help, |figures| figures.lost().load(Ordering::Relaxed));
    let help = "Webhooks that were given up and are no longer listed";
    counter("webhook_forgotten", help, Figures::forgotten);
    let help = "Panics that ended a provider's webhooks, which began again";
    counter("webhook_panics", help, Figures::panics);
    let (desk, host) = (parts.webhooks.clone(), parts.host.clone());
    let help = "Age of the oldest webhook that was not delivered, 0 where there is none";
    let age = move || desk.oldest_age_s(host.now());
    metrics.add_sampled(Sampled::one("webhook_oldest_age_seconds", help, Kind::Gauge, age));
    let mut series: Vec<(&'static str, Read)> = Vec::new();
    for kind in webhooks::FailureKind::ALL {
        let figures = Arc::clone(parts.webhooks.figures());
        series.push((kind.code(), Box::new(move || figures.failed(kind))));
    }
    let help = "Tries of webhooks that failed, by why";
    metrics.add_sampled(Sampled::labelled("webhook_failed", help, "reason", series));
}

/// Who was heard, who was not, and how long requests wait for a thread.
fn admission(metrics: &mut Metrics, parts: &Parts<'_>) {
    let by_class = |read: fn(&Admission, Class) -> u64| -> Vec<(&'static str, Read)> {
        let of = |class: Class| -> (&'static str, Read) {
            let admission = parts.admission.clone();
            (class.as_str(), Box::new(move || read(&admission, class)))
        };
        Class::ALL.into_iter().map(of).collect()
    };
    let help = "Requests of the public listener that were heard, by class";
    let heard = by_class(Admission::heard);
    metrics.add_sampled(Sampled::labelled("requests_heard", help, "class", heard));
    let help =
        "Requests of the public listener that were turned away (503) before any work, by class";
    let turned_away = by_class(Admission::turned_away);
    metrics.add_sampled(Sampled::labelled("requests_turned_away", help, "class", turned_away));
    let help = "Requests of the public listener that are worked on, by class";
    let under_way = by_class(|admission, class| admission.under_way(class) as u64);
    metrics.add_sampled(Sampled::labelled_gauge("requests_under_way", help, "class", under_way));
    let help = "From when a thread could go on with something until it came to it: the shortest of \
                each 25 ms, on each thread, while requests come";
    metrics.add_histogram("request_wait_seconds", help, parts.admission.waits_s().clone());
    let mut of_threads = |name, help, read: fn(&Shown) -> f64| {
        let admission = parts.admission.clone();
        let read = Box::new(move || admission.of_threads(read));
        metrics.add_of_threads(OfThreads::new(name, help, read));
    };
    let help = "Requests that a thread may work on before it turns away what begins; infinite while \
                nobody waits too long for it";
    of_threads("thread_requests_limit", help, Shown::most);
    let help = "Requests that a thread works on by its limit's count: none that wait for a hash or for \
                their provider's share";
    of_threads("thread_requests_under_way", help, Shown::worked_on);
}

/// Requests that were answered 503, by what was too much: before any work, or in the midst of it.
fn turned_away(parts: &Parts<'_>) -> Sampled {
    let counts = refused::by_reason(parts.admission, parts.lines, parts.passwords);
    let read = |(code, counts): (&'static str, Vec<Lately>)| -> (&'static str, Read) {
        (code, Box::new(move || refused::total(&counts)))
    };
    let series = counts.into_iter().map(read).collect();
    let help = "Requests that were turned away (503), by what was too much";
    Sampled::labelled("shed", help, "reason", series)
}
