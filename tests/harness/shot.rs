//! One prepared request, and its fate when the process may die at any moment.

use super::house::House;
use crate::process::PATIENCE;
use std::{
    io::Read,
    sync::{Barrier, mpsc},
    time::Duration,
};

/// Which listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Households and providers.
    Public,
    /// Operators.
    Operator,
}

/// A request that can be sent at any time, and what became of it.
#[derive(Debug, Clone)]
pub struct Shot {
    /// Which listener.
    pub door: Door,
    /// Its method.
    pub method: &'static str,
    /// Its path and query.
    pub path: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was never sent.
    Unsent,
    /// It was sent and nobody answered.
    Unknown,
    /// It was answered.
    Answered(Reply),
}

/// An answer, as far as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Where it redirects to, or nothing.
    pub location: String,
    /// Header `retry-after`.
    pub retry_after: Option<String>,
    /// Its cookies.
    pub cookies: Vec<String>,
    /// The body; cut where the process died meanwhile.
    pub body: String,
}

impl Reply {
    /// Whether it leads to the completion page.
    pub fn completed(&self) -> bool {
        self.status == 303 && self.location.ends_with("/complete")
    }
}

impl Shot {
    /// A form of a page.
    pub fn form(path: String, cookie: String, fields: &[(&str, &str)]) -> Self {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("cookie", cookie),
            ("sec-fetch-site", "same-origin".to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let (door, method, fate) = (Door::Public, "POST", Fate::Unsent);
        Self { door, method, path, headers, body, fate }
    }

    /// A change by an operator.
    pub fn operator(
        token: &str,
        method: &'static str,
        path: &str,
        body: &serde_json::Value,
    ) -> Self {
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("authorization", format!("Bearer {token}")),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let (path, body) = (format!("/operator/v1{path}"), body.to_string());
        let (door, fate) = (Door::Operator, Fate::Unsent);
        Self { door, method, path, headers, body, fate }
    }

    /// The answer, where one came.
    pub fn reply(&self) -> Option<&Reply> {
        match &self.fate {
            Fate::Answered(reply) => Some(reply),
            _ => None,
        }
    }

    /// Whether it was answered with the completion page.
    pub fn completed(&self) -> bool {
        self.reply().is_some_and(Reply::completed)
    }
}

/// Sends shots where the process may die in the middle.
pub struct Gun {
    agent: ureq::Agent,
    public: String,
    operator: String,
}

impl Gun {
    /// At this server.
    pub fn at(house: &House) -> Self {
        Self::impatient(house, PATIENCE)
    }

    /// One that waits so long for an answer at most.
    pub fn impatient(house: &House, patience: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(patience))
            .build();
        let (public, operator) = (house.issuer.clone(), house.operator.url.clone());
        Self { agent: config.into(), public, operator }
    }

    /// Sends it and notes its fate; whether it was answered.
    pub fn send(&self, shot: &mut Shot) -> bool {
        let reply = self.sent(shot);
        shot.fate = reply.map_or(Fate::Unknown, Fate::Answered);
        shot.reply().is_some()
    }

    fn sent(&self, shot: &Shot) -> Option<Reply> {
        let base = match shot.door {
            Door::Public => &self.public,
            Door::Operator => &self.operator,
        };
        let url = format!("{base}{}", shot.path);
        let request = ureq::http::Request::builder().method(shot.method).uri(url);
        let request = shot
            .headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name.as_str(), value.as_str()));
        let request = request.body(shot.body.clone()).expect("a request");
        let (head, body) = self.agent.run(request).ok()?.into_parts();
        let text = |name: &str| {
            head.headers
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let cookies = head.headers.get_all("set-cookie").iter();
        let cookies = cookies.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let mut bytes = Vec::new();
        // The head is the answer; the rest may be cut.
        let _ = body.into_reader().read_to_end(&mut bytes);
        Some(Reply {
            status: head.status.as_u16(),
            location: text("location").unwrap_or_default(),
            retry_after: text("retry-after"),
            cookies: cookies.collect(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

/// Sends each hand's shots one after the other, all hands side by side, until nobody answers.
/// `meanwhile` runs beside them and hears of each answer; what it returns is returned.
pub fn fire<T>(
    house: &House,
    hands: Vec<Vec<&mut Shot>>,
    meanwhile: impl FnOnce(mpsc::Receiver<()>) -> T,
) -> T {
    let (ack, acks) = mpsc::channel();
    let start = Barrier::new(hands.len());
    std::thread::scope(|scope| {
        for hand in hands {
            let (ack, start) = (ack.clone(), &start);
            scope.spawn(move || {
                let gun = Gun::at(house);
                start.wait();
                for shot in hand {
                    if !gun.send(shot) {
                        return;
                    }
                    let _ = ack.send(());
                }
            });
        }
        drop(ack);
        meanwhile(acks)
    })
}
