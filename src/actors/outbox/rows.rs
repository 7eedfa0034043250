//! The rows that a mail is made of: the entry, the line around it, and its household's personal
//! rows.

use super::letter::Item;
use crate::{
    actors::{LineError, lines::Lines, providers::Providers, reading::entry},
    domain::{
        field::MailAddress,
        ids::{CustomerId, PassportNumber},
        language::Language,
        line::{Entry, Event, Line, RowRef, replay},
        notice::{self, Notice, Recipient},
    },
    store::{
        Store, StoreError, Stream,
        record::{self, Personal},
    },
};
use std::sync::Arc;

/// Event rows that one look into the store takes.
const PAGE: usize = 256;

/// Why an entry's mails could not be made now.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The line cannot be asked now; later it can.
    #[error("the line is too busy to be asked")]
    Busy,
    /// The line cannot be read.
    #[error("{0}")]
    Line(String),
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// As of when a line is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// As it stands: the line is awake as a rule, for its entry is new.
    Now,
    /// As the entry left it.
    Then,
}

/// An address with whom it belongs to.
pub struct Addressee {
    /// The address.
    pub to: MailAddress,
    /// お名前, where it is an applicant's.
    pub name: Option<String>,
    /// In which language.
    pub language: Language,
}

/// A line around one of its entries.
pub struct Household<'a> {
    /// The line.
    pub customer: CustomerId,
    /// The entry's sequence number.
    pub seq: u64,
    /// For names of services.
    pub providers: &'a Providers,
    desk: Option<&'a MailAddress>,
    store: &'a dyn Store,
    line: Arc<Line>,
    before: Option<Line>,
}

impl<'a> Household<'a> {
    /// Reads an entry and the line around it; `None` where it tells nobody anything.
    pub async fn read(
        store: &'a dyn Store,
        lines: &Lines,
        (providers, desk): (&'a Providers, Option<&'a MailAddress>),
        (customer, seq): (CustomerId, u64),
        when: When,
    ) -> Result<Option<(Self, Entry, Vec<Notice>)>, ReadError> {
        let entry = entry(store, customer, seq).await?;
        if !notice::is_told(&entry) {
            return Ok(None);
        }
        let line = match when {
            When::Now => look(lines, customer).await?,
            When::Then => line_through(store, customer, seq).await?.map(Arc::new),
        };
        let Some(line) = line else { return Ok(None) };
        let before = if notice::needs_line_before(&entry) {
            line_through(store, customer, seq.saturating_sub(1)).await?
        } else {
            None
        };
        let notices = notice::notices(&entry, &line, before.as_ref());
        Ok(Some((Self { customer, seq, providers, desk, store, line, before }, entry, notices)))
    }

    /// A line that was read already, around what happens next.
    #[cfg(test)]
    pub fn around(
        store: &'a dyn Store,
        providers: &'a Providers,
        customer: CustomerId,
        line: Line,
        before: Option<Line>,
    ) -> Self {
        let line = Arc::new(line);
        Self { customer, seq: 1, providers, desk: None, store, line, before }
    }

    /// The address of a recipient, where there is one.
    pub async fn addressee(&self, recipient: Recipient) -> Result<Option<Addressee>, StoreError> {
        if let Recipient::Desk(_) = recipient {
            let to = self.desk.cloned();
            return Ok(to.map(|to| Addressee { to, name: None, language: Language::default() }));
        }
        Ok(match self.personal(recipient.row()).await? {
            Some(Personal::Applicant { name, mail, language, .. }) => {
                Some(Addressee { to: mail, name: Some(name.as_str().to_owned()), language })
            }
            Some(Personal::LineRecord { fields }) => {
                let mail = fields.get(RECORD_MAIL).and_then(|mail| MailAddress::parse(mail).ok());
                mail.map(|to| Addressee { to, name: None, language: Language::default() })
            }
            _ => None,
        })
    }

    /// A personal row; `None` where it was erased.
    pub async fn personal(&self, reference: RowRef) -> Result<Option<Personal>, StoreError> {
        let row = self.store.personal(self.customer, reference.row).await?;
        match row {
            Some(row) if row.reference(reference.row) == reference => Ok(Some(row.data)),
            Some(_) => {
                let place = format!("personal row {} of {}", reference.row, self.customer);
                Err(StoreError::damaged(place, "it is not the row that its event committed to"))
            }
            None => Ok(None),
        }
    }

    /// The row of a passport ID's applicant as it was before the entry.
    pub async fn former_applicant(
        &self,
        passport: PassportNumber,
    ) -> Result<Option<Personal>, StoreError> {
        let before = self.before.as_ref().and_then(|before| before.passports.get(&passport));
        match before {
            Some(before) => self.personal(before.rows.applicant).await,
            None => Ok(None),
        }
    }

    /// A passport ID's string, by its row.
    pub async fn string(&self, name: RowRef) -> Result<String, StoreError> {
        Ok(match self.personal(name).await? {
            Some(Personal::PassportName { name }) => name.as_str().to_owned(),
            _ => String::new(),
        })
    }

    /// A passport ID's string: as the entry sets it, or as the line has it.
    pub async fn passport_id(
        &self,
        entry: &Entry,
        passport: PassportNumber,
    ) -> Result<String, StoreError> {
        let set = entry.events.iter().rev().find_map(|event| match event {
            Event::PassportRenamed { passport: of, name }
            | Event::PassportRegistered { passport: of, name, .. }
                if *of == passport =>
            {
                Some(*name)
            }
            _ => None,
        });
        let known = || self.line.passports.get(&passport).map(|passport| passport.rows.name);
        match set.or_else(known) {
            Some(name) => self.string(name).await,
            None => Ok(String::new()),
        }
    }
}

/// The field of the line's record that holds メールアドレス.
pub const RECORD_MAIL: &str = "mail";

/// A line as it stands: one that is awake answers from memory, and no change of its waits for it.
async fn look(lines: &Lines, customer: CustomerId) -> Result<Option<Arc<Line>>, ReadError> {
    match lines.look(customer).await {
        Ok(view) => Ok(view.line),
        Err(error) => Err(match &*error {
            LineError::Store(error) => ReadError::Line(error.to_string()),
            _ => ReadError::Busy,
        }),
    }
}

/// A line after an entry of its, folded from its beginning: asked for changes of an address and for
/// mails that are tried again, which are few.
async fn line_through(
    store: &dyn Store,
    customer: CustomerId,
    seq: u64,
) -> Result<Option<Line>, StoreError> {
    let stream = Stream::Line(customer);
    let (mut line, mut last) = (None, 0);
    loop {
        let rows = store.events(&stream, last, PAGE).await?;
        let Some(end) = rows.last() else { return Ok(line) };
        last = end.seq;
        for row in &rows {
            if row.seq > seq {
                return Ok(line);
            }
            let place = format!("event {} of {stream}", row.seq);
            let entry: Entry = record::from_json(&place, &row.entry)?;
            line = replay(line, &entry);
        }
    }
}

/// What differs between two rows of an applicant, with the new values.
pub fn differences(former: Option<&Personal>, now: Option<&Personal>) -> Vec<Item> {
    let former = former.and_then(items_of);
    let differs = |item: &Item| former.as_ref().is_none_or(|former| !former.contains(item));
    now.and_then(items_of).into_iter().flatten().filter(differs).collect()
}

fn items_of(row: &Personal) -> Option<[Item; 4]> {
    let Personal::Applicant { name, phone, mail, is_contractor, .. } = row else { return None };
    Some([
        Item::Name(Some(name.as_str().to_owned())),
        Item::Phone(Some(phone.as_str().to_owned())),
        Item::Mail(Some(mail.as_str().to_owned())),
        Item::Contractor(Some(*is_contractor)),
    ])
}
