package report

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"t5train/internal/atomicfile"
	"t5train/trainer/report/scale"
)

// The measures of a plot, in points.
const (
	plotWidth  = 480.0
	plotHeight = 270.0 // of the curves with their axes
	margin     = 14.0
	titleSize  = 13.0
	textSize   = 10.5
	lineHeight = 16.0
)

// WritePlots writes each chart of the runs as an SVG and a PNG file into a folder, which is made if missing, and
// returns their names.
func WritePlots(dir string, runs []*Run, o Options) (names []string, err error) {
	fonts, err := newTypeface()
	if err != nil {
		return nil, fmt.Errorf("write plots: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("write plots: %w: choose another report.plots", atomicfile.WithRemedy(err))
	}
	for _, c := range chartsOf(runs) {
		p, err := newPlot(c, runs, o, fonts)
		if err != nil {
			return names, fmt.Errorf("write plots: %w", err)
		}
		if len(p.curves) == 0 {
			continue
		}
		written, err := p.write(filepath.Join(dir, c.ID), fonts)
		if err != nil {
			return names, fmt.Errorf("write plots: %w", err)
		}
		names = append(names, written...)
	}
	return names, nil
}

// write writes path.svg and path.png and returns their names.
func (p *plot) write(path string, fonts typeface) (names []string, err error) {
	svg, png := newSVG(plotWidth, p.height()), newPNG(plotWidth, p.height(), fonts)
	p.draw(svg)
	p.draw(png)
	pixels, err := png.bytes()
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		suffix  string
		content []byte
	}{{".svg", svg.bytes()}, {".png", pixels}} {
		if err := atomicfile.ReplaceFile(path+f.suffix, f.content); err != nil {
			return names, atomicfile.WithRemedy(err)
		}
		names = append(names, path+f.suffix)
	}
	return names, nil
}

// plot is a chart with what is drawn of it.
type plot struct {
	chart   Chart
	xTitle  string
	curves  []curve
	log     bool // the scale of y
	logX    bool
	legend  [][]entry // lines of it; none for one run
	leftTo  float64   // where the curves begin
	x, y    scale.Scale
	top     float64
	bottoms float64
}

// curve is a run's part of a plot.
type curve struct {
	run    int // says its colour
	name   string
	x, y   []float64
	smooth []float64 // nil where y is drawn alone
	best   int       // place of the best checkpoint, -1 without one
}

// entry is a curve's name in the legend.
type entry struct {
	curve int
	x     float64
}

// newPlot lays a chart of runs out.
func newPlot(c Chart, runs []*Run, o Options, fonts typeface) (*plot, error) {
	p := &plot{chart: c, xTitle: "step", log: o.Log && c.Wide}
	for i, r := range runs {
		lines := r.lines(c)
		k := curve{run: i, name: legible(r.Name), best: -1}
		for j, v := range lines.Values[c.Value] {
			y := float64(v)
			if math.IsNaN(y) || p.log && y <= 0 {
				continue
			}
			if c.Lines == "eval" && c.Value == r.Metric && r.BestAt > 0 && lines.Step[j] == r.BestAt {
				k.best = len(k.y)
			}
			k.x, k.y = append(k.x, float64(lines.Step[j])), append(k.y, y)
		}
		if len(k.y) == 0 {
			continue
		}
		if c.Smooth && o.Smoothing > 0 {
			k.smooth = smooth(k.y, o.Smoothing)
		}
		p.curves = append(p.curves, k)
	}
	if len(p.curves) == 0 {
		return p, nil
	}
	return p, p.lay(fonts)
}

// lay finds the places of the curves, of which there is one at least.
func (p *plot) lay(fonts typeface) error {
	if err := p.layLegend(fonts); err != nil {
		return err
	}
	low, high, end, begin := math.Inf(1), math.Inf(-1), math.Inf(-1), math.Inf(1)
	for _, k := range p.curves {
		low, high = min(low, slices.Min(k.y)), max(high, slices.Max(k.y))
		begin, end = min(begin, slices.Min(k.x)), max(end, slices.Max(k.x))
	}
	p.top = margin + titleSize + 12 + lineHeight*float64(len(p.legend))
	p.bottoms = p.top + plotHeight - 44
	// Places of y grow downwards.
	if p.log {
		p.y = scale.Logarithmic(low/1.08, high*1.08, p.bottoms, p.top, 8)
	} else {
		low, high = room(low, high, p.chart.Group == machine)
		p.y = scale.Linear(low, high, p.bottoms, p.top, 8)
	}
	left := 0.0
	for _, t := range p.y.Ticks {
		w, err := fonts.width(t.Text, textSize)
		if err != nil {
			return err
		}
		left = max(left, w)
	}
	p.leftTo = margin + left + 7
	right := plotWidth - margin - 8
	if p.logX {
		p.x = scale.Logarithmic(begin, end, p.leftTo, right, 7)
	} else {
		p.x = scale.Linear(begin, end, p.leftTo, right, 7)
	}
	return nil
}

// room returns the values of the axis: a little more than those of the curves, from 0 where that is near.
func room(low, high float64, fromZero bool) (float64, float64) {
	span := high - low
	if span == 0 && !fromZero {
		return low, high
	}
	switch {
	case fromZero && low >= 0, low >= 0 && low < 0.25*high:
		low = 0
	default:
		low -= 0.04 * span
	}
	return low, high + 0.04*max(span, 0.1*math.Abs(high))
}

// layLegend puts the names of the curves into lines.
func (p *plot) layLegend(fonts typeface) error {
	if len(p.curves) < 2 {
		return nil
	}
	const mark, between = 24.0, 16.0
	x := margin
	for i, c := range p.curves {
		w, err := fonts.width(c.name, textSize)
		if err != nil {
			return err
		}
		if len(p.legend) == 0 || x+mark+w > plotWidth-margin && x > margin {
			p.legend = append(p.legend, nil)
			x = margin
		}
		last := len(p.legend) - 1
		p.legend[last] = append(p.legend[last], entry{i, x})
		x += mark + w + between
	}
	return nil
}

func (p *plot) height() float64 {
	return margin + titleSize + 12 + lineHeight*float64(len(p.legend)) + plotHeight
}

// stroke is how the line of a curve looks: more curves than colours are dashed.
func (c curve) stroke() stroke {
	return stroke{color: palette[c.run%len(palette)], width: 1.6, dashed: c.run/len(palette)%2 == 1}
}

func (p *plot) draw(to canvas) {
	title := p.chart.Title
	if p.chart.Unit != "" {
		title += ", " + p.chart.Unit
	}
	to.text(point{margin, margin + titleSize - 2}, titleSize, startsAt, true, ink, title)
	for i, line := range p.legend {
		y := margin + titleSize + 12 + lineHeight*float64(i)
		for _, e := range line {
			c := p.curves[e.curve]
			to.polyline([]point{{e.x, y}, {e.x + 17, y}}, c.stroke())
			to.text(point{e.x + 24, y + textSize/3}, textSize, startsAt, false, ink, c.name)
		}
	}
	right := p.x.To
	for _, t := range p.y.Ticks {
		y := p.y.At(t.Value)
		to.polyline([]point{{p.leftTo, y}, {right, y}}, stroke{color: grid, width: 0.8})
		to.text(point{p.leftTo - 7, y + textSize/3}, textSize, endsAt, false, quiet, t.Text)
	}
	to.polyline([]point{{p.leftTo, p.bottoms}, {right, p.bottoms}}, stroke{color: rule, width: 0.8})
	for _, t := range p.x.Ticks {
		x := p.x.At(t.Value)
		to.polyline([]point{{x, p.bottoms}, {x, p.bottoms + 4}}, stroke{color: rule, width: 0.8})
		to.text(point{x, p.bottoms + 17}, textSize, centeredAt, false, quiet, t.Text)
	}
	to.text(point{(p.leftTo + right) / 2, p.bottoms + 33}, textSize, centeredAt, false, quiet, p.xTitle)
	for _, c := range p.curves {
		p.drawCurve(to, c)
	}
}

func (p *plot) drawCurve(to canvas, c curve) {
	places := func(values []float64) []point {
		points := make([]point, len(values))
		for i, v := range values {
			points[i] = point{p.x.At(c.x[i]), p.y.At(v)}
		}
		return points
	}
	line, main := c.stroke(), c.y
	if c.smooth != nil {
		to.polyline(places(c.y), stroke{color: line.color, width: 0.9, faint: true})
		main = c.smooth
	}
	points := places(main)
	to.polyline(points, line)
	if len(points) <= 40 {
		for _, q := range points {
			to.disc(q, 2.2, line.color, false)
		}
	}
	if c.best >= 0 {
		to.disc(points[c.best], 3.6, line.color, true)
	}
}

// Figure is a plot of curves that are no runs.
type Figure struct {
	Name   string // of its files, without a suffix
	Title  string
	XTitle string
	LogX   bool // every X is positive
	Curves []Curve
}

// Curve is a line of a figure. It has a point at least.
type Curve struct {
	Name string
	X, Y []float64
}

// Write writes the figure as an SVG and a PNG file into a folder, which is made if missing, and returns their
// names. One without curves has nothing to write.
func (f Figure) Write(dir string) (names []string, err error) {
	if len(f.Curves) == 0 {
		return nil, nil
	}
	fonts, err := newTypeface()
	if err == nil {
		err = os.MkdirAll(dir, 0o777)
	}
	if err != nil {
		return nil, fmt.Errorf("write plots: %w: choose another report.plots", atomicfile.WithRemedy(err))
	}
	p := &plot{chart: Chart{Title: f.Title}, xTitle: f.XTitle, logX: f.LogX}
	for i, c := range f.Curves {
		p.curves = append(p.curves, curve{run: i, name: legible(c.Name), x: c.X, y: c.Y, best: -1})
	}
	if err := p.lay(fonts); err != nil {
		return nil, fmt.Errorf("write plots: %w", err)
	}
	names, err = p.write(filepath.Join(dir, f.Name), fonts)
	if err != nil {
		return names, fmt.Errorf("write plots: %w", err)
	}
	return names, nil
}
