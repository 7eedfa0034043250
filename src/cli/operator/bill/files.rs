//! A month's bills as files for whoever issues them: by billing route, as CSV in the bill's
//! own columns, as CSV of every charge, and as JSON; a manifest counts, sums and checks.
//!
//! Nothing in them tells when they were written, so the same bills make the same bytes. They are
//! written beside their names and take them at the end, the manifest last: a folder with a manifest
//! is whole.

use super::BillError;
use crate::{
    cli::folder::MadeFolder,
    domain::{calendar::Month, ids::ProviderId, line::event::BillingRoute},
    text::{format, plain_text},
    web::{
        operator::bills::{Bill, Item, ProviderLine},
        portal::csv::harmless,
    },
};
use aws_lc_rs::digest::{Context, SHA256};
use csv::{Terminator, Writer, WriterBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";

/// What a month's bills come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Bills, one for each billed line.
    pub bills: u64,
    /// Charges.
    pub items: u64,
    /// Corrections of earlier months.
    pub corrections: u64,
    /// What all come to, in yen.
    pub total_yen: i64,
    /// The same by how they are billed.
    pub routes: BTreeMap<BillingRoute, RouteSum>,
    /// The same by provider.
    pub providers: BTreeMap<ProviderId, ProviderSum>,
}

/// What is billed by one route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSum {
    /// Bills.
    pub bills: u64,
    /// Yen.
    pub total_yen: i64,
    /// 請求年月.
    pub issue_month: Option<Month>,
}

/// What is billed for one provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderSum {
    /// Its name, as the last bill prints it.
    pub name: String,
    /// Lines that are billed for it.
    pub bills: u64,
    /// Charges.
    pub items: u64,
    /// What they come to, in yen.
    pub charged_yen: i64,
    /// Corrections.
    pub corrections: u64,
    /// What they come to, in yen.
    pub corrected_yen: i64,
    /// Both together, in yen.
    pub total_yen: i64,
}

impl Summary {
    /// Counts a bill, charge by charge.
    pub fn add(&mut self, bill: &Bill) {
        self.bills += 1;
        let route = self.routes.entry(bill.route).or_default();
        route.bills += 1;
        route.total_yen += bill.total_yen;
        route.issue_month = Some(bill.issue_month);
        for line in &bill.providers {
            let provider = self.providers.entry(line.provider.clone()).or_default();
            provider.name.clone_from(&line.name);
            provider.bills += 1;
            for item in &line.items {
                self.total_yen += item.amount_yen;
                provider.total_yen += item.amount_yen;
                if item.corrects.is_some() {
                    self.corrections += 1;
                    provider.corrections += 1;
                    provider.corrected_yen += item.amount_yen;
                } else {
                    self.items += 1;
                    provider.items += 1;
                    provider.charged_yen += item.amount_yen;
                }
            }
        }
    }

    /// Yen by which the bills' own sums differ from their charges'; 0, or something is wrong.
    pub fn difference_yen(&self) -> i64 {
        self.routes.values().map(|route| route.total_yen).sum::<i64>() - self.total_yen
    }

    /// For people.
    pub fn pretty(&self, folder: Option<&Path>) -> String {
        let yen = |amount: i64| format!("{} yen", format::signed_grouped(amount));
        let mut told = format!(
            "  bills {}   charges {}   corrections {}   total {}   difference {}\n",
            self.bills,
            self.items,
            self.corrections,
            yen(self.total_yen),
            yen(self.difference_yen()),
        );
        for (route, sum) in &self.routes {
            let issued = sum.issue_month.map_or_else(String::new, |month| month.to_string());
            let name = route_name(*route);
            let (bills, total) = (sum.bills, yen(sum.total_yen));
            told = format!("{told}  {name:<16} {bills:>9} bills {total:>18}  issued {issued}\n");
        }
        for (provider, sum) in &self.providers {
            let (bills, total, name) = (sum.bills, yen(sum.total_yen), plain_text(&sum.name));
            told = format!("{told}  {provider:<16} {bills:>9} bills {total:>18}  {name}\n");
        }
        match folder {
            Some(folder) => {
                told + &format!("  written to {} ({MANIFEST} last)\n", folder.display())
            }
            None => told,
        }
    }

    /// For machines.
    pub fn data(&self, month: Month, state: &str, folder: Option<&Path>) -> Value {
        json!({
            "month": month,
            "state": state,
            "summary": self,
            "difference_yen": self.difference_yen(),
            "folder": folder.map(|folder| folder.display().to_string()),
        })
    }
}

/// A route's word, the same as in JSON.
pub const fn route_name(route: BillingRoute) -> &'static str {
    match route {
        BillingRoute::Telephone => "telephone",
        BillingRoute::CustomerNumber => "customer_number",
        BillingRoute::Combined => "combined",
        BillingRoute::Bulk => "bulk",
    }
}

/// What the manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The month of the charges.
    pub month: Month,
    /// Counts and sums.
    pub summary: Summary,
    /// The files, by name.
    pub files: BTreeMap<String, FileEntry>,
}

/// One file of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Rows below the head, or bills.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// A file under way: counted, hashed, and not yet under its name.
struct Part {
    path: PathBuf,
    file: BufWriter<File>,
    hash: Context,
    bytes: u64,
}

impl Part {
    fn create(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(format!(".{name}.partial"));
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(true).mode(0o600).open(&path)?;
        Ok(Self { path, file: BufWriter::new(file), hash: Context::new(&SHA256), bytes: 0 })
    }

    /// On disk, under its name.
    fn finish(mut self, folder: &Path, name: &str, rows: u64) -> io::Result<FileEntry> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.path, folder.join(name))?;
        Ok(FileEntry { rows, bytes: self.bytes, sha256: hex(self.hash.finish().as_ref()) })
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The three files of one route.
struct RouteFiles {
    bills: Writer<Part>,
    bill_rows: u64,
    items: Writer<Part>,
    item_rows: u64,
    json: Part,
    json_rows: u64,
}

/// The bill's own columns, and whose row it is.
const BILL_HEAD: [&str; 9] = [
    "お客さまID",
    "お客様電話番号等(BILLING NUMBER)",
    "請求年月(MONTH OF ISSUE)",
    "事業者",
    "内訳項目",
    "金額(円)",
    "内訳金額(円)",
    "請求内訳等詳細",
    "税区分",
];
const ITEM_HEAD: [&str; 13] = [
    "customer_id",
    "billing_number",
    "month",
    "issue_month",
    "provider",
    "provider_name",
    "receipt_number",
    "passport",
    "service",
    "service_name",
    "quantity",
    "amount_yen",
    "corrects",
];

impl RouteFiles {
    fn create(folder: &Path, route: BillingRoute) -> io::Result<Self> {
        let [bills, items, json] = names(route);
        let part = |name: &str| Part::create(folder, name);
        let table = |name: &str, head: &[&str]| -> io::Result<Writer<Part>> {
            let mut table =
                WriterBuilder::new().terminator(Terminator::CRLF).from_writer(part(name)?);
            table.write_record(head)?;
            Ok(table)
        };
        Ok(Self {
            bills: table(&bills, &BILL_HEAD)?,
            bill_rows: 0,
            items: table(&items, &ITEM_HEAD)?,
            item_rows: 0,
            json: part(&json)?,
            json_rows: 0,
        })
    }

    /// 料金回収代行サービスご利用分 with one line for each provider below it.
    fn add(&mut self, month: Month, bill: &Bill) -> io::Result<()> {
        let customer = bill.customer_id.as_str();
        let number = bill.billing_number.as_deref().unwrap_or_default();
        let issue = bill.issue_month;
        let issued = format!("{}年{}月ご請求分", issue.year(), issue.number());
        let total = bill.total_yen.to_string();
        let whole = "料金回収代行サービスご利用分";
        self.bills.write_record([customer, number, &issued, "", whole, &total, "", "", ""])?;
        self.bill_rows += 1;
        for line in &bill.providers {
            let amount = line.amount_yen.to_string();
            let detail = harmless(&format!("{}ご利用分。", line.name));
            let part = "フレッツ・まとめて支払い料金";
            let provider = line.provider.as_str();
            self.bills.write_record([
                customer, number, &issued, provider, part, "", &amount, &detail, "",
            ])?;
            self.bill_rows += 1;
            for item in &line.items {
                self.add_item(month, bill, line, item)?;
            }
        }
        self.json.write_all(if self.json_rows == 0 { b"[\n" } else { b",\n" })?;
        serde_json::to_writer(&mut self.json, bill)?;
        self.json_rows += 1;
        Ok(())
    }

    fn add_item(
        &mut self,
        month: Month,
        bill: &Bill,
        line: &ProviderLine,
        item: &Item,
    ) -> io::Result<()> {
        self.item_rows += 1;
        self.items.write_record([
            bill.customer_id.as_str(),
            bill.billing_number.as_deref().unwrap_or_default(),
            &month.to_string(),
            &bill.issue_month.to_string(),
            line.provider.as_str(),
            &harmless(&line.name),
            &item.receipt_number.to_string(),
            &item.passport.to_string(),
            item.service.as_str(),
            &harmless(&item.service_name),
            &item.quantity.to_string(),
            &item.amount_yen.to_string(),
            &item.corrects.map_or_else(String::new, |month| month.to_string()),
        ])?;
        Ok(())
    }

    fn finish(
        mut self,
        folder: &Path,
        route: BillingRoute,
    ) -> io::Result<[(String, FileEntry); 3]> {
        let [bills, items, json] = names(route);
        self.json.write_all(if self.json_rows == 0 { b"[]\n" } else { b"\n]\n" })?;
        let inner =
            |table: Writer<Part>| table.into_inner().map_err(csv::IntoInnerError::into_error);
        let bill_file = inner(self.bills)?.finish(folder, &bills, self.bill_rows)?;
        let item_file = inner(self.items)?.finish(folder, &items, self.item_rows)?;
        let json_file = self.json.finish(folder, &json, self.json_rows)?;
        Ok([(bills, bill_file), (items, item_file), (json, json_file)])
    }
}

/// The names of a route's files.
pub fn names(route: BillingRoute) -> [String; 3] {
    let route = route_name(route).replace('_', "-");
    [format!("bills-{route}.csv"), format!("charges-{route}.csv"), format!("bills-{route}.json")]
}

/// Makes the folder before anything is asked for that cannot be taken back, and tries whether a file can
/// be made in it.
///
/// # Errors
/// It is no folder, cannot be made, or takes no file.
pub fn ready_folder(folder: &Path) -> Result<MadeFolder, BillError> {
    let unmade = |source| BillError::Unmade { path: folder.to_owned(), source };
    let made = MadeFolder::make(folder).map_err(unmade)?;
    let probe = folder.join(".probe.partial");
    File::create(&probe).and_then(|_| fs::remove_file(&probe)).map_err(unmade)?;
    Ok(made)
}

/// A month's files under way.
pub struct BillFiles {
    folder: PathBuf,
    month: Month,
    routes: BTreeMap<BillingRoute, RouteFiles>,
}

impl BillFiles {
    /// Makes the folder, for its owner alone. A manifest of before goes first: while there is none
    /// the folder is not whole.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub fn begin(folder: &Path, month: Month) -> Result<Self, BillError> {
        let failed = |source| BillError::File { path: folder.to_owned(), source };
        ready_folder(folder)?.keep();
        match fs::remove_file(folder.join(MANIFEST)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut routes = BTreeMap::new();
        for route in BillingRoute::ALL {
            routes.insert(route, RouteFiles::create(folder, route).map_err(failed)?);
        }
        Ok(Self { folder: folder.to_owned(), month, routes })
    }

    /// Writes a bill.
    ///
    /// # Errors
    /// Its files cannot be written.
    pub fn add(&mut self, bill: &Bill) -> Result<(), BillError> {
        let Some(files) = self.routes.get_mut(&bill.route) else { return Ok(()) };
        let failed = |source| BillError::File { path: self.folder.clone(), source };
        files.add(self.month, bill).map_err(failed)
    }

    /// Gives the files their names, and writes the manifest.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn finish(self, summary: &Summary) -> Result<(), BillError> {
        let folder = &self.folder;
        let failed = |source| BillError::File { path: folder.clone(), source };
        let mut files = BTreeMap::new();
        for (route, own) in self.routes {
            files.extend(own.finish(folder, route).map_err(failed)?);
        }
        let manifest = Manifest { month: self.month, summary: summary.clone(), files };
        let mut part = Part::create(folder, MANIFEST).map_err(failed)?;
        let mut text = serde_json::to_vec_pretty(&manifest)?;
        text.push(b'\n');
        part.write_all(&text).map_err(failed)?;
        part.finish(folder, MANIFEST, 1).map_err(failed)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}
