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
    /// What begins something: a pushed order, a login, a step of a household's own pages.
    Login,
    /// What ends something that was begun: the confirmation of a purchase or a cancellation, its
    /// completion, the way back, and the provider's exchange of the code.
    Confirmation,
}

impl Class {
    /// All of them, from the one that is turned away first.
    pub const ALL: [Self; 3] = [Self::Statement, Self::Login, Self::Confirmation];

    /// Its word in the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Login => "login",
            Self::Confirmation => "confirmation",
        }
    }

    /// Its place in [`Class::ALL`].
    pub const fn place(self) -> usize {
        self as usize
    }

    /// The class of a request, by its address as the router reads it.
    pub fn of(method: &Method, path: &str) -> Self {
        if let Some(page) = path.strip_prefix("/flow/").and_then(|rest| rest.split_once('/')) {
            return if page.1 == "login" { Self::Login } else { Self::Confirmation };
        }
        match path {
            "/oauth/par" | "/oauth/authorize" => return Self::Login,
            // Keys and metadata belong to the receipt's way home.
            _ if path.starts_with("/oauth/") || path.starts_with("/.well-known/") => {
                return Self::Confirmation;
            }
            _ => {}
        }
        // A page without its stylesheet helps nobody, and browsers keep it for good.
        if assets::ALL.iter().any(|asset| asset.path == path) {
            return Self::Login;
        }
        of_portal(method, path).unwrap_or(Self::Statement)
    }
}

/// Whether a request wants a password hashed.
pub fn hashes(method: &Method, path: &str) -> bool {
    *method == Method::POST && path.ends_with("/login")
}

/// A press on a household's own pages counts like a login: its draft is in the browser, and is there
/// still when it is pressed again.
fn of_portal(method: &Method, path: &str) -> Option<Class> {
    let below = |entrance: Entrance| path.strip_prefix(entrance.base())?.strip_prefix('/');
    let page = Entrance::ALL.into_iter().find_map(below)?;
    let begins = *method == Method::POST || !page.starts_with("statement");
    Some(if begins { Class::Login } else { Class::Statement })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purchase_at_its_confirmation_stands_before_logins_and_those_before_statements_check_32() {
        let (get, post) = (Method::GET, Method::POST);
        for (method, path, expected) in [
            (&post, "/flow/a1/confirm", Class::Confirmation),
            (&get, "/flow/a1/confirm", Class::Confirmation),
            (&get, "/flow/a1/success", Class::Confirmation),
            (&get, "/flow/a1/complete", Class::Confirmation),
            (&get, "/flow/a1/return", Class::Confirmation),
            (&get, "/flow/a1/back", Class::Confirmation),
            (&post, "/oauth/token", Class::Confirmation),
            (&get, "/oauth/userinfo", Class::Confirmation),
            (&get, "/oauth/jwks.json", Class::Confirmation),
            (&get, "/.well-known/openid-configuration", Class::Confirmation),
            (&post, "/flow/a1/login", Class::Login),
            (&get, "/flow/a1/login", Class::Login),
            (&post, "/oauth/par", Class::Login),
            (&get, "/oauth/authorize", Class::Login),
            (&post, "/wso/login", Class::Login),
            (&post, "/wso_v6/restrict/confirm", Class::Login),
            (&get, "/wso/", Class::Login),
            (&get, assets::ALL[0].path, Class::Login),
            (&get, "/wso/statement", Class::Statement),
            (&get, "/wso_v6/statement.csv", Class::Statement),
            (&get, "/provider/v1/purchases", Class::Statement),
            (&get, "/provider/v10", Class::Statement),
            (&get, "/", Class::Statement),
            (&get, "/help/errors", Class::Statement),
            (&get, "/flow/a1", Class::Statement),
            (&get, "", Class::Statement),
        ] {
            assert_eq!(Class::of(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn presses_on_login_alone_want_a_hash() {
        for (method, path, expected) in [
            (Method::POST, "/flow/a1/login", true),
            (Method::POST, "/wso/login", true),
            (Method::GET, "/wso/login", false),
            (Method::POST, "/flow/a1/confirm", false),
        ] {
            assert_eq!(hashes(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn each_class_stands_where_it_says() {
        for (place, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class.place(), place);
        }
    }
}
