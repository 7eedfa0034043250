//! The English pages of running text.

use crate::text::{HelpPage, HelpSection};

/// About errors.
pub const ERRORS: HelpPage = HelpPage {
    title: "About errors",
    lead: "What to check when “Login error” appears. To keep you safe, the page never names the cause.",
    sections: &[
        HelpSection {
            heading: "Check the ID and the password",
            paragraphs: &[
                "What is asked for is your passport ID and its password, not the customer ID (it begins with CAF) or the access key from your opening letter.",
            ],
            items: &[
                "Use half-width characters. In the password, capital and small letters differ.",
                "If you renamed the ID, use the new one. A deleted ID no longer works.",
                "An ID that is still being registered works once it is active.",
            ],
        },
        HelpSection {
            heading: "Check the line you are on",
            paragraphs: &[
                "A passport ID with line authentication logs in only from the line it was issued on, not from a mobile network or a line elsewhere.",
                "You can switch line authentication off on the service application page. Then anyone who learns the ID and the password can use it, and you pay as usual for what they use.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "After several failed attempts",
            paragraphs: &[
                "To stop others from guessing, logins are refused for a while after repeated failures. Please try again after 1 to 15 minutes.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "If it still does not work",
            paragraphs: &[
                "Log in to the service application page with your customer ID and access key to look up the passport ID and change its password, or ask our contact desk.",
            ],
            items: &[],
        },
    ],
};

/// Restriction.
pub const RESTRICTION: HelpPage = HelpPage {
    title: "Restriction and how to lift it",
    lead: "A restriction stops the passport IDs of a line from being used to buy.",
    sections: &[
        HelpSection {
            heading: "What you cannot do while restricted",
            paragraphs: &[],
            items: &[
                "No passport ID of the line can buy. A single ID cannot be restricted alone.",
                "No passport ID can be added.",
                "When the customer asked for the restriction, all services bought before are cancelled.",
            ],
        },
        HelpSection {
            heading: "What you can still do",
            paragraphs: &[],
            items: &[
                "See statements, details and limits, and change details and limits.",
                "The passport IDs are kept and work again once the restriction is lifted.",
            ],
        },
        HelpSection {
            heading: "How to lift it",
            paragraphs: &[
                "Only our contact desk can lift a restriction; the service application page cannot.",
                "Services that were cancelled do not come back. Buy them again to use them.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "A stop by the company",
            paragraphs: &[
                "We may stop new use. You can then still cancel the services that you have. Our contact desk can tell you more.",
            ],
            items: &[],
        },
    ],
};

/// Notes before buying.
pub const NOTES: HelpPage = HelpPage {
    title: "Before you buy",
    lead: "Please read this before you buy a service and pay for it with your line’s bill.",
    sections: &[
        HelpSection {
            heading: "Use",
            paragraphs: &[],
            items: &[
                "Each service is offered by its provider. Its content, quality and terms are in the provider’s terms of use.",
                "Questions and complaints about a service are settled between you and its provider.",
                "Buying many paid services can add up to a high bill.",
                "The same service bought with two passport IDs is charged twice.",
                "A service paid per purchase is charged each time, also when it is bought again at once.",
                "Purchases above the spending limit are not possible.",
                "Charges are added to your line’s monthly bill. When it is due depends on how you pay.",
                "If a bill is not paid when due, or in case of fraud, we may stop new use.",
                "If a bill is unpaid 60 days after it was due, or if we stop collecting a charge, we may tell the provider concerned your name, address, contact telephone, billed telephone, the name of its service and the date of purchase.",
            ],
        },
        HelpSection {
            heading: "Going on using a service",
            paragraphs: &[],
            items: &[
                "Use a service by logging in with the passport ID that bought it, or in the way its provider sets.",
                "A monthly service is charged every month until cancelled, whether or not it is used, and never in part.",
            ],
        },
        HelpSection {
            heading: "Restriction",
            paragraphs: &[],
            items: &[
                "If you ask for a restriction, no passport ID of the line can buy, and all services bought are cancelled.",
                "Only our contact desk can lift it. Cancelled services do not come back.",
            ],
        },
        HelpSection {
            heading: "Cancelling",
            paragraphs: &[],
            items: &[
                "A monthly service is cancelled on its provider’s site, only with the passport ID that bought it.",
                "All months from purchase to cancellation are charged. If you cancel on the 1st of a later month, that month is not charged; if you cancel on the same 1st that you bought, it is.",
                "If a passport ID is deleted or its line ends or moves, the services it bought are cancelled.",
                "A service paid per purchase cannot be cancelled.",
            ],
        },
        HelpSection {
            heading: "Access key",
            paragraphs: &[
                "The access key in your opening letter also opens applications for other services. Keep it safe.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "Password",
            paragraphs: &[
                "Use at least 4 half-width letters and digits, choose something hard to guess, and tell nobody. You pay as usual for what is bought with a leaked ID and password.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "Terms that apply",
            paragraphs: &[
                "The IP network service contract terms (IP通信網サービス契約約款) apply to this payment service, and each provider’s terms of use to its services.",
            ],
            items: &[],
        },
    ],
};

/// Contact.
pub const CONTACT: HelpPage = HelpPage {
    title: "Contact",
    lead: "Whom to ask depends on your question.",
    sections: &[
        HelpSection {
            heading: "What you bought",
            paragraphs: &[
                "Please ask the provider about its service. Its contact is on the order page and on the provider’s site.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "Passport IDs, lifting a restriction, deleting an ID",
            paragraphs: &[
                "In the enquiry form, write the service’s name, how to reach you, and your question. We answer within about 3 business days; some questions take longer.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "Customer ID and access key",
            paragraphs: &["If you lost your opening letter or forgot the access key, please call."],
            items: &[],
        },
        HelpSection {
            heading: "Paying a bill",
            paragraphs: &["Please use the contact printed on the bill."],
            items: &[],
        },
    ],
};

/// Personal data.
pub const PRIVACY: HelpPage = HelpPage {
    title: "How we use personal data",
    lead: "Which personal data this payment service handles, and what for.",
    sections: &[
        HelpSection {
            heading: "What we hold",
            paragraphs: &[
                "Your name, address, telephone numbers, mail address, place of use, billing details, the history of use and payment, and what proves your identity.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "What for",
            paragraphs: &[],
            items: &[
                "To check who you are and your contract, and to register and authenticate passport IDs.",
                "To take purchases and cancellations and to send you their receipts and mails.",
                "To calculate, bill and collect charges.",
                "To answer you and to send important notices.",
                "To prevent fraud and to run and improve the system safely.",
            ],
        },
        HelpSection {
            heading: "What a provider learns",
            paragraphs: &[
                "What you bought from it, and an identifier that means something to that provider alone. It does not learn your passport ID, password, name, contacts, spending limit or purchases elsewhere.",
                "Only if a bill stays unpaid 60 days after it was due, or in similar cases, may it be told your name, address, contact telephone, billed telephone, the name of its own service and the date of purchase.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "After your contract ends",
            paragraphs: &[
                "We handle the data only for the purposes above and only as long as they need.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "Cookies",
            paragraphs: &[
                "Only cookies that a purchase needs are used, none for advertising or tracking.",
            ],
            items: &[],
        },
    ],
};

/// What the pages work with.
pub const ENVIRONMENT: HelpPage = HelpPage {
    title: "Recommended environment",
    lead: "We recommend the following.",
    sections: &[
        HelpSection {
            heading: "Browser",
            paragraphs: &[
                "The latest version of Chrome, Edge, Firefox or Safari, or the one before.",
            ],
            items: &[
                "Please allow cookies. They are used to go on with what you do, and for nothing else.",
                "Everything can be done without JavaScript.",
                "Connections use TLS 1.2 or later.",
            ],
        },
        HelpSection {
            heading: "Screen and input",
            paragraphs: &[
                "Any screen from a phone of 320 pixels in width to a desktop. The pages work by keyboard alone, with large text, with a screen reader and in dark colours.",
            ],
            items: &[],
        },
        HelpSection {
            heading: "Line",
            paragraphs: &[
                "With a passport ID that uses line authentication, please be connected to the line it belongs to. Through a VPN or a proxy you come from another line.",
            ],
            items: &[],
        },
    ],
};
