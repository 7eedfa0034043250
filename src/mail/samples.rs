//! Every mail with sample data: for the tests that hold all of them to the same rules, and written
//! to a folder for the eye.

use super::{House, render};
use crate::{
    actors::outbox::letter::{Changed, Content, Ended, Item, Letter, Purchased, Registered},
    config::Config,
    domain::{
        calendar::Instant,
        field::MailAddress,
        ids::{ContractNumber, ReceiptNumber},
        language::Language,
        notice::NoticeKind,
        yen::Yen,
    },
    store::MailId,
};
use std::{fs, io, path::Path};

/// 2026-11-23T21:00:00+09:00, in microseconds since the epoch.
const EVENING_US: i64 = 1_795_435_200_000_000;

/// Every mail in `language`, with a name for its file.
pub fn letters(language: Language) -> Vec<(&'static str, Letter)> {
    Samples { language, names: Names::ordinary() }.all()
}

/// Writes every mail in both languages, as text and as HTML, into `directory`: `ja/purchased.html`
/// and so on. For looking at; the server never calls it.
///
/// # Errors
/// A file cannot be written.
pub fn write_renders(directory: &Path) -> io::Result<()> {
    let contact = Config::default().contact;
    let house = House { origin: "https://pay.example.jp".into(), contact };
    for language in Language::ALL {
        let folder = directory.join(language.code());
        fs::create_dir_all(&folder)?;
        for (name, letter) in letters(language) {
            let mail = render(&letter, &house).map_err(io::Error::other)?;
            fs::write(folder.join(format!("{name}.html")), mail.html)?;
            let text = format!("{}\n\n{}", mail.subject, mail.text);
            fs::write(folder.join(format!("{name}.txt")), text)?;
        }
    }
    Ok(())
}

/// The words that providers and households write; hostile ones take their place in a test.
#[derive(Clone)]
struct Names {
    person: String,
    passport_id: String,
    provider: String,
    service: String,
    place: String,
}

impl Names {
    fn ordinary() -> Self {
        Self {
            person: "西日本 太郎".into(),
            passport_id: "sakura01".into(),
            provider: "A社".into(),
            service: "パックサービス".into(),
            place: "198.51.100.0/24".into(),
        }
    }
}

struct Samples {
    language: Language,
    names: Names,
}

impl Samples {
    fn all(&self) -> Vec<(&'static str, Letter)> {
        let mut all: Vec<(&'static str, Letter)> = self
            .contents()
            .into_iter()
            .map(|(name, kind, content)| (name, self.letter(kind, content)))
            .collect();
        // One to whoever holds the line, whose name nobody told.
        let record = self.letter(NoticeKind::UseResumed, Content::UseResumed);
        all.push(("use_resumed_record", Letter { name: None, request_id: None, ..record }));
        all
    }

    fn letter(&self, kind: NoticeKind, content: Content) -> Letter {
        let customer = "CAF0000012573".parse();
        Letter {
            id: MailId { customer: customer.expect("a customer ID"), seq: 14, kind, row: 6 },
            to: MailAddress::parse("sakura01@example.jp").expect("an address"),
            name: Some(self.names.person.clone()),
            language: self.language,
            accepted_at: Instant::from_micros(EVENING_US),
            request_id: Some("f0s7kq2m9x".into()),
            content,
        }
    }

    fn contents(&self) -> Vec<(&'static str, NoticeKind, Content)> {
        let (two, one) = (|| vec![self.ended(1), self.ended(2)], || vec![self.ended(1)]);
        let receipt = Some(receipt(3));
        let id = || self.names.passport_id.clone();
        let sign_in = |passport_id: Option<String>, to: Option<String>| {
            let (at, from) = (Instant::from_micros(EVENING_US), self.names.place.clone());
            Content::NewSignIn { passport_id, at, from, to }
        };
        let limits = vec![(id(), Yen::new(20_000))];
        let (line_limit, no_limits) = (Some(Yen::new(30_000)), Vec::new());
        let line_ended = |goes_on| Content::LineEnded { ended: two(), goes_on };
        let passport_ids = vec![id()];
        vec![
            ("registered", NoticeKind::Registered, self.registered()),
            ("changed", NoticeKind::Changed, self.changed(false)),
            ("changed_former", NoticeKind::Changed, self.changed(true)),
            ("purchased_monthly", NoticeKind::Purchased, self.purchased(true)),
            ("purchased_per_use", NoticeKind::Purchased, self.purchased(false)),
            (
                "cancelled",
                NoticeKind::Cancelled,
                Content::Cancelled { ended: self.ended(1), receipt },
            ),
            (
                "contracts_ended",
                NoticeKind::ContractsEnded,
                Content::ContractsEnded { ended: one() },
            ),
            (
                "limits",
                NoticeKind::LimitsChanged,
                Content::LimitsChanged { limits, line_limit: None },
            ),
            (
                "line_limit",
                NoticeKind::LimitsChanged,
                Content::LimitsChanged { limits: no_limits, line_limit },
            ),
            ("restricted", NoticeKind::Restricted, Content::Restricted { ended: two() }),
            ("restriction_lifted", NoticeKind::RestrictionLifted, Content::RestrictionLifted),
            ("use_stopped", NoticeKind::UseStopped, Content::UseStopped { ended: Vec::new() }),
            (
                "use_stopped_unbillable",
                NoticeKind::UseStopped,
                Content::UseStopped { ended: one() },
            ),
            ("use_resumed", NoticeKind::UseResumed, Content::UseResumed),
            (
                "passport_deleted",
                NoticeKind::PassportDeleted,
                Content::PassportDeleted { passport_ids, ended: one() },
            ),
            ("line_moved", NoticeKind::LineEnded, line_ended(true)),
            ("line_ended", NoticeKind::LineEnded, line_ended(false)),
            (
                "new_sign_in",
                NoticeKind::NewSignIn,
                sign_in(Some(id()), Some(self.names.provider.clone())),
            ),
            (
                "inquiry",
                NoticeKind::Inquiry,
                Content::Inquiry {
                    customer: "CAF0000012573".parse().expect("a customer ID"),
                    service: self.names.service.clone(),
                    contact: "03-1234-5678".into(),
                    text: format!("廃止をお願いします。\n{}", self.names.place),
                },
            ),
            ("new_sign_in_portal", NoticeKind::NewSignIn, sign_in(None, None)),
        ]
    }

    fn ended(&self, serial: u64) -> Ended {
        Ended {
            passport_id: self.names.passport_id.clone(),
            provider: self.names.provider.clone(),
            service: self.names.service.clone(),
            contract: ContractNumber(receipt(serial)),
            last_charge_month: Instant::from_micros(EVENING_US).month(),
        }
    }

    fn registered(&self) -> Content {
        Content::Registered(Registered {
            passport_id: self.names.passport_id.clone(),
            name: self.names.person.clone(),
            phone: "0600000000".into(),
            mail: "sakura01@example.jp".into(),
            limit: Yen::new(10_000),
            line_authentication: true,
            active_from: Some(Instant::from_micros(EVENING_US)),
        })
    }

    fn changed(&self, is_former: bool) -> Content {
        let value = |text: &str| (!is_former).then(|| text.to_owned());
        Content::Changed(Changed {
            passport_id: value(&self.names.passport_id),
            items: vec![
                Item::PassportId,
                Item::Password,
                Item::Name(value(&self.names.person)),
                Item::Phone(value("0600000000")),
                Item::Mail(value("new@example.jp")),
                Item::Contractor((!is_former).then_some(true)),
                Item::LineAuthentication(false),
            ],
            is_former,
        })
    }

    fn purchased(&self, monthly: bool) -> Content {
        let (price, quantity) = if monthly { (525, 1) } else { (300, 2) };
        Content::Purchased(Purchased {
            passport_id: self.names.passport_id.clone(),
            provider: self.names.provider.clone(),
            service: self.names.service.clone(),
            monthly,
            unit_price: Yen::new(price),
            quantity,
            amount: Yen::new(price * u64::from(quantity)),
            receipt: receipt(1),
            usage_period: (!monthly).then(|| "ご購入から7日間".into()),
        })
    }
}

fn receipt(serial: u64) -> ReceiptNumber {
    let receipt = ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + serial - 1);
    receipt.expect("a serial of the first range")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> House {
        House { origin: "https://pay.example.jp".into(), contact: Config::default().contact }
    }

    fn hostile() -> Names {
        Names {
            person: "<b>\r\nBcc: x@evil.example".into(),
            passport_id: "\"><b>id</b>".into(),
            provider: "<script>alert(1)</script>\u{202E}elgoog".into(),
            service: "長い".repeat(5_120),
            place: "{{ page }}{% raw %}\u{200B}'\" onclick='x'".into(),
        }
    }

    fn every_mail() -> Vec<(&'static str, Letter)> {
        let mut mails = Vec::new();
        for language in Language::ALL {
            for names in [Names::ordinary(), hostile()] {
                mails.extend(Samples { language, names }.all());
            }
        }
        mails
    }

    #[test]
    fn every_kind_has_a_sample() {
        let kinds: Vec<NoticeKind> =
            letters(Language::Ja).iter().map(|(_, letter)| letter.id.kind).collect();
        for kind in NoticeKind::ALL {
            assert!(kinds.contains(&kind), "{kind}");
        }
    }

    #[test]
    fn every_mail_renders_with_its_request_id_at_its_foot() {
        for (name, letter) in every_mail() {
            let mail = render(&letter, &house()).expect(name);
            assert!(!mail.subject.is_empty() && mail.subject.is_char_boundary(0), "{name}");
            assert!(!mail.subject.contains(['\r', '\n']), "{name}");
            let lang = format!("<html lang=\"{}\">", letter.language.code());
            assert!(mail.html.contains(&lang), "{name}");
            assert_eq!(mail.html.matches("<h1").count(), 1, "{name}");
            let foot = letter.request_id.as_deref().unwrap_or("linepass");
            for body in [&mail.text, &mail.html] {
                let is_last = body.rfind(foot).is_some_and(|at| at + 200 > body.len());
                assert_eq!(is_last, letter.request_id.is_some(), "{name}");
                // R-192: a password is five stars or nothing.
                let told = matches!(letter.id.kind, NoticeKind::Registered | NoticeKind::Changed);
                assert_eq!(body.contains("*****"), told, "{name}");
            }
        }
    }

    #[test]
    fn links_begin_with_the_configured_origin_security_50() {
        for (name, letter) in every_mail() {
            let mail = render(&letter, &house()).expect(name);
            let links: Vec<&str> = mail.html.split("href=\"").skip(1).collect();
            assert!(!links.is_empty(), "{name}");
            for link in links {
                let address = link.split('"').next().expect("closed");
                assert!(address.starts_with("https://pay.example.jp/help/"), "{name}: {address}");
            }
            assert!(mail.text.contains("https://pay.example.jp/help/contact"), "{name}");
            // Nothing is fetched, nothing runs, nothing follows the reader.
            for forbidden in ["<img", "<script", "<link", "<style", "url(", "src="] {
                assert!(!mail.html.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }

    #[test]
    fn hostile_names_are_harmless_text_security_47() {
        for (name, letter) in every_mail() {
            let mail = render(&letter, &house()).expect(name);
            for forbidden in ["<b>", "\u{202E}", "\u{200B}", "' onclick='"] {
                assert!(!mail.html.contains(forbidden), "{name}: {forbidden:?}");
            }
            for forbidden in ["\r", "\nBcc", "\u{202E}", "\u{200B}"] {
                assert!(!mail.text.contains(forbidden), "{name}: {forbidden:?}");
            }
            assert!(mail.html.len() + mail.text.len() < 40_000, "{name}");
        }
    }

    #[test]
    fn a_former_address_learns_that_and_not_what_r_103() {
        for language in Language::ALL {
            let letters = letters(language);
            let of = |wanted: &str| {
                let (_, letter) = letters.iter().find(|(name, _)| *name == wanted).expect(wanted);
                render(letter, &house()).expect(wanted).text
            };
            let secrets = ["new@example.jp", "06-0000-0000", "sakura01"];
            assert!(secrets.iter().all(|value| of("changed").contains(value)));
            let former = of("changed_former");
            assert!(secrets.iter().all(|value| !former.contains(value)), "{former}");
        }
    }

    #[test]
    fn neither_payment_nor_misuse_is_named_r_149() {
        for language in Language::ALL {
            for (name, letter) in letters(language) {
                if letter.id.kind != NoticeKind::UseStopped {
                    continue;
                }
                let text = render(&letter, &house()).expect(name).text.to_lowercase();
                for word in ["未払", "支払期限", "不正", "unpaid", "overdue", "misuse", "fraud"]
                {
                    assert!(!text.contains(word), "{name}: {word}");
                }
            }
        }
    }

    #[test]
    fn a_purchase_mail_to_the_letter_r_114() {
        let letters = letters(Language::Ja);
        let (_, letter) =
            letters.iter().find(|(name, _)| *name == "purchased_monthly").expect("it");
        let text = render(letter, &house()).expect("renders").text;
        for line in [
            "西日本 太郎 様",
            "月額 525円 (税込)",
            "申込受付番号: 1000 0000 0016",
            "サービス提供事業者: A社",
            "サービス: パックサービス",
            "課金対象月: 2026年11月分から、解約するまで毎月",
            "契約番号: K-100000000016",
            "フレッツ・パスポートID: sakura01",
            "受付日時: 2026年11月23日 21:00 (日本時間)",
            "お問い合わせ番号: f0s7kq2m9x",
        ] {
            assert!(text.lines().any(|own| own == line), "{line}\n{text}");
        }
        for break_before in
            ["月額 525円", "申込受付番号", "* 料金は", "お問い合わせ\nhttps", "-- \n"]
        {
            let expected = format!("\n\n{break_before}");
            assert!(text.contains(&expected) && !text.contains("\n\n\n"), "{expected}\n{text}");
        }
    }

    #[test]
    fn the_renders_can_be_written_for_the_eye() {
        let folder = tempfile::tempdir().expect("a folder");
        write_renders(folder.path()).expect("writes");
        for language in Language::ALL {
            for (name, _) in letters(language) {
                let file = folder.path().join(language.code()).join(format!("{name}.html"));
                assert!(file.is_file(), "{name}");
            }
        }
        // For a look at them: LINEPASS_MAIL_RENDERS=DIR cargo test renders_can_be_written.
        if let Some(wanted) = std::env::var_os("LINEPASS_MAIL_RENDERS") {
            write_renders(Path::new(&wanted)).expect("writes");
        }
    }
}
