//! How a request looks in code, as `#[request]` records it.

use boltjobs_core::shape::{Field, Kind, Shape};

/// The shape of a request, as data that stands in the program.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct ShapeInfo {
    pub ident: &'static str,
    pub kind: Kind,
    pub fields: &'static [FieldInfo],
    /// Whether the default of the whole type stands in for what is not there.
    pub default: bool,
}

/// A field of it.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct FieldInfo {
    pub name: &'static str,
    /// Its name in JSON, where it is in there.
    pub key: Option<&'static str>,
    pub ty: &'static str,
    /// The code of what stands in for it.
    pub default: Option<&'static str>,
}

impl ShapeInfo {
    /// Returns what servers offer to others.
    pub fn shape(&self) -> Shape {
        let field = |field: &FieldInfo| Field {
            name: field.name.to_owned(),
            key: field.key.map(str::to_owned),
            ty: field.ty.to_owned(),
            default: field.default.map(str::to_owned),
        };
        Shape {
            ident: self.ident.to_owned(),
            kind: self.kind,
            fields: self.fields.iter().map(field).collect(),
            default: self.default,
        }
    }
}
