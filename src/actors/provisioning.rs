//! The rows of an import, each made into what it is for its line: opened, updated, unchanged, or
//! refused. Rows of one line are taken in their order, those of others side by side.
//!
//! It is safe to do again: a row that says what stands changes nothing.

use super::{
    LineError, Overload,
    bulk::Bulk,
    change::{Change, Opening, RecordFields, Update, What},
    networks::{Moved, TakenFrom},
    personal,
};
use crate::{
    domain::{
        ids::CustomerId,
        line::{By, Line, Refusal, command::UpdateLine},
        provisioning::{GivenKey, LineRow, RowFault},
    },
    security::{
        PasswordPool, PoolError, Secret,
        password::{NotImportable, check_imported},
    },
    store::{StoreError, record::Personal},
};
use futures_util::{StreamExt, stream};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tokio::sync::Mutex;

/// So many lines are under way at once: enough to fill the committer's groups.
const UNDER_WAY: usize = 256;
/// So often a line is read for a row, where its record is replaced meanwhile.
const READINGS: usize = 8;

/// A row with its place in the file.
pub struct NumberedRow {
    /// The line of the file, from 1.
    pub line: u64,
    /// Its fields by name.
    pub fields: BTreeMap<String, String>,
}

/// What is asked of all rows.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who and why.
    pub by: By,
    /// The request's ID.
    pub request_id: Option<String>,
    /// Tell what would happen and write nothing.
    pub dry_run: bool,
    /// Put another access key in the place of the line's own.
    pub replace_access_keys: bool,
}

/// What became of a row.
pub struct RowAnswer {
    /// The line of the file.
    pub line: u64,
    /// Which line it names, where it can be read.
    pub customer: Option<CustomerId>,
    /// What became of it.
    pub outcome: RowOutcome,
    /// What became of its access key.
    pub access_key: KeyOutcome,
    /// Other lines that lost prefixes by it.
    pub taken: Vec<TakenFrom>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    /// The line was opened.
    Opened,
    /// What differed was set.
    Updated,
    /// It says what stands.
    Unchanged,
    /// A field cannot be taken.
    Malformed(RowFault),
    /// A rule says no.
    Refused(Refusal),
}

/// What became of a row's access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyOutcome {
    /// None was given, or it is the line's own, or whether it is was not asked: the line has signed
    /// in, so that asking would cost a slow hash.
    #[default]
    AsItWas,
    /// Another one was given and the line's own was kept.
    Kept,
    /// Another one took the place of the line's own, and who signed in with that is signed out.
    Replaced,
}

/// Whoever takes rows.
#[derive(Clone)]
pub struct Import {
    bulk: Bulk,
    passwords: PasswordPool,
    /// One slow hash at a time: households wait in the same queue.
    verifying: Arc<Mutex<()>>,
}

impl Import {
    /// Over all lines.
    pub fn new(bulk: Bulk, passwords: PasswordPool) -> Self {
        Self { bulk, passwords, verifying: Arc::default() }
    }

    /// Takes rows; one answer for each, in their order. Where a row meets a server that is too
    /// busy or stops, that is the answer to all: what was made stays made, and the same rows can be
    /// given again.
    pub async fn take(
        &self,
        rows: Vec<NumberedRow>,
        asked: &Asked,
    ) -> Result<Vec<RowAnswer>, Arc<LineError>> {
        let mut answers: Vec<Option<RowAnswer>> = Vec::new();
        let mut groups: Vec<Vec<(usize, u64, LineRow)>> = Vec::new();
        let mut known: HashMap<CustomerId, usize> = HashMap::new();
        for (index, NumberedRow { line, fields }) in rows.into_iter().enumerate() {
            let customer = fields.get("customer_id").and_then(|text| text.trim().parse().ok());
            match LineRow::parse(fields).and_then(with_bearable_hash) {
                Ok(row) => {
                    answers.push(None);
                    let group = *known.entry(row.customer).or_insert(groups.len());
                    if group == groups.len() {
                        groups.push(Vec::new());
                    }
                    groups[group].push((index, line, row));
                }
                Err(fault) => {
                    let outcome = RowOutcome::Malformed(fault);
                    let (access_key, taken) = (KeyOutcome::AsItWas, Vec::new());
                    answers.push(Some(RowAnswer { line, customer, outcome, access_key, taken }));
                }
            }
        }
        let made = stream::iter(groups).map(|group| self.take_group(group, asked));
        let mut made = made.buffer_unordered(UNDER_WAY);
        let mut failed = None;
        while let Some(group) = made.next().await {
            match group {
                Ok(group) => {
                    for (index, answer) in group {
                        answers[index] = Some(answer);
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or_else(|| Ok(answers.into_iter().flatten().collect()), Err)
    }

    /// Rows of one line, one after the other.
    async fn take_group(
        &self,
        rows: Vec<(usize, u64, LineRow)>,
        asked: &Asked,
    ) -> Result<Vec<(usize, RowAnswer)>, Arc<LineError>> {
        let mut answers = Vec::with_capacity(rows.len());
        for (index, line, row) in rows {
            let customer = Some(row.customer);
            let (outcome, access_key, taken) = match self.take_row(row, asked).await {
                Ok((outcome, key, taken)) => (outcome, key, taken),
                Err(error) => match &*error {
                    LineError::Refused(refusal) => {
                        let refused = RowOutcome::Refused(refusal.clone());
                        (refused, KeyOutcome::AsItWas, Vec::new())
                    }
                    _ => return Err(error),
                },
            };
            answers.push((index, RowAnswer { line, customer, outcome, access_key, taken }));
        }
        Ok(answers)
    }

    async fn take_row(
        &self,
        row: LineRow,
        asked: &Asked,
    ) -> Result<(RowOutcome, KeyOutcome, Vec<TakenFrom>), Arc<LineError>> {
        for _ in 0..READINGS {
            let taken = match self.bulk.read(row.customer).await?.0 {
                None => self.open(&row, asked).await,
                Some(line) => self.update(&row, &line, asked).await,
            };
            // Read again: what somebody recorded meanwhile stays.
            let changed =
                |e: &Arc<LineError>| matches!(**e, LineError::Refused(Refusal::RecordChanged));
            if !taken.as_ref().err().is_some_and(changed) {
                return taken;
            }
        }
        Err(Arc::new(LineError::Busy(Overload::Contention)))
    }

    async fn open(
        &self,
        row: &LineRow,
        asked: &Asked,
    ) -> Result<(RowOutcome, KeyOutcome, Vec<TakenFrom>), Arc<LineError>> {
        let (needed, key) = match (row.needed_to_open(), &row.access_key) {
            (Ok(needed), Some(key)) => (needed, key),
            (Err(fault), _) => {
                return Ok((RowOutcome::Malformed(fault), KeyOutcome::AsItWas, Vec::new()));
            }
            (Ok(_), None) => {
                let fault = RowFault::new("access_key", "must be given for a new line");
                return Ok((RowOutcome::Malformed(fault), KeyOutcome::AsItWas, Vec::new()));
            }
        };
        let opening = Opening {
            service: needed.service,
            line_limit: needed.line_limit,
            billing: row.billing.unwrap_or_default(),
            networks: row.networks.clone().unwrap_or_default(),
            record: row.record.clone(),
            access_key_hash: self.hash(key),
        };
        let moved = self.make(row.customer, What::Open(Box::new(opening)), asked).await?;
        Ok((RowOutcome::Opened, KeyOutcome::AsItWas, moved.taken))
    }

    async fn update(
        &self,
        row: &LineRow,
        line: &Line,
        asked: &Asked,
    ) -> Result<(RowOutcome, KeyOutcome, Vec<TakenFrom>), Arc<LineError>> {
        if line.ended.is_some() {
            return Err(Arc::new(LineError::Refused(Refusal::LineEnded)));
        }
        let record = self.record(line).await?;
        let differences = row.differences(line, &record);
        let access_key = self.key_outcome(row, line, asked).await?;
        let replaced = access_key == KeyOutcome::Replaced;
        let key = row.access_key.as_ref().filter(|_| replaced);
        let update = Update {
            plain: UpdateLine {
                service: row.service,
                billing: differences.billing,
                line_limit: differences.line_limit,
                networks: differences.networks,
                ..UpdateLine::default()
            },
            record: differences
                .record
                .map(|fields| RecordFields { fields, made_from: line.rows.record }),
            access_key_hash: key.map(|key| self.hash(key)),
        };
        let moved = self.make(row.customer, What::Update(Box::new(update)), asked).await?;
        let unchanged = moved.done.entry.events.is_empty();
        let outcome = if unchanged { RowOutcome::Unchanged } else { RowOutcome::Updated };
        Ok((outcome, access_key, moved.taken))
    }

    async fn make(
        &self,
        customer: CustomerId,
        what: What,
        asked: &Asked,
    ) -> Result<Moved, Arc<LineError>> {
        let (by, request_id) = (asked.by.clone(), asked.request_id.clone());
        let change = Change { what, by, source: None, request_id };
        if asked.dry_run {
            return self.bulk.rehearse_taking(customer, &change).await;
        }
        self.bulk.make_taking(customer, &change).await
    }

    /// What is kept of a given access key: of the key itself a keyed hash, which takes some
    /// microseconds; its first sign-in makes an Argon2id hash of it.
    fn hash(&self, key: &GivenKey) -> String {
        match key {
            GivenKey::Plain(plain) => self.passwords.import_key().hash(&Secret::from(&**plain)),
            GivenKey::Hash(hash) => hash.clone(),
        }
    }

    async fn record(&self, line: &Line) -> Result<BTreeMap<String, String>, Arc<LineError>> {
        let row = self.personal(line, line.rows.record).await?;
        match row {
            Personal::LineRecord { fields } => Ok(fields),
            _ => Err(of_another_kind(line)),
        }
    }

    async fn personal(
        &self,
        line: &Line,
        row: crate::domain::line::RowRef,
    ) -> Result<Personal, Arc<LineError>> {
        let store = self.bulk.services.store.as_ref();
        let row = personal::committed(store, line.customer, row).await;
        row.map(|row| row.data).map_err(|error| Arc::new(LineError::Store(error)))
    }

    /// Whether another access key is given, and what is done with it. A key that was signed in with
    /// is compared only where it may be replaced: that costs a slow hash.
    async fn key_outcome(
        &self,
        row: &LineRow,
        line: &Line,
        asked: &Asked,
    ) -> Result<KeyOutcome, Arc<LineError>> {
        let Some(given) = &row.access_key else { return Ok(KeyOutcome::AsItWas) };
        let Personal::AccessKey { hash } = self.personal(line, line.rows.access_key).await? else {
            return Err(of_another_kind(line));
        };
        let same = match given {
            GivenKey::Hash(given) => *given == hash,
            GivenKey::Plain(plain) => {
                let plain = Secret::from(&**plain);
                match self.passwords.import_key().matches(&plain, &hash) {
                    Some(same) => same,
                    None if !asked.replace_access_keys => true,
                    None => self.verify(plain, hash).await?,
                }
            }
        };
        Ok(match (same, asked.replace_access_keys) {
            (true, _) => KeyOutcome::AsItWas,
            (false, false) => KeyOutcome::Kept,
            (false, true) => KeyOutcome::Replaced,
        })
    }

    async fn verify(&self, plain: Secret, hash: String) -> Result<bool, Arc<LineError>> {
        let _turn = self.verifying.lock().await;
        match self.passwords.verify(plain, Some(hash)).await {
            Ok(verdict) => Ok(verdict.matches),
            Err(PoolError::Overloaded) => Err(Arc::new(LineError::Busy(Overload::Requests))),
            Err(PoolError::Stopped) => Err(Arc::new(LineError::Stopping)),
        }
    }
}

fn with_bearable_hash(row: LineRow) -> Result<LineRow, RowFault> {
    let checked = match &row.access_key {
        Some(GivenKey::Hash(hash)) => check_imported(hash),
        _ => Ok(()),
    };
    let fault = |error: NotImportable| RowFault::new("access_key_hash", error.to_string());
    checked.map_err(fault).map(|()| row)
}

fn of_another_kind(line: &Line) -> Arc<LineError> {
    let place = format!("personal rows of {}", line.customer);
    Arc::new(LineError::Store(StoreError::damaged(place, "they are of another kind")))
}
