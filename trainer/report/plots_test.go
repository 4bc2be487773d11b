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
