//! Puts code on lines, much as rustfmt does with its defaults.

/// The most characters of a line.
const LINE: usize = 100;

/// Items up to this length share lines in a list that does not fit on one.
const SHORT: usize = 10;

/// A piece of code that knows how long it is on one line.
#[derive(Debug)]
pub(super) struct Piece {
    code: Code,
    length: usize,
}

#[derive(Debug)]
enum Code {
    Text(String),
    Chain(Vec<Piece>),
    List { brackets: Brackets, items: Vec<Piece> },
}

/// What stands around a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brackets {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// The most characters of its items on one line.
    pub(super) fits: usize,
    /// Whether there are blanks within the brackets on one line.
    pub(super) spaced: bool,
    /// Whether the last of several lines ends with a comma.
    pub(super) trailing: bool,
}

impl Piece {
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        let length = text.chars().count();
        Self { code: Code::Text(text), length }
    }

    /// Writes pieces one after the other.
    pub(super) fn chain(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let pieces: Vec<_> = pieces.into_iter().collect();
        let length = pieces.iter().map(|piece| piece.length).sum();
        Self { code: Code::Chain(pieces), length }
    }

    /// Writes a piece between two texts.
    pub(super) fn within(before: &str, piece: Piece, after: &str) -> Self {
        Self::chain([Self::text(before), piece, Self::text(after)])
    }

    /// Writes another piece behind this one.
    pub(super) fn followed_by(self, next: Piece) -> Self {
        Self::chain([self, next])
    }

    pub(super) fn list(brackets: Brackets, items: Vec<Piece>) -> Self {
        let inner = items.iter().map(|item| item.length + 2).sum::<usize>().saturating_sub(2);
        let blanks = if brackets.spaced && !items.is_empty() { 2 } else { 0 };
        let length = brackets.open.len() + brackets.close.len() + inner + blanks;
        Self { code: Code::List { brackets, items }, length }
    }

    /// Writes it out, from a line that is indented by so many blanks.
    pub(super) fn write(&self, page: &mut Page, indent: usize) {
        match &self.code {
            Code::Text(text) => page.push(text),
            Code::Chain(pieces) => pieces.iter().for_each(|piece| piece.write(page, indent)),
            Code::List { brackets, items } => {
                page.push(brackets.open);
                let around = brackets.open.len() + brackets.close.len() + 2 * usize::from(brackets.spaced);
                let left = self.length - brackets.open.len();
                let fits = self.length <= brackets.fits + around && page.column + left <= LINE;
                match &**items {
                    [] => {}
                    // The only argument of a call shares its brackets.
                    [only] if brackets.open == "(" => only.write(page, indent),
                    items if fits => on_one_line(items, *brackets, page, indent),
                    items => on_lines(items, *brackets, page, indent),
                }
                page.push(brackets.close);
            }
        }
    }
}

fn on_one_line(items: &[Piece], brackets: Brackets, page: &mut Page, indent: usize) {
    let blank = if brackets.spaced { " " } else { "" };
    page.push(blank);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            page.push(", ");
        }
        item.write(page, indent);
    }
    page.push(blank);
}

fn on_lines(items: &[Piece], brackets: Brackets, page: &mut Page, indent: usize) {
    let inner = indent + 4;
    let short = !brackets.spaced && items.iter().all(|item| item.length <= SHORT);
    page.new_line(inner);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            if short && page.column + item.length + 2 <= LINE {
                page.push(" ");
            } else {
                page.new_line(inner);
            }
        }
        item.write(page, inner);
        if brackets.trailing || at + 1 < items.len() {
            page.push(",");
        }
        if page.is_full() {
            break;
        }
    }
    page.new_line(indent);
}

/// What is written, up to a number of characters.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    left: usize,
    column: usize,
}

impl Page {
    pub(super) fn new(left: usize) -> Self {
        Self { text: String::new(), left, column: 0 }
    }

    pub(super) fn push(&mut self, text: &str) {
        for character in text.chars() {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            self.column = if character == '\n' { 0 } else { self.column + 1 };
            self.text.push(character);
        }
    }

    pub(super) fn new_line(&mut self, indent: usize) {
        self.push("\n");
        // A line may be indented by more than a page holds.
        self.push(&" ".repeat(indent.min(self.left)));
    }

    fn is_full(&self) -> bool {
        self.left == 0
    }

    pub(super) fn into_text(mut self) -> String {
        if self.left == 0 {
            self.text.push('…');
        }
        self.text
    }
}
