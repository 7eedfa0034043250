//! What a request is for: who is turned away first when more comes than can be done
//! (reliability.md 32).

use crate::web::{assets, portal::entrance::Entrance};
use actix_web::http::Method;

/// The classes of the public listener, from the one that is turned away first. Operators and health
/// have a listener and a thread of their own, so they are none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// What is looked at: statements, help, providers' questions afterwards.
    Statement,
    /// What begins something: a pushed order, a browser's first page. Turned away here, a flow has cost
    /// one request; later, all those before it.
    Arrival,
    /// What goes on with something: a flow's login, a step of a household's own pages.
    Login,
    /// What ends something that was begun: the confirmation of a purchase or a cancellation, its
    /// completion, the way back, and the provider's exchange of the code.
    Confirmation,
}

impl Class {
    /// All of them, from the one that is turned away first.
    pub const ALL: [Self; 4] = [Self::Statement, Self::Arrival, Self::Login, Self::Confirmation];

    /// Its word in the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Arrival => "arrival",
            Self::Login => "login",
            Self::Confirmation => "confirmation",
        }
    }

    /// Its place in [`Class::ALL`].
    pub const fn place(self) -> usize {
        self as usize
    }
}

/// What a request tells of itself before anything is done for it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its address, as the router reads it.
    pub path: &'a str,
    /// Whether it brings what its address asks for: the flow's cookie, what was pushed, a cookie of a
    /// household's own pages, a program's credentials. Looked at no further here.
    pub is_known: bool,
}

impl Asked<'_> {
    /// What it is for. Only what a route of ours serves, and who brings what it asks for, stands above
    /// the lowest class: anybody can write an address.
    pub fn class(&self) -> Class {
        let is_read = matches!(*self.method, Method::GET | Method::HEAD);
        let is_posted = *self.method == Method::POST;
        if let Some((_, page)) = flow_page(self.path) {
            return match page {
                _ if !self.is_known => Class::Statement,
                "confirm" if is_read || is_posted => Class::Confirmation,
                "success" | "complete" | "return" | "back" if is_read => Class::Confirmation,
                "login" if is_read || is_posted => Class::Login,
                _ => Class::Statement,
            };
        }
        match self.path {
            "/oauth/token" if is_posted && self.is_known => Class::Confirmation,
            "/oauth/userinfo" if (is_read || is_posted) && self.is_known => Class::Confirmation,
            "/oauth/authorize" if is_read && self.is_known => Class::Login,
            // Credentials that stand in the form of an exchange are not read here.
            "/oauth/token" if is_posted => Class::Login,
            "/oauth/par" if is_posted => Class::Arrival,
            "/oauth/authorize" if is_read || is_posted => Class::Arrival,
            // A page without its stylesheet helps nobody, and browsers keep it for good.
            path if is_read && assets::ALL.iter().any(|asset| asset.path == path) => Class::Login,
            path => portal_page(path).map_or(Class::Statement, |page| self.of_portal(page)),
        }
    }

    /// A press on a household's own pages counts like a login: its draft is in the browser, and is there
    /// still when it is pressed again.
    fn of_portal(&self, page: &str) -> Class {
        match page {
            _ if page.starts_with("statement") => Class::Statement,
            _ if self.is_known => Class::Login,
            "" | "login" => Class::Arrival,
            _ => Class::Statement,
        }
    }

    /// Whether it wants a password hashed.
    pub fn hashes(&self) -> bool {
        self.commits() && self.path.ends_with("/login")
    }

    /// Whether what it decides waits for the disk.
    pub fn commits(&self) -> bool {
        *self.method == Method::POST
            && (flow_page(self.path).is_some() || portal_page(self.path).is_some())
    }
}

/// The flow and the page of an address within one.
pub fn flow_page(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/flow/")?.split_once('/')
}

/// The page of an address among a household's own.
pub fn portal_page(path: &str) -> Option<&str> {
    let below = |entrance: Entrance| path.strip_prefix(entrance.base())?.strip_prefix('/');
    Entrance::ALL.into_iter().find_map(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Method = Method::GET;
    const POST: Method = Method::POST;

    #[test]
    fn a_purchase_at_its_confirmation_stands_before_logins_and_those_before_statements_check_32() {
        use Class::{Arrival, Confirmation, Login, Statement};
        // As who brings what is asked for, and as who does not.
        for (method, path, known, unknown) in [
            (POST, "/flow/a1/confirm", Confirmation, Statement),
            (GET, "/flow/a1/confirm", Confirmation, Statement),
            (Method::HEAD, "/flow/a1/confirm", Confirmation, Statement),
            (GET, "/flow/a1/success", Confirmation, Statement),
            (GET, "/flow/a1/complete", Confirmation, Statement),
            (GET, "/flow/a1/return", Confirmation, Statement),
            (GET, "/flow/a1/back", Confirmation, Statement),
            (POST, "/flow/a1/complete", Statement, Statement),
            (Method::PUT, "/flow/a1/confirm", Statement, Statement),
            (GET, "/flow/a1/anything", Statement, Statement),
            (GET, "/flow/a1/confirm/", Statement, Statement),
            (POST, "/oauth/token", Confirmation, Login),
            (POST, "/oauth/token/", Statement, Statement),
            (GET, "/oauth/token", Statement, Statement),
            (GET, "/oauth/userinfo", Confirmation, Statement),
            (POST, "/oauth/userinfo", Confirmation, Statement),
            (GET, "/oauth/jwks.json", Statement, Statement),
            (GET, "/oauth/anything", Statement, Statement),
            (GET, "/.well-known/openid-configuration", Statement, Statement),
            (POST, "/flow/a1/login", Login, Statement),
            (GET, "/flow/a1/login", Login, Statement),
            (POST, "/oauth/par", Arrival, Arrival),
            (GET, "/oauth/authorize", Login, Arrival),
            (POST, "/oauth/authorize", Arrival, Arrival),
            (POST, "/wso/login", Login, Arrival),
            (GET, "/wso/", Login, Arrival),
            (POST, "/wso_v6/restrict/confirm", Login, Statement),
            (GET, "/wso/limits", Login, Statement),
            (GET, assets::ALL[0].path, Login, Login),
            (POST, assets::ALL[0].path, Statement, Statement),
            (GET, "/wso/statement", Statement, Statement),
            (GET, "/wso_v6/statement.csv", Statement, Statement),
            (GET, "/provider/v1/purchases", Statement, Statement),
            (GET, "/provider/v10", Statement, Statement),
            (GET, "/", Statement, Statement),
            (GET, "/help/errors", Statement, Statement),
            (GET, "/flow/a1", Statement, Statement),
            (GET, "", Statement, Statement),
        ] {
            let found =
                [true, false].map(|is_known| Asked { method: &method, path, is_known }.class());
            assert_eq!(found, [known, unknown], "{method} {path}");
        }
    }

    #[test]
    fn presses_on_login_alone_want_a_hash_and_who_only_reads_waits_for_no_disk() {
        for (method, path, hashes, commits) in [
            (POST, "/flow/a1/login", true, true),
            (POST, "/wso/login", true, true),
            (POST, "/login", false, false),
            (GET, "/wso/login", false, false),
            (POST, "/flow/a1/confirm", false, true),
            (GET, "/flow/a1/confirm", false, false),
            (GET, "/flow/a1/return", false, false),
            (POST, "/wso_v6/limits/confirm", false, true),
            (POST, "/oauth/token", false, false),
            (POST, "/oauth/par", false, false),
        ] {
            let asked = Asked { method: &method, path, is_known: true };
            assert_eq!((asked.hashes(), asked.commits()), (hashes, commits), "{method} {path}");
        }
    }

    #[test]
    fn each_class_stands_where_it_says() {
        for (place, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class.place(), place);
        }
    }
}
