//! The rules of the guide, pure: the same inputs give the same answer.
//!
//! No clock, no randomness, no I/O and no async here: time and drawn numbers come in through
//! [`line::Facts`]. Each rule stands where its name says and is cited by its number.
//!
//! | file | rules |
//! |---|---|
//! | [`line`] | what an access line may do: state, command, event, refusal, decide, evolve |
//! | [`charge`] | which months a contract is charged for (R-014 to R-030) |
//! | [`limit`] | what is used and what is left this month (R-115, R-153, R-157) |
//! | [`provider`] | providers, their catalogue, and what an order must match (R-006 to R-008) |
//! | [`registration`] | what an operator registers of a provider and its catalogue |
//! | [`order`] | an order as a provider pushes it, checked against the catalogue |
//! | [`receipt`] | what a provider is told of a completed order |
//! | [`webhook`] | what a provider is told unasked, and in which order |
//! | [`contract_status`] | what a provider is told of a contract |
//! | [`provisioning`] | what the carrier gives of its lines: an import's rows, prefixes (R-175) |
//! | [`transfer`] | the tables of line transfers and of changes of the billing number (R-160 to) |
//! | [`bill`] | a month's bill of a line, by provider (R-034 to R-051) |
//! | [`record`] | the record of a line, and what a disclosure takes from it (R-059, R-181) |
//! | [`retention`] | which personal rows have served their term (R-187, R-188) |
//! | [`statement`] | a month's rows, what months came to, how the account stands (R-128 to R-138) |
//! | [`system`] | what happens to Linepass as a whole: leases, keys, maintenance |
//! | [`synthetic`] | the mark of data that were made up for load tests |
//! | [`operator`] | the roles of operators' tokens |
//! | [`notice`] | which mails an entry sends, and to whom (R-191) |
//! | [`language`] | the two languages of pages and mails |
//! | [`field`] | what a valid name, phone, mail, passport ID and password is (R-083 to R-092) |
//! | [`characters`] | which of them steer the text around them |
//! | [`shape`] | how texts look that have no type of their own, for the APIs' documents |
//! | [`ids`], [`yen`], [`calendar`] | newtypes; whole yen; Japan time and its months |

pub mod bill;
pub mod calendar;
pub mod characters;
pub mod charge;
pub mod contract_status;
pub mod field;
pub mod ids;
pub mod language;
pub mod limit;
pub mod line;
pub mod notice;
pub mod operator;
pub mod order;
pub mod provider;
pub mod provisioning;
pub mod reason;
pub mod receipt;
pub mod record;
pub mod registration;
pub mod retention;
pub mod shape;
pub mod statement;
pub mod synthetic;
pub mod system;
pub mod transfer;
pub mod webhook;
pub mod yen;
