//! The shop's pages: what each of them shows, and the templates that show it.

use askama::Template;

use super::ShopConfig;
use super::error::ShopError;
use super::memory::Purchase;
use super::oidc::CancellationReceipt;
use super::text::{self, Lang, Price, Text};

/// The stylesheet, the only other file of the site.
pub const CSS: &str = include_str!("shop.css");

/// What may be paid, in yen, where the price is set at each purchase.
pub const CHOICES_YEN: [u64; 3] = [100, 500, 1_000];

/// How many pictures there are for cards.
const PICTURES: usize = 4;

/// What every page needs.
pub struct Page {
    /// The page's language.
    pub lang: Lang,
    /// Where the language switch leads; nothing on pages whose address must not be built again.
    pub switch: Option<String>,
}

/// `/`: a shelf for each provider.
#[derive(Template)]
#[template(path = "shelves.html", config = "src/cli/demo/shop/askama.toml")]
pub struct Shelves {
    pub page: Page,
    pub t: &'static Text,
    pub providers: Vec<Shelf>,
}

/// One provider's items.
pub struct Shelf {
    pub name: String,
    pub login_href: String,
    pub cards: Vec<Card>,
}

/// One item.
pub struct Card {
    pub id: String,
    pub name: String,
    pub description: String,
    pub price: Price,
    pub buy: Buy,
    pub art: usize,
}

/// How an item is bought.
pub enum Buy {
    /// At its price.
    Fixed(String),
    /// At one of a few amounts.
    Chosen(Vec<Choice>),
}

/// One of a few amounts.
pub struct Choice {
    pub href: String,
    pub label: String,
}

/// After a purchase.
#[derive(Template)]
#[template(path = "thanks.html", config = "src/cli/demo/shop/askama.toml")]
pub struct Thanks {
    pub page: Page,
    pub t: &'static Text,
    pub slip: Slip,
}

/// After a cancellation.
#[derive(Template)]
#[template(path = "cancelled.html", config = "src/cli/demo/shop/askama.toml")]
pub struct Cancelled {
    pub page: Page,
    pub t: &'static Text,
    pub receipt_number: String,
    pub item: String,
    pub provider: String,
    pub contract: String,
    pub completed_at: String,
    pub last_charge: String,
    pub reference: String,
}

/// After a login.
#[derive(Template)]
#[template(path = "login.html", config = "src/cli/demo/shop/askama.toml")]
pub struct LoggedIn {
    pub page: Page,
    pub t: &'static Text,
    pub provider: String,
    pub sub: String,
    pub acr: Option<String>,
    pub recognised: String,
}

/// `/my`: what this browser bought.
#[derive(Template)]
#[template(path = "mine.html", config = "src/cli/demo/shop/askama.toml")]
pub struct Mine {
    pub page: Page,
    pub t: &'static Text,
    pub slips: Vec<Slip>,
}

/// When a flow did not end with a delivery.
#[derive(Template)]
#[template(path = "problem.html", config = "src/cli/demo/shop/askama.toml")]
pub struct Problem {
    pub page: Page,
    pub t: &'static Text,
    pub title: &'static str,
    pub sentence: &'static str,
    pub again: Option<String>,
    pub details: Option<String>,
}

/// A receipt, ready to be read.
pub struct Slip {
    pub receipt_number: String,
    pub item: String,
    pub provider: String,
    pub price: Price,
    pub completed_at: String,
    pub contract: Option<String>,
    pub first_charge: Option<String>,
    /// Once it was cancelled.
    pub last_charge: Option<String>,
    /// While it can be cancelled.
    pub cancel_href: Option<String>,
    pub reference: String,
    pub art: usize,
}

impl Shelves {
    /// Everything that is for sale.
    pub fn new(page: Page, config: &ShopConfig) -> Self {
        let shelves = config.providers.iter().map(|provider| Shelf {
            name: provider.name.clone(),
            login_href: format!("/login/{}", encode(&provider.client_id)),
            cards: cards(page.lang, config, &provider.client_id),
        });
        let providers = shelves.collect();
        Self { t: page.lang.text(), page, providers }
    }
}

/// The cards of one shelf. An item's picture depends on its place in the shop, so that neighbours
/// differ.
fn cards(lang: Lang, config: &ShopConfig, client_id: &str) -> Vec<Card> {
    let all = config.providers.iter().flat_map(|provider| {
        provider.services.iter().map(move |service| (&provider.client_id, service))
    });
    let shown = all.enumerate().filter(|(_, (owner, service))| {
        *owner == client_id && !(service.monthly && service.unit_price_yen.is_none())
    });
    let card = |(place, (_, service)): (usize, (&String, &super::ShopService))| {
        let href = format!("/buy/{}/{}", encode(client_id), encode(&service.service));
        let choice =
            |yen: u64| Choice { href: format!("{href}?amount={yen}"), label: text::yen(lang, yen) };
        Card {
            id: format!("item-{place}"),
            name: service.name.clone(),
            description: service.description.clone(),
            price: text::price(lang, service.monthly, service.unit_price_yen),
            buy: match service.unit_price_yen {
                Some(_) => Buy::Fixed(href.clone()),
                None => Buy::Chosen(CHOICES_YEN.map(choice).into()),
            },
            art: place % PICTURES,
        }
    };
    shown.map(card).collect()
}

impl Thanks {
    /// The page for a purchase.
    pub fn new(page: Page, config: &ShopConfig, purchase: &Purchase) -> Self {
        let slip = Slip::new(page.lang, config, purchase);
        Self { t: page.lang.text(), page, slip }
    }
}

impl Mine {
    /// The page for what a browser bought.
    pub fn new(page: Page, config: &ShopConfig, purchases: &[Purchase]) -> Self {
        let slips = purchases.iter().map(|one| Slip::new(page.lang, config, one)).collect();
        Self { t: page.lang.text(), page, slips }
    }
}

impl Cancelled {
    /// The page for a cancellation of what was bought.
    pub fn new(page: Page, bought: &Purchase, receipt: &CancellationReceipt) -> Self {
        Self {
            t: page.lang.text(),
            receipt_number: text::by_four(&receipt.receipt_number),
            item: bought.item.clone(),
            provider: bought.provider.clone(),
            contract: receipt.contract.clone(),
            completed_at: text::instant(page.lang, &receipt.completed_at),
            last_charge: text::month(page.lang, &receipt.last_charge_month),
            reference: receipt.reference.clone(),
            page,
        }
    }
}

impl LoggedIn {
    /// The page for a login. A part of `sub` is enough to see that it stays the same.
    pub fn new(page: Page, provider: &str, sub: &str, acr: Option<&str>) -> Self {
        let beginning: String = sub.chars().take(8).collect();
        Self {
            t: page.lang.text(),
            provider: provider.to_owned(),
            sub: format!("{beginning}…"),
            acr: acr.map(str::to_owned),
            recognised: text::recognised(page.lang, acr).to_owned(),
            page,
        }
    }
}

impl Problem {
    /// The page for an error. `again` leads to the same order, where that is of use.
    pub fn new(page: Page, error: &ShopError, again: Option<String>) -> Self {
        let (title, sentence) = text::explain(page.lang, error);
        let details = match error {
            ShopError::TurnedBack | ShopError::NotCancelled | ShopError::NoSuchItem => None,
            ShopError::Refused { description: Some(description), .. } => {
                Some(format!("{error}: {description}"))
            }
            _ => Some(error.to_string()),
        };
        Self { t: page.lang.text(), page, title, sentence, again, details }
    }
}

impl Slip {
    fn new(lang: Lang, config: &ShopConfig, purchase: &Purchase) -> Self {
        let receipt = &purchase.receipt;
        let monthly = receipt.contract.is_some();
        let services = config.providers.iter().flat_map(|provider| &provider.services);
        let ended = purchase.cancelled.as_ref();
        let running = receipt.contract.as_deref().filter(|_| ended.is_none());
        let place = services.clone().position(|service| service.service == receipt.service);
        Self {
            receipt_number: text::by_four(&receipt.receipt_number),
            item: purchase.item.clone(),
            provider: purchase.provider.clone(),
            price: text::price(lang, monthly, Some(receipt.amount)),
            completed_at: text::instant(lang, &receipt.completed_at),
            contract: receipt.contract.clone(),
            first_charge: receipt.first_charge_month.as_deref().map(|m| text::month(lang, m)),
            last_charge: ended.map(|ended| text::month(lang, &ended.last_charge_month)),
            cancel_href: running.map(|contract| format!("/cancel/{}", encode(contract))),
            reference: receipt.reference.clone(),
            art: place.unwrap_or_default() % PICTURES,
        }
    }
}

/// One segment of a path.
fn encode(segment: &str) -> String {
    // Form encoding writes a space as `+`, which a path would keep as it is.
    let form: String = url::form_urlencoded::byte_serialize(segment.as_bytes()).collect();
    form.replace('+', "%20")
}
