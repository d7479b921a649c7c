//! Axes, scales and marks of charts, as SVG text.

use super::text::escape;

/// The plotting area of a chart.
pub(super) struct Plot {
    out: String,
    title: String,
    width: f64,
    height: f64,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Plot {
    /// A chart of a size with room for labels around the area.
    pub(super) fn new(title: &str, width: f64, height: f64, left: f64) -> Self {
        Self {
            out: String::new(),
            title: title.to_owned(),
            width,
            height,
            left,
            top: 10.0,
            right: width - 24.0,
            bottom: height - 38.0,
        }
    }

    /// Leaves more room above or below.
    pub(super) fn margins(mut self, top: f64, below: f64) -> Self {
        self.top = top;
        self.bottom = self.height - below;
        self
    }

    /// The horizontal place of a share of the width.
    pub(super) fn x(&self, share: f64) -> f64 {
        self.left + share.clamp(0.0, 1.0) * (self.right - self.left)
    }

    /// The vertical place of a share of the height, upwards.
    pub(super) fn y(&self, share: f64) -> f64 {
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top)
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.out.push_str(&format!(
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    pub(super) fn rect(&mut self, class: &str, x: f64, y: f64, size: (f64, f64), title: &str) {
        self.out.push_str(&format!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            size.0.max(0.0),
            size.1.max(0.0),
            escape(title)
        ));
    }

    /// A cell whose colour is as strong as a share.
    pub(super) fn cell(&mut self, x: f64, y: f64, size: f64, share: f64, title: &str) {
        self.out.push_str(&format!(
            "<rect class=\"cell\" fill-opacity=\"{:.2}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{size:.1}\" height=\"{size:.1}\"><title>{}</title></rect>",
            share.clamp(0.0, 1.0),
            escape(title)
        ));
    }

    pub(super) fn dot(&mut self, class: &str, at: (f64, f64), radius: f64, title: &str) {
        self.out.push_str(&format!(
            "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\"><title>{}</title></circle>",
            at.0,
            at.1,
            escape(title)
        ));
    }

    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        let steps: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.out.push_str(&format!("<polyline class=\"{class}\" points=\"{}\"/>", steps.join(" ")));
    }

    /// Text; `anchor` is `start`, `middle` or `end`.
    pub(super) fn text(&mut self, class: &str, at: (f64, f64), anchor: &str, text: &str) {
        self.out.push_str(&format!(
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            at.0,
            at.1,
            escape(text)
        ));
    }

    /// Text that runs upwards at an angle.
    pub(super) fn slanted(&mut self, at: (f64, f64), text: &str) {
        self.out.push_str(&format!(
            "<text transform=\"translate({:.1} {:.1}) rotate(-45)\">{}</text>",
            at.0,
            at.1,
            escape(text)
        ));
    }

    /// A tick of the horizontal axis with a line through the area.
    pub(super) fn tick_x(&mut self, share: f64, label: &str) {
        let x = self.x(share);
        self.line("grid", (x, self.top), (x, self.bottom));
        self.text("dim", (x, self.bottom + 14.0), "middle", label);
    }

    /// A tick of the vertical axis with a line through the area.
    pub(super) fn tick_y(&mut self, share: f64, label: &str) {
        let y = self.y(share);
        self.line("grid", (self.left, y), (self.right, y));
        self.text("dim", (self.left - 5.0, y + 3.5), "end", label);
    }

    /// The names of both axes.
    pub(super) fn axes(&mut self, x: &str, y: &str) {
        let frame = [(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)];
        self.path("axis", &frame);
        self.text("dim", (f64::midpoint(self.left, self.right), self.bottom + 30.0), "middle", x);
        if !y.is_empty() {
            let (x, middle) = (11.0, f64::midpoint(self.top, self.bottom));
            self.out.push_str(&format!(
                "<text class=\"dim\" transform=\"translate({x} {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                escape(y)
            ));
        }
    }

    /// The finished element.
    pub(super) fn finish(self) -> String {
        format!(
            "<svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>{2}</svg>",
            self.width,
            self.height,
            self.out,
            title = escape(&self.title)
        )
    }
}

/// Round steps up to a maximum: 0, 5, 10 ... at most about five of them.
pub(super) fn steps(most: f64) -> Vec<f64> {
    if !most.is_finite() || most <= 0.0 {
        return vec![0.0];
    }
    let rough = most / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|one| one * power).find(|step| *step >= rough).unwrap_or(rough);
    let step = if most >= 4.0 { step.max(1.0) } else { step };
    (0..=12).map(|index| f64::from(index) * step).take_while(|value| *value <= most * 1.0001).collect()
}
