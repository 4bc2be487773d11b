package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"t5train/trainer/runlog"
)

// A text of a run is data, whatever it holds, and the page needs nothing from elsewhere.
func TestPage(t *testing.T) {
	dir := writeRun(t, filepath.Join(t.TempDir(), "a <b>"))
	var b bytes.Buffer
	if err := WritePage(&b, NewPage([]*Run{Read(dir)}, Options{Smoothing: 0.5})); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.Contains(page, "<img") || strings.Contains(page, "<b>") || strings.Count(page, "</script>") != 2 ||
		strings.Contains(page, "<!--") || strings.Contains(page, "{{") {
		t.Error("a text of the run is part of the page's HTML")
	}
	for _, found := range regexp.MustCompile(`(?:https?:)?//[\w.-]+\.\w+|(?:src|href)="[^#d]`).FindAllString(page, -1) {
		if found != "http://www.w3.org" { // the name of SVG
			t.Errorf("the page names %s", found)
		}
	}
	text := regexp.MustCompile(`(?s)id="data">(.*?)</script>`).FindStringSubmatch(page)
	if text == nil {
		t.Fatal("the page has no data")
	}
	var data struct {
		Runs []struct {
			Name       string
			Evaluation map[string]runlog.Evaluation
		}
		Charts []Chart
	}
	if err := json.Unmarshal([]byte(text[1]), &data); err != nil {
		t.Fatal(err)
	}
	if r := data.Runs[0]; r.Name != "a <b>" || r.Evaluation["best"].Labels[1] != hostile {
		t.Errorf("the data of the page is %+v", r)
	}
	var titles []string
	for _, c := range data.Charts {
		titles = append(titles, c.Title)
	}
	if got, want := strings.Join(titles, ", "),
		"Training loss, Validation loss, Accuracy, Learning rate, Gradient norm, Throughput, Matrix products"; got != want {
		t.Errorf("charts %s, want %s", got, want)
	}
}

// The policy of the page names its own script and style.
func TestPolicy(t *testing.T) {
	page, err := pageOf(NewPage(nil, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"style", "script"} {
		inner := regexp.MustCompile(`(?s)<` + tag + `>(.*?)</` + tag + `>`).FindStringSubmatch(page)
		if inner == nil || !strings.Contains(page, tag+"-src "+Hash(inner[1])) {
			t.Errorf("the policy does not allow the page's own %s", tag)
		}
	}
}

// Whatever the files of a run hold, there is a page and there are plots.
func FuzzRead(f *testing.F) {
	dir := writeRun(f, f.TempDir())
	evaluation, err := json.Marshal(Read(dir).Evaluation["best"])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(history(1, 2, 3), "task: {name: seq2seq}\neval: {metric: f1}", string(evaluation))
	f.Add(`{"kind":"eval","step":-1,"metrics":{"../x":1e308,"f1":-1e308}}`, "a: &a [*a]",
		`{"labels":["a"],"confusion":[[1]]}`)
	f.Add(`{"kind":"train","step":9223372036854775807,"loss":1e-320,"seconds":-1}`, "{", "[]")
	f.Add(`{"kind":"train","step":1,"loss":1}`+"\n"+`{"kind":"train","step":2,"loss":1.0000000000000002}`, "<<: {a: 1}",
		"null")
	fonts, err := newTypeface()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, lines, config, evaluation string) {
		dir := t.TempDir()
		write(t, dir, runlog.HistoryName, lines)
		write(t, dir, runlog.ConfigName, config)
		write(t, dir, runlog.BestName, evaluation)
		runs := []*Run{Read(dir)}
		for _, o := range []Options{{}, {Smoothing: 0.9, Log: true}} {
			p := NewPage(runs, o)
			if _, err := pageOf(p); err != nil {
				t.Error(err)
			}
			for _, c := range p.Charts {
				if c.ID != slug(c.ID) {
					t.Errorf("a file would be named %q", c.ID)
				}
				plot, err := newPlot(c, runs, o, fonts)
				if err != nil {
					t.Fatal(err)
				}
				if len(plot.curves) > 0 {
					plot.draw(newSVG(plotWidth, plot.height()))
				}
			}
		}
	})
}

// The page's curves have the colours of the plots.
func TestPageHasThePalette(t *testing.T) {
	text, err := pageOf(Page{})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range palette {
		if want := fmt.Sprintf(".c%d { color: light-dark(%s, %s); }", i, hex(c), hex(onDark[i])); strings.Count(text,
			want) != 1 {
			t.Errorf("%s: %d times in the page, want once", want, strings.Count(text, want))
		}
	}
}
