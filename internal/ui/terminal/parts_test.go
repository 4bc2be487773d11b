package terminal

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"t5train/internal/ui"
)

func TestPlain(t *testing.T) {
	var out bytes.Buffer
	c := Plain(&out)
	p := c.start(ui.Work{Name: "work", Unit: "pieces", Total: 100})
	p.begun, p.said = p.begun.Add(-20*plainEvery), p.said.Add(-2*plainEvery)
	p.Set(50)
	p.Set(51) // too soon for another line
	ui.Say(c, "", "hello %d", 7)
	p.Stop()
	p.Stop()
	if got := out.String(); !strings.HasPrefix(got, "work: 50 of 100 pieces, ") || !strings.HasSuffix(got,
		"left\nhello 7\n") || strings.Contains(got, "\r") || strings.Count(got, "\n") != 2 {
		t.Errorf("wrote %q", got)
	}
}

// On a terminal a line is written above the bar, which is drawn again below it.
func TestConsoleSaysAboveTheBar(t *testing.T) {
	var out bytes.Buffer
	c := &Console{out: &out, terminal: os.NewFile(1<<20, "none")} // which has no width
	p := c.start(ui.Work{Name: "work", Unit: "pieces", Total: 100})
	p.Set(50)
	out.Reset()
	ui.Say(c, "", "hello")
	line, after, ok := strings.Cut(out.String(), "hello\n")
	if !ok || !strings.HasSuffix(line, "\r") || !strings.Contains(after, "work") {
		t.Errorf("wrote %q, want the bar cleared, the line, and the bar", out.String())
	}
	inner := c.start(ui.Work{Name: "part", Unit: "pieces", Total: 10})
	inner.Set(5)
	inner.Stop()
	p.Set(60)
	out.Reset()
	p.Stop()
	if got := out.String(); strings.Trim(got, "\r ") != "" || !strings.HasSuffix(got, "\r") {
		t.Errorf("wrote %q to remove the bar", got)
	}
	out.Reset()
	ui.Say(c, "", "the end")
	if got := out.String(); got != "the end\n" {
		t.Errorf("wrote %q after the bar", got)
	}
}
