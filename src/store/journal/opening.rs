//! What opening finds out before anything is read: whether the head and the last blocks are whole.

use crate::store::{Block, StoreError, engine::Engine, group::Tip, key, record};

/// How many of the last blocks are checked at every opening; the audit checks all.
const BLOCKS_CHECKED_ON_OPENING: u64 = 1_000;

/// The last block that is stored, with nothing checked.
pub(super) fn last_block(engine: &impl Engine) -> Result<Tip, StoreError> {
    let last = engine.prefix(&key::blocks()).next_back().transpose()?;
    let tip = last.and_then(|(key, row)| {
        Some(Tip { number: key::seq_of_event(key.as_ref())?, hash: Block::hash(row.as_ref()) })
    });
    Ok(tip.unwrap_or(Tip::GENESIS))
}

/// The chain's tip, once the head and the last blocks were found whole.
pub(super) fn check_recent(engine: &impl Engine, head: Option<Tip>) -> Result<Tip, StoreError> {
    let last = last_block(engine)?.number;
    let head = match head {
        Some(head) => head,
        None if last == 0 => Tip::GENESIS,
        None => return Err(StoreError::damaged("head", "the head file is missing")),
    };
    if head.number > last {
        let what =
            format!("the head names it, but the last block stored is {last}: a tail is lost");
        return Err(StoreError::damaged(format!("block {}", head.number), what));
    }
    if head.number > 0 && encoded_block(engine, head.number)?.1 != head.hash {
        let what = "it is not the block that the head names";
        return Err(StoreError::damaged(format!("block {}", head.number), what));
    }
    let mut tip = Tip::GENESIS;
    for number in last.saturating_sub(BLOCKS_CHECKED_ON_OPENING - 1).max(1)..=last {
        tip = check_block(engine, number, tip)?;
    }
    Ok(tip)
}

fn encoded_block<E: Engine>(engine: &E, number: u64) -> Result<(E::Bytes, [u8; 32]), StoreError> {
    let row = engine.get(&key::block(number))?;
    let row = row.ok_or_else(|| StoreError::damaged(format!("block {number}"), "it is missing"))?;
    let hash = Block::hash(row.as_ref());
    Ok((row, hash))
}

/// Checks a block's link to the one before (where that was checked too) and each of its rows.
fn check_block(engine: &impl Engine, number: u64, previous: Tip) -> Result<Tip, StoreError> {
    let (row, hash) = encoded_block(engine, number)?;
    let block = Block::decode(number, row.as_ref())?;
    let follows = previous.number + 1 == number;
    if follows && block.previous != previous.hash {
        let what = "it does not follow from the block before it";
        return Err(StoreError::damaged(format!("block {number}"), what));
    }
    for entry in &block.entries {
        let key = key::event(&entry.stream, entry.seq);
        let row = engine.get(&key)?;
        if row.is_none_or(|row| record::sha256(row.as_ref()) != entry.hash) {
            let what = format!("it is not the row that block {number} closed");
            return Err(StoreError::damaged(key::readable(&key), what));
        }
    }
    Ok(Tip { number, hash })
}
