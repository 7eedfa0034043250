//! The record of 開通のご案内 and the six fields of a disclosure that stand in it.

use super::{calendar::Day, statement::Row};
use std::collections::BTreeMap;

/// ご契約者名.
pub const CONTRACTOR: &str = "contractor";
/// ご利用場所.
pub const PLACE: &str = "place";
/// ご連絡先電話番号.
pub const CONTACT_PHONE: &str = "contact_phone";
/// 請求書お客さま番号.
pub const BILLING_NUMBER: &str = "billing_number";

/// One purchase as it is disclosed to its provider: exactly these fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosed {
    /// 氏名.
    pub name: String,
    /// 住所.
    pub address: String,
    /// 連絡先電話番号.
    pub contact_phone: String,
    /// 課金電話番号.
    pub billing_number: String,
    /// 利用した有料サービス名.
    pub service_name: String,
    /// 購入年月日, by the Japanese calendar.
    pub bought_on: Day,
}

impl Disclosed {
    /// The first field of the record that a disclosure tells and that is not there (R-181: exactly
    /// the six).
    pub fn lacks(record: &BTreeMap<String, String>) -> Option<&'static str> {
        let fields = [CONTRACTOR, PLACE, CONTACT_PHONE, BILLING_NUMBER];
        let there = |field: &&str| record.get(*field).is_some_and(|value| !value.is_empty());
        fields.into_iter().find(|field| !there(field))
    }

    /// The purchases of one provider, each with who owes them.
    pub fn of(record: &BTreeMap<String, String>, rows: &[Row]) -> Vec<Self> {
        let field = |name: &str| record.get(name).cloned().unwrap_or_default();
        let disclosed = rows.iter().map(|row| Self {
            name: field(CONTRACTOR),
            address: field(PLACE),
            contact_phone: field(CONTACT_PHONE),
            billing_number: field(BILLING_NUMBER),
            service_name: row.service_name.clone(),
            bought_on: row.started_at.day(),
        });
        disclosed.collect()
    }
}
