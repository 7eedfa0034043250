//! Why a command is refused: one enum, a stable code for each reason.
//!
//! Pages, OAuth errors and log lines are mapped from this in one place each; providers learn of
//! none of it (interfaces.md 1).

use crate::domain::{
    calendar::{Day, Instant, Month},
    ids::ContractNumber,
    yen::Yen,
};

/// A command was understood and a rule of the guide says no. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No line has this customer ID.
    #[error("no such line")]
    UnknownLine,
    /// The line is already open here.
    #[error("the line is already open")]
    LineAlreadyOpen,
    /// A transfer ended the line.
    #[error("the line has ended")]
    LineEnded,
    /// The access service may not have passport IDs.
    #[error("the access service is not eligible")]
    IneligibleLine,
    /// No such passport ID on this line, or deleted.
    #[error("no such passport ID")]
    UnknownPassport,
    /// Registered, but not yet active.
    #[error("the passport ID is not active yet")]
    NotYetActive,
    /// The password, the line or the ID's standing changed since the login.
    #[error("the login is over")]
    LoginOver,
    /// Line authentication is on and the request does not come from the line.
    #[error("the request does not come from the line")]
    ForeignLine,
    /// The provider asked that the line be checked, and it was not.
    #[error("the line was not checked, which the provider requires")]
    LineNotChecked,
    /// 利用規制中 by the customer.
    #[error("the line is restricted by its customer")]
    Restricted {
        /// Since when.
        since: Instant,
    },
    /// Stopped by the company.
    #[error("the company stopped new use")]
    Stopped {
        /// Since when.
        since: Instant,
    },
    /// The billing number cannot carry charges.
    #[error("the line cannot be billed")]
    Unbillable {
        /// Since when.
        since: Instant,
    },
    /// As many IDs as a line may have.
    #[error("the line has {allowed} passport IDs, as many as allowed")]
    TooManyPassports {
        /// How many are allowed.
        allowed: u32,
    },
    /// The string belongs, or belonged, to a passport ID.
    #[error("the passport ID is taken")]
    PassportIdTaken,
    /// An address prefix belongs to another line.
    #[error("an address prefix belongs to another line")]
    NetworkTaken,
    /// A prefix belongs to more lines than one change takes it from.
    #[error("an address prefix belongs to more than {most} other lines; take it from them first")]
    TooManyOwners {
        /// How many one change takes it from.
        most: usize,
    },
    /// An open line keeps its access service; only a transfer ends it for another.
    #[error("the service of an open line cannot change; transfer the line instead")]
    ServiceFixed,
    /// The catalogue no longer sells what was ordered at this amount.
    #[error("the catalogue no longer offers the order: {field}")]
    OfferChanged {
        /// The order's field that no longer fits.
        field: &'static str,
    },
    /// The month, or its 1st, turned between the page and the press: what would be charged is not
    /// what the household agreed to.
    #[error("the month has turned since the household agreed: it is {now} now")]
    MonthTurned {
        /// The month it is now.
        now: Month,
    },
    /// The same ID already has a live contract for the service.
    #[error("the passport ID already has a live contract for the service")]
    LiveContract {
        /// Which.
        contract: ContractNumber,
    },
    /// More than the passport ID's limit.
    #[error("the purchase would exceed the passport ID's limit")]
    OverLimit {
        /// Used this month.
        used: Yen,
        /// What this purchase would add to this month.
        added: Yen,
        /// The limit.
        limit: Yen,
    },
    /// More than the line's limit.
    #[error("the purchase would exceed the line's limit")]
    OverLineLimit {
        /// Used this month by the whole line.
        used: Yen,
        /// What this purchase would add to this month.
        added: Yen,
        /// The line's limit.
        limit: Yen,
    },
    /// The order was completed before, with another passport ID.
    #[error("another passport ID completed the order")]
    OrderCompleted,
    /// The order's reference completed another order before (interfaces.md 1.1).
    #[error("the order's reference completed another order")]
    ReferenceUsed,
    /// What is to be cancelled is a per-use purchase, which cannot be.
    #[error("a per-use purchase cannot be cancelled")]
    PerUsePurchase,
    /// No such contract on this line.
    #[error("no such contract")]
    UnknownContract,
    /// Another passport ID bought it.
    #[error("another passport ID bought the contract")]
    AnotherIdsContract,
    /// It has ended.
    #[error("the contract has ended")]
    ContractEnded {
        /// The last month it is charged for.
        last_charge_month: Month,
    },
    /// The limits of the IDs together would pass the line's.
    #[error("the limits of the passport IDs would exceed the line's limit")]
    LimitsOverLine {
        /// The sum of the IDs' limits.
        sum: Yen,
        /// The line's limit.
        limit: Yen,
    },
    /// The line is not barred by this.
    #[error("the line is not barred by this")]
    NotBarred,
    /// It is barred by this already.
    #[error("the line is barred by this already")]
    BarredAlready,
    /// The line has no line authentication to switch.
    #[error("the line has no line authentication")]
    NoLineAuthentication,
    /// What 利用規制 would end, or charge, is no longer what its page showed.
    #[error("what the restriction would end has changed since its page was shown")]
    PreviewChanged,
    /// As many inquiries as a line may send in a day.
    #[error("the line has sent {allowed} inquiries today, as many as allowed")]
    TooManyInquiries {
        /// How many are allowed.
        allowed: usize,
    },
    /// The guide's table has no such transfer for this service.
    #[error("this transfer does not occur for this service (— in the guide's table)")]
    ImpossibleTransfer,
    /// A billed number of another name, or at another place, cannot be taken.
    #[error("the billed number must be of the same name and at the place of use")]
    AnotherNameOrPlace,
    /// The month has not ended in Japan.
    #[error("{month} has not ended in Japan")]
    MonthUnfinished {
        /// Which.
        month: Month,
    },
    /// An earlier month is charged and not closed: it is closed first.
    #[error("{month} is not closed yet; close it first")]
    EarlierMonthOpen {
        /// The earliest.
        month: Month,
    },
    /// The line has no closed bill for the month.
    #[error("the line has no closed bill for {month}")]
    NotBilled {
        /// Which month.
        month: Month,
    },
    /// The closed month billed no such receipt.
    #[error("{month} billed no charge with this receipt number")]
    UnknownCharge {
        /// Which month.
        month: Month,
    },
    /// The correction would bill less than nothing, or changes nothing.
    #[error(
        "the charge is {charged_yen} yen with its corrections; a correction must change it and leave 0 to 9999999 yen"
    )]
    WrongCorrection {
        /// What the charge comes to so far, in yen.
        charged_yen: i64,
    },
    /// The charge comes to another sum than whoever corrects it took it to: it may have been
    /// corrected already.
    #[error(
        "the charge is {charged_yen} yen with its corrections, not what was named; was it corrected already?"
    )]
    ChargedOtherwise {
        /// What the charge comes to so far, in yen.
        charged_yen: i64,
    },
    /// A bill is due after the month of its charges.
    #[error("a bill of {month} is due after that month")]
    DueTooEarly {
        /// The month of the charges.
        month: Month,
    },
    /// The record was replaced since it was read.
    #[error("the line's record was changed meanwhile: ask again")]
    RecordChanged,
    /// The line's record lacks what a disclosure has to tell.
    #[error("the line's record lacks {field}, which a disclosure has to tell")]
    RecordIncomplete {
        /// The record's field.
        field: &'static str,
    },
    /// No unpaid bill of the month was reported.
    #[error("no unpaid bill of {month} was reported")]
    NotOverdue {
        /// Which month.
        month: Month,
    },
    /// The bill's due date has not passed.
    #[error("the bill is due on {due}: use can be stopped from the day after")]
    NotPastDue {
        /// When it is due.
        due: Day,
    },
    /// 60 days have not passed since the due date.
    #[error("60 days have not passed since the due date: it may be disclosed from {from}")]
    DisclosureTooEarly {
        /// The first day on which it may.
        from: Day,
    },
    /// The bill has nothing of this provider's (R-181: its own services alone).
    #[error("the bill has no charge of this provider")]
    NothingSold,
    /// Receipt numbers have run out, which takes 90 billion orders.
    #[error("no receipt number is left")]
    NoReceiptNumber,
}

impl Refusal {
    /// The reason's code in logs, metrics and the operator's answers; it never changes.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownLine => "unknown_line",
            Self::LineAlreadyOpen => "line_already_open",
            Self::LineEnded => "line_ended",
            Self::IneligibleLine => "ineligible_line",
            Self::UnknownPassport => "unknown_passport",
            Self::NotYetActive => "not_yet_active",
            Self::LoginOver => "login_over",
            Self::ForeignLine => "foreign_line",
            Self::LineNotChecked => "line_not_checked",
            Self::Restricted { .. } => "restricted",
            Self::Stopped { .. } => "stopped",
            Self::Unbillable { .. } => "unbillable",
            Self::TooManyPassports { .. } => "too_many_passports",
            Self::PassportIdTaken => "passport_id_taken",
            Self::NetworkTaken => "network_taken",
            Self::TooManyOwners { .. } => "too_many_owners",
            Self::ServiceFixed => "service_fixed",
            Self::OfferChanged { .. } => "offer_changed",
            Self::MonthTurned { .. } => "month_turned",
            Self::LiveContract { .. } => "live_contract",
            Self::OverLimit { .. } => "over_limit",
            Self::OverLineLimit { .. } => "over_line_limit",
            Self::OrderCompleted => "order_completed",
            Self::ReferenceUsed => "reference_used",
            Self::PerUsePurchase => "per_use_purchase",
            Self::UnknownContract => "unknown_contract",
            Self::AnotherIdsContract => "another_ids_contract",
            Self::ContractEnded { .. } => "contract_ended",
            Self::LimitsOverLine { .. } => "limits_over_line",
            Self::NotBarred => "not_barred",
            Self::BarredAlready => "barred_already",
            Self::NoLineAuthentication => "no_line_authentication",
            Self::PreviewChanged => "preview_changed",
            Self::TooManyInquiries { .. } => "too_many_inquiries",
            Self::ImpossibleTransfer => "impossible_transfer",
            Self::AnotherNameOrPlace => "another_name_or_place",
            Self::MonthUnfinished { .. } => "month_unfinished",
            Self::EarlierMonthOpen { .. } => "earlier_month_open",
            Self::NotBilled { .. } => "not_billed",
            Self::UnknownCharge { .. } => "unknown_charge",
            Self::WrongCorrection { .. } => "wrong_correction",
            Self::ChargedOtherwise { .. } => "charged_otherwise",
            Self::DueTooEarly { .. } => "due_too_early",
            Self::RecordChanged => "record_changed",
            Self::RecordIncomplete { .. } => "record_incomplete",
            Self::NotOverdue { .. } => "not_overdue",
            Self::NotPastDue { .. } => "not_past_due",
            Self::DisclosureTooEarly { .. } => "disclosure_too_early",
            Self::NothingSold => "nothing_sold",
            Self::NoReceiptNumber => "no_receipt_number",
        }
    }
}
