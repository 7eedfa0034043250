//! What a letter says: rows and sentences in its language, then text and HTML from them.
//!
//! Others' names go through [`ShownName`]; a password never comes here, only that there is one
//! . Links begin with the configured origin, whatever a request's head said (security.md
//! 50), and carry no secret.

use crate::{
    actors::outbox::letter::{Changed, Content, Ended, Item, Letter, Purchased, Registered},
    config::ContactConfig,
    domain::{calendar, yen::Yen},
    text::{
        Language, ShownName, Texts, format,
        mail::{Letter as Words, Mail},
        plain_text,
    },
};
use askama::Template;

/// Whose mails these are: where their links lead, and whom they name to ask.
#[derive(Debug, Clone)]
pub struct House {
    /// The server's public origin.
    pub origin: String,
    /// Where households turn.
    pub contact: ContactConfig,
}

/// A mail in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line, without others' words in it.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
}

/// Puts a letter into words.
///
/// # Errors
/// A template did not render.
pub fn render(letter: &Letter, house: &House) -> Result<Rendered, askama::Error> {
    let page = Page::of(letter, house);
    let text = TextPage { page: page.clone() }.render()?;
    let subject = page.subject.to_owned();
    Ok(Rendered { subject, text, html: page.render()? })
}

/// A label and its value.
#[derive(Debug, Clone)]
struct Row {
    label: &'static str,
    value: String,
}

/// The amount, the largest thing on the mail.
#[derive(Debug, Clone)]
struct Amount {
    kind: &'static str,
    before: &'static str,
    figure: String,
    after: &'static str,
    tax: &'static str,
}

#[derive(Debug, Clone, Template)]
#[template(path = "letter.html")]
struct Page {
    language: &'static str,
    subject: &'static str,
    heading: &'static str,
    dear: String,
    lead: &'static str,
    amount: Option<Amount>,
    rows: Vec<Row>,
    ended_heading: &'static str,
    ended: Vec<Vec<Row>>,
    notes: Vec<&'static str>,
    contact_url: String,
    contact_label: &'static str,
    desk: String,
    no_secret: &'static str,
    foot: &'static str,
    footer_line: &'static str,
    request_id_label: &'static str,
    request_id: Option<String>,
}

#[derive(Template)]
#[template(path = "letter.txt", escape = "none", whitespace = "preserve")]
struct TextPage {
    page: Page,
}

impl std::ops::Deref for TextPage {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

/// What stands between greeting and contact.
#[derive(Default)]
struct Body {
    amount: Option<Amount>,
    rows: Vec<Row>,
    ended: Vec<Vec<Row>>,
    notes: Vec<&'static str>,
}

impl Page {
    fn of(letter: &Letter, house: &House) -> Self {
        let language = letter.language;
        let writer = Writer { language, texts: language.texts(), letter };
        let (words, body) = writer.body();
        let (common, mail) = (&writer.texts.common, &writer.texts.mail);
        let dear = letter.name.as_deref().map(|name| (mail.dear)(ShownName::from(name).as_str()));
        let contact = &house.contact;
        let mut notes: Vec<&'static str> = words.then.to_vec();
        notes.extend(body.notes);
        Self {
            language: language.code(),
            subject: words.subject,
            heading: words.heading,
            dear: dear.unwrap_or_else(|| {
                let to_desk = matches!(letter.content, Content::Inquiry { .. });
                if to_desk { mail.dear_desk } else { mail.dear_holder }.to_owned()
            }),
            lead: words.lead,
            amount: body.amount,
            rows: body.rows,
            ended_heading: mail.ended_heading,
            ended: body.ended,
            notes,
            contact_url: format!("{}/help/contact?lang={}", house.origin, language.code()),
            contact_label: common.contact,
            desk: (mail.desk)(&contact.access_key_desk_phone, &contact.access_key_desk_hours),
            no_secret: mail.no_secret,
            foot: mail.foot,
            footer_line: common.footer_line,
            request_id_label: common.request_id,
            request_id: letter.request_id.as_deref().map(|id| ShownName::from(id).to_string()),
        }
    }
}

struct Writer<'a> {
    language: Language,
    texts: &'static Texts,
    letter: &'a Letter,
}

impl Writer<'_> {
    fn body(&self) -> (&'static Words, Body) {
        let mail: &'static Mail = &self.texts.mail;
        match &self.letter.content {
            Content::Registered(registered) => (&mail.registered, self.registered(registered)),
            Content::Changed(changed) if changed.is_former => {
                (&mail.changed_former, self.changed(changed))
            }
            Content::Changed(changed) => (&mail.changed, self.changed(changed)),
            Content::Purchased(purchased) => (&mail.purchased, self.purchased(purchased)),
            Content::Cancelled { ended, receipt } => {
                let receipt = receipt.map(|receipt| {
                    let number = format::receipt_number(&receipt.to_string());
                    row(self.texts.common.receipt_number, number)
                });
                let mut rows = self.ended(ended);
                rows.splice(0..0, receipt);
                rows.push(self.accepted_at());
                (&mail.cancelled, Body { rows, ..Body::default() })
            }
            Content::ContractsEnded { ended } => (&mail.contracts_ended, self.at(ended, &[])),
            Content::LimitsChanged { limits, line_limit } => {
                (&mail.limits_changed, self.limits(limits, *line_limit))
            }
            Content::Restricted { ended } => {
                (&mail.restricted, self.at(ended, &mail.notes_restricted))
            }
            Content::RestrictionLifted => (&mail.restriction_lifted, self.at(&[], &[])),
            Content::UseStopped { ended } => (&mail.use_stopped, self.at(ended, &[])),
            Content::UseResumed => (&mail.use_resumed, self.at(&[], &[])),
            Content::PassportDeleted { passport_ids, ended } => {
                let mut body = self.at(ended, &[]);
                let label = self.texts.common.passport_id;
                let rows = passport_ids.iter().map(|id| row(label, shown(id)));
                body.rows.splice(0..0, rows);
                (&mail.passport_deleted, body)
            }
            Content::LineEnded { ended, goes_on } => {
                let notes: &[_] = if *goes_on { &[mail.note_line_goes_on] } else { &[] };
                (&mail.line_ended, self.at(ended, notes))
            }
            Content::Inquiry { customer, service, contact, text } => {
                let label = &self.texts.portal.fields;
                let rows = vec![
                    self.accepted_at(),
                    row(self.texts.portal.common.customer_id, customer.to_string()),
                    row(label.service.label, shown(service)),
                    row(label.contact.label, shown(contact)),
                    row(label.text.label, plain_text(text)),
                ];
                (&mail.inquiry, Body { rows, ..Body::default() })
            }
            Content::NewSignIn { passport_id, at, from, to } => {
                (&mail.new_sign_in, self.sign_in(passport_id.as_deref(), *at, from, to.as_deref()))
            }
        }
    }

    fn yen(&self, amount: Yen) -> String {
        format::yen(self.language, amount.get())
    }

    fn month(&self, month: calendar::Month) -> String {
        let number = u8::try_from(month.number()).unwrap_or_default();
        format::month(self.language, format::Month { year: month.year(), month: number })
    }

    fn on_off(&self, on: bool) -> &'static str {
        let value = &self.texts.mail.value;
        if on { value.on } else { value.off }
    }

    fn accepted_at(&self) -> Row {
        let at = format::instant(self.language, self.letter.accepted_at.micros());
        row(self.texts.mail.label.accepted_at, at)
    }

    /// When it was accepted, what ended by it, and what follows.
    fn at(&self, ended: &[Ended], notes: &[&'static str]) -> Body {
        Body {
            rows: vec![self.accepted_at()],
            ended: ended.iter().map(|ended| self.ended(ended)).collect(),
            notes: notes.to_vec(),
            ..Body::default()
        }
    }

    fn ended(&self, ended: &Ended) -> Vec<Row> {
        let common = &self.texts.common;
        vec![
            row(common.provider, shown(&ended.provider)),
            row(common.service, shown(&ended.service)),
            row(common.contract, ended.contract.to_string()),
            row(common.passport_id, shown(&ended.passport_id)),
            row(self.texts.mail.label.last_charge_month, self.month(ended.last_charge_month)),
        ]
    }

    fn registered(&self, registered: &Registered) -> Body {
        let (common, label) = (&self.texts.common, &self.texts.mail.label);
        let mut rows = vec![
            row(common.passport_id, shown(&registered.passport_id)),
            row(label.password, MASKED),
            row(label.mail, shown(&registered.mail)),
            row(label.applicant, shown(&registered.name)),
            row(label.phone, format::phone(&registered.phone)),
            row(label.limit, self.yen(registered.limit)),
            row(label.line_authentication, self.on_off(registered.line_authentication)),
        ];
        let from = registered.active_from.map(|from| format::instant(self.language, from.micros()));
        rows.extend(from.map(|from| row(label.active_from, from)));
        rows.push(self.accepted_at());
        Body { rows, ..Body::default() }
    }

    fn changed(&self, changed: &Changed) -> Body {
        let mail = &self.texts.mail;
        let id = changed.passport_id.as_deref();
        let mut rows: Vec<Row> =
            id.map(|id| row(self.texts.common.passport_id, shown(id))).into_iter().collect();
        // The ID itself stands in the first row already, where it is told at all.
        let told = |item: &&Item| id.is_none() || !matches!(item, Item::PassportId);
        rows.extend(changed.items.iter().filter(told).map(|item| self.item(item)));
        rows.push(self.accepted_at());
        let is_off = changed.items.contains(&Item::LineAuthentication(false));
        let off = is_off.then_some(mail.note_line_authentication_off);
        let notes = off.into_iter().chain([mail.note_not_you]).collect();
        Body { rows, notes, ..Body::default() }
    }

    fn item(&self, item: &Item) -> Row {
        let (label, value) = (&self.texts.mail.label, &self.texts.mail.value);
        let or_changed =
            |text: &Option<String>| text.as_deref().map_or_else(|| value.changed.to_owned(), shown);
        match item {
            Item::PassportId => row(self.texts.common.passport_id, value.changed),
            Item::Password => row(label.password, MASKED),
            Item::Name(name) => row(label.applicant, or_changed(name)),
            Item::Phone(phone) => {
                row(label.phone, or_changed(&phone.as_deref().map(format::phone)))
            }
            Item::Mail(mail) => row(label.mail, or_changed(mail)),
            Item::Contractor(is) => {
                let word = is.map_or(value.changed, |is| if is { value.yes } else { value.no });
                row(label.contractor, word)
            }
            Item::LineAuthentication(on) => row(label.line_authentication, self.on_off(*on)),
        }
    }

    fn purchased(&self, bought: &Purchased) -> Body {
        let (common, label) = (&self.texts.common, &self.texts.mail.label);
        let value = &self.texts.mail.value;
        let parts = format::yen_parts(self.language, bought.amount.get());
        let amount = Amount {
            kind: if bought.monthly { common.monthly } else { common.per_use },
            before: parts.before,
            figure: parts.figure,
            after: parts.after,
            tax: common.tax_included,
        };
        let month = self.month(self.letter.accepted_at.month());
        let charged = if bought.monthly { (value.a_month)(&month) } else { month };
        let number = bought.receipt.to_string();
        let mut rows = vec![
            row(common.receipt_number, format::receipt_number(&number)),
            row(common.provider, shown(&bought.provider)),
            row(common.service, shown(&bought.service)),
            row(common.unit_price, self.yen(bought.unit_price)),
            row(common.quantity, (value.pieces)(&bought.quantity.to_string())),
            row(common.amount, self.yen(bought.amount)),
            row(label.charge_month, charged),
        ];
        let period = bought.usage_period.as_deref();
        rows.extend(period.map(|period| row(label.usage_period, shown(period))));
        let contract = bought.monthly.then(|| format!("K-{number}"));
        rows.extend(contract.map(|contract| row(common.contract, contract)));
        rows.push(row(common.passport_id, shown(&bought.passport_id)));
        rows.push(self.accepted_at());
        Body { amount: Some(amount), rows, ..Body::default() }
    }

    fn limits(&self, limits: &[(String, Yen)], line_limit: Option<Yen>) -> Body {
        let (common, label) = (&self.texts.common, &self.texts.mail.label);
        let mut rows = Vec::new();
        for (passport_id, limit) in limits {
            rows.push(row(common.passport_id, shown(passport_id)));
            rows.push(row(label.limit, self.yen(*limit)));
        }
        rows.extend(line_limit.map(|limit| row(label.line_limit, self.yen(limit))));
        rows.push(self.accepted_at());
        Body { rows, notes: vec![self.texts.mail.note_not_you], ..Body::default() }
    }

    fn sign_in(
        &self,
        passport_id: Option<&str>,
        at: calendar::Instant,
        from: &str,
        to: Option<&str>,
    ) -> Body {
        let mail = &self.texts.mail;
        let (label, portal) = (&mail.label, mail.value.portal);
        let id = passport_id.map(|id| row(self.texts.common.passport_id, shown(id)));
        let mut rows: Vec<Row> = id.into_iter().collect();
        rows.push(row(label.signed_in_at, format::instant(self.language, at.micros())));
        rows.push(row(label.signed_in_from, shown(from)));
        rows.push(row(label.signed_in_to, to.map_or_else(|| portal.to_owned(), shown)));
        Body { rows, notes: vec![mail.note_sign_in, mail.note_not_you], ..Body::default() }
    }
}

fn row(label: &'static str, value: impl Into<String>) -> Row {
    Row { label, value: value.into() }
}

/// What stands for a password.
const MASKED: &str = "*****";

/// What others wrote, made safe to show (security.md 47, 48).
fn shown(text: &str) -> String {
    ShownName::from(text).to_string()
}
