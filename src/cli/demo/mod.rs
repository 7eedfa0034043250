//! `linepass demo`: the whole product on this machine, with sample lines, providers and a shop.
//!
//! | file | what |
//! |---|---|
//! | [`sample`] | who lives in the demo: lines, passport IDs, providers, services |
//! | [`args`] | the options |
//! | [`fill`] | brings them into the store, once |
//! | [`announce`] | what is printed when it is ready |
//! | [`shop`] | the sample provider site |

pub mod announce;
pub mod args;
pub mod fill;
pub mod sample;
pub mod shop;

use super::{
    exit::Exit,
    listen::{StopSignals, bind},
};
use crate::{
    app::{self, AppError, Clocks, Listeners, Running},
    clock::Clock,
    config::{Config, Issuer, MailTransport, Origin, process_environment},
    domain::calendar::Instant,
    security::random,
    telemetry,
};
use args::DemoArgs;
use ipnetwork::IpNetwork;
use sample::Sample;
use shop::{ShopConfig, ShopProvider, ShopService};
use std::{
    io::{ErrorKind, IsTerminal},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

/// Why the demo did not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A key of `LINEPASS__…` is wrong.
    #[error("{0}")]
    Config(#[from] crate::config::ConfigErrors),
    /// The server did not start.
    #[error(transparent)]
    App(#[from] AppError),
    /// A file or a socket cannot be used.
    #[error("{what}: {source}")]
    Io {
        /// Which.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A part did not end as it should.
    #[error("the server did not stop cleanly; the log says what")]
    Stop,
    /// The log cannot be written as configured.
    #[error(transparent)]
    Log(#[from] telemetry::LogError),
    /// An argument, or what it names, cannot be used; nothing was begun.
    #[error("{0}")]
    Usage(String),
    /// What was named for the data is no folder.
    #[error(
        "--data {}: it has to be a folder, which is made where nothing is; something else is there",
        path.display()
    )]
    NoFolder {
        /// As it was named.
        path: PathBuf,
        /// What stands in the way.
        kind: ErrorKind,
    },
    /// The sample data cannot be brought into the store.
    #[error("the sample data cannot be stored: {0}")]
    Fill(String),
}

fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> DemoError {
    let what = what.into();
    move |source| DemoError::Io { what, source }
}

/// Runs the demo until SIGTERM or Ctrl-C.
pub fn run(args: &DemoArgs) -> Exit {
    match actix_rt::System::new().block_on(demo(args)) {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("linepass: {error}");
            match error {
                DemoError::Usage(_) => Exit::Usage,
                DemoError::NoFolder { kind, .. } => Exit::of_unmade(kind),
                _ => Exit::Failed,
            }
        }
    }
}

async fn demo(args: &DemoArgs) -> Result<(), DemoError> {
    let config = environment()?;
    if let Some(what) = args.contradiction(&app::webhooks::policy(&config.webhook)) {
        return Err(DemoError::Usage(what));
    }
    let stop = StopSignals::listen().map_err(io("the demo"))?;
    let folder = Folder::of(args.data.as_deref())?;
    let listeners = bind_all(args)?;
    let config = configure(config, &folder.path, &listeners)?;
    let _logging = telemetry::init(&config.log, std::io::stderr().is_terminal())?;
    let clock = args.now.map_or_else(Clock::host, |now| Clock::starting_at(Instant::from(now)));
    let (shop_listener, shop_url) = (listeners.shop, listeners.shop_url);
    let servers = Listeners {
        public: listeners.public,
        balanced: config.proxy_protocol.listen.map(bind).transpose().map_err(io("the demo"))?,
        operator: listeners.operator,
    };
    let running = app::start(&config, Clocks::deciding_at(clock), servers).await?;
    let mail_dir = (config.mail.transport == MailTransport::Folder)
        .then(|| config.mail.folder.display().to_string());
    let filled =
        ready(args, &folder.path, &running, &shop_url, listeners.operator_url, mail_dir).await;
    let sample = match filled {
        Ok(sample) => sample,
        Err(error) => {
            running.stop().await;
            return Err(error);
        }
    };
    let shop = shop::run(shop_listener, &shop_url, shop_config(&config, &sample));
    let shop = shop.map_err(io("the shop"))?;
    let shop_handle = shop.handle();
    let serving = actix_rt::spawn(shop);
    announce::ready(args.json, &sample, &config.log.folder).map_err(io("standard output"))?;
    stop.wait().await;
    shop_handle.stop(false).await;
    // The shop has nothing to lose; how it ended is of no use to anybody.
    let _ = serving.await;
    let clean = running.stop().await;
    folder.remove_if_temporary();
    clean.then_some(()).ok_or(DemoError::Stop)
}

async fn ready(
    args: &DemoArgs,
    folder: &Path,
    running: &Running,
    shop_url: &str,
    operator_url: String,
    mail_dir: Option<String>,
) -> Result<Sample, DemoError> {
    let file = folder.join("demo.json");
    let mut sample = Sample::load_or_make(&file)?;
    let token_file = std::path::absolute(operator_token_file(folder));
    let token_file = token_file.map_err(io("the operator's token"))?;
    sample.operator_token_file = Some(token_file.display().to_string());
    sample.mail_dir = mail_dir;
    let own = (args.redirect_uri.as_deref(), args.webhook_url.as_deref());
    sample.addresses(&running.state.issuer, shop_url, operator_url, own);
    fill::fill(&running.state, &sample).await?;
    if fill::set_webhooks(&running.state, &mut sample).await? {
        sample.save(&file).map_err(io(file.display().to_string()))?;
    }
    Ok(sample)
}

/// The folder of the demo's data.
struct Folder {
    path: PathBuf,
    is_temporary: bool,
}

impl Folder {
    fn of(data: Option<&Path>) -> Result<Self, DemoError> {
        use std::os::unix::fs::DirBuilderExt;
        let path = data.map_or_else(
            || std::env::temp_dir().join(format!("linepass-demo-{}", random::token(9))),
            Path::to_owned,
        );
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&path).map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory if data.is_some() => {
                DemoError::NoFolder { path: path.clone(), kind: source.kind() }
            }
            _ => io(path.display().to_string())(source),
        })?;
        Ok(Self { path, is_temporary: data.is_none() })
    }

    fn remove_if_temporary(&self) {
        if self.is_temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, "the temporary folder could not be removed");
        }
    }
}

struct Bound {
    public: TcpListener,
    operator: TcpListener,
    operator_url: String,
    shop: TcpListener,
    shop_url: String,
}

fn bind_all(args: &DemoArgs) -> Result<Bound, DemoError> {
    let listen = |port: Option<u16>| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
        bind(address).map_err(io("the demo"))
    };
    let (public, operator, shop) =
        (listen(args.port)?, listen(args.operator_port)?, listen(args.shop_port)?);
    let (operator_url, shop_url) = (url_of(&operator)?, url_of(&shop)?);
    Ok(Bound { public, operator, operator_url, shop, shop_url })
}

fn url_of(listener: &TcpListener) -> Result<String, DemoError> {
    let address = listener.local_addr().map_err(io("a socket"))?;
    Ok(format!("http://{address}"))
}

/// What `LINEPASS__…` says. A receiver of one's own runs on this machine, so webhooks may go there.
fn environment() -> Result<Config, DemoError> {
    let mut config = Config::load(None, process_environment())?;
    if *config.origin("webhook.allowed_networks") == Origin::Default {
        config.webhook.allowed_networks = loopback();
    }
    Ok(config)
}

/// The configuration of a server that lives in the demo's folder; `LINEPASS__…` still counts.
fn configure(mut config: Config, folder: &Path, bound: &Bound) -> Result<Config, DemoError> {
    let address = bound.public.local_addr().map_err(io("a socket"))?;
    config.server.issuer = Issuer::parse(&format!("http://{address}"))
        .map_err(|what| DemoError::Fill(what.to_owned()))?;
    config.server.listen = address;
    // Everything of the demo stays on this machine.
    config.tls.enabled = false;
    config.operator.listen = bound.operator.local_addr().map_err(io("a socket"))?;
    config.store.path = folder.join("store");
    config.keys.master_key_file = folder.join("master.key");
    config.operator.token_file = operator_token_file(folder);
    deliver_into(folder, &mut config)?;
    log_into(folder, &mut config)?;
    config.check()?;
    Ok(config)
}

fn loopback() -> Vec<IpNetwork> {
    let networks = ["127.0.0.0/8", "::1/128"].into_iter();
    networks.filter_map(|network| network.parse().ok()).collect()
}

/// Mails go into the demo's folder, unless `LINEPASS__MAIL__…` says where else.
fn deliver_into(folder: &Path, config: &mut Config) -> Result<(), DemoError> {
    if *config.origin("mail.transport") == Origin::Default {
        config.mail.transport = MailTransport::Folder;
        let mails = std::path::absolute(folder.join("mails"));
        config.mail.folder = mails.map_err(io("the folder of mails"))?;
    }
    if config.mail.from_address.is_empty() {
        "noreply@linepass.example".clone_into(&mut config.mail.from_address);
    }
    Ok(())
}

/// The log's files are in the demo's folder, unless `LINEPASS__LOG__FOLDER` says where else.
fn log_into(folder: &Path, config: &mut Config) -> Result<(), DemoError> {
    if *config.origin("log.folder") == Origin::Default {
        let logs = std::path::absolute(folder.join("logs")).map_err(io("the log's folder"))?;
        config.log.folder = logs.display().to_string();
    }
    Ok(())
}

/// Where the demo's operator token is.
fn operator_token_file(folder: &Path) -> PathBuf {
    folder.join("operator.token")
}

fn shop_config(config: &Config, sample: &Sample) -> ShopConfig {
    let service = |service: &sample::SampleService| ShopService {
        service: service.service.clone(),
        name: service.name.clone(),
        monthly: service.kind == sample::Kind::Monthly,
        unit_price_yen: service.unit_price,
        description: service.description.clone(),
    };
    let provider = |provider: &sample::SampleProvider| ShopProvider {
        name: provider.name.clone(),
        client_id: provider.client_id.clone(),
        client_secret: provider.client_secret.clone(),
        services: provider.services.iter().map(service).collect(),
    };
    ShopConfig {
        issuer: config.server.issuer.as_str().to_owned(),
        providers: sample.providers.iter().map(provider).collect(),
    }
}
