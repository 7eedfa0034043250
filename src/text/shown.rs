//! Names that others wrote, made safe to show.

use std::fmt;

/// No name that means well is longer; the rest is cut with `…`.
const MAX_CHARACTERS: usize = 120;

/// A name or a description that a provider or a household wrote, made safe to show on a page, in
/// a mail or on a terminal (checks/security.md 47, 48).
///
/// Control characters, bidi controls and characters without width are gone, line breaks are
/// spaces, and what is overlong is cut. Escaping for HTML stays the template's duty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownName(String);

impl ShownName {
    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for ShownName {
    fn from(written: &str) -> Self {
        let visible: String = written
            .chars()
            .filter_map(|character| match character {
                '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{0085}' => Some(' '),
                other if is_invisible(other) => None,
                other => Some(other),
            })
            // Enough to cut from below; the rest of an overlong name is never looked at.
            .take(MAX_CHARACTERS * 4)
            .collect();
        let mut name = visible.split(' ').filter(|word| !word.is_empty()).fold(
            String::new(),
            |mut name, word| {
                if !name.is_empty() {
                    name.push(' ');
                }
                name.push_str(word);
                name
            },
        );
        if let Some((cut, _)) = name.char_indices().nth(MAX_CHARACTERS) {
            name.truncate(cut);
            name.push('…');
        }
        Self(name)
    }
}

impl From<String> for ShownName {
    fn from(written: String) -> Self {
        Self::from(written.as_str())
    }
}

impl fmt::Display for ShownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text of several lines that a household wrote, whole, for a terminal or a mail: what could hide or turn
/// round the text beside it is gone, line feeds stay.
pub fn plain_text(written: &str) -> String {
    written.chars().filter(|character| *character == '\n' || !is_invisible(*character)).collect()
}

/// Whether a character could hide or turn round what stands beside it: controls, bidi controls
/// (UAX 9), characters without width, tags, and blanks that look like letters.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}'
            | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::{MAX_CHARACTERS, ShownName, plain_text};

    #[test]
    fn what_hides_or_turns_text_is_gone() {
        for (written, shown) in [
            ("名作アニメ1", "名作アニメ1"),
            ("A\u{202E}moc.live\u{202C}社", "Amoc.live社"),
            ("安\u{200B}心\u{FEFF}\u{2066}", "安心"),
            ("一行目\r\n二行目\u{2028}三", "一行目 二行目 三"),
            ("  a \t b  ", "a b"),
            ("\u{1b}[31mred\u{7}", "[31mred"),
            ("tag\u{E0041}", "tag"),
            ("<b>&\"'", "<b>&\"'"),
            ("\u{200B}\u{3164}", ""),
        ] {
            assert_eq!(ShownName::from(written).as_str(), shown, "{written:?}");
        }
    }

    #[test]
    fn a_text_keeps_its_lines_and_nothing_that_steers_a_terminal() {
        let written = "一行目\r\n\u{1b}[2J二\u{202e}行\u{200b}目\u{9b}";
        assert_eq!(plain_text(written), "一行目\n[2J二行目");
    }

    #[test]
    fn an_overlong_name_is_cut_at_a_character() {
        let shown = ShownName::from("あ".repeat(10_240));
        assert_eq!(shown.as_str().chars().count(), MAX_CHARACTERS + 1);
        assert!(shown.as_str().ends_with('…'));
    }
}
