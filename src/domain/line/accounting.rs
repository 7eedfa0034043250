//! What concerns charges after the fact, on a line that has ended too: the month's close and its
//! corrections, unpaid bills, their disclosure, and erasure.

use super::{
    command::{CloseMonth, Command, Correct, Disclose, EraseRows, Facts},
    event::{DisclosureTrigger, Event},
    refusal::Refusal,
    state::Line,
};
use crate::domain::{
    bill::{LineBill, earlier_open_month, signed_yen},
    calendar::{Day, Month},
    retention,
};

/// So many days after the due date have to pass before a disclosure: it is allowed from the day
/// after them, day 61.
const DAYS_BEFORE_DISCLOSURE: u16 = 60;
/// The most that a charge may come to with its corrections: the largest amount of an order.
pub const MOST_CHARGED_YEN: i64 = 9_999_999;

/// Whether a command is about what was charged, so that it is taken on a line that has ended too.
pub(super) const fn concerns_the_past(command: &Command) -> bool {
    matches!(
        command,
        Command::CloseMonth(_)
            | Command::Correct(_)
            | Command::ReportOverdue { .. }
            | Command::SettleOverdue(_)
            | Command::StopCollection(_)
            | Command::Disclose(_)
            | Command::EraseRows(_)
    )
}

/// How many parts the itemisation of a month that is not closed has, for whoever closes it part by
/// part; none where there is nothing to bill, or the month is closed already.
pub fn parts_to_close(line: &Line, month: Month) -> u32 {
    let bill = LineBill::of_open_month(line, month);
    if line.closed_through >= Some(month) || bill.is_empty() {
        return 0;
    }
    u32::try_from(bill.into_parts().len()).unwrap_or(u32::MAX)
}

/// A part of a month's close: the bill as it stands, fixed. A month that is closed, and one
/// with nothing to bill, come to nothing.
pub(super) fn close_month(
    line: &Line,
    close: CloseMonth,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    let CloseMonth { month, block, part } = close;
    if facts.now.month() <= month {
        return Err(Refusal::MonthUnfinished { month });
    }
    if line.closed_through >= Some(month) {
        return Ok(Vec::new());
    }
    if let Some(month) = earlier_open_month(line, month) {
        return Err(Refusal::EarlierMonthOpen { month });
    }
    let bill = LineBill::of_open_month(line, month);
    if bill.is_empty() {
        return Ok(Vec::new());
    }
    let (billing, record) = (bill.route, bill.record);
    let all = bill.into_parts();
    let parts = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let wanted = usize::try_from(part.saturating_sub(1)).unwrap_or(usize::MAX);
    let closed = all.into_iter().nth(wanted).map(|one| Event::MonthClosed {
        month,
        block,
        billing,
        record,
        part,
        parts,
        items: one.items,
        corrections: one.corrections,
    });
    Ok(closed.into_iter().collect())
}

/// A correction is an entry of the running month that names what it corrects. With all its
/// corrections a charge is never less than nothing.
pub(super) fn correct(line: &Line, correction: &Correct) -> Result<Vec<Event>, Refusal> {
    let Correct { month, item, charged_yen: expected_yen, difference_yen } = correction;
    if line.closed_through < Some(*month) {
        return Err(Refusal::NotBilled { month: *month });
    }
    let item = item.as_ref().ok_or(Refusal::UnknownCharge { month: *month })?;
    let of_this = line
        .corrections
        .iter()
        .filter(|made| made.month == *month && made.item.receipt == item.receipt);
    let charged_yen =
        of_this.fold(signed_yen(item.amount), |sum, made| sum.saturating_add(made.difference_yen));
    if charged_yen != *expected_yen {
        return Err(Refusal::ChargedOtherwise { charged_yen });
    }
    let corrected = charged_yen.saturating_add(*difference_yen);
    if *difference_yen == 0 || !(0..=MOST_CHARGED_YEN).contains(&corrected) {
        return Err(Refusal::WrongCorrection { charged_yen });
    }
    Ok(vec![Event::Corrected {
        receipt: item.receipt,
        month: *month,
        difference_yen: *difference_yen,
        item: Some(Box::new(item.clone())),
    }])
}

/// A bill can be unpaid only where the month was billed, and is due after it. The same report again is
/// no news, of a bill that was settled since neither: an old list never opens it again.
pub(super) fn report_overdue(line: &Line, month: Month, due: Day) -> Result<Vec<Event>, Refusal> {
    billed(line, month)?;
    if due < month.next().begins_at().day() {
        return Err(Refusal::DueTooEarly { month });
    }
    let known = line.unpaid.get(&month);
    let is_news = known.is_none_or(|bill| bill.due != Some(due));
    Ok(is_news.then_some(Event::OverdueReported { month, due }).into_iter().collect())
}

/// A bill that was reported is settled; one that is settled already stays so.
pub(super) fn settle_overdue(line: &Line, month: Month) -> Result<Vec<Event>, Refusal> {
    let bill = line.unpaid.get(&month).ok_or(Refusal::NotOverdue { month })?;
    let open = bill.settled_at.is_none();
    Ok(open.then_some(Event::OverdueSettled { month }).into_iter().collect())
}

/// The operator stops collecting a bill.
pub(super) fn stop_collection(line: &Line, month: Month) -> Result<Vec<Event>, Refusal> {
    billed(line, month)?;
    let bill = line.unpaid.get(&month);
    // What is paid is not collected; reported again, it has to pass its 60 days again.
    if bill.is_some_and(|bill| bill.settled_at.is_some()) {
        return Err(Refusal::NotOverdue { month });
    }
    let already = bill.is_some_and(|bill| bill.collection_stopped_at.is_some());
    Ok((!already).then_some(Event::CollectionStopped { month }).into_iter().collect())
}

fn billed(line: &Line, month: Month) -> Result<(), Refusal> {
    let is_billed = line.closed.contains_key(&month) && line.closed_through >= Some(month);
    is_billed.then_some(()).ok_or(Refusal::NotBilled { month })
}

/// A disclosure to a provider, of its own charges alone: 60 days after the due date have
/// passed, or the operator stopped collecting. Each one is recorded, a repeated one too.
pub(super) fn disclose(
    line: &Line,
    disclosure: &Disclose,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    let Disclose { provider, month, sold } = disclosure;
    let trigger = may_disclose(line, *month, facts.now.day())?;
    if !sold {
        return Err(Refusal::NothingSold);
    }
    Ok(vec![Event::Disclosed { provider: provider.clone(), month: *month, trigger }])
}

/// What allows a disclosure of the month's bill on this day, where anything does.
pub fn may_disclose(line: &Line, month: Month, today: Day) -> Result<DisclosureTrigger, Refusal> {
    let bill = line.unpaid.get(&month).filter(|bill| bill.settled_at.is_none());
    let bill = bill.ok_or(Refusal::NotOverdue { month })?;
    if bill.collection_stopped_at.is_some() {
        return Ok(DisclosureTrigger::CollectionStopped);
    }
    let due = bill.due.ok_or(Refusal::NotOverdue { month })?;
    let from = due.after_days(DAYS_BEFORE_DISCLOSURE + 1);
    if today < from {
        return Err(Refusal::DisclosureTooEarly { from });
    }
    Ok(DisclosureTrigger::Overdue)
}

/// Which rows is `retention`'s to say, and whether that still holds: nothing happens where the line
/// has moved on since it was looked at.
pub(super) fn erase(line: &Line, erase: &EraseRows) -> Vec<Event> {
    let erased = || Event::PersonalRowsErased { rows: erase.rows.clone() };
    let due = !erase.rows.is_empty() && retention::is_still_due(line, erase);
    due.then(erased).into_iter().collect()
}
