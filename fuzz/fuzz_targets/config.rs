//! The configuration (`config`): each fault is told, and what is taken is taken again as it is shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::config::Config;
use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// A file of this process's own, readable by its owner alone, in memory where there is such a folder.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    folder.join(format!("linepass-fuzz-{}.toml", std::process::id()))
});

fn load(text: &[u8]) -> Option<Config> {
    let mut file = fs::OpenOptions::new();
    let mut file =
        file.write(true).create(true).truncate(true).mode(0o600).open(&*FILE).expect("a file");
    file.write_all(text).expect("writes");
    let loaded = Config::load(Some(&FILE), std::iter::empty());
    // A process that ends by a finding leaves its file; all others leave none.
    let _ = fs::remove_file(&*FILE);
    match loaded {
        Ok(config) => Some(config),
        Err(errors) => {
            assert!(!errors.to_string().is_empty(), "a fault without a word");
            None
        }
    }
}

fuzz_target!(|text: &[u8]| {
    let Some(config) = load(text) else { return };
    let _ = config.warnings();
    // Secrets are hidden in what is shown, so a master key of its own is not read back.
    if config.keys.master_key.bytes().is_some() {
        return;
    }
    let shown = config.show();
    let again = load(shown.as_bytes()).unwrap_or_else(|| panic!("its own words: {shown}"));
    let json = |config: &Config| serde_json::to_value(config).expect("JSON");
    assert_eq!(json(&again), json(&config), "{shown}");
});
