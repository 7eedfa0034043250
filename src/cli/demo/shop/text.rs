//! The shop's words, Japanese and English. One struct for both, so that none can be missing.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::error::ShopError;

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// 日本語, where nothing else is asked for.
    Ja,
    /// English.
    En,
}

impl Lang {
    /// The code in `lang` attributes, `ui_locales` and the cookie.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// The one of the two that this is not.
    pub fn other(self) -> Self {
        match self {
            Self::Ja => Self::En,
            Self::En => Self::Ja,
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "ja" => Some(Self::Ja),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The language of the two that a browser likes better (RFC 9110 section 12.5.4); Japanese when
    /// it says nothing about either.
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = (Self::Ja, 0.0);
        for range in header.split(',') {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let quality = parts.find_map(|part| part.trim().strip_prefix("q="));
            let quality = quality.map_or(1.0, |q| q.parse().unwrap_or(0.0));
            let lang = tag.split('-').next().and_then(Self::from_code);
            if let Some(lang) = lang.filter(|_| quality > best.1) {
                best = (lang, quality);
            }
        }
        best.0
    }

    /// The words in this language.
    pub fn text(self) -> &'static Text {
        match self {
            Self::Ja => &JA,
            Self::En => &EN,
        }
    }
}

/// Every fixed sentence of the pages.
pub struct Text {
    pub shop: &'static str,
    pub tagline: &'static str,
    pub sample: &'static str,
    pub skip: &'static str,
    pub shelf: &'static str,
    pub mine: &'static str,
    pub other_lang: &'static str,
    pub welcome: &'static str,
    pub how: &'static str,
    pub steps: [&'static str; 3],
    pub sold_by: &'static str,
    pub log_in: &'static str,
    pub buy: &'static str,
    pub choose_amount: &'static str,
    pub monthly_tag: &'static str,
    pub per_use_tag: &'static str,
    pub own_amount: &'static str,
    pub thanks: &'static str,
    pub thanks_lead: &'static str,
    pub delivered: &'static str,
    pub deliver_monthly: &'static str,
    pub deliver_per_use: &'static str,
    pub nothing_plays: &'static str,
    pub receipt: &'static str,
    pub receipt_number: &'static str,
    pub item: &'static str,
    pub price: &'static str,
    pub completed_at: &'static str,
    pub contract: &'static str,
    pub first_charge: &'static str,
    pub reference: &'static str,
    pub cancel: &'static str,
    pub cancelled: &'static str,
    pub cancelled_lead: &'static str,
    pub cancelled_at: &'static str,
    pub last_charge: &'static str,
    pub logged_in: &'static str,
    pub logged_in_lead: &'static str,
    pub sub: &'static str,
    pub recognised: &'static str,
    pub mine_empty: &'static str,
    pub mine_note: &'static str,
    pub back: &'static str,
    pub ask_again: &'static str,
    pub ask_again_note: &'static str,
    pub details: &'static str,
}

static JA: Text = Text {
    shop: "こもれび館",
    tagline: "映像とおたのしみの店",
    sample: "ここは見本のお店です。商品も請求も本物ではありません。",
    skip: "本文へ",
    shelf: "商品の棚",
    mine: "購入履歴",
    other_lang: "English",
    welcome: "今日の楽しみを、ひとつ。",
    how: "お支払いの流れ",
    steps: ["商品をえらぶ", "フレッツ・パスポートIDでログインして購入", "この店にもどって受け取る"],
    sold_by: "提供",
    log_in: "フレッツ・パスポートIDでログイン",
    buy: "フレッツ・まとめて支払いで購入",
    choose_amount: "金額を選んで、フレッツ・まとめて支払いで購入",
    monthly_tag: "月額",
    per_use_tag: "ご購入都度",
    own_amount: "金額をえらべます",
    thanks: "ご購入ありがとうございます",
    thanks_lead: "お支払いは、回線の月々のご請求とまとめて行われます。",
    delivered: "お届けした商品",
    deliver_monthly: "ただいまからご利用いただけます。解約されるまで毎月つづきます。",
    deliver_per_use: "ただいまからお楽しみいただけます。",
    nothing_plays: "見本のため、実際に再生される作品はありません。",
    receipt: "お申込みの控え",
    receipt_number: "申込受付番号",
    item: "商品",
    price: "金額",
    completed_at: "お申込み日時",
    contract: "契約番号",
    first_charge: "ご請求の開始月",
    reference: "当店の注文番号",
    cancel: "解約する",
    cancelled: "解約のお申込みが完了しました",
    cancelled_lead: "最終課金月のあとは、料金はかかりません。",
    cancelled_at: "解約のお申込み日時",
    last_charge: "最終課金月",
    logged_in: "ログインしました",
    logged_in_lead: "当店には、次のことだけが伝えられました。お名前やIDそのものは伝わりません。",
    sub: "お客さまの符号",
    recognised: "確認の方法",
    mine_empty: "まだ購入された商品はありません。",
    mine_note: "このブラウザーでのご購入を、見本が動いているあいだだけ覚えています。",
    back: "商品の棚へもどる",
    ask_again: "この注文をもう一度確かめる",
    ask_again_note: "同じ注文番号で確かめるので、二重に請求されることはありません。",
    details: "くわしい内容",
};

static EN: Text = Text {
    shop: "Komorebi-kan",
    tagline: "films and small pleasures",
    sample: "This is a sample shop. Neither its goods nor its charges are real.",
    skip: "Skip to content",
    shelf: "Shelves",
    mine: "Your purchases",
    other_lang: "日本語",
    welcome: "One small pleasure for today.",
    how: "How you pay",
    steps: [
        "Choose an item",
        "Log in with your passport ID and buy",
        "Come back here and enjoy it",
    ],
    sold_by: "Sold by",
    log_in: "Log in with your passport ID",
    buy: "Buy and pay with your line’s bill",
    choose_amount: "Choose an amount and pay with your line’s bill",
    monthly_tag: "monthly",
    per_use_tag: "per purchase",
    own_amount: "you choose the amount",
    thanks: "Thank you for your purchase",
    thanks_lead: "You pay with the monthly bill of your line.",
    delivered: "Delivered to you",
    deliver_monthly: "It is yours from now on, month by month, until you cancel it.",
    deliver_per_use: "It is yours to enjoy from now on.",
    nothing_plays: "This is a sample: there is no real work to play.",
    receipt: "Your receipt",
    receipt_number: "Receipt number",
    item: "Item",
    price: "Amount",
    completed_at: "Bought at",
    contract: "Contract",
    first_charge: "Charged from",
    reference: "Our order number",
    cancel: "Cancel",
    cancelled: "Your cancellation is complete",
    cancelled_lead: "Nothing is charged after the last month below.",
    cancelled_at: "Cancelled at",
    last_charge: "Last month charged",
    logged_in: "You are logged in",
    logged_in_lead: "This is all that the shop was told: neither your name nor your passport ID.",
    sub: "The sign that stands for you",
    recognised: "How you were recognised",
    mine_empty: "You have bought nothing yet.",
    mine_note: "Purchases of this browser, remembered while the sample is running.",
    back: "Back to the shelves",
    ask_again: "Check this order again",
    ask_again_note: "It is checked under the same order number, so you are never charged twice.",
    details: "Details",
};

/// A price in the three parts that a page sets in different sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Before the figure, e.g. `月額`.
    pub lead: &'static str,
    /// The figure, or the words in its place.
    pub figure: String,
    /// After the figure, e.g. `円(税込)`.
    pub unit: &'static str,
}

/// `月額 525円(税込)`, `ご購入都度 300円(税込)`; without an amount, that it is to be chosen.
pub fn price(lang: Lang, monthly: bool, amount_yen: Option<u64>) -> Price {
    let text = lang.text();
    let lead = if monthly { text.monthly_tag } else { text.per_use_tag };
    let Some(amount) = amount_yen else {
        return Price { lead, figure: text.own_amount.to_owned(), unit: "" };
    };
    match (lang, monthly) {
        (Lang::Ja, _) => Price { lead, figure: grouped(amount), unit: "円(税込)" },
        (Lang::En, true) => {
            Price { lead: "", figure: yen(lang, amount), unit: " a month (tax included)" }
        }
        (Lang::En, false) => {
            Price { lead: "", figure: yen(lang, amount), unit: " per purchase (tax included)" }
        }
    }
}

/// `1,000円` or `¥1,000`.
pub fn yen(lang: Lang, amount_yen: u64) -> String {
    match lang {
        Lang::Ja => format!("{}円", grouped(amount_yen)),
        Lang::En => format!("¥{}", grouped(amount_yen)),
    }
}

/// Digits by three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A receipt number by four, as it is read out on the telephone.
pub fn by_four(number: &str) -> String {
    let chars: Vec<char> = number.chars().collect();
    chars.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

/// An RFC 3339 instant in Japan time; what cannot be read is shown as it came.
pub fn instant(lang: Lang, rfc3339: &str) -> String {
    let format = match lang {
        Lang::Ja => "%Y年%-m月%-d日 %H:%M",
        Lang::En => "%-d %b %Y %H:%M (JST)",
    };
    let Ok(instant) = rfc3339.parse::<Timestamp>() else { return rfc3339.to_owned() };
    let japan = TimeZone::fixed(Offset::constant(9));
    instant.to_zoned_datetime(japan).strftime(format).to_string()
}

/// `2026-11` as a month; what cannot be read is shown as it came.
pub fn month(lang: Lang, year_month: &str) -> String {
    let Ok(day) = format!("{year_month}-01").parse::<jiff::civil::Date>() else {
        return year_month.to_owned();
    };
    let format = match lang {
        Lang::Ja => "%Y年%-m月",
        Lang::En => "%B %Y",
    };
    day.strftime(format).to_string()
}

/// How the household was recognised, in words.
pub fn recognised(lang: Lang, acr: Option<&str>) -> &str {
    match (acr, lang) {
        (Some("urn:linepass:acr:line"), Lang::Ja) => "パスワードと、ご自宅の回線",
        (Some("urn:linepass:acr:line"), Lang::En) => "by password and by your own line",
        (Some("urn:linepass:acr:password"), Lang::Ja) => "パスワード",
        (Some("urn:linepass:acr:password"), Lang::En) => "by password",
        (Some(other), _) => other,
        (None, Lang::Ja) => "伝えられていません",
        (None, Lang::En) => "not told",
    }
}

/// Title and sentence for a flow that did not end with a delivery.
pub fn explain(lang: Lang, error: &ShopError) -> (&'static str, &'static str) {
    match lang {
        Lang::Ja => explain_ja(error),
        Lang::En => explain_en(error),
    }
}

fn explain_ja(error: &ShopError) -> (&'static str, &'static str) {
    match error {
        ShopError::NoSuchItem => ("見つかりません", "その商品やページは、この店にはありません。"),
        ShopError::TurnedBack => (
            "購入は完了していません",
            "お手続きの途中でもどられたか、お申込みを受け付けられませんでした。\
             料金は、購入が完了したときにだけかかります。",
        ),
        ShopError::NotCancelled => (
            "解約は完了していません",
            "お手続きの途中でもどられたか、お申込みを受け付けられませんでした。\
             解約が完了したときは、申込受付番号をお見せします。",
        ),
        ShopError::Maintenance => (
            "ただいまお支払いをご利用いただけません",
            "お支払いのサービスがメンテナンス中です。しばらくしてから、もう一度お試しください。",
        ),
        ShopError::Unreachable(_) => (
            "お支払いのサービスにつながりません",
            "お支払いのサービスから返事がありません。しばらくしてから、もう一度お試しください。",
        ),
        ShopError::Refused { .. } => (
            "お支払いのサービスが受け付けませんでした",
            "ご注文の内容か当店の登録に、お支払いのサービスが受け付けないものがありました。",
        ),
        ShopError::OtherIssuer => (
            "お支払いのサービスを確かめられません",
            "つながった相手が、当店の契約しているサービスではありませんでした。",
        ),
        ShopError::Callback(_) => (
            "お手続きのつづきが分かりません",
            "このページは、いまお使いのブラウザーで始めたお手続きのつづきではありません。\
             商品の棚から、もう一度お始めください。",
        ),
        ShopError::IdToken(_) => (
            "ログインの証明を確かめられません",
            "お支払いのサービスから届いた証明を確かめられなかったため、商品をお渡ししていません。",
        ),
        ShopError::Receipt(_) => (
            "控えが注文と一致しません",
            "届いた控えがご注文の内容と違うため、商品をお渡ししていません。",
        ),
        ShopError::Internal => {
            ("お店の不具合です", "お店の内部で問題が起きました。もう一度お試しください。")
        }
    }
}

fn explain_en(error: &ShopError) -> (&'static str, &'static str) {
    match error {
        ShopError::NoSuchItem => ("Not found", "This shop has no such item or page."),
        ShopError::TurnedBack => (
            "The purchase was not completed",
            "You turned back on the way, or the purchase could not be accepted. Only a completed \
             purchase is charged.",
        ),
        ShopError::NotCancelled => (
            "The cancellation was not completed",
            "You turned back on the way, or the cancellation could not be accepted. A completed \
             one shows its receipt number.",
        ),
        ShopError::Maintenance => (
            "You cannot pay at the moment",
            "The payment service is under maintenance. Please try again later.",
        ),
        ShopError::Unreachable(_) => (
            "The payment service cannot be reached",
            "The payment service gave no answer. Please try again later.",
        ),
        ShopError::Refused { .. } => (
            "The payment service did not accept this",
            "It refused something in the order, or in how this shop is registered.",
        ),
        ShopError::OtherIssuer => (
            "The payment service could not be verified",
            "What answered is not the service that this shop has an agreement with.",
        ),
        ShopError::Callback(_) => (
            "We cannot tell where you were",
            "This page does not continue anything that this browser began. Please start again \
             from the shelves.",
        ),
        ShopError::IdToken(_) => (
            "The proof of your login could not be verified",
            "The proof that the payment service sent did not pass, so nothing was delivered.",
        ),
        ShopError::Receipt(_) => (
            "The receipt does not match the order",
            "The receipt that came differs from what you ordered, so nothing was delivered.",
        ),
        ShopError::Internal => {
            ("Something broke in this shop", "Something went wrong on our side. Please try again.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_follows_the_browser_and_is_japanese_otherwise() {
        let table = [
            ("", Lang::Ja),
            ("fr,de;q=0.5", Lang::Ja),
            ("en-GB,en;q=0.9,ja;q=0.8", Lang::En),
            ("ja,en;q=0.9", Lang::Ja),
            ("en;q=0.2,ja-JP;q=0.7", Lang::Ja),
            ("en;q=nonsense", Lang::Ja),
        ];
        for (header, expected) in table {
            assert_eq!(Lang::from_accept_language(header), expected, "{header}");
        }
    }

    #[test]
    fn prices_read_as_the_guide_writes_them() {
        let line = |price: Price| format!("{} {}{}", price.lead, price.figure, price.unit);
        assert_eq!(line(price(Lang::Ja, true, Some(525))), "月額 525円(税込)");
        assert_eq!(line(price(Lang::Ja, false, Some(1_300))), "ご購入都度 1,300円(税込)");
        assert_eq!(yen(Lang::En, 9_999_999), "¥9,999,999");
        assert_eq!(yen(Lang::Ja, 0), "0円");
    }

    #[test]
    fn instants_are_shown_in_japan_time_and_nonsense_as_it_came() {
        assert_eq!(instant(Lang::Ja, "2026-11-23T12:00:00Z"), "2026年11月23日 21:00");
        assert_eq!(instant(Lang::En, "2026-11-23T21:00:00+09:00"), "23 Nov 2026 21:00 (JST)");
        assert_eq!(instant(Lang::Ja, "<soon>"), "<soon>");
        assert_eq!(month(Lang::Ja, "2026-11"), "2026年11月");
        assert_eq!(month(Lang::Ja, "2026-13"), "2026-13");
        assert_eq!(by_four("100000000016"), "1000 0000 0016");
    }
}
