package predict

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/jsonlines"
	"t5train/internal/testrun"
	"t5train/model/generate"
	"t5train/trainer/predict/inputfile"
)

func TestParseKeep(t *testing.T) {
	got, err := ParseKeep[Prediction]([]string{"id", "label=gold"})
	if want := []inputfile.Keep{{Column: "id", Name: "id"}, {Column: "label", Name: "gold"}}; err != nil ||
		!reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for column, want := range map[string]string{"label": "label=input_label", "rank": "rank=input_rank", "": "COLUMN",
		"a=": "COLUMN", "b,id=b": "two have"} {
		_, err := ParseKeep[Prediction](strings.Split(column, ","))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", column, err, want)
		}
	}
}

// Values of every type come from JSON lines into the answers, and from there into parquet.
func TestKeptColumns(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "in.jsonl")
	lines := `{"text":"a","n":1,"f":2.0,"b":true,"s":"<é>","l":["x","y"],"m":[1, null],"o":{"k": 1},"mix":1,"inner":{"id":7}}
{"text":"b","n":-9007199254740993,"f":3,"b":null,"s":null,"l":[],"m":null,"o":null,"mix":"z","inner":{"id":8}}
`
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	keep, err := ParseKeep[Prediction](strings.Split("n,f,b,s,l,m,o,mix,inner.id", ","))
	if err != nil {
		t.Fatal(err)
	}
	spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}}
	if err := inputfile.CheckKept(t.Context(), path, table.JSONL, keep); err != nil {
		t.Error(err)
	}
	if err := inputfile.CheckKept(t.Context(), path, table.JSONL,
		[]inputfile.Keep{{Column: "absent", Name: "absent"}}); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("an unknown field: got %v", err)
	}
	var out bytes.Buffer
	err = inputfile.Read(t.Context(), path, table.JSONL, spec, keep, nil, func(in inputfile.Input) error {
		before := out.Len()
		if err := jsonlines.NewEncoder(&out).Encode(Prediction{Input: in.Shown, Kept: in.Kept}); err != nil {
			return err
		}
		beginnings, err := in.Beginnings()
		if !bytes.HasPrefix(out.Bytes()[before:], beginnings[0]) {
			t.Errorf("%s does not begin with %s", out.Bytes()[before:], beginnings[0])
		}
		return err
	})
	want := `{"input":"a","n":1,"f":2.0,"b":true,"s":"<é>","l":["x","y"],"m":[1,null],"o":{"k":1},"mix":1,"inner.id":7,"output":""}`
	if first, _, _ := strings.Cut(out.String(), "\n"); err != nil || first != want {
		t.Fatalf("got %s, %v, want %s", first, err, want)
	}
	var file bytes.Buffer
	if err := ParquetOf(keep, Prediction.Rows)(bytes.NewReader(out.Bytes()), &file); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "out.parquet")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := parquetio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"input"}
	for _, k := range keep {
		columns = append(columns, k.Name)
	}
	var got []string
	err = set.Scan(t.Context(), columns, func(_ int64, cells []table.Cell) error {
		var row []string
		for _, c := range cells {
			row = append(row, c.String())
		}
		got = append(got, strings.Join(row, " "))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`"a" 1 2 true "<é>" ["x", "y"] "[1,null]" "{\"k\":1}" "1" 7`,
		`"b" -9007199254740993 3 null null [] null null "\"z\"" 8`} {
		if got[i] != want {
			t.Errorf("row %d: got %s, want %s", i, got[i], want)
		}
	}
}

// The most probable labels come first, as many as are asked for, and entities stand at their places in the text.
func TestPredictionsOfLabelsAndEntities(t *testing.T) {
	b := untrained(t)
	p := newTestPredictor(t, b, *b.Info.Task)
	answers, err := p.Predict(t.Context(), 0, []inputfile.Input{{Text: "win"}}, generate.Options{}, new(Cuts))
	if err != nil {
		t.Fatal(err)
	}
	a := answers[0]
	if l := a.Labels; len(l) != 2 || l[0].Label != a.Label || l[0].Probability != *a.Probability ||
		l[0].Probability < l[1].Probability {
		t.Errorf("labels %+v of %+v", l, a)
	}
	p.topLabels = 1
	if l := p.top([]float64{0.25, 0.75}); len(l) != 1 || l[0] != (LabelShare{p.spec.Labels[1].Name, 0.75}) {
		t.Errorf("the most probable label is %+v", l)
	}
	spec := task.Spec{Name: task.NER, TextColumns: []string{"tokens"}, LabelColumn: "tags",
		Entities: []task.Label{{Name: "per", Text: "p"}}}
	in, err := inputfile.FromText(spec, "see ana,bo")
	if err != nil || in.Shown != "see ana,bo" || in.Text != testrun.InputOf(t, spec, "see ana , bo") {
		t.Fatalf("input %+v, %v", in, err)
	}
	got, unplaced := EntitiesOf(spec, b.Tokenizer, "p: ana; p: x", in.Tokens)
	if want := []task.Entity{{Type: "per", Text: "ana", TokenStart: 1, TokenEnd: 2, Start: 4, End: 7}}; unplaced != 1 ||
		!reflect.DeepEqual(got, want) {
		t.Errorf("entities %+v, %d elsewhere, want %+v", got, unplaced, want)
	}
	var list inputfile.Input
	err = inputfile.Read(t.Context(), "-", table.JSONL, spec, nil, strings.NewReader(`{"tokens":["see","ana,bo"]}`),
		func(in inputfile.Input) error {
			list = in
			return nil
		})
	if err != nil || len(list.Tokens) != 2 || list.Tokens[1].Text != "ana,bo" {
		t.Errorf("a list is %+v, %v", list, err)
	}
}
