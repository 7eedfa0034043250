//! What is allowed of several keys together.

use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};

use super::error::{ConfigError, Origin};
use super::{Config, LogStderr};

impl Config {
    /// Everything that single keys allow and their combination does not.
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        [
            self.listeners(),
            self.plain_http(),
            self.plain_operator_http(),
            self.tls_issuer(),
            self.balancers(),
            self.outside_the_store("keys.master_key_file", &self.keys.master_key_file),
            self.outside_the_store("operator.token_file", &self.operator.token_file),
            self.log_folder(),
            self.log_nowhere(),
            self.master_key_readers(),
            self.hash_memory(),
            self.waits(),
            self.webhook_faults(),
        ]
        .into_iter()
        .flatten()
        .chain(self.mail_faults())
        .collect()
    }

    /// The error of a rule between `keys`, at the first of them that was set by the operator.
    pub(super) fn fault(&self, keys: [&str; 2], problem: String, allowed: &str) -> ConfigError {
        let set = keys.iter().find(|key| self.origins.contains_key(**key));
        let key = *set.unwrap_or(&keys[0]);
        ConfigError {
            origin: self.origin(key).clone(),
            key: Some(key.to_owned()),
            problem,
            allowed: Some(allowed.to_owned()),
        }
    }

    fn listeners(&self) -> Option<ConfigError> {
        let (server, operator) = (self.server.listen, self.operator.listen);
        (server == operator && server.port() != 0).then(|| {
            self.fault(
                ["operator.listen", "server.listen"],
                format!("{operator} is both the public and the operators' address"),
                "two different addresses for server.listen and operator.listen",
            )
        })
    }

    /// Passwords cross no network in the clear: plain HTTP is for this host alone.
    fn plain_http(&self) -> Option<ConfigError> {
        let open = |address: SocketAddr| !self.tls.enabled && !address.ip().is_loopback();
        let key = match self.proxy_protocol.listen {
            _ if open(self.server.listen) => "server.listen",
            Some(address) if open(address) => "proxy_protocol.listen",
            _ => return None,
        };
        Some(self.fault(
            [key, "tls.enabled"],
            "plain HTTP would leave this host".to_owned(),
            "a loopback address and a port, or any other one with tls.enabled = true",
        ))
    }

    /// Nor do operators' tokens.
    fn plain_operator_http(&self) -> Option<ConfigError> {
        let is_open = !self.operator_tls.enabled && !self.operator.listen.ip().is_loopback();
        is_open.then(|| {
            self.fault(
                ["operator.listen", "operator_tls.enabled"],
                "plain HTTP would leave this host".to_owned(),
                "a loopback address and a port, or any other one with operator_tls.enabled = true",
            )
        })
    }

    /// Whoever speaks TLS is known by an https address; cookies are `Secure` then.
    fn tls_issuer(&self) -> Option<ConfigError> {
        (self.tls.enabled && self.server.issuer.is_plain_http()).then(|| {
            self.fault(
                ["server.issuer", "tls.enabled"],
                format!("tls.enabled is true, and {} is not https", self.server.issuer),
                "https://HOST or https://HOST:PORT where tls.enabled is true",
            )
        })
    }

    /// A listener that believes headers names whom it believes, and is one of its own.
    fn balancers(&self) -> Option<ConfigError> {
        let listen = self.proxy_protocol.listen?;
        if self.proxy_protocol.trusted_peers.is_empty() {
            return Some(self.fault(
                ["proxy_protocol.trusted_peers", "proxy_protocol.listen"],
                "a listener for balancers, and no balancer that is trusted".to_owned(),
                "one address or network at least where proxy_protocol.listen is set",
            ));
        }
        let taken = [self.server.listen, self.operator.listen].contains(&listen);
        (taken && listen.port() != 0).then(|| {
            self.fault(
                ["proxy_protocol.listen", "server.listen"],
                format!("{listen} is another listener's address"),
                "another address than server.listen and operator.listen",
            )
        })
    }

    /// A copy of the store's folder must carry neither the key that opens it nor a token.
    pub(super) fn outside_the_store(&self, key: &str, file: &Path) -> Option<ConfigError> {
        let store = &self.store.path;
        real_place(file).starts_with(real_place(store)).then(|| {
            self.fault(
                [key, "store.path"],
                format!("{} is inside the store {}", file.display(), store.display()),
                "a file outside store.path",
            )
        })
    }

    /// Files that come and go have no place among the engine's.
    fn log_folder(&self) -> Option<ConfigError> {
        let folder = &self.log.folder;
        (!folder.is_empty())
            .then(|| self.outside_the_store("log.folder", Path::new(folder)))
            .flatten()
    }

    /// Nobody would learn what the server decides: each decision is a line (interfaces.md 4), and hardly one
    /// of them is an error.
    fn log_nowhere(&self) -> Option<ConfigError> {
        (self.log.stderr != LogStderr::All && self.log.folder.is_empty()).then(|| {
            self.fault(
                ["log.stderr", "log.folder"],
                "without files only \"all\" tells what the server decides".to_owned(),
                "log.stderr = \"all\", or a folder in log.folder",
            )
        })
    }

    /// A file that holds a secret belongs to its owner alone (security.md 67).
    fn master_key_readers(&self) -> Option<ConfigError> {
        let Origin::File { path, .. } = self.origin("keys.master_key") else { return None };
        let shared = self.keys.master_key.bytes().is_some() && others_can_read(path);
        shared.then(|| {
            self.fault(
                ["keys.master_key", "keys.master_key"],
                "a secret stands in a file that others can read".to_owned(),
                "a file of mode 0600, or the environment variable LINEPASS__KEYS__MASTER_KEY",
            )
        })
    }

    /// Argon2 needs eight blocks for each lane (RFC 9106 section 3.1).
    fn hash_memory(&self) -> Option<ConfigError> {
        let least = 8 * self.password.hash_lanes;
        (self.password.hash_memory_kib < least).then(|| {
            self.fault(
                ["password.hash_memory_kib", "password.hash_lanes"],
                format!(
                    "{} KiB is too little for {} lanes",
                    self.password.hash_memory_kib, self.password.hash_lanes
                ),
                "at least 8 KiB for each lane",
            )
        })
    }

    fn waits(&self) -> Option<ConfigError> {
        let (first, longest) = (self.throttle.first_wait_s, self.throttle.longest_wait_s);
        (longest < first).then(|| {
            self.fault(
                ["throttle.longest_wait_s", "throttle.first_wait_s"],
                format!("the longest wait of {longest} s is shorter than the first of {first} s"),
                "throttle.longest_wait_s at least throttle.first_wait_s",
            )
        })
    }
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_path: &Path) -> bool {
    false
}

/// Where a path leads: links followed as far as it exists, `.` and `..` resolved beyond.
pub fn real_place(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
        if let Ok(real) = plain.canonicalize() {
            plain = real;
        }
    }
    plain
}
