//! A provider that asks afterwards, with a token of its own.

use super::{Answer, Provider, door::send};
use serde_json::json;

impl Provider {
    /// Asks for a token of its own.
    pub fn ask_own_token(&self) -> Answer {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &*self.client_id),
            ("client_secret", &self.client_secret),
        ];
        self.http.post(&format!("{}/oauth/token", self.issuer), &[], &form)
    }

    /// A token of its own.
    pub fn own_token(&self) -> String {
        let told = self.ask_own_token();
        assert_eq!(told.status, 200, "{told:?}");
        told.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// A question below `/provider/v1` with this token.
    pub fn ask(&self, token: &str, path: &str) -> Answer {
        self.ask_with(path, &[("authorization", &format!("Bearer {token}"))])
    }

    /// The same with these headers alone.
    pub fn ask_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        send(&self.http, "GET", &format!("{}/provider/v1{path}", self.issuer), headers)
    }
}

/// Asserts a problem of this status and code whose detail begins with these words.
pub fn assert_problem(answer: &Answer, status: u16, code: &str, begins: &str) {
    assert_eq!(answer.status, status, "{begins}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let problem = answer.json();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)));
    assert_eq!(problem["type"], format!("urn:linepass:problem:{code}"));
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.starts_with(begins), "{begins}: {detail}");
}
