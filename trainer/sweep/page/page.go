// Package page shows a sweep as one HTML page that needs no other file, no script and no network.
//
//	result, err := sweep.Read("runs/sweep")
//	err = page.Write(file, result, next)
package page

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"t5train/internal/ui"
	"t5train/trainer/metric"
	"t5train/trainer/report"
	"t5train/trainer/runlog"
	"t5train/trainer/sweep"
)

// Write writes the page of a sweep. Next are command lines for what may be done with it.
func Write(w io.Writer, r *sweep.Result, next []string) error {
	style, err := report.Style()
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	style += extra
	p := page{Result: r}
	p.add(`<!doctype html><html lang="en"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width, initial-scale=1">`)
	p.add(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src %s; base-uri 'none'; `+
		`form-action 'none'">`, report.Hash(style))
	name := html.EscapeString(filepath.Base(filepath.Clean(r.Output)))
	p.add("<title>%s</title><style>%s</style></head>\n<body><header><div><h1>%s</h1>", name, style, name)
	p.text("p", "quiet", "Sweep of %s over %s; written %s", ui.Shorten(r.Columns(), 6), count(len(r.Trials), "trial"),
		time.Now().UTC().Format("2006-01-02 15:04 MST"))
	p.add("</div></header>\n<main>")
	p.glance(next)
	p.effects()
	p.keys()
	p.curves()
	p.table()
	p.add("</main></body></html>\n")
	_, err = io.WriteString(w, p.String())
	return err
}

// extra is what the page has beside the style of the report.
const extra = `.effect { display: grid; grid-template-columns: minmax(0, 14rem) 3.5rem minmax(0, 1fr); ` +
	`gap: .2rem .8rem; align-items: center; } .effect span { overflow-wrap: anywhere; } ` +
	`.bar { width: 100%; height: .8rem; } .bar rect { fill: currentColor; } .wide { max-width: 60rem; }` + "\n"

// page is a page that is being written.
type page struct {
	*sweep.Result
	strings.Builder
}

func (p *page) add(format string, args ...any) { fmt.Fprintf(&p.Builder, format, args...) }

// text adds an element with a text, which is escaped.
func (p *page) text(tag, class, format string, args ...any) {
	p.add(`<%s class="%s">%s</%s>`, tag, class, html.EscapeString(fmt.Sprintf(format, args...)), tag)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return ui.Grouped(n) + " " + what
}

// glance says what was found, and whether it is more than chance.
func (p *page) glance(next []string) {
	p.add(`<section><h2>At a glance</h2><article class="glance"><div class="halves"><div><dl>`)
	fact := func(name, format string, args ...any) {
		p.text("dt", "", "%s", name)
		p.text("dd", "", format, args...)
	}
	ended, failed, seconds := 0, 0, 0.0
	for _, t := range p.Trials {
		if t.Failed != "" {
			failed++
		} else if len(t.Rungs) == len(p.Shares) {
			ended++
		}
		seconds += t.Seconds()
	}
	fact("trials", "%d, of which %d trained to their end and %d failed", len(p.Trials), ended, failed)
	fact("training", "%v in all", time.Duration(seconds*float64(time.Second)).Round(time.Second))
	if p.Best >= 0 {
		fact("best", "trial %d", p.Best)
		for i, name := range p.Columns() {
			key := p.Search[i].Path
			own := cmp.Or(p.Setting(p.Trials[p.Best], key), "unset")
			first := cmp.Or(p.Setting(p.Trials[0], key), "unset")
			if own != first {
				own += " (trial 0: " + first + ")"
			}
			fact(name, "%s", own)
		}
	}
	p.add("</dl></div><div>")
	p.found()
	p.add("</div></div>")
	if len(next) > 0 {
		p.add(`<h3>Next</h3><div class="next">`)
		for _, line := range next {
			p.text("code", "", "%s", line)
		}
		p.add("</div>")
	}
	p.add("</article></section>\n")
}

// found says how good the best trial is, and what was gained.
func (p *page) found() {
	if p.Best < 0 {
		p.text("p", "judgment", "No trial has a result yet.")
		return
	}
	at := p.Trials[p.Best].Last()
	p.add(`<p class="value"><b>%.4f</b> %s, trial %d, at step %s</p>`, *at.Value, html.EscapeString(p.Metric), p.Best,
		ui.Grouped(at.BestStep))
	if first := p.Trials[0].Last(); first != nil {
		p.text("p", "quiet", "The settings as they are, trial 0, reach %.4f.", *first.Value)
	}
	for _, g := range []struct {
		on   string
		gain *sweep.Gain
	}{{"Validation", p.Validation}, {"Test", p.Test}} {
		if g.gain != nil {
			p.text("p", "quiet", "%s: %s.", g.on, g.gain)
		}
	}
	honest := p.Test
	if honest == nil {
		honest = p.Validation
	}
	switch {
	case p.Best == 0:
		p.text("p", "judgment weak", "△ No trial is better than the settings as they are.")
	case honest == nil || honest.Low == nil:
		p.text("p", "judgment", "There is no interval that would say whether this is more than chance.")
	case *honest.Low <= 0 && *honest.High >= 0:
		p.text("p", "judgment weak", "△ The difference may be chance: the interval has 0 in it.")
	case metric.Better(p.Metric, honest.Best, honest.Defaults):
		p.text("p", "judgment good", "✓ Better than the settings as they are: 0 is not in the interval.")
	default:
		p.text("p", "judgment poor", "✗ Worse than the settings as they are on these rows: keep those.")
	}
	if p.Test == nil && p.Validation != nil {
		p.text("p", "quiet", "The validation rows have chosen the best of %s, so new rows will show less. Name test "+
			"data in the file of the sweep to see that.", count(len(p.Trials), "trial"))
	}
}

// effects shows which keys mattered.
func (p *page) effects() {
	effects := p.Effects()
	if effects == nil {
		return
	}
	p.add(`<section><h2>What mattered</h2><div class="wide"><div class="effect">`)
	for _, e := range effects {
		p.text("span", "code", "%s", e.Key)
		p.text("span", "number", "%.0f %%", 100*e.Share)
		p.add(`<svg class="bar c0" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="%.0f %%">`+
			`<rect width="%.1f" height="4"/></svg>`, 100*e.Share, max(0.4, 100*e.Share))
	}
	p.add("</div>")
	p.text("p", "quiet", "Share of the variance of the trials' places at their first rung that goes with each key "+
		"alone, less what chance would explain. It does not see keys that only matter together, nor what matters late "+
		"in a run, and of few trials it is rough.")
	p.add("</div></section>\n")
}

// keys shows each key against the metric.
func (p *page) keys() {
	p.add(`<section><h2>Keys</h2><p class="quiet"><span class="swatch c1"></span>best <span class="swatch c6"></span>` +
		`trial 0 <span class="swatch c0"></span>trained to the end; rings are paused trials, × are failed ones.</p>` +
		`<div class="charts">`)
	names := p.Columns()
	for i, k := range p.Search {
		p.WriteString(scatter(p.Result, k, names[i]))
	}
	p.add("</div></section>\n")
}

// curves shows the evaluations of all trials.
func (p *page) curves() {
	var byMetric, byLoss []line
	for _, t := range p.Trials {
		dir := sweep.TrialDir(p.Output, t.Number)
		history, err := runlog.ReadHistory(filepath.Join(dir, runlog.HistoryName))
		record, recordErr := runlog.Read[runlog.Run](filepath.Join(dir, filepath.FromSlash(runlog.RunName)))
		if err != nil || recordErr != nil || record.Steps == 0 {
			continue
		}
		own, loss := line{trial: t}, line{trial: t}
		switch {
		case t.Number == p.Best:
			own.weight = 3
		case t.Number == 0:
			own.weight = 2
		case len(t.Rungs) == len(p.Shares):
			own.weight = 1
		}
		loss.weight = own.weight
		for _, e := range history.Eval {
			for name, to := range map[string]*line{p.Metric: &own, "loss": &loss} {
				if v, ok := e.Metrics[name]; ok && e.Step > 0 && v-v == 0 {
					to.x, to.y = append(to.x, 100*float64(e.Step)/float64(record.Steps)), append(to.y, v)
				}
			}
		}
		byMetric, byLoss = append(byMetric, own), append(byLoss, loss)
	}
	empty := func(l line) bool { return len(l.x) == 0 }
	byMetric, byLoss = slices.DeleteFunc(byMetric, empty), slices.DeleteFunc(byLoss, empty)
	p.add(`<section><h2>Curves</h2><p class="quiet"><span class="swatch c1"></span>best ` +
		`<span class="swatch c6"></span>trial 0 <span class="swatch c0"></span>others; ` +
		`faint ones were paused.</p><div class="charts">`)
	if p.Metric != "loss" {
		p.WriteString(curves(p.Result, p.Metric, "validation", byMetric))
	}
	p.WriteString(curves(p.Result, "Validation loss", "nats per token", byLoss))
	p.WriteString(p.progress())
	p.add("</div></section>\n")
}

// table lists the trials, the best first.
func (p *page) table() {
	p.add(`<section><h2>Trials</h2><div class="scroll"><table><thead><tr>`)
	head := slices.Concat([]string{"trial"}, p.Columns(), []string{"state", p.Metric, "at step", "seconds", ""})
	for i, name := range head {
		p.text("th", [...]string{"", "first"}[1-min(i, 1)], "%s", name)
	}
	p.add("</tr></thead><tbody>")
	for _, n := range p.Order() {
		t := p.Trials[n]
		cells := p.Row(t)
		if p.add("<tr>"); n == p.Best {
			cells[0] += " (best)"
		} else if n == 0 {
			cells[0] += " (as it is)"
		}
		for i, cell := range cells {
			p.text("td", [...]string{"nowrap", "first nowrap"}[1-min(i, 1)], "%s", cell)
		}
		p.text("td", "number", "%.0f", t.Seconds())
		p.text("td", "text", "%s", t.Failed)
		p.add("</tr>")
	}
	p.add("</tbody></table></div></section>\n")
}
