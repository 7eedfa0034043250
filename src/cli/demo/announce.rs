//! What is printed once the demo is ready: data on standard output, for people or for machines.

use super::sample::{Sample, SampleLine};
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
    let mut text = format!(
        "\nLinepass is ready. Open the sample shop in a browser on this machine:\n\n    {}\n\n\
         Buy something, log in with a passport ID, tick 承諾する and press 購入.\n\n\
         Lines and passport IDs\n",
        sample.shop
    );
    for line in &sample.lines {
        text.push_str(&line_for_people(line));
    }
    text.push_str("\nProviders\n");
    for provider in &sample.providers {
        let uris = provider.redirect_uris.join("\n              ");
        text.push_str(&format!(
            "  {}  client_id {}  client_secret {}\n    back to   {uris}\n",
            provider.name, provider.client_id, provider.client_secret
        ));
    }
    text.push_str(&format!(
        "\nAddresses\n  issuer    {}\n  operator  {}/healthz\n\nCtrl-C ends it.\n",
        sample.issuer, sample.operator
    ));
    text
}

fn line_for_people(line: &SampleLine) -> String {
    let service = serde_json::to_value(line.service).ok();
    let service = service.as_ref().and_then(|value| value.as_str()).unwrap_or_default();
    let networks = line.networks.join(", ");
    let mut text = format!("  {}  {service}  from {networks}\n", line.customer_id);
    if line.passport_ids.is_empty() {
        text.push_str("    not eligible for passport IDs\n");
    }
    for passport in &line.passport_ids {
        let line_authentication = match passport.line_authentication {
            true => "only from its own line",
            false => "from anywhere",
        };
        text.push_str(&format!(
            "    passport ID {}  password {}  ({line_authentication})\n",
            passport.passport_id, passport.password
        ));
    }
    text
}
