//! A line that buys by the rules alone, without store and actors.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use linepass::domain::{
    ids::{CustomerId, PassportNumber, ReceiptNumber},
    line::{
        Command, Event, Facts, Line, LineDefaults, LineService, RowRef,
        command::{LoggedIn, OpenLine, Purchase, RegisterPassport},
        decide, evolve,
    },
    order::PurchaseOrder,
    provider::{Price, Service},
    yen::Yen,
};

const ROW: RowRef = RowRef { row: 0, commitment: [0; 32] };

/// What the n-th decision knows besides the line.
pub fn facts(serial: u64) -> Facts {
    Facts {
        now: "2026-11-23T21:00:00+09:00".parse().expect("an instant"),
        receipt: ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + serial),
        source: None,
        defaults: LineDefaults {
            passports_per_line: 5,
            passport_limit: Yen::new(1 << 40),
            activation_delay_s: 0,
        },
    }
}

/// The n-th purchase.
pub fn purchase(serial: u64) -> Command {
    let service = Service {
        code: "anime-1".parse().expect("a code"),
        name: "名作アニメ1".into(),
        price: Price::PerUse { unit_price: Some(Yen::new(300)) },
        usage_period: None,
        terms_url: None,
        offered: true,
    };
    Command::Purchase(Purchase {
        login: LoggedIn { passport: PassportNumber(1), epoch: 0 },
        provider: "b-sha".parse().expect("an ID"),
        provider_name: "B社".into(),
        order: PurchaseOrder {
            reference: format!("order-{serial}").parse().expect("a reference"),
            service: service.code.clone(),
            quantity: 1,
            amount: Yen::new(300),
            description: None,
        },
        offer: Some(service),
        require_line: false,
        agreed_month: None,
    })
}

/// The line after a command.
pub fn take(line: Option<Line>, command: &Command, serial: u64) -> Option<Line> {
    let facts = facts(serial);
    let events: Vec<Event> = decide(line.as_ref(), command, &facts).expect("accepted");
    events.iter().fold(line, |line, event| evolve(line, event, facts.now))
}

/// A line that bought so often this month.
pub fn line_with(purchases: u64) -> Line {
    let customer: CustomerId = "CAF0000012573".parse().expect("an ID");
    let open = Command::Open(OpenLine {
        customer,
        service: LineService::HikariPremium,
        line_limit: Yen::new(1 << 40),
        billing: linepass::domain::line::event::BillingRoute::Telephone,
        networks: Vec::new(),
        record: ROW,
        access_key: ROW,
    });
    let register =
        Command::RegisterPassport(RegisterPassport { name: ROW, credential: ROW, applicant: ROW });
    let line = take(take(None, &open, 0), &register, 0);
    (0..purchases).fold(line, |line, serial| take(line, &purchase(serial), serial)).expect("a line")
}
