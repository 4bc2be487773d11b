package trainer

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Console tells a person what happens. On a terminal it draws a progress bar; into a file or a pipe it writes a plain
// line now and then, because a bar redraws itself with carriage returns. A nil one and the zero value are silent.
type Console struct {
	out      io.Writer
	terminal bool

	mu  sync.Mutex
	bar *progressbar.ProgressBar
}

// NewConsole returns a console on a file, normally os.Stderr.
func NewConsole(f *os.File) *Console {
	return &Console{out: f, terminal: term.IsTerminal(int(f.Fd()))}
}

// PlainConsole returns a console that writes plain lines; io.Discard makes it silent.
func PlainConsole(w io.Writer) *Console { return &Console{out: w} }

// Say writes a line.
func (c *Console) Say(format string, args ...any) {
	if c == nil || c.out == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		_ = c.bar.Clear() // the bar is decoration: its errors are not the run's
	}
	fmt.Fprintln(c.out, strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
	if c.bar != nil {
		_ = c.bar.RenderBlank()
	}
}

// Progress is work of a known size that goes on. [Console.Start] begins one; a nil one and the zero value show nothing.
type Progress struct {
	console     *Console
	what, unit  string
	total       int64
	quiet       bool // no plain lines: somebody else writes better ones
	stopped     bool
	begun, said time.Time
	around      *progressbar.ProgressBar // the bar of the work that this one is a part of
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
	if c.terminal {
		c.mu.Lock()
		defer c.mu.Unlock()
		p.around = c.bar
		c.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(c.out), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
			progressbar.OptionSetItsString(unit), progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(true),
			progressbar.OptionFullWidth(), progressbar.OptionThrottle(barEvery), progressbar.OptionClearOnFinish())
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
	c := p.console
	c.mu.Lock()
	bar := c.bar
	c.mu.Unlock()
	if bar != nil {
		_ = bar.Set64(done)
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
	rate := float64(done) / elapsed.Seconds()
	digits := 0
	if rate < 10 {
		digits = 2
	}
	line := fmt.Sprintf("%s: %s %s, %.*f a second", p.what, count, p.unit, digits, rate)
	if done > 0 && p.total >= 0 {
		line += ", " + remaining(elapsed, done, p.total) + " left"
	}
	return line
}

// Describe changes the text beside the bar; without one it does nothing.
func (p *Progress) Describe(format string, args ...any) {
	if p == nil || p.console == nil {
		return
	}
	p.console.mu.Lock()
	defer p.console.mu.Unlock()
	if p.console.bar != nil {
		p.console.bar.Describe(fmt.Sprintf(format, args...))
	}
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
	if p.console.bar != nil {
		_ = p.console.bar.Clear()
		p.console.bar = p.around
	}
}

// remaining estimates the time that is left at the speed so far.
func remaining(elapsed time.Duration, done, total int64) string {
	left := time.Duration(float64(elapsed) / float64(done) * float64(total-done))
	return left.Round(time.Second).String()
}
