//! What households and operators do, at random.

use super::client::{Client, Way};
use ipnetwork::IpNetwork;
use linepass::{
    actors::{
        LineError,
        change::{Changes, Opening, Registration, What},
        closing::CloseError,
        erasure,
        system::Asked,
    },
    domain::{
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::{CustomerId, PassportNumber},
        language::Language,
        line::{
            By, Command, LineService,
            command::LoggedIn,
            event::{Barrier, BillingRoute},
        },
        transfer::Transfer,
        yen::Yen,
    },
    store::record::sha256,
};
use std::{collections::BTreeMap, time::Duration};

const LINES: u64 = 3;
const HOUR_MICROS: i64 = 3_600_000_000;

fn customer(number: u64) -> CustomerId {
    format!("CAF{number:010}").parse().expect("an ID")
}

fn network(number: u64, length: u8) -> IpNetwork {
    format!("10.0.{number}.0/{length}").parse().expect("a prefix")
}

fn plain(command: Command) -> What {
    What::Plain(Box::new(command))
}

fn operator() -> By {
    By::Operator { name: "first".into(), reason: "a test".into() }
}

impl Client {
    /// Each line with two IDs, before anything goes wrong.
    pub async fn open_lines(&self) {
        const SERVICES: [LineService; 3] =
            [LineService::HikariNext, LineService::HikariPremium, LineService::HikariLight];
        for (number, service) in (1..=LINES).zip(SERVICES) {
            let opening = Opening {
                service,
                line_limit: Yen::new(self.world.fate.pick(&[12_000, 20_000])),
                billing: BillingRoute::Telephone,
                networks: vec![network(number, 24)],
                record: BTreeMap::new(),
                access_key_hash: "-".into(),
            };
            let open = What::Open(Box::new(opening));
            self.submit("open", customer(number), (open, operator(), None), Way::Actor).await;
            for _ in 0..2 {
                self.register(customer(number)).await;
            }
        }
    }

    /// A line of its own on which commands race: in which order they arrive, the seed says.
    pub async fn race(&self, number: u64) {
        let (line, fate) = (customer(number), &self.world.fate);
        let opening = Opening {
            service: LineService::HikariPremium,
            line_limit: Yen::new(12_000),
            billing: BillingRoute::Telephone,
            networks: Vec::new(),
            record: BTreeMap::new(),
            access_key_hash: "-".into(),
        };
        let open = What::Open(Box::new(opening));
        self.submit("open", line, (open, operator(), None), Way::Actor).await;
        self.register_as(line, &format!("racing{number:05}")).await;
        let login = LoggedIn { passport: PassportNumber(1), epoch: 0 };
        self.buy_as(line, login, ("pack", 500)).await;
        let first = self.world.ledger.borrow().contracts.last().cloned();
        let runner = |at: u64| {
            let first = first.clone();
            async move {
                fate.wait_below(4).await;
                match at {
                    0 => self.cancel_of(first).await,
                    1 => self.bar_by(line, Barrier::CustomerRestriction).await,
                    2 => self.transfer(line).await,
                    3 | 4 => self.change_limits(line).await,
                    5 => self.buy_as(line, login, ("anime", 3_000)).await,
                    _ => self.buy_as(line, login, ("film", fate.pick(&[4_000, 6_000]))).await,
                }
            }
        };
        futures_util::future::join_all((0..9).map(runner)).await;
    }

    /// So many things, one after the other.
    pub async fn act(self, actions: usize) {
        for _ in 0..actions {
            self.world.fate.wait_below(30).await;
            self.world.tick();
            if self.process.stopping.get() {
                return;
            }
            self.act_once().await;
        }
    }

    async fn act_once(&self) {
        let line = customer(1 + self.world.fate.below(LINES));
        match self.world.fate.below(100) {
            0..=39 => self.buy(line).await,
            40..=51 => self.cancel().await,
            52..=61 => self.change_limits(line).await,
            62..=65 => self.bar(line).await,
            66..=70 => self.register(line).await,
            71..=73 => self.delete_or_transfer(line).await,
            74..=77 => self.change_password(line).await,
            78..=82 => self.change_past_the_actor(line).await,
            83..=85 => self.move_prefix(line).await,
            86..=89 => self.look(line).await.map_or((), drop),
            90..=93 => self.ask_about_an_order().await,
            94 => self.erase(line).await,
            95..=97 => self.move_the_clock().await,
            _ => self.fill_the_disk().await,
        }
    }

    async fn change_limits(&self, line: CustomerId) {
        let fate = &self.world.fate;
        let limit = || Yen::new(fate.pick(&[0, 500, 3_000, 6_000, 10_000, 12_000, 20_000]));
        let command = if fate.percent(25) {
            Command::SetLineLimit(limit())
        } else {
            let ids = 1 + fate.below(3);
            let id = |_| PassportNumber(1 + u32::try_from(fate.below(3)).expect("small"));
            Command::SetPassportLimits((0..ids).map(|at| (id(at), limit())).collect())
        };
        self.submit("limits", line, (plain(command), By::Customer, None), Way::Actor).await;
    }

    async fn bar(&self, line: CustomerId) {
        let barrier = self.world.fate.pick(&[Barrier::CustomerRestriction, Barrier::CompanyStop]);
        self.bar_by(line, barrier).await;
        self.world.fate.wait_below(40).await;
        let lift = plain(Command::LiftBarrier(barrier));
        self.submit("lift", line, (lift, operator(), None), Way::Actor).await;
    }

    async fn bar_by(&self, line: CustomerId, barrier: Barrier) {
        let raise = plain(Command::RaiseBarrier(barrier));
        self.submit("bar", line, (raise, operator(), None), Way::Actor).await;
    }

    async fn register(&self, line: CustomerId) {
        self.register_as(line, &format!("simulated{:02}", self.world.fate.below(30))).await;
    }

    async fn register_as(&self, line: CustomerId, name: &str) {
        let registration = Registration {
            name: PassportName::parse(name).expect("a name"),
            name_hash: sha256(name.as_bytes()),
            password_hash: "first".into(),
            applicant: PersonName::parse("西日本 太郎").expect("a name"),
            phone: PhoneNumber::parse("03-1234-5678").expect("a phone"),
            mail: MailAddress::parse("taro@example.jp").expect("an address"),
            is_contractor: true,
            language: Language::Ja,
        };
        let what = What::Register(Box::new(registration));
        self.submit("register", line, (what, By::Customer, None), Way::Actor).await;
    }

    async fn delete_or_transfer(&self, line: CustomerId) {
        if self.world.fate.percent(50) {
            return self.transfer(line).await;
        }
        let passport = PassportNumber(1 + u32::try_from(self.world.fate.below(4)).expect("small"));
        let delete = plain(Command::DeletePassport(passport));
        self.submit("delete", line, (delete, operator(), None), Way::Actor).await;
    }

    async fn transfer(&self, line: CustomerId) {
        let which = [Transfer::Termination, Transfer::Rename, Transfer::Rename, Transfer::Rename];
        let transfer = plain(Command::Transfer(self.world.fate.pick(&which)));
        self.submit("transfer", line, (transfer, operator(), None), Way::Actor).await;
    }

    async fn change_password(&self, line: CustomerId) {
        let Some((login, _)) = self.log_in(line).await else { return };
        let number = self.world.ledger.borrow().attempts.len();
        let changes = Changes {
            passport: login.passport,
            name: None,
            password_hash: Some(format!("password {number}")),
            applicant: None,
            line_authentication: None,
        };
        let what = What::ChangePassport(Box::new(changes));
        self.submit("password", line, (what, By::Customer, None), Way::Actor).await;
    }

    async fn change_past_the_actor(&self, line: CustomerId) {
        let fate = &self.world.fate;
        let number = self.world.ledger.borrow().attempts.len();
        let what = match fate.below(3) {
            0 => plain(Command::SetLineLimit(Yen::new(fate.pick(&[12_000, 15_000, 20_000])))),
            1 => What::ReplaceRecord(BTreeMap::from([("place".into(), number.to_string())])),
            _ => plain(Command::SetPassportLimits(vec![(
                PassportNumber(1),
                Yen::new(fate.pick(&[2_000, 5_000, 10_000])),
            )])),
        };
        self.submit("import", line, (what, operator(), None), Way::Bulk).await;
    }

    async fn move_prefix(&self, line: CustomerId) {
        let fate = &self.world.fate;
        let networks = vec![network(1 + fate.below(LINES), fate.pick(&[24, 25, 28]))];
        let what = plain(Command::SetNetworks(networks));
        self.submit("prefix", line, (what, operator(), None), Way::Taking).await;
    }

    /// A change past the actors of lines that somebody looks at, by an asker who goes away soon.
    pub async fn leave_a_change(&self) {
        let (line, fate) = (customer(1 + self.world.fate.below(LINES)), &self.world.fate);
        let looks = (1..=LINES).map(|number| async move {
            fate.wait_below(12).await;
            self.look(customer(number)).await;
        });
        let change = async {
            if fate.percent(50) {
                self.move_prefix(line).await;
            } else {
                self.change_past_the_actor(line).await;
            }
        };
        let patience = Duration::from_millis(1 + fate.below(15));
        let change = async { tokio::time::timeout(patience, change).await.is_ok() };
        futures_util::future::join(futures_util::future::join_all(looks), change).await;
    }

    /// The last month that ended, or the one that is to be closed next.
    async fn close_a_month(&self) {
        let closer = &self.process.closer;
        let month = self.world.clock.now().month().previous();
        let id = self.world.ledger.borrow_mut().begin("close", true);
        let asked = Asked { by: operator(), request_id: Some(id.clone()) };
        self.world.fate.note(format_args!("client {} {id}: {month}", self.name()));
        let closed = match closer.begin(month).await {
            Ok(Some(run)) => closer.drive(&run, &asked).await,
            Ok(None) => return,
            Err(error) => Err(error.into()),
        };
        if self.world.disk.is_gone() || self.process.has_failed() {
            return;
        }
        match closed {
            Ok(()) => self.world.closed(),
            Err(error) => {
                self.world.fate.note(format_args!("{id}: {error}"));
                if let CloseError::Store(error) = &*error {
                    self.world.violation(format!("{id}: {error}"));
                }
            }
        }
    }

    async fn erase(&self, line: CustomerId) {
        let id = self.world.ledger.borrow_mut().begin("erase", true);
        let now = self.world.clock.now();
        let request_id = Some(id.clone());
        let asked = erasure::Asked { by: operator(), request_id, now, dry_run: false };
        self.world.fate.note(format_args!("client {} {id} of {line}", self.name()));
        let erased = self.process.erasure.erase(line, &asked).await;
        if let Err(error) = erased
            && let LineError::Store(error) = &*error
            && !self.world.disk.is_gone()
            && !self.process.has_failed()
        {
            self.world.violation(format!("{id}: {error}"));
        }
    }

    /// An hour back, a day on, or almost to the month's turn; then a month may be closed.
    async fn move_the_clock(&self) {
        let now = self.world.clock.now();
        let to_the_turn = now.month().next().begins_at().micros() - now.micros() - 20_000;
        let moved =
            self.world.fate.pick(&[-HOUR_MICROS, 24 * HOUR_MICROS, to_the_turn, to_the_turn]);
        self.world.moved_micros.set(self.world.moved_micros.get() + moved);
        self.world.tick();
        self.world.fate.note(format_args!("it is {}", self.world.clock.now().rfc3339()));
        self.world.fate.wait_below(40).await;
        self.world.tick();
        self.close_a_month().await;
    }

    /// While the disk is full nothing is written that anybody asks for; when it has room it is again.
    async fn fill_the_disk(&self) {
        let (disk, process) = (&self.world.disk, &self.process);
        if disk.is_full() {
            return;
        }
        disk.fill(true);
        process.look_around();
        // What was asked for before is written yet.
        process.committed().await;
        let before = process.store.durable_block();
        self.world.fate.wait_below(200).await;
        if disk.is_gone() || process.has_failed() {
            return;
        }
        if process.store.durable_block() != before {
            let what = "a block was written on a disk that was full".to_owned();
            self.world.violation(what);
        }
        disk.fill(false);
        process.look_around();
        self.world.filled();
    }
}
