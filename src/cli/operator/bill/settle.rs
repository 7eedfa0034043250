//! `linepass bill settle`: what each provider is owed for a closed month, held against the bills
//! that were handed over, to the yen.

use super::{
    BillError, Client, Exit, Told, each_bill,
    files::{FileEntry, MANIFEST, Manifest, Summary, hex, names},
};
use crate::{
    cli::operator::args::SettleArgs,
    domain::{calendar::Month, ids::ProviderId, line::event::BillingRoute},
    text::{format, plain_text},
};
use aws_lc_rs::digest::{Context, SHA256};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

/// Where the provider and the amount stand in a row of the bills.
const PROVIDER: usize = 3;
const AMOUNT: usize = 6;

/// One provider's settlement.
struct Owed {
    provider: ProviderId,
    journal_yen: i64,
    bills_yen: i64,
}

/// Settles a closed month.
pub fn settle(args: &SettleArgs) -> impl AsyncFnOnce(Client) -> Result<Told, BillError> + '_ {
    async move |client: Client| {
        let month = args.month;
        let folder = args.bills.clone().unwrap_or_else(|| PathBuf::from(format!("bills-{month}")));
        let handed_over = billed_in_files(&folder, month)?;
        let mut summary = Summary::default();
        each_bill(&client, month, "lines", |bill| {
            summary.add(bill);
            Ok(())
        })
        .await?;
        let owed = compare(&summary, &handed_over);
        let differs = owed.iter().any(|one| one.journal_yen != one.bills_yen)
            || summary.difference_yen() != 0;
        let exit = if differs { Exit::Failed } else { Exit::Done };
        let pretty = pretty(month, &folder, &summary, &owed, differs);
        let providers: Vec<_> = owed.iter().map(|one| one.data(&summary)).collect();
        let data = json!({
            "month": month, "folder": folder.display().to_string(), "reconciled": !differs,
            "owed_yen": summary.total_yen, "providers": providers,
        });
        Ok(Told::new(&args.server, &data, pretty, exit))
    }
}

impl Owed {
    fn data(&self, summary: &Summary) -> serde_json::Value {
        let sum = summary.providers.get(&self.provider).cloned().unwrap_or_default();
        json!({
            "provider": self.provider, "name": sum.name, "bills": sum.bills, "charges": sum.items,
            "charged_yen": sum.charged_yen, "corrections": sum.corrections,
            "corrected_yen": sum.corrected_yen, "owed_yen": self.journal_yen,
            "billed_yen": self.bills_yen, "difference_yen": self.bills_yen - self.journal_yen,
        })
    }
}

fn compare(summary: &Summary, handed_over: &BTreeMap<ProviderId, i64>) -> Vec<Owed> {
    let mut providers: Vec<&ProviderId> =
        summary.providers.keys().chain(handed_over.keys()).collect();
    providers.sort();
    providers.dedup();
    let owed = |provider: &ProviderId| Owed {
        provider: provider.clone(),
        journal_yen: summary.providers.get(provider).map_or(0, |sum| sum.total_yen),
        bills_yen: handed_over.get(provider).copied().unwrap_or_default(),
    };
    providers.into_iter().map(owed).collect()
}

fn pretty(month: Month, folder: &Path, summary: &Summary, owed: &[Owed], differs: bool) -> String {
    let yen = |amount: i64| format!("{} yen", format::signed_grouped(amount));
    let mut told = format!("{month}  what providers are owed\n");
    for one in owed {
        let sum = summary.providers.get(&one.provider).cloned().unwrap_or_default();
        let (charges, charged) = (sum.items, yen(sum.charged_yen));
        let (corrected, owed) = (yen(sum.corrected_yen), yen(one.journal_yen));
        let (differ, name) = (yen(one.bills_yen - one.journal_yen), plain_text(&sum.name));
        let provider = &one.provider;
        told = format!(
            "{told}  {provider:<16} {charges:>9} charges {charged:>18}  corrections {corrected:>12}  \
             owed {owed:>18}  bills differ by {differ}  {name}\n"
        );
    }
    let verdict = if differs { "THE BILLS DIFFER" } else { "reconciled to the yen" };
    told + &format!("  {} with {}: {verdict}\n", yen(summary.total_yen), folder.display())
}

/// What the files say each provider's lines are billed, once each is found to be what the manifest
/// names.
fn billed_in_files(folder: &Path, month: Month) -> Result<BTreeMap<ProviderId, i64>, BillError> {
    let path = folder.join(MANIFEST);
    let text = std::fs::read(&path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => BillError::Differs {
            path: path.clone(),
            what: "it is not there; --bills names the folder that linepass bill close wrote".into(),
        },
        _ => BillError::File { path: path.clone(), source },
    })?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| BillError::Differs { path: path.clone(), what: error.to_string() })?;
    if manifest.month != month {
        let what = format!("it is of {}, not of {month}", manifest.month);
        return Err(BillError::Differs { path, what });
    }
    for (name, entry) in &manifest.files {
        check(&folder.join(name), entry)?;
    }
    let mut billed = BTreeMap::new();
    for route in BillingRoute::ALL {
        let [bills, ..] = names(route);
        add_up(&folder.join(bills), &mut billed)?;
    }
    Ok(billed)
}

fn check(path: &Path, entry: &FileEntry) -> Result<(), BillError> {
    let failed = |source| BillError::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let (mut hash, mut bytes, mut buffer) = (Context::new(&SHA256), 0, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
    let same = bytes == entry.bytes && hex(hash.finish().as_ref()) == entry.sha256;
    let what = || "it is not what the manifest names".to_owned();
    same.then_some(()).ok_or_else(|| BillError::Differs { path: path.to_owned(), what: what() })
}

fn add_up(path: &Path, billed: &mut BTreeMap<ProviderId, i64>) -> Result<(), BillError> {
    let differs = |what: String| BillError::Differs { path: path.to_owned(), what };
    let mut rows = csv::Reader::from_path(path).map_err(|error| differs(error.to_string()))?;
    for row in rows.records() {
        let row = row.map_err(|error| differs(error.to_string()))?;
        let (provider, amount) =
            (row.get(PROVIDER).unwrap_or_default(), row.get(AMOUNT).unwrap_or_default());
        if provider.is_empty() {
            continue;
        }
        let provider: ProviderId = provider.parse().map_err(|_| differs("a provider".into()))?;
        let amount: i64 = amount.parse().map_err(|_| differs("an amount".into()))?;
        *billed.entry(provider).or_default() += amount;
    }
    Ok(())
}
