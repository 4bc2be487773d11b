package page

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"

	"t5train/trainer/metric"
	"t5train/trainer/report/scale"
	"t5train/trainer/sweep"
)

// The measures of a chart, in pixels of a narrow screen, to whose width it grows and shrinks.
const (
	width  = 360.0
	height = 236.0
	left   = 46.0
	right  = width - 12
	top    = 10.0
	bottom = height - 30
)

// svg is a chart that is being drawn.
type svg struct{ strings.Builder }

func (s *svg) add(format string, args ...any) { fmt.Fprintf(&s.Builder, format, args...) }

// chart returns a chart with its heading. Texts are escaped where they are put in.
func chart(title, note, label string, draw func(*svg)) string {
	var s svg
	s.add(`<div class="chart"><div><h4>%s</h4><small>%s</small></div>`, html.EscapeString(title),
		html.EscapeString(note))
	s.add(`<svg role="img" viewBox="0 0 %g %g" aria-label="%s">`, width, height, html.EscapeString(label))
	draw(&s)
	s.add("</svg></div>\n")
	return s.String()
}

// axis returns the scale of values: logarithmic where they are of many sizes, as losses of some trials are.
func axis(values []float64, from, to float64, count int) scale.Scale {
	low, high := slices.Min(values), slices.Max(values)
	if low > 0 && high > 20*low {
		return scale.Logarithmic(low/1.1, high*1.1, from, to, count)
	}
	room := 0.06 * (high - low)
	return scale.Linear(low-room, high+room, from, to, count)
}

func (s *svg) axes(x []scale.Tick, at func(float64) float64, y scale.Scale, title string) {
	for _, t := range y.Ticks {
		s.add(`<line class="gridline" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, left, right, y.At(t.Value), y.At(t.Value))
		s.add(`<text x="%g" y="%.1f" text-anchor="end">%s</text>`, left-6, y.At(t.Value)+4, html.EscapeString(t.Text))
	}
	s.add(`<line class="axis" x1="%g" x2="%g" y1="%g" y2="%g"/>`, left, right, bottom, bottom)
	for _, t := range x {
		s.add(`<text x="%.1f" y="%g" text-anchor="middle">%s</text>`, at(t.Value), bottom+16, html.EscapeString(t.Text))
	}
	if title != "" {
		s.add(`<text x="%g" y="%g" text-anchor="middle">%s</text>`, (left+right)/2, bottom+28, html.EscapeString(title))
	}
}

// scatter draws a key against the metric: what trials had reached at their last rung.
func scatter(r *sweep.Result, k sweep.Key, name string) string {
	type point struct {
		x, y  float64
		trial sweep.Trial
	}
	var points []point
	var values, ys []float64
	place := map[string]float64{}
	var ticks []scale.Tick
	for i, v := range k.Values {
		if _, twice := place[v]; !twice {
			place[v] = float64(i)
			ticks = append(ticks, scale.Tick{Value: float64(i), Text: clip(v, 60/len(k.Values)+2)})
		}
	}
	for _, t := range r.Trials {
		p := point{trial: t}
		text := r.Setting(t, k.Path)
		at, listed := place[text]
		v, err := strconv.ParseFloat(text, 64)
		switch {
		case listed: // beside each other
			p.x = at + 0.5*(float64(t.Number*7%11)/10-0.5)
		case len(k.Values) == 0 && err == nil && (!k.Log || v > 0):
			p.x = v
		default: // of trial 0, whose value is none of the list
			continue
		}
		if reached := t.Last(); reached != nil {
			p.y = *reached.Value
			ys = append(ys, p.y)
		} else if p.y = math.NaN(); t.Failed == "" {
			continue
		}
		points = append(points, p)
		values = append(values, p.x)
	}
	return chart(name, k.Path, name+" of each trial against "+r.Metric, func(s *svg) {
		if len(ys) == 0 {
			return
		}
		y := axis(ys, bottom-6, top, 6)
		var x scale.Scale
		switch {
		case len(k.Values) > 0:
			x = scale.Linear(-0.5, float64(len(k.Values))-0.5, left, right, 4)
			x.Ticks = ticks
		case k.Log:
			x = scale.Logarithmic(slices.Min(values)/1.1, slices.Max(values)*1.1, left+4, right-4, 6)
		default:
			x = axis(values, left+4, right-4, 5)
		}
		if k.Whole {
			x.Ticks = whole(x.Ticks)
		}
		s.axes(x.Ticks, x.At, y, "")
		for _, p := range points {
			about, at := html.EscapeString(about(r, p.trial)), x.At(p.x)
			if math.IsNaN(p.y) {
				s.add(`<text x="%.1f" y="%g" text-anchor="middle"><title>%s</title>×</text>`, at, bottom-2, about)
				continue
			}
			class, radius := "best c0", 3.2
			switch {
			case p.trial.Number == r.Best:
				class, radius = "dot c1", 5.5
			case p.trial.Number == 0:
				class, radius = "dot c6", 5
			case len(p.trial.Rungs) == len(r.Shares):
				class, radius = "dot c0", 4
			}
			s.add(`<circle class="%s" cx="%.1f" cy="%.1f" r="%g"><title>%s</title></circle>`, class, at, y.At(p.y),
				radius, about)
		}
	})
}

// whole returns the ticks of integers.
func whole(ticks []scale.Tick) (kept []scale.Tick) {
	for _, t := range ticks {
		if v := math.Round(t.Value); math.Abs(t.Value-v) < 1e-9 {
			kept = append(kept, scale.Tick{Value: v, Text: fmt.Sprint(v)})
		}
	}
	return kept
}

// about says in a line what a trial is.
func about(r *sweep.Result, t sweep.Trial) string {
	text := fmt.Sprintf("trial %d", t.Number)
	for i, name := range r.Columns() {
		text += fmt.Sprintf(", %s %s", name, cmp.Or(r.Setting(t, r.Search[i].Path), "unset"))
	}
	if reached := t.Last(); reached != nil {
		return text + fmt.Sprintf(": %s %.4f", r.Metric, *reached.Value)
	}
	return text + ": " + t.Failed
}

// clip shortens a text to about so many characters.
func clip(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:max(1, most-1)]) + "…"
	}
	return text
}

// line is a trial's evaluations of a value, along the share of its steps that are done.
type line struct {
	trial  sweep.Trial
	x, y   []float64
	weight int // what is drawn later, and so above others
}

// curves draws the evaluations of all trials over each other.
func curves(r *sweep.Result, title, note string, lines []line) string {
	return chart(title, note, title+" of all trials along their steps", func(s *svg) {
		var ys []float64
		for _, l := range lines {
			ys = append(ys, l.y...)
		}
		if len(ys) == 0 {
			return
		}
		y := axis(ys, bottom-4, top, 6)
		x := scale.Linear(0, 100, left, right-6, 5)
		s.axes(x.Ticks, x.At, y, "% of the trial's steps")
		slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.weight, b.weight) })
		for _, l := range lines {
			class := [...]string{"curve raw c0", "curve c0", "curve c6", "curve c1"}[l.weight]
			s.add(`<path class="%s" d="`, class)
			for i := range l.x {
				s.add("%c%.1f %.1f", "ML"[min(i, 1)], x.At(l.x[i]), y.At(l.y[i]))
			}
			s.add(`"><title>%s</title></path>`, html.EscapeString(about(r, l.trial)))
			if end := len(l.x) - 1; l.weight > 0 || end == 0 {
				s.add(`<circle class="dot c%d" cx="%.1f" cy="%.1f" r="2.6"/>`, [...]int{0, 0, 6, 1}[l.weight],
					x.At(l.x[end]), y.At(l.y[end]))
			}
		}
	})
}

// progress draws the best value so far against the number of trials.
func (p *page) progress() string {
	l := line{}
	for _, t := range p.Trials {
		reached := t.Last()
		if reached == nil {
			continue
		}
		v := *reached.Value
		if n := len(l.y); n > 0 && !metric.Better(p.Metric, v, l.y[n-1]) {
			v = l.y[n-1]
		}
		l.x, l.y = append(l.x, float64(t.Number)), append(l.y, v)
	}
	return chart("Best so far", "by number of trials", "The best value of the trials so far", func(s *svg) {
		if len(l.x) == 0 {
			return
		}
		y := axis(l.y, bottom-4, top, 6)
		x := scale.Linear(0, max(1, l.x[len(l.x)-1]), left, right-6, 5)
		s.axes(whole(x.Ticks), x.At, y, "trial")
		s.add(`<path class="curve c0" d="`)
		for i := range l.x {
			if i == 0 {
				s.add("M%.1f %.1f", x.At(l.x[i]), y.At(l.y[i]))
			} else {
				s.add("H%.1fV%.1f", x.At(l.x[i]), y.At(l.y[i]))
			}
		}
		s.add(`"/>`)
	})
}
