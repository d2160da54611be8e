//! Reads the text of a type, as far as its values can be written in code that compiles anywhere.

/// Deeper than this nobody nests types.
const DEEPEST: usize = 16;

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    /// A type of the standard library, or one that is built in, by its last name.
    Std(String, Vec<Type>),
    Tuple(Vec<Type>),
    /// With its length, where that is a number.
    Array(Box<Type>, Option<usize>),
    /// Anything else.
    Other,
}

/// Reads a type; what can't be read is [`Type::Other`].
pub(super) fn read(text: &str) -> Type {
    let mut reader = Reader { rest: text };
    let found = reader.read(0);
    if reader.rest.trim_start().is_empty() { found.unwrap_or(Type::Other) } else { Type::Other }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn read(&mut self, depth: usize) -> Option<Type> {
        if depth > DEEPEST {
            return None;
        }
        if self.eat("(") {
            return self.list(")", depth).map(Type::Tuple);
        }
        if self.eat("[") {
            let item = Box::new(self.read(depth + 1)?);
            let length = self.eat(";").then(|| self.word()).flatten()?;
            let length = length.strip_suffix("usize").unwrap_or(length).replace('_', "").parse().ok();
            return self.eat("]").then_some(Type::Array(item, length));
        }
        self.path(depth)
    }

    fn path(&mut self, depth: usize) -> Option<Type> {
        self.eat("::");
        let mut name = self.word()?;
        let foreign = !matches!(name, "std" | "core" | "alloc");
        let mut nested = false;
        while self.eat("::") {
            (name, nested) = (self.word()?, true);
        }
        let arguments = if self.eat("<") { self.list(">", depth)? } else { Vec::new() };
        // Another crate may have its own `Duration`.
        Some(if nested && foreign { Type::Other } else { Type::Std(name.to_owned(), arguments) })
    }

    fn list(&mut self, end: &str, depth: usize) -> Option<Vec<Type>> {
        let mut types = Vec::new();
        while !self.eat(end) {
            types.push(self.read(depth + 1)?);
            if !self.eat(",") {
                return self.eat(end).then_some(types);
            }
        }
        Some(types)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_however_they_are_spaced_and_others_are_known_as_such() {
        let std = |name: &str, arguments| Type::Std(name.to_owned(), arguments);
        let text = || std("String", vec![]);
        assert_eq!(read("Option < Vec < String > >"), std("Option", vec![std("Vec", vec![text()])]));
        assert_eq!(read(":: std :: string :: String"), text());
        assert_eq!(read("(u8, String,)"), Type::Tuple(vec![std("u8", vec![]), text()]));
        assert_eq!(read("[u8 ; 1_6usize]"), Type::Array(Box::new(std("u8", vec![])), Some(16)));
        assert_eq!(read("[u8; N]"), Type::Array(Box::new(std("u8", vec![])), None));
        assert_eq!(read("()"), Type::Tuple(vec![]));
        for other in [
            "chrono :: Duration",
            "& 'static str",
            "Cow<'static, str>",
            "fn() -> u8",
            "[u8]",
            "",
            "Vec<",
            "(u8",
        ] {
            assert_eq!(read(other), Type::Other, "{other}");
        }
        assert_eq!(read(&"Vec<".repeat(100_000)), Type::Other);
    }
}
