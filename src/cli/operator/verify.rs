//! `linepass verify`: the invariants of a store, beside its server or without one, and a ledger held
//! against it.

use super::{
    Request,
    args::verify::VerifyArgs,
    client::{Client, ClientError},
    look, refused, text,
};
use crate::{
    actors::verifying::StoreKeys,
    cli::{exit::Exit, offline, progress::Bar},
    domain::ids::{ProviderId, Reference},
    text::plain_text,
    verify::{
        self, Invariant, Keyed, Options, Progress, Step,
        ledger::{self, AtHand, Held, Holding, LedgerFault, LedgerLine, OrderPage},
    },
};
use serde_json::{Value, json};
use std::{
    fmt::Display,
    fs::File,
    io::{BufReader, Result, Write},
    iter::Peekable,
    path::Path,
};

/// The reason that the server's log has.
const REASON: &str = "linepass verify";

/// Why a look did not come to its end.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{0}")]
    Local(String),
}

impl From<LedgerFault> for VerifyError {
    fn from(fault: LedgerFault) -> Self {
        Self::Local(fault.to_string())
    }
}

fn local(error: impl Display) -> VerifyError {
    VerifyError::Local(error.to_string())
}

/// Looks, and tells.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &VerifyArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let looked = actix_rt::System::new().block_on(async {
        // A ledger that is not there is told before anything long begins.
        let ledger = args.ledger.as_deref().map(open).transpose()?;
        if args.offline { offline_look(args, ledger).await } else { live_look(args, ledger).await }
    });
    match looked {
        Ok(answer) => told(&answer, args.server.json, out),
        Err(VerifyError::Client(error)) => refused(&args.server, error, out, talk),
        Err(error) => {
            writeln!(talk, "linepass: {error}")?;
            Ok(Exit::Failed)
        }
    }
}

/// The lines of a ledger, of which there is one at least.
type Lines = Peekable<Box<dyn Iterator<Item = std::result::Result<LedgerLine, LedgerFault>>>>;

/// Opens a ledger. One without an order would pass, and nothing would have been held against the store.
fn open(path: &Path) -> std::result::Result<Lines, VerifyError> {
    let named = |what: &dyn Display| local(format!("--ledger {}: {what}", path.display()));
    let file = File::open(path).map_err(|error| named(&error))?;
    let lines: Box<dyn Iterator<Item = _>> = Box::new(ledger::lines(BufReader::new(file)));
    let mut lines = lines.peekable();
    if let Some(Err(fault)) = lines.next_if(std::result::Result::is_err) {
        return Err(named(&fault));
    }
    if lines.peek().is_none() {
        let nothing = "it has no order, so there is nothing to hold against the store; wanted is a JSON \
                       object on each line, one for each order";
        return Err(named(&nothing));
    }
    Ok(lines)
}

/// Has the server look, and waits for the end.
async fn live_look(
    args: &VerifyArgs,
    ledger: Option<Lines>,
) -> std::result::Result<Value, VerifyError> {
    let client = Client::find(args.server.config.as_deref())?;
    let mut answer = look::wait(&client, "/verify", REASON).await?.ok_or_else(|| {
        local(
            "the look was lost before its end, as when the server is started again; nothing is \
             known of the store: begin again",
        )
    })?;
    add_ledger(&mut answer, &mut Asked(client), ledger, args.ledger_complete).await?;
    Ok(answer)
}

/// Looks at a store that no server has.
async fn offline_look(
    args: &VerifyArgs,
    ledger: Option<Lines>,
) -> std::result::Result<Value, VerifyError> {
    let store = args.store.as_deref().zip(args.master_key_file.as_deref());
    let looked = offline::look(args.server.config.as_deref(), store).map_err(local)?;
    let (store, master) = looked;
    let keys = StoreKeys::read(&store, &master).await.map_err(local)?;
    let keyed = keys.as_ref().map(|keys| keys as &dyn Keyed);
    let mut answer = offline_report(&store, keyed).await;
    let mut at_hand = AtHand { store: &store, keyed };
    add_ledger(&mut answer, &mut Local(&mut at_hand), ledger, args.ledger_complete).await?;
    Ok(answer)
}

/// The report of a store at hand, in the form of the server's.
pub(crate) async fn offline_report(
    store: &dyn crate::store::Store,
    keyed: Option<&dyn Keyed>,
) -> Value {
    let bar = Bar::new();
    let mut note = |progress: Progress| {
        let step = match progress.step {
            Step::Blocks => "blocks",
            Step::Rows => "rows",
            Step::Lines => "lines",
            Step::Index => "index",
            Step::Outbox => "outbox",
        };
        bar.at(step, progress.done, progress.of);
    };
    let options = Options { keyed, ..Options::default() };
    let report = verify::verify(store, options, &mut note).await;
    bar.end();
    let mut answer = json!(report);
    answer["state"] = json!("done");
    answer["whole"] = json!(report.is_whole());
    answer
}

/// Adds what a ledger comes to.
async fn add_ledger<H: Holding<Error = VerifyError>>(
    answer: &mut Value,
    holding: &mut H,
    ledger: Option<Lines>,
    is_complete: bool,
) -> std::result::Result<(), VerifyError> {
    let Some(lines) = ledger else { return Ok(()) };
    let bar = Bar::new();
    let mut note = |done| bar.at("ledger", done, 0);
    let held = ledger::hold(holding, lines, is_complete, &mut note).await;
    bar.end();
    let held: [Invariant; 2] = held?;
    let is_whole = held.iter().all(|invariant| invariant.faults == 0);
    answer["whole"] = json!(answer["whole"] == true && is_whole);
    if let Some(invariants) = answer["invariants"].as_array_mut() {
        invariants.extend(held.iter().map(|invariant| json!(invariant)));
    }
    Ok(())
}

/// A server that is asked.
struct Asked(Client);

#[async_trait::async_trait(?Send)]
impl Holding for Asked {
    type Error = VerifyError;

    async fn check(&mut self, lines: &[LedgerLine]) -> std::result::Result<Held, VerifyError> {
        let body = Some(json!({ "reason": REASON, "lines": lines }));
        let path = "/verify/ledger".to_owned();
        Ok(self.0.ask_as(&Request { method: "POST", path, body }).await?)
    }

    async fn orders(
        &mut self,
        provider: &ProviderId,
        after: Option<&Reference>,
    ) -> std::result::Result<OrderPage, VerifyError> {
        let mut query = vec![("provider", provider.as_str())];
        query.extend(after.map(|after| ("after", after.as_str())));
        let query = serde_urlencoded::to_string(query).map_err(local)?;
        let path = format!("/verify/orders?{query}");
        Ok(self.0.ask_as(&Request { method: "GET", path, body: None }).await?)
    }
}

/// A store at hand.
struct Local<'a, 'b>(&'a mut AtHand<'b>);

#[async_trait::async_trait(?Send)]
impl Holding for Local<'_, '_> {
    type Error = VerifyError;

    async fn check(&mut self, lines: &[LedgerLine]) -> std::result::Result<Held, VerifyError> {
        self.0.check(lines).await.map_err(local)
    }

    async fn orders(
        &mut self,
        provider: &ProviderId,
        after: Option<&Reference>,
    ) -> std::result::Result<OrderPage, VerifyError> {
        self.0.orders(provider, after).await.map_err(local)
    }
}

fn told(answer: &Value, json: bool, out: &mut impl Write) -> Result<Exit> {
    if json {
        writeln!(out, "{answer}")?;
    } else {
        write!(out, "{}", verified(answer))?;
    }
    Ok(if answer["whole"] == true { Exit::Done } else { Exit::Failed })
}

/// A report for people: a line for each invariant, and below it what does not hold.
pub(crate) fn verified(answer: &Value) -> String {
    let number = |value: &Value, field: &str| value[field].as_u64().unwrap_or_default();
    let head = if answer["whole"] == true { "whole" } else { "broken" };
    let counts = format!(
        "{head}: {} blocks, {} lines with {} events, {} snapshots, {} awake lines\n",
        number(answer, "blocks"),
        number(answer, "lines"),
        number(answer, "events"),
        number(answer, "snapshots"),
        number(answer, "awake_lines"),
    );
    let left = answer["not_looked_at"].as_array().into_iter().flatten();
    let head = left.fold(counts, |all, left| {
        let (what, why) = (text(left, "/what"), plain_text(text(left, "/why")));
        format!("{all}  not looked at to the end: {what}: {why}\n")
    });
    let invariants = answer["invariants"].as_array().into_iter().flatten();
    invariants.fold(head, |all, invariant| {
        let (name, what) = (text(invariant, "/name"), text(invariant, "/what"));
        let (checked, faults) = (number(invariant, "checked"), number(invariant, "faults"));
        let stands = if faults == 0 { "holds".to_owned() } else { format!("{faults} faults") };
        let line = format!("  {name:<9} {stands:<10} {checked:>10} looked at: {what}\n");
        let first = invariant["first"].as_array().into_iter().flatten();
        let told = first.clone().filter_map(Value::as_str);
        let told = told.fold(line, |all, fault| format!("{all}    {}\n", plain_text(fault)));
        let left = faults.saturating_sub(first.count() as u64);
        let more = if left > 0 { format!("    and {left} more\n") } else { String::new() };
        all + &told + &more
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_hold_stands_below_its_invariant() {
        let answer = json!({
            "whole": false, "blocks": 3, "lines": 1, "events": 2, "snapshots": 0, "awake_lines": 0,
            "not_looked_at": [{ "what": "cursors", "why": "the engine\u{7}" }],
            "invariants": [
                { "name": "I1", "what": "all is there", "checked": 5, "faults": 0, "first": [] },
                { "name": "I3", "what": "charges fit", "checked": 2, "faults": 12,
                  "first": ["event 4 of CAF0000000001: too \u{1b}[2Jmuch"] },
            ],
        });
        let told = verified(&answer);
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("broken: 3 blocks, 1 lines with 2 events"), "{told}");
        assert!(lines[1].starts_with("  not looked at to the end: cursors: the engine"), "{told}");
        assert!(lines[2].starts_with("  I1        holds"), "{told}");
        assert!(lines[3].starts_with("  I3        12 faults"), "{told}");
        assert!(lines[4].starts_with("    event 4 of CAF0000000001: too"), "{told}");
        assert_eq!(lines[5], "    and 11 more");
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}
