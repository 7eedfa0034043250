//! # Linepass: the map
//!
//! Linepass is an authentication and purchase server for access lines. Read the rooms in the
//! order of trust; nothing on the left names anything on its right:
//!
//! ```text
//! domain  →  store  →  actors  →  web, mail, webhook  →  cli
//!                 security ─┘      │
//!                     text, config, telemetry, metrics
//! ```
//!
//! | room | what it is for |
//! |---|---|
//! | [`domain`] | the rules of the guide, pure: no clock, no I/O, no async |
//! | [`store`] | what is kept: batches as values, the journal's blocks, sled and memory behind one trait |
//! | [`verify`] | nine invariants of a store, looked at by code apart from the rules |
//! | [`actors`] | one actor for each line, the committer, the directory: gather, decide, commit, answer |
//! | [`security`] | passwords, keys, sealed tokens, throttles |
//! | [`net`] | TLS, PROXY headers, slow and crooked clients: how connections come in |
//! | [`web`] | one folder for each audience: providers, households in a flow, operators, everybody |
//! | [`mail`] | mails in words, and the ways they go out |
//! | [`webhook`] | how webhooks leave the house |
//! | [`text`] | every sentence a person reads, in Japanese and English |
//! | [`config`] | the configuration file and its errors |
//! | [`telemetry`] | decision lines and the log's two formats |
//! | [`metrics`] | counters and histograms, and what monitoring reads |
//! | [`clock`] | the one place that asks what time it is |
//! | [`app`] | config → store → actors → web, in one function that the tests use too |
//! | [`load`] | the load generator: a client like any other, whose results are checked |
//! | [`cli`] | the command line: `serve`, `demo`, `config`, the operator's commands, and what runs without a server |
//!
//! ARCHITECTURE.md tells the flows, the invariants and what is absent on purpose.

pub mod actors;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod load;
pub mod mail;
pub mod metrics;
pub mod net;
pub mod security;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod verify;
pub mod web;
pub mod webhook;
