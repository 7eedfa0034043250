//! One round of mixed work: prepared so that one request each is left, sent while something happens to
//! the process, and settled on a server that may have been started again.

use super::{
    books::Books,
    desk::Change,
    house::House,
    order::{BUYERS, Buyer, Kind, Order, RESTRICTED},
    shot::{Fate, Shot, fire},
};
use std::sync::mpsc;

/// Purchases per use of one passport ID in a round.
const PER_USE_OF_AN_ID: usize = 3;

/// The work of a round, by the hands that do it.
pub struct Round {
    /// The orders of each passport ID, the restricted one's last.
    pub orders: Vec<Vec<Order>>,
    /// What operators and households change.
    pub changes: Vec<Vec<Change>>,
}

impl Round {
    /// Prepares it on a running server.
    pub fn prepare(house: &House, books: &mut Books, number: usize) -> Self {
        let changes = books.desk.prepare(house, number, books.month_to_close.clone());
        let books = &*books;
        let prepare = |buyer: Buyer| prepare_of(house, buyer, books.contract(buyer));
        let orders = std::thread::scope(|scope| {
            let prepare = &prepare;
            let buyers = BUYERS.into_iter().chain([RESTRICTED]);
            let threads: Vec<_> = buyers.map(|buyer| scope.spawn(move || prepare(buyer))).collect();
            threads.into_iter().map(|thread| thread.join().expect("prepares")).collect()
        });
        Self { orders, changes }
    }

    /// How many requests it has.
    pub fn len(&self) -> usize {
        let orders: usize = self.orders.iter().map(Vec::len).sum();
        orders + self.changes.iter().map(Vec::len).sum::<usize>()
    }

    /// Sends all of it while `meanwhile` hears of each answer.
    pub fn fire<T>(&mut self, house: &House, meanwhile: impl FnOnce(mpsc::Receiver<()>) -> T) -> T {
        let orders = self.orders.iter_mut();
        let mut hands: Vec<Vec<&mut Shot>> =
            orders.map(|hand| hand.iter_mut().map(|order| &mut order.shot).collect()).collect();
        let changes = self.changes.iter_mut();
        hands.extend(
            changes.map(|hand| hand.iter_mut().map(|change| &mut change.shot).collect::<Vec<_>>()),
        );
        fire(house, hands, meanwhile)
    }

    /// A server that is stopping tells whoever wants a change to try again: whether it was made is to be
    /// seen, as where nobody answered. At any other time such an answer is a fault.
    pub fn was_stopped_in_order(&mut self) {
        for change in self.changes.iter_mut().flatten() {
            let reply = change.shot.reply();
            if reply.is_some_and(|reply| reply.status == 503 && reply.retry_after.is_some()) {
                change.shot.fate = Fate::Unknown;
            }
        }
    }

    /// How many of its requests nobody answered.
    pub fn cut(&self) -> usize {
        let orders = self.orders.iter().flatten().map(|order| &order.shot);
        let changes = self.changes.iter().flatten().map(|change| &change.shot);
        orders.chain(changes).filter(|shot| shot.reply().is_none()).count()
    }

    /// Holds what was told against what is there: every acknowledged change, perhaps some of those that
    /// nobody answered, none that nobody asked for, none twice. What was sent and not answered is asked
    /// for by doing it again.
    #[track_caller]
    pub fn settle(mut self, house: &House, books: &mut Books) {
        books.desk.settle(house, self.changes.iter().flatten());
        let restricted = self.orders.pop().expect("the restricted one's");
        let mut usual: Vec<Order> = self.orders.into_iter().flatten().collect();
        let there: Vec<bool> = usual.iter().map(|order| check(order, house)).collect();
        for buyer in BUYERS {
            let own =
                usual.iter().zip(&there).filter(|(order, there)| order.buyer == buyer && **there);
            let orders: Vec<&Order> = own.map(|(order, _)| order).collect();
            assert_eq!(house.used(buyer.customer, buyer.passport), books.used(buyer, &orders));
        }
        for (order, is_there) in usual.iter_mut().zip(there) {
            if let (Fate::Unknown, true) = (&order.shot.fate, is_there) {
                books.unanswered_but_there += 1;
            }
            // Whoever got no answer presses again: bought once, whatever became of the first press.
            if !is_there && order.shot.fate == Fate::Unknown {
                order.press_again(house);
            }
            if is_there || order.shot.fate == Fate::Unknown {
                order.note_receipt(house);
            }
        }
        let mut settled = usual;
        settled.extend(restricted.into_iter().map(|order| settle_restricted(order, house, books)));
        books.take(settled);
        books.check_used(house);
    }
}

fn prepare_of(house: &House, buyer: Buyer, contract: Option<&str>) -> Vec<Order> {
    let mut orders: Vec<Order> =
        (0..PER_USE_OF_AN_ID).map(|_| Order::per_use(house, buyer)).collect();
    let monthly = match contract {
        // It ends by the restriction.
        Some(_) if buyer == RESTRICTED => None,
        Some(contract) => Some(Order::cancelling(house, buyer, contract)),
        None => Some(Order::monthly(house, buyer)),
    };
    orders.splice(1..1, monthly);
    orders
}

/// Whether it is there, which it must be where somebody was told so, and must not be where nobody
/// pressed.
#[track_caller]
fn check(order: &Order, house: &House) -> bool {
    let is_there = order.is_there(house);
    match &order.shot.fate {
        Fate::Answered(reply) => {
            assert!(reply.completed(), "{}: {reply:?}", order.reference);
            assert!(is_there, "{:?} {} was lost", order.kind, order.reference);
        }
        Fate::Unsent => assert!(!is_there, "{} was never pressed", order.reference),
        Fate::Unknown => {}
    }
    is_there
}

/// The same for the line that was restricted meanwhile: its logins ended, so that a login of its own
/// asks, and a press may have been refused.
#[track_caller]
fn settle_restricted(mut order: Order, house: &House, books: &mut Books) -> Order {
    let is_there = order.is_there_afresh(house);
    match order.shot.fate.clone() {
        Fate::Answered(reply) if reply.completed() => {
            assert!(is_there, "{:?} {} was lost", order.kind, order.reference);
            order.ask_afresh(house);
        }
        Fate::Answered(reply) => {
            assert!(reply.status < 500, "{}: {reply:?}", order.reference);
            assert!(!is_there, "{} was refused: {reply:?}", order.reference);
            books.refused += 1;
        }
        Fate::Unsent => assert!(!is_there, "{} was never pressed", order.reference),
        Fate::Unknown => {
            books.unanswered_but_there += usize::from(is_there);
            // A monthly one that is not there may stand against a contract that is.
            if is_there || order.kind == Kind::PerUse {
                order.buy_afresh(house);
            }
        }
    }
    order
}
