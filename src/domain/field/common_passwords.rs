//! Passwords that everybody guesses first, the guide's own example among them.

/// Whether a password is on the list, without regard to case.
pub(super) fn contains(typed: &str) -> bool {
    let lower = typed.to_ascii_lowercase();
    is_run_or_repeat(lower.as_bytes()) || LIST.binary_search(&lower.as_str()).is_ok()
}

/// `1111`, `1234`, `dcba`: one character over and over, or neighbours in a row. A rule
/// instead of a list, since every length of them is equally easy.
fn is_run_or_repeat(bytes: &[u8]) -> bool {
    [0i16, 1, -1].iter().any(|step| {
        bytes.windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == *step)
    })
}

/// Sorted, small letters. The short ones matter most here: the guide allows four characters.
const LIST: &[&str] = &[
    "000000", "0123", "07734", "1004", "102030", "1122", "112233", "1212", "121212", "123123",
    "123123123", "123321", "12344321", "1234567890", "1234abcd", "1234qwer", "123abc", "123qwe",
    "1313", "131313", "1357", "147258", "147258369", "159357", "159753", "18atcskd2w", "1a2b3c",
    "1q2w", "1q2w3e", "1q2w3e4r", "1q2w3e4r5t", "1qaz", "1qaz2wsx", "1qazxsw2", "1x2y", "2000",
    "2001", "2020", "2024", "2025", "2026", "232323", "2468", "3rjs1la7qe", "4545", "4649", "5150",
    "5201314", "555777", "5683", "6969", "696969", "741852", "741852963", "753951", "7777777",
    "789456", "789456123", "8520", "852456", "8675309", "987654321", "9876543210", "a123",
    "a1234", "a12345", "a123456", "a123456789", "a1b2c3", "a1b2c3d4", "aa1234", "aa123456", "abab",
    "abc1", "abc12", "abc123", "abc1234", "abc12345", "abcd1234", "access", "access14", "admin",
    "admin1", "admin123", "administrator", "adobe123", "aiueo", "akari", "akira", "alex",
    "alexander", "amanda", "america", "andrea", "andrew", "angel", "angel1", "angels", "anime",
    "anna", "anthony", "apple", "arsenal", "asd123", "asdf", "asdf1234", "asdfasdf", "asdfg",
    "asdfgh", "asdfghjkl", "ashley", "ayumi", "azerty", "baby", "babygirl", "bailey", "banana",
    "barcelona", "baseball", "basketball", "batman", "bigdaddy", "blue", "bond007", "boomer",
    "brandon", "buster", "butterfly", "cameron", "changeme", "charlie", "cheese", "chelsea",
    "chicken", "chihiro", "chocolate", "computer", "cookie", "daichi", "daisuke", "daniel",
    "default", "demo", "diamond", "doraemon", "dragon", "dragon1", "eagles", "family", "ferrari",
    "flets", "flower", "football", "football1", "freedom", "friends", "fuck", "fuckyou",
    "fuckyou1", "fujiwara", "george", "ginger", "golfer", "google", "guest", "guitar", "hana",
    "hanako", "hannah", "happy", "harley", "haruka", "hello", "hello1", "hello123", "hikari",
    "hiroshi", "hockey", "hogehoge", "hunter", "iloveu", "iloveyou", "iloveyou1", "jackson",
    "jasmine", "jason", "jennifer", "jessica", "jessie", "jordan", "jordan23", "joseph", "joshua",
    "junior", "justin", "kazuki", "kenji", "kenta", "killer", "killer1", "kinniku", "konnichiwa",
    "lakers", "letmein", "linepass", "liverpool", "login", "london", "love", "lovely", "loveme",
    "maggie", "makoto", "manager", "marina", "martin", "master", "master1", "matthew", "melissa",
    "mercedes", "merlin", "metallica", "michael", "michelle", "mickey", "misaki", "monkey",
    "monkey1", "monster", "mother", "mustang", "mynoob", "naruto", "natsumi", "nicole", "nintendo",
    "ntt1", "nttwest", "okinawa", "orange", "osaka", "p@ssw0rd", "p@ssword", "pass", "pass1",
    "pass123", "pass1234", "passport", "passw0rd", "password", "password!", "password1",
    "password12", "password123", "password1234", "patrick", "pepper", "phoenix", "pikachu",
    "pokemon", "princess", "purple", "q1w2", "q1w2e3", "q1w2e3r4", "qazwsx", "qazwsxedc", "qwer",
    "qwer1234", "qwert", "qwerty", "qwerty1", "qwerty12", "qwerty123", "qwertyuiop", "rainbow",
    "ranger", "richard", "robert", "root", "sakura", "sakura1", "samantha", "samsung", "samurai",
    "satoshi", "scooter", "secret", "service", "shadow", "shadow1", "shinji", "shota", "silver",
    "soccer", "sophie", "spiderman", "starwars", "summer", "sunshine", "superman", "suzuki",
    "taiyou", "takahashi", "takashi", "takuya", "tanaka", "taro", "tarou", "taylor", "teddy",
    "test", "test1", "test12", "test123", "test1234", "testtest", "thomas", "thunder", "tigger",
    "tokyo", "toyota", "trustno1", "tsubasa", "unknown", "user", "welcome", "welcome1", "whatever",
    "william", "winner", "yamada", "yamamoto", "yankees", "yellow", "yuki", "yukiko", "yuta",
    "zaq12wsx", "zaq1zaq1", "zxcv", "zxcvbn", "zxcvbnm",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(LIST.is_sorted());
    }

    #[test]
    fn the_guides_example_and_its_kin_are_common_r_088() {
        for typed in ["1234", "4321", "1111", "abcd", "AAAA", "password", "Sakura", "123456789"] {
            assert!(contains(typed), "{typed}");
        }
        for typed in ["q7mz", "1243", "abdc"] {
            assert!(!contains(typed), "{typed}");
        }
    }
}
