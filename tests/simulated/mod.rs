//! The server below the web on virtual time, a simulated disk and dice that fall by a seed.
//!
//! | file | what |
//! |---|---|
//! | [`fate`] | dice, time and trace: all that a seed decides |
//! | [`disk`] | what outlives a kill and a power cut, and what goes wrong |
//! | [`files`] | names and contents of the head file |
//! | [`engine`] | the store's engine and readers on that disk |
//! | [`process`] | the server as `app::start` builds it |
//! | [`client`] | who asks, and for how long they wait |
//! | [`orders`] | what is bought and cancelled |
//! | [`actions`] | what else households and operators do |
//! | [`ledger`] | what they were told |
//! | [`fold`] | the journal told by a reader that knows the guide alone |
//! | [`check`] | what must hold |
//! | [`world`] | lives of a server, one after the other, on one disk |

pub mod actions;
pub mod check;
pub mod client;
pub mod disk;
pub mod engine;
pub mod fate;
pub mod files;
pub mod fold;
pub mod ledger;
pub mod orders;
pub mod process;
pub mod world;
