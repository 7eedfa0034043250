//! `linepass serve` on a folder of its own.

use super::{PATIENCE, free_port, linepass, send};
use crate::common::wait_for_end;
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A server under way; dropped, it is killed.
pub struct Server {
    /// Its process.
    pub child: Child,
    /// The address of households and providers.
    pub issuer: String,
    /// The operator listener.
    pub url: String,
    /// The file of its operator's token.
    pub token: PathBuf,
    /// Where it writes its log.
    pub log: PathBuf,
}

impl Server {
    /// Starts one on the store and the keys of a folder, and waits until it is ready.
    pub fn start(folder: &Path) -> Self {
        Self::with(folder, &[])
    }

    /// The same with more environment.
    pub fn with(folder: &Path, env: &[(&str, &str)]) -> Self {
        Self::within(PATIENCE, folder, env)
    }

    /// The same for one that may take longer until it is ready.
    pub fn within(most: Duration, folder: &Path, env: &[(&str, &str)]) -> Self {
        Self::serve(most, &["serve"], folder, env)
    }

    /// The same with the configuration of a file that comes with the product.
    pub fn configured(folder: &Path, file: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file).display().to_string();
        Self::serve(PATIENCE, &["serve", "--config", &file], folder, &[])
    }

    fn serve(most: Duration, words: &[&str], folder: &Path, env: &[(&str, &str)]) -> Self {
        let (public, operator) = (free_port(), free_port());
        let issuer = format!("http://127.0.0.1:{public}");
        let log = folder.join(format!("server-{public}.log"));
        let mut command = on_folder(words, folder);
        command
            .env("LINEPASS__SERVER__ISSUER", &issuer)
            .env("LINEPASS__SERVER__LISTEN", format!("127.0.0.1:{public}"))
            .env("LINEPASS__OPERATOR__LISTEN", format!("127.0.0.1:{operator}"))
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a log file"));
        let child = command.spawn().expect("the server starts");
        let (url, token) = (format!("http://127.0.0.1:{operator}"), folder.join("operator.token"));
        let server = Self { child, issuer, url, token, log };
        let began = Instant::now();
        while ureq::get(format!("{}/readyz", server.url)).call().is_err() {
            assert!(began.elapsed() < most, "it is not ready");
            pause();
        }
        server
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) {
        send(self.child.id(), "TERM");
        let ended = wait_for_end(&mut self.child, PATIENCE);
        assert!(ended.success(), "{ended:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command on the store, the master key and the operator's token of a folder.
pub fn on_folder(arguments: &[&str], folder: &Path) -> Command {
    let mut command = linepass(arguments);
    command
        .env("LINEPASS__OPERATOR__TOKEN_FILE", folder.join("operator.token"))
        .env("LINEPASS__STORE__PATH", folder.join("store"))
        .env("LINEPASS__KEYS__MASTER_KEY_FILE", folder.join("master.key"))
        .current_dir(folder);
    command
}

/// A moment between two looks.
#[expect(clippy::disallowed_methods, reason = "asking again and again needs a pause")]
pub fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}
