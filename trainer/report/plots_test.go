package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestTicks(t *testing.T) {
	texts := func(s scale) string {
		var all []string
		for _, tick := range s.ticks {
			all = append(all, tick.text)
		}
		return strings.Join(all, " ")
	}
	for name, c := range map[string]struct {
		scale scale
		want  string
	}{
		"from zero":        {linear(0, 10, 0, 1, 5), "0 2 4 6 8 10"},
		"parts":            {linear(0.62, 0.98, 0, 1, 8), "0.65 0.70 0.75 0.80 0.85 0.90 0.95"},
		"around zero":      {linear(-0.2, 0.2, 0, 1, 4), "-0.2 -0.1 0 0.1 0.2"},
		"small":            {linear(0, 0.001, 0, 1, 5), "0 2e-4 4e-4 6e-4 8e-4 1e-3"},
		"thousands":        {linear(0, 25000, 0, 1, 5), "0 5000 10k 15k 20k 25k"},
		"millions":         {linear(0, 3e6, 0, 1, 6), "0 500k 1.0M 1.5M 2.0M 2.5M 3.0M"},
		"one value":        {linear(2, 2, 0, 1, 4), "1.8 1.9 2.0 2.1 2.2"},
		"zero alone":       {linear(0, 0, 0, 1, 4), "-0.5 0 0.5"},
		"a decade":         {logarithmic(0.5, 10, 0, 1, 6), "0.5 1 2 5 10"},
		"many decades":     {logarithmic(1e-6, 1e6, 0, 1, 5), "1e-6 0.001 1 1000 1M"},
		"less than one":    {logarithmic(2, 4, 0, 1, 5), "2 3 4"},
		"one value of log": {logarithmic(1, 1, 0, 1, 5), "0.5 1 2"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := texts(c.scale); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if a, b := c.scale.at(c.scale.low), c.scale.at(c.scale.high); math.Abs(a) > 1e-9 || math.Abs(b-1) > 1e-9 {
				t.Errorf("the ends are at %g and %g", a, b)
			}
		})
	}
}

// A constant stays what it is, and the first point weighs as much as it should.
func TestSmooth(t *testing.T) {
	if got := smooth([]float64{3, 3, 3}, 0.9); slices.ContainsFunc(got,
		func(v float64) bool { return math.Abs(v-3) > 1e-12 }) {
		t.Errorf("a constant becomes %v", got)
	}
	if got, want := smooth([]float64{1, 0}, 0.5),
		[]float64{1, 1. / 3}; got[0] != want[0] || math.Abs(got[1]-want[1]) > 1e-12 {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWritePlots(t *testing.T) {
	root := t.TempDir()
	runs, err := Open(writeRun(t, filepath.Join(root, "a <&>")), writeRun(t, filepath.Join(root, "b")))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "plots")
	names, err := WritePlots(dir, runs, Options{Smoothing: 0.6, Log: true})
	if err != nil || len(names) != 14 || !slices.Contains(names, filepath.Join(dir, "train-loss.svg")) {
		t.Fatalf("wrote %q, %v", names, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(names) {
		t.Errorf("the folder holds %d files, %v, want %d", len(entries), err, len(names))
	}
	svg, err := os.ReadFile(filepath.Join(dir, "accuracy.svg"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	said := ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the SVG is no XML: %v", err)
		}
		if text, ok := token.(xml.CharData); ok {
			said += string(text)
		}
	}
	if !strings.Contains(said, "a <&>") || !strings.Contains(said, "Accuracy, validation") {
		t.Errorf("the SVG says %q", said)
	}
	file, err := os.Open(filepath.Join(dir, "accuracy.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.Bounds().Dx(); got != plotWidth*pixels {
		t.Errorf("the PNG is %d pixels wide", got)
	}
	seen := 0
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			// the second run lies over the first
			if r, g, b, _ := picture.At(x, y).RGBA(); r>>8 == 0xd5 && g>>8 == 0x5e && b>>8 == 0 {
				seen++
			}
		}
	}
	if seen < 500 {
		t.Errorf("%d pixels of the second run, want its curve", seen)
	}
}

// A figure has its names, its scale and its curves, and nothing to write without them.
func TestFigure(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plots")
	f := Figure{Name: "coverage", Title: "Tokens, %", XTitle: "pieces", LogX: true}
	if names, err := f.Write(dir); err != nil || names != nil {
		t.Errorf("without curves: wrote %q, %v", names, err)
	}
	f.Curves = []Curve{{"first <&>", []float64{1, 10, 100, 1000}, []float64{5, 40, 90, 100}},
		{"second", []float64{1}, []float64{7}}}
	names, err := f.Write(dir)
	if want := []string{filepath.Join(dir, "coverage.svg"), filepath.Join(dir, "coverage.png")}; err != nil ||
		!slices.Equal(names, want) {
		t.Fatalf("wrote %q, %v", names, err)
	}
	svg, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">Tokens, %<", ">pieces<", ">first &lt;&amp;&gt;<", ">second<", ">100<", ">1000<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the SVG lacks %s", want)
		}
	}
	var xs []float64
	for _, m := range regexp.MustCompile(`<circle cx="([0-9.]+)"[^>]*#0072b2`).FindAllStringSubmatch(string(svg), -1) {
		x, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		xs = append(xs, x)
	}
	if len(xs) != 4 || math.Abs(xs[1]-xs[0]-(xs[3]-xs[2])) > 0.1 {
		t.Errorf("points at %v: 1 is to be as far from 10 as 100 from 1000", xs)
	}
}

// The dashes of a line are as long as they should be, around corners too.
func TestDashes(t *testing.T) {
	parts := dashes([]point{{0, 0}, {8, 0}, {8, 8}, {8, 8}, {8, 13}})
	want := [][]point{{{0, 0}, {6, 0}}, {{8, 2}, {8, 8}, {8, 8}, {8, 8}}, {{8, 12}, {8, 13}}}
	if !slices.EqualFunc(parts, want, slices.Equal) {
		t.Errorf("got %v, want %v", parts, want)
	}
}
