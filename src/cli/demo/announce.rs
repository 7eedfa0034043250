//! What is printed once the demo is ready: data on standard output, for people or for machines.

use super::sample::{Sample, SampleLine, SamplePassport, SampleProvider};
use std::io::{Result, Write};

/// Prints it and says so.
pub fn ready(json: bool, sample: &Sample, log_folder: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, sample)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", for_people(sample, log_folder))?;
    }
    out.flush()
}

fn for_people(sample: &Sample, log_folder: &str) -> String {
    let lines: String = sample.lines.iter().map(line_for_people).collect();
    let operator = &sample.operator;
    let token_file = sample.operator_token_file.as_deref().unwrap_or_default();
    let log = match log_folder {
        "" => "on standard error alone".to_owned(),
        folder => format!("linepass logs --follow --folder '{folder}'"),
    };
    let providers: String = sample.providers.iter().map(provider_for_people).collect();
    format!(
        "\nLinepass is ready. Open the sample shop in a browser on this machine:\n\n    {}\n\n\
         Buy something, log in with a passport ID, tick 承諾する and press 購入. What is monthly\n\
         can be cancelled there too.\n\n\
         The household's own pages, by customer ID and access key (光プレミアム: /wso_v6/):\n\n    {}\n\n\
         Lines and passport IDs\n{lines}\nProviders\n{providers}\nAddresses\n\
         \x20 issuer    {}\n  operator  {operator}/healthz, /readyz, /metrics\n\
         \x20 mails     {}\n  log       {}\n\n\
         For the operator's commands (`linepass line show {}`), in another terminal\n\
         \x20 export LINEPASS_OPERATOR_URL={operator}\n\
         \x20 export LINEPASS_OPERATOR_TOKEN_FILE='{token_file}'\n\n\
         Ctrl-C ends it.\n",
        sample.shop,
        sample.portal.as_deref().unwrap_or_default(),
        sample.issuer,
        sample.mail_dir.as_deref().unwrap_or("to the mail server"),
        log,
        sample.lines.first().map(|line| line.customer_id.as_str()).unwrap_or_default(),
    )
}

fn line_for_people(line: &SampleLine) -> String {
    let service = serde_json::to_value(line.service).ok();
    let service = service.as_ref().and_then(|value| value.as_str()).unwrap_or_default();
    let networks = line.networks.join(", ");
    let passports: String = line.passport_ids.iter().map(passport_for_people).collect();
    let none = if passports.is_empty() { "    not eligible for passport IDs\n" } else { "" };
    format!(
        "  {}  access key {}  {service}  from {networks}\n{passports}{none}",
        line.customer_id, line.access_key
    )
}

fn passport_for_people(passport: &SamplePassport) -> String {
    let from =
        if passport.line_authentication { "only from its own line" } else { "from anywhere" };
    let SamplePassport { passport_id, password, .. } = passport;
    format!("    passport ID {passport_id}  password {password}  ({from})\n")
}

fn provider_for_people(provider: &SampleProvider) -> String {
    let SampleProvider { name, client_id, client_secret, redirect_uris, .. } = provider;
    let uris = redirect_uris.join("\n              ");
    let webhook = match (&provider.webhook_url, &provider.webhook_secret) {
        (Some(url), Some(secret)) => format!("    webhook   {url}  key {secret}\n"),
        _ => String::new(),
    };
    format!(
        "  {name}  client_id {client_id}  client_secret {client_secret}\n    back to   {uris}\n\
         {webhook}"
    )
}
