//! A provider that asks afterwards, with a token of its own.

use super::{
    Answer, Provider,
    door::{own_form, post, send},
    operator,
};

impl Provider {
    /// Asks for a token of its own.
    pub fn ask_own_token(&self) -> Answer {
        post(self, "token", &[], &own_form(self))
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
    operator::assert_problem(answer, status, code);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let problem = answer.json();
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.starts_with(begins), "{begins}: {detail}");
}
