//! Whether the colours of the style can be told apart, by the formula of WCAG 2.2.

use std::collections::BTreeMap;

use super::STYLE;

/// Texts, and what they stand on.
const TEXTS: [(&str, &str); 11] = [
    ("text", "page card sunk hover"),
    ("quiet", "page card sunk hover"),
    ("link", "page card sunk hover"),
    ("good", "page card hover good-back"),
    ("bad", "page card hover bad-back"),
    ("busy", "page card hover busy-back"),
    ("wait", "page card hover wait-back"),
    ("gone", "page card hover gone-back"),
    ("text", "good-back bad-back wait-back"),
    ("on-accent", "accent"),
    ("page", "bad text"),
];

/// Edges of fields and buttons, marks and the ring of the focus, and what they stand on.
const SIGNS: [(&str, &str); 2] = [("edge", "page card sunk"), ("accent", "page card sunk hover")];

/// Reads a colour such as `oklch(48% 0.02 265)` as the luminance that it has on a screen.
fn luminance(text: &str) -> f64 {
    let parts = text.trim().strip_prefix("oklch(").and_then(|rest| rest.strip_suffix(')')).unwrap();
    let numbers: Vec<f64> =
        parts.split_whitespace().map(|part| part.trim_end_matches('%').parse().unwrap()).collect();
    let [lightness, chroma, hue] = numbers[..] else { panic!("{text} has not three parts") };
    let lightness = lightness / 100.0;
    let (b, a) = hue.to_radians().sin_cos();
    let (a, b) = (a * chroma, b * chroma);
    let cubed = |x: f64, y: f64| (lightness + x * a + y * b).powi(3);
    let long = cubed(0.396_337_777_4, 0.215_803_757_3);
    let medium = cubed(-0.105_561_345_8, -0.063_854_172_8);
    let short = cubed(-0.089_484_177_5, -1.291_485_548_0);
    let mixed = |l: f64, m: f64, s: f64| (l * long + m * medium + s * short).clamp(0.0, 1.0);
    let red = mixed(4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2);
    let green = mixed(-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5);
    let blue = mixed(-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0);
    0.212_6 * red + 0.715_2 * green + 0.072_2 * blue
}

fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The tokens of the style, with their luminance in the light theme and in the dark one.
fn tokens() -> BTreeMap<&'static str, [f64; 2]> {
    let declared = STYLE.body.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(": light-dark(")?;
        let (light, dark) = value.strip_suffix(");")?.split_once(", ")?;
        Some((name, [light, dark].map(luminance)))
    });
    declared.collect()
}

#[test]
fn what_is_to_be_read_stands_out_in_both_themes() {
    let (tokens, mut faults) = (tokens(), Vec::new());
    for (pairs, least) in [(&TEXTS[..], 4.5), (&SIGNS[..], 3.0)] {
        for (front, backs) in pairs {
            for back in backs.split(' ') {
                for (at, theme) in ["light", "dark"].into_iter().enumerate() {
                    let found = contrast(tokens[front][at], tokens[back][at]);
                    if found < least {
                        faults.push(format!("{front} on {back}, {theme}: {found:.2}, and not {least}"));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let known = TEXTS.iter().chain(&SIGNS).flat_map(|(front, backs)| backs.split(' ').chain([*front]));
    let known: Vec<_> = known.collect();
    let unknown: Vec<_> = tokens.keys().filter(|token| !known.contains(token) && **token != "line").collect();
    assert!(unknown.is_empty(), "no pair has {unknown:?}");
}

#[test]
fn the_formula_is_that_of_wcag() {
    assert!((contrast(luminance("oklch(100% 0 0)"), luminance("oklch(0% 0 0)")) - 21.0).abs() < 0.01);
    // #767676 on white is the lightest grey that passes: 4.54.
    assert!((contrast(luminance("oklch(56.6% 0 0)"), 1.0) - 4.54).abs() < 0.05);
    // Pure red.
    assert!((luminance("oklch(62.8% 0.2577 29.23)") - 0.212_6).abs() < 0.005);
}
