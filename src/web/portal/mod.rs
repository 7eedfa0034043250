//! サービス申込受付ページ, the household's own pages, at two entrances: `/wso/` and `/wso_v6/`
//!
//!
//! | file | addresses below the entrance |
//! |---|---|
//! | [`entrance`] | which entrance is whose |
//! | [`session`] | what each page begins with: the session, the line, the language |
//! | [`draft`] | what was filled in of a procedure so far |
//! | [`sign_in`] | `login`, `logout` |
//! | [`menu`] | the menu, `details`, `contacts` |
//! | [`register`] | ① `register` and its steps |
//! | [`passport`] | ④ `ids/{n}`, ⑥ `ids/{n}/delete` |
//! | [`change`] | ⑤ `ids/{n}/change` and its steps |
//! | [`inquiry`] | `inquiry`: the form that reaches the desk |
//! | [`restrict`] | ⑨ `restrict` and its steps |
//! | [`limits`] | ⑩ `limits` and its steps |
//! | [`statement`] | ⑦ `statement`, `statement.csv`, and the account's figures |
//! | [`csv`] | how a table is written for a spreadsheet |
//! | [`sessions`] | `sessions`: where the household is signed in |
//! | [`applicant`] | お名前, 電話番号, 契約者確認: a step that two procedures share |
//! | [`credentials`] | ID, password, mail address: fields that two procedures share |
//! | [`making`] | one command to the line, its log line, and the page of a refusal |

pub mod applicant;
pub mod change;
pub mod credentials;
pub mod csv;
pub mod draft;
pub mod entrance;
pub mod inquiry;
pub mod limits;
pub mod making;
pub mod menu;
pub mod passport;
pub mod register;
pub mod restrict;
pub mod session;
pub mod sessions;
pub mod sign_in;
pub mod statement;

use super::answer::{self, get, only};
use actix_web::{
    FromRequest, Handler, Resource, Responder,
    web::{self, ServiceConfig},
};
use entrance::Entrance;

/// The pages, at both entrances alike.
pub fn routes(service: &mut ServiceConfig) {
    for entrance in Entrance::ALL {
        let to_the_menu = move || async move { answer::see_other(&entrance.path("")) };
        let bare = web::resource(entrance.base()).route(get().to(to_the_menu));
        service.service(bare.default_service(only("GET, HEAD")));
        let scope = web::scope(entrance.base());
        let scope = sign_in::routes(scope);
        let scope = menu::routes(scope);
        let scope = register::routes(scope);
        let scope = change::routes(scope);
        let scope = passport::routes(scope);
        let scope = inquiry::routes(scope);
        let scope = restrict::routes(scope);
        let scope = limits::routes(scope);
        let scope = statement::routes(scope);
        let scope = sessions::routes(scope);
        service.service(scope);
    }
}

/// A page that is only looked at.
pub fn shown<F, Args>(path: &str, show: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(get().to(show)).default_service(only("GET, HEAD"))
}

/// A page with a form.
pub fn asked<F, Args, G, More>(path: &str, show: F, take: G) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
    G: Handler<More>,
    More: FromRequest + 'static,
    G::Output: Responder + 'static,
{
    web::resource(path)
        .route(get().to(show))
        .route(web::post().to(take))
        .default_service(only("GET, HEAD, POST"))
}
