package report

import (
	"fmt"
	"os"
	"path/filepath"

	"t5train/internal/atomicfile"
)

// Figure is a plot of curves that are no runs.
type Figure struct {
	Name   string // of its files, without a suffix
	Title  string
	XTitle string
	LogX   bool // every X is positive
	Curves []Curve
}

// Curve is a line of a figure. It has a point at least.
type Curve struct {
	Name string
	X, Y []float64
}

// Write writes the figure as an SVG and a PNG file into a folder, which is made if missing, and returns their
// names. One without curves has nothing to write.
func (f Figure) Write(dir string) (names []string, err error) {
	if len(f.Curves) == 0 {
		return nil, nil
	}
	fonts, err := newTypeface()
	if err == nil {
		err = os.MkdirAll(dir, 0o777)
	}
	if err != nil {
		return nil, fmt.Errorf("write plots: %w: choose another report.plots", atomicfile.WithRemedy(err))
	}
	p := &plot{chart: Chart{Title: f.Title}, xTitle: f.XTitle, logX: f.LogX}
	for i, c := range f.Curves {
		p.curves = append(p.curves, curve{run: i, name: legible(c.Name), x: c.X, y: c.Y, best: -1})
	}
	if err := p.lay(fonts); err != nil {
		return nil, fmt.Errorf("write plots: %w", err)
	}
	names, err = p.write(filepath.Join(dir, f.Name), fonts)
	if err != nil {
		return names, fmt.Errorf("write plots: %w", err)
	}
	return names, nil
}
