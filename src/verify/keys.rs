//! Wrapped keys (I9): those stand that were made and not retired since, and no others. The keys of
//! `sub` and of names are made once: without them no household is found any more.

use super::{Walk, house::House, report::InvariantName, streams::has_moved};
use crate::{
    domain::ids::ProviderId,
    store::{RawRow, Section, StoreError, Stream, key, raw::Rows, record},
};
use std::collections::BTreeMap;

/// Holds the rows of keys against what the system's and the providers' streams say.
pub(super) async fn rows(walk: &mut Walk<'_>, house: &House) -> Result<(), StoreError> {
    let mut made = made(house);
    let mut rows = Rows::of(walk.store, Section::Keys, None);
    while let Some(row) = rows.next().await? {
        walk.found.count(InvariantName::I9, 1);
        let decoded = record::decode(&row.key, &row.row).map(|(block, _)| block);
        let what = match (made.remove(&row.key), decoded) {
            (_, Err(error)) => error.to_string(),
            // It was made after the look began.
            (None, Ok(block)) if block > walk.tip => continue,
            (None, Ok(_)) if walk.options.live && has_gone(walk, &row).await? => continue,
            (None, Ok(_)) => "nobody made it, or it was retired".to_owned(),
            (Some(_), Ok(_)) => continue,
        };
        walk.found.fault(InvariantName::I9, format!("{}: {what}", key::readable(&row.key)));
    }
    for (key, of) in made {
        walk.found.count(InvariantName::I9, 1);
        // It may have been retired meanwhile.
        if walk.options.live && has_moved(walk, of.clone()).await? {
            continue;
        }
        let place = key::readable(&key);
        let what = format!("{place}: it is missing, and {of} says that it was made");
        walk.found.fault(InvariantName::I9, what);
    }
    Ok(())
}

/// The rows of keys that were made, each with the stream that says so.
fn made(house: &House) -> BTreeMap<Vec<u8>, Stream> {
    let own = house.keys.iter().map(|kid| (key::key(kid), Stream::System));
    let of_provider = |id: &ProviderId| Stream::Provider(id.clone());
    let theirs = house.providers.values().flat_map(|provider| {
        let keys = provider.webhook_keys.iter();
        keys.map(move |kid| (key::key(kid), of_provider(&provider.id)))
    });
    own.chain(theirs).collect()
}

/// Whether a row was taken away since it was read.
async fn has_gone(walk: &Walk<'_>, row: &RawRow) -> Result<bool, StoreError> {
    let again = walk.store.raw(vec![row.key.clone()]).await?.pop().flatten();
    Ok(again.is_none())
}
