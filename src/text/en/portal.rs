//! The English texts of the household's own pages.

use crate::text::portal::{
    Change, Deletion, Details, FieldText, Fields, Inquiry, Limits, Menu, PassportDetails, Portal,
    PortalCommon, PortalContacts, PortalRefusal, Register, Restrict, Sessions, SignIn, StatusText,
};

/// All of them.
pub const PORTAL: Portal = Portal {
    common: COMMON,
    sign_in: SIGN_IN,
    menu: MENU,
    details: DETAILS,
    fields: FIELDS,
    register: REGISTER,
    passport: PASSPORT,
    change: CHANGE,
    limits: LIMITS,
    restrict: RESTRICT,
    deletion: DELETION,
    inquiry: INQUIRY,
    contacts: CONTACTS,
    sessions: SESSIONS,
    refusal: REFUSAL,
};

const COMMON: PortalCommon = PortalCommon {
    name: "Service applications",
    customer_id: "Customer ID",
    navigation: "Your pages",
    to_menu: "Menu",
    to_details: "Your usage",
    to_statement: "Statement",
    to_contacts: "Contacts",
    to_sessions: "Sign-ins",
    sign_out: "Sign out",
    next: "Next",
    back: "Back",
    back_to_details: "Back to your usage",
    required_note: "Fields marked “Required” must be filled in.",
    input_note: "Please mind what each field takes, such as half-width letters and digits.",
    current: "Now",
    wanted: "New",
    unchanged: "No change",
    item: "Item",
    content: "Your request",
    applicant: "Applicant",
    accepted_at: "Received",
    yes: "Yes",
    no: "No",
    masked: "*****",
    again: "Nothing was left of the steps you had begun, so you are back at the first page. Nothing was changed.",
    read_only: "Cannot be changed here: it is the one you signed in with",
    status: [
        StatusText { word: "In use", sentence: "You are using this service." },
        StatusText {
            word: "Being registered",
            sentence: "Your passport ID is being registered. Please come back a little later.",
        },
        StatusText { word: "Not in use", sentence: "You are not using this service." },
        StatusText { word: "Restricted", sentence: "Use is restricted at present." },
    ],
};

const SIGN_IN: SignIn = SignIn {
    title: "Sign in to Service applications",
    lead: "The entrance for customers of FLET'S Hikari Next and FLET'S Hikari Light. Please sign in with your customer ID and access key.",
    lead_premium: "The entrance for customers of FLET'S Hikari Premium. Please sign in with your customer ID and access key (access password).",
    button: "Sign in",
    hint_question: "Where do I find my customer ID and access key?",
    hint: "In the letter 『開通のご案内』 that came by post when your line was opened. “CAF” and ten digits are your customer ID, eight digits are your access key.",
    secret_note: "The access key opens applications for other services too. Please keep the letter safe.",
    over: "You were signed out, or your sign-in has expired. Please sign in again.",
    signed_out: "You are signed out.",
    other_entrance: |line| format!("For customers of {line}"),
    error_title: "Sign-in error",
    error_lead: "You could not be signed in. For your safety the reason is not shown. Please check the following and try again.",
    error_checks: [
        "The customer ID is “CAF” and ten digits, the access key is eight digits. They are not your passport ID and its password.",
        "After many failures in a row we accept no sign-in for a while. Please try again in 1 to 15 minutes.",
        "If your customer ID has changed, use the customer ID and access key of the new letter.",
    ],
    error_again: "Sign in again",
    wrong_entrance_title: "Please use the other entrance",
    wrong_entrance: |line| format!("Your line is {line}. Please go on at this entrance."),
    wrong_entrance_link: |line| format!("To the entrance for {line}"),
};

const MENU: Menu = Menu {
    news: "News from NTT West",
    no_news: "There is no news at present.",
    lead: "This is how you use our services at present.",
    service: "Service",
    status: "Status",
    about: "About",
    passport_about: "The ID with which you buy services that are paid with the line's monthly bill.",
    open: "Details, applications, changes",
    ineligible: |line| {
        format!(
            "A passport ID cannot be used on your line ({line}). It can be used on FLET'S Hikari Next, FLET'S Hikari Light and FLET'S Hikari Premium."
        )
    },
};

const DETAILS: Details = Details {
    title: "Your usage",
    ids: "Your passport IDs",
    id_count: |count, most| format!("{count} of at most {most} for a line"),
    no_ids: "No passport ID is registered yet.",
    registering_from: |at| format!("Being registered. It can be used from {at}."),
    open_id: "Details",
    register: "Register a new ID",
    register_about: "Get a new passport ID.",
    register_full: |most| format!("A line can have {most} IDs at most."),
    register_barred: "No ID can be added while use is restricted.",
    statement_about: "What was bought, by month and by ID.",
    contacts_about: "How to reach the providers and us.",
    restrict_about: "Stop all passport IDs, so that nothing can be bought.",
    restricted_about: "Use is restricted. Only our desk can lift the restriction.",
    limits_about: "Change what each ID may spend in a month.",
    sessions_about: "See where you are signed in and the recent sign-ins, and sign out elsewhere.",
    services: "What you can do",
    barred_by_customer: "At the customer's request, use of the service is restricted.",
    barred_by_company: "New use is stopped at present. You can still cancel services. Please contact our desk for more.",
    unbillable: "With the present way of paying there can be no new use. Your passport IDs stay registered.",
};

const FIELDS: Fields = Fields {
    customer_id: FieldText {
        label: "Customer ID",
        help: "Half-width, such as CAF1234567890",
        missing: "Enter your customer ID.",
        wrong: "A customer ID is “CAF” and ten digits.",
    },
    access_key: FieldText {
        label: "Access key (access password)",
        help: "Eight half-width digits.",
        missing: "Enter your access key.",
        wrong: "An access key is eight half-width digits.",
    },
    name: FieldText {
        label: "Name",
        help: "Up to 10 characters, such as NTT Taro",
        missing: "Enter your name.",
        wrong: "Enter a name of up to 10 characters, without platform-dependent characters, “~”, “|” and “_”.",
    },
    phone: FieldText {
        label: "Phone number",
        help: "With the area code, such as 03-1234-5678",
        missing: "Enter your phone number.",
        wrong: "Enter a number of 10 or 11 digits that begins with 0, with the area code.",
    },
    contractor: FieldText {
        label: "Contractor",
        help: "Are you the contractor of the line?",
        missing: "Say whether you are the contractor.",
        wrong: "Say whether you are the contractor.",
    },
    passport_id: FieldText {
        label: "Passport ID you would like",
        help: "4 to 16 half-width letters and digits, such as sk123. Capital and small letters are not told apart.",
        missing: "Enter the passport ID you would like.",
        wrong: "A passport ID has 4 to 16 half-width letters and digits.",
    },
    password: FieldText {
        label: "Password",
        help: "4 to 64 half-width letters, digits and signs, no spaces. We recommend 8 or more.",
        missing: "Enter a password.",
        wrong: "A password has 4 to 64 half-width letters, digits and signs, no spaces and no full-width characters.",
    },
    password_again: FieldText {
        label: "Password again",
        help: "Please type it once more.",
        missing: "Type the password once more.",
        wrong: "Type the password once more.",
    },
    mail: FieldText {
        label: "Mail address",
        help: "Up to 100 half-width characters, such as tarou1234@ngn.com. We send confirmations there.",
        missing: "Enter your mail address.",
        wrong: "Enter a mail address of up to 100 half-width characters, such as name@example.jp.",
    },
    mail_again: FieldText {
        label: "Mail address again",
        help: "Please type it once more.",
        missing: "Type the mail address once more.",
        wrong: "Type the mail address once more.",
    },
    new_passport_id: FieldText {
        label: "Passport ID",
        help: "4 to 16 half-width letters and digits. The old ID can never be used again, by anybody.",
        missing: "",
        wrong: "A passport ID has 4 to 16 half-width letters and digits.",
    },
    new_password: FieldText {
        label: "Password",
        help: "4 to 64 half-width letters, digits and signs. All sign-ins of this ID end with the change.",
        missing: "",
        wrong: "A password has 4 to 64 half-width letters, digits and signs, no spaces and no full-width characters.",
    },
    new_mail: FieldText {
        label: "Mail address",
        help: "Up to 100 half-width characters. The old address is told too.",
        missing: "",
        wrong: "Enter a mail address of up to 100 half-width characters, such as name@example.jp.",
    },
    line_authentication: FieldText {
        label: "Line authentication",
        help: "Choose whether line authentication is used.",
        missing: "",
        wrong: "Choose whether line authentication is used.",
    },
    current_password: FieldText {
        label: "Present password",
        help: "Only to switch line authentication off: the present password of this ID.",
        missing: "Enter the present password to switch line authentication off.",
        wrong: "The present password is not right.",
    },
    limit: FieldText {
        label: "Limit",
        help: "Half-width digits, in yen. Leave an ID empty to keep its limit.",
        missing: "",
        wrong: "A limit is a number of yen from 0 to 9,999,999.",
    },
    service: FieldText {
        label: "Service",
        help: "Up to 100 characters, such as deletion of a passport ID",
        missing: "Enter the service.",
        wrong: "Enter up to 100 characters on one line.",
    },
    contact: FieldText {
        label: "How to reach you",
        help: "Phone number or mail address, up to 100 characters.",
        missing: "Enter a phone number or a mail address.",
        wrong: "Enter up to 100 characters on one line.",
    },
    text: FieldText {
        label: "Your question",
        help: "Up to 2,000 characters.",
        missing: "Enter your question.",
        wrong: "Enter up to 2,000 characters, without control characters but line breaks.",
    },
    passport_id_taken: "This passport ID is taken, or was used before. Please enter another one.",
    password_common: "This password is too easy to guess. Please enter another one.",
    password_is_id: "The passport ID or the customer ID cannot be the password.",
    password_short: |least| format!("A password has {least} characters or more."),
    password_differs: "The two passwords differ. Please enter them again.",
    mail_differs: "The two mail addresses differ. Please enter them again.",
    nothing_changed: "Fill in what you would like to change.",
    current_password_wrong: "The present password is not right.",
    show: "Show",
    hide: "Hide",
};

const REGISTER: Register = Register {
    steps: ["Terms", "Applicant", "New ID", "Check", "Received"],
    terms_title: "Agree to the terms",
    terms_lead: "Without your agreement to the terms the service cannot be used.",
    terms: &[
        "The terms of the IP network service and each provider's own terms of use apply to a passport ID.",
        "What is bought with the passport ID and its password is charged with the monthly bill of the line.",
        "Please keep the passport ID and its password safe. What others buy with them after a leak is charged as usual.",
        "What members of the household buy with the ID is charged to the contractor too.",
        "New use may be stopped, for example where a payment cannot be confirmed.",
    ],
    agree: "I agree",
    agree_missing: "Please read the terms and tick “I agree”.",
    applicant_title: "Applicant",
    applicant_lead: "Fill in the required fields and press “Next”.",
    privacy_lead: "This page tells what your personal data are used for.",
    input_title: "New passport ID",
    confirm_title: "Check your registration",
    confirm_lead: "The passport ID will be registered. Please check what you entered and press “Register”. To correct it, press “Back”.",
    button: "Register",
    limit_note: |limit| {
        format!("The ID starts with a limit of {limit} a month. You can change it afterwards.")
    },
    line_authentication_note: "Line authentication starts switched on: the ID signs in from this line only.",
    done_title: "Your registration is received",
    done_lead: "The registration of your passport ID is received.",
    done_mail: "A confirmation is sent to the mail address you entered.",
};

const PASSPORT: PassportDetails = PassportDetails {
    title: "Passport ID",
    limit: "Limit",
    registered_at: "Registered",
    active_from: "Can be used from",
    status: "Status",
    change: "Change",
    delete: "Deleting this ID",
    on: "On",
    off: "Off",
    absent: "Your line does not have it.",
    not_found_title: "No such passport ID",
    not_found: "The ID is not registered on this line, or was deleted.",
};

const CHANGE: Change = Change {
    steps: ["Applicant", "Changes", "Check", "Received"],
    applicant_title: "Change a passport ID: applicant",
    input_title: "Change a passport ID: changes",
    input_lead: "Fill in what you would like to change and press “Next”.",
    keep: "No change",
    off_warning: [
        "Switched off, anybody who knows the ID and its password can use it from outside this line.",
        "What is bought after a leak of ID and password is charged as usual.",
    ],
    confirm_title: "Change a passport ID: check",
    confirm_lead: "The passport ID will be changed. Please check your request and press “Change”. To correct it, press “Back”.",
    button: "Change",
    password_note: "If you go back, please enter the password again.",
    done_title: "Change of a passport ID: received",
    done_lead: "Your request for the change is received.",
    done_mail: "What you requested is sent to your registered mail address.",
};

const LIMITS: Limits = Limits {
    title: "Change the limits",
    lead: "Enter the new limit of each ID you would like to change and press “Next”.",
    used: |used| format!("Used this month: {used}"),
    sum: "Sum of the limits",
    line_limit: "Limit of the line",
    line_limit_note: "The limits of the IDs together may reach the limit of the line and not pass it.",
    over: |sum, limit| {
        format!(
            "The limits come to {sum}, more than the line's limit of {limit}. Please enter limits that come to {limit} or less."
        )
    },
    confirm_title: "Change the limits: check",
    confirm_lead: "The limits will be changed. Please check them and press “Change”. To correct them, press “Back”.",
    warns: |used| {
        format!("{used} is used this month already: nothing more can be bought this month.")
    },
    button: "Change",
    done_title: "Change of the limits: received",
    done_lead: "Your request for the change of the limits is received.",
};

const RESTRICT: Restrict = Restrict {
    title: "Restrict use",
    heading: "Restrict use (it cannot be lifted on these pages)",
    terms_title: "Please agree",
    terms: &[
        "No passport ID can buy anything any more.",
        "All services that were bought are cancelled. The month of the cancellation is charged as with any cancellation.",
        "The restriction holds for the whole line. A single ID cannot be restricted.",
        "No passport ID can be added meanwhile.",
        "Passport IDs are not deleted. They can be used again once it is lifted; the services that were cancelled do not come back.",
        "The restriction cannot be lifted on these pages. Please apply to our desk.",
    ],
    agree: "I agree",
    agree_missing: "Please read this and tick “I agree”.",
    preview_title: "Restrict use: check",
    preview_lead: "Use will be restricted as follows. Press “Restrict” to go on.",
    ends: |count| format!("Services that are cancelled ({count})"),
    ends_none: "No service is cancelled.",
    last_month: |month| format!("charged through {month}"),
    no_return: "You cannot take this back on these pages.",
    still_charged: |month, amount| {
        format!("The charges of {month}, {amount} so far, stay as they are.")
    },
    changed: "What is cancelled, or charged, has changed since the page was opened. Nothing was done. Please check it again.",
    button: "Restrict",
    done_title: "Your request is received",
    done_lead: "All passport IDs are stopped.",
    done_lift: "To have the restriction lifted, please apply to our desk.",
    already_title: "Use is restricted",
    already: "Use of this line is restricted already. Only our desk can lift it.",
};

const DELETION: Deletion = Deletion {
    title: "Deleting a passport ID",
    lead: "A passport ID cannot be deleted online. Please apply with the inquiry form.",
    effects: &[
        "Monthly services that were bought with the ID are cancelled.",
        "The ID can never be used again, by anybody.",
        "What was used before is charged as usual. Past statements stay readable.",
    ],
    open_form: "To the inquiry form",
    prefilled: |id| format!("Deletion of the passport ID “{id}”"),
};

const INQUIRY: Inquiry = Inquiry {
    title: "Inquiry form",
    lead: "We read your inquiry and answer within about 3 business days; some inquiries take longer.",
    no_secrets: "Please do not write passwords or access keys. We never ask for them.",
    button: "Send",
    done_title: "Your inquiry is received",
    done_lead: "We answer within about 3 business days, at the contact you entered; some inquiries take longer.",
    too_many: |most| {
        format!("We take {most} inquiries a day from a line. If it is urgent, please phone us.")
    },
};

const CONTACTS: PortalContacts = PortalContacts {
    title: "Contacts",
    lead: "Ask the provider about a service you bought, and us about your passport ID and payments.",
    providers: "Providers",
    no_providers: "There is no provider to show at present.",
    no_contact: "Please look at the provider's site.",
    ours: "Passport IDs and payment with the line's bill",
    access_key_desk: "Customer ID and access key",
    phone: "Phone",
    site: "Site",
    hours: "Hours",
    services: "Services",
};

const SESSIONS: Sessions = Sessions {
    title: "Sign-ins",
    lead: "Where these pages are open now. If you do not know one of them, sign it out and contact our desk.",
    this_one: "This one",
    opened: |at| format!("Signed in {at}"),
    until: |at| format!("until {at} at most"),
    from: |browser, address| format!("{browser} ({address})"),
    unknown_origin: "Nothing is known of where",
    end_one: "Sign it out",
    end_others: "Sign out everywhere else",
    ended: "Signed out.",
    recent: "Recent sign-ins",
    recent_lead: "The last 20 sign-ins of this line.",
    recent_row: |at, to, from| format!("{at}: {to} ({from})"),
    no_recent: "No sign-in is recorded yet.",
    to_portal: "Service applications",
};

const REFUSAL: PortalRefusal = PortalRefusal {
    title: "This cannot be done",
    nothing_changed: "Nothing was changed.",
    too_many_ids: |most| format!("A line can have {most} passport IDs at most."),
    barred: "No ID can be added while use is restricted.",
    ineligible: "A passport ID cannot be used on your line.",
    taken: "This passport ID is taken, or was used before. Please go back and enter another one.",
    gone: "The ID is not registered on this line, or was deleted.",
    over_line: |sum, limit| {
        format!("The limits come to {sum}, more than the line's limit of {limit}.")
    },
    other: "Your contract has changed, so this cannot go on. Please see your usage.",
    too_often_title: "Please try again later",
    too_often: "You tried too often in a short time, so nothing is taken for a while. Please try again later.",
};
