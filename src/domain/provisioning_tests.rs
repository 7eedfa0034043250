//! Rows of an import, and prefixes.

use super::*;
use proptest::prelude::*;

fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

const WHOLE: &[(&str, &str)] = &[
    ("customer_id", "CAF0000012573"),
    ("service", "hikari_next"),
    ("billing", "customer_number"),
    ("line_limit_yen", "30000"),
    ("networks", "2001:db8:0:100::/56, 203.0.113.5"),
    ("access_key", "12345678"),
    ("order", "フレッツ 光ネクスト 新規"),
    ("construction_date", "2026-11-20"),
    ("start_date", "2026-11-24"),
    ("contractor", "西日本株式会社"),
    ("applicant", "西日本 太郎"),
    ("phone", "06-1234-5678"),
    ("contact_phone", "090-1234-5678"),
    ("place", "大阪府大阪市都島区東野田町4-15-82"),
    ("mail", "tarou1234@example.jp"),
    ("billing_number", "0012345678"),
    ("billing_address", "大阪府大阪市都島区東野田町4-15-82"),
];

fn whole_but(column: &str, value: &str) -> BTreeMap<String, String> {
    let mut row = fields(WHOLE);
    row.insert(column.to_owned(), value.to_owned());
    row
}

#[test]
fn a_row_with_all_of_the_record_r_059() {
    let row = LineRow::parse(fields(WHOLE)).expect("a row");
    assert_eq!(row.customer.as_str(), "CAF0000012573");
    assert_eq!(row.billing, Some(BillingRoute::CustomerNumber));
    let networks: Vec<String> = row.networks.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(networks, ["203.0.113.5/32", "2001:db8:0:100::/56"]);
    assert_eq!(row.record.len(), 11, "{:?}", row.record.keys());
    assert_eq!(row.record["phone"], "0612345678");
    assert!(row.access_key == Some(GivenKey::Plain("12345678".to_owned())));
    let needed = row.needed_to_open().expect("enough");
    assert_eq!(needed.line_limit, Yen::new(30_000));
    // What is personal does not print.
    assert_eq!(format!("{row:?}"), "LineRow { customer: CAF0000012573, .. }");
}

#[test]
fn each_fault_names_its_column_and_what_is_allowed() {
    let long = "あ".repeat(101);
    let table = [
        ("customer_id", "GAF000012373", "three capital letters"),
        ("customer_id", " ", "must be given"),
        ("service", "hikari", "hikari_next, hikari_light"),
        ("billing", "cash", "telephone, customer_number"),
        ("line_limit_yen", "-1", "0 to 9999999"),
        ("line_limit_yen", "10000000", "0 to 9999999"),
        ("line_limit_yen", "１００", "0 to 9999999"),
        ("networks", "nowhere", "is no address prefix"),
        ("access_key", "1234567", "8 to 64"),
        ("access_key", "１２３４５６７８", "8 to 64"),
        ("order", "a\u{1b}[2Jb", "1 to 100 characters on one line"),
        ("contractor", &long, "1 to 100 characters"),
        ("construction_date", "2026-02-30", "a day such as"),
        ("start_date", "24.11.2026", "a day such as"),
        ("phone", "3-1234-5678", "10 or 11 digits"),
        ("contact_phone", "x", "10 or 11 digits"),
        ("mail", "tarou@", "an address such as"),
        ("billing_number", "12x4", "4 to 15 digits"),
        ("nickname", "x", "is no column; wanted are customer_id, service"),
    ];
    for (column, value, allowed) in table {
        let fault = LineRow::parse(whole_but(column, value)).expect_err(column);
        assert_eq!(fault.column, column);
        assert!(fault.allowed.contains(allowed), "{column}: {}", fault.allowed);
    }
    let both = whole_but("access_key_hash", "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAA$AAAA");
    assert_eq!(LineRow::parse(both).expect_err("two").column, "access_key");
    let mut hash = whole_but("access_key_hash", "$2b$10$x");
    hash.remove("access_key");
    assert_eq!(LineRow::parse(hash).expect_err("bcrypt").column, "access_key_hash");
}

#[test]
fn a_row_may_leave_out_what_an_open_line_has() {
    let row = LineRow::parse(fields(&[("customer_id", "CAF0000012573"), ("mail", "")]));
    let row = row.expect("a row");
    assert!(row.record.is_empty() && row.networks.is_none());
    for (column, given) in [
        ("access_key", fields(&[("customer_id", "CAF0000012573")])),
        ("service", {
            let mut row = fields(WHOLE);
            row.remove("service");
            row
        }),
        ("line_limit_yen", {
            let mut row = fields(WHOLE);
            row.remove("line_limit_yen");
            row
        }),
    ] {
        let row = LineRow::parse(given).expect("a row");
        assert_eq!(row.needed_to_open().expect_err(column).column, column);
    }
}

#[test]
fn prefixes_of_a_household_r_175() {
    let read = |text: &str| {
        networks(text).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    for (text, expected) in [
        ("", ""),
        ("2001:DB8:0:0100::/56", "2001:db8:0:100::/56"),
        ("203.0.113.5/32;198.51.100.0/24", "198.51.100.0/24 203.0.113.5/32"),
        ("203.0.113.5 203.0.113.5/32", "203.0.113.5/32"),
        // security.md 55
        ("::ffff:203.0.113.5", "203.0.113.5/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
    }
    for (text, fault) in [
        ("203.0.113.5/24", "did you mean 203.0.113.0/24"),
        ("10.0.0.0/8", "wider than a household's"),
        ("2001:db8::/47", "has bits"),
        ("2001:db8::/32", "wider than"),
        ("::ffff:0.0.0.0/95", "is no address prefix"),
        ("0.0.0.0/32", "no household's address"),
        ("ff02::1/128", "no household's address"),
        ("2001:db8::/56,2001:db8::1/128", "share addresses"),
        ("203.0.113.5/33", "is no address prefix"),
        ("fe80::1%eth0", "is no address prefix"),
    ] {
        let told = networks(text).expect_err(text).to_string();
        let known = told.contains(fault) || (fault == "has bits" && told.contains("wider"));
        assert!(known, "{text}: {told}");
    }
    let many: Vec<String> = (0..=MOST_NETWORKS).map(|n| format!("203.0.113.{n}")).collect();
    assert_eq!(networks(&many.join(",")), Err(NetworkFault::TooMany));
}

proptest! {
    /// What a stranger writes in a file is an answer, never a panic.
    #[test]
    fn no_field_panics(column in prop::sample::select(COLUMNS), value in ".{0,60}") {
        let _ = LineRow::parse(whole_but(column, &value));
    }

    /// Two prefixes share addresses exactly where one of their edges lies in the other.
    #[test]
    fn overlapping_is_holding(a in any::<u32>(), b in any::<u32>(), l in 24_u8..=32, m in 24_u8..=32) {
        let of = |address: u32, length| {
            let network = IpNetwork::new(Ipv4Addr::from(address).into(), length).expect("one");
            IpNetwork::new(network.network(), length).expect("masked")
        };
        let (one, other) = (of(a, l), of((a & 0xffff_ff00) | (b & 0xff), m));
        let shares = one.contains(other.network()) || other.contains(one.network());
        prop_assert_eq!(overlap(one, other), shares);
    }
}
