package data

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/task/infer"
	"t5train/data/tokenizer"
)

// letters is a tokenizer whose ids are the bytes of the text.
type letters struct{}

func (letters) EOS() int32 { return 1 }
func (letters) Unk() int32 { return 2 }

func (letters) RoundTrip(text string, _ []int32) (string, tokenizer.Loss) {
	return text, tokenizer.Unchanged
}

func (letters) AppendEncode(dst []int32, text string) []int32 {
	for _, b := range []byte(text) {
		dst = append(dst, int32(b))
	}
	return dst
}

func ids(text string) []int32 { return append(letters{}.AppendEncode(nil, text), 1) }

// rowTable is a source in memory with the columns text and label.
type rowTable [][]table.Cell

func (t rowTable) Rows() int64                      { return int64(len(t)) }
func (t rowTable) Locate(row int64) (string, int64) { return "table", row }

func (t rowTable) Scan(ctx context.Context, columns []string, yield func(int64, []table.Cell) error) error {
	if !slices.Equal(columns, []string{"text", "label"}) {
		return errors.New("unknown columns " + strings.Join(columns, " "))
	}
	cells := make([]table.Cell, 2)
	for i, row := range t {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		copy(cells, row) // the caller may not keep cells
		if err := yield(int64(i), cells); err != nil {
			return err
		}
	}
	return nil
}

func row(text string, label int64) []table.Cell {
	return []table.Cell{{Kind: table.String, Str: text}, {Kind: table.Int, Int: label}}
}

func spec() task.Spec {
	return task.Spec{
		Name: task.Classification, TextColumns: []string{"text"}, LabelColumn: "label",
		Labels: []task.Label{{Name: "no", Text: "no", Value: "0"}, {Name: "yes", Text: "yes", Value: "1"}},
	}
}

func TestBuild(t *testing.T) {
	source := rowTable{row("ab\n", 1), row("", 0), row("abcdefgh", 0)}
	e, err := Build(context.Background(), source, spec(), ForTraining, letters{}, Limits{MaxInput: 11, MaxTarget: 3}, 2,
		nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		input, target string
		label         int
	}{{"text: ab", "ye", 1}, {"text:", "no", 0}, {"text: abcd", "no", 0}} // the ends of "yes" and "abcdefgh" are cut
	if e.Len() != len(want) {
		t.Fatalf("%d examples, want %d", e.Len(), len(want))
	}
	for i, w := range want {
		if !slices.Equal(e.Input(i), ids(w.input)) || !slices.Equal(e.Target(i), ids(w.target)) ||
			e.Label(i) != w.label {
			t.Errorf("example %d: got %v, %v, %d, want %+v", i, e.Input(i), e.Target(i), e.Label(i), w)
		}
	}
	if e.CutInputs != 1 || e.CutTargets != 1 {
		t.Errorf("cut %d inputs and %d targets, want 1 and 1", e.CutInputs, e.CutTargets)
	}
	if in, out := e.Tokens(); in != 9+6+11 || out != 3+3+3 {
		t.Errorf("tokens: got %d and %d", in, out)
	}
}

func TestBuild_AnyNumberOfThreads(t *testing.T) {
	var source rowTable
	for i := range 2*blockRows + 100 {
		source = append(source, row(strings.Repeat("x", i%23), int64(i%2)))
	}
	var want *Examples
	for _, threads := range []int{1, 2, 7, 0} {
		var progress []int64
		got, err := Build(context.Background(), source, spec(), ForTraining, letters{}, Limits{20, 8}, threads,
			func(done, total int64) {
				if total != source.Rows() {
					t.Errorf("total %d, want %d", total, source.Rows())
				}
				progress = append(progress, done)
			})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !reflect.DeepEqual(got.inputs, want.inputs) || !reflect.DeepEqual(got.labels, want.labels) ||
			got.CutInputs != want.CutInputs {
			t.Errorf("%d threads: other examples", threads)
		}
		if !slices.Equal(progress, []int64{blockRows, 2 * blockRows, 2*blockRows + 100}) {
			t.Errorf("progress: got %v", progress)
		}
	}
	for i := range source {
		if len(want.Input(i)) != min(len("text: ")+i%23, 19)+1 && i%23 > 0 {
			t.Fatalf("example %d has %d tokens", i, len(want.Input(i)))
		}
	}
}

func TestBuild_Errors(t *testing.T) {
	limits := Limits{10, 10}
	_, err := Build(context.Background(), rowTable{row("a", 0), row("b", 7)}, spec(), ForTraining, letters{}, limits, 2,
		nil)
	for _, part := range []string{"table, row 1", "holds 7", "0 (no), 1 (yes)"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v lacks %q", err, part)
		}
	}
	if _, err := Build(context.Background(), rowTable{}, spec(), ForTraining, letters{}, Limits{1, 10}, 2,
		nil); err == nil || !strings.Contains(err.Error(), "at least 2") {
		t.Errorf("limit of 1: got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Build(ctx, rowTable{row("a", 0)}, spec(), ForTraining, letters{}, limits, 1, nil); !errors.Is(err,
		context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	e, err := Build(context.Background(), rowTable{}, spec(), ForTraining, letters{}, limits, 1, nil)
	if err != nil || e.Len() != 0 {
		t.Errorf("empty source: got %v, %v", e, err)
	}
}

func TestBuild_RealData(t *testing.T) {
	set, err := parquetio.Open(filepath.Join("..", "..", "shared", "data", "sms_spam", "validation-*.parquet"))
	if err != nil {
		t.Skip("no shared data")
	}
	prefix := "sms_spam"
	spec, _, err := infer.Task(infer.Data{Columns: set.Columns()},
		task.Spec{Name: task.Classification, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	e, err := Build(context.Background(), set, spec, ForTraining, letters{}, Limits{128, 8}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if int64(e.Len()) != set.Rows() || e.CutTargets != 0 || e.CutInputs == 0 {
		t.Errorf("%d examples of %d rows, %d inputs and %d targets cut", e.Len(), set.Rows(), e.CutInputs, e.CutTargets)
	}
	for i := range e.Len() {
		if want := ids(spec.Labels[e.Label(i)].Text); !slices.Equal(e.Target(i), want) {
			t.Fatalf("example %d: target %v of label %d, want %v", i, e.Target(i), e.Label(i), want)
		}
	}
}
