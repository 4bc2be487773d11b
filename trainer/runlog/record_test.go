package runlog

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"t5train/data"
)

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), RunName)
	want := Run{Parameters: 7, Steps: 9, Lengths: map[string]Lengths{"train": {Examples: 1}}}
	for step := range maxSessions + 5 {
		want.Begin(want.Sessions, Session{Step: step, Time: time.Unix(int64(step), 0).UTC(),
			Environment: Environment{Threads: 2}})
	}
	if n := len(want.Sessions); n != maxSessions || want.Sessions[n-1].Step != maxSessions+4 ||
		want.Sessions[0].Step != 5 {
		t.Errorf("%d sessions from step %d to %d", n, want.Sessions[0].Step, want.Sessions[n-1].Step)
	}
	if err := Write(path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := Read[Run](path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if err := os.WriteFile(path, []byte(`{"steps":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read[Run](path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestExtremes(t *testing.T) {
	var x Extremes
	for i := range 1000 { // in an order without order
		x.Add(Example{Index: i, Loss: float64((i * 619) % 500)}) // each loss twice
	}
	var e Evaluation
	x.Fill(&e, func(i int) (string, string) { return strings.Repeat("ä", maxText), "\xff" })
	if len(e.Best) != kept || len(e.Worst) != kept {
		t.Fatalf("%d best and %d worst, want %d each", len(e.Best), len(e.Worst), kept)
	}
	for i := range kept {
		if e.Best[i].Loss != float64(i/2) || e.Worst[i].Loss != float64(499-i/2) {
			t.Errorf("place %d: losses %g and %g", i, e.Best[i].Loss, e.Worst[i].Loss)
		}
		if i%2 == 1 && (e.Best[i].Index < e.Best[i-1].Index || e.Worst[i].Index < e.Worst[i-1].Index) {
			t.Errorf("place %d: of equal losses the first example comes first", i)
		}
	}
	if got := e.Best[0]; len(got.Input) > maxText+len("…") || !strings.HasSuffix(got.Input, "ä…") ||
		got.Target != "\uFFFD" {
		t.Errorf("texts %q and %q", got.Input, got.Target)
	}
}

func TestConfuseLeavesOutWhatIsTooLarge(t *testing.T) {
	var small, large Evaluation
	small.Confuse([]string{"a", "b"}, [][]int{{1, 2, 0}, {0, 3, 0}})
	large.Confuse(make([]string, maxLabels+1), make([][]int, maxLabels+1))
	if !slices.Equal(small.Labels, []string{"a", "b"}) || len(small.Confusion) != 2 || large.Labels != nil ||
		large.Confusion != nil {
		t.Errorf("got %+v and %+v", small, large)
	}
}

// lengths is a source of examples of given input lengths, with targets of two tokens.
type lengths []int

func (l lengths) Len() int { return len(l) }

func (l lengths) Append(_ int64, i int, b *data.Batch) {
	b.Inputs.IDs = append(b.Inputs.IDs, make([]int32, l[i])...)
	b.Labels.IDs = append(b.Labels.IDs, 5, 1)
	b.End(i)
}

func TestMeasure(t *testing.T) {
	source := make(lengths, 100)
	for i := range source {
		source[i] = i + 1
	}
	want := Histogram{Width: 5, Counts: []int{4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1},
		Mean:   50.5,
		Median: 51, P95: 96, Max: 100}
	if got := Measure(source); got.Examples != 100 || got.Sampled != 100 || !reflect.DeepEqual(got.Inputs, want) ||
		!reflect.DeepEqual(got.Targets,
			Histogram{Width: 1, Counts: []int{0, 0, 100}, Mean: 2, Median: 2, P95: 2, Max: 2}) {
		t.Errorf("got %+v", got)
	}
	if got := Measure(make(lengths, 3*maxMeasured)); got.Examples != 3*maxMeasured || got.Sampled != maxMeasured ||
		got.Inputs.Counts[0] != maxMeasured {
		t.Errorf("of many: %+v", got)
	}
	if got := Measure(lengths{}); got.Sampled != 0 || got.Inputs.Width != 1 {
		t.Errorf("of none: %+v", got)
	}
}

func TestHere(t *testing.T) {
	if e := Here(); e.Go == "" || e.OS == "" || e.Processor == "" {
		t.Errorf("got %+v", e)
	}
}
