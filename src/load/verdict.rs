//! Whether a run is a failure: a fast wrong answer is one, and so is a run in which nothing succeeded.

use super::{
    fault::Ending,
    recorder::Counts,
    result::{PhaseResult, Results, Verdict, Verification},
};

/// Of those that were neither refused nor turned away, at least one of so many ends as it should in a run
/// that says anything of the server.
const NEXT_TO_NOTHING: u64 = 100;

impl Results {
    /// A fast wrong answer is a failure.
    pub(super) fn judge(&mut self) {
        let mut reasons = Vec::new();
        let wrong = self.phases.iter().flat_map(|phase| &phase.errors);
        let wrong = wrong.filter(|error| error.ending == Ending::Wrong);
        for error in wrong {
            reasons.push(format!(
                "{} wrong answers at {} of {}, such as: {}",
                error.count, error.step, error.scenario, error.example
            ));
        }
        match &self.verification {
            Verification::Done { whole: false, .. } => {
                reasons.push("what is stored breaks an invariant".to_owned());
            }
            Verification::Failed { what } => {
                reasons.push(format!("what is stored could not be verified: {what}"));
            }
            Verification::Done { .. } | Verification::Skipped => {}
        }
        reasons.extend(
            self.unkept_ledger.as_ref().map(|what| format!("the ledger is not whole: {what}")),
        );
        if let Some(found) = &self.reconciliation {
            if found.faults > 0 {
                reasons.push(format!(
                    "{} of {} orders are otherwise than the server said, such as: {}",
                    found.faults,
                    found.asked,
                    found.first.first().map_or("", String::as_str)
                ));
            }
            if found.asked > 0 && found.unanswered == found.asked {
                reasons.push("no order could be asked for afterwards".to_owned());
            } else if found.unanswered > 0 {
                self.warnings
                    .push(format!("{} orders could not be asked for afterwards", found.unanswered));
            }
        }
        reasons.extend(self.want_of_success());
        self.verdict = match (&self.verification, reasons.is_empty()) {
            (_, false) => Verdict::Failed,
            _ if self.is_unmeasured() => Verdict::Unmeasured,
            (Verification::Skipped, true) => Verdict::Unverified,
            (_, true) => Verdict::Passed,
        };
        self.reasons = reasons;
    }

    /// Whether it was cut short before anything that was measured had been answered.
    fn is_unmeasured(&self) -> bool {
        let ended = |counts: Counts| {
            counts.ok.max(counts.ok_in_window)
                + counts.refused
                + counts.shed
                + counts.failed
                + counts.wrong
        };
        let counts = self.sum_of(|phase| Some(phase.counts));
        self.is_cut_short && counts.is_none_or(|counts| ended(counts) == 0)
    }

    /// Why next to nothing succeeded of what was measured, if that is so: whoever runs this unattended
    /// wants to hear of a server that is gone, or of credentials of another store. Being turned away for
    /// want of room is an answer that a load test may ask for, and being refused is one for attackers.
    fn want_of_success(&self) -> Option<String> {
        if self.is_cut_short {
            return None;
        }
        let households = self.sum_of(PhaseResult::of_households);
        let attackers = self.sum_of(PhaseResult::of_attackers);
        let (counts, succeeded) = match (households, attackers) {
            (Some(counts), _) => (counts, counts.ok),
            (None, Some(counts)) => (counts, counts.ok + counts.refused + counts.shed),
            (None, None) => return Some("nothing was asked for in the measured time".to_owned()),
        };
        let of = succeeded + counts.failed + counts.wrong;
        if succeeded == 0 {
            Some(format!("nothing ended as it should: none of {} starts", counts.asked))
        } else if succeeded * NEXT_TO_NOTHING < of {
            Some(format!(
                "next to nothing ended as it should: {succeeded} of {of} that were neither refused nor \
                 turned away"
            ))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{
        fault::Fault,
        made_up::{end, leave, results},
        recorder::Recorder,
        scenario::Scenario,
    };
    use std::time::Duration;

    /// The verdict of a run of a second with these ends, and its reasons as one text.
    fn judged(ends: &[(Scenario, u64, Result<(), Fault>)]) -> (Verdict, String) {
        let mut recorder = Recorder::default();
        for (scenario, count, ended) in ends {
            let ended = ended.clone().map(|()| Duration::from_millis(1));
            end(&mut recorder, (0, *scenario), *count, &ended);
        }
        let results = results(&[], &mut recorder);
        (results.verdict, results.reasons.join("; "))
    }

    #[test]
    fn a_run_in_which_next_to_nothing_succeeded_is_a_failure() {
        let (login, attack) = (Scenario::Login, Scenario::Attack);
        let failed = || Err(Fault::Status(500));
        let refused = || Err(Fault::Refused("403".to_owned()));
        let shed = || Err(Fault::Shed { status: 503, retry_after_s: 1 });
        for (ends, why) in [
            (vec![], "nothing was asked for"),
            (vec![(login, 9, failed())], "none of 9 starts"),
            (vec![(login, 9, refused())], "none of 9 starts"),
            (vec![(login, 9, shed())], "none of 9 starts"),
            // What attackers get says nothing of who means well.
            (vec![(login, 9, failed()), (attack, 90, Ok(()))], "none of 9 starts"),
            (vec![(login, 1, Ok(())), (login, 100, failed())], "next to nothing"),
            (vec![(attack, 9, failed())], "none of 9 starts"),
        ] {
            let (verdict, reasons) = judged(&ends);
            assert_eq!(verdict, Verdict::Failed, "{ends:?}");
            assert!(reasons.contains(why), "{ends:?}: {reasons}");
        }
        for ends in [
            vec![(login, 1, Ok(())), (login, 99, failed())],
            // An overload is what a load test is for, and so are limits.
            vec![(login, 1, Ok(())), (login, 5_000, shed()), (login, 5_000, refused())],
            vec![(login, 9, Ok(())), (attack, 900, failed())],
            vec![(attack, 5, refused()), (attack, 4, shed())],
        ] {
            assert_eq!(judged(&ends), (Verdict::Unverified, String::new()), "{ends:?}");
        }
    }

    #[test]
    fn a_run_of_which_nothing_was_begun_is_a_failure_unless_it_was_cut_short() {
        let mut recorder = Recorder::default();
        leave(&mut recorder, Scenario::Login, 7);
        let mut results = results(&[], &mut recorder);
        assert_eq!(results.reasons, ["nothing ended as it should: none of 7 starts"]);
        results.is_cut_short = true;
        results.judge();
        assert_eq!(results.verdict, Verdict::Unmeasured);
        assert_eq!(results.reasons, [""; 0]);
    }

    #[test]
    fn a_run_that_was_cut_short_passed_only_where_something_was_answered() {
        let cut = |ended: Option<Result<(), Fault>>| {
            let mut recorder = Recorder::default();
            if let Some(ended) = ended {
                let ended = ended.map(|()| Duration::from_millis(1));
                end(&mut recorder, (0, Scenario::Login), 1, &ended);
            }
            let mut results = results(&[], &mut recorder);
            results.is_cut_short = true;
            results.judge();
            results.verdict
        };
        assert_eq!(cut(None), Verdict::Unmeasured);
        assert_eq!(cut(Some(Ok(()))), Verdict::Unverified);
        assert_eq!(cut(Some(Err(Fault::Status(500)))), Verdict::Unverified);
        assert_eq!(cut(Some(Err(Fault::Wrong("no".to_owned())))), Verdict::Failed);
    }
}
