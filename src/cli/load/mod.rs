//! `linepass load`: from the arguments to the files of the report.
//!
//! | file | what |
//! |---|---|
//! | [`args`] | the arguments |
//! | [`ledger`] | where its orders are written down, and their lines again in the end |
//! | [`hint`] | what to do where the server is spoken to otherwise than it speaks |
//! | [`live`] | the line on a terminal while it goes on |
//! | [`stop`] | the signals that end it early |
//! | [`verify`] | the end of every run |
//! | [`told`] | what is printed at the end |

pub mod args;
mod hint;
mod ledger;
pub mod live;
mod stop;
pub mod told;
pub mod verify;

use super::{exit::Exit, folder::MadeFolder};
use crate::{
    clock::Clock,
    domain::line::portal::MOST_SESSIONS,
    load::{
        credentials::{Credentials, Origin, ServiceKind},
        host::{Host, Process},
        http::Connection,
        reconcile::reconcile,
        result::{Around, Config, Results, Verdict, Verification},
        run::{Audience, Plan, Run, RunError, Shape},
        scenario::Scenario,
        target::{Target, Trust, is_loopback},
        world::{Options, World},
    },
    security::random,
    text::format::instant_rfc3339,
};
use args::{Ladder, LoadArgs};
use live::Live;
use serde_json::Value;
use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
    time::Instant,
};
use verify::{OperatorApi, Verifier};

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    /// An argument, or what it names, cannot be used.
    #[error("{0}")]
    Usage(String),
    /// The server turns requests away, for now.
    #[error("{0}")]
    Busy(String),
    /// What is to be made cannot be; of what is there already nothing is written over.
    #[error("{what}")]
    Unmade {
        /// The argument, why not, and what is wanted.
        what: String,
        /// What stands in the way.
        kind: io::ErrorKind,
    },
    /// The run ended before it had anything to tell.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file cannot be written.
    #[error("{0}")]
    File(String),
}

impl LoadError {
    fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Unmade { kind, .. } => Exit::of_unmade(*kind),
            Self::Busy(_) | Self::Run(_) | Self::File(_) => Exit::Failed,
        }
    }
}

/// Does what the arguments ask for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &LoadArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<Exit> {
    if let Some(doubt) = args.doubt() {
        writeln!(talk, "linepass: {doubt}")?;
    }
    match actix_rt::System::new().block_on(load(args)) {
        Ok(Loaded { results, written }) => {
            if args.json {
                serde_json::to_writer(&mut *out, &results)?;
                writeln!(out)?;
            } else {
                let folder = args.out.as_deref().filter(|_| written.is_ok());
                write!(out, "{}", told::summary(&results, folder))?;
            }
            if let Err(error) = written {
                writeln!(talk, "linepass: {error}")?;
                return Ok(error.exit());
            }
            Ok(match results.verdict {
                Verdict::Failed => Exit::Failed,
                _ if results.is_cut_short => Exit::Interrupted,
                _ => Exit::Done,
            })
        }
        Err(error) => {
            writeln!(talk, "linepass: {error}")?;
            Ok(error.exit())
        }
    }
}

/// What a run came to.
struct Loaded {
    results: Results,
    /// Whether its files are there.
    written: Result<(), LoadError>,
}

async fn load(args: &LoadArgs) -> Result<Loaded, LoadError> {
    if let Some(what) = args.contradiction() {
        return Err(LoadError::Usage(what));
    }
    let began_at = instant_rfc3339(Clock::host().now().micros());
    let host = Host::look();
    let plan = plan(args);
    let server = args.server_pid.map(Process::find).transpose().map_err(LoadError::Usage)?;
    let credentials = credentials(args)?;
    let verifier = verifier(args, credentials.origin).await?;
    let interrupted = stop::interrupted()
        .map_err(|error| LoadError::File(format!("signals cannot be listened to: {error}")))?;
    let (world, folder) = world(args, &plan, credentials).await?;
    let live = Live::new();
    let began = Instant::now();
    let over = Run::new(&world, &plan, &live, server, interrupted).go().await;
    live.end();
    let over = over.inspect_err(|_| drop(world.ledger.borrow_mut().finish()));
    if over.is_err() && world.ledger.borrow().is_empty() {
        // Nobody was asked to buy anything, so the same command may be given again.
        ledger::forget(args);
    } else {
        folder.into_iter().for_each(MadeFolder::keep);
    }
    let over = over?;
    let reconciliation = match args.reconcile {
        0 => None,
        _ => Some(reconcile(&world, &|done, of| live.checking("asking again", done, of)).await),
    };
    let finished = world.ledger.borrow_mut().finish();
    // Whatever became of the ledger, the store is looked at and what was measured is told.
    let kept = finished.map_err(|error| error.to_string());
    let (lines, unkept_ledger) = match kept.and_then(|()| ledger::lines(args, &world)) {
        Ok(lines) => (lines, None),
        Err(what) => (ledger::drawn(&world), Some(what)),
    };
    let verification = match &verifier {
        Some(verifier) => verifier.verify(lines, &live).await,
        None => Verification::Skipped,
    };
    live.end();
    let around = Around {
        config: config(args, &plan, &world),
        host,
        began_at,
        took_s: began.elapsed().as_secs_f64(),
        verification,
        unkept_ledger,
        reconciliation,
    };
    let recorder = world.recorder.borrow();
    let results = Results::of(&over, &recorder, around);
    let written = args.out.as_deref().map_or(Ok(()), |folder| {
        told::write_files(folder, &results, &recorder).map_err(LoadError::File)
    });
    Ok(Loaded { results, written })
}

fn plan(args: &LoadArgs) -> Plan {
    let shape = match (args.rate, args.ramp, &args.ladder, args.clients) {
        (Some(per_s), ..) => Shape::Rate { per_s },
        (_, Some((from_per_s, to_per_s)), ..) => Shape::Ramp { from_per_s, to_per_s },
        (_, _, Some(Ladder(percents)), _) => {
            Shape::Ladder { percents: percents.clone(), capacity_per_s: args.capacity }
        }
        (.., clients) => Shape::Clients { count: clients.unwrap_or(1).into() },
    };
    Plan {
        mix: Rc::new(args.scenario.clone()),
        shape,
        spacing: args.spacing(),
        warmup: args.warmup,
        duration: args.duration,
        connections: args.connections().into(),
        sources: args.sources,
        prepare: args.prepared().into(),
        sessions: args.sessions().into(),
        seed: args.seed,
    }
}

fn config(args: &LoadArgs, plan: &Plan, world: &World) -> Config {
    Config {
        url: args.url.as_str().trim_end_matches('/').to_owned(),
        issuer: world.target.origin.clone(),
        credentials: args.credentials.display().to_string(),
        lines: world.credentials.len(),
        zipf_exponent: args.lines_zipf,
        timeout_s: args.timeout.as_secs_f64(),
        retry: args.retry,
        attacks: args.attacks(),
        ..Config::of_plan(plan)
    }
}

/// Who is asked at the end. That is found out at the beginning: nobody learns after hours of load that
/// it cannot be verified.
async fn verifier(args: &LoadArgs, origin: Origin) -> Result<Option<OperatorApi>, LoadError> {
    if args.no_verify {
        return Ok(None);
    }
    let refused = |what: String| {
        LoadError::Usage(format!(
            "a run ends with verify, which asks the operator API of the server under test: {what}. \
             --no-verify leaves it out, and the report says so"
        ))
    };
    let api =
        OperatorApi::find(args.config.as_deref()).map_err(|error| refused(error.to_string()))?;
    api.is_there().await.map_err(refused)?;
    api.has_store_of(origin).await.map_err(refused)?;
    Ok(Some(api))
}

fn credentials(args: &LoadArgs) -> Result<Credentials, LoadError> {
    let credentials = Credentials::read(&args.credentials, args.lines.map(|lines| lines as usize));
    let credentials = credentials.map_err(|error| LoadError::Usage(error.to_string()))?;
    let there = credentials.len();
    if let Some(asked) = args.lines.filter(|asked| *asked as usize > there) {
        return Err(LoadError::Usage(format!(
            "--lines: {asked} are more than can be used of the credentials; allowed are 1 to {there}"
        )));
    }
    Ok(credentials)
}

async fn world(
    args: &LoadArgs,
    plan: &Plan,
    credentials: Credentials,
) -> Result<(Rc<World>, Option<MadeFolder>), LoadError> {
    let target = target(args).await?;
    sells(&credentials, plan)?;
    let (ledger, folder) = ledger::open(args)?;
    let options = Options {
        timeout: args.timeout,
        retry: args.retry,
        attacks: args.attacks(),
        sessions_per_line: MOST_SESSIONS as u64,
        seed: args.seed,
    };
    let tag = format!("load-{}", random::token(6));
    let ledger = Rc::new(RefCell::new(ledger));
    let world = World::new(Rc::new(target), credentials, options, ledger, (tag, args.lines_zipf));
    Ok((Rc::new(world), folder))
}

/// Whether the providers have what the scenarios buy.
fn sells(credentials: &Credentials, plan: &Plan) -> Result<(), LoadError> {
    for (scenario, kind, what) in [
        (Scenario::Purchase, ServiceKind::PerUse, "per-use"),
        (Scenario::Press, ServiceKind::PerUse, "per-use"),
        (Scenario::Cancellation, ServiceKind::Monthly, "monthly"),
    ] {
        if plan.mix.has(scenario) && !credentials.sell(kind) {
            return Err(LoadError::Usage(format!(
                "--scenario {scenario}: no provider of the credentials has a {what} service"
            )));
        }
    }
    Ok(())
}

/// Finds the server, and learns by which name it knows itself.
async fn target(args: &LoadArgs) -> Result<Target, LoadError> {
    let is_here = is_loopback(&args.url);
    if !is_here && !args.i_own_this_host {
        return Err(LoadError::Usage(
            "--url: this is not loopback; a load test is an attack on whoever did not ask for it. \
             --i-own-this-host says that it is yours"
                .to_owned(),
        ));
    }
    let trust = match (&args.ca, args.insecure_ca) {
        (Some(file), _) => Trust::File(file.clone()),
        (None, true) if is_here => Trust::Anybody,
        (None, true) => {
            let what = "--insecure-ca: allowed for loopback only; --ca FILE names the authority";
            return Err(LoadError::Usage(what.to_owned()));
        }
        (None, false) => Trust::System,
    };
    if args.sources > 1 && !is_here {
        let what = "--sources: more than 1 is allowed for loopback only";
        return Err(LoadError::Usage(what.to_owned()));
    }
    let mut target = Target::find(&args.url, &trust).map_err(LoadError::Usage)?;
    target.origin =
        issuer(args, Target::find(&args.url, &trust).map_err(LoadError::Usage)?).await?;
    Ok(target)
}

async fn issuer(args: &LoadArgs, target: Target) -> Result<String, LoadError> {
    let refused = |what: String| LoadError::Usage(format!("--url {}: {what}", args.url));
    let mut connection = Connection::new(Rc::new(target), None, args.timeout);
    let answer = connection.send(&hint::DISCOVERY).await;
    if answer.as_ref().is_ok_and(|answer| answer.status == 503) {
        return Err(LoadError::Busy(format!(
            "--url {}: 503: it turns requests away now (busy or in maintenance); try again",
            args.url
        )));
    }
    let hint = match &answer {
        Ok(answer) if answer.status == 200 => String::new(),
        _ => hint::of(&args.url, args.ca.as_deref(), answer.as_ref().err()).await,
    };
    let answer = answer.map_err(|broken| {
        refused(match hint.as_str() {
            "" => format!("no answer: {broken}; wanted is the address of a server that runs"),
            hint => format!("no answer: {broken}; {hint}"),
        })
    })?;
    let body: Value = serde_json::from_slice(connection.body()).unwrap_or_default();
    let issuer = body["issuer"].as_str().filter(|_| answer.status == 200);
    let issuer = issuer.ok_or_else(|| {
        let hint = if hint.is_empty() { hint } else { format!("; {hint}") };
        refused(format!("{} answers, and it is no Linepass{hint}", answer.status))
    })?;
    Ok(issuer.to_owned())
}
