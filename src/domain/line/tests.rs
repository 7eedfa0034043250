//! Given these events, when this is asked, then that happens: the rules one by one.
//!
//! The words `given`, `when` and `then` stand in [`language`]; each file beside it is one chapter
//! of the guide. `tests/rules_property.rs` asks the same rules at random, against a naive model.

mod barring;
mod bills;
mod buying;
mod cancelling;
mod changing;
mod epochs;
mod erasing;
mod guard;
mod language;
mod life;
mod limits;
mod login;
mod mails;
mod month_close;
mod portal;
mod registering;
mod shapes;
mod statement;
mod statement_property;
mod unpaid;
