//! A folder with purchases in it, to damage copies of.

use super::{
    house::House,
    order::{BUYERS, Order},
    server::{Server, Start, refusal},
    shot::Gun,
};
use crate::process::{Ended, copy_folder};
use std::path::Path;

/// Purchases of each ID.
const OF_EACH: usize = 4;

/// A folder with purchases in it, and all of them.
pub struct Stocked {
    /// The folder.
    pub folder: tempfile::TempDir,
    orders: Vec<Order>,
    /// The last purchases before a kill: damage to their bytes looks like a torn tail, until a head names
    /// them a second later (docs/crash-testing.md).
    last: Vec<Order>,
}

/// How the server was ended before its files are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// It was asked to end: all is written down.
    Term,
    /// It was killed.
    Kill,
}

impl Stocked {
    /// One that was closed cleanly.
    pub fn new() -> Self {
        Self::ended_by(EndedBy::Term)
    }

    /// One whose server ended so.
    pub fn ended_by(how: EndedBy) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::start(folder.path(), &Start::generous());
        let mut orders = Vec::new();
        let gun = Gun::at(&server.house);
        for buyer in BUYERS.into_iter().cycle().take((OF_EACH + 1) * BUYERS.len()) {
            let mut order = Order::per_use(&server.house, buyer);
            gun.send(&mut order.shot);
            assert!(order.shot.completed(), "{:?}", order.shot.fate);
            order.note_receipt(&server.house);
            orders.push(order);
        }
        match how {
            EndedBy::Term => drop(server.terminate()),
            EndedBy::Kill => server.kill(),
        }
        let last = match how {
            EndedBy::Term => Vec::new(),
            EndedBy::Kill => orders.split_off(OF_EACH * BUYERS.len()),
        };
        Self { folder, orders, last }
    }

    /// A copy to damage.
    pub fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().expect("a folder");
        copy_folder(self.folder.path(), copy.path());
        copy
    }

    /// A copy that was damaged must not start: the error, which names a place.
    #[track_caller]
    pub fn refused(&self, damage: impl FnOnce(&Path)) -> String {
        let copy = self.copy();
        damage(copy.path());
        // A second start must not find the damage healed by what the first one dropped.
        let errors = [1, 2].map(|start| match open(copy.path()) {
            Ok(_) => panic!("start {start} took a damaged store"),
            Err(ended) => refusal(&ended),
        });
        errors.into_iter().next().expect("two starts")
    }

    /// Everything that was acknowledged is there, with its receipt number and once. Whether the last
    /// purchases before a kill are there too.
    #[track_caller]
    pub fn check(&mut self, house: &House) -> bool {
        for order in &mut self.orders {
            order.ask_afresh(house);
        }
        let last: Vec<&Order> =
            self.last.iter().filter(|order| order.is_there_afresh(house)).collect();
        for buyer in BUYERS {
            let all = self.orders.iter().chain(last.iter().copied());
            let own = all.filter(|order| order.buyer == buyer).count();
            let own = u64::try_from(own).expect("small");
            assert_eq!(house.used(buyer.customer, buyer.passport), own, "of {}", buyer.id);
        }
        last.len() == self.last.len()
    }
}

/// Starts a server on a folder.
pub fn open(folder: &Path) -> Result<Server, Ended> {
    Server::try_start(folder, &Start::generous())
}

/// Changes a bit of a byte of a file.
pub fn flip(file: &Path, place: usize, bit: u8) {
    let mut bytes = std::fs::read(file).expect("reads");
    bytes[place] ^= bit;
    std::fs::write(file, bytes).expect("writes");
}
