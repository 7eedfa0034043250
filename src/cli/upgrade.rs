//! `linepass upgrade`: makes a store ready for this version, while no server has it.

use super::{
    args::UpgradeArgs,
    exit::Exit,
    offline::{self, OfflineError},
    printed::note_change,
    progress::Bar,
};
use crate::{
    app::upgrade::{self, Findings, UpgradeError},
    clock::Clock,
    domain::line::FOLD_VERSION,
    store::{Store, record},
};
use serde_json::json;
use std::io::{Result, Write};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Offline(#[from] OfflineError),
    #[error(transparent)]
    Upgrade(#[from] UpgradeError),
}

/// Does it.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &UpgradeArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    match actix_rt::System::new().block_on(upgrade(args)) {
        Ok(findings) => {
            let (dropped, dry_run) = (findings.foreign.len(), args.dry_run);
            if args.json {
                let mut told = json!(findings);
                told["dry_run"] = json!(dry_run);
                told["snapshots_dropped"] = json!(dropped);
                told["receipts_indexed"] = json!(findings.not_indexed);
                told["row_version"] = json!(record::VERSION);
                told["fold_version"] = json!(FOLD_VERSION);
                writeln!(out, "{told}")?;
            } else {
                write!(out, "{}", told(&findings, dry_run))?;
            }
            Ok(Exit::Done)
        }
        Err(error) => {
            writeln!(talk, "linepass: {error}")?;
            Ok(Exit::Failed)
        }
    }
}

/// First the look, which writes nothing; a store that this version does not know is left as it is.
async fn upgrade(args: &UpgradeArgs) -> std::result::Result<Findings, Refused> {
    let store = offline::open_to_look(args.config.as_deref(), None)?;
    let findings = upgrade::look(&store).await?;
    if args.dry_run {
        return Ok(findings);
    }
    // What a server's start does: the head and the last blocks are checked.
    store.begin_use().await.map_err(OfflineError::from)?;
    let bar = Bar::new();
    let of = findings.foreign.len() as u64;
    let mut told = |gone| bar.at("snapshots", gone, of);
    let at = Clock::host().now();
    let dropped = upgrade::drop_foreign(&store, &findings.foreign, at, &mut told).await;
    bar.end();
    dropped?;
    if findings.not_indexed > 0 {
        let bar = Bar::new();
        let mut told = |added| bar.at("receipts", added, findings.not_indexed);
        let indexed = upgrade::index_receipts(&store, at, &mut told).await;
        bar.end();
        indexed?;
    }
    store.close().await.map_err(UpgradeError::from)?;
    note_change();
    Ok(findings)
}

fn told(findings: &Findings, dry_run: bool) -> String {
    let Findings { rows, blocks, events, personal_rows, snapshots, foreign, not_indexed } =
        findings;
    let head = if dry_run { "Nothing was changed; it would be:\n" } else { "" };
    let goes = if dry_run { "would go" } else { "gone" };
    let added = if dry_run { "would be added" } else { "added" };
    format!(
        "{head}read {rows} rows, all of a version that this program knows ({}): {blocks} blocks, \
         {events} events, {personal_rows} personal rows\nsnapshots of another version of the fold: \
         {} {goes}, {snapshots} stay; they are made anew as lines are used\nrows by which receipts \
         are found: {not_indexed} {added}\nready for linepass serve\n",
        record::VERSION,
        foreign.len(),
    )
}
