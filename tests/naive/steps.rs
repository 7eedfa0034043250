//! What may happen to a line, drawn at random.

use super::{Moment, Visit};
use proptest::prelude::*;

/// How the catalogue has changed between the push and the press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Catalogue {
    Same,
    Dearer,
    Retired,
    Gone,
}

/// One thing that happens to the line.
#[derive(Debug, Clone)]
pub enum Step {
    Wait(Moment),
    /// To the first second of the next month, or the last of this one.
    Turn {
        last_second: bool,
    },
    Register,
    Buy {
        visit: Visit,
        provider: u8,
        service: u8,
        quantity: u32,
        price: u64,
        catalogue: Catalogue,
    },
    /// One of the live contracts by its own ID where `own`, else any purchase by any ID.
    Cancel {
        visit: Visit,
        own: bool,
        which: usize,
        right_provider: bool,
    },
    Bar(usize),
    Lift(usize),
    Delete(u32),
    End(usize),
    SetLimits(Vec<(u32, u64)>),
    SetLineLimit(u64),
    SetLineAuthentication(u32, bool),
    /// The change form: a new string, password, applicant, and line authentication.
    Change {
        id: u32,
        filled_in: [bool; 3],
        line_authentication: Option<bool>,
    },
    /// Every month before this one is closed.
    Close,
}

fn visits() -> impl Strategy<Value = Visit> {
    let rarely = || prop::bool::weighted(0.04);
    (1..=20_u32, rarely(), rarely(), rarely(), rarely()).prop_map(
        |(id, stale, foreign, require_line, turned)| Visit {
            id,
            stale,
            foreign,
            require_line,
            turned,
        },
    )
}

fn prices() -> impl Strategy<Value = u64> {
    prop::sample::select(vec![0, 1, 300, 500, 500, 1_000, 2_500, 5_000, 10_000, 10_001])
}

fn limits() -> impl Strategy<Value = u64> {
    prop_oneof![
        prop::sample::select(vec![0, 500, 1_000, 5_000, 9_999, 10_000, 10_001, 20_000, 30_000]),
        0..12_000_u64,
    ]
}

/// Any step, the likely ones more often.
pub fn steps() -> impl Strategy<Value = Step> {
    let catalogue = prop_oneof![
        20 => Just(Catalogue::Same),
        1 => Just(Catalogue::Dearer),
        1 => Just(Catalogue::Retired),
        1 => Just(Catalogue::Gone),
    ];
    let buy = (visits(), 0..2_u8, 0..4_u8, 1..4_u32, prices(), catalogue).prop_map(
        |(visit, provider, service, quantity, price, catalogue)| Step::Buy {
            visit,
            provider,
            service,
            quantity: if service == 2 { quantity } else { 1 },
            price,
            catalogue,
        },
    );
    let cancel = (visits(), prop::bool::weighted(0.8), 0..6_usize, prop::bool::weighted(0.95))
        .prop_map(|(visit, own, which, right_provider)| Step::Cancel {
            visit,
            own,
            which,
            right_provider,
        });
    prop_oneof![
        4 => prop::sample::select(vec![0, 1, 300, 43_200, 86_400, 864_000]).prop_map(Step::Wait),
        2 => any::<bool>().prop_map(|last_second| Step::Turn { last_second }),
        3 => Just(Step::Register),
        16 => buy,
        10 => cancel,
        1 => (0..3_usize).prop_map(Step::Bar),
        6 => (0..3_usize).prop_map(Step::Lift),
        2 => (1..=6_u32).prop_map(Step::Delete),
        1 => (0..6_usize).prop_map(Step::End),
        2 => prop::collection::vec((1..=5_u32, limits()), 0..4).prop_map(Step::SetLimits),
        1 => limits().prop_map(Step::SetLineLimit),
        1 => (1..=5_u32, any::<bool>()).prop_map(|(id, on)| Step::SetLineAuthentication(id, on)),
        2 => (1..=6_u32, any::<[bool; 3]>(), prop::option::weighted(0.3, any::<bool>())).prop_map(
            |(id, filled_in, line_authentication)| Step::Change {
                id,
                filled_in,
                line_authentication,
            },
        ),
        1 => Just(Step::Close),
    ]
}
