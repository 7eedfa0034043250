//! A household's way through a provider's flow, with the provider's two requests before and after it.

use super::Step;
use crate::load::{
    check,
    client::{Client, Jar, Trouble, form},
    credentials::Household,
    fault::{Ending, Fault},
    http::Request,
    ledger::{Entry, Kind, OrderName, Outcome, Pressing},
    world::Offer,
};
use serde_json::{Value, json};

/// The verifier of RFC 7636 appendix B and its challenge: what a provider draws anew costs it
/// something, and the server the same either way.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// What the provider gives to find its customer again by.
const STATE: &str = "s8Yx2fQm4LrW7cKd";
const NONCE: &str = "n4Hv9pTz6RbE1jGa";

/// What is ordered.
#[derive(Debug, Clone)]
pub enum Order {
    /// One of a service.
    Purchase {
        /// Its reference.
        reference: String,
        /// What.
        offer: Offer,
    },
    /// The end of a contract.
    Cancellation {
        /// Its reference.
        reference: String,
        /// Which.
        contract: String,
        /// What was bought with it.
        offer: Offer,
    },
}

impl Order {
    fn reference(&self) -> &str {
        match self {
            Self::Purchase { reference, .. } | Self::Cancellation { reference, .. } => reference,
        }
    }

    const fn offer(&self) -> &Offer {
        match self {
            Self::Purchase { offer, .. } | Self::Cancellation { offer, .. } => offer,
        }
    }

    const fn kind(&self) -> Kind {
        match self {
            Self::Purchase { .. } => Kind::Purchase,
            Self::Cancellation { .. } => Kind::Cancellation,
        }
    }

    /// What it costs; a cancellation costs nothing.
    const fn charged_yen(&self) -> Option<u64> {
        match self {
            Self::Purchase { offer, .. } => Some(offer.amount_yen),
            Self::Cancellation { .. } => None,
        }
    }

    /// `authorization_details` (interfaces.md 1.1).
    fn details(&self) -> String {
        let details = match self {
            Self::Purchase { reference, offer } => json!([{
                "type": "purchase", "reference": reference, "service": offer.service,
                "quantity": 1, "amount": offer.amount_yen, "currency": "JPY",
            }]),
            Self::Cancellation { reference, contract, .. } => json!([{
                "type": "cancellation", "reference": reference, "contract": contract,
            }]),
        };
        details.to_string()
    }
}

/// A flow in a browser's tab.
#[derive(Debug, Clone)]
pub struct Tab {
    /// `/flow/{id}`.
    pub path: String,
    /// Its cookie.
    pub jar: Jar,
    /// Who sits before it.
    pub household: Household,
}

/// A flow at its confirmation: what is left is the press.
pub struct Confirmable {
    tab: Tab,
    order: Order,
    /// The page's form, filled in.
    form: String,
}

/// A contract that was bought, to be cancelled.
pub struct Contract {
    household: Household,
    number: String,
    offer: Offer,
}

impl Client {
    /// A login alone.
    pub async fn login(&mut self) -> Result<(), Trouble> {
        let world = self.world.clone();
        let household = world.household(&mut self.random).ok_or_else(no_household)?;
        let provider = self.random.place(world.credentials.providers.len());
        let tab = self.logged_in(provider, None, household).await?;
        let tokens = self.go_back(provider, &tab).await?;
        if tokens["id_token"].as_str().is_none_or(|token| token.split('.').count() != 3) {
            return Err(Step::Exchange.wrong("the answer has no id_token"));
        }
        Ok(())
    }

    /// A whole purchase.
    pub async fn purchase(&mut self) -> Result<(), Trouble> {
        let confirmable = self.confirmable().await?;
        self.buy(confirmable).await.map(drop)
    }

    /// Brings a purchase to its confirmation.
    pub async fn confirmable(&mut self) -> Result<Confirmable, Trouble> {
        let world = self.world.clone();
        let household = world.household(&mut self.random).ok_or_else(no_household)?;
        let offer = world.offer(&mut self.random).cloned();
        let offer = offer.ok_or_else(|| Step::Push.wrong("no service can be bought"))?;
        let order = Order::Purchase { reference: world.reference(), offer };
        self.up_to_confirmation(order, household).await
    }

    /// The press alone.
    pub async fn press_ready(&mut self) -> Result<(), Trouble> {
        let ready = self.world.stock.borrow_mut().confirmable.pop_front();
        let ready = ready.ok_or_else(|| Step::Press.wrong("no prepared flow was left"))?;
        self.press(&ready).await.map(drop)
    }

    /// A whole cancellation of a contract from before.
    pub async fn cancel(&mut self) -> Result<(), Trouble> {
        let contract = self.world.stock.borrow_mut().contracts.pop_front();
        let contract = contract.ok_or_else(|| Step::Press.wrong("no contract was left"))?;
        let Contract { household, number, offer } = contract;
        let reference = self.world.reference();
        let order = Order::Cancellation { reference, contract: number, offer };
        let ready = self.up_to_confirmation(order, household).await?;
        self.buy(ready).await.map(drop)
    }

    /// Buys the next contract that can be cancelled: each household and service once.
    pub async fn contract(&mut self) -> Result<Contract, Trouble> {
        let world = self.world.clone();
        let number = world.next_contract.get();
        world.next_contract.set(number + 1);
        let lines = world.credentials.len() as u64;
        let of_line = number / lines.max(1);
        let offers = world.monthly.len() as u64;
        let place = usize::try_from(of_line % offers.max(1)).unwrap_or(0);
        let offer = world.monthly.get(place).cloned();
        let offer = offer.ok_or_else(|| Step::Push.wrong("no monthly service can be bought"))?;
        let line = usize::try_from(number % lines.max(1)).unwrap_or(0);
        let household = world.credentials.household(line, of_line / offers.max(1));
        let household = household.ok_or_else(no_household)?;
        let order = Order::Purchase { reference: world.reference(), offer: offer.clone() };
        let ready = self.up_to_confirmation(order, household.clone()).await?;
        let number = self.buy(ready).await?;
        let number = number.ok_or_else(|| Step::Exchange.wrong("the receipt names no contract"))?;
        Ok(Contract { household, number, offer })
    }

    async fn up_to_confirmation(
        &mut self,
        order: Order,
        household: Household,
    ) -> Result<Confirmable, Trouble> {
        let tab = self.logged_in(order.offer().provider, Some(&order), household).await?;
        let path = format!("{}/confirm", tab.path);
        self.step(Step::Confirmation, 200, &tab.get(&path)).await?;
        let (csrf, month) =
            (check::hidden(self.body(), "csrf"), check::hidden(self.body(), "month"));
        let csrf = csrf.ok_or_else(|| Step::Confirmation.wrong("the page has no form"))?;
        if !check::says(self.body(), &tab.household.passport.passport_id) {
            return Err(Step::Confirmation.wrong("the page does not name the passport ID"));
        }
        let mut fields = vec![("csrf", csrf), ("consent", "yes")];
        fields.extend(month.map(|month| ("month", month)));
        let form = form(&fields);
        Ok(Confirmable { tab, order, form })
    }

    /// From the provider's push to ログイン成功.
    async fn logged_in(
        &mut self,
        provider: usize,
        order: Option<&Order>,
        household: Household,
    ) -> Result<Tab, Trouble> {
        let arrive = self.push(provider, order).await?;
        let mut tab = Tab { path: String::new(), jar: Jar::default(), household };
        let sent = self.step(Step::Arrive, 303, &tab.get(&arrive)).await?;
        tab.jar.take(&sent);
        let login = sent.location.unwrap_or_default();
        let path = login.strip_suffix("/login").filter(|path| path.starts_with("/flow/"));
        let path = path.ok_or_else(|| Step::Arrive.wrong(format!("it leads to {login:?}")))?;
        path.clone_into(&mut tab.path);
        let csrf = self.login_form(&tab).await?;
        let Household { passport, .. } = &tab.household;
        let typed =
            self.log_in_with(Step::Login, &tab, &csrf, (&passport.passport_id, &passport.password));
        let answer = typed.await?;
        let success = format!("{}/success", tab.path);
        if answer.location.as_deref() != Some(&success) {
            return Err(Step::Login.wrong(format!("it leads to {:?}", answer.location)));
        }
        tab.jar.take(&answer);
        self.step(Step::Success, 200, &tab.get(&success)).await?;
        let next = if order.is_some() { "confirm" } else { "return" };
        if !check::says(self.body(), &format!("{}/{next}", tab.path)) {
            return Err(Step::Success.wrong(format!("the page has no link to {next}")));
        }
        Ok(tab)
    }

    /// Opens the login page, and gives the token of its form.
    pub async fn login_form(&mut self, tab: &Tab) -> Result<String, Trouble> {
        self.step(Step::LoginPage, 200, &tab.get(&format!("{}/login", tab.path))).await?;
        let csrf = check::hidden(self.body(), "csrf").map(str::to_owned);
        csrf.ok_or_else(|| Step::LoginPage.wrong("the page has no form"))
    }

    /// Types an ID and a password where they must be taken.
    async fn log_in_with(
        &mut self,
        step: Step,
        tab: &Tab,
        csrf: &str,
        (passport_id, password): (&str, &str),
    ) -> Result<crate::load::http::Answer, Trouble> {
        let fields = form(&[("csrf", csrf), ("passport_id", passport_id), ("password", password)]);
        let path = format!("{}/login", tab.path);
        self.step(step, 303, &tab.post(&path, &fields)).await
    }

    /// The provider pushes what it wants; where the browser is sent to.
    pub async fn push(
        &mut self,
        provider: usize,
        order: Option<&Order>,
    ) -> Result<String, Trouble> {
        let world = self.world.clone();
        let Some(seller) = world.credentials.providers.get(provider) else {
            return Err(Step::Push.wrong("there is no provider"));
        };
        let mut fields = vec![
            ("client_id", seller.client_id.as_str()),
            ("client_secret", &seller.client_secret),
            ("response_type", "code"),
            ("redirect_uri", &seller.redirect_uri),
            ("scope", "openid"),
            ("state", STATE),
            ("nonce", NONCE),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let details = order.map(Order::details);
        fields.extend(details.as_deref().map(|details| ("authorization_details", details)));
        let fields = form(&fields);
        let request = Request { path: "/oauth/par", form: Some(&fields), ..Request::default() };
        self.step(Step::Push, 201, &request).await?;
        let pushed: Value = serde_json::from_slice(self.body()).unwrap_or_default();
        let Some(request_uri) = pushed["request_uri"].as_str() else {
            return Err(Step::Push.wrong("the answer has no request_uri"));
        };
        let query = form(&[("client_id", &seller.client_id), ("request_uri", request_uri)]);
        Ok(format!("/oauth/authorize?{query}"))
    }

    /// The press, the slip, the way back and the exchange: what is ordered is done, and all three
    /// tell the same. Gives the contract, where there is one.
    async fn buy(&mut self, ready: Confirmable) -> Result<Option<String>, Trouble> {
        let mut pressing = self.press(&ready).await?;
        let Confirmable { tab, order, .. } = &ready;
        self.step(Step::Completion, 200, &tab.get(&format!("{}/complete", tab.path))).await?;
        let number = check::receipt_number(self.body());
        let number = number.ok_or_else(|| Step::Completion.wrong("the page has no number"))?;
        if !check::is_receipt_number(&number) {
            return Err(Step::Completion.wrong(format!("{number} has no right check digit")));
        }
        pressing.receipt(&number);
        if !self.world.receipts.borrow_mut().is_new(&number) {
            return Err(Step::Completion.wrong(format!("{number} was given twice")));
        }
        let tokens = self.go_back(order.offer().provider, tab).await?;
        let told = &tokens["authorization_details"][0];
        let is_same = told["receipt_number"] == number.as_str()
            && told["reference"] == order.reference()
            && told["status"] == "completed"
            && order.charged_yen().is_none_or(|amount_yen| told["amount"] == amount_yen);
        if !is_same {
            return Err(Step::Exchange.wrong("the receipt is not the one on the page"));
        }
        Ok(told["contract"].as_str().map(str::to_owned))
    }

    /// The press on 購入 or 解約.
    async fn press(&mut self, ready: &Confirmable) -> Result<Pressing, Trouble> {
        let Confirmable { tab, order, form } = ready;
        let mut pressing = Pressing::begin(self.world.ledger.clone(), self.entry(tab, order));
        let path = format!("{}/confirm", tab.path);
        let pressed = self.step(Step::Press, 303, &tab.post(&path, form)).await;
        let answer = pressed.inspect_err(|trouble| {
            if trouble.fault.ending() == Ending::Refused {
                pressing.outcome(Outcome::Refused);
            }
        })?;
        let to = answer.location.as_deref().unwrap_or_default();
        let page = to.strip_prefix(&*tab.path).unwrap_or_default();
        if page == "/complete" {
            pressing.outcome(Outcome::Acknowledged);
            return Ok(pressing);
        }
        // Sent back to log in or to agree again: nothing was ordered.
        if page.starts_with("/login") || page == "/confirm" {
            pressing.outcome(Outcome::Refused);
            let refused = Fault::Refused(format!("sent to {}", page.trim_start_matches('/')));
            return Err(Trouble { step: Step::Press, fault: refused });
        }
        Err(Step::Press.wrong(format!("it leads to {to:?}")))
    }

    fn entry(&self, tab: &Tab, order: &Order) -> Entry {
        let seller = self.world.credentials.providers.get(order.offer().provider);
        Entry {
            order: OrderName {
                client_id: seller.map(|seller| seller.client_id.clone()).unwrap_or_default(),
                reference: order.reference().to_owned(),
            },
            customer_id: tab.household.customer_id.clone(),
            passport_id: tab.household.passport.passport_id.clone(),
            service: order.offer().service.clone(),
            amount_yen: order.charged_yen(),
            outcome: Outcome::Unknown,
            receipt_number: None,
            kind: order.kind(),
        }
    }

    /// サービスを利用する, and the provider's exchange of the code.
    async fn go_back(&mut self, provider: usize, tab: &Tab) -> Result<Value, Trouble> {
        let world = self.world.clone();
        let Some(seller) = world.credentials.providers.get(provider) else {
            return Err(Step::Return.wrong("there is no provider"));
        };
        let path = format!("{}/return", tab.path);
        let sent = self.step(Step::Return, 303, &tab.get(&path)).await?;
        let to = sent.location.unwrap_or_default();
        let parameter = |name| check::parameter(&to, name);
        let is_ours = to.starts_with(&seller.redirect_uri)
            && parameter("state").as_deref() == Some(STATE)
            && parameter("iss").as_deref() == Some(self.connection.origin());
        let code = parameter("code").filter(|_| is_ours);
        let code = code.ok_or_else(|| Step::Return.wrong(format!("it leads to {to:?}")))?;
        let fields = form(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &seller.redirect_uri),
            ("code_verifier", VERIFIER),
        ]);
        let request = Request {
            path: "/oauth/token",
            form: Some(&fields),
            authorization: &seller.basic(),
            ..Request::default()
        };
        self.step(Step::Exchange, 200, &request).await?;
        serde_json::from_slice(self.body()).map_err(|_| Step::Exchange.wrong("it is no JSON"))
    }
}

impl Tab {
    /// Opens a page.
    pub fn get<'a>(&'a self, path: &'a str) -> Request<'a> {
        let (cookie, forwarded) = (self.jar.header(), self.household.address.as_str());
        Request { path, cookie, forwarded, ..Request::default() }
    }

    /// Posts a form.
    pub fn post<'a>(&'a self, path: &'a str, form: &'a str) -> Request<'a> {
        Request { form: Some(form), ..self.get(path) }
    }
}

fn no_household() -> Trouble {
    Step::Push.wrong("the credentials name no such line")
}
