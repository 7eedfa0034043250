//! The household's own pages: from the sign-in to the sign-out, and ご利用明細 alone.

use super::Step;
use crate::load::{
    check,
    client::{Client, Jar, Trouble, form},
    credentials::Household,
    http::Request,
};

/// A household that is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    base: &'static str,
    jar: Jar,
    household: Household,
}

impl Session {
    fn get<'a>(&'a self, path: &'a str) -> Request<'a> {
        let (cookie, forwarded) = (self.jar.header(), self.household.address.as_str());
        Request { path, cookie, forwarded, ..Request::default() }
    }

    fn path(&self, page: &str) -> String {
        format!("{}/{page}", self.base)
    }
}

impl Client {
    /// Sign-in, menu, account, statement, sign-out.
    pub async fn portal(&mut self) -> Result<(), Trouble> {
        let household = self.next_household()?;
        let mut session = self.sign_in(household).await?;
        self.page_of(Step::Menu, &mut session, "").await?;
        self.page_of(Step::Details, &mut session, "details").await?;
        self.page_of(Step::Statement, &mut session, "statement").await?;
        let out = session.path("logout");
        let csrf = check::hidden_of_form(self.body(), &out);
        let csrf = csrf.ok_or_else(|| Step::Statement.wrong("the page has no way out"))?;
        let fields = form(&[("csrf", &csrf)]);
        let request = Request { form: Some(&fields), ..session.get(&out) };
        self.step(Step::SignOut, 303, &request).await.map(drop)
    }

    /// ご利用明細 of a household that signed in before; which one is drawn.
    pub async fn statement(&mut self) -> Result<(), Trouble> {
        let session = self.world.stock.borrow().sessions.draw(&mut self.random);
        let session = session.ok_or_else(|| Step::Statement.wrong("nobody is signed in"))?;
        let path = session.path("statement");
        self.step(Step::Statement, 200, &session.get(&path)).await?;
        self.names(Step::Statement, &session)
    }

    /// Signs the next household in for ご利用明細, unless its line has all the sessions that the server
    /// keeps of it: one of those is drawn in its place then.
    pub async fn sign_in_beforehand(&mut self) -> Result<(), Trouble> {
        let household = self.next_household()?;
        let (world, line) = (self.world.clone(), household.customer_id.clone());
        let most = world.options.sessions_per_line;
        if !world.stock.borrow_mut().sessions.begin(&line, most) {
            return Ok(());
        }
        let ended = self.sign_in(household).await;
        world.stock.borrow_mut().sessions.ended(&line, ended.as_ref().ok().cloned());
        ended.map(drop)
    }

    fn next_household(&mut self) -> Result<Household, Trouble> {
        let household = self.world.household(&mut self.random);
        household.ok_or_else(|| Step::Entrance.wrong("there is no line"))
    }

    async fn sign_in(&mut self, household: Household) -> Result<Session, Trouble> {
        let base = if household.is_premium { "/wso_v6" } else { "/wso" };
        let mut session = Session { base, jar: Jar::default(), household };
        let door = session.path("login");
        let shown = self.step(Step::Entrance, 200, &session.get(&door)).await?;
        session.jar.take(&shown);
        let csrf = check::hidden_of_form(self.body(), &door);
        let csrf = csrf.ok_or_else(|| Step::Entrance.wrong("the page has no form"))?;
        let Household { customer_id, access_key, .. } = &session.household;
        let fields =
            form(&[("csrf", &csrf), ("customer_id", customer_id), ("access_key", access_key)]);
        let request = Request { form: Some(&fields), ..session.get(&door) };
        let entered = self.step(Step::SignIn, 303, &request).await?;
        if entered.location.as_deref() != Some(&*session.path("")) {
            return Err(Step::SignIn.wrong(format!("it leads to {:?}", entered.location)));
        }
        session.jar.take(&entered);
        Ok(session)
    }

    async fn page_of(
        &mut self,
        step: Step,
        session: &mut Session,
        page: &str,
    ) -> Result<(), Trouble> {
        let path = session.path(page);
        let shown = self.step(step, 200, &session.get(&path)).await?;
        session.jar.take(&shown);
        self.names(step, session)
    }

    /// Whatever page it is, it is this household's and no other's.
    fn names(&self, step: Step, session: &Session) -> Result<(), Trouble> {
        let is_own = check::says(self.body(), &session.household.customer_id);
        is_own.then_some(()).ok_or_else(|| step.wrong("the page does not name the line"))
    }
}
