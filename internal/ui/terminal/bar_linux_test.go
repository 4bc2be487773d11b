package terminal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"

	"t5train/internal/screen"
	"t5train/internal/ui"
)

// A bar stays on its line, whatever the width of the terminal, and what is said above it stays.
func TestBarOnTerminals(t *testing.T) {
	for _, columns := range []int{20, 40, 60, 80, 100, 200} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			s := screen.Open(t, columns)
			c := New(s.TTY, nil)
			c.throttle = 0
			ui.Say(c, "", "begin")
			train := c.start(ui.Work{Name: "train", Unit: "steps", Total: 3_000_000, Reports: true})
			for step := range int64(50) {
				train.since = time.Now().Add(-time.Hour) // long enough for the time that is left
				train.describe("loss 10.1134", "lr 1.00e-02", "28,443 tokens/s", "20 % of peak", "3 % reducing")
				train.Set(2_000_000 + step)
				if step == 25 {
					evaluate := c.start(ui.Work{Name: "evaluate 数据集の検証", Unit: "examples", Total: 1000})
					for i := range int64(20) {
						evaluate.Set(50 * i)
					}
					evaluate.Stop()
					ui.Say(c, "", "step 25: loss 1")
				}
			}
			if line := train.bar(columns-1, time.Now()); columns > 20 && !strings.Contains(line,
				"  2000049/3000000  ") {
				t.Errorf("the bar is %q", line)
			}
			train.Stop()
			train.Stop()
			ui.Say(c, "", "end")
			written, rows := s.Rows()
			if want := []string{"begin", "step 25: loss 1", "end"}; !slices.Equal(rows, want) {
				t.Errorf("the screen shows %q, want %q", rows, want)
			}
			if draws := strings.Count(written, "\rtrain"); draws < 50 {
				t.Errorf("the bar is drawn %d times", draws)
			}
		})
	}
}

// A window that becomes narrower, or wider, during a run has the next bar in its new width.
func TestBarFollowsTheWindow(t *testing.T) {
	s := screen.Open(t, 120)
	c := New(s.TTY, nil)
	c.throttle = 0
	p := c.start(ui.Work{Name: "predict", Unit: "inputs", Total: 1000})
	for _, columns := range []int{120, 50, 90} {
		s.Resize(columns)
		p.Set(1)
		if c.width >= columns || c.width < columns/3 {
			t.Errorf("in %d columns the bar takes %d", columns, c.width)
		}
	}
	p.Stop()
	if _, rows := s.Rows(); len(rows) > 0 {
		t.Errorf("the screen shows %q", rows)
	}
}

// What a line has room for, by importance. Nothing is said about speed at first, nor from one measurement.
func TestBarLine(t *testing.T) {
	now := time.Now()
	train := progress{work: ui.Work{Name: "train", Unit: "steps", Total: 3200}, done: 1600, from: 1,
		since:   now.Add(-100 * time.Second),
		details: []string{"loss 10.1134", "lr 1.00e-02", "28,443 tokens/s", "20 % of peak"}}
	for columns, want := range map[int]string{
		3:  "tra",
		12: "train",
		20: "train  1600/3200",
		39: "train  1600/3200  1m40s left",
		49: "train  1600/3200  loss 10.1134  1m40s left",
		59: "train  1600/3200  loss 10.1134  lr 1.00e-02  1m40s left",
		79: "train  1600/3200  loss 10.1134  lr 1.00e-02  28,443 tokens/s  1m40s left",
		99: "train  1600/3200  loss 10.1134  lr 1.00e-02  28,443 tokens/s  20 % of peak  1m40s left",
		109: "train   50% [======>.......]  1600/3200  loss 10.1134  lr 1.00e-02  28,443 tokens/s  20 % of peak  " +
			"1m40s left",
	} {
		if got := train.bar(columns, now); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
	for name, c := range map[string]struct {
		p    progress
		want string
	}{
		"not begun": {progress{work: ui.Work{Name: "read", Unit: "rows", Total: 10}},
			"read    0% [................]  0/10"},
		"first": {progress{work: ui.Work{Name: "read", Unit: "rows", Total: 10}, done: 1, from: 1, since: now},
			"read   10% [>...............]  1/10"},
		"too early": {progress{work: ui.Work{Name: "read", Unit: "rows", Total: 10}, done: 9, from: 1,
			since: now.Add(-time.Millisecond)}, "read   90% [=============>..]  9/10"},
		"known": {progress{work: ui.Work{Name: "read", Unit: "rows", Total: 10}, done: 5, from: 1,
			since: now.Add(-2 * time.Second)}, "read  5/10  2.00 rows/s  3s left"},
		"no known end": {progress{work: ui.Work{Name: "read", Unit: "rows", Total: -1}, done: 50, from: 10,
			since: now.Add(-2 * time.Second)}, "read  50  20 rows/s"},
		"wide":    {progress{work: ui.Work{Name: "数据集数据集数据集数据集数据集", Unit: "rows", Total: -1}}, "数据集数据集数据集数据集数据集  0"},
		"control": {progress{work: ui.Work{Name: "a\x1b[2Jb\n", Unit: "rows", Total: -1}}, `a\u001b[2Jb\n  0`},
		"more than all": {progress{work: ui.Work{Name: "read", Unit: "rows", Total: 10}, done: 12},
			"read  100% [===============]  12/10"},
		"nothing to do": {progress{work: ui.Work{Name: "read", Unit: "rows", Total: 0}}, "read  0/0"},
	} {
		if got := c.p.bar(35, now); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for columns := range 130 {
		if width := uniseg.StringWidth(train.bar(columns, now)); width > columns {
			t.Errorf("%d columns: the bar takes %d", columns, width)
		}
	}
}

// The first word of a warning and of an error has a colour, on terminals that have colours and where they are wanted.
func TestColours(t *testing.T) {
	for name, c := range map[string]struct{ kind, noColor, want string }{
		"colours": {"xterm", "",
			"data: a\r\n  \x1b[33mwarning:\x1b[0m one label\r\n\x1b[31mt5train:\x1b[0m it failed\r\n"},
		"not wanted": {"xterm", "1", "data: a\r\n  warning: one label\r\nt5train: it failed\r\n"},
		"dumb":       {"dumb", "", "data: a\r\n  warning: one label\r\nt5train: it failed\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", c.kind)
			t.Setenv("NO_COLOR", c.noColor)
			s := screen.Open(t, 80)
			console := New(s.TTY, nil)
			ui.Say(console, "data", "a")
			ui.SayNotes(console, ui.Notef(ui.NoteLabels, "one label"))
			console.Error("t5train:", "it failed")
			if written, _ := s.Rows(); written != c.want {
				t.Errorf("%q, want %q", written, c.want)
			}
		})
	}
}
