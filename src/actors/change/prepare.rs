//! What is asked, made into a command: personal data become rows, which the command refers to.

use super::{RecordFields, What};
use crate::{
    domain::{
        ids::CustomerId,
        line::{
            Command, Line, RowRef,
            command::{
                Cancel, ChangeBilling, ChangePassport, NewRecord, OpenLine, OpenSession, Purchase,
                RegisterPassport, UpdateLine, UpgradeHash,
            },
        },
    },
    store::{PersonalRow, record::Personal},
};

/// A command with the personal rows its events will refer to.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The command.
    pub command: Command,
    /// The rows, by number.
    pub rows: Vec<(u32, PersonalRow)>,
}

/// Makes a command: personal data become rows, numbered after the line's last one.
pub fn prepare(
    customer: CustomerId,
    line: Option<&Line>,
    what: &What,
    mut draw_salt: impl FnMut() -> [u8; 32],
) -> Prepared {
    let mut rows = Vec::new();
    let mut next_row = line.map_or(0, |line| line.next_row);
    let mut put = |data| -> RowRef {
        let row = PersonalRow::new(draw_salt(), data);
        let reference = row.reference(next_row);
        rows.push((next_row, row));
        next_row += 1;
        reference
    };
    let command = match what {
        What::Open(opening) => Command::Open(OpenLine {
            customer,
            service: opening.service,
            line_limit: opening.line_limit,
            billing: opening.billing,
            networks: opening.networks.clone(),
            record: put(Personal::LineRecord { fields: opening.record.clone() }),
            access_key: put(Personal::AccessKey { hash: opening.access_key_hash.clone() }),
        }),
        What::Register(registration) => Command::RegisterPassport(RegisterPassport {
            name: put(Personal::PassportName { name: registration.name.clone() }),
            credential: put(Personal::Credential { hash: registration.password_hash.clone() }),
            applicant: put(Personal::Applicant {
                name: registration.applicant.clone(),
                phone: registration.phone.clone(),
                mail: registration.mail.clone(),
                is_contractor: registration.is_contractor,
                language: registration.language,
            }),
        }),
        What::ChangePassport(changes) => Command::ChangePassport(ChangePassport {
            passport: changes.passport,
            name: changes
                .name
                .as_ref()
                .map(|renaming| put(Personal::PassportName { name: renaming.name.clone() })),
            credential: changes
                .password_hash
                .as_ref()
                .map(|hash| put(Personal::Credential { hash: hash.clone() })),
            applicant: changes.applicant.as_ref().map(|applicant| put(applicant.into())),
            line_authentication: changes.line_authentication,
        }),
        What::Purchase(purchase) => Command::Purchase(Purchase::clone(purchase)),
        What::Cancel(cancel) => Command::Cancel(Cancel::clone(cancel)),
        What::UpgradeHash(new) => Command::UpgradeHash(UpgradeHash {
            passport: new.passport,
            verified: new.verified,
            credential: put(match new.passport {
                Some(_) => Personal::Credential { hash: new.password_hash.clone() },
                None => Personal::AccessKey { hash: new.password_hash.clone() },
            }),
        }),
        What::OpenSession(opened) => Command::OpenSession(OpenSession {
            verified: opened.verified,
            lifetime_s: opened.lifetime_s,
            origin: put(Personal::SessionOrigin {
                address: opened.address.to_string(),
                browser: opened.browser.clone(),
            }),
        }),
        What::Inquire(inquiry) => Command::Inquire(put(Personal::Inquiry {
            service: inquiry.service.clone(),
            contact: inquiry.contact.clone(),
            text: inquiry.text.clone(),
        })),
        What::NoteNewPlace(place) => Command::NoteNewPlace {
            passport: place.passport,
            sign_in: put(Personal::SignIn {
                at: place.at,
                from: place.from.clone(),
                to: place.to.clone(),
            }),
        },
        What::ReplaceRecord(fields) => {
            Command::ReplaceRecord(put(Personal::LineRecord { fields: fields.clone() }))
        }
        What::ChangeBilling(changed) => {
            let record = changed.record.clone().map(|record| new_record(record, &mut put));
            Command::ChangeBilling(ChangeBilling { record, ..changed.change })
        }
        What::Update(update) => {
            let record = update.record.clone().map(|record| new_record(record, &mut put));
            let access_key = update.access_key_hash.clone();
            let access_key = access_key.map(|hash| put(Personal::AccessKey { hash }));
            let plain = update.plain.clone();
            Command::UpdateLine(Box::new(UpdateLine { record, access_key, ..plain }))
        }
        What::ResetAccessKey(hash) => {
            Command::ResetAccessKey(put(Personal::AccessKey { hash: hash.clone() }))
        }
        What::Plain(command) => Command::clone(command),
    };
    Prepared { command, rows }
}

fn new_record(record: RecordFields, put: &mut impl FnMut(Personal) -> RowRef) -> NewRecord {
    let RecordFields { fields, made_from } = record;
    NewRecord { row: put(Personal::LineRecord { fields }), made_from }
}
