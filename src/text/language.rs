//! Which of the two languages a reader gets.

use super::{Texts, en, ja};
pub use crate::domain::language::Language;

impl Language {
    /// The language's name in itself, as the switch shows it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Ja => "日本語",
            Self::En => "English",
        }
    }

    /// The texts of this language.
    pub const fn texts(self) -> &'static Texts {
        match self {
            Self::Ja => &ja::TEXTS,
            Self::En => &en::TEXTS,
        }
    }

    /// Reads one language tag, such as `en-GB`, by its primary subtag alone. `None` for a
    /// language that we do not speak.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.code()))
    }

    /// Reads `ui_locales` of `OpenID` Connect: tags divided by spaces, the most wanted first
    /// (Core 1.0, section 3.1.2.1). `None` when none of them is ours.
    pub fn from_ui_locales(list: &str) -> Option<Self> {
        list.split_ascii_whitespace().find_map(Self::from_tag)
    }

    /// Reads an `Accept-Language` header with its weights (RFC 9110, section 12.5.4). Of equal
    /// weights the earlier wins, `*` means Japanese, weight 0 means "not this one". `None` when
    /// none of them is ours; a weight that cannot be read counts as 0.
    pub fn from_accept_language(header: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for item in header.split(',') {
            let mut parts = item.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let weight = parts.find_map(weight_permille).unwrap_or(1000);
            let language = if tag == "*" { Some(Self::Ja) } else { Self::from_tag(tag) };
            let better = best.is_none_or(|(most, _)| weight > most);
            if let Some(language) = language
                && weight > 0
                && better
            {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// The language of a page: the reader's own choice (`?lang=`) first, then what the provider
    /// asked for (`ui_locales`), then the browser's `Accept-Language`, then Japanese.
    pub fn negotiate(
        chosen: Option<&str>,
        ui_locales: Option<&str>,
        accept_language: Option<&str>,
    ) -> Self {
        chosen
            .and_then(Self::from_tag)
            .or_else(|| ui_locales.and_then(Self::from_ui_locales))
            .or_else(|| accept_language.and_then(Self::from_accept_language))
            .unwrap_or_default()
    }
}

/// The weight of one `;q=` parameter in thousandths; `None` for any other parameter. What is not a
/// number between 0 and 1 is 0, so that it is never preferred to something well written.
fn weight_permille(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let digits_only = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = format!("{fraction:0<3}").parse::<u16>().unwrap_or(0);
    Some(match (whole, digits_only) {
        ("1", true) if thousandths == 0 => 1000,
        ("0", true) => thousandths,
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::Language::{self, En, Ja};

    #[test]
    fn accept_language_is_read_with_its_weights() {
        for (header, expected) in [
            ("ja", Some(Ja)),
            ("en-US,en;q=0.9,ja;q=0.8", Some(En)),
            ("en;q=0.5, ja;q=0.8", Some(Ja)),
            ("fr-FR, en;q=0.3", Some(En)),
            ("fr, de;q=0.9", None),
            ("en;q=0, ja;q=0.1", Some(Ja)),
            ("en;q=0", None),
            ("*", Some(Ja)),
            ("en;q=1.0, *;q=0.5", Some(En)),
            ("en;q=7, ja;q=0.1", Some(Ja)),
            ("EN;Q=0.7, ja ; q=0.6", Some(En)),
            ("en;level=1;q=0.2, ja;q=0.4", Some(Ja)),
            ("", None),
            (";;;,,,q=", None),
        ] {
            assert_eq!(Language::from_accept_language(header), expected, "{header:?}");
        }
    }

    #[test]
    fn the_readers_choice_wins_then_the_provider_then_the_browser() {
        for (chosen, ui_locales, accept, expected) in [
            (Some("en"), Some("ja"), Some("ja"), En),
            (Some("xx"), Some("fr en-GB ja"), Some("ja"), En),
            (None, Some("fr"), Some("en"), En),
            (None, None, Some("fr"), Ja),
            (None, None, None, Ja),
        ] {
            let language = Language::negotiate(chosen, ui_locales, accept);
            assert_eq!(language, expected, "{chosen:?} {ui_locales:?} {accept:?}");
        }
    }
}
