//! What must be there before a phase begins: flows at their confirmation, contracts, sign-ins. None of
//! it is timed or counted, and all of it is checked.

use super::{
    client::{Client, Trouble},
    fault::Ending,
    phase::Starts,
    scenario::Scenario,
    world::World,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Failures that are put up with before anything has succeeded; later, as many as successes.
const MOST_FAILURES: u64 = 20;
/// Clients that prepare at once: more than a server hashes at once, few enough to wait for it.
const MOST_AT_ONCE: usize = 32;

/// Why a phase cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The server says no too often.
    #[error("{scenario} could not be prepared: {made} of {wanted} were ready when {what}")]
    Refused {
        /// What was prepared.
        scenario: Scenario,
        /// How many were.
        made: u64,
        /// Of how many.
        wanted: u64,
        /// What went wrong last.
        what: String,
    },
    /// An answer was not true.
    #[error("a wrong answer while {scenario} was prepared: {what}")]
    Wrong {
        /// What was prepared.
        scenario: Scenario,
        /// What was wrong.
        what: String,
    },
}

/// How far preparing has come: what, how many, of how many.
pub type Progress<'a> = &'a dyn Fn(Scenario, u64, u64);

/// Prepares what these starts need beyond what is there. `sessions` is how many households are signed
/// in for ご利用明細.
pub async fn prepare(
    world: &Rc<World>,
    starts: &Starts,
    sessions: u64,
    progress: Progress<'_>,
) -> Result<(), PrepareError> {
    for scenario in [Scenario::Press, Scenario::Cancellation, Scenario::Statement] {
        let Some(count) = starts.get(&scenario).copied().filter(|count| *count > 0) else {
            continue;
        };
        let there = in_stock(world, scenario);
        let wanted = if scenario == Scenario::Statement { sessions } else { count };
        fill(world, scenario, (there, wanted), progress).await?;
    }
    Ok(())
}

fn in_stock(world: &World, scenario: Scenario) -> u64 {
    let stock = world.stock.borrow();
    let there = match scenario {
        Scenario::Press => stock.confirmable.len(),
        Scenario::Cancellation => stock.contracts.len(),
        _ => stock.sessions.len(),
    };
    there as u64
}

/// How filling goes.
#[derive(Default)]
struct Filling {
    begun: Cell<u64>,
    made: Cell<u64>,
    failed: Cell<u64>,
    last: RefCell<Option<Trouble>>,
    is_over: Cell<bool>,
}

async fn fill(
    world: &Rc<World>,
    scenario: Scenario,
    (there, wanted): (u64, u64),
    progress: Progress<'_>,
) -> Result<(), PrepareError> {
    if there >= wanted {
        return Ok(());
    }
    let filling = Filling::default();
    filling.begun.set(there);
    filling.made.set(there);
    let at_once = MOST_AT_ONCE.min(usize::try_from(wanted - there).unwrap_or(MOST_AT_ONCE));
    let preparing = (0..at_once as u64).map(|number| {
        let client = Client::new(world, None, 0x1_0000 + number);
        work(client, scenario, &filling, wanted, progress)
    });
    futures_util::future::join_all(preparing).await;
    let made = filling.made.get();
    let Some(Trouble { step, fault }) = filling.last.take() else { return Ok(()) };
    let mut what = format!("{} said {} {}", step.name(), fault.kind(), fault.detail());
    if scenario == Scenario::Cancellation && fault.ending() == Ending::Refused {
        what += "(an ID has each monthly service once: more lines, or fewer cancellations)";
    }
    if fault.ending() == Ending::Wrong {
        return Err(PrepareError::Wrong { scenario, what });
    }
    if made < wanted {
        return Err(PrepareError::Refused { scenario, made, wanted, what });
    }
    Ok(())
}

async fn work(
    mut client: Client,
    scenario: Scenario,
    filling: &Filling,
    wanted: u64,
    progress: Progress<'_>,
) {
    while !filling.is_over.get() && filling.begun.get() < wanted {
        filling.begun.set(filling.begun.get() + 1);
        match one(&mut client, scenario).await {
            Ok(()) => {
                filling.made.set(filling.made.get() + 1);
                progress(scenario, filling.made.get(), wanted);
            }
            Err(trouble) => {
                filling.begun.set(filling.begun.get() - 1);
                filling.failed.set(filling.failed.get() + 1);
                let is_wrong = trouble.fault.ending() == Ending::Wrong;
                let too_many = filling.failed.get() > MOST_FAILURES.max(filling.made.get());
                filling.is_over.set(filling.is_over.get() || is_wrong || too_many);
                // What is wrong is told before what was only refused.
                let mut last = filling.last.borrow_mut();
                if is_wrong || last.as_ref().is_none_or(|last| last.fault.ending() != Ending::Wrong)
                {
                    *last = Some(trouble);
                }
            }
        }
    }
}

async fn one(client: &mut Client, scenario: Scenario) -> Result<(), Trouble> {
    let world = client.world.clone();
    match scenario {
        Scenario::Press => {
            let ready = client.confirmable().await?;
            world.stock.borrow_mut().confirmable.push_back(ready);
        }
        Scenario::Cancellation => {
            let contract = client.contract().await?;
            world.stock.borrow_mut().contracts.push_back(contract);
        }
        _ => client.sign_in_beforehand().await?,
    }
    Ok(())
}
