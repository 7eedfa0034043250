//! What waits to be told: mails and webhooks (I7). What is made of an entry is held against what [`owed`] says,
//! and what the rows of the outbox and of the providers refer to is looked up.

use super::{
    ASKED_AGAIN, ASKED_AGAIN_AFTER, Step, Walk,
    house::House,
    index::entry as entry_at,
    owed,
    report::{Found, InvariantName},
    streams::has_moved,
};
use crate::{
    domain::{
        ids::{CustomerId, PassportNumber, ProviderId},
        line::{Entry, Line},
        notice,
        webhook::{MessageId, messages},
    },
    store::{
        MAIL_FOLLOWER, MailId, RawRow, Section, StoreError, Stream, WebhookState, key,
        raw::{ROWS_AT_ONCE, Rows},
        record,
    },
};
use std::collections::{BTreeSet, HashMap};

/// So many names of mails are held at once while it is looked whether one stands twice.
const NAMES_AT_ONCE: u64 = 1 << 20;

/// What an entry owes, once.
pub(super) fn entry(
    (customer, seq): (CustomerId, u64),
    entry: &Entry,
    (line, before): (Option<&Line>, Option<&Line>),
    found: &mut Found,
) {
    let made: Vec<(ProviderId, String)> = messages(entry)
        .into_iter()
        .map(|message| (message.provider, message.id.to_string()))
        .collect();
    let mut faults = owed::message_faults(entry, &made);
    let notices = line.map(|line| notice::notices(entry, line, before)).unwrap_or_default();
    if let Some(line) = line {
        let live: BTreeSet<PassportNumber> =
            line.live_passports().map(|passport| passport.number).collect();
        faults.extend(owed::mail_faults(entry, &live, &notices));
    }
    for what in faults {
        found.fault(InvariantName::I7, format!("event {seq} of {customer}: {what}"));
    }
    found.count(InvariantName::I7, (made.len() + notices.len()) as u64);
}

/// Looks at the cursors, the outbox's rows and the providers' rows.
pub(super) async fn rows(walk: &mut Walk<'_>, house: Option<&House>) {
    let looked = cursors(walk).await;
    walk.reached("cursors", looked);
    let looked = mails(walk).await;
    walk.reached("mails", looked);
    match house {
        Some(house) => {
            let looked = webhooks(walk, house).await;
            walk.reached("webhooks", looked);
        }
        None => walk.passed_over("webhooks", "the providers' streams were not looked at"),
    }
}

/// A follower is done with nothing that is not there.
async fn cursors(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    let mut rows = Rows::of(walk.store, Section::Cursors, None);
    while let Some(row) = rows.next().await? {
        let place = key::readable(&row.key);
        let block = body_of(&row).and_then(|body| serde_json::from_slice::<u64>(body).ok());
        let last = walk.store.durable_block();
        walk.found.count(InvariantName::I7, 1);
        match block {
            Some(block) if block <= last => {}
            Some(block) => {
                let what = format!("{place}: it is done with block {block}; the last is {last}");
                walk.found.fault(InvariantName::I7, what);
            }
            None => walk.found.fault(InvariantName::I7, format!("{place}: it cannot be read")),
        }
    }
    if walk.options.mails && !has_mails_cursor(walk).await? {
        let what = "mails are sent, and it is not known how far they are: some may be lost";
        walk.found.fault(InvariantName::I7, what.to_owned());
    }
    Ok(())
}

/// Whether it is known how far mails are; a server that was started just now writes it soon.
async fn has_mails_cursor(walk: &Walk<'_>) -> Result<bool, StoreError> {
    for _ in 0..ASKED_AGAIN {
        let row = walk.store.raw(vec![key::cursor(MAIL_FOLLOWER)]).await?.pop().flatten();
        if row.is_some() {
            return Ok(true);
        }
        tokio::time::sleep(ASKED_AGAIN_AFTER).await;
    }
    Ok(false)
}

fn body_of(row: &RawRow) -> Option<&[u8]> {
    record::decode(&row.key, &row.row).ok().map(|(_, body)| body)
}

/// Each mail that waits or is parked is one that its entry owes, and stands once.
async fn mails(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    let mut rows = Rows::of(walk.store, Section::Mails, None);
    let mut count = 0_u64;
    while let Some(row) = rows.next().await? {
        count += 1;
        if count.is_multiple_of(ROWS_AT_ONCE as u64) {
            walk.told(Step::Outbox, count, 0);
        }
        walk.found.count(InvariantName::I7, 1);
        let body = body_of(&row);
        let known = body.and_then(|body| record::mail_row(&row.key, body).ok());
        let Some(known) = known else {
            let what = format!("{}: it is no mail", key::readable(&row.key));
            walk.found.fault(InvariantName::I7, what);
            continue;
        };
        let mail = known.place.mail;
        let what = match entry_at(walk, mail.customer, mail.seq).await? {
            None => "its event is not there",
            Some((_, entry)) if !owed::kinds(&entry).contains(&mail.kind) => {
                "its event owes no such mail"
            }
            Some((_, entry)) if entry.at != known.record.accepted_at => {
                "it says another time than its event"
            }
            Some(_) => continue,
        };
        walk.found.fault(InvariantName::I7, format!("mail {mail}: {what}"));
    }
    mails_twice(walk, count).await
}

/// No mail stands twice, on whatever shelf: names are held a part of them at a time, so that memory
/// does not grow with the rows.
async fn mails_twice(walk: &mut Walk<'_>, count: u64) -> Result<(), StoreError> {
    let passes = count.div_ceil(NAMES_AT_ONCE).max(1);
    for pass in 0..passes {
        let mut seen: HashMap<MailId, Vec<u8>> = HashMap::new();
        let mut rows = Rows::of(walk.store, Section::Mails, None);
        while let Some(row) = rows.next().await? {
            let Some(mail) = key::mail_place(&row.key).map(|place| place.mail) else { continue };
            if part_of(&mail) % passes != pass {
                continue;
            }
            let Some(before) = seen.insert(mail, row.key.clone()) else { continue };
            // A mail that moved from one place to the other meanwhile was seen at both.
            let both = walk.store.raw(vec![before, row.key]).await?;
            if both.iter().all(Option::is_some) {
                walk.found.fault(InvariantName::I7, format!("mail {mail}: it stands twice"));
            }
        }
    }
    Ok(())
}

/// A number that spreads mails evenly.
fn part_of(mail: &MailId) -> u64 {
    let digest = record::sha256(mail.to_string().as_bytes());
    digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

/// How far each provider's webhooks are agrees with the journal.
async fn webhooks(walk: &mut Walk<'_>, house: &House) -> Result<(), StoreError> {
    let mut rows = Rows::of(walk.store, Section::Webhooks, None);
    let mut kept = BTreeSet::new();
    while let Some(row) = rows.next().await? {
        let place = key::readable(&row.key);
        walk.found.count(InvariantName::I7, 1);
        let Some((provider, epoch)) = place_of_webhooks(&row.key) else {
            walk.found.fault(InvariantName::I7, format!("{place}: it names no provider"));
            continue;
        };
        let state = body_of(&row).and_then(|body| serde_json::from_slice(body).ok());
        let Some(state) = state else {
            walk.found.fault(InvariantName::I7, format!("{place}: it cannot be read"));
            continue;
        };
        let is_new = record::decode(&row.key, &row.row).is_ok_and(|(block, _)| block > walk.tip);
        let known = house.providers.get(&provider);
        // A provider that stopped and began anew meanwhile has another row than it had.
        let is_its_own =
            known.is_some_and(|known| known.webhook_url.is_some() && known.webhook_epoch == epoch);
        if !is_its_own && !is_new {
            let what = format!("{place}: its provider wants no webhooks by it");
            walk.found.fault(InvariantName::I7, what);
        }
        for what in state_faults(walk, &provider, &state).await? {
            walk.found.fault(InvariantName::I7, format!("webhooks of {provider}: {what}"));
        }
        kept.insert((provider, epoch));
    }
    for provider in house.providers.values().filter(|one| one.webhook_url.is_some()) {
        let (id, epoch) = (&provider.id, provider.webhook_epoch);
        let is_stopped = walk.options.live && stopped_since(walk, id, epoch).await?;
        if !kept.contains(&(id.clone(), epoch)) && !is_stopped {
            let what = format!("webhooks of {id}: it is not known how far they are");
            walk.found.fault(InvariantName::I7, what);
        }
    }
    Ok(())
}

/// Whether a row that was not met is there after all, or its provider did something meanwhile.
async fn stopped_since(
    walk: &Walk<'_>,
    provider: &ProviderId,
    epoch: u32,
) -> Result<bool, StoreError> {
    if has_moved(walk, Stream::Provider(provider.clone())).await? {
        return Ok(true);
    }
    let row = walk.store.raw(vec![key::webhooks(provider, epoch)]).await?.pop().flatten();
    Ok(row.is_some())
}

fn place_of_webhooks(key: &[u8]) -> Option<(ProviderId, u32)> {
    let text = std::str::from_utf8(key).ok()?.strip_prefix("h/")?;
    let (provider, epoch) = text.rsplit_once('/')?;
    Some((provider.parse().ok()?, epoch.parse().ok()?))
}

/// What is wrong with how far a provider's webhooks are.
async fn state_faults(
    walk: &mut Walk<'_>,
    provider: &ProviderId,
    state: &WebhookState,
) -> Result<Vec<String>, StoreError> {
    let mut faults = Vec::new();
    let last = walk.store.durable_block();
    let WebhookState { begins_after, block, .. } = *state;
    if block < begins_after || block > last {
        faults.push(format!(
            "they are done with block {block}; they begin after {begins_after}, and the last is {last}"
        ));
    }
    let mut seen: BTreeSet<MessageId> = BTreeSet::new();
    for message in state.waiting.iter().chain(&state.parked) {
        walk.found.count(InvariantName::I7, 1);
        let id = message.id;
        if !seen.insert(id) {
            faults.push(format!("{id} is kept twice"));
        }
        let owed = (provider.clone(), id.to_string());
        let what = match entry_at(walk, message.line, message.seq).await? {
            None => "its event is not there",
            Some((_, entry)) if !owed::messages(&entry).contains(&owed) => {
                "its event owes this provider no such message"
            }
            Some((block, _)) if block != message.block => "it names another block than its event",
            Some((block, _)) if block <= begins_after => "it is from before they began",
            Some((_, entry)) if entry.at != message.accepted_at => {
                "it says another time than its event"
            }
            Some(_) => continue,
        };
        faults.push(format!("{id}: {what}"));
    }
    Ok(faults)
}
