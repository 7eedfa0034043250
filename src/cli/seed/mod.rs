//! `linepass seed`: fills a store with made-up lines and purchases, while no server has it.

pub mod args;

use super::{Exit, offline::quiet_panics, printed::note_change, progress::Bar};
use crate::{
    app::seed::{SeedError, Seeded, groups::Step, seed},
    config::{Config, ConfigErrors, process_environment},
};
use args::SeedArgs;
use std::{
    io::{Result, Write},
    time::Instant,
};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    #[error(transparent)]
    Seed(#[from] SeedError),
}

impl Refused {
    fn exit(&self) -> Exit {
        match self {
            Self::Seed(error) if error.is_refusal() => Exit::Refused,
            Self::Seed(error) => error.unmade().map_or(Exit::Failed, Exit::of_unmade),
            Self::Config(_) => Exit::Failed,
        }
    }
}

/// Does it.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &SeedArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    quiet_panics();
    let began = Instant::now();
    let bar = Bar::with_rate();
    let filled = actix_rt::System::new().block_on(fill(args, &bar));
    bar.end();
    match filled {
        Ok(seeded) if args.json => {
            writeln!(out, "{}", serde_json::json!(seeded))?;
            Ok(Exit::Done)
        }
        Ok(seeded) => {
            write!(out, "{}", told(&seeded, args, began.elapsed().as_secs_f64()))?;
            Ok(Exit::Done)
        }
        Err(error) => {
            writeln!(talk, "linepass: {error}")?;
            Ok(error.exit())
        }
    }
}

async fn fill(args: &SeedArgs, bar: &Bar) -> std::result::Result<Seeded, Refused> {
    let config = Config::load(args.config.as_deref(), process_environment())?;
    let mut told = |step: Step, done, of| {
        note_change();
        bar.at(step.name(), done, of);
    };
    Ok(seed(&config, args.data(&config), args.credentials.as_deref(), &mut told).await?)
}

fn told(seeded: &Seeded, args: &SeedArgs, took_s: f64) -> String {
    let Seeded { data, passport_ids, found_lines } = seeded;
    let file = args.credentials.as_deref();
    let file = file.map(|path| format!("credentials: {}\n", path.display())).unwrap_or_default();
    format!(
        "synthetic data: {} lines ({found_lines} were there before), {passport_ids} passport IDs, \
         {} purchases, in {took_s:.1} s\nmade from {data}\n{file}",
        data.lines, data.purchases,
    )
}
