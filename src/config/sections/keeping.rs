//! The sections of what is kept, where, under which key and how long.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::value::{MasterKey, path, within};

/// `[store]`: where everything is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// The folder of the store.
    #[serde(deserialize_with = "path")]
    pub path: PathBuf,
    /// Free space below which writes stop, in bytes.
    #[serde(deserialize_with = "within::<16_777_216, 1_099_511_627_776, _, _>")]
    pub min_free_space_bytes: u64,
    /// How often the engine writes in the background, in milliseconds.
    #[serde(deserialize_with = "within::<50, 10_000, _, _>")]
    pub flush_every_ms: u64,
    /// Memory for the engine's page cache, in bytes.
    #[serde(deserialize_with = "within::<1_048_576, 1_099_511_627_776, _, _>")]
    pub cache_bytes: u64,
    /// Events that one group commit takes at most.
    #[serde(deserialize_with = "within::<1, 1000, _, _>")]
    pub group_max_events: usize,
    /// Decisions that wait for the disk at most.
    #[serde(deserialize_with = "within::<16, 1_000_000, _, _>")]
    pub write_queue_limit: usize,
    /// Threads that read the store for lines that are not in memory.
    #[serde(deserialize_with = "within::<1, 64, _, _>")]
    pub read_threads: usize,
}

/// `[keys]`: where the master key is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// The file that holds the master key; outside the store's folder.
    #[serde(deserialize_with = "path")]
    pub master_key_file: PathBuf,
    /// The master key itself, instead of the file.
    pub master_key: MasterKey,
}

/// `[retention]`: how long personal data are kept that nothing needs any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// After a line ended, was billed and paid: everything personal of it, in days.
    #[serde(deserialize_with = "within::<365, 36_500, _, _>")]
    pub ended_line_days: u32,
    /// After they were replaced, or their ID was deleted: records, applicants, hashes, in days.
    #[serde(deserialize_with = "within::<30, 36_500, _, _>")]
    pub replaced_days: u32,
    /// After a sign-in, in days.
    #[serde(deserialize_with = "within::<30, 36_500, _, _>")]
    pub sign_in_days: u32,
    /// After an inquiry, in days.
    #[serde(deserialize_with = "within::<30, 36_500, _, _>")]
    pub inquiry_days: u32,
}
