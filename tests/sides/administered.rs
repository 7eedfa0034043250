//! What happens beside purchases: the close of months, and what an operator or the household's own pages
//! change.

use super::{Sides, instant, month, row};
use crate::naive::{Reasons, month_of, steps::Step};
use linepass::domain::{
    ids::PassportNumber,
    line::{
        Command, Event,
        command::{ChangePassport, CloseMonth, RegisterPassport},
        decide,
        event::Barrier,
        may_set_limits,
    },
    yen::Yen,
};
use proptest::{prelude::*, test_runner::TestCaseResult};

const BARRIERS: [Barrier; 3] =
    [Barrier::CustomerRestriction, Barrier::CompanyStop, Barrier::Unbillable];

impl Sides {
    /// Closes every month that has ended, part by part; each bill comes to what the model says.
    pub(super) fn close(&mut self) -> TestCaseResult {
        for index in 0..month_of(self.now) {
            let (_, expected) = self.model.used(1, index);
            let (mut part, mut parts, mut billed_yen) = (1, 1, 0);
            while part <= parts {
                let close = CloseMonth { month: month(index), block: 1, part };
                let decided =
                    decide(self.line.as_ref(), &Command::CloseMonth(close), &self.facts(false));
                let events = decided.map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
                let Some(Event::MonthClosed { parts: of, items, .. }) = events.first() else {
                    let closed = self.line().closed_through >= Some(month(index));
                    prop_assert!(closed || expected == 0, "{} is left open", index);
                    break;
                };
                (parts, part) = (*of, part + 1);
                billed_yen += items.iter().map(|item| item.amount.get()).sum::<u64>();
                self.model.anything_closed = true;
                self.happened(events);
                if part > parts {
                    prop_assert_eq!(billed_yen, expected, "I6, {}", index);
                }
            }
        }
        Ok(())
    }

    /// Whether the ID is known: the one reason against most of what is done to an ID.
    fn against_unknown(&self, id: u32) -> Reasons {
        self.model.id(id).is_none().then_some("unknown_passport").into_iter().collect()
    }

    /// IDs, bars and contracts, as an operator or the household's own pages change them.
    pub(super) fn administer(&mut self, step: &Step) -> TestCaseResult {
        let now = self.now;
        match step {
            Step::Register => {
                let against = self.model.against_registering();
                let command = Command::RegisterPassport(RegisterPassport {
                    name: row(2),
                    credential: row(3),
                    applicant: row(4),
                });
                if self.ask(&command, false, &against)? {
                    self.model.register();
                }
            }
            Step::Bar(bar) => {
                let already = self.model.bars[*bar].then_some("barred_already");
                let command = Command::RaiseBarrier(BARRIERS[*bar]);
                if self.ask(&command, false, &already.into_iter().collect())? {
                    self.model.bar(*bar, now);
                }
            }
            Step::Lift(bar) => {
                let not = (!self.model.bars[*bar]).then_some("not_barred");
                let command = Command::LiftBarrier(BARRIERS[*bar]);
                if self.ask(&command, false, &not.into_iter().collect())? {
                    self.model.bars[*bar] = false;
                }
            }
            Step::Delete(id) => {
                let against = self.against_unknown(*id);
                let command = Command::DeletePassport(PassportNumber(*id));
                if self.ask(&command, false, &against)? {
                    self.model.delete(*id, now);
                }
            }
            Step::End(which) => {
                let which = self.counted_back(*which).unwrap_or(usize::MAX);
                let against = self.model.against_ending(which);
                let command = Command::EndContract(self.contract(which));
                if self.ask(&command, false, &against)? {
                    self.model.bought[which].ended = Some(now);
                }
            }
            other => return self.set(other),
        }
        Ok(())
    }

    /// Limits and line authentication.
    fn set(&mut self, step: &Step) -> TestCaseResult {
        match step {
            Step::SetLimits(limits) => {
                let against = self.model.against_limits(limits);
                let wanted = limits.iter().map(|(id, yen)| (PassportNumber(*id), Yen::new(*yen)));
                let wanted: Vec<_> = wanted.collect();
                if against.is_empty() {
                    self.warns(&wanted)?;
                }
                let command = Command::SetPassportLimits(wanted);
                if self.ask(&command, false, &against)? {
                    self.model.set_limits(limits);
                }
            }
            Step::SetLineLimit(line_limit) => {
                let below = self.model.sum_of_limits() > *line_limit;
                let against = below.then_some("limits_over_line").into_iter().collect();
                let command = Command::SetLineLimit(Yen::new(*line_limit));
                if self.ask(&command, false, &against)? {
                    self.model.line_limit = *line_limit;
                }
            }
            Step::SetLineAuthentication(id, on) => {
                let mut against = self.against_unknown(*id);
                if self.model.premium {
                    against.insert("no_line_authentication");
                }
                let passport = PassportNumber(*id);
                let command = Command::SetLineAuthentication { passport, on: *on };
                if self.ask(&command, false, &against)? {
                    self.model.id_mut(*id).expect("an ID").line_authentication = *on;
                }
            }
            Step::Change { id, filled_in, line_authentication } => {
                return self.change(*id, *filled_in, *line_authentication);
            }
            _ => unreachable!("asked elsewhere"),
        }
        Ok(())
    }

    /// the confirm page warns of a new limit below what the model's month costs.
    fn warns(&self, wanted: &[(PassportNumber, Yen)]) -> TestCaseResult {
        let this_month = instant(self.now).month();
        let rows = may_set_limits(self.line(), wanted, this_month);
        for row in rows.map_err(|refusal| TestCaseError::fail(refusal.code()))? {
            let model = self.model.id(row.passport.0).expect("an ID");
            let last = wanted.iter().rfind(|(id, _)| *id == row.passport);
            let limit = last.map_or(model.limit, |(_, limit)| limit.get());
            let used = self.model.used(row.passport.0, month_of(self.now)).0;
            prop_assert_eq!(row.warns(), limit != model.limit && limit < used, "{:?}", row);
        }
        Ok(())
    }

    fn change(
        &mut self,
        id: u32,
        filled_in: [bool; 3],
        line_authentication: Option<bool>,
    ) -> TestCaseResult {
        let against = self.model.against_changing(id, line_authentication.is_some());
        // A row's number that no other form has, so that the form's own row is told apart.
        let first = self.given_out * 3 + 100;
        let [name, credential, applicant] = std::array::from_fn(|at| {
            filled_in[at].then(|| row(u32::try_from(first + at).expect("few")))
        });
        let passport = PassportNumber(id);
        let form = ChangePassport { passport, name, credential, applicant, line_authentication };
        let before = self.line().passports.get(&passport).map(|id| id.rows);
        if self.ask(&Command::ChangePassport(form), false, &against)? {
            self.model.change(id, filled_in[1], line_authentication);
            let (before, after) = (before.expect("an ID"), self.line().passports[&passport].rows);
            prop_assert_eq!(after.name, name.unwrap_or(before.name));
            prop_assert_eq!(after.credential, credential.unwrap_or(before.credential));
            prop_assert_eq!(after.applicant, applicant.unwrap_or(before.applicant));
        }
        Ok(())
    }
}
