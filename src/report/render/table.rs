//! Tables of text, for terminals and for Markdown.

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Align {
    Left,
    Right,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table. A name that begins with `>` stands to the right.
    pub(in crate::report) fn new(columns: &[&str]) -> Self {
        let column = |name: &&str| match name.strip_prefix('>') {
            Some(name) => (name.to_owned(), Align::Right),
            None => ((*name).to_owned(), Align::Left),
        };
        Self { columns: columns.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(in crate::report) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// True without rows.
    pub(in crate::report) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// For a terminal. What comes from mail is escaped: it may hold control characters.
    pub(in crate::report) fn text(&self) -> String {
        let head: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
        let cell_width = |row: &Vec<String>, at: usize| row.get(at).map_or(0, |cell| cell.chars().count());
        let all = || std::iter::once(&head).chain(&rows);
        let widths: Vec<usize> =
            (0..head.len()).map(|at| all().map(|row| cell_width(row, at)).max().unwrap_or(0)).collect();
        let mut out = String::new();
        for row in all() {
            let mut line = String::new();
            for (at, ((_, align), width)) in self.columns.iter().zip(&widths).enumerate() {
                let cell = row.get(at).map_or("", String::as_str);
                match align {
                    Align::Left => line.push_str(&format!("{cell:<width$}  ")),
                    Align::Right => line.push_str(&format!("{cell:>width$}  ")),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// For Markdown (GitHub's tables).
    pub(in crate::report) fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut out = line(self.columns.iter().map(|(name, _)| name.clone()).collect());
        let rule = |align: &Align| if *align == Align::Left { "---" } else { "---:" }.to_owned();
        out.push_str(&line(self.columns.iter().map(|(_, align)| rule(align)).collect()));
        for row in &self.rows {
            out.push_str(&line(row.iter().map(|cell| markdown(cell)).collect()));
        }
        out
    }
}

/// Without control characters and characters that turn the line's direction.
pub(in crate::report) fn plain(text: &str) -> String {
    let odd = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|c| if odd(c) { c.escape_unicode().to_string() } else { c.to_string() }.chars().collect::<Vec<_>>())
        .collect()
}

/// Without anything that Markdown or HTML would read.
pub(in crate::report) fn markdown(text: &str) -> String {
    let mut out = String::new();
    for c in plain(text).chars() {
        match c {
            '|' | '*' | '`' | '[' | ']' | '\\' | '#' | '~' | '@' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up_and_escape() {
        let mut table = Table::new(&["name", ">n"]);
        table.row(vec!["a|b\u{1b}[31m".into(), "1".into()]);
        table.row(vec!["<x>".into(), "100".into()]);
        assert_eq!(table.text(), "name             n\na|b\\u{1b}[31m    1\n<x>            100\n");
        assert_eq!(
            table.markdown(),
            "| name | n |\n| --- | ---: |\n| a\\|b\\\\u{1b}\\[31m | 1 |\n| &lt;x&gt; | 100 |\n"
        );
    }
}
