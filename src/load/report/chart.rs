//! Line charts as inline SVG: lines stretch with the page, and their labels are text beside them that
//! stays as large as it is on a phone too.

use std::fmt::Write as _;

/// The drawing's own size; it is stretched to the page's.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 400.0;
/// Points of one line at most: more than a screen has room for say nothing.
const MOST_POINTS: usize = 1200;

/// How values lie on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm.
    Log,
}

/// An axis.
#[derive(Debug, Clone)]
pub struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    /// Where labels are and what they say.
    ticks: Vec<(f64, String)>,
}

/// A line.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Its look: one of the style sheet's `line-…`.
    pub look: &'static str,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A part of the x axis with a name.
#[derive(Debug, Clone)]
pub struct Band {
    /// Where it begins and ends.
    pub range: (f64, f64),
    /// Its name; none where empty.
    pub name: String,
    /// Whether it is shaded, as what is not measured.
    pub is_shaded: bool,
}

/// A label beside the drawing.
#[derive(Debug, Clone)]
pub struct Label {
    /// Where, in per cent from the left or from the bottom.
    pub at: f64,
    /// What it says.
    pub text: String,
    /// Whether it names a line across the drawing and not a part of it: it then stands beside that line, on
    /// the side that has room for it.
    pub is_mark: bool,
}

/// A chart, drawn.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The SVG's inside.
    pub inside: String,
    /// Below it.
    pub x_labels: Vec<Label>,
    /// On its left.
    pub y_labels: Vec<Label>,
    /// Above it: names of bands.
    pub band_labels: Vec<Label>,
    /// Each line's name and look.
    pub legend: Vec<(String, &'static str)>,
}

impl Axis {
    /// From nothing to `most`, or a little more, with a handful of round labels.
    pub fn linear(most: f64, label: impl Fn(f64) -> String) -> Self {
        let most = if most > 0.0 { most } else { 1.0 };
        let rough = most / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
        let step = steps.into_iter().map(|step| step * power).find(|step| *step >= rough);
        let step = step.unwrap_or(10.0 * power);
        let to = (most / step).ceil() * step;
        let ticks = (0..).map(|number| f64::from(number) * step);
        let ticks = ticks.take_while(|tick| *tick <= to * 1.000_001);
        Self { scale: Scale::Linear, from: 0.0, to, ticks: ticks.map(|t| (t, label(t))).collect() }
    }

    /// From nothing to `last` and no further, with round labels.
    pub fn span(last: f64, label: impl Fn(f64) -> String) -> Self {
        let mut axis = Self::linear(last, label);
        axis.to = last.max(1e-9);
        axis.ticks.retain(|(tick, _)| *tick <= last * 1.000_001);
        axis
    }

    /// From one power of ten to another, both around the values.
    pub fn log(least: f64, most: f64, label: impl Fn(f64) -> String) -> Self {
        let least = least.max(1.0);
        let from = 10_f64.powf(least.log10().floor());
        let to = 10_f64.powf(most.max(least * 2.0).log10().ceil());
        let mut ticks = vec![(from, label(from))];
        while let Some(next) = ticks.last().map(|(tick, _)| tick * 10.0) {
            if next > to * 1.001 {
                break;
            }
            ticks.push((next, label(next)));
        }
        Self { scale: Scale::Log, from, to, ticks }
    }

    /// With labels of one's own.
    pub const fn with(scale: Scale, (from, to): (f64, f64), ticks: Vec<(f64, String)>) -> Self {
        Self { scale, from, to, ticks }
    }

    /// Where a value lies, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let place = match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            Scale::Log => {
                (value.max(self.from) / self.from).log10() / (self.to / self.from).log10()
            }
        };
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }

    fn labels(&self) -> Vec<Label> {
        let label = |(at, text): &(f64, String)| Label {
            at: self.place(*at) * 100.0,
            text: text.clone(),
            is_mark: false,
        };
        self.ticks.iter().map(label).collect()
    }
}

/// Draws.
pub fn draw(x: &Axis, y: &Axis, series: &[Series], bands: &[Band]) -> Chart {
    let mut inside = String::new();
    for band in bands {
        let (from, to) = (x.place(band.range.0) * WIDTH, x.place(band.range.1) * WIDTH);
        // Writing into a string cannot fail.
        let _ = if band.is_shaded {
            write!(
                inside,
                "<rect class=\"unmeasured\" x=\"{from:.1}\" y=\"0\" width=\"{:.1}\" height=\"{HEIGHT}\"/>",
                (to - from).max(0.0)
            )
        } else {
            write!(
                inside,
                "<line class=\"border\" x1=\"{from:.1}\" x2=\"{from:.1}\" y1=\"0\" y2=\"{HEIGHT}\"/>"
            )
        };
    }
    for (tick, _) in &y.ticks {
        let at = (1.0 - y.place(*tick)) * HEIGHT;
        let _ = write!(
            inside,
            "<line class=\"grid\" x1=\"0\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>"
        );
    }
    for line in series {
        let _ = write!(
            inside,
            "<polyline class=\"{}\" points=\"{}\"/>",
            line.look,
            points(x, y, &line.points)
        );
    }
    let middle = |band: &Band| Label {
        at: f64::midpoint(x.place(band.range.0), x.place(band.range.1)) * 100.0,
        text: band.name.clone(),
        is_mark: band.range.1 <= band.range.0,
    };
    Chart {
        inside,
        x_labels: x.labels(),
        y_labels: y.labels(),
        band_labels: bands.iter().filter(|band| !band.name.is_empty()).map(middle).collect(),
        legend: series.iter().map(|line| (line.name.clone(), line.look)).collect(),
    }
}

fn points(x: &Axis, y: &Axis, points: &[(f64, f64)]) -> String {
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let mut text = String::new();
    for part in points.chunks(every) {
        // Of what falls onto one place the highest is kept: a chart must not hide what was slow.
        let highest = part.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a });
        let Some((at, value)) = highest else { continue };
        let _ = write!(text, "{:.1},{:.1} ", x.place(at) * WIDTH, (1.0 - y.place(value)) * HEIGHT);
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_labels_that_hold_the_values() {
        let says =
            |axis: &Axis| axis.ticks.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
        let whole = |value: f64| format!("{value:.0}");
        assert_eq!(says(&Axis::linear(430.0, whole)), ["0", "100", "200", "300", "400", "500"]);
        assert_eq!(
            says(&Axis::linear(0.0, |v| format!("{v:.1}"))),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(says(&Axis::span(81.0, whole)), ["0", "20", "40", "60", "80"]);
        assert_eq!(says(&Axis::log(340.0, 21_000.0, whole)), ["100", "1000", "10000", "100000"]);
        assert_eq!(says(&Axis::log(0.0, 0.0, whole)), ["1", "10"]);
    }

    #[test]
    fn lines_lie_within_the_drawing_and_keep_their_peaks() {
        let (x, y) =
            (Axis::linear(10_000.0, |v| v.to_string()), Axis::log(1.0, 100.0, |v| v.to_string()));
        let mut spiky: Vec<(f64, f64)> = (0..10_000).map(|at| (f64::from(at), 10.0)).collect();
        spiky[5_003].1 = 1e9;
        let series = [Series { name: "a".into(), look: "line-a", points: spiky }];
        let band = Band { range: (0.0, 100.0), name: "b".into(), is_shaded: true };
        let chart = draw(&x, &y, &series, &[band]);
        let (_, points) = chart.inside.split_once("points=\"").expect("a line");
        let points = points.split('"').next().expect("points");
        assert!(points.split(' ').count() <= MOST_POINTS);
        let heights =
            points.split(' ').filter_map(|pair| pair.split_once(',')?.1.parse::<f64>().ok());
        let heights: Vec<f64> = heights.collect();
        assert!(heights.iter().all(|height| (0.0..=HEIGHT).contains(height)));
        assert!(heights.iter().any(|height| *height < 0.1), "the peak is there");
        assert!(chart.inside.contains("unmeasured") && chart.band_labels.len() == 1);
        let mark = Band { range: (50.0, 50.0), name: "here".into(), is_shaded: false };
        let part = Band { range: (50.0, 60.0), name: "there".into(), is_shaded: false };
        let labels = draw(&x, &y, &series, &[mark, part]).band_labels;
        assert_eq!(labels.iter().map(|label| label.is_mark).collect::<Vec<_>>(), [true, false]);
    }
}
