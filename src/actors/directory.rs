//! Which lines of this Arbiter are awake. A line wakes when it is first asked something.

use super::line::{Ask, LineActor, LineServices};
use crate::domain::ids::CustomerId;
use actix::prelude::*;
use std::{collections::HashMap, sync::Arc};

/// The directory of one Arbiter. That two activations of one line cannot both commit is the
/// store's business (`expect`), never this one's.
pub struct Directory {
    services: Arc<LineServices>,
    awake: HashMap<CustomerId, Addr<LineActor>>,
}

impl Directory {
    /// An empty directory.
    pub fn new(services: Arc<LineServices>) -> Self {
        Self { services, awake: HashMap::new() }
    }
}

impl Actor for Directory {
    type Context = Context<Self>;
}

/// Something to ask a line.
pub struct Route {
    /// Which line.
    pub customer: CustomerId,
    /// What.
    pub ask: Ask,
}

impl Message for Route {
    type Result = ();
}

impl Handler<Route> for Directory {
    type Result = ();

    fn handle(&mut self, Route { customer, ask }: Route, _: &mut Self::Context) {
        let line = self
            .awake
            .entry(customer)
            .or_insert_with(|| LineActor::new(customer, Arc::clone(&self.services)).start());
        // The sender's bound is the door's counter; `do_send` passes no mailbox by that matters.
        line.do_send(ask);
    }
}
