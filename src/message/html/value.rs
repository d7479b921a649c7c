//! Values of CSS: lengths, shares, colours.

/// A colour as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Rgb([u8; 3]),
    /// Nothing is drawn.
    Transparent,
    /// An image, a gradient, a name that is not known: taken as readable.
    Unknown,
}

/// Largest sum of channel differences at which text and background look the same.
const SAME_COLOR: u32 = 12;

impl Paint {
    /// True if text in this colour cannot be told from its ground.
    pub(super) fn vanishes_on(self, ground: Self) -> bool {
        match (self, ground) {
            (Self::Transparent, _) => true,
            (Self::Rgb(text), Self::Rgb(ground)) => {
                text.iter().zip(&ground).map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>() <= SAME_COLOR
            }
            _ => false,
        }
    }
}

/// A length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Length {
    Pixels(f32),
    /// Of the font's size.
    Em(f32),
    /// Of the root's font size.
    Rem(f32),
    /// Of something else's size.
    Share(f32),
}

impl Length {
    /// Reads a length in lower case.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let value = calculated(value);
        let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
        let number: f32 = digits.trim_end().parse().ok().filter(|number: &f32| number.is_finite())?;
        Some(match value.get(digits.len()..)? {
            "" | "px" => Self::Pixels(number),
            "pt" => Self::Pixels(number * 4.0 / 3.0),
            "pc" => Self::Pixels(number * 16.0),
            "in" => Self::Pixels(number * 96.0),
            "cm" => Self::Pixels(number * 37.8),
            "mm" => Self::Pixels(number * 3.78),
            "vw" | "vh" | "vmin" | "vmax" => Self::Pixels(number * 8.0),
            "em" => Self::Em(number),
            "ex" | "ch" => Self::Em(number / 2.0),
            "rem" => Self::Rem(number),
            "%" => Self::Share(number / 100.0),
            _ if number == 0.0 => Self::Pixels(0.0),
            _ => return None,
        })
    }

    /// In pixels, roughly; a share of something unknown is `None`.
    pub(super) fn pixels(self) -> Option<f32> {
        match self {
            Self::Pixels(pixels) => Some(pixels),
            Self::Em(number) | Self::Rem(number) => Some(number * 16.0),
            Self::Share(share) => (share == 0.0).then_some(0.0),
        }
    }

    /// As the size of a font within one of a size.
    pub(super) fn font_size(self, parent: f32) -> f32 {
        match self {
            Self::Pixels(pixels) => pixels,
            Self::Em(number) | Self::Share(number) => parent * number,
            Self::Rem(number) => number * 16.0,
        }
    }
}

/// `calc()` around nothing to calculate.
fn calculated(value: &str) -> &str {
    value.strip_prefix("calc(").and_then(|rest| rest.strip_suffix(')')).map_or(value, str::trim)
}

/// A number or a percentage.
pub(super) fn fraction(value: &str) -> Option<f32> {
    let value = calculated(value);
    match value.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().ok().map(|percent| percent / 100.0),
        None => value.parse().ok(),
    }
}

/// Least opacity of ink that can be seen.
const FAINT: f32 = 0.05;
/// Least opacity of a ground that hides what is below it.
const VEIL: f32 = 0.5;

/// What `background` or one of its parts draws; `None` if that is not a colour.
pub(super) fn background(value: &str) -> Option<Paint> {
    if value.contains("url(") || value.contains("gradient(") {
        return Some(Paint::Unknown);
    }
    if value.starts_with("rgb") || value.starts_with("hsl") {
        return shade(value.split_inclusive(')').next().unwrap_or(value), VEIL);
    }
    let known = value.split_ascii_whitespace().filter_map(color).find(|paint| *paint != Paint::Unknown);
    known.or(matches!(value, "none" | "0" | "0 0" | "unset" | "initial").then_some(Paint::Transparent))
}

/// What `background-image` draws: without a picture the colour stays.
pub(super) fn background_image(value: &str) -> Option<Paint> {
    (value.contains("url(") || value.contains("gradient(")).then_some(Paint::Unknown)
}

/// The colour of ink in lower case; `None` for words that leave it as it is.
pub(super) fn color(value: &str) -> Option<Paint> {
    shade(value, FAINT)
}

/// A colour, which is nothing below an opacity.
fn shade(value: &str, least: f32) -> Option<Paint> {
    let value = value.trim();
    if let Some(hex) = value.strip_prefix('#') {
        return hexadecimal(hex, least);
    }
    if let Some((kind, channels)) = value.split_once('(') {
        return match kind {
            "rgb" | "rgba" => rgb(channels, least),
            "hsl" | "hsla" => hsl(channels, least),
            _ => Some(Paint::Unknown),
        };
    }
    if value.len() == 6 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return hexadecimal(value, least);
    }
    match value {
        "" | "inherit" | "initial" | "unset" | "revert" | "currentcolor" => None,
        "transparent" => Some(Paint::Transparent),
        name => Some(named(name).map_or(Paint::Unknown, Paint::Rgb)),
    }
}

fn hexadecimal(hex: &str, least: f32) -> Option<Paint> {
    let mut digits = [0_u8; 8];
    let mut count = 0;
    for c in hex.chars() {
        *digits.get_mut(count)? = c.to_digit(16)? as u8;
        count += 1;
    }
    let pair = |at: usize| digits[at] * 16 + digits[at + 1];
    match (count, digits) {
        (4, [_, _, _, alpha, ..]) if f32::from(alpha) < 15.0 * least => Some(Paint::Transparent),
        (8, _) if f32::from(pair(6)) < 255.0 * least => Some(Paint::Transparent),
        (3 | 4, [r, g, b, ..]) => Some(Paint::Rgb([r, g, b].map(|digit| digit * 17))),
        (6 | 8, _) => Some(Paint::Rgb([pair(0), pair(2), pair(4)])),
        _ => None,
    }
}

fn parts(channels: &str) -> impl Iterator<Item = &str> {
    channels.split([',', ' ', ')', '/']).filter(|part| !part.is_empty())
}

fn with_alpha(color: [u8; 3], alpha: Option<&str>, least: f32) -> Paint {
    let faint = alpha.and_then(fraction).is_some_and(|alpha| alpha < least);
    if faint { Paint::Transparent } else { Paint::Rgb(color) }
}

fn rgb(channels: &str, least: f32) -> Option<Paint> {
    let mut parts = parts(channels);
    let mut channel = || {
        let part = parts.next()?;
        let number = match part.strip_suffix('%') {
            Some(share) => share.parse::<f32>().ok()? * 2.55,
            None => part.parse().ok()?,
        };
        Some(number.clamp(0.0, 255.0) as u8)
    };
    let color = [channel()?, channel()?, channel()?];
    Some(with_alpha(color, parts.next(), least))
}

/// CSS Color 4, section 7.1.
fn hsl(channels: &str, least: f32) -> Option<Paint> {
    let mut parts = parts(channels);
    let hue: f32 = parts.next()?.trim_end_matches("deg").parse().ok()?;
    let mut share = || fraction(parts.next()?).map(|share| share.clamp(0.0, 1.0));
    let (saturation, lightness) = (share()?, share()?);
    let channel = |n: f32| {
        let k = (n + hue / 30.0).rem_euclid(12.0);
        let reach = saturation * lightness.min(1.0 - lightness);
        let value = lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u8
    };
    Some(with_alpha([channel(0.0), channel(8.0), channel(4.0)], parts.next(), least))
}

/// The named colours of CSS Color 4, section 6.1, in the order of their names.
const NAMED: [(&str, u32); 150] = [
    ("aliceblue", 0xf0_f8ff),
    ("antiquewhite", 0xfa_ebd7),
    ("aqua", 0x00_ffff),
    ("aquamarine", 0x7f_ffd4),
    ("azure", 0xf0_ffff),
    ("beige", 0xf5_f5dc),
    ("bisque", 0xff_e4c4),
    ("black", 0x00_0000),
    ("blanchedalmond", 0xff_ebcd),
    ("blue", 0x00_00ff),
    ("blueviolet", 0x8a_2be2),
    ("brown", 0xa5_2a2a),
    ("burlywood", 0xde_b887),
    ("cadetblue", 0x5f_9ea0),
    ("chartreuse", 0x7f_ff00),
    ("chocolate", 0xd2_691e),
    ("coral", 0xff_7f50),
    ("cornflowerblue", 0x64_95ed),
    ("cornsilk", 0xff_f8dc),
    ("crimson", 0xdc_143c),
    ("cyan", 0x00_ffff),
    ("darkblue", 0x00_008b),
    ("darkcyan", 0x00_8b8b),
    ("darkgoldenrod", 0xb8_860b),
    ("darkgray", 0xa9_a9a9),
    ("darkgreen", 0x00_6400),
    ("darkgrey", 0xa9_a9a9),
    ("darkkhaki", 0xbd_b76b),
    ("darkmagenta", 0x8b_008b),
    ("darkolivegreen", 0x55_6b2f),
    ("darkorange", 0xff_8c00),
    ("darkorchid", 0x99_32cc),
    ("darkred", 0x8b_0000),
    ("darksalmon", 0xe9_967a),
    ("darkseagreen", 0x8f_bc8f),
    ("darkslateblue", 0x48_3d8b),
    ("darkslategray", 0x2f_4f4f),
    ("darkslategrey", 0x2f_4f4f),
    ("darkturquoise", 0x00_ced1),
    ("darkviolet", 0x94_00d3),
    ("deeppink", 0xff_1493),
    ("deepskyblue", 0x00_bfff),
    ("dimgray", 0x69_6969),
    ("dimgrey", 0x69_6969),
    ("dodgerblue", 0x1e_90ff),
    ("firebrick", 0xb2_2222),
    ("floralwhite", 0xff_faf0),
    ("forestgreen", 0x22_8b22),
    ("fuchsia", 0xff_00ff),
    ("gainsboro", 0xdc_dcdc),
    ("ghostwhite", 0xf8_f8ff),
    ("gold", 0xff_d700),
    ("goldenrod", 0xda_a520),
    ("gray", 0x80_8080),
    ("green", 0x00_8000),
    ("greenyellow", 0xad_ff2f),
    ("grey", 0x80_8080),
    ("honeydew", 0xf0_fff0),
    ("hotpink", 0xff_69b4),
    ("indianred", 0xcd_5c5c),
    ("indigo", 0x4b_0082),
    ("ivory", 0xff_fff0),
    ("khaki", 0xf0_e68c),
    ("lavender", 0xe6_e6fa),
    ("lavenderblush", 0xff_f0f5),
    ("lawngreen", 0x7c_fc00),
    ("lemonchiffon", 0xff_facd),
    ("lightblue", 0xad_d8e6),
    ("lightcoral", 0xf0_8080),
    ("lightcyan", 0xe0_ffff),
    ("lightgoldenrodyellow", 0xfa_fad2),
    ("lightgray", 0xd3_d3d3),
    ("lightgreen", 0x90_ee90),
    ("lightgrey", 0xd3_d3d3),
    ("lightpink", 0xff_b6c1),
    ("lightsalmon", 0xff_a07a),
    ("lightseagreen", 0x20_b2aa),
    ("lightskyblue", 0x87_cefa),
    ("lightslategray", 0x77_8899),
    ("lightslategrey", 0x77_8899),
    ("lightsteelblue", 0xb0_c4de),
    ("lightyellow", 0xff_ffe0),
    ("lime", 0x00_ff00),
    ("limegreen", 0x32_cd32),
    ("linen", 0xfa_f0e6),
    ("magenta", 0xff_00ff),
    ("maroon", 0x80_0000),
    ("mediumaquamarine", 0x66_cdaa),
    ("mediumblue", 0x00_00cd),
    ("mediumorchid", 0xba_55d3),
    ("mediumpurple", 0x93_70db),
    ("mediumseagreen", 0x3c_b371),
    ("mediumslateblue", 0x7b_68ee),
    ("mediumspringgreen", 0x00_fa9a),
    ("mediumturquoise", 0x48_d1cc),
    ("mediumvioletred", 0xc7_1585),
    ("midnightblue", 0x19_1970),
    ("mintcream", 0xf5_fffa),
    ("mistyrose", 0xff_e4e1),
    ("moccasin", 0xff_e4b5),
    ("navajowhite", 0xff_dead),
    ("navy", 0x00_0080),
    ("oldlace", 0xfd_f5e6),
    ("olive", 0x80_8000),
    ("olivedrab", 0x6b_8e23),
    ("orange", 0xff_a500),
    ("orangered", 0xff_4500),
    ("orchid", 0xda_70d6),
    ("palegoldenrod", 0xee_e8aa),
    ("palegreen", 0x98_fb98),
    ("paleturquoise", 0xaf_eeee),
    ("palevioletred", 0xdb_7093),
    ("papayawhip", 0xff_efd5),
    ("peachpuff", 0xff_dab9),
    ("peru", 0xcd_853f),
    ("pink", 0xff_c0cb),
    ("plum", 0xdd_a0dd),
    ("powderblue", 0xb0_e0e6),
    ("purple", 0x80_0080),
    ("rebeccapurple", 0x66_3399),
    ("red", 0xff_0000),
    ("rosybrown", 0xbc_8f8f),
    ("royalblue", 0x41_69e1),
    ("saddlebrown", 0x8b_4513),
    ("salmon", 0xfa_8072),
    ("sandybrown", 0xf4_a460),
    ("seagreen", 0x2e_8b57),
    ("seashell", 0xff_f5ee),
    ("sienna", 0xa0_522d),
    ("silver", 0xc0_c0c0),
    ("skyblue", 0x87_ceeb),
    ("slateblue", 0x6a_5acd),
    ("slategray", 0x70_8090),
    ("slategrey", 0x70_8090),
    ("snow", 0xff_fafa),
    ("springgreen", 0x00_ff7f),
    ("steelblue", 0x46_82b4),
    ("tan", 0xd2_b48c),
    ("teal", 0x00_8080),
    ("thistle", 0xd8_bfd8),
    ("tomato", 0xff_6347),
    ("turquoise", 0x40_e0d0),
    ("violet", 0xee_82ee),
    ("wheat", 0xf5_deb3),
    ("white", 0xff_ffff),
    ("whitesmoke", 0xf5_f5f5),
    ("window", 0xff_ffff),
    ("windowtext", 0x00_0000),
    ("yellow", 0xff_ff00),
    ("yellowgreen", 0x9a_cd32),
];

fn named(name: &str) -> Option<[u8; 3]> {
    let at = NAMED.binary_search_by_key(&name, |(known, _)| known).ok()?;
    let [_, r, g, b] = NAMED[at].1.to_be_bytes();
    Some([r, g, b])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_in_all_notations() {
        for text in
            ["#f80", "#ff8800", "#ff8800ff", "rgb(255, 136, 0)", "rgb(100% 53.4% 0%)", "hsl(32, 100%, 50%)", "ff8800"]
        {
            assert_eq!(color(text), Some(Paint::Rgb([255, 136, 0])), "{text}");
        }
        for text in ["transparent", "#0000", "rgba(1,2,3,0)", "hsla(0,0%,0%,0)", "rgb(0 0 0 / 0)"] {
            assert_eq!(color(text), Some(Paint::Transparent), "{text}");
        }
        assert!(NAMED.is_sorted());
        assert_eq!(color("rebeccapurple"), Some(Paint::Rgb([0x66, 0x33, 0x99])));
        assert_eq!(color("#ééé"), None);
        assert_eq!(color("nocolor"), Some(Paint::Unknown));
    }

    #[test]
    fn lengths() {
        assert_eq!(Length::parse("12pt").and_then(Length::pixels), Some(16.0));
        assert_eq!(Length::parse("50%").map(|length| length.font_size(20.0)), Some(10.0));
        assert_eq!(Length::parse("0.5em").map(|length| length.font_size(20.0)), Some(10.0));
        for none in ["", "auto", "px", "1e999", "nanpx", "12furlong"] {
            assert_eq!(Length::parse(none), None, "{none}");
        }
    }
}
