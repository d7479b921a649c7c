//! Media queries (Media Queries 4), asked of the window of a mail program on a desk.

/// Width and height of that window in pixels.
const WIDTH: f32 = 800.0;
const HEIGHT: f32 = 600.0;

/// True if a list of queries in lower case holds on a screen.
pub(super) fn holds(queries: &str) -> bool {
    queries.trim().is_empty() || queries.split(',').any(query_holds)
}

fn query_holds(query: &str) -> bool {
    let query = query.trim();
    let (negated, query) = match query.strip_prefix("not ") {
        Some(rest) => (true, rest),
        None => (false, query.strip_prefix("only ").unwrap_or(query)),
    };
    query.split(" and ").all(condition_holds) != negated
}

fn condition_holds(condition: &str) -> bool {
    let condition = condition.trim();
    let Some(inner) = condition.strip_prefix('(') else {
        return matches!(condition, "screen" | "all" | "");
    };
    let inner = inner.trim_end_matches(')').trim_start_matches('(');
    let Some((name, value)) = inner.split_once(':') else { return range_holds(inner) };
    let (name, value) = (name.trim(), value.trim());
    let compare = |own: f32| {
        pixels(value).is_some_and(|pixels| if name.starts_with("min-") { own >= pixels } else { own <= pixels })
    };
    match name {
        "min-width" | "max-width" | "min-device-width" | "max-device-width" => compare(WIDTH),
        "min-height" | "max-height" | "min-device-height" | "max-device-height" => compare(HEIGHT),
        "orientation" => value == "landscape",
        "prefers-color-scheme" => value == "light",
        "prefers-reduced-motion" | "prefers-contrast" => value == "no-preference",
        "hover" | "any-hover" => value == "hover",
        "pointer" | "any-pointer" => value == "fine",
        "-webkit-min-device-pixel-ratio" => value.parse::<f32>().is_ok_and(|ratio| ratio <= 1.0),
        "-webkit-max-device-pixel-ratio" => value.parse::<f32>().is_ok_and(|ratio| ratio >= 1.0),
        _ => false,
    }
}

/// `width <= 600px`
fn range_holds(range: &str) -> bool {
    let Some(at) = range.find(['<', '>']) else {
        return matches!(range.trim(), "color" | "width" | "height" | "hover");
    };
    let own = match range[..at].trim() {
        "width" => WIDTH,
        "height" => HEIGHT,
        _ => return false,
    };
    let Some(pixels) = pixels(range[at + 1..].trim_start_matches('=').trim()) else { return false };
    if range[at..].starts_with('<') { own <= pixels } else { own >= pixels }
}

fn pixels(value: &str) -> Option<f32> {
    super::value::Length::parse(value)?.pixels()
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn queries_of_mail() {
        for yes in [
            "",
            "screen",
            "all",
            "only screen and (min-width: 480px)",
            "print, screen",
            "not print",
            "(prefers-color-scheme: light)",
            "(width >= 600px)",
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in [
            "print",
            "only screen and (max-width: 600px)",
            "screen and (max-device-width:480px)",
            "not screen",
            "(prefers-color-scheme: dark)",
            "screen and (-webkit-min-device-pixel-ratio: 2)",
            "(width < 600px)",
            "yahoo",
            "screen and (min-width:0\\0)",
        ] {
            assert!(!holds(no), "{no}");
        }
    }
}
