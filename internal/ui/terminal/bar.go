package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"t5train/internal/visible"
)

const (
	widthElsewhere = 80 // columns of a terminal that does not say how many it has
	// from the first step to the first word about speed: the estimate before that is absurd
	speedAfter = 1 * time.Second
	leastBar   = 16 // columns of a bar that is worth to be drawn, with its percentage
	mostBar    = 40
	gap        = "  " // between two parts of the line
)

// columns returns how wide the terminal is now: a window may change while a run goes on.
func (c *Console) columns() int {
	if width, _, err := term.GetSize(int(c.terminal.Fd())); err == nil && width > 0 {
		return width
	}
	return widthElsewhere
}

// draw shows the bar, if there is one, in place of the one before. The bar is decoration: its errors are not the run's.
// The last column stays free, because many terminals go to the next line when it is written.
func (c *Console) draw(now time.Time) {
	p := c.bar
	if p == nil {
		return
	}
	columns := c.columns() - 1
	line := p.bar(columns, now)
	width := uniseg.StringWidth(line)
	fmt.Fprint(c.out, "\r"+line+strings.Repeat(" ", max(0, min(c.width, columns)-width)))
	c.width, p.drawn = width, now
}

// clear takes the bar off the screen and leaves the cursor at the beginning of its line.
func (c *Console) clear() {
	if c.width > 0 {
		io.WriteString(c.out, "\r"+strings.Repeat(" ", min(c.width, max(0, c.columns()-1)))+"\r")
		c.width = 0
	}
}

// bar returns a line of at most some columns: what is done, and of the rest as much as there is room for, in the order
// of its importance.
func (p *progress) bar(columns int, now time.Time) string {
	count := fmt.Sprint(p.done)
	if p.work.Total >= 0 {
		count += fmt.Sprintf("/%d", p.work.Total)
	}
	spent, made := now.Sub(p.since), p.done-p.from
	known := !p.since.IsZero() && spent >= speedAfter && made > 0
	left, rate := "", ""
	if known && p.work.Total >= 0 {
		left = remaining(spent, made, made+max(0, p.work.Total-p.done)) + " left"
	}
	if known && len(p.details) == 0 {
		rate = fmt.Sprintf("%s %s/s", perSecond(float64(made)/spent.Seconds()), p.work.Unit)
	}
	details := append([]string{rate}, p.details...)
	parts := append([]string{fit(p.work.Name, columns), "", count}, append(details, left)...)
	importance := []int{2, len(parts) - 1} // indices of parts, behind the first: count, time left, details
	for i := range details {
		importance = append(importance, 3+i)
	}
	room := columns - uniseg.StringWidth(parts[0])
	for _, i := range importance {
		if width := len(gap) + uniseg.StringWidth(parts[i]); parts[i] != "" && width <= room {
			room -= width
		} else {
			parts[i] = ""
		}
	}
	if room -= len(gap); room >= leastBar && p.work.Total > 0 {
		parts[1] = meter(min(p.done, p.work.Total), p.work.Total, min(room, mostBar))
	}
	line := parts[0]
	for _, part := range parts[1:] {
		if part != "" {
			line += gap + part
		}
	}
	return line
}

// meter returns a bar of some columns with the percentage before it.
func meter(done, total int64, columns int) string {
	bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionSetWidth(columns-len("100% []")),
		progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetTheme(progressbar.ThemeASCII))
	// What cannot be drawn is left out: the line has the count too.
	if bar.RenderBlank() != nil || bar.Set64(done) != nil {
		return ""
	}
	return strings.TrimRight(strings.TrimPrefix(bar.String(), "\r "), " ")
}

// fit returns the beginning of a text that takes at most some columns, with nothing in it that would move the cursor.
func fit(text string, columns int) string {
	text = visible.Line(text)
	var fitted strings.Builder
	for text != "" {
		cluster, rest, width, _ := uniseg.FirstGraphemeClusterInString(text, -1)
		if columns -= width; columns < 0 {
			break
		}
		fitted.WriteString(cluster)
		text = rest
	}
	return fitted.String()
}

// perSecond writes a speed, with two digits behind the point where it is low.
func perSecond(rate float64) string {
	if rate < 10 {
		return fmt.Sprintf("%.2f", rate)
	}
	return fmt.Sprintf("%.0f", rate)
}
