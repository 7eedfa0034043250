//! `linepass provider` and `linepass service`: who sells, and what.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use super::{
    Request,
    args::{ChangeArgs, ServerArgs},
    change_body, run as ask,
    secret::{SecretIn, ask_secret},
    text,
};
use crate::{
    cli::exit::Exit,
    domain::{
        ids::{ProviderId, ServiceCode},
        registration::{ServiceEntry, ServiceKind},
    },
    text::plain_text,
};
use clap::{Args, Subcommand, ValueEnum};
use figment::{
    Figment,
    providers::{Format as _, Toml},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::{Read, Result, Write},
    path::{Path, PathBuf},
};

/// `linepass provider`.
#[derive(Debug, Clone, Subcommand)]
pub enum ProviderCommand {
    /// Register a provider; its secret goes into a new file for you alone
    #[command(after_long_help = "Examples:\n  \
        linepass provider add c-sha --name C社 --redirect-uri https://shop.example/callback \\\n      \
        --contact-phone 0120-000-000 --secret-file c-sha.secret --reason 'contract 2026-118'")]
    Add(AddArgs),
    /// List the providers
    #[command(after_long_help = "Examples:\n  \
        linepass provider list --json | jq -r '.providers[].provider'")]
    List(ServerArgs),
    /// Show what a provider registered; no secret is told
    #[command(after_long_help = "Examples:\n  linepass provider show c-sha")]
    Show(ShowProviderArgs),
    /// Draw another secret beside a provider's own, then retire the old one
    #[command(
        long_about = "Draws another secret for a provider, which opens everything beside the one \
                      that stands, so that the provider can change over without a gap; then \
                      '--retire-old' ends the old one. With both at once the old one ends at once.",
        after_long_help = "Examples:\n  \
        linepass provider rotate-secret c-sha --secret-file new.secret --reason 'yearly'\n  \
        linepass provider rotate-secret c-sha --retire-old --reason 'yearly, changed over'"
    )]
    RotateSecret(RotateSecretArgs),
    /// Change a provider's name, contact or redirect addresses, suspend or resume it
    #[command(after_long_help = "Examples:\n  \
        linepass provider set c-sha --name 新C社 --reason 'renamed'\n  \
        linepass provider set c-sha --suspend --reason 'contract ended' --dry-run")]
    Set(SetArgs),
}

/// How households reach a provider.
#[derive(Debug, Clone, Args)]
pub struct ContactArgs {
    /// A telephone number for households
    #[arg(long, value_name = "TEXT")]
    pub contact_phone: Option<String>,
    /// An address of the provider's pages
    #[arg(long, value_name = "URL")]
    pub contact_url: Option<String>,
    /// When somebody answers
    #[arg(long, value_name = "TEXT")]
    pub contact_hours: Option<String>,
}

/// `linepass provider add`.
#[derive(Debug, Clone, Args)]
pub struct AddArgs {
    /// Its ID, the OAuth client_id: 1 to 23 small letters, digits and hyphens; it never changes
    #[arg(value_name = "ID")]
    pub provider: ProviderId,
    /// Its name as households and bills read it
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Its contact.
    #[command(flatten)]
    pub contact: ContactArgs,
    /// An exact address to go back to; may be given up to ten times
    #[arg(long, value_name = "URL", required = true)]
    pub redirect_uri: Vec<String>,
    /// How its id_tokens are signed
    #[arg(long, value_enum, default_value = "rs256")]
    pub id_token_algorithm: Algorithm,
    /// A new file for the secret, made with mode 0600; one that is there is not written over
    #[arg(long, value_name = "PATH")]
    pub secret_file: PathBuf,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// How id_tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Algorithm {
    /// RSA with SHA-256
    Rs256,
    /// ECDSA on P-256
    Es256,
}

impl Algorithm {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// `linepass provider show`.
#[derive(Debug, Clone, Args)]
pub struct ShowProviderArgs {
    /// Its ID
    #[arg(value_name = "ID")]
    pub provider: ProviderId,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// `linepass provider rotate-secret` and `linepass webhook rotate-key`.
#[derive(Debug, Clone, Args)]
#[group(id = "what", required = true, multiple = true, args = ["secret_file", "retire_old"])]
pub struct RotateSecretArgs {
    /// Its ID
    #[arg(value_name = "ID")]
    pub provider: ProviderId,
    /// A new file for another secret, made with mode 0600; one that is there is not written over
    #[arg(long, value_name = "PATH")]
    pub secret_file: Option<PathBuf>,
    /// End the old secret
    #[arg(long)]
    pub retire_old: bool,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass provider set`.
#[derive(Debug, Clone, Args)]
#[group(id = "setting", required = true, multiple = true,
    args = ["name", "contact_phone", "contact_url", "contact_hours", "redirect_uri", "suspend", "resume"])]
pub struct SetArgs {
    /// Its ID
    #[arg(value_name = "ID")]
    pub provider: ProviderId,
    /// Its name from now on
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Its contact.
    #[command(flatten)]
    pub contact: ContactArgs,
    /// All exact addresses to go back to; may be given up to ten times
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Option<Vec<String>>,
    /// Bar it from pushing orders; its contracts go on
    #[arg(long, conflicts_with = "resume")]
    pub suspend: bool,
    /// Let it push orders again
    #[arg(long)]
    pub resume: bool,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass service`.
#[derive(Debug, Clone, Subcommand)]
pub enum ServiceCommand {
    /// Put services into a provider's catalogue, from a file or one by options
    #[command(
        long_about = "Puts services into a provider's catalogue. FILE is TOML with a \
                      [[services]] table for each, or JSON with an array 'services'; each has \
                      service, name, kind (monthly or per_use), unit_price_yen (a per-use \
                      service without one is priced in each order), and where there are such \
                      usage_period and terms_url. A service whose code is there is replaced; \
                      contracts and purchases keep what they were made with.",
        after_long_help = "Examples:\n  \
        linepass service add c-sha catalogue.toml --reason 'autumn catalogue' --dry-run\n  \
        linepass service add c-sha --service pack --name 見放題 --kind monthly \\\n      \
        --unit-price-yen 500 --reason 'contract 2026-118'"
    )]
    Add(AddServiceArgs),
    /// List a provider's catalogue
    #[command(after_long_help = "Examples:\n  linepass service list c-sha")]
    List(ShowProviderArgs),
    /// Take a service off sale; its contracts go on
    #[command(after_long_help = "Examples:\n  \
        linepass service retire c-sha pack --reason 'end of the season'")]
    Retire(RetireArgs),
}

/// `linepass service add`.
#[derive(Debug, Clone, Args)]
#[group(id = "which", required = true, multiple = false, args = ["file", "service"])]
pub struct AddServiceArgs {
    /// Whose
    #[arg(value_name = "PROVIDER")]
    pub provider: ProviderId,
    /// A catalogue, TOML or, named .json, JSON
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// One service: its code in orders
    #[arg(long, value_name = "CODE", requires = "name", requires = "kind")]
    pub service: Option<String>,
    /// Its name as households read it
    #[arg(long, value_name = "NAME", requires = "service")]
    pub name: Option<String>,
    /// How it is charged
    #[arg(long, value_enum, requires = "service")]
    pub kind: Option<KindArg>,
    /// Yen a month or a piece; without, the provider names the price in each order
    #[arg(long, value_name = "N", requires = "service")]
    pub unit_price_yen: Option<u64>,
    /// For how long what was bought can be used, in the provider's words
    #[arg(long, value_name = "TEXT", requires = "service")]
    pub usage_period: Option<String>,
    /// Where its terms of use stand
    #[arg(long, value_name = "URL", requires = "service")]
    pub terms_url: Option<String>,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// How a service is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum KindArg {
    /// 月額定額
    Monthly,
    /// 都度課金
    PerUse,
}

/// `linepass service retire`.
#[derive(Debug, Clone, Args)]
pub struct RetireArgs {
    /// Whose
    #[arg(value_name = "PROVIDER")]
    pub provider: ProviderId,
    /// Its code
    #[arg(value_name = "SERVICE")]
    pub service: ServiceCode,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Does what `command` asks for of providers.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn provider(
    command: &ProviderCommand,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> Result<Exit> {
    match command {
        ProviderCommand::Add(args) => add(args, out, talk),
        ProviderCommand::List(server) => {
            let request = Request { method: "GET", path: "/providers".to_owned(), body: None };
            ask(server, &request, listed, out, talk)
        }
        ProviderCommand::Show(args) => ask(&args.server, &showing(args), shown, out, talk),
        ProviderCommand::RotateSecret(args) => {
            let path = format!("/providers/{}/secrets/rotate", args.provider);
            rotate(args, path, "client_secret", out, talk)
        }
        ProviderCommand::Set(args) => {
            let suspended = match (args.suspend, args.resume) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            };
            let mut fields = contact(&args.contact);
            fields["name"] = json!(args.name);
            fields["redirect_uris"] = json!(args.redirect_uri);
            fields["suspended"] = json!(suspended);
            let path = format!("/providers/{}", args.provider);
            let body = Some(change_body(&args.change, fields));
            let request = Request { method: "PATCH", path, body };
            ask(&args.change.server, &request, kept, out, talk)
        }
    }
}

/// Draws another secret beside the one that stands, or ends the old one; `field` is the answer's.
pub(super) fn rotate(
    args: &RotateSecretArgs,
    path: String,
    field: &'static str,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> Result<Exit> {
    let drawn = args.secret_file.is_some();
    let fields = json!({ "draw": drawn, "retire_old": args.retire_old });
    let body = Some(change_body(&args.change, fields));
    let request = Request { method: "POST", path, body };
    let secret = SecretIn { field, file: args.secret_file.as_deref() };
    ask_secret(&args.change, &request, &secret, kept, out, talk)
}

fn contact(contact: &ContactArgs) -> Value {
    json!({
        "contact_phone": contact.contact_phone,
        "contact_url": contact.contact_url,
        "contact_hours": contact.contact_hours,
    })
}

fn add(args: &AddArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let mut fields = contact(&args.contact);
    fields["provider"] = json!(args.provider);
    fields["name"] = json!(args.name);
    fields["redirect_uris"] = json!(args.redirect_uri);
    fields["id_token_algorithm"] = json!(args.id_token_algorithm.as_str());
    let body = Some(change_body(&args.change, fields));
    let request = Request { method: "POST", path: "/providers".to_owned(), body };
    let secret = SecretIn { field: "client_secret", file: Some(&args.secret_file) };
    ask_secret(&args.change, &request, &secret, kept, out, talk)
}

fn showing(args: &ShowProviderArgs) -> Request {
    Request { method: "GET", path: format!("/providers/{}", args.provider), body: None }
}

/// Does what `command` asks for of services.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn service(
    command: &ServiceCommand,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> Result<Exit> {
    match command {
        ServiceCommand::Add(args) => {
            let services = match entries(args) {
                Ok(services) => services,
                Err(fault) => {
                    writeln!(talk, "linepass: {fault}")?;
                    return Ok(Exit::Failed);
                }
            };
            let path = format!("/providers/{}/services", args.provider);
            let body = Some(change_body(&args.change, json!({ "services": services })));
            let request = Request { method: "POST", path, body };
            ask(&args.change.server, &request, kept, out, talk)
        }
        ServiceCommand::List(args) => ask(&args.server, &showing(args), catalogue, out, talk),
        ServiceCommand::Retire(args) => {
            let path = format!("/providers/{}/services/{}/retire", args.provider, args.service);
            let body = Some(change_body(&args.change, json!({})));
            let request = Request { method: "POST", path, body };
            ask(&args.change.server, &request, kept, out, talk)
        }
    }
}

/// No catalogue is longer; what has no end, such as a device, is found out by it.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// A catalogue's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    services: Vec<ServiceEntry>,
}

fn entries(args: &AddServiceArgs) -> std::result::Result<Vec<ServiceEntry>, String> {
    if let Some(file) = &args.file {
        return read(file);
    }
    let kind = match args.kind {
        Some(KindArg::Monthly) => ServiceKind::Monthly,
        _ => ServiceKind::PerUse,
    };
    Ok(vec![ServiceEntry {
        service: args.service.clone().unwrap_or_default(),
        name: args.name.clone().unwrap_or_default(),
        kind,
        unit_price_yen: args.unit_price_yen,
        usage_period: args.usage_period.clone(),
        terms_url: args.terms_url.clone(),
    }])
}

fn read(file: &Path) -> std::result::Result<Vec<ServiceEntry>, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(|error| told(&error))?;
    opened.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| told(&error))?;
    if bytes.len() as u64 > MOST_FILE_BYTES {
        return Err(told(&"it is longer than 1 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| told(&"it is not UTF-8 text"))?;
    let catalogue: Catalogue = if file.extension().is_some_and(|name| name == "json") {
        serde_json::from_str(&text).map_err(|error| told(&error))?
    } else {
        Figment::from(Toml::string(&text)).extract().map_err(|error| told(&error))?
    };
    Ok(catalogue.services)
}

fn listed(answer: &Value) -> String {
    let providers = answer["providers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if providers.is_empty() {
        return "no providers\n".to_owned();
    }
    providers.iter().fold(String::new(), |told, provider| {
        let services = provider["services"].as_array().map_or(0, Vec::len);
        format!("{told}{}  {services} services{}\n", named(provider), standing(provider))
    })
}

fn named(provider: &Value) -> String {
    format!("{}  {}", text(provider, "/provider"), plain_text(text(provider, "/name")))
}

fn standing(provider: &Value) -> &'static str {
    if provider["suspended"] == true { "  suspended" } else { "" }
}

fn shown(provider: &Value) -> String {
    let line = |name: &str, field: &str| match text(provider, field) {
        "" => String::new(),
        value => format!("  {name:<14}{}\n", plain_text(value)),
    };
    let uris = provider["redirect_uris"].as_array().into_iter().flatten();
    let uris = uris.filter_map(Value::as_str);
    let uris = uris.fold(String::new(), |told, uri| format!("{told}  redirect      {uri}\n"));
    format!(
        "{}{}\n{}{}{}{uris}  id_tokens     {}\n  secrets       {}\n{}{}",
        named(provider),
        standing(provider),
        line("phone", "/contact_phone"),
        line("page", "/contact_url"),
        line("hours", "/contact_hours"),
        text(provider, "/id_token_algorithm"),
        provider["secrets"],
        webhook(provider),
        catalogue(provider),
    )
}

fn webhook(provider: &Value) -> String {
    match text(provider, "/webhook_url") {
        "" => String::new(),
        url => format!("  webhook       {url}  {} keys\n", provider["webhook_keys"]),
    }
}

fn catalogue(provider: &Value) -> String {
    let services = provider["services"].as_array().map(Vec::as_slice).unwrap_or_default();
    if services.is_empty() {
        return "  no services\n".to_owned();
    }
    services.iter().fold(String::new(), |told, service| {
        let entry = &service["entry"];
        let price = match (entry["unit_price_yen"].as_u64(), text(entry, "/kind")) {
            (Some(yen), "monthly") => format!("{yen} yen a month"),
            (Some(yen), _) => format!("{yen} yen each"),
            (None, _) => "priced in each order".to_owned(),
        };
        let retired = if service["offered"] == true { "" } else { "  retired" };
        let name = plain_text(text(entry, "/name"));
        format!("{told}  {}  {name}  {price}{retired}\n", text(entry, "/service"))
    })
}

/// A provider after a change.
pub(super) fn kept(answer: &Value) -> String {
    let head = match (answer["dry_run"] == true, answer["changes"].as_u64()) {
        (true, Some(0)) => "Nothing would change:\n".to_owned(),
        (true, _) => "Nothing was changed; it would be:\n".to_owned(),
        (false, Some(0)) => "nothing changed:\n".to_owned(),
        (false, _) => String::new(),
    };
    let secret = match text(answer, "/file") {
        "" => String::new(),
        file => format!("the new secret is in {file}\n"),
    };
    format!("{head}{}{secret}", shown(&answer["provider"]))
}
