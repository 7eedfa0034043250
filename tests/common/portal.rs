//! The household's own pages over raw HTTP: a browser that signs in, finds a page's form with its
//! hidden fields, and goes through procedures step by step.

use super::{
    Answer, Browser, Demo, Options,
    operator::{Operator, SAKURA},
};
use std::collections::BTreeMap;

/// お客さまID of the sample line at the other entrance, 光プレミアム, with kaede001.
pub const KAEDE: &str = "CAF0000040303";
/// お客さまID of the sample line with momiji01, 光ライト.
pub const MOMIJI: &str = "CAF0000020101";
/// Who applies, as the form takes it.
pub const APPLICANT: [(&str, &str); 3] =
    [("name", "NTT 太郎"), ("phone", "03-1234-5678"), ("contractor", "yes")];
/// A password that may be set.
pub const PASSWORD: &str = "Q7mz-ok9";

/// A demo where so many sign-ins a minute from one machine are nothing strange.
pub fn demo_with(env: &[(&'static str, &str)]) -> Demo {
    let many = ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "100000");
    let env = env.iter().chain([&many]).map(|(key, value)| (*key, (*value).to_owned()));
    Demo::with(&Options { env: env.collect(), ..Options::default() })
}

/// A household at its entrance.
pub struct Household {
    /// Its browser.
    pub browser: Browser,
    /// The entrance: `/wso` or `/wso_v6`.
    pub base: &'static str,
}

/// The access key of a sample line.
pub fn access_key<'a>(demo: &'a Demo, customer: &str) -> &'a str {
    let lines = demo.said["lines"].as_array().expect("lines");
    let line = lines.iter().find(|line| line["customer_id"] == customer);
    line.and_then(|line| line["access_key"].as_str()).unwrap_or_else(|| panic!("{customer}"))
}

/// The hidden fields of the page's first form that posts there.
pub fn hidden(page: &Answer, action: &str) -> BTreeMap<String, String> {
    let form = page.body.split_once(&format!("<form method=\"post\" action=\"{action}\""));
    let (_, form) = form.unwrap_or_else(|| panic!("no form to {action}: {page:?}"));
    let form = form.split("</form>").next().expect("a form");
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1);
    let field = |text: &str| {
        let (name, rest) = text.split_once("\" value=\"").expect("a value");
        (name.to_owned(), rest.split('"').next().expect("a value").to_owned())
    };
    fields.map(field).collect()
}

/// Its fields as a form takes them.
pub fn pairs(fields: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The fields of the third step of a registration.
pub fn wanted<'a>(id: &'a str, password: &'a str, mail: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("passport_id", id),
        ("password", password),
        ("password_again", password),
        ("mail", mail),
        ("mail_again", mail),
    ]
}

impl Household {
    /// One that has not signed in, at the entrance for 光ネクスト and 光ライト.
    pub fn at(issuer: &str) -> Self {
        Self { browser: Browser::new(issuer), base: "/wso" }
    }

    /// One that has signed in to a sample line.
    pub fn of(demo: &Demo, customer: &str) -> Self {
        let base = if customer == KAEDE { "/wso_v6" } else { "/wso" };
        let household = Self { base, ..Self::at(demo.issuer()) };
        household.enter(customer, access_key(demo, customer));
        household
    }

    /// The household of sakura01 and sakura02, signed in.
    pub fn sakura(demo: &Demo) -> Self {
        Self::of(demo, SAKURA)
    }

    /// One of its pages.
    pub fn path(&self, page: &str) -> String {
        format!("{}/{page}", self.base)
    }

    /// Opens one of its pages.
    pub fn open(&self, page: &str) -> Answer {
        self.browser.open(&self.path(page))
    }

    /// Opens one that must be there.
    pub fn see(&self, page: &str) -> Answer {
        let shown = self.open(page);
        assert_eq!(shown.status, 200, "{page}: {shown:?}");
        shown
    }

    /// Posts to one of its pages.
    pub fn post(&self, page: &str, form: &[(&str, &str)]) -> Answer {
        self.browser.post(&self.path(page), form)
    }

    /// The hidden fields of the form that one of its pages shows.
    pub fn hidden(&self, page: &str) -> BTreeMap<String, String> {
        hidden(&self.see(page), &self.path(page))
    }

    /// The token of that form.
    pub fn csrf(&self, page: &str) -> String {
        self.hidden(page)["csrf"].clone()
    }

    /// Opens a page and sends its form with these fields.
    pub fn submit(&self, page: &str, typed: &[(&str, &str)]) -> Answer {
        let hidden = self.hidden(page);
        self.post(page, &[&pairs(&hidden)[..], typed].concat())
    }

    /// The same where the next page must follow.
    pub fn step(&self, page: &str, typed: &[(&str, &str)], next: &str) {
        let sent = self.submit(page, typed);
        assert_eq!(sent.status, 303, "{page}: {sent:?}");
        assert_eq!(sent.location(), self.path(next), "{page}");
    }

    /// Types お客さまID and アクセスキー.
    pub fn sign_in(&self, customer: &str, access_key: &str) -> Answer {
        self.submit("login", &[("customer_id", customer), ("access_key", access_key)])
    }

    /// The same where the menu must follow.
    pub fn enter(&self, customer: &str, access_key: &str) {
        let entered = self.sign_in(customer, access_key);
        assert_eq!(entered.status, 303, "{entered:?}");
        assert_eq!(entered.location(), self.path(""));
    }

    /// Presses ログアウト on the menu.
    pub fn sign_out(&self) -> Answer {
        let hidden = hidden(&self.see(""), &self.path("logout"));
        self.post("logout", &pairs(&hidden))
    }

    /// The value of its session's cookie.
    pub fn session(&self) -> String {
        self.browser.cookies.borrow().get("lp_portal").cloned().expect("a session")
    }

    /// Goes through a registration up to its third step.
    pub fn register_up_to_input(&self) {
        self.step("register", &[("agree", "yes")], "register/applicant");
        self.step("register/applicant", &APPLICANT, "register/id");
    }

    /// Goes through a registration up to its confirmation.
    pub fn register_up_to_confirm(&self, id: &str) {
        self.register_up_to_input();
        let typed = wanted(id, PASSWORD, "tarou@ngn.example");
        self.step("register/id", &typed, "register/confirm");
    }

    /// Goes through the change of an ID up to its confirmation.
    pub fn change_up_to_confirm(&self, number: u32, items: &[(&str, &str)]) {
        let at = |step: &str| format!("ids/{number}/change{step}");
        self.step(&at(""), &APPLICANT, &at("/items"));
        self.step(&at("/items"), items, &at("/confirm"));
    }

    /// The passport IDs that the page of the account names, in order.
    pub fn listed(&self, ids: &[&str]) -> Vec<bool> {
        let page = self.see("details");
        ids.iter().map(|id| page.body.contains(&format!(">{id}<"))).collect()
    }
}

/// Another mail address, as a change takes it.
pub const CHANGED_MAIL: [(&str, &str); 2] =
    [("mail", "new@ngn.example"), ("mail_again", "new@ngn.example")];

/// Every form of the portal that changes something, each right before its button.
pub const BUTTONS: [(&str, &[(&str, &str)]); 6] = [
    ("ids/1/change/confirm", &[]),
    ("limits/confirm", &[]),
    ("inquiry", &[("service", "パスポート"), ("contact", "06"), ("text", "教えてください")]),
    ("sessions", &[]),
    ("register/confirm", &[]),
    ("restrict/confirm", &[]),
];

/// The hidden fields of every button's form, by its page.
pub type Forms = BTreeMap<&'static str, BTreeMap<String, String>>;

/// A household of sakura01 and sakura02 that stands before every button at once.
pub fn before_every_button(demo: &Demo) -> (Household, Forms) {
    // Another session, so that there is one to end.
    Household::sakura(demo);
    let household = Household::sakura(demo);
    household.register_up_to_confirm("ume00003");
    household.change_up_to_confirm(1, &CHANGED_MAIL);
    household.step("limits", &[("limit_1", "9,000")], "limits/confirm");
    household.step("restrict", &[("agree", "yes")], "restrict/confirm");
    let forms = BUTTONS.map(|(page, _)| (page, household.hidden(page)));
    (household, forms.into())
}

/// The line as its operator and the household see it: what no refused form may change.
pub fn state(demo: &Demo, household: &Household) -> Vec<String> {
    let customer = if household.see("").body.contains(SAKURA) { SAKURA } else { MOMIJI };
    let told = ["", "/inquiries"].map(|of| {
        let told = Operator::of(demo).get(&format!("/lines/{customer}{of}"));
        assert_eq!(told.status, 200, "{told:?}");
        told.body
    });
    let pages = ["details", "ids/1", "ids/2"].map(|page| household.open(page));
    let pages = pages.iter().map(without_nonce);
    let pages =
        pages.map(|body| body.lines().filter(|line| !line.contains("request-id")).collect());
    pages.chain(told).collect()
}

/// A page without the nonce, which differs in every answer.
pub fn without_nonce(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy").expect("a policy");
    let (_, rest) = policy.split_once("'nonce-").expect("a nonce");
    answer.body.replace(rest.split('\'').next().expect("a nonce"), "")
}
