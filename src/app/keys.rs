//! The master key and the key ring. The ring's keys stand wrapped in the store; the master key
//! that opens them never does, so a stolen store forges nothing.

use crate::{
    actors::{
        committer::Committer,
        receipts::{read_system, system_batch},
    },
    app::AppError,
    clock::Clock,
    config::KeysConfig,
    domain::system::SystemEvent,
    security::{KeyRecord, KeyRing, MasterKey, OperatorToken},
    store::{Outcome, Put, Store, StoreError, record},
};
use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// The master key from the configuration, or from its file, which is made at the first start.
pub fn master_key(keys: &KeysConfig) -> Result<MasterKey, AppError> {
    if let Some(bytes) = keys.master_key.bytes() {
        return Ok(MasterKey::from_base64(&Zeroizing::new(STANDARD.encode(bytes)))?);
    }
    make_folder_of(&keys.master_key_file)?;
    Ok(MasterKey::load_or_create(&keys.master_key_file)?)
}

/// The operator's token, of which only a hash is kept; its file is made at the first start.
pub fn operator_token(file: &Path) -> Result<OperatorToken, AppError> {
    make_folder_of(file)?;
    Ok(OperatorToken::load_or_create(file)?)
}

/// The file's folder, for its owner alone, where it is not there yet.
fn make_folder_of(file: &Path) -> Result<(), AppError> {
    use std::os::unix::fs::DirBuilderExt;
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    Ok(std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?)
}

/// The key ring; at the first start its keys are made and committed.
pub async fn ring(
    store: &dyn Store,
    committer: &Committer,
    master: &MasterKey,
    clock: &Clock,
) -> Result<KeyRing, AppError> {
    let mut records = Vec::new();
    for body in store.keys().await? {
        records.push(record::from_json::<KeyRecord>("a key's row", &body)?);
    }
    if records.is_empty() {
        records = KeyRing::generate(master, clock.now().seconds())?;
        keep(store, committer, clock, &records).await?;
    }
    Ok(KeyRing::open(master, &records)?)
}

async fn keep(
    store: &dyn Store,
    committer: &Committer,
    clock: &Clock,
    records: &[KeyRecord],
) -> Result<(), AppError> {
    let (_, seq) = read_system(store).await?;
    let made = |record: &KeyRecord| SystemEvent::KeyMade { kid: record.kid.clone() };
    let mut batch = system_batch(seq, clock.now(), records.iter().map(made).collect());
    for record in records {
        let body = crate::store::record::to_json(record);
        batch.put.push(Put::Key { kid: record.kid.clone(), record: body });
    }
    match committer.commit(batch).await {
        Ok(Outcome::Committed { .. }) => Ok(()),
        Ok(Outcome::Refused(_)) => Err(StoreError::Damaged {
            place: "the system stream".into(),
            what: "another process writes it".into(),
        }
        .into()),
        Err(error) => Err(StoreError::Engine(error.to_string()).into()),
    }
}
