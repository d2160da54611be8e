//! Pictures that are small enough for a repository.

use std::collections::{BTreeMap, HashMap};

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter};

/// How many colours a palette has.
const COLOURS: usize = 256;

/// The red, green and blue of a pixel.
type Colour = [u8; 3];

/// Makes a PNG of the same picture that has a palette: the colours that occur most, and for any other the nearest.
pub fn small(picture: &[u8]) -> Vec<u8> {
    let mut reader = Decoder::new(std::io::Cursor::new(picture)).read_info().expect("it is a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("it fits into memory")];
    let frame = reader.next_frame(&mut bytes).expect("it is a whole PNG");
    assert_eq!(frame.bit_depth, BitDepth::Eight, "browsers make pictures of 8 bits");
    let width = match frame.color_type {
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
        other @ (ColorType::Grayscale | ColorType::GrayscaleAlpha | ColorType::Indexed) => {
            panic!("browsers make pictures in colour, not {other:?}")
        }
    };
    let pixels = bytes[..frame.buffer_size()].chunks_exact(width).map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    let palette = palette(pixels.clone());
    let mut known = HashMap::new();
    let indices: Vec<u8> =
        pixels.map(|colour| *known.entry(colour).or_insert_with(|| nearest(&palette, colour))).collect();

    let mut made = Vec::new();
    let mut encoder = Encoder::new(&mut made, frame.width, frame.height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header().expect("memory takes what is written");
    writer.write_image_data(&indices).expect("there is a byte for each pixel");
    writer.finish().expect("memory takes what is written");
    made
}

/// Returns the colours by which a picture looks most like itself, one after the other: each is the one that the others before it
/// miss most, by how often it occurs and how unlike them it is. So the many greys of letters leave room for the red of a sign.
fn palette(pixels: impl Iterator<Item = Colour>) -> Vec<Colour> {
    let mut counts = BTreeMap::<Colour, u64>::new();
    for colour in pixels {
        *counts.entry(colour).or_default() += 1;
    }
    let mut missed: Vec<_> = counts.into_iter().map(|(colour, count)| (colour, count, u32::MAX)).collect();
    let mut palette = Vec::new();
    while palette.len() < COLOURS {
        // Of those that are missed alike it takes the last one, so that the same picture has the same palette.
        let worst = missed.iter().max_by_key(|(_, count, apart)| count * u64::from(*apart));
        let Some((colour, _, 1..)) = worst.copied() else { break };
        palette.push(colour);
        for (other, _, apart) in &mut missed {
            *apart = (*apart).min(distance(other, colour));
        }
    }
    palette
}

fn distance(colour: &Colour, other: Colour) -> u32 {
    colour.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// Returns where in the palette the colour is that is like this one.
fn nearest(palette: &[Colour], colour: Colour) -> u8 {
    let found = (0..=u8::MAX).zip(palette).min_by_key(|(_, other)| distance(other, colour));
    found.map_or(0, |(index, _)| index)
}
