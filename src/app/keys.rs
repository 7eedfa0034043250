//! The master key and the key ring. The ring's keys stand wrapped in the store; the master key
//! that opens them never does, so a stolen store forges nothing.

use crate::{
    actors::{
        committer::Committer,
        keys::{self as stored, KeptFor, KeyKeeper},
        operators::Operators,
        system::SystemStream,
    },
    app::AppError,
    clock::Clock,
    config::{Config, FlowConfig, KeysConfig, OperatorConfig, PortalConfig},
    security::{KeyRing, MasterKey, OperatorToken},
    store::{Store, StoreError},
    web::provider::discovery::JWKS_MAX_AGE_S,
};
use std::{path::Path, sync::Arc};

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

/// Who may use the operator API. The first token's file is made at the first start; of each token
/// only a hash is kept.
pub async fn operators(
    config: &OperatorConfig,
    system: &SystemStream,
) -> Result<Operators, AppError> {
    make_folder_of(&config.token_file)?;
    let first = OperatorToken::load_or_create(&config.token_file)?;
    Ok(Operators::load(system.clone(), first).await?)
}

/// The master key of a store that is there; none is made.
pub fn existing_master_key(keys: &KeysConfig) -> Result<MasterKey, AppError> {
    match keys.master_key.bytes() {
        Some(_) => master_key(keys),
        None => Ok(MasterKey::load(&keys.master_key_file)?),
    }
}

/// Who may open and replace stored keys.
pub fn keeper(config: &Config, master: Arc<MasterKey>, system: &SystemStream) -> KeyKeeper {
    KeyKeeper::new(master, system.clone(), kept_for(&config.flow, &config.portal))
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
    let mut records = stored::read(store).await?;
    if records.is_empty() {
        records = KeyRing::generate(master, clock.now().seconds())?;
        let kept = stored::keep_first(store, committer, clock, &records).await;
        kept.map_err(|error| StoreError::Engine(error.to_string()))?;
    }
    Ok(KeyRing::open(master, &records)?)
}

/// How long what a key made is accepted by this configuration.
pub fn kept_for(flow: &FlowConfig, portal: &PortalConfig) -> KeptFor {
    let seconds = |lifetimes: &[u64]| {
        let longest = lifetimes.iter().copied().max().unwrap_or_default();
        i64::try_from(longest).unwrap_or(i64::MAX)
    };
    KeptFor {
        signed_s: seconds(&[flow.id_token_lifetime_s, JWKS_MAX_AGE_S]),
        sealed_s: seconds(&[
            flow.pushed_order_lifetime_s,
            flow.flow_lifetime_s,
            flow.code_lifetime_s,
            flow.access_token_lifetime_s,
            portal.idle_timeout_s.min(portal.session_lifetime_s),
        ]),
    }
}
