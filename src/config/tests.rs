//! The configuration from outside: bad files and variables, what is shown. (`defaults_tests` holds the shipped file
//! against the code.)

use std::path::PathBuf;

use super::*;

/// 32 bytes in base64.
const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

fn variables(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(super) fn from_environment(list: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    Config::load(None, variables(list).into_iter())
}

/// A file in a folder of its own, readable by its owner alone.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("linepass.toml");
    std::fs::write(&path, text).unwrap();
    set_mode(&path, 0o600);
    (folder, path)
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn from_file(text: &str) -> Result<Config, ConfigErrors> {
    let (_folder, path) = file(text);
    Config::load(Some(&path), std::iter::empty())
}

#[test]
fn a_bad_file_is_told_with_file_line_key_and_what_is_allowed() {
    let table = [
        (
            "[server]\nwokers = 2\n",
            "linepass.toml:2: server.wokers: there is no such key; allowed: the keys of [server]: body_limit_bytes, ",
        ),
        (
            "[sever]\nworkers = 2\n",
            "linepass.toml:2: sever.workers: there is no such section; allowed: the sections billing, ",
        ),
        ("workers = 2\n", ": workers: there is no such section; allowed: the sections billing, "),
        ("server = 2\n", ": server: is a section; allowed: the keys of [server]: "),
        (
            "# x\n[server]\nworkers = 0\n",
            "linepass.toml:3: server.workers: 0 is not allowed; allowed: a whole number from 1 to 64",
        ),
        ("[server]\nworkers = 65\n", "65 is not allowed; allowed: a whole number from 1 to 64"),
        ("[server]\nworkers = -1\n", "-1 is not allowed; allowed: a whole number from 1 to 64"),
        ("[server]\nworkers = 1.5\n", "1.5 is not allowed; allowed: a whole number"),
        (
            "[server]\nworkers = \"2\"\n",
            "\"2\" is not allowed; allowed: a whole number from 1 to 64",
        ),
        ("[server]\nworkers = [2]\n", "a list is not allowed; allowed: a whole number"),
        ("[server.workers]\nx = 2\n", "a table is not allowed; allowed: a whole number"),
        ("[server]\nissuer = 1\n", "server.issuer: 1 is not allowed; allowed: https://HOST"),
        (
            "[server]\nissuer = \"http://example.jp\"\n",
            "server.issuer: \"http://example.jp\" is not allowed; allowed: https://HOST",
        ),
        (
            "[server]\nlisten = \"0.0.0.0:8480\"\n",
            "linepass.toml:2: server.listen: plain HTTP would leave this host; allowed: a loopback address and a port, or any other one with tls.enabled = true",
        ),
        ("[server]\nlisten = \"localhost:8480\"\n", "allowed: an IP address and a port"),
        (
            "[proxy_protocol]\nlisten = \"[::]:8443\"\ntrusted_peers = [\"10.0.0.1\"]\n",
            "linepass.toml:2: proxy_protocol.listen: plain HTTP would leave this host",
        ),
        (
            "[proxy_protocol]\nlisten = \"127.0.0.1:8443\"\n",
            "linepass.toml:2: proxy_protocol.listen: a listener for balancers, and no balancer",
        ),
        (
            "[proxy_protocol]\nlisten = \"127.0.0.1:8480\"\ntrusted_peers = [\"10.0.0.1\"]\n",
            "127.0.0.1:8480 is another listener's address",
        ),
        ("[proxy_protocol]\nlisten = \"8443\"\n", "or \"\" for none"),
        (
            "[tls]\nenabled = true\n",
            "linepass.toml:2: tls.enabled: tls.enabled is true, and http://127.0.0.1:8480 is not https; allowed: https://HOST",
        ),
        ("[tls]\nenabled = 1\n", "linepass.toml:2: tls.enabled: 1 is not allowed"),
        (
            "[operator]\nlisten = \"192.0.2.1:1\"\n",
            "linepass.toml:2: operator.listen: plain HTTP would leave this host; allowed: a loopback address and a port, or any other one with operator_tls.enabled = true",
        ),
        ("[store]\npath = \"\"\n", "store.path: \"\" is not allowed; allowed: a path"),
        ("[store]\npath = \"a\\u0007\"\n", "control characters"),
        ("[line]\ncustomer_id_prefixes = []\n", "line.customer_id_prefixes: is too short"),
        (
            "[line]\ncustomer_id_prefixes = [\"CAFE\"]\n",
            "\"CAFE\" is not allowed; allowed: a list of one or more",
        ),
        ("[line]\ncustomer_id_prefixes = 3\n", "allowed: a list of one or more"),
        (
            "[billing]\nbulk_billing = \"maybe\"\n",
            "\"maybe\" is not allowed; allowed: \"continues\", \"unavailable\"",
        ),
        ("[log]\nlevel = 3\n", "log.level: 3 is not allowed; allowed: \"error\", \"warn\""),
        ("[portal]\nidle_timeout_s = 10\n", "300 to 604800"),
        ("[portal]\nannouncement = \"a\\nb\"\n", "up to 500 characters on one line"),
        ("[contact]\nsupport_url = \"ftp://x\"\n", "allowed: an http or https address"),
        ("[contact]\naccess_key_desk_phone = \"call us\"\n", "digits and hyphens"),
        ("[contact]\naccess_key_desk_hours = \"\"\n", "1 to 100 characters"),
        (
            "[keys]\nmaster_key_file = \"data/store/x\"\n",
            "linepass.toml:2: keys.master_key_file: data/store/x is inside the store data/store; allowed: a file outside store.path",
        ),
        ("[keys]\nmaster_key_file = \"data/./a/../store/k\"\n", "is inside the store"),
        (
            "[store]\npath = \"data\"\n",
            "linepass.toml:2: store.path: data/master.key is inside the store data",
        ),
        ("[operator]\nlisten = \"127.0.0.1:8480\"\n", "operator.listen: 127.0.0.1:8480 is both"),
        (
            "[password]\nhash_lanes = 4\nhash_memory_kib = 31\n",
            "hash_memory_kib: 31 KiB is too little for 4 lanes",
        ),
        (
            "[throttle]\nfirst_wait_s = 901\n",
            "linepass.toml:2: throttle.first_wait_s: the longest wait of 900 s is shorter",
        ),
        ("[server\n", "linepass.toml:1: is not TOML: "),
        ("[server]\nworkers = 1\nworkers = 2\n", "linepass.toml:3: is not TOML: duplicate key"),
    ];
    table.into_iter().for_each(assert_told);
}

#[track_caller]
fn assert_told((text, expected): (&str, &str)) {
    let errors = from_file(text).err().map(|errors| errors.to_string()).unwrap_or_default();
    assert!(errors.contains(expected), "{text:?}\nsays {errors:?}\nnot {expected:?}");
    assert!(errors.contains("linepass.toml"), "{errors}");
}

#[test]
fn a_log_that_is_written_nowhere_is_told_and_a_quiet_standard_error_is_allowed() {
    let table = [
        ("[log]\nstderr = true\n", "log.stderr: true is not allowed; allowed: \"all\", \"error\""),
        (
            "[log]\nstderr = \"off\"\nfolder = \"\"\n",
            "log.stderr: without files only \"all\" tells what the server decides; allowed: \
             log.stderr = \"all\", or a folder in log.folder",
        ),
        (
            "[log]\nfolder = \"\"\nstderr = \"error\"\n",
            "linepass.toml:3: log.stderr: without files",
        ),
    ];
    table.into_iter().for_each(assert_told);
    for good in ["stderr = \"off\"", "stderr = \"error\"", "stderr = \"all\"\nfolder = \"\""] {
        assert!(from_file(&format!("[log]\n{good}\n")).is_ok(), "{good}");
    }
}

#[test]
fn a_bad_variable_is_told_by_its_name() {
    let table = [
        (
            ("LINEPASS__SERVER__WORKERS", "many"),
            "environment variable LINEPASS__SERVER__WORKERS: server.workers: \"many\" is not allowed; allowed: a whole number from 1 to 64",
        ),
        (("LINEPASS__SERVER__WORKERS", ""), "server.workers: \"\" is not allowed"),
        (
            ("LINEPASS__SERVER__NOTHING", "1"),
            "LINEPASS__SERVER__NOTHING: server.nothing: there is no such key",
        ),
        (("LINEPASS__SERVER", "1"), "LINEPASS__SERVER: server: is a section"),
        (("LINEPASS__", "1"), "there is no such section"),
        (("LINEPASS__LOG__FORMAT", "xml"), "allowed: \"auto\", \"pretty\", \"json\""),
        (("LINEPASS__STORE__PATH", "a\u{fffd}b"), "broken UTF-8"),
    ];
    for (variable, expected) in table {
        let errors = from_environment(&[variable]).unwrap_err().to_string();
        assert!(errors.contains(expected), "{variable:?} says {errors:?}");
    }
}

/// security.md 54
#[test]
fn nobody_trusts_everybody() {
    let bad = [
        "",
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "::ffff:0:0/96",
        "::ffff:0.0.0.0/97",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "proxy.example.jp",
        "*",
        "10.0.0",
        " 10.0.0.1",
    ];
    for key in ["server.trusted_proxies", "proxy_protocol.trusted_peers"] {
        let (section, name) = key.split_once('.').unwrap();
        for network in bad {
            let text = format!("[{section}]\n{name} = [\"10.1.0.0/16\", \"{network}\"]\n");
            let errors = from_file(&text).unwrap_err().to_string();
            let expected = format!(
                "linepass.toml:2: {key}: \"{network}\" is not allowed; allowed: a list of IP \
                 addresses and networks"
            );
            assert!(errors.contains(&expected), "{text} says {errors}");
        }
        let variable = format!("LINEPASS__{section}__{name}").to_uppercase();
        assert!(from_environment(&[(&variable, "")]).is_err(), "{variable} is empty");
    }
    let shared = "LINEPASS__LINE__SHARED_IPV4_NETWORKS";
    assert!(from_environment(&[(shared, "2001:db8::/32")]).is_err());
    let good = "10.0.0.0/8,2001:db8::1, ::ffff:192.0.2.0/120";
    let config = from_environment(&[("LINEPASS__SERVER__TRUSTED_PROXIES", good)]).unwrap();
    let shown: Vec<_> = config.server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["10.0.0.0/8", "2001:db8::1/128", "192.0.2.0/24"]);
}

#[test]
fn a_proxy_that_nobody_trusts_is_warned_of() {
    let issuer = ("LINEPASS__SERVER__ISSUER", "https://linepass.example.jp");
    assert!(from_environment(&[issuer]).unwrap().warnings()[0].contains("trusted_proxies"));
    let tls = ("LINEPASS__TLS__ENABLED", "true");
    let listen = ("LINEPASS__SERVER__LISTEN", "0.0.0.0:443");
    assert!(from_environment(&[issuer, tls, listen]).unwrap().warnings().is_empty());
}

/// Further variables and their values.
type Keys<'a> = &'a [(&'a str, &'a str)];

/// The warning of an issuer that leads past the listener, where there is one.
fn misled(issuer: &str, listen: &str, more: Keys<'_>) -> Option<String> {
    let own = [("LINEPASS__SERVER__ISSUER", issuer), ("LINEPASS__SERVER__LISTEN", listen)];
    let warnings = from_environment(&[&own[..], more].concat()).unwrap().warnings();
    warnings.into_iter().find(|warning| warning.contains("does not come to this listener"))
}

#[test]
fn an_issuer_that_leads_past_the_listener_is_warned_of_where_no_proxy_stands_between() {
    let tls = [("LINEPASS__TLS__ENABLED", "true")];
    let proxy = [("LINEPASS__SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let balancer = [
        ("LINEPASS__PROXY_PROTOCOL__LISTEN", "127.0.0.1:8482"),
        ("LINEPASS__PROXY_PROTOCOL__TRUSTED_PEERS", "127.0.0.1"),
    ];
    let told = misled("http://localhost:9999", "127.0.0.1:8443", &[]).unwrap();
    let both = "server.issuer is http://localhost:9999 and server.listen is 127.0.0.1:8443: ";
    assert!(told.starts_with(both), "{told}");
    let past: [(&str, &str, Keys<'_>); 5] = [
        ("http://localhost", "127.0.0.1:8480", &[]),
        ("http://127.0.0.2:8480", "127.0.0.1:8480", &[]),
        ("http://[::1]:8480", "127.0.0.1:8480", &[]),
        ("https://localhost:8480", "127.0.0.1:8443", &tls),
        ("https://localhost:8443", "192.0.2.1:8443", &tls),
    ];
    for (issuer, listen, more) in past {
        assert!(misled(issuer, listen, more).is_some(), "{issuer} {listen}");
    }
    let good: [(&str, &str, Keys<'_>); 9] = [
        ("http://localhost:8480", "127.0.0.1:8480", &[]),
        ("http://localhost:8480", "[::1]:8480", &[]),
        ("http://localhost:8480", "127.0.0.1:0", &[]),
        ("http://localhost", "127.0.0.1:80", &[]),
        ("https://localhost", "0.0.0.0:443", &tls),
        // Another host's ports are a router's to know.
        ("https://pay.example.jp", "0.0.0.0:8443", &tls),
        ("https://192.0.2.1", "127.0.0.1:8443", &tls),
        ("http://localhost:9999", "127.0.0.1:8443", &balancer),
        ("http://localhost:9999", "127.0.0.1:8443", &proxy),
    ];
    for (issuer, listen, more) in good {
        assert_eq!(misled(issuer, listen, more), None, "{issuer} {listen}");
    }
}

#[test]
fn all_errors_are_told_at_once() {
    let (_folder, path) = file("[server]\nworkers = 0\nissuer = \"x\"\n[store]\npath = \"data\"\n");
    let environment = variables(&[("LINEPASS__LOG__LEVEL", "loud")]);
    let errors = Config::load(Some(&path), environment.into_iter()).unwrap_err();
    let keys: Vec<_> = errors.iter().filter_map(|error| error.key.as_deref()).collect();
    assert_eq!(
        keys,
        ["log.level", "server.workers", "server.issuer", "store.path", "store.path", "store.path"]
    );
    assert_eq!(errors.to_string().lines().count(), 6);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let errors = Config::load(Some(Path::new("/nowhere/x.toml")), std::iter::empty()).unwrap_err();
    assert!(errors.to_string().starts_with("/nowhere/x.toml: cannot be read: "), "{errors}");
}

#[test]
fn the_operators_token_stays_out_of_the_store() {
    let (_folder, path) = file("[operator]\ntoken_file = \"data/store/t\"\n");
    let errors = Config::load(Some(&path), std::iter::empty()).unwrap_err().to_string();
    let expected = "linepass.toml:2: operator.token_file: data/store/t is inside the store";
    assert!(errors.contains(expected), "{errors}");
}

#[test]
fn the_environment_overrides_the_file_and_the_file_the_defaults() {
    let (_folder, path) = file("[server]\nworkers = 3\nmax_connections = 99\n");
    let environment = variables(&[
        ("LINEPASS__SERVER__WORKERS", "4"),
        ("LINEPASS__CONTACT__ACCESS_KEY_DESK_PHONE", "0120116116"),
        ("LINEPASS__LINE__CUSTOMER_ID_PREFIXES", "CAF, CAG"),
        ("LINEPASS_OPERATOR_URL", "not a key"),
        ("PATH", "/bin"),
    ]);
    let config = Config::load(Some(&path), environment.into_iter()).unwrap();
    assert_eq!((config.server.workers, config.server.max_connections), (4, 99));
    assert_eq!(config.contact.access_key_desk_phone, "0120116116");
    assert_eq!(config.line.customer_id_prefixes, ["CAF", "CAG"]);
    let shown = config.show();
    let lines = [
        "workers = 4 # environment variable LINEPASS__SERVER__WORKERS".to_owned(),
        format!("max_connections = 99 # {}:3", path.display()),
        "body_limit_bytes = 65536 # default".to_owned(),
    ];
    for line in lines {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
}

#[test]
fn what_is_shown_can_be_read_again() {
    let config = from_environment(&[("LINEPASS__STORE__PATH", "a \"b\" \\ c")]).unwrap();
    let again = from_file(&config.show()).unwrap();
    assert_eq!(config.show_json(), again.show_json());
}

/// security.md 67
#[test]
fn a_secret_is_never_shown() {
    let config = from_environment(&[("LINEPASS__KEYS__MASTER_KEY", KEY)]).unwrap();
    assert_eq!(config.keys.master_key.bytes(), Some(b"01234567890123456789012345678901"));
    let shown = format!("{}{:?}{}", config.show(), config, config.show_json());
    assert!(!shown.contains(KEY) && !shown.contains("48, 49, 50"), "{shown}");
    assert!(config.show().contains("master_key = \"***\" # environment variable "));

    let slips = [format!("\"{KEY}x\""), "123456789".to_owned(), format!("\"{KEY}"), KEY.to_owned()];
    for slip in slips {
        let errors = from_file(&format!("[keys]\nmaster_key = {slip}\n")).unwrap_err().to_string();
        assert!(!errors.contains("MDEyMz") && !errors.contains("123456789"), "{errors}");
    }
}

/// security.md 67
#[test]
fn a_secret_in_a_file_that_others_can_read_is_refused() {
    let (_folder, path) = file(&format!("[keys]\nmaster_key = \"{KEY}\"\n"));
    assert!(Config::load(Some(&path), std::iter::empty()).is_ok());
    set_mode(&path, 0o640);
    let errors = Config::load(Some(&path), std::iter::empty()).unwrap_err().to_string();
    assert!(errors.contains("linepass.toml:2: keys.master_key: a secret stands in"), "{errors}");
}

#[test]
fn a_link_does_not_hide_a_key_inside_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    std::fs::create_dir(&store).unwrap();
    let link = folder.path().join("elsewhere");
    std::os::unix::fs::symlink(&store, &link).unwrap();
    let result = from_environment(&[
        ("LINEPASS__STORE__PATH", store.to_str().unwrap()),
        ("LINEPASS__KEYS__MASTER_KEY_FILE", link.join("master.key").to_str().unwrap()),
    ]);
    assert!(result.unwrap_err().to_string().contains("is inside the store"));
}

#[test]
fn issuers() {
    let good = [
        "https://linepass.example.jp",
        "https://linepass.example.jp:8443",
        "http://127.0.0.1:8480",
        "http://[::1]:8480",
        "http://localhost:1",
    ];
    let bad = [
        "",
        "linepass.example.jp",
        "http://linepass.example.jp",
        "http://localhost.example.jp",
        "https://linepass.example.jp/",
        "https://linepass.example.jp/path",
        "https://linepass.example.jp?x=1",
        "https://linepass.example.jp#x",
        "https://user@linepass.example.jp",
        "https://Linepass.example.jp",
        "https://linepass.example.jp:443",
        "ftp://127.0.0.1",
    ];
    for value in good {
        assert_eq!(Issuer::parse(value).map(|issuer| issuer.to_string()), Ok(value.to_owned()));
    }
    for value in bad {
        assert!(Issuer::parse(value).is_err(), "{value}");
    }
}

#[test]
fn a_changed_configuration_is_checked_again() {
    let mut config = Config::default();
    assert!(config.check().is_ok());
    config.operator.listen = config.server.listen;
    assert!(config.check().is_err());
}

#[test]
fn a_weak_hash_is_warned_of() {
    let config = from_environment(&[("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "64")]).unwrap();
    assert!(config.warnings()[0].contains("password.hash_memory_kib = 64"));
}
