package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"t5train/internal/ui"
	"t5train/internal/visible"
	"t5train/trainer/runlog"
)

// Console tells a person what happens. On a terminal it draws a progress bar; into a file or a pipe it writes a plain
// line now and then, because a bar redraws itself with carriage returns. The zero value is silent.
type Console struct {
	out      io.Writer
	words    func(message string) string
	terminal *os.File // out, where it is one
	coloured bool
	steps    time.Duration // from one line about a training step to the next, at least
	throttle time.Duration // from one drawing of the bar to the next, at least

	mu    sync.Mutex
	bar   *progress // the work whose bar is shown
	width int       // columns that the bar takes on the screen
}

// New returns a console on a file, normally os.Stderr. words puts messages in the terms of the person, such as flags
// for keys of the configuration; nil leaves them.
func New(f *os.File, words func(message string) string) *Console {
	c := &Console{out: f, words: words, steps: plainEvery, throttle: barEvery}
	if term.IsTerminal(int(f.Fd())) {
		c.terminal, c.coloured = f, wantsColour()
	}
	return c
}

// Plain returns a console that writes plain lines, one for each row of training metrics.
func Plain(w io.Writer) *Console { return &Console{out: w} }

// Message writes a line.
func (c *Console) Message(m ui.Message) {
	before, key, line := "", "", m.Text
	if m.Detail {
		before = "  "
	}
	switch {
	case m.Key == ui.Warning && c.coloured:
		before, key = before+c.in(yellow, m.Key+":"), " "
	case m.Key != "":
		key = m.Key + ": "
	}
	c.write(before, key+line)
}

// Error writes the message of an error that ends the command, after the name of the program.
func (c *Console) Error(program, text string) { c.write(c.in(red, program), " "+text) }

func (c *Console) say(line string) { c.write("", line) }

// write writes a line. What comes before it is written as it is.
func (c *Console) write(before, line string) {
	if c.out == nil {
		return
	}
	if c.words != nil {
		line = c.words(line)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	fmt.Fprintln(c.out, before+visible.Text(strings.TrimRight(line, "\n")))
	c.draw(time.Now())
}

// saysStep reports whether a training step gets a line: where there is no bar the first one, the last one, and others
// when some time has passed since the last line.
func (c *Console) saysStep(said time.Time, last bool) bool {
	return c.terminal == nil && (last || time.Since(said) >= c.steps)
}

// progress is work that a console shows.
type progress struct {
	console     *Console
	work        ui.Work
	stopped     bool
	begun, said time.Time

	done     int64
	details  []string  // beside the bar, the most important first: a narrow terminal shows the first ones only
	reported time.Time // last line about metrics
	from     int64     // what was done at the first call of Set: speed counts from there
	since    time.Time // of that call
	drawn    time.Time
	around   *progress // the work that this one is a part of
}

const (
	plainEvery = 10 * time.Second       // from one line to the next where there is no terminal
	barEvery   = 100 * time.Millisecond // from one drawing of the bar to the next
)

// Start begins a progress display: a bar, or where there is no terminal a line now and then. A second one started
// before the first has stopped takes its place for a while.
func (c *Console) Start(w ui.Work) ui.Progress { return c.start(w) }

func (c *Console) start(w ui.Work) *progress {
	p := &progress{console: c, work: w, begun: time.Now(), said: time.Now()}
	if c.terminal != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		p.around, c.bar = c.bar, p
		c.draw(p.begun)
	}
	return p
}

// Set says how much is done.
func (p *progress) Set(done int64) {
	c, now := p.console, time.Now()
	if c.terminal != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if p.done = done; p.since.IsZero() {
			p.from, p.since = done, now
		}
		if c.bar == p && now.Sub(p.drawn) >= c.throttle {
			c.draw(now)
		}
		return
	}
	if !p.work.Reports && time.Since(p.said) >= plainEvery && done != p.work.Total {
		p.said = time.Now()
		c.say(p.line(done, time.Since(p.begun)))
	}
}

// line tells what is done after some time.
func (p *progress) line(done int64, elapsed time.Duration) string {
	count := fmt.Sprint(done)
	if p.work.Total >= 0 {
		count = fmt.Sprintf("%d of %d", done, p.work.Total)
	}
	line := fmt.Sprintf("%s: %s %s, %s a second", p.work.Name, count, p.work.Unit,
		perSecond(float64(done)/elapsed.Seconds()))
	if done > 0 && p.work.Total >= 0 {
		line += ", " + remaining(elapsed, done, p.work.Total) + " left"
	}
	return line
}

// Report shows metrics beside the bar, or where there is none in a line now and then.
func (p *progress) Report(metrics any) {
	row, ok := metrics.(runlog.Train)
	if !ok {
		return
	}
	details := []string{
		fmt.Sprintf("loss %.4f", row.Loss), fmt.Sprintf("lr %.2e", row.LearningRate),
		ui.Grouped(int(row.TokensPerSecond)) + " tokens/s", fmt.Sprintf("%.0f %% of peak", 100*row.PeakShare),
	}
	if row.ReduceShare > 0 {
		details = append(details, fmt.Sprintf("%.0f %% reducing", 100*row.ReduceShare))
	}
	p.describe(details...)
	last := int64(row.Step) == p.work.Total
	if !p.console.saysStep(p.reported, last) {
		return
	}
	p.reported = time.Now()
	if !last && row.Seconds >= speedAfter.Seconds() {
		left := time.Duration(row.SecondsLeft * float64(time.Second))
		details = append(details, left.Round(time.Second).String()+" left")
	}
	p.console.say(fmt.Sprintf("step %d/%d  epoch %.2f  %s", row.Step, p.work.Total, row.Epoch,
		strings.Join(details, gap)))
}

// describe changes what stands beside the bar.
func (p *progress) describe(details ...string) {
	p.console.mu.Lock()
	defer p.console.mu.Unlock()
	p.details = details
}

// Stop removes the bar. A second call does nothing.
func (p *progress) Stop() {
	p.console.mu.Lock()
	defer p.console.mu.Unlock()
	if p.stopped {
		return
	}
	p.stopped = true
	if p.console.terminal != nil {
		p.console.clear()
		p.console.bar = p.around
	}
}

// remaining estimates the time that is left at the speed so far.
func remaining(elapsed time.Duration, done, total int64) string {
	left := time.Duration(float64(elapsed) / float64(done) * float64(total-done))
	return left.Round(time.Second).String()
}
