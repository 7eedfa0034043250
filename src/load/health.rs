//! What a reader of a run must know before its figures: whether the generator itself was the limit, and
//! whether most of what was asked ended otherwise than it should.

use super::{
    phase::enough_for,
    recorder::{Counts, PhaseRecord},
    run::PhaseOver,
    scenario::Scenario,
};
use std::time::Duration;

/// Past this, a 99th percentile of the generator's own lateness spoils what it measures.
const MOST_LAG: Duration = Duration::from_millis(5);
/// A thread that has this share of a processor has none left to be on time with.
const MOST_CPU: f64 = 0.9;
/// Starts that waited longer than this for a connection were held up by their number.
const MOST_QUEUEING: Duration = Duration::from_millis(20);
/// The share of intended starts that may be left over at a phase's end.
const MOST_NOT_BEGUN: f64 = 0.01;

/// The share of ended starts that may have got no answer, or one that failed.
const MOST_FAILED: f64 = 0.01;
/// The share of them that a rule may have refused.
const MOST_REFUSED: f64 = 0.1;
/// The share of what was asked for that may have been turned away.
const MOST_TURNED_AWAY: f64 = 0.1;

/// Something that a reader of a phase's figures must know first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// The generator's thread came too late to what was due.
    Late,
    /// It had next to a whole processor.
    Busy,
    /// No connection was free.
    Held,
    /// None was until it was too late to begin.
    NotBegun,
    /// What was prepared was used up.
    UsedUp,
    /// It was, before there was enough for a rate.
    Unmeasured,
    /// Many got no answer, or one that failed.
    Failed,
    /// Many were refused by a rule, or for their credentials.
    Refused,
    /// Many were turned away for want of room, where nobody meant that.
    TurnedAway,
}

/// A concern with the figure that says how grave it is.
pub type Grave = (Concern, f64);

/// The concerns of a phase; none where all was well.
pub fn concerns(over: &PhaseOver, record: &PhaseRecord) -> Vec<Grave> {
    let mut found = Vec::new();
    let lag_us = record.lag.at(0.99);
    if Duration::from_micros(lag_us) > MOST_LAG {
        found.push((Concern::Late, as_f64(lag_us)));
    }
    if over.generator_cpu > MOST_CPU {
        found.push((Concern::Busy, over.generator_cpu));
    }
    let mut counts = Counts::default();
    record.scenarios.values().for_each(|scenario| counts.add(&scenario.counts));
    let (asked, not_begun) = (as_f64(counts.asked), as_f64(counts.not_begun));
    let queueing_us = record.queueing.at(0.99);
    let is_held_up = Duration::from_micros(queueing_us) > MOST_QUEUEING;
    if asked > 0.0 && (is_held_up || not_begun / asked > MOST_NOT_BEGUN) {
        found.push((Concern::Held, as_f64(queueing_us)));
    }
    if asked > 0.0 && not_begun / asked > MOST_NOT_BEGUN {
        found.push((Concern::NotBegun, not_begun / asked));
    }
    if over.is_unmeasured() {
        found.push((Concern::Unmeasured, as_f64(enough_for(over.clients()))));
    } else if over.is_used_up {
        found.push((Concern::UsedUp, 0.0));
    }
    // Being refused is the right answer to an attacker.
    let mut honest = Counts::default();
    let of_households = record.scenarios.iter().filter(|(name, _)| **name != Scenario::Attack);
    of_households.for_each(|(_, scenario)| honest.add(&scenario.counts));
    let ended = as_f64(honest.ok + honest.refused + honest.shed + honest.failed + honest.wrong);
    // Past the capacity it is what a ladder is for, and the search for the capacity goes there too.
    let phase = &over.phase;
    let is_meant = phase.is_probe || phase.percent.is_some_and(|percent| percent > 100);
    let turned_away = if is_meant { 0.0 } else { as_f64(honest.shed) };
    let shares = [
        (Concern::Failed, as_f64(honest.failed) / ended, MOST_FAILED),
        (Concern::Refused, as_f64(honest.refused) / ended, MOST_REFUSED),
        (Concern::TurnedAway, turned_away / as_f64(honest.asked), MOST_TURNED_AWAY),
    ];
    found
        .extend(shares.into_iter().filter(|(_, share, most)| share > most).map(|(c, s, _)| (c, s)));
    found
}

/// The concerns of all phases in sentences, each once, with the phases that it is of and its worst
/// figure.
pub fn warnings(phases: &[(String, Vec<Grave>)], connections: usize) -> Vec<String> {
    let kinds = [
        Concern::Failed,
        Concern::Refused,
        Concern::TurnedAway,
        Concern::Late,
        Concern::Busy,
        Concern::Held,
        Concern::NotBegun,
        Concern::UsedUp,
        Concern::Unmeasured,
    ];
    let told = kinds.into_iter().filter_map(|kind| {
        let mut worst = 0.0_f64;
        let mut labels = Vec::new();
        for (label, found) in phases {
            for (_, grave) in found.iter().filter(|(concern, _)| *concern == kind) {
                worst = worst.max(*grave);
                labels.push(label.as_str());
            }
        }
        let said = kind.said(worst, connections);
        (!labels.is_empty()).then(|| format!("{said} ({})", labels.join("; ")))
    });
    told.collect()
}

impl Concern {
    fn said(self, worst: f64, connections: usize) -> String {
        match self {
            Self::Late => format!(
                "The generator itself was late: 1 of 100 intended starts was noticed up to {} after it \
                 was due. Give it a processor of its own, or ask for less",
                ms(worst)
            ),
            Self::Busy => format!(
                "The generator's thread had up to {:.0} % of a processor and may be the limit: run \
                 several, or ask for less",
                worst * 100.0
            ),
            Self::Held => format!(
                "Intended starts waited for a free connection, up to {} at the 99th percentile: all \
                 {connections} were busy. Either the server was behind, or --connections is too small \
                 for this rate; the waits are in the latencies",
                ms(worst)
            ),
            Self::NotBegun => format!(
                "Up to {:.0} % of what was asked was never begun, as no connection was free until its phase \
                 ended: what the server would have said to it is not known",
                worst * 100.0
            ),
            Self::Failed => format!(
                "Up to {:.0} % of what was begun got no answer, or one that failed: the server was gone, \
                 or far behind",
                worst * 100.0
            ),
            Self::Refused => format!(
                "Up to {:.0} % of what was begun was refused by a rule: limits that are reached, \
                 credentials of another store, or a server that does not take this machine as a proxy: \
                 config/load.toml",
                worst * 100.0
            ),
            Self::TurnedAway => format!(
                "Up to {:.0} % of what was asked was turned away for want of room (503 or 429): it is more \
                 than the server carries, and the latencies are those of the rest",
                worst * 100.0
            ),
            Self::UsedUp => {
                "It ended early, because what was prepared was used up; --prepare N prepares \
                             more"
                    .to_owned()
            }
            Self::Unmeasured => format!(
                "What was prepared was used up before each client had done one in the measured time, so \
                 its rates say nothing; --prepare {worst:.0} would do"
            ),
        }
    }
}

fn ms(us: f64) -> String {
    format!("{:.1} ms", us / 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts and microseconds far below 2^53")]
const fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{
        fault::Fault,
        made_up::end,
        phase::{Load, Phase},
        recorder::{Place, Recorder},
        scenario::{Scenario, Step},
    };

    fn over(generator_cpu: f64) -> PhaseOver {
        let (warmup, duration) = (Duration::ZERO, Duration::from_secs(1));
        let load = Load::Open { from_per_s: 9.0, to_per_s: 9.0 };
        let label = "9/s".to_owned();
        let phase = Phase { label, percent: None, load, warmup, duration, is_probe: false };
        PhaseOver { phase, measured: duration, ended: 0, is_used_up: false, generator_cpu }
    }

    fn told(generator_cpu: f64, lag_ms: u64, waited_ms: u64, not_begun: u64) -> Vec<String> {
        let mut recorder = Recorder::default();
        let place = Place { phase: 0, scenario: Scenario::Login, measured: true };
        for _ in 0..100 {
            recorder.asked(place, Duration::from_millis(lag_ms));
        }
        for number in 0..100 {
            if number < not_begun {
                recorder.not_begun(place);
            } else {
                recorder.begun(place, Duration::from_millis(waited_ms));
            }
        }
        let found = concerns(&over(generator_cpu), recorder.phase(0));
        warnings(&[("25 %".to_owned(), found.clone()), ("50 %".to_owned(), found)], 4)
    }

    #[test]
    fn what_mostly_failed_or_was_refused_is_warned_about() {
        for (fault, scenario, word) in [
            (Fault::Status(500), Scenario::Login, Some("got no answer")),
            (
                Fault::Refused("403".to_owned()),
                Scenario::Login,
                Some("as a proxy: config/load.toml"),
            ),
            (Fault::Refused("403".to_owned()), Scenario::Attack, None),
            (Fault::Shed { status: 503, retry_after_s: 3 }, Scenario::Login, Some("want of room")),
            (Fault::Shed { status: 429, retry_after_s: 3 }, Scenario::Attack, None),
        ] {
            let mut recorder = Recorder::default();
            let place = Place { phase: 0, scenario, measured: true };
            for _ in 0..10 {
                recorder.asked(place, Duration::ZERO);
                recorder.begun(place, Duration::ZERO);
                recorder.not_ok(place, Step::Push, &fault, Duration::ZERO);
            }
            let found = concerns(&over(0.5), recorder.phase(0));
            let warned = warnings(&[("25 %".to_owned(), found)], 4);
            match word {
                None => assert!(warned.is_empty(), "{warned:?}"),
                Some(word) => assert!(warned.len() == 1 && warned[0].contains(word), "{warned:?}"),
            }
        }
    }

    #[test]
    fn what_is_turned_away_is_warned_about_where_the_load_was_not_past_the_capacity() {
        let mut recorder = Recorder::default();
        let login = (0, Scenario::Login);
        let shed = Err(Fault::Shed { status: 503, retry_after_s: 3 });
        end(&mut recorder, login, 9, &Ok(Duration::ZERO));
        end(&mut recorder, login, 1, &shed);
        let warned = |recorder: &Recorder, percent, is_probe| {
            let mut over = over(0.5);
            (over.phase.percent, over.phase.is_probe) = (percent, is_probe);
            let found = concerns(&over, &recorder.phases()[0]);
            warnings(&[("10/s".to_owned(), found)], 4).join("; ")
        };
        assert_eq!(warned(&recorder, None, false), "", "a tenth is put up with");
        end(&mut recorder, login, 1, &shed);
        for percent in [None, Some(50), Some(100)] {
            let told = warned(&recorder, percent, false);
            assert!(told.starts_with("Up to 18 % of what was asked was turned away"), "{told}");
        }
        assert_eq!(warned(&recorder, Some(110), false), "");
        assert_eq!(warned(&recorder, None, true), "");
    }

    #[test]
    fn a_closed_loop_whose_prepared_ones_were_used_up_says_whether_it_was_measured() {
        let told = |ended, is_used_up| {
            let mut over = PhaseOver { ended, is_used_up, ..over(0.5) };
            over.phase.load = Load::Closed { clients: 8 };
            let found = concerns(&over, &PhaseRecord::default());
            warnings(&[("8 clients".to_owned(), found)], 8).join("; ")
        };
        assert!(told(8, true).contains("It ended early"), "{}", told(8, true));
        assert!(told(7, true).contains("say nothing; --prepare 80 would do"), "{}", told(7, true));
        assert_eq!(told(7, false), "");
    }

    #[test]
    fn a_generator_that_is_the_limit_is_warned_about() {
        assert!(told(0.5, 1, 2, 0).is_empty());
        for (warned, word) in [
            (told(0.95, 1, 2, 0), "95 % of a processor"),
            (told(0.5, 9, 9, 0), "noticed up to 9.0 ms after"),
            (told(0.5, 1, 90, 0), "all 4 were busy"),
        ] {
            assert!(warned.len() == 1 && warned[0].contains(word), "{word}: {warned:?}");
            assert!(warned[0].ends_with(" (25 %; 50 %)"), "{warned:?}");
        }
        let warned = told(0.5, 1, 2, 2);
        assert!(
            warned.len() == 2 && warned[0].contains("waited for a free connection"),
            "{warned:?}"
        );
        assert!(warned[1].starts_with("Up to 2 % of what was asked was never begun"), "{warned:?}");
    }
}
