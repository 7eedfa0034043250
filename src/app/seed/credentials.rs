//! The file of credentials: JSON Lines, for its owner alone, there whole or not at all. While it is
//! written it has the name with `.unfinished`; what a killed run left there the next one replaces.
//!
//! The first line says what the data were made from, then comes one line for each provider, then
//! one for each access line in the order of customer IDs.

use super::{
    SeedError,
    plan::{LinePlan, LineState, Plan},
    providers::{ProviderPlan, REDIRECT_URI},
    secrets::Secrets,
};
use crate::{
    domain::{
        line::LineService,
        registration::{ServiceEntry, ServiceKind},
        synthetic::SyntheticData,
    },
    security::random,
};
use rustix::io::Errno;
use serde::Serialize;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Row<'a> {
    Seed(&'a SyntheticData),
    Provider {
        client_id: &'a str,
        client_secret: &'a str,
        redirect_uri: &'a str,
        services: Vec<ServiceRow<'a>>,
    },
    Line {
        customer_id: &'a str,
        access_key: &'a str,
        service: LineService,
        network: String,
        state: LineState,
        line_limit_yen: u64,
        passport_ids: Vec<PassportRow<'a>>,
    },
}

#[derive(Serialize)]
struct ServiceRow<'a> {
    service: &'a str,
    name: &'a str,
    kind: ServiceKind,
    unit_price: Option<u64>,
}

#[derive(Serialize)]
struct PassportRow<'a> {
    passport_id: &'a str,
    password: &'a str,
    line_authentication: bool,
    limit_yen: u64,
}

/// What stands in the way of a file of this name, before anything is done.
///
/// # Errors
/// There is one, none can be made, or it could not be given its name once it is whole.
pub fn look(path: &Path) -> Result<(), SeedError> {
    look_by(path, |from, to| fs::hard_link(from, to))
}

fn look_by(
    path: &Path,
    link: impl FnOnce(&Path, &Path) -> io::Result<()>,
) -> Result<(), SeedError> {
    let no_place = |source| SeedError::NoPlace { path: path.to_owned(), source };
    if path.file_name().is_none() {
        return Err(no_place(io::Error::new(io::ErrorKind::InvalidInput, "that names no file")));
    }
    if path.symlink_metadata().is_ok() {
        return Err(SeedError::CredentialsExist(path.to_owned()));
    }
    // Whether a file can be made there and be given a name is seen by doing so, under names that nobody
    // ever had: whatever else is there is somebody else's, and stays.
    let drawn = || with_ending(path, &format!(".{}", random::token(DRAWN_BYTES)));
    let (own, other) = (drawn(), drawn());
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&own).map_err(no_place)?;
    let linked = link(&own, &other);
    let removed = if linked.is_ok() { remove(&other) } else { Ok(()) };
    let removed = removed.and(remove(&own));
    linked.map_err(|source| {
        if is_without_links(&source) {
            SeedError::NoLinks { path: path.to_owned(), source }
        } else {
            no_place(source)
        }
    })?;
    removed.map_err(no_place)
}

/// So many random bytes are in a name that nobody ever had; with it the name is no shorter than the one
/// of the unfinished file, so that one that is too long is told here.
const DRAWN_BYTES: usize = 8;

/// Whether a link of a file of our own failed because the file system there makes none (link(2)); a full
/// disk, say, is another matter.
fn is_without_links(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| [Errno::PERM, Errno::OPNOTSUPP, Errno::NOTSUP].contains(&errno))
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// The name that the file has while it is written, always the same.
fn unfinished(path: &Path) -> PathBuf {
    with_ending(path, ".unfinished")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Writes the file. Where there is one of this name already, it stays as it is.
///
/// # Errors
/// The system did not keep it, or there is one; nothing is left of the new one.
pub fn write(
    path: &Path,
    plan: &Plan,
    secrets: &Secrets,
    told: &mut dyn FnMut(u64),
) -> io::Result<()> {
    let sibling = unfinished(path);
    // Made anew, for its owner alone whatever the mode of one that is there.
    remove(&sibling)?;
    let options = OpenOptions::new().write(true).create_new(true).mode(0o600).clone();
    let written = options.open(&sibling).and_then(|file| {
        rows(&file, plan, secrets, told)?;
        file.sync_all()?;
        // A link never takes the place of a file that is there.
        fs::hard_link(&sibling, path)
    });
    written.and(remove(&sibling))?;
    File::open(folder_of(path))?.sync_all()
}

fn rows(file: &File, plan: &Plan, secrets: &Secrets, told: &mut dyn FnMut(u64)) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    put(&mut out, &Row::Seed(&plan.data))?;
    for provider in ProviderPlan::all() {
        let client_secret = provider.secret(plan.data.seed);
        put(
            &mut out,
            &Row::Provider {
                client_id: provider.id.as_str(),
                client_secret: client_secret.expose(),
                redirect_uri: REDIRECT_URI,
                services: provider.services.iter().map(service_row).collect(),
            },
        )?;
    }
    for index in 0..plan.data.lines {
        put(&mut out, &row(&plan.line(index), secrets))?;
        if (index + 1).is_multiple_of(1_000) {
            told(index + 1);
        }
    }
    out.flush()
}

fn service_row(entry: &ServiceEntry) -> ServiceRow<'_> {
    let ServiceEntry { service, name, kind, unit_price_yen, .. } = entry;
    ServiceRow { service, name, kind: *kind, unit_price: *unit_price_yen }
}

fn row<'a>(line: &'a LinePlan, secrets: &'a Secrets) -> Row<'a> {
    let limit = |number| line.changed_limit.filter(|_| number == 0).unwrap_or(line.passport_limit);
    let passports = line.passports.iter().enumerate();
    Row::Line {
        customer_id: line.customer.as_str(),
        access_key: secrets.access_key(line.access_key).plain.expose(),
        service: line.service,
        network: line.network.to_string(),
        state: line.state,
        line_limit_yen: line.line_limit.get(),
        passport_ids: passports
            .map(|(number, passport)| PassportRow {
                passport_id: &passport.name,
                password: secrets.password(passport.password).plain.expose(),
                line_authentication: passport.line_authentication,
                limit_yen: limit(number).get(),
            })
            .collect(),
    }
}

fn put(out: &mut impl Write, row: &Row<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<std::ffi::OsString> {
        let entries = fs::read_dir(folder).expect("reads");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("reads").file_name()).collect();
        names.sort();
        names
    }

    /// As vfat answers.
    fn no_links(_: &Path, _: &Path) -> io::Result<()> {
        Err(Errno::PERM.into())
    }

    #[test]
    fn a_file_system_without_hard_links_is_told_before_anything_is_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("credentials.jsonl");
        // With and without what others left, which is not touched: what a killed run left there is
        // replaced by the run that writes.
        for left in [&[][..], &["credentials.jsonl.link", "credentials.jsonl.unfinished"]] {
            for name in left {
                fs::write(folder.path().join(name), name).expect("writes");
            }
            look(&path).expect("here is room for it");
            assert_eq!(names(folder.path()), left);
            for name in left {
                let found = fs::read_to_string(folder.path().join(name)).expect("reads");
                assert_eq!(found, *name);
            }
            let refused = look_by(&path, no_links).expect_err("it could not have its name");
            let said = refused.to_string();
            assert!(refused.is_refusal() && said.contains("hard links"), "{said}");
            assert!(
                said.contains("credentials.jsonl") && said.contains("Nothing was done"),
                "{said}"
            );
            assert_eq!(names(folder.path()), left);
        }
    }

    #[test]
    fn a_link_that_fails_for_another_reason_is_told_as_what_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("credentials.jsonl");
        for (errno, is_without) in [
            (Errno::PERM, true),
            (Errno::OPNOTSUPP, true),
            (Errno::NOSPC, false),
            (Errno::ACCESS, false),
            (Errno::DQUOT, false),
            (Errno::EXIST, false),
        ] {
            let refused = look_by(&path, |_, _| Err(errno.into())).expect_err("it has no name");
            let said = refused.to_string();
            assert_eq!(matches!(refused, SeedError::NoLinks { .. }), is_without, "{said}");
            assert_eq!(matches!(refused, SeedError::NoPlace { .. }), !is_without, "{said}");
            assert_eq!(said.contains("hard links"), is_without, "{said}");
            assert!(said.contains(&io::Error::from(errno).to_string()), "{said}");
            assert!(names(folder.path()).is_empty(), "{said}");
        }
    }
}
