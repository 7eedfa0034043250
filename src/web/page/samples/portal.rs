//! The household's own pages with sample data.

use askama::Template;

use super::{EVENING_US, HOUR_US, NOVEMBER, Sample, Samples};
use crate::web::page::{
    Agreement, Change, ChoiceField, Contacts, ContactsPage, Contents, DeletionPage, DetailsPage,
    EndingRow, Form, FormField, Household, IdRow, InputField, InputKind, MenuPage, PassportPage,
    PortalConfirm, PortalDone, PortalForm, PortalRefusalPage, PortalTerms, ProviderContactRow,
    RecentRow, Registrable, RestrictPreviewPage, Row, SessionRow, SessionsPage, Shell,
    SignInErrorPage, SignInPage, Status, Steps, Sum, TextField, WrongEntrancePage,
};

impl Samples {
    /// Every page of the household's own.
    pub(super) fn portal(&self) -> Result<Vec<Sample>, askama::Error> {
        let mut pages = self.portal_doors()?;
        pages.extend(self.portal_account()?);
        pages.extend(self.portal_registration()?);
        pages.extend(self.portal_changes()?);
        pages.extend(self.portal_desk()?);
        Ok(pages)
    }

    fn own(&self, path: &str) -> Shell {
        let household = Household {
            customer_id: "CAF0000012573".into(),
            base: "/wso",
            sign_out_csrf: "sample-csrf".into(),
        };
        Shell { household: Some(household), ..self.shell(path) }
    }

    fn portal_form(button: &'static str) -> Form {
        Form {
            action: "/wso/limits".into(),
            csrf: "sample-csrf".into(),
            button,
            back: "/wso/details".into(),
            draft: Some("sample-draft".into()),
        }
    }

    fn portal_doors(&self) -> Result<Vec<Sample>, askama::Error> {
        let texts = &self.language.texts().portal;
        let fields = |wrong: bool| {
            let error = |text: &str| wrong.then(|| text.to_owned());
            let (id, key) = (&texts.fields.customer_id, &texts.fields.access_key);
            let input = |name, text, kind| InputField::required(name, text, kind);
            vec![
                FormField::Input(
                    input("customer_id", id, InputKind::CustomerId).wrong(error(id.missing)),
                ),
                FormField::Input(
                    input("access_key", key, InputKind::AccessKey).wrong(error(key.missing)),
                ),
            ]
        };
        let sign_in = |premium, wrong, notice| SignInPage {
            shell: self.shell("/wso/login"),
            premium,
            action: "/wso/login".into(),
            csrf: "sample-csrf".into(),
            other_entrance: ("/wso_v6/login".into(), "フレッツ・光プレミアム"),
            fields: fields(wrong),
            notice,
        };
        let error = SignInErrorPage { shell: self.failed(), login_path: "/wso/login".into() };
        let wrong_entrance = WrongEntrancePage {
            shell: self.failed(),
            line: "フレッツ・光プレミアム",
            login_path: "/wso_v6/login".into(),
        };
        Ok(vec![
            ("portal-sign-in", sign_in(false, false, None).render()?),
            ("portal-sign-in-premium", sign_in(true, false, None).render()?),
            ("portal-sign-in-missing", sign_in(false, true, None).render()?),
            ("portal-sign-in-over", sign_in(false, false, Some(texts.sign_in.over)).render()?),
            ("portal-sign-in-error", error.render()?),
            ("portal-wrong-entrance", wrong_entrance.render()?),
        ])
    }

    fn portal_account(&self) -> Result<Vec<Sample>, askama::Error> {
        let menu = |status, ineligible| MenuPage {
            shell: self.own("/wso/"),
            status,
            news: (status == Status::InUse).then(|| self.names.service.as_str().into()),
            ineligible,
        };
        let passport = PassportPage {
            shell: self.own("/wso/ids/1"),
            number: 1,
            rows: vec![
                Row::new("フレッツ・パスポートID", self.names.passport_id.as_str()),
                Row::new("メールアドレス", "tarou1234@ngn.com"),
            ],
            applicant: vec![Row::new("お名前", self.names.provider.as_str())],
        };
        Ok(vec![
            ("portal-menu-in-use", menu(Status::InUse, None).render()?),
            ("portal-menu-registering", menu(Status::Registering, None).render()?),
            ("portal-menu-unused", menu(Status::Unused, None).render()?),
            ("portal-menu-restricted", menu(Status::Restricted, None).render()?),
            ("portal-menu-ineligible", menu(Status::Unused, Some("Bフレッツ")).render()?),
            ("portal-details", self.details(Status::InUse, Registrable::Yes).render()?),
            ("portal-details-full", self.details(Status::InUse, Registrable::Full).render()?),
            ("portal-details-restricted", self.restricted_details().render()?),
            ("portal-passport", passport.render()?),
        ])
    }

    fn details(&self, status: Status, registrable: Registrable) -> DetailsPage {
        let row = |number, status, active_from_us| IdRow {
            number,
            name: self.names.passport_id.as_str().into(),
            status,
            active_from_us,
        };
        DetailsPage {
            shell: self.own("/wso/details"),
            status,
            ids: vec![row(1, status, None), row(2, Status::Registering, Some(EVENING_US))],
            most_ids: 5,
            registrable,
            barred: Vec::new(),
            restricted: false,
            overview: None,
        }
    }

    fn restricted_details(&self) -> DetailsPage {
        let texts = &self.language.texts().portal.details;
        DetailsPage {
            ids: Vec::new(),
            barred: vec![texts.barred_by_customer, texts.barred_by_company],
            restricted: true,
            ..self.details(Status::Restricted, Registrable::Barred)
        }
    }

    fn portal_registration(&self) -> Result<Vec<Sample>, askama::Error> {
        let texts = &self.language.texts().portal;
        let steps = |now| Some(Steps { labels: &texts.register.steps, now });
        let terms = |not_agreed, again| PortalTerms {
            shell: self.own("/wso/register"),
            title: texts.register.terms_title,
            lead: texts.register.terms_lead,
            steps: steps(1),
            agreement: Agreement {
                terms: texts.register.terms,
                label: texts.register.agree,
                missing: texts.register.agree_missing,
            },
            not_agreed,
            again,
            form: Self::portal_form(texts.common.next),
        };
        let confirm = PortalConfirm {
            shell: self.own("/wso/register/confirm"),
            title: texts.register.confirm_title,
            lead: texts.register.confirm_lead,
            steps: steps(4),
            contents: Contents::Rows(vec![
                Row::new(texts.fields.passport_id.label, self.names.passport_id.as_str()),
                Row::new(texts.fields.password.label, texts.common.masked),
            ]),
            applicant: vec![Row::new(texts.fields.name.label, self.names.provider.as_str())],
            notes: vec![texts.register.line_authentication_note.to_owned()],
            warnings: Vec::new(),
            form: Self::portal_form(texts.register.button),
        };
        Ok(vec![
            ("portal-register-terms", terms(false, false).render()?),
            ("portal-register-terms-missing", terms(true, true).render()?),
            ("portal-register-applicant", self.asking(steps(2), false).render()?),
            ("portal-register-applicant-wrong", self.asking(steps(2), true).render()?),
            ("portal-register-confirm", confirm.render()?),
            ("portal-register-done", self.portal_done(steps(5)).render()?),
        ])
    }

    /// A form with each kind of field.
    fn asking(&self, steps: Option<Steps>, wrong: bool) -> PortalForm {
        let texts = &self.language.texts().portal;
        let fields = &texts.fields;
        let error = |text: &str| wrong.then(|| text.to_owned());
        PortalForm {
            shell: self.own("/wso/register/applicant"),
            title: texts.register.applicant_title,
            lead: texts.register.applicant_lead,
            steps,
            fixed: vec![
                Row::new(texts.common.customer_id, "CAF0000012573").noted(texts.common.read_only),
            ],
            fields: vec![
                FormField::Input(
                    InputField::required("name", &fields.name, InputKind::Name)
                        .typed("NTT 太郎")
                        .wrong(error(fields.name.wrong)),
                ),
                FormField::Choice(ChoiceField {
                    name: "contractor",
                    text: &fields.contractor,
                    choices: vec![("yes", texts.common.yes), ("no", texts.common.no)],
                    chosen: None,
                    error: error(fields.contractor.missing),
                    required: true,
                    current: None,
                    warning: &texts.change.off_warning,
                }),
                FormField::Input(
                    InputField::required("password", &fields.password, InputKind::NewPassword)
                        .wrong(error(fields.password_common)),
                ),
                FormField::Text(TextField {
                    name: "text",
                    text: &fields.text,
                    value: "<script>alert(1)".into(),
                    error: error(fields.text.wrong),
                }),
            ],
            fault: error(fields.nothing_changed),
            sum: None,
            personal: true,
            notice: Some(texts.inquiry.no_secrets),
            form: Self::portal_form(texts.common.next),
        }
    }

    fn portal_done(&self, steps: Option<Steps>) -> PortalDone {
        let texts = &self.language.texts().portal;
        PortalDone {
            shell: self.own("/wso/register/done"),
            title: texts.register.done_title,
            lead: texts.register.done_lead,
            steps,
            accepted_at_us: Some(EVENING_US),
            contents: self.changed(),
            notes: vec![texts.register.done_mail],
        }
    }

    fn changed(&self) -> Contents {
        let texts = &self.language.texts().portal;
        let change = |wanted: Option<&str>, warning: Option<String>| Change {
            label: self.names.passport_id.as_str().into(),
            current: "10,000円".into(),
            wanted: wanted.map(Into::into),
            warning,
        };
        let warning = (texts.limits.warns)("5,000円");
        Contents::Changes(vec![change(Some("20,000円"), Some(warning)), change(None, None)])
    }

    fn portal_changes(&self) -> Result<Vec<Sample>, askama::Error> {
        let texts = &self.language.texts().portal;
        let limits = |over: bool| PortalForm {
            title: texts.limits.title,
            lead: texts.limits.lead,
            fixed: Vec::new(),
            fields: vec![FormField::Input(InputField {
                label: Some(self.names.passport_id.as_str().into()),
                note: Some((texts.limits.used)("525円")),
                ..InputField::changing("limit_1", &texts.fields.limit, InputKind::Yen, "10,000円")
            })],
            fault: over.then(|| (texts.limits.over)("30,001円", "30,000円")),
            sum: Some(Sum { sum_yen: 30_001, line_limit_yen: 30_000, over }),
            personal: false,
            notice: None,
            ..self.asking(None, false)
        };
        let confirm = PortalConfirm {
            shell: self.own("/wso/limits/confirm"),
            title: texts.limits.confirm_title,
            lead: texts.limits.confirm_lead,
            steps: None,
            contents: self.changed(),
            applicant: Vec::new(),
            notes: vec![texts.change.password_note.to_owned()],
            warnings: texts.change.off_warning.map(str::to_owned).to_vec(),
            form: Self::portal_form(texts.limits.button),
        };
        let endings = vec![EndingRow {
            service: self.names.service.as_str().into(),
            provider: self.names.provider.as_str().into(),
            passport_id: self.names.passport_id.as_str().into(),
            contract: "K-100000000016".into(),
            price_yen: 525,
            last_charge_month: NOVEMBER,
        }];
        let restrict = |endings, changed| RestrictPreviewPage {
            shell: self.own("/wso/restrict/confirm"),
            endings,
            month: NOVEMBER,
            used_yen: 1_050,
            changed,
            action: "/wso/restrict/confirm".into(),
            csrf: "sample-csrf".into(),
            agreed: "sample".into(),
        };
        Ok(vec![
            ("portal-limits", limits(false).render()?),
            ("portal-limits-over", limits(true).render()?),
            ("portal-limits-confirm", confirm.render()?),
            ("portal-restrict-preview", restrict(endings.clone(), false).render()?),
            ("portal-restrict-changed", restrict(endings, true).render()?),
            ("portal-restrict-nothing", restrict(Vec::new(), false).render()?),
        ])
    }

    fn portal_desk(&self) -> Result<Vec<Sample>, askama::Error> {
        let texts = &self.language.texts().portal;
        let deletion = DeletionPage {
            shell: self.own("/wso/ids/1/delete"),
            number: 1,
            passport_id: self.names.passport_id.as_str().into(),
        };
        let contacts = ContactsPage {
            shell: self.own("/wso/contacts"),
            providers: vec![ProviderContactRow {
                name: self.names.provider.as_str().into(),
                services: vec![self.names.service.as_str().into()],
                phone: Some("0120-000-000".into()),
                url: Some("https://shop.a-sha.example/".into()),
                hours: Some("9:00–17:00".into()),
            }],
            contacts: Contacts::default(),
            desk_hours: "9:00–21:00".into(),
        };
        let session = |number, this_one| SessionRow {
            number,
            this_one,
            opened_at_us: EVENING_US,
            expires_at_us: EVENING_US + 24 * HOUR_US,
            origin: this_one
                .then(|| (self.names.description.as_str().into(), "203.0.113.7".into())),
        };
        let sessions = SessionsPage {
            shell: self.own("/wso/sessions"),
            sessions: vec![session(2, true), session(1, false)],
            recent: vec![RecentRow {
                at_us: EVENING_US,
                from: "203.0.113.7".into(),
                to: self.names.provider.as_str().into(),
            }],
            ended: true,
            action: "/wso/sessions".into(),
            csrf: "sample-csrf".into(),
        };
        let refusal = PortalRefusalPage {
            shell: Shell { household: self.own("").household, ..self.failed() },
            title: texts.refusal.title,
            what: texts.refusal.taken.to_owned(),
            way_on: ("/wso/details".into(), texts.common.back_to_details),
        };
        Ok(vec![
            ("portal-deletion", deletion.render()?),
            ("portal-contacts", contacts.render()?),
            ("portal-sessions", sessions.render()?),
            ("portal-refusal", refusal.render()?),
        ])
    }
}
