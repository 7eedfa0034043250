//! Characters that steer how the text around them looks, and are never a part of what somebody means.

/// Whether a character is a control, a separator of lines or paragraphs (U+2028, U+2029), or one of
/// the formatting characters that turn the direction of text round (UAX 9): with these, a reason or a
/// name could look like other words than it holds, or like a line of somebody else's.
pub fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{2028}' | '\u{2029}' | '\u{061C}' | '\u{200E}' | '\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_what_turns_text_round_steer_and_letters_do_not() {
        for steering in ['\n', '\u{7f}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{200f}', '\u{61c}']
        {
            assert!(steers(steering), "{steering:?}");
        }
        // The joiner of letters and the ideographic space are a part of texts.
        for plain in ['a', '\u{3000}', '社', '\u{200d}', 'ﾞ'] {
            assert!(!steers(plain), "{plain:?}");
        }
    }
}
