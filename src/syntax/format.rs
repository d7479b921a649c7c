//! The canonical layout. Comments stay before the thing that they stood before, or at the end of
//! the line that they ended.

use super::ast::{
    Arg, BinaryOp, Comment, Expr, ExprKind, File, Given, Item, ItemKind, ListSource, OfCount, Rule, StrLit, StrStyle,
    Template, TemplateEntry, TemplatePart,
};
use super::dump::{binary_symbol, compare_symbol, flatten, text_symbol};
use crate::diagnostic::Diagnostic;
use crate::source::SourceId;

/// Widest line that is not broken.
const WIDTH: usize = 100;

/// A comment that no line can take moves to the next that can, and its old line may then fit again:
/// the layout is what a further pass leaves alone.
const PASSES: usize = 8;

/// Formats a file. A file that does not parse is not touched: its errors are returned.
pub fn format(source: SourceId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let mut out = format_once(source, text)?;
    for _ in 1..PASSES {
        let again = format_once(source, &out)?;
        if again == out {
            break;
        }
        out = again;
    }
    Ok(out)
}

fn format_once(source: SourceId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (file, diagnostics) = super::parse(source, text);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    Ok(Printer::new(&file, text).file(&file))
}

struct Printer<'f> {
    text: &'f str,
    comments: &'f [Comment],
    next: usize,
    out: String,
    indent: usize,
}

impl<'f> Printer<'f> {
    fn new(file: &'f File, text: &'f str) -> Self {
        Self { text, comments: &file.comments, next: 0, out: String::new(), indent: 0 }
    }

    fn file(mut self, file: &File) -> String {
        for (index, item) in file.items.iter().enumerate() {
            let end_of_last = if index == 0 { 0 } else { file.items[index - 1].span.end };
            if index > 0 && (wants_gap(&file.items[index - 1], item) || self.gap_in_text(end_of_last, item)) {
                self.out.push('\n');
            }
            self.comments_before(item.span.start as usize);
            if self.gap_after_comment(item) {
                self.out.push('\n');
            }
            let place = self.out.len();
            self.item(item);
            self.comments_above(place, item.span.end as usize);
            self.end_line_comment(item.span.end as usize);
            self.newline();
        }
        self.comments_before(self.text.len());
        while self.out.ends_with("\n\n") {
            self.out.pop();
        }
        self.out
    }

    /// Blank lines between short items of one kind are the author's choice; more than one is one.
    fn gap_in_text(&self, from: u32, item: &Item) -> bool {
        let between = self.text.get(from as usize..item.span.start as usize).unwrap_or("");
        between.contains("\n\n") || between.contains("\n\r\n")
    }

    /// A comment with a blank line under it is about the file, not about the item.
    fn gap_after_comment(&self, item: &Item) -> bool {
        let last = self.next.checked_sub(1).map(|at| self.comments[at].span.end as usize);
        let between = last.and_then(|end| self.text.get(end..item.span.start as usize)).unwrap_or("x");
        between.trim().is_empty() && between.matches('\n').count() > 1
    }

    /// Comments inside an item that no line of it could take stand above it.
    fn comments_above(&mut self, place: usize, end: usize) {
        let mut above = String::new();
        while let Some(comment) = self.comments.get(self.next).filter(|comment| (comment.span.start as usize) < end) {
            self.next += 1;
            above.push_str(&comment.text);
            above.push('\n');
        }
        self.out.insert_str(place, &above);
    }

    fn newline(&mut self) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn start_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.newline();
        }
        self.out.push_str(&" ".repeat(self.indent));
    }

    fn line(&mut self, text: &str) {
        self.start_line();
        self.out.push_str(text);
    }

    /// Comments that stand before an offset, each on a line of its own.
    fn comments_before(&mut self, offset: usize) {
        while let Some(comment) = self.comments.get(self.next).filter(|comment| (comment.span.start as usize) < offset)
        {
            self.next += 1;
            self.comment_line(comment);
        }
        if self.out.ends_with(|c: char| c != '\n') && !self.out.is_empty() {
            self.newline();
        }
    }

    fn comment_line(&mut self, comment: &Comment) {
        // A blank line before a comment that is not the first stays.
        let before = self.text[..comment.span.start as usize].trim_end_matches([' ', '\t']);
        let blank = before.ends_with("\n\n") || before.ends_with("\n\r\n");
        if blank && !self.out.is_empty() && !self.out.ends_with("\n\n") && self.indent == 0 {
            if !self.out.ends_with('\n') {
                self.newline();
            }
            self.out.push('\n');
        }
        self.line(&comment.text);
    }

    /// A `//` comment that ends the line on which something ended.
    fn end_line_comment(&mut self, end: usize) {
        let Some(comment) = self.comments.get(self.next) else { return };
        let start = comment.span.start as usize;
        let same_line = start >= end && !self.text[end..start].contains('\n');
        if same_line && self.text[end..start].trim().is_empty() {
            self.next += 1;
            self.out.push_str("  ");
            self.out.push_str(&comment.text);
        }
    }

    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Rule(rule) => self.rule(rule, item.span.end as usize),
            ItemKind::Def(def) => {
                let params: Vec<String> =
                    def.params.iter().map(|param| format!("{}: {}", param.name.name, param.ty.name)).collect();
                let params = if def.params.is_empty() { String::new() } else { format!("({})", params.join(", ")) };
                self.line(&format!("def {}{params} =", def.name.name));
                self.expression_after(&def.body, 2);
            }
            ItemKind::List(list) => {
                self.line(&format!("list {}: {} = ", list.name.name, list.ty.name));
                match &list.source {
                    ListSource::File(path, _) => self.out.push_str(&self.string(path)),
                    ListSource::Inline(items) => self.sequence("[", items, "]", item.span.end as usize),
                }
            }
            ItemKind::Exception(exception) => {
                self.line(&format!("exception {} {{", exception.name.name));
                self.indent = 2;
                for entry in &exception.entries {
                    self.own_lines(entry.key.span.start as usize);
                    self.line(&format!("{}:", entry.key.name));
                    self.expression_after(&entry.value, 4);
                    self.end_line_comment(entry.value.span.end as usize);
                }
                self.own_lines(item.span.end as usize);
                self.indent = 0;
                self.line("}");
            }
            ItemKind::Template(template) => self.template(template, item.span.end as usize),
        }
    }

    fn template(&mut self, template: &Template, end: usize) {
        self.line(&format!("template {} {{", template.name.name));
        for part in &template.parts {
            self.indent = 2;
            match part {
                TemplatePart::Entry(entry) => self.template_entry(entry),
                TemplatePart::Variant(variant) => {
                    self.own_lines(variant.span.start as usize);
                    self.line(&format!("variant {} {{", variant.name.name));
                    self.indent = 4;
                    for entry in &variant.entries {
                        self.template_entry(entry);
                    }
                    self.own_lines(variant.span.end as usize);
                    self.indent = 2;
                    self.line("}");
                    self.end_line_comment(variant.span.end as usize);
                }
            }
        }
        self.indent = 2;
        self.own_lines(end);
        self.indent = 0;
        self.line("}");
    }

    fn template_entry(&mut self, entry: &TemplateEntry) {
        self.own_lines(entry.key.span.start as usize);
        self.line(&format!("{}: ", entry.key.name));
        self.value(&entry.value);
        self.end_line_comment(entry.value.span.end as usize);
    }

    /// Comments before a line, on lines of their own.
    fn own_lines(&mut self, offset: usize) {
        while let Some(comment) = self.comments.get(self.next).filter(|comment| (comment.span.start as usize) < offset)
        {
            self.next += 1;
            self.line(&comment.text);
        }
    }

    fn rule(&mut self, rule: &Rule, end: usize) {
        let tags: Vec<&str> = rule.tags.iter().map(|tag| &*tag.name).collect();
        let tags = if tags.is_empty() { String::new() } else { format!(" : {}", tags.join(" ")) };
        self.line(&format!("rule {}{tags} {{", rule.name.name));
        let mut sections: Vec<(u32, u8)> = Vec::new();
        sections.extend(rule.meta.first().map(|meta| (meta.key.span.start, 0)));
        sections.extend(rule.lets.first().map(|binding| (binding.name.span.start, 1)));
        sections.extend(rule.when.as_ref().map(|when| (when.span.start, 2)));
        sections.extend(rule.unless.first().map(|unless| (unless.name.span.start, 3)));
        sections.extend(rule.tests.first().map(|test| (test.span.start, 4)));
        // In written order, so that comments stay where they are.
        sections.sort_unstable();
        for (_, section) in sections {
            self.section(rule, section);
        }
        self.indent = 2;
        self.own_lines(end);
        self.indent = 0;
        self.line("}");
    }

    fn head(&mut self, name: &str) {
        self.indent = 2;
        // Comments above the heading stand before it.
        let at = self.heading_offset(name);
        self.own_lines(at);
        self.line(name);
        self.end_line_comment(at + name.len());
        self.indent = 4;
    }

    /// Where the heading is written: after the last comment or line that was printed.
    fn heading_offset(&self, name: &str) -> usize {
        let mut from = 0;
        let next = self.comments.get(self.next).map_or(0, |comment| comment.span.start as usize);
        if next > 0 {
            from = self.text[..next].rfind('\n').unwrap_or(0);
        }
        self.text[from..].find(name).map_or(0, |at| from + at)
    }

    fn section(&mut self, rule: &Rule, section: u8) {
        match section {
            0 => {
                self.head("meta:");
                let width = rule.meta.iter().map(|meta| meta.key.name.len()).max().unwrap_or(0);
                for meta in &rule.meta {
                    self.own_lines(meta.key.span.start as usize);
                    self.line(&format!("{:width$} = ", meta.key.name));
                    self.value(&meta.value);
                    self.end_line_comment(meta.value.span.end as usize);
                }
            }
            1 => {
                self.head("let:");
                for binding in &rule.lets {
                    self.own_lines(binding.name.span.start as usize);
                    self.line(&format!("{} =", binding.name.name));
                    self.expression_after(&binding.value, 6);
                    self.end_line_comment(binding.value.span.end as usize);
                }
            }
            2 => {
                self.head("when:");
                if let Some(when) = &rule.when {
                    self.own_lines(when.span.start as usize);
                    self.start_line();
                    self.expression(when);
                    self.end_line_comment(when.span.end as usize);
                }
            }
            3 => {
                self.head("unless:");
                for unless in &rule.unless {
                    self.own_lines(unless.name.span.start as usize);
                    self.line(&format!("{}:", unless.name.name));
                    self.expression_after(&unless.when, 6);
                    self.end_line_comment(unless.when.span.end as usize);
                }
            }
            _ => self.tests(rule),
        }
    }

    fn tests(&mut self, rule: &Rule) {
        self.head("tests:");
        for test in &rule.tests {
            self.own_lines(test.span.start as usize);
            let kind = if test.expects_match { "matches" } else { "ignores" };
            self.line(&format!("{kind} {}", self.string(&test.message)));
            if !test.given.is_empty() {
                self.givens(&test.given);
            }
            self.end_line_comment(test.span.end as usize);
        }
    }

    /// In one line if it fits, else one entry a line.
    fn givens(&mut self, givens: &[Given]) {
        let entries: Vec<String> = givens.iter().map(|given| self.given(given)).collect();
        let flat = format!(" given {{ {} }}", entries.join(", "));
        if self.column() + flat.chars().count() <= WIDTH {
            self.out.push_str(&flat);
            return;
        }
        let lines: String = entries.iter().map(|entry| format!("      {entry},\n")).collect();
        self.out.push_str(&format!(" given {{\n{lines}    }}"));
    }

    fn given(&self, given: &Given) -> String {
        format!("{}: {}", given.key.name, self.flat(&given.value))
    }

    /// An expression after `=` or `:`: on the same line if it fits, else below, indented.
    fn expression_after(&mut self, expr: &Expr, indent: usize) {
        let flat = self.flat(expr);
        let column = self.column();
        let start = expr.span.start as usize;
        let commented = self.comments.get(self.next).is_some_and(|comment| (comment.span.start as usize) < start);
        if !commented && self.is_one_line(expr, &flat) && column + 1 + flat.chars().count() <= WIDTH {
            self.out.push(' ');
            self.out.push_str(&flat);
            return;
        }
        let outer = std::mem::replace(&mut self.indent, indent);
        self.own_lines(start);
        self.start_line();
        self.expression(expr);
        self.indent = outer;
    }

    fn value(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Array(items) => self.sequence("[", items, "]", expr.span.end as usize),
            _ => self.expression(expr),
        }
    }

    fn column(&self) -> usize {
        self.out.rsplit('\n').next().map_or(0, |line| line.chars().count())
    }

    /// True if nothing in it needs lines of its own: no comment, no text of several lines.
    fn is_one_line(&self, expr: &Expr, flat: &str) -> bool {
        let holds_comment = self
            .comments
            .iter()
            .skip(self.next)
            .take_while(|comment| comment.span.start < expr.span.end)
            .any(|comment| comment.span.start > expr.span.start);
        !holds_comment && !flat.contains('\n')
    }

    /// An expression at the current column; chains that do not fit go one operand a line.
    fn expression(&mut self, expr: &Expr) {
        let flat = self.flat(expr);
        if self.is_one_line(expr, &flat) && self.column() + flat.chars().count() <= WIDTH {
            self.out.push_str(&flat);
            return;
        }
        match &expr.kind {
            ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), ..) => {
                for (index, operand) in flatten(*op, expr).into_iter().enumerate() {
                    if index > 0 {
                        self.own_lines(operand.span.start as usize);
                        self.line(&format!("{} ", binary_symbol(*op)));
                    }
                    self.nested(operand);
                    self.end_line_comment(operand.span.end as usize);
                }
            }
            ExprKind::Paren(inner) => {
                self.out.push('(');
                self.block(|printer| {
                    printer.own_lines(inner.span.start as usize);
                    printer.start_line();
                    printer.expression(inner);
                    printer.end_line_comment(inner.span.end as usize);
                    printer.own_lines(expr.span.end as usize);
                });
                self.line(")");
            }
            ExprKind::Not(inner) => {
                self.out.push_str("not ");
                self.expression(inner);
            }
            ExprKind::Call(callee, args) => {
                let head = format!("{}(", self.flat(callee));
                self.out.push_str(&head);
                self.arguments(args, expr.span.end as usize);
            }
            ExprKind::Of(count, items) => {
                let head = format!("{} of ", of_count(count));
                self.out.push_str(&head);
                self.sequence("(", items, ")", expr.span.end as usize);
            }
            ExprKind::Array(items) => self.sequence("[", items, "]", expr.span.end as usize),
            ExprKind::Tuple(items) => self.sequence("(", items, ")", expr.span.end as usize),
            ExprKind::In { left, negated, no_case, right } => {
                self.expression(left);
                self.out.push_str(in_operator(*negated, *no_case));
                self.expression(right);
            }
            ExprKind::Text { left, op, no_case, right } => {
                self.expression(left);
                self.out.push_str(&format!(" {}{} ", text_symbol(*op), if *no_case { "~" } else { "" }));
                self.expression(right);
            }
            ExprKind::Compare(first, rest) => {
                self.expression(first);
                for (op, operand) in rest {
                    self.out.push_str(&format!(" {} ", compare_symbol(*op)));
                    self.expression(operand);
                }
            }
            ExprKind::Field(base, field) => {
                self.expression(base);
                self.out.push('.');
                self.out.push_str(&field.name);
            }
            ExprKind::Index(base, index) => {
                self.expression(base);
                self.out.push('[');
                self.expression(index);
                self.out.push(']');
            }
            ExprKind::Lambda(name, body) => {
                self.out.push_str(&format!("{} => ", name.name));
                self.expression(body);
            }
            ExprKind::IsNull(inner, negated) => {
                self.expression(inner);
                self.out.push_str(if *negated { " is not null" } else { " is null" });
            }
            ExprKind::IsEmpty(inner, negated) => {
                self.expression(inner);
                self.out.push_str(if *negated { " is not empty" } else { " is empty" });
            }
            ExprKind::If(condition, then, other) => {
                self.out.push_str("if ");
                self.expression(condition);
                self.out.push_str(" then ");
                self.expression(then);
                self.out.push_str(" else ");
                self.expression(other);
            }
            ExprKind::Binary(op, left, right) => {
                self.expression(left);
                self.out.push_str(&format!(" {} ", binary_symbol(*op)));
                self.expression(right);
            }
            ExprKind::Neg(inner) => {
                self.out.push('-');
                self.expression(inner);
            }
            _ => self.out.push_str(&flat),
        }
    }

    /// An operand of a broken chain: an inner chain of the other operator is indented.
    fn nested(&mut self, operand: &Expr) {
        self.indent += 2;
        self.expression(operand);
        self.indent -= 2;
    }

    fn block(&mut self, print: impl FnOnce(&mut Self)) {
        self.indent += 2;
        print(self);
        self.indent -= 2;
    }

    fn arguments(&mut self, args: &[Arg], end: usize) {
        self.block(|printer| {
            for (index, arg) in args.iter().enumerate() {
                printer.own_lines(arg.value.span.start as usize);
                printer.start_line();
                if let Some(name) = &arg.name {
                    printer.out.push_str(&format!("{}=", name.name));
                }
                printer.expression(&arg.value);
                if index + 1 < args.len() {
                    printer.out.push(',');
                }
                printer.end_line_comment_after_comma(arg.value.span.end as usize);
            }
            printer.own_lines(end);
        });
        self.line(")");
    }

    fn sequence(&mut self, open: &str, items: &[Expr], close: &str, end: usize) {
        let flat: Vec<String> = items.iter().map(|item| self.flat(item)).collect();
        let joined = format!("{open}{}{close}", flat.join(", "));
        let commented = self.comments.get(self.next).is_some_and(|comment| (comment.span.start as usize) < end);
        if !commented && !joined.contains('\n') && self.column() + joined.chars().count() <= WIDTH {
            self.out.push_str(&joined);
            return;
        }
        self.out.push_str(open);
        self.block(|printer| {
            for item in items {
                printer.own_lines(item.span.start as usize);
                printer.start_line();
                printer.expression(item);
                printer.out.push(',');
                printer.end_line_comment_after_comma(item.span.end as usize);
            }
            printer.own_lines(end);
        });
        self.line(close);
    }

    fn end_line_comment_after_comma(&mut self, end: usize) {
        let rest = self.text.get(end..).unwrap_or("");
        let skipped = rest.len() - rest.trim_start_matches([' ', '\t', ',']).len();
        self.end_line_comment(end + skipped);
    }

    fn string(&self, text: &StrLit) -> String {
        match text.style {
            StrStyle::Raw => format!("'{}'", text.value.replace('\'', "''")),
            StrStyle::Escaped => escaped(&text.value),
            StrStyle::Block => {
                let pad = " ".repeat(self.indent + 2);
                let lines: Vec<String> = text
                    .value
                    .split('\n')
                    .map(|line| if line.trim().is_empty() { String::new() } else { format!("{pad}{line}") })
                    .collect();
                format!("\"\"\"\n{}\n{}\"\"\"", lines.join("\n"), " ".repeat(self.indent))
            }
        }
    }

    /// The expression on one line, comments left aside.
    fn flat(&self, expr: &Expr) -> String {
        let list = |items: &[Expr]| items.iter().map(|item| self.flat(item)).collect::<Vec<_>>().join(", ");
        match &expr.kind {
            ExprKind::Null => "null".into(),
            ExprKind::Bool(value) => value.to_string(),
            // Numbers, times and durations keep the form that their author chose.
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Duration(_)
            | ExprKind::Time(_)
            | ExprKind::Regex { .. } => self.text.get(expr.span.range()).unwrap_or("").to_owned(),
            ExprKind::Str(text) => self.string(text),
            ExprKind::Address(text) => text.to_string(),
            ExprKind::Name(name) => name.to_string(),
            ExprKind::List(name) => format!("${name}"),
            ExprKind::Scope(depth) => ".".repeat(usize::from(*depth)),
            ExprKind::Field(base, field) => match &base.kind {
                ExprKind::Scope(depth) => format!("{}{}", ".".repeat(usize::from(*depth)), field.name),
                _ => format!("{}.{}", self.flat(base), field.name),
            },
            ExprKind::Index(base, index) => format!("{}[{}]", self.flat(base), self.flat(index)),
            ExprKind::Call(callee, args) => {
                let args: Vec<String> = args.iter().map(|arg| self.flat_argument(arg)).collect();
                format!("{}({})", self.flat(callee), args.join(", "))
            }
            ExprKind::Not(inner) => format!("not {}", self.flat(inner)),
            ExprKind::Neg(inner) => format!("-{}", self.flat(inner)),
            ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or | BinaryOp::Coalesce), ..) => {
                let operands: Vec<String> = flatten(*op, expr).into_iter().map(|operand| self.flat(operand)).collect();
                operands.join(&format!(" {} ", binary_symbol(*op)))
            }
            ExprKind::Binary(op, left, right) => {
                format!("{} {} {}", self.flat(left), binary_symbol(*op), self.flat(right))
            }
            ExprKind::Compare(first, rest) => {
                let rest: Vec<String> = rest
                    .iter()
                    .map(|(op, operand)| format!(" {} {}", compare_symbol(*op), self.flat(operand)))
                    .collect();
                format!("{}{}", self.flat(first), rest.concat())
            }
            ExprKind::In { left, negated, no_case, right } => {
                format!("{}{}{}", self.flat(left), in_operator(*negated, *no_case), self.flat(right))
            }
            ExprKind::Text { left, op, no_case, right } => {
                let case = if *no_case { "~" } else { "" };
                format!("{} {}{case} {}", self.flat(left), text_symbol(*op), self.flat(right))
            }
            ExprKind::IsNull(inner, negated) => {
                format!("{} is {}null", self.flat(inner), if *negated { "not " } else { "" })
            }
            ExprKind::IsEmpty(inner, negated) => {
                format!("{} is {}empty", self.flat(inner), if *negated { "not " } else { "" })
            }
            ExprKind::Of(count, operands) => format!("{} of ({})", of_count(count), list(operands)),
            ExprKind::Paren(inner) => format!("({})", self.flat(inner)),
            ExprKind::Tuple(items) => format!("({})", list(items)),
            ExprKind::Array(items) => format!("[{}]", list(items)),
            ExprKind::If(condition, then, other) => {
                format!("if {} then {} else {}", self.flat(condition), self.flat(then), self.flat(other))
            }
            ExprKind::Lambda(name, body) => format!("{} => {}", name.name, self.flat(body)),
        }
    }

    fn flat_argument(&self, arg: &Arg) -> String {
        match &arg.name {
            Some(name) => format!("{}={}", name.name, self.flat(&arg.value)),
            None => self.flat(&arg.value),
        }
    }
}

fn wants_gap(before: &Item, after: &Item) -> bool {
    let short = |item: &Item| matches!(item.kind, ItemKind::List(_));
    !(short(before) && short(after))
}

fn of_count(count: &OfCount) -> String {
    match count {
        OfCount::AtLeast(number) => number.to_string(),
        OfCount::Any => "any".into(),
        OfCount::All => "all".into(),
        OfCount::None => "none".into(),
    }
}

fn in_operator(negated: bool, no_case: bool) -> &'static str {
    match (negated, no_case) {
        (false, false) => " in ",
        (false, true) => " in~ ",
        (true, false) => " not in ",
        (true, true) => " not in~ ",
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || super::scan::is_invisible(c) => {
                out.push_str(&format!("\\u{{{:04X}}}", u32::from(c)))
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
