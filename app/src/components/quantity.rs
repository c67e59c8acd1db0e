//! Sizes and shares in figures.

/// The units of sizes, each 1,024 of the one before.
pub const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/// `7.2 GiB`: at most three digits that count.
pub fn bytes(size: f64) -> String {
    let unit = unit_of(size);
    let value = size / scale(unit);
    let figures = if unit == 0 || value >= 99.5 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{figures} {}", UNITS[unit])
}

/// Which of [`UNITS`] a size is best told in.
pub fn unit_of(size: f64) -> usize {
    let fits = |unit: &usize| size < 1_000.0 * scale(*unit);
    (0..UNITS.len()).find(fits).unwrap_or(UNITS.len() - 1)
}

/// How many bytes one of [`UNITS`] is.
pub fn scale(unit: usize) -> f64 {
    1_024_f64.powi(i32::try_from(unit).unwrap_or(0))
}

/// `37%`.
pub fn percent(share: f64) -> String {
    format!("{share:.0}%")
}

/// `3.7%`.
pub fn exact_percent(share: f64) -> String {
    format!("{share:.1}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_at_most_three_digits_and_a_unit() {
        for (size, words) in [
            (0.0, "0 B"),
            (999.0, "999 B"),
            (1_000.0, "1.0 KiB"),
            (1_536.0, "1.5 KiB"),
            (7_730_941_133.0, "7.2 GiB"),
            (64.0 * 1_073_741_824.0, "64.0 GiB"),
            (128.0 * 1_073_741_824.0, "128 GiB"),
            (5e21, "4440892 PiB"),
        ] {
            assert_eq!(bytes(size), words);
        }
    }
}
