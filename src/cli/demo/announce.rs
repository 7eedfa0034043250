//! What is printed once the demo is ready: data on standard output, for people or for machines.

use super::sample::{Sample, SampleLine, SamplePassport, SampleProvider};
use std::io::{Result, Write};

/// Prints it and says so.
pub fn ready(json: bool, sample: &Sample) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, sample)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", for_people(sample))?;
    }
    out.flush()
}

fn for_people(sample: &Sample) -> String {
    let lines: String = sample.lines.iter().map(line_for_people).collect();
    let providers: String = sample.providers.iter().map(provider_for_people).collect();
    format!(
        "\nLinepass is ready. Open the sample shop in a browser on this machine:\n\n    {}\n\n\
         Buy something, log in with a passport ID, tick 承諾する and press 購入.\n\n\
         Lines and passport IDs\n{lines}\nProviders\n{providers}\nAddresses\n\
         \x20 issuer    {}\n  operator  {}/healthz\n\
         \x20 token     {}\n  mails     {}\n\nCtrl-C ends it.\n",
        sample.shop,
        sample.issuer,
        sample.operator,
        sample.operator_token_file.as_deref().unwrap_or_default(),
        sample.mail_dir.as_deref().unwrap_or("to the mail server")
    )
}

fn line_for_people(line: &SampleLine) -> String {
    let service = serde_json::to_value(line.service).ok();
    let service = service.as_ref().and_then(|value| value.as_str()).unwrap_or_default();
    let networks = line.networks.join(", ");
    let passports: String = line.passport_ids.iter().map(passport_for_people).collect();
    let none = if passports.is_empty() { "    not eligible for passport IDs\n" } else { "" };
    format!("  {}  {service}  from {networks}\n{passports}{none}", line.customer_id)
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
    format!(
        "  {name}  client_id {client_id}  client_secret {client_secret}\n    back to   {uris}\n"
    )
}
