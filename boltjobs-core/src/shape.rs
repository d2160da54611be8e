//! How the type of a request looks in code, as far as its JSON can be turned back into that code.

/// The shape of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The name of the type, without a path and without `r#`.
    pub ident: String,
    /// How its fields are written.
    pub kind: Kind,
    /// Its fields, in their order.
    pub fields: Vec<Field>,
    /// Whether a field that the JSON leaves out is that of the default of the whole type.
    pub default: bool,
}

/// How the fields of a type are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In braces, with their names.
    Named,
    /// In parentheses. The JSON of a single field has no brackets around it.
    Tuple,
    /// There are none.
    Unit,
    /// The JSON does not follow the fields: it is an enum, or serde is told to write it in another way.
    Other,
}

/// A field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in code, without `r#`; its index in a tuple.
    pub name: String,
    /// Its name in JSON; `None` where it is never there.
    pub key: Option<String>,
    /// Its type, as it is written.
    pub ty: String,
    /// The code of its value where the JSON leaves it out, as in `Default::default()`.
    pub default: Option<String>,
}
