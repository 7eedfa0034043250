//! The English texts, in plain words. The guide's Japanese terms are translated the same way
//! everywhere: passport ID, purchase, cancel, spending limit.

use super::{
    Cancellation, Common, Completion, Confirmation, Contacts, Explained, Landing, Limit, Login,
    LoginError, Maintenance, Problem, ProblemText, Refusal, RefusalText, Restricted, Success,
    Texts,
};

mod help;
mod mail;
mod portal;
mod statement;

/// All English texts.
pub static TEXTS: Texts = Texts {
    common: COMMON,
    login: LOGIN,
    success: SUCCESS,
    confirmation: CONFIRMATION,
    limit: LIMIT,
    completion: COMPLETION,
    cancellation: CANCELLATION,
    login_error: LOGIN_ERROR,
    refusal: REFUSAL,
    restricted: RESTRICTED,
    maintenance: MAINTENANCE,
    problem: PROBLEM,
    landing: LANDING,
    errors_help: help::ERRORS,
    restriction_help: help::RESTRICTION,
    notes_help: help::NOTES,
    contact_help: help::CONTACT,
    privacy_help: help::PRIVACY,
    environment_help: help::ENVIRONMENT,
    contacts: CONTACTS,
    mail: mail::MAIL,
    portal: portal::PORTAL,
    statement: statement::STATEMENT,
    overview: statement::OVERVIEW,
};

const COMMON: Common = Common {
    skip_to_content: "Skip to content",
    language_switch: "Language",
    signed_in_as: |id| format!("Logged in as {id}"),
    footer_links: "Help and information",
    footer_line: "Buy online and pay with your line’s monthly bill.",
    request_id: "Reference for enquiries",
    required: "Required",
    error_title_prefix: "Error: ",
    error_mark: "Error",
    error_summary: "Please check what you entered",
    attention_mark: "Please note",
    new_tab: "(opens in a new tab)",
    back_to: |domain| format!("Takes you back to {domain}"),
    monthly: "Monthly",
    per_use: "Per purchase",
    tax_included: "(tax included)",
    every_month: "Every month until you cancel",
    each_purchase: "This purchase only (once)",
    provider: "Provider",
    service: "Service",
    contract: "Contract",
    passport_id: "Passport ID",
    quantity: "Quantity",
    unit_price: "Unit price",
    amount: "Amount",
    receipt_number: "Receipt number",
    steps_purchase: ["Log in", "Check the order", "Done"],
    steps_cancellation: ["Log in", "Check the contract", "Done"],
    steps: "Your progress",
    step_of: |all, now| format!("Step {now} of {all}"),
    about_errors: "About errors",
    about_restriction: "Restriction and how to lift it",
    notes: "Before you buy",
    contact: "Contact",
    privacy: "How we use personal data",
    environment: "Recommended environment",
    home: "Home",
    print: "Print",
    working: "Working…",
};

const LOGIN: Login = Login {
    title: "Log in",
    nothing_done: "Nothing has been completed. Please log in again.",
    purchase_screen: "Buying a service",
    cancellation_screen: "Cancelling a service",
    alone_screen: "Logging in",
    purchase_lead: |provider| {
        format!("Pay for your order at {provider} together with your line’s monthly bill.")
    },
    cancellation_lead: |provider| {
        format!("You are about to cancel a monthly service of {provider}.")
    },
    alone_lead: |provider| format!("{provider} asks you to log in. Nothing is charged."),
    order_heading: "Your order",
    cancellation_heading: "Contract to cancel",
    alone_heading: "You are logging in to",
    form_heading: "Log in with your passport ID",
    passport_id_help: "Letters and digits. Capital and small letters are the same.",
    password: "Password",
    password_help: "The password of your passport ID, not your access key.",
    show: "Show",
    hide: "Hide",
    reveal_before: "",
    reveal_after: " password",
    button: "Log in",
    passport_id_missing: "Enter your passport ID.",
    password_missing: "Enter your password.",
    nothing_charged_yet: "Logging in buys nothing. You check the order on the next page.",
    where_from_question: "No passport ID, or forgotten it?",
    where_from_answer: "You get and look up a passport ID yourself: log in to the service application page with the customer ID and the access key printed on the letter you received when your line opened (『開通のご案内』).",
    back: "Go back without buying",
};

const SUCCESS: Success = Success {
    title: "Logged in",
    purchase: "You are logged in to buy a service. The next page opens by itself; please wait a moment.",
    cancellation: "You are logged in to cancel a service. The next page opens by itself; please wait a moment.",
    login: "You are logged in. The next page opens by itself; please wait a moment.",
    link_before: "If nothing happens, select ",
    link: "here",
    link_after: ".",
};

const CONFIRMATION: Confirmation = Confirmation {
    title: "Check your order",
    lead: "Read the order, tick “I agree”, then select “Buy”.",
    details: "Terms of this purchase",
    usage_period: "Usage period",
    charge_months: "Months charged",
    charge_months_monthly: |month| format!("From {month}, every month until you cancel"),
    charge_months_rule: "Charged every month whether used or not, never in part. If you cancel on the 1st, that month and later ones are not charged, unless you bought on that same day.",
    charged_already: |month| format!("{month} is charged already and is not charged again."),
    charge_month_per_use: |month| format!("Once, in {month}"),
    yearly: "A year, as a guide",
    yearly_guide: |amount| format!("{amount} (if kept for 12 months)"),
    payment: "Payment",
    payment_text: "Added to your line’s monthly bill, and due when and how that bill is due.",
    delivery: "Available",
    delivery_text: "As soon as the purchase is complete, on the provider’s site",
    cancelling: "Cancelling",
    cancelling_monthly: |provider| {
        format!("At any time, on the site of {provider}, with the passport ID that bought it.")
    },
    cancelling_per_use: "Cannot be cancelled after purchase.",
    deadline: "Order by",
    deadline_until: |instant| instant.to_string(),
    terms: "The provider’s terms of use",
    notes_lead: "Please read before buying:",
    consent: "I agree",
    consent_of: "I have read this order and “Before you buy”, and agree to the purchase.",
    consent_missing: "Tick “I agree” to buy.",
    button: "Buy",
    buys: |amount| format!("Buys for {amount} (tax included)."),
    buys_monthly: |amount| format!("Buys for {amount} a month (tax included)."),
    back: "Go back without buying",
    once: "Pressing twice still buys once.",
};

const LIMIT: Limit = Limit {
    heading: |month| format!("Your spending in {month}"),
    used: "Used this month",
    adds: "This purchase",
    after: "After purchase",
    left: "Left",
    ceiling: "Spending limit",
    bar: |used, limit, after| {
        format!("{used} used this month of a limit of {limit}; {after} after this purchase.")
    },
    high_total: "Buying many paid services can add up to a high bill.",
    over_title: "This purchase does not fit your spending limit",
    over_passport: |over, left| {
        format!("This passport ID has {left} left this month; this purchase needs {over} more.")
    },
    over_line: |over, left| {
        format!("Your whole line has {left} left this month; this purchase needs {over} more.")
    },
    over_way_out: "Go back without buying and choose another way to pay there. You can change your spending limit on the service application page.",
};

const COMPLETION: Completion = Completion {
    title: "Purchase complete",
    lead: "Your purchase is complete. Thank you.",
    slip: "Your receipt",
    completed_at: "Completed",
    first_charge_month: "Months charged",
    charge_month: "Month charged",
    from_month: |month| format!("From {month}, every month until you cancel"),
    next_heading: "What happens next",
    next_use: |domain| format!("Select “Use the service” to return to {domain} and use it."),
    next_mail: "A confirmation is sent to your registered mail address.",
    next_bill: |month| format!("The charge is part of {month} and is added to your line’s bill."),
    next_cancel_monthly: |provider| {
        format!("To cancel, go to the site of {provider} and use this same passport ID.")
    },
    next_cancel_per_use: "This purchase is charged once and cannot be cancelled.",
    next_keep: "Please tell us the receipt number when you contact us.",
    next_provider: |provider, contact| {
        format!("Questions about the service itself: {provider}, {contact}.")
    },
    button: "Use the service",
    goes_to: |domain| format!("Takes you to {domain}"),
};

const CANCELLATION: Cancellation = Cancellation {
    title: "Check what you cancel",
    lead: "Check the contract, then select “Cancel contract”.",
    bought_at: "Bought",
    last_charge_month: "Last month charged",
    last_month_of: |month| format!("{month} is the last"),
    last_month_rule: "Months are never charged in part: this month is charged, later ones are not.",
    first_day_rule: "Today is the 1st, so this month and later ones are not charged.",
    use_ends: "End of use",
    use_ends_text: "The contract ends at once. The provider tells you how long you can still use the service.",
    again: "This cannot be undone. To use the service again, buy it again.",
    button: "Cancel contract",
    back: "Go back without cancelling",
    done_title: "Contract cancelled",
    done_lead: "Your contract is cancelled.",
    slip: "Your record",
    cancelled_at: "Completed",
    next_charge: |month| format!("{month} is the last month charged. Nothing is charged after it."),
    next_access: "The provider tells you how long you can still use the service.",
    next_again: "“OK” takes you back to the provider’s site.",
    ok: "OK",
};

const LOGIN_ERROR: LoginError = LoginError {
    title: "Login error",
    lead: "You could not be logged in. Nothing was charged.",
    check_heading: "Please check",
    checks: [
        "Are the passport ID and the password written correctly, in half-width characters?",
        "Did you enter the customer ID (it begins with CAF) or the access key by mistake?",
        "A passport ID with line authentication works only from the line it was issued on.",
        "After several failed attempts in a row, please wait a while before you try again.",
    ],
    again: "Log in again",
};

const REFUSAL: Refusal = Refusal {
    title_purchase: "Cannot buy this",
    title_cancellation: "Cannot cancel this",
    title_login: "Cannot go on with this login",
    nothing_charged: "Nothing was charged for this order.",
    nothing_changed: "Your contract has not changed.",
    todo_heading: "What you can do",
    back: "Back",
    limit: RefusalText {
        what: |over| {
            format!("This purchase is {over} above the spending limit of your passport ID.")
        },
        todo: &[
            "Change the limit of this passport ID on the service application page.",
            "Go back to the site and choose another way to pay.",
            "A new count begins on the 1st of each month; monthly services count from the 1st.",
        ],
    },
    line_limit: RefusalText {
        what: |over| format!("This purchase is {over} above the limit of your whole line."),
        todo: &[
            "The limit of the line counts the purchases of all its passport IDs together.",
            "Go back to the site and choose another way to pay.",
            "A new count begins on the 1st of each month; monthly services count from the 1st.",
        ],
    },
    contract_live: RefusalText {
        what: |service| format!("This passport ID already has a running contract for “{service}”."),
        todo: &[
            "Go back to the site and log in with this passport ID to use the service.",
            "Another passport ID of your household can buy it as a contract of its own; each is charged.",
        ],
    },
    order_of_another: Explained {
        what: "This order was completed with another passport ID.",
        todo: &[
            "Log in with the passport ID that bought it to see its receipt.",
            "To buy it yourself, go back to the site and place a new order.",
        ],
    },
    contract_of_another: Explained {
        what: "This contract cannot be cancelled with the passport ID you logged in with.",
        todo: &[
            "Only the passport ID that bought it can cancel. Go back to the site and use that one.",
        ],
    },
    order_ended: Explained {
        what: "This order has already come to its end.",
        todo: &[
            "The statement on the service application page shows whether it was bought.",
            "To buy it, go back to the site and place a new order.",
        ],
    },
    line_ineligible: Explained {
        what: "Purchases cannot be paid with the bill of your line.",
        todo: &[
            "Lines that can: FLET’S Hikari Next, FLET’S Hikari Light and FLET’S Hikari Premium.",
            "Go back to the site and choose another way to pay.",
        ],
    },
    service_gone: RefusalText {
        what: |service| format!("“{service}” is no longer offered."),
        todo: &["Go back to the site and see what the provider offers instead."],
    },
    per_use: Explained {
        what: "A service that is paid per purchase cannot be cancelled.",
        todo: &[
            "It is charged once for each purchase and never again by itself.",
            "Please ask the provider about the service itself.",
        ],
    },
    contract_ended: RefusalText {
        what: |month| {
            format!("This contract has ended already. {month} was its last month charged.")
        },
        todo: &["There is nothing left for you to do."],
    },
    line_check: Explained {
        what: "This service needs a login from the line that your passport ID was issued on.",
        todo: &[
            "Connect through your own line, then start again from the site.",
            "Lines without line authentication cannot use this service.",
        ],
    },
    billing_unavailable: Explained {
        what: "Purchases with the bill of your line are not available at present.",
        todo: &[
            "Go back to the site and choose another way to pay.",
            "Our contact desk can tell you more.",
        ],
    },
};

const RESTRICTED: Restricted = Restricted {
    title: "Use is restricted",
    by_customer: "Use of the service is restricted at the customer’s own request.",
    by_company: "Use of the service is restricted at present.",
    effect_customer: "While restricted, no passport ID of this line can buy or log in.",
    effect_company: "While restricted, no passport ID of this line can make new purchases or log in. Services that you have can still be cancelled as before.",
    back: "Back",
};

const MAINTENANCE: Maintenance = Maintenance {
    title: "System maintenance",
    what: "The system is under maintenance.",
    sorry: "We are sorry for the trouble. Please wait a while and try again.",
    until: "Expected to end",
    close: "Close",
};

const PROBLEM: Problem = Problem {
    overloaded: ProblemText {
        title: "Very busy at the moment",
        what: "So many people are using the service that yours could not be taken.",
        todo: "Please try again in a little while. The same order is never bought twice.",
    },
    flow_unknown: ProblemText {
        title: "Please start again",
        what: "The time for this has run out, or it was begun in another browser.",
        todo: "Go back to the provider’s site and begin once more. If the purchase was already complete, the same order is not bought twice.",
    },
    cross_site: ProblemText {
        title: "Cannot go on",
        what: "The request did not come from our own page, so it was not accepted. Nothing has changed.",
        todo: "Go back and reload the page, or start again from the provider’s site. Cookies must be switched on.",
    },
    bad_provider_request: ProblemText {
        title: "The order cannot be taken",
        what: "There is a mistake in what the provider’s site sent. Nothing was charged.",
        todo: "Please let the provider know.",
    },
    bad_request: ProblemText {
        title: "Could not read that",
        what: "What was sent does not have the right form. Nothing has changed.",
        todo: "Go back and try again.",
    },
    not_found: ProblemText {
        title: "Page not found",
        what: "There is no such page. The address is mistyped, or what it was for is over.",
        todo: "If you were in the middle of something, start again from the provider’s site.",
    },
    method_not_allowed: ProblemText {
        title: "Not possible here",
        what: "This page does not take that request. Nothing has changed.",
        todo: "Go back and use the buttons on the page.",
    },
    internal: ProblemText {
        title: "Could not finish that",
        what: "Something went wrong on our side. We are sorry.",
        todo: "Please try again in a little while. If you contact us, tell us the reference below.",
    },
    retry: "Try again",
    retry_after: |seconds| format!("Please wait about {seconds} seconds."),
    for_developer: "For the provider’s developer",
    field: "Field",
    detail: "Detail",
    home: "Go to the home page",
};

const LANDING: Landing = Landing {
    title: "Buy online, pay with your line’s monthly bill.",
    name: "FLET’S bill payment",
    lead: "Pay for services on provider sites with one passport ID. What you buy is added to the bill of your access line. No credit card needed.",
    steps_heading: "How it works",
    portal_link: "Get a passport ID here",
    steps: [
        (
            "Get a passport ID",
            "Log in to the service application page with the customer ID and the access key from your opening letter, and register an ID.",
        ),
        (
            "Buy services with it",
            "On a provider’s site choose to pay with FLET’S (フレッツ・まとめて支払い), log in with the ID and its password, and buy.",
        ),
        (
            "Pay with your bill",
            "What you use from the 1st to the last day of a month is added to the bill of your line.",
        ),
    ],
    prices_heading: "Two kinds of price",
    prices: [
        (
            "Monthly",
            "Charged every month from purchase to cancellation, never in part. Cancel at any time.",
        ),
        ("Per purchase", "Charged once for each purchase. Cannot be cancelled afterwards."),
    ],
    safety_heading: "Made to be safe",
    safety: [
        (
            "Line authentication",
            "Only your own line is let in. A leaked ID and password are useless from anywhere else.",
        ),
        (
            "Spending limits",
            "Set a monthly limit for each ID. A purchase above it does not go through.",
        ),
        (
            "See before you buy",
            "Amount, months charged and how to cancel, all on one page before you decide.",
        ),
        ("Restriction", "At your request, all IDs of a line can be stopped."),
    ],
    lines_heading: "Lines you can use",
    lines: ["FLET’S Hikari Next", "FLET’S Hikari Light", "FLET’S Hikari Premium"],
    lines_note: "Not available on B FLET’S, FLET’S ADSL and FLET’S ISDN.",
    help_heading: "Need help?",
};

const CONTACTS: Contacts = Contacts {
    enquiry_form: "Enquiry form",
    hours: "9:00 to 21:00 Japan time, all year except 29 December to 3 January",
    no_bill: "No bill at hand?",
    payment_page: "List of payment contacts",
};
