use boltjobs_fuzz::{cases, reads_well, texts};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A template, and the pieces that it is made of.
fn parts() -> impl Strategy<Value = (String, Vec<Piece>)> {
    let part = prop_oneof![
        3 => "([a-zå_][a-z0-9]{1,6}|0|[1-9][0-9]{0,8})".prop_map(Piece::Field),
        2 => "[a-zé:{} ]{1,9}".prop_map(Piece::Text),
    ];
    vec(part, 0..8).prop_map(|parts| {
        let mut pieces: Vec<Piece> = Vec::new();
        for part in parts {
            match (pieces.last_mut(), part) {
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (_, part) => pieces.push(part),
            }
        }
        (pieces.iter().map(written_as).collect(), pieces)
    })
}

fn written_as(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => text.replace('{', "{{").replace('}', "}}"),
        Piece::Field(name) => format!("{{{name}}}"),
    }
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn the_pieces_of_a_template_are_those_that_it_was_made_of((template, pieces) in parts()) {
        prop_assert_eq!(parse(&template), Ok(pieces), "{}", template);
    }

    #[test]
    fn a_template_is_its_pieces_and_a_fault_is_somewhere_in_it(template in texts(parts().prop_map(|(template, _)| template))) {
        match parse(&template) {
            Ok(pieces) => {
                prop_assert_eq!(pieces.iter().map(written_as).collect::<String>(), template);
                let texts = |pair: &[Piece]| pair.iter().all(|piece| matches!(piece, Piece::Text(_)));
                prop_assert!(!pieces.windows(2).any(texts) && !pieces.contains(&Piece::Text(String::new())));
            }
            Err(error) => {
                prop_assert!(template.is_char_boundary(error.offset()) && error.offset() < template.len());
                reads_well(&error.to_string(), "")?;
            }
        }
    }
}
