package ui

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"t5train/internal/visible"
)

// Console tells a person what happens. On a terminal it draws a progress bar; into a file or a pipe it writes a plain
// line now and then, because a bar redraws itself with carriage returns. A nil one and the zero value are silent.
type Console struct {
	out      io.Writer
	terminal *os.File      // out, where it is one
	steps    time.Duration // from one line about a training step to the next, at least
	throttle time.Duration // from one drawing of the bar to the next, at least
	words    func(message string) string

	mu    sync.Mutex
	bar   *Progress // the work whose bar is shown
	width int       // columns that the bar takes on the screen
}

// NewConsole returns a console on a file, normally os.Stderr. words puts what [Console.Say] gets in the terms of the
// person, such as flags for keys of the configuration; nil leaves it.
func NewConsole(f *os.File, words func(message string) string) *Console {
	c := &Console{out: f, words: words, steps: plainEvery, throttle: barEvery}
	if term.IsTerminal(int(f.Fd())) {
		c.terminal = f
	}
	return c
}

// PlainConsole returns a console that writes plain lines, one for each row of training metrics; io.Discard makes it silent.
func PlainConsole(w io.Writer) *Console { return &Console{out: w} }

// Say writes a line.
func (c *Console) Say(format string, args ...any) {
	if c == nil || c.out == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	line := fmt.Sprintf(format, args...)
	if c.words != nil {
		line = c.words(line)
	}
	fmt.Fprintln(c.out, visible.Text(strings.TrimRight(line, "\n")))
	c.draw(time.Now())
}

// SaysStep reports whether a training step gets a line: where there is no bar the first one, the last one, and others when
// some time has passed since the last line.
func (c *Console) SaysStep(said time.Time, last bool) bool {
	return c != nil && c.terminal == nil && (last || time.Since(said) >= c.steps)
}

// Progress is work of a known size that goes on. [Console.Start] begins one; a nil one and the zero value show nothing.
type Progress struct {
	console     *Console
	what, unit  string
	total       int64
	quiet       bool // no plain lines: somebody else writes better ones
	stopped     bool
	begun, said time.Time

	done    int64
	details []string  // beside the bar, the most important first
	from    int64     // what was done at the first call of Set: speed counts from there
	since   time.Time // of that call
	drawn   time.Time
	around  *Progress // the work that this one is a part of
}

const (
	plainEvery = 10 * time.Second       // from one line to the next where there is no terminal
	barEvery   = 100 * time.Millisecond // from one drawing of the bar to the next
)

// Start begins a progress display: a bar, or where there is no terminal a line now and then. A total below 0 is not known. A second one started before
// the first has stopped takes its place for a while.
func (c *Console) Start(what, unit string, total int64) *Progress {
	if c == nil {
		c = PlainConsole(io.Discard)
	}
	p := &Progress{console: c, what: what, unit: unit, total: total, begun: time.Now(), said: time.Now()}
	if c.terminal != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		p.around, c.bar = c.bar, p
		c.draw(p.begun)
	}
	return p
}

// StartBar is Start without plain lines.
func (c *Console) StartBar(what, unit string, total int64) *Progress {
	p := c.Start(what, unit, total)
	p.quiet = true
	return p
}

// Set says how much is done.
func (p *Progress) Set(done int64) {
	if p == nil || p.console == nil {
		return
	}
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
	if !p.quiet && time.Since(p.said) >= plainEvery && done != p.total {
		p.said = time.Now()
		c.Say("%s", p.line(done, time.Since(p.begun)))
	}
}

// line tells what is done after some time.
func (p *Progress) line(done int64, elapsed time.Duration) string {
	count := fmt.Sprint(done)
	if p.total >= 0 {
		count = fmt.Sprintf("%d of %d", done, p.total)
	}
	line := fmt.Sprintf("%s: %s %s, %s a second", p.what, count, p.unit, perSecond(float64(done)/elapsed.Seconds()))
	if done > 0 && p.total >= 0 {
		line += ", " + remaining(elapsed, done, p.total) + " left"
	}
	return line
}

// Describe changes what stands beside the bar, the most important first: a narrow terminal shows the first ones only.
// Without a bar it does nothing.
func (p *Progress) Describe(details ...string) {
	if p == nil || p.console == nil {
		return
	}
	p.console.mu.Lock()
	defer p.console.mu.Unlock()
	p.details = details
}

// Stop removes the bar. A second call does nothing.
func (p *Progress) Stop() {
	if p == nil || p.console == nil {
		return
	}
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

// Grouped writes a number with commas between thousands.
func Grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
