//! What is asked of a line, and the facts that come with the question.

use super::{
    event::{Barrier, BillingRoute, ClosedItem, LineService, RowRef},
    guard::Uptime,
};
use crate::domain::{
    calendar::{Day, Instant, Month},
    ids::{ContractNumber, CustomerId, PassportNumber, ProviderId, ReceiptNumber},
    order::{CancellationOrder, PurchaseOrder},
    provider::Service,
    transfer::{BillingChange, Transfer},
    yen::Yen,
};
use ipnetwork::IpNetwork;
use std::net::IpAddr;

/// What is asked of a line. Each is decided whole or refused whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The carrier opens the line.
    Open(OpenLine),
    /// A household registers a passport ID.
    RegisterPassport(RegisterPassport),
    /// A household buys.
    Purchase(Purchase),
    /// A household cancels a monthly contract.
    Cancel(Cancel),
    /// New use is barred: by the customer, the company or the bill.
    RaiseBarrier(Barrier),
    /// An operator lifts a bar.
    LiftBarrier(Barrier),
    /// An operator deletes a passport ID.
    DeletePassport(PassportNumber),
    /// An operator ends a contract (R-149, decisions).
    EndContract(ContractNumber),
    /// A household changes what an ID was registered with, all in one form.
    ChangePassport(ChangePassport),
    /// 回線認証機能 is switched.
    SetLineAuthentication {
        /// Whose.
        passport: PassportNumber,
        /// On or off.
        on: bool,
    },
    /// The household sets limits of its IDs, all in one form.
    SetPassportLimits(Vec<(PassportNumber, Yen)>),
    /// The operator sets the line's limit.
    SetLineLimit(Yen),
    /// The operator sets the line's own prefixes.
    SetNetworks(Vec<IpNetwork>),
    /// Guessing was met with a wait that is to survive a restart.
    PlaceHold(PlaceHold),
    /// A verified password was hashed anew at the cost of today.
    UpgradeHash(UpgradeHash),
    /// A household signs in to its own pages.
    OpenSession(OpenSession),
    /// It signs out, or ends a session from elsewhere.
    EndSession(u32),
    /// It ends every session but this one.
    EndOtherSessions(u32),
    /// 利用規制 by the customer, with what its page said it would end: each contract and the last
    /// month it is charged for.
    Restrict(Vec<(ContractNumber, Month)>),
    /// An inquiry to the desk.
    Inquire(RowRef),
    /// Somebody signed in from a place that was not seen before.
    NoteNewPlace {
        /// With which ID; with the access key where absent.
        passport: Option<PassportNumber>,
        /// The row of the sign-in.
        sign_in: RowRef,
    },
    /// 異動.
    Transfer(Transfer),
    /// The billing number changes.
    ChangeBilling(ChangeBilling),
    /// The record of 開通のご案内 is replaced.
    ReplaceRecord(RowRef),
    /// How the bill is paid, as the carrier's record has it.
    SetBilling(BillingRoute),
    /// The carrier gives the line's data again; what is absent stays.
    UpdateLine(Box<UpdateLine>),
    /// The desk gives the line another access key; whoever signed in with the old one is signed out.
    ResetAccessKey(RowRef),
    /// The desk releases the waits of an ID, or of the access key.
    ReleaseHolds(Option<PassportNumber>),
    /// The company stops new use.
    StopUse(StopCause),
    /// A part of a month's close.
    CloseMonth(CloseMonth),
    /// What a closed month billed is corrected in the running month.
    Correct(Correct),
    /// A bill is unpaid.
    ReportOverdue {
        /// The month of its charges.
        month: Month,
        /// When it was due.
        due: Day,
    },
    /// It is paid, or was reported by mistake.
    SettleOverdue(Month),
    /// The operator stops collecting it: the second trigger of a disclosure.
    StopCollection(Month),
    /// An unpaid bill is disclosed to a provider.
    Disclose(Disclose),
    /// Personal rows whose term is over are erased.
    EraseRows(EraseRows),
}

/// Personal rows that were found to be due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EraseRows {
    /// Their numbers.
    pub rows: Vec<u32>,
    /// Whether they are due because the line has ended and is billed and paid, which an unpaid bill
    /// or a correction that comes meanwhile undoes.
    pub of_settled_line: bool,
}

/// A change of 請求先お客さま番号.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeBilling {
    /// Which row of the table.
    pub change: BillingChange,
    /// Whether まとめて支払い goes on, as the configuration has it for the row.
    pub continues: bool,
    /// Whether the number is of the same name and at the same place, which row 2 requires.
    pub same_name_and_place: bool,
    /// The record with the new number, where there is one.
    pub record: Option<NewRecord>,
}

/// A whole record that takes the place of the one it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRecord {
    /// Its row.
    pub row: RowRef,
    /// The record that was read to make it: where the line has another one by now, its fields would
    /// be lost.
    pub made_from: RowRef,
}

/// Why the company stops new use. Neither is told to the household by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// 不正利用.
    Misuse,
    /// A bill is past due: possible from the day after its due date on, and never by itself
    ///
    Overdue(Month),
}

/// A part of a month's close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseMonth {
    /// The month.
    pub month: Month,
    /// The block that the close was fixed at.
    pub block: u64,
    /// Which part, from 1.
    pub part: u32,
}

/// A correction of a closed month's bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correct {
    /// The month that was wrong.
    pub month: Month,
    /// The charge as it was billed; none where the month billed no such charge.
    pub item: Option<ClosedItem>,
    /// What whoever corrects takes the charge to come to so far, in yen: the same correction sent
    /// twice finds another sum, and is not made twice.
    pub charged_yen: i64,
    /// Yen less (negative) or more.
    pub difference_yen: i64,
}

/// A disclosure of an unpaid bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclose {
    /// To whom.
    pub provider: ProviderId,
    /// The month of the charges.
    pub month: Month,
    /// Whether the bill has a charge of this provider's own.
    pub sold: bool,
}

/// A session of the household's own pages to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSession {
    /// The access key's row that was verified: another one since opens nothing.
    pub verified: RowRef,
    /// How long it lasts at most, in seconds.
    pub lifetime_s: u64,
    /// The row that says where it was opened from.
    pub origin: RowRef,
}

/// A wait that guessing was met with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceHold {
    /// Against guessing at this ID; at the access key where absent.
    pub passport: Option<PassportNumber>,
    /// From this prefix; from everywhere but the own line where absent.
    pub from: Option<IpNetwork>,
    /// The failures that led to it.
    pub failures: u32,
    /// How long it lasts in seconds.
    pub wait_s: u64,
    /// Now by the machine's own clock, where it has one.
    pub uptime: Option<Uptime>,
}

/// A hash of the same password at another cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpgradeHash {
    /// Whose password; absent for the line's access key.
    pub passport: Option<PassportNumber>,
    /// The credential's row that the password was verified against.
    pub verified: RowRef,
    /// The new hash's row.
    pub credential: RowRef,
}

/// What the carrier knows of a line it opens. Personal data stand in rows of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLine {
    /// お客さまID.
    pub customer: CustomerId,
    /// Which access service.
    pub service: LineService,
    /// Its limit a month.
    pub line_limit: Yen,
    /// How its bill is paid.
    pub billing: BillingRoute,
    /// Its own prefixes.
    pub networks: Vec<IpNetwork>,
    /// The record's row.
    pub record: RowRef,
    /// The access key's row.
    pub access_key: RowRef,
}

/// What the carrier gives anew of an open line. Decided whole: a part that is refused refuses all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpdateLine {
    /// Which access service it is said to be.
    pub service: Option<LineService>,
    /// How its bill is paid.
    pub billing: Option<BillingRoute>,
    /// Its limit a month.
    pub line_limit: Option<Yen>,
    /// Its own prefixes, all of them.
    pub networks: Option<Vec<IpNetwork>>,
    /// The whole record.
    pub record: Option<NewRecord>,
    /// Another access key's row.
    pub access_key: Option<RowRef>,
}

/// A registration whose fields were checked and whose rows are ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterPassport {
    /// The string's row; that it is free is a reservation's business.
    pub name: RowRef,
    /// The password hash's row.
    pub credential: RowRef,
    /// The applicant's row.
    pub applicant: RowRef,
}

/// The change form of a passport ID, whose fields were checked and whose rows are ready. What was
/// left blank stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangePassport {
    /// Whose.
    pub passport: PassportNumber,
    /// The new string's row; that it is free is a reservation's business.
    pub name: Option<RowRef>,
    /// The new password's hash's row.
    pub credential: Option<RowRef>,
    /// The applicant's new row.
    pub applicant: Option<RowRef>,
    /// 回線認証機能, on or off.
    pub line_authentication: Option<bool>,
}

/// Who logged in, as it was then: a login ends when the ID's epoch or password has moved on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedIn {
    /// The ID.
    pub passport: PassportNumber,
    /// Its epoch at the login.
    pub epoch: u32,
}

/// A purchase as the household confirmed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Who confirmed.
    pub login: LoggedIn,
    /// Who sells.
    pub provider: ProviderId,
    /// Its name as it stands now.
    pub provider_name: String,
    /// What was pushed.
    pub order: PurchaseOrder,
    /// The catalogue's entry as it stands now.
    pub offer: Option<Service>,
    /// Whether the provider asked that the line be checked (`acr_values`).
    pub require_line: bool,
    /// The first charged month that the page named when the household agreed; `None`
    /// before it has, and for a caller that names none.
    pub agreed_month: Option<Month>,
}

/// A cancellation as the household confirmed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    /// Who confirmed.
    pub login: LoggedIn,
    /// Who asked: only the seller may.
    pub provider: ProviderId,
    /// What was pushed.
    pub order: CancellationOrder,
    /// Whether the provider asked that the line be checked (`acr_values`).
    pub require_line: bool,
    /// The last charged month that the household was shown and agreed to; none before it
    /// has confirmed.
    pub agreed_last_month: Option<Month>,
}

/// What was looked up and drawn before the decision: with it the same inputs give the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The time of the decision; never before the line's last event.
    pub now: Instant,
    /// The next number of the leased range, for commands that are given a receipt.
    pub receipt: Option<ReceiptNumber>,
    /// Where the request comes from; none for an operator's command.
    pub source: Option<IpAddr>,
    /// What the configuration says.
    pub defaults: LineDefaults,
}

/// The configurable numbers of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineDefaults {
    /// IDs a line may have.
    pub passports_per_line: u32,
    /// The limit of a new ID, where the line has as much left.
    pub passport_limit: Yen,
    /// How long a new ID is 登録中 before it can be used; 0 is at once.
    pub activation_delay_s: u64,
}
