//! What a server on the open network meets beside its customers. A refusal is the right answer to all
//! of it, and it is counted as one.

use super::{Step, flow::Tab};
use crate::load::{
    client::{Client, Jar, Trouble, form},
    credentials::{Household, Passport},
    fault::Fault,
    http::Request,
    random::Random,
};
use clap::ValueEnum;
use serde::Serialize;

/// What an attacker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttackKind {
    /// Wrong passwords for IDs that exist
    Guess,
    /// Passwords for IDs that do not exist
    Unknown,
    /// The right password from another line
    Foreign,
    /// Requests that cannot be read
    Crooked,
    /// Requests that come a byte at a time
    Slow,
}

impl AttackKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Guess, Self::Unknown, Self::Foreign, Self::Crooked, Self::Slow];
}

/// A flow that an attacker has open: it posts to it again and again.
pub struct AttackersTab {
    tab: Tab,
    csrf: String,
}

/// A crooked request and the statuses that answer it; 0 is a closed connection.
type Crooked = (&'static str, &'static [u16]);

const CROOKED: [Crooked; 7] = [
    ("GET / HTTP/9.9\r\n\r\n", &[400, 505, 0]),
    ("\u{1}\u{2}\u{3}\r\n\r\n", &[400, 0]),
    ("GET /../../etc/passwd HTTP/1.1\r\nhost: a\r\n\r\n", &[400, 404]),
    ("POST /oauth/par HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n%%%", &[400, 401, 415]),
    (
        "POST /oauth/token HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 14\r\n\r\ngrant_type=all",
        &[400, 401],
    ),
    (
        "POST /oauth/par HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        &[400, 0],
    ),
    (
        "GET /flow/0123456789abcdef/confirm HTTP/1.1\r\nhost: a\r\ncookie: lp_x=\"; ;;=\r\n\r\n",
        &[400, 404, 410],
    ),
];

impl Client {
    /// What is attacked with next.
    pub fn next_attack(&mut self) -> AttackKind {
        let kinds = &self.world.options.attacks;
        kinds.get(self.random.place(kinds.len())).copied().unwrap_or(AttackKind::Guess)
    }

    /// One attack of this kind; a flow that is open for it is used again.
    pub async fn attack(
        &mut self,
        kind: AttackKind,
        open: &mut Option<AttackersTab>,
    ) -> Result<(), Trouble> {
        match kind {
            AttackKind::Crooked => self.crooked().await,
            AttackKind::Slow => self.slow().await,
            kind => {
                let tab = match open.take() {
                    Some(tab) => tab,
                    None => self.attackers_tab().await?,
                };
                let tried = self.try_login(&tab, kind).await;
                // A flow whose login was taken, or that has gone, is of no more use.
                *open = tried.is_ok().then_some(tab);
                tried
            }
        }
    }

    /// A flow of a login alone, which an attacker begins at a provider's site like everybody.
    async fn attackers_tab(&mut self) -> Result<AttackersTab, Trouble> {
        let place = self.place.take();
        let begun = self.begin_attackers_tab().await;
        self.place = place;
        self.due = std::time::Instant::now();
        begun
    }

    async fn begin_attackers_tab(&mut self) -> Result<AttackersTab, Trouble> {
        let arrive = self.push(0, None).await?;
        let household = stranger(&mut self.random);
        let mut tab = Tab { path: String::new(), jar: Jar::default(), household };
        let sent = self.step(Step::Arrive, 303, &tab.get(&arrive)).await?;
        tab.jar.take(&sent);
        let login = sent.location.unwrap_or_default();
        login.strip_suffix("/login").unwrap_or_default().clone_into(&mut tab.path);
        let csrf = self.login_form(&tab).await?;
        Ok(AttackersTab { tab, csrf })
    }

    async fn try_login(&mut self, open: &AttackersTab, kind: AttackKind) -> Result<(), Trouble> {
        let world = self.world.clone();
        let household = world.household(&mut self.random);
        let household = household.unwrap_or_else(|| stranger(&mut self.random));
        let Passport { passport_id, password, line_authentication, .. } = household.passport;
        // Where the server does not believe from where we come, an attacker shares the address of who
        // means well, and its wrong passwords would hold them up.
        let is_elsewhere = world.credentials.are_forwarded;
        let (step, passport_id, password) = match kind {
            kind if kind == AttackKind::Unknown || !is_elsewhere => {
                (Step::UnknownId, format!("x{:07x}", self.random.bits() >> 36), password)
            }
            // Only an ID that asks for its line refuses the right password from elsewhere.
            AttackKind::Foreign if line_authentication => {
                (Step::ForeignSource, passport_id, password)
            }
            _ => (Step::Guess, passport_id, format!("Zz9-{:06x}", self.random.bits() >> 40)),
        };
        let fields =
            form(&[("csrf", &open.csrf), ("passport_id", &passport_id), ("password", &password)]);
        let path = format!("{}/login", open.tab.path);
        let from = stranger(&mut self.random).address;
        let request = Request { forwarded: &from, ..open.tab.post(&path, &fields) };
        match self.step(step, 403, &request).await {
            Err(Trouble { fault: Fault::Refused(to), .. }) if to.starts_with("sent to success") => {
                Err(step.wrong("the server let an attacker in"))
            }
            other => other.map(drop),
        }
    }

    async fn crooked(&mut self) -> Result<(), Trouble> {
        let (bytes, allowed) = CROOKED[self.random.place(CROOKED.len())];
        let status = self.raw(Step::Crooked, bytes.as_bytes()).await?;
        if allowed.contains(&status) {
            return Ok(());
        }
        let line = bytes.lines().next().unwrap_or_default();
        Err(Step::Crooked.wrong(format!("{status} answers {line:?}")))
    }

    /// A head that never ends: the server gives it up, and nobody waits for it longer than that.
    async fn slow(&mut self) -> Result<(), Trouble> {
        let head = b"GET / HTTP/1.1\r\nhost: a\r\nx-slow: ";
        match self.raw(Step::Slow, head).await? {
            0 | 400 | 408 => Ok(()),
            status => Err(Step::Slow.wrong(format!("{status} answers half a head"))),
        }
    }
}

/// Somebody from elsewhere: an address of the networks that are for benchmarks (RFC 2544).
fn stranger(random: &mut Random) -> Household {
    let (low, high) = (random.below(254) + 1, random.below(512));
    let address = format!("198.{}.{}.{low}", 18 + high / 256, high % 256);
    Household {
        customer_id: String::new(),
        access_key: String::new(),
        is_premium: false,
        address,
        passport: Passport {
            passport_id: "nobody01".to_owned(),
            password: "nothing1".to_owned(),
            line_authentication: false,
            state: None,
        },
    }
}
