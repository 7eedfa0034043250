//! What can be wrong with an answer, and how much of it is the server's to say.

use super::http::{Answer, Broken};
use serde::Serialize;

/// How something that was begun ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// As it should.
    Ok,
    /// A rule said no: a limit, a login, a restriction.
    Refused,
    /// The server had no room (503 or 429 with `Retry-After`), and said when to come again.
    Shed,
    /// No answer, or one that says that the server failed.
    Failed,
    /// An answer that is not true, whatever its speed.
    Wrong,
    /// The run was ended while it was under way.
    Cut,
}

/// Why a step did not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No answer.
    Broken(Broken),
    /// A refusal by a rule, by its name.
    Refused(String),
    /// No room now.
    Shed {
        /// 503 or 429.
        status: u16,
        /// `Retry-After`, seconds.
        retry_after_s: u64,
    },
    /// Another status than was to be expected.
    Status(u16),
    /// What was answered is not true, or lacks what must be there.
    Wrong(String),
}

impl Fault {
    /// What another answer than the expected one means.
    pub fn of(answer: &Answer, body: &[u8]) -> Self {
        match (answer.status, answer.retry_after_s) {
            (status @ (429 | 503), Some(retry_after_s)) => Self::Shed { status, retry_after_s },
            (status @ (429 | 503), None) => Self::Wrong(format!("{status} without Retry-After")),
            (403, _) => Self::Refused("403".to_owned()),
            (409, _) => Self::Refused("409".to_owned()),
            (303, _) => {
                let to = answer.location.as_deref().unwrap_or_default();
                let page = to.rsplit('/').next().unwrap_or_default();
                Self::Refused(format!("sent to {}", page.chars().take(24).collect::<String>()))
            }
            (400 | 401, _) => Self::Status(answer.status).with_code(body),
            (status, _) => Self::Status(status),
        }
    }

    /// The code of an OAuth error (RFC 6749 section 5.2), where the answer has one.
    fn with_code(self, body: &[u8]) -> Self {
        let body: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let code = body.as_ref().and_then(|body| body["error"].as_str());
        match (code, &self) {
            (Some(code), Self::Status(status)) => Self::Refused(format!("{status} {code}")),
            _ => self,
        }
    }

    /// How a scenario ends with it.
    pub const fn ending(&self) -> Ending {
        match self {
            Self::Broken(_) | Self::Status(_) => Ending::Failed,
            Self::Refused(_) => Ending::Refused,
            Self::Shed { .. } => Ending::Shed,
            Self::Wrong(_) => Ending::Wrong,
        }
    }

    /// Its kind, short, for a table; the same for all of a kind.
    pub fn kind(&self) -> String {
        match self {
            Self::Broken(Broken::Connect(_)) => "connection".to_owned(),
            Self::Broken(Broken::Tls(_) | Broken::Issuer(_)) => "TLS".to_owned(),
            Self::Broken(Broken::Closed(_)) => "closed early".to_owned(),
            Self::Broken(Broken::Timeout) => "timeout".to_owned(),
            Self::Broken(Broken::Malformed(_)) => "no HTTP".to_owned(),
            Self::Refused(code) => format!("refused: {code}"),
            Self::Shed { status, .. } => format!("no room: {status}"),
            Self::Status(status) => format!("status {status}"),
            Self::Wrong(_) => "wrong answer".to_owned(),
        }
    }

    /// What exactly, for the first of a kind.
    pub fn detail(&self) -> String {
        match self {
            Self::Broken(
                Broken::Connect(what)
                | Broken::Tls(what)
                | Broken::Issuer(what)
                | Broken::Closed(what)
                | Broken::Malformed(what),
            )
            | Self::Wrong(what) => what.clone(),
            Self::Shed { retry_after_s, .. } => format!("Retry-After: {retry_after_s}"),
            Self::Broken(Broken::Timeout) | Self::Refused(_) | Self::Status(_) => String::new(),
        }
    }
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, retry_after_s: Option<u64>, body: &[u8]) -> Fault {
        Fault::of(&Answer { status, retry_after_s, ..Answer::default() }, body)
    }

    /// Reliability 31: a refusal for want of room says when to come again.
    #[test]
    fn no_room_without_a_time_to_come_again_is_a_wrong_answer() {
        let shed = of(503, Some(2), b"");
        assert_eq!((shed.ending(), shed.kind().as_str()), (Ending::Shed, "no room: 503"));
        assert_eq!(of(503, None, b"").ending(), Ending::Wrong);
        assert_eq!(of(500, None, b"").ending(), Ending::Failed);
        let coded = of(400, None, br#"{"error":"invalid_grant"}"#);
        assert_eq!(coded.kind(), "refused: 400 invalid_grant");
        assert_eq!(of(400, None, b"<html>"), Fault::Status(400));
    }
}
