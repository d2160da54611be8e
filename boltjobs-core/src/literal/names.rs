//! Names as they stand in code.

const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Keywords that can't be names even with `r#`.
const NEVER: &[&str] = &["Self", "_", "crate", "self", "super"];

/// Writes a name, with `r#` where it is a keyword.
pub(super) fn in_code(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// Says whether a text can be a name.
pub(super) fn is_name(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    first && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') && !NEVER.contains(&text)
}

/// Guesses the name of a type from that of its request: `school::Enroll` is `Enroll`, `mail.send` is `MailSend`.
pub(super) fn of_request(request: &str) -> String {
    let last = request.rsplit("::").next().unwrap_or(request);
    let mut name = String::new();
    for word in last.split(|it: char| !it.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    if is_name(&name) { name } else { "Request".to_owned() }
}

/// Names a function as a type is named: `SendMail` is `send_mail`.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_uppercase() && !before.is_uppercase() && before != '_' {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
        before = letter;
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_guessed_from_whatever_a_request_is_called() {
        for (request, name) in [
            ("school::Enroll", "Enroll"),
            ("mail.send", "MailSend"),
            ("a-b_c", "ABC"),
            ("", "Request"),
            ("7.up", "Request"),
            ("self", "Request"),
            ("<script>é", "Script"),
        ] {
            assert_eq!(of_request(request), name, "{request}");
        }
        assert_eq!(
            ["SendMail", "HTTPCall", "A", "send_mail"].map(snake),
            ["send_mail", "httpcall", "a", "send_mail"]
        );
        assert_eq!(["type", "kind", "gen"].map(in_code), ["r#type", "kind", "r#gen"]);
        assert_eq!(
            ["a1", "_a", "type", "é", "1a", "a-b", "", "self", "_"].map(is_name),
            [true, true, true, false, false, false, false, false, false]
        );
    }
}
