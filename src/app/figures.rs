//! What monitoring reads of each part, under its name (checks/experience.md 38).

use crate::{
    actors::{
        Overload,
        line::LineServices,
        lines::Lines,
        outbox::{Desk, FailureKind, MailFigures},
    },
    clock::Clock,
    metrics::{
        Metrics,
        sampled::{Kind, Read, Sampled},
    },
    security::{PasswordPool, Throttle},
};
use std::sync::{Arc, atomic::Ordering};

/// The parts that are asked.
pub struct Parts<'a> {
    /// Lines, committer and store.
    pub services: &'a Arc<LineServices>,
    /// The door to the lines.
    pub lines: &'a Lines,
    /// The outbox, where mails are switched on.
    pub mails: Option<&'a Desk>,
    /// Where passwords are hashed.
    pub passwords: &'a PasswordPool,
    /// Who may try a password.
    pub throttle: &'a Throttle,
    /// The time of the start.
    pub host: &'a Clock,
}

/// Everything, with the figures of all parts.
pub fn metrics(parts: &Parts<'_>) -> Metrics {
    let mut metrics = Metrics::new();
    committing(&mut metrics, parts);
    lines(&mut metrics, parts);
    logins(&mut metrics, parts);
    mails(&mut metrics, parts);
    metrics.add_sampled(turned_away(parts));
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
    let help = "The number of the last durable block";
    metrics.add_sampled(Sampled::one("durable_block", help, Kind::Gauge, move || {
        store.durable_block()
    }));
    let store = Arc::clone(&parts.services.store);
    let help = "1 while the store's file system has the space that is configured, 0 while not";
    metrics.add_sampled(Sampled::one("store_has_room", help, Kind::Gauge, move || {
        u64::from(store.has_room())
    }));
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

/// Requests that were answered 503, by what was too much.
fn turned_away(parts: &Parts<'_>) -> Sampled {
    let mut series: Vec<(&'static str, Read)> = Vec::new();
    for overload in Overload::ALL {
        let lines = parts.lines.clone();
        series.push((overload.code(), Box::new(move || lines.turned_away(overload))));
    }
    let passwords = parts.passwords.clone();
    series.push(("hash_queue", Box::new(move || passwords.turned_away_total())));
    let help = "Requests that were turned away (503), by what was too much";
    Sampled::labelled("shed", help, "reason", series)
}
