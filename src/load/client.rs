//! One virtual client: a connection, and the requests of a scenario one after the other on it.

use super::{
    fault::Fault,
    http::{Answer, Broken, Connection, Request},
    random::Random,
    recorder::Place,
    scenario::Step,
    world::World,
};
use std::{
    net::IpAddr,
    rc::Rc,
    time::{Duration, Instant},
};

/// How long the tries of one step may wait for `Retry-After` in all, with `--retry`.
pub fn longest_retries(retry: bool) -> Duration {
    if retry { LONGEST_RETRY * MOST_TRIES } else { Duration::ZERO }
}

/// Tries of one step at most, with `--retry` (reliability 33).
const MOST_TRIES: u32 = 4;
/// The longest wait before a try that is believed.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// Where a scenario did not go on, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The step.
    pub step: Step,
    /// Why.
    pub fault: Fault,
}

impl Step {
    /// What was answered at this step is not true.
    pub fn wrong(self, what: impl Into<String>) -> Trouble {
        Trouble { step: self, fault: Fault::Wrong(what.into()) }
    }
}

/// A virtual client.
pub struct Client {
    /// What all clients share.
    pub world: Rc<World>,
    /// Its connection.
    pub connection: Connection,
    /// Its own numbers.
    pub random: Random,
    /// What its steps are counted under; none where they are not counted.
    pub place: Option<Place>,
    /// When the step under way was due: the intended start, or the end of the step before.
    pub due: Instant,
    /// The step under way, or the last one.
    pub at: Step,
}

impl Client {
    /// A client that has not done anything; `number` tells it apart from others.
    pub fn new(world: &Rc<World>, source: Option<IpAddr>, number: u64) -> Self {
        let connection = Connection::new(Rc::clone(&world.target), source, world.options.timeout);
        Self {
            random: Random::new(world.options.seed, 0xC000 + number),
            world: Rc::clone(world),
            connection,
            place: None,
            due: Instant::now(),
            at: Step::Push,
        }
    }

    /// Sends a step's request and holds its answer's status against what it must be. Its latency is
    /// counted from when it was due, waits and tries included.
    pub async fn step(
        &mut self,
        step: Step,
        expected: u16,
        request: &Request<'_>,
    ) -> Result<Answer, Trouble> {
        let mut tries = 1;
        self.at = step;
        loop {
            let sent = self.connection.send(request).await;
            let fault = match sent {
                Ok(answer) if answer.status == expected => {
                    self.answered(step);
                    return Ok(answer);
                }
                Ok(answer) => Fault::of(&answer, self.connection.body()),
                Err(broken) => Fault::from(broken),
            };
            match self.pause_before_another(&fault, tries) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(Trouble { step, fault }),
            }
            tries += 1;
        }
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        self.connection.body()
    }

    fn answered(&mut self, step: Step) {
        let now = Instant::now();
        if let Some(place) = self.place {
            let took = now.saturating_duration_since(self.due);
            self.world.recorder.borrow_mut().step(place, step, took);
        }
        self.due = now;
    }

    /// How long to wait before the same is asked again, if at all: what the server asks for, and up
    /// to a half more, so that those turned away together do not come back together.
    fn pause_before_another(&mut self, fault: &Fault, tries: u32) -> Option<Duration> {
        let Fault::Shed { retry_after_s, .. } = fault else { return None };
        let preparing = self.place.is_none();
        if tries >= MOST_TRIES || !(preparing || self.world.options.retry) {
            return None;
        }
        if let Some(place) = self.place {
            self.world.recorder.borrow_mut().retried(place);
        }
        let asked = Duration::from_secs(*retry_after_s).min(LONGEST_RETRY);
        Some(asked.mul_f64(1.0 + self.random.unit() / 2.0))
    }

    /// Bytes that are no request of a browser's, and the status that answers them; 0 where the
    /// connection was closed instead. Who is throttled or finds no room is turned away, whatever was sent.
    pub async fn raw(&mut self, step: Step, bytes: &[u8]) -> Result<u16, Trouble> {
        self.at = step;
        let sent = self.connection.send_raw(bytes).await;
        // Whatever came, nobody knows where the next answer would begin.
        self.connection.close();
        match sent {
            Ok(answer) if matches!(answer.status, 429 | 503) => {
                Err(Trouble { step, fault: Fault::of(&answer, &[]) })
            }
            Ok(answer) => {
                self.answered(step);
                Ok(answer.status)
            }
            Err(Broken::Closed(_)) => {
                self.answered(step);
                Ok(0)
            }
            Err(broken) => Err(Trouble { step, fault: broken.into() }),
        }
    }
}

/// A browser's cookies: few, so they stay in the form in which they are sent.
#[derive(Debug, Clone, Default)]
pub struct Jar {
    cookies: Vec<(String, String)>,
    sent: String,
}

impl Jar {
    /// Takes what an answer sets and takes away.
    pub fn take(&mut self, answer: &Answer) {
        for cookie in &answer.cookies {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else { continue };
            self.cookies.retain(|(other, _)| other != name);
            if !attributes.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        if !answer.cookies.is_empty() {
            let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            self.sent = pairs.collect::<Vec<_>>().join("; ");
        }
    }

    /// The header's value; empty where there is none.
    pub fn header(&self) -> &str {
        &self.sent
    }
}

/// Fields as a form's body.
pub fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::with_capacity(512)).extend_pairs(fields).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jar_keeps_the_newest_of_each_name_and_drops_what_is_over() {
        let mut jar = Jar::default();
        let answer = |cookies: &[&str]| Answer {
            cookies: cookies.iter().map(|cookie| (*cookie).to_owned()).collect(),
            ..Answer::default()
        };
        jar.take(&answer(&["a=1; Path=/; Max-Age=60", "b=2"]));
        assert_eq!(jar.header(), "a=1; b=2");
        jar.take(&answer(&["a=3; Path=/"]));
        assert_eq!(jar.header(), "b=2; a=3");
        jar.take(&answer(&["b=; Max-Age=0"]));
        jar.take(&answer(&[]));
        assert_eq!(jar.header(), "a=3");
        assert_eq!(form(&[("a", "x y"), ("b", "&")]), "a=x+y&b=%26");
    }
}
