//! The end of every run: the server is asked whether what is stored is true (I1 to I9).

use super::ledger::Lines;
use crate::{
    cli::operator::{
        Request,
        client::{Client, ClientError},
        look,
    },
    load::{
        credentials::{Origin, Seed},
        result::Verification,
        run::Audience,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;

/// Lines of the ledger that are sent at once.
const PART: usize = 1_000;
/// Faults that are told in words.
const MOST_TOLD: usize = 10;
/// The reason that the server's log has.
const REASON: &str = "linepass load";
/// Where it is asked.
const PATH: &str = "/verify";
/// Where it says what its store was made from.
const STATUS_PATH: &str = "/status";

/// What is needed of a server's status. The field is always there; null is a store that nobody made up.
#[derive(Deserialize)]
struct Status {
    #[serde(deserialize_with = "Option::deserialize")]
    synthetic_data: Option<Seed>,
}

/// Who can say whether what is stored is true.
#[expect(async_fn_in_trait, reason = "a run and its checks stay on one thread")]
pub trait Verifier {
    /// Whether it can be asked at all: that is found out before the load, not after it.
    ///
    /// # Errors
    /// A sentence.
    async fn is_there(&self) -> Result<(), String>;

    /// Whether the store that it looks at is the one that the credentials are of, as far as both
    /// tell: one run's orders held against another server's store would prove nothing.
    ///
    /// # Errors
    /// A sentence that names both stores.
    async fn has_store_of(&self, origin: Origin) -> Result<(), String>;

    /// Asks, and waits for the answer; the ledger is held against the store too.
    async fn verify(&self, ledger: Lines, audience: &dyn Audience) -> Verification;
}

/// The operator API of the server under test.
pub struct OperatorApi(Client);

impl OperatorApi {
    /// The one that the environment or the configuration names.
    pub fn find(config: Option<&Path>) -> Result<Self, ClientError> {
        Client::find(config).map(Self)
    }

    /// What the store was made from, where it was made up.
    async fn seed(&self) -> Result<Option<Seed>, ClientError> {
        let request = Request { method: "GET", path: STATUS_PATH.to_owned(), body: None };
        Ok(self.0.ask_as::<Status>(&request).await?.synthetic_data)
    }

    /// `None` where it was lost before its end.
    async fn walk(&self, audience: &dyn Audience) -> Result<Option<Value>, ClientError> {
        let mut note = |_: &str, done, of| audience.checking("verifying", done, of);
        look::wait_telling(&self.0, PATH, REASON, &mut note).await
    }

    /// Holds the ledger against the store, a part at a time, and adds what came of it to the report.
    async fn with_ledger(
        &self,
        mut report: Value,
        Lines { orders, mut lines }: Lines,
        audience: &dyn Audience,
    ) -> Result<Value, String> {
        let mut kept = Held::new("I1, ledger", "what was acknowledged is there as it was told");
        let mut refused = Held::new("I2, ledger", "what was refused is not there");
        let mut done = 0;
        loop {
            let part: Vec<Value> = lines.by_ref().take(PART).collect::<Result<_, _>>()?;
            if part.is_empty() {
                break;
            }
            done += part.len() as u64;
            audience.checking("the ledger", done, orders);
            let body = Some(json!({ "reason": REASON, "lines": part }));
            let path = format!("{PATH}/ledger");
            let held = self.0.ask(&Request { method: "POST", path, body }).await;
            let held = held.map_err(|error| error.to_string())?;
            kept.add(&held["kept"], &held["kept_faults"]);
            refused.add(&held["refused"], &held["refused_faults"]);
        }
        let is_whole = kept.faults.is_empty() && refused.faults.is_empty();
        report["whole"] = json!(report["whole"] == true && is_whole);
        if let Some(invariants) = report["invariants"].as_array_mut() {
            invariants.extend([kept.told(), refused.told()]);
        }
        Ok(report)
    }
}

/// What of the ledger was looked at.
struct Held {
    name: &'static str,
    what: &'static str,
    checked: u64,
    faults: Vec<Value>,
}

impl Held {
    const fn new(name: &'static str, what: &'static str) -> Self {
        Self { name, what, checked: 0, faults: Vec::new() }
    }

    fn add(&mut self, checked: &Value, faults: &Value) {
        self.checked += checked.as_u64().unwrap_or_default();
        self.faults.extend(faults.as_array().into_iter().flatten().cloned());
    }

    fn told(&self) -> Value {
        let first = self.faults.get(..MOST_TOLD).unwrap_or(&self.faults);
        json!({
            "name": self.name, "what": self.what, "checked": self.checked,
            "faults": self.faults.len(), "first": first,
        })
    }
}

impl Verifier for OperatorApi {
    async fn is_there(&self) -> Result<(), String> {
        let request = Request { method: "GET", path: PATH.to_owned(), body: None };
        match self.0.ask(&request).await {
            Ok(_) => Ok(()),
            // That nothing was verified yet is an answer too; that there is no such address is not.
            Err(ClientError::Problem { body, .. })
                if body["status"] == 404 && body["code"] != "no_such_route" =>
            {
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    async fn has_store_of(&self, origin: Origin) -> Result<(), String> {
        let wanted = match origin {
            Origin::Seeded(seed) => Some(seed),
            Origin::Demo => None,
            Origin::Untold => return Ok(()),
        };
        let found = self.seed().await.map_err(|error| error.to_string())?;
        if wanted == found {
            return Ok(());
        }
        let told = |seed: Option<Seed>| {
            seed.map_or_else(|| "a store that nobody seeded".to_owned(), |seed| seed.to_string())
        };
        Err(format!(
            "the credentials are of {}, and the operator API at {} has {}: it is another server's. \
             LINEPASS_OPERATOR_URL and LINEPASS_OPERATOR_TOKEN_FILE, or --config, name the one at --url",
            told(wanted),
            self.0.url(),
            told(found)
        ))
    }

    async fn verify(&self, ledger: Lines, audience: &dyn Audience) -> Verification {
        let walked = match self.walk(audience).await {
            Ok(Some(report)) => self.with_ledger(report, ledger, audience).await,
            Ok(None) => Err("it was lost before its end".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        match walked {
            Ok(report) => Verification::Done { whole: report["whole"] == true, report },
            Err(what) => Verification::Failed { what },
        }
    }
}
