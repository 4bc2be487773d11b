package predict

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/trainer/predict/inputfile"
)

// Answers come as a table with quotes where RFC 4180 wants them, a list as its JSON, and nothing for no value. What
// t5train reads of it is what was written.
func TestAnswersAsTables(t *testing.T) {
	lines := `{"input":"a, \"b\"","id":7,"tags":["x","<y>"],"output":"one\r\ntwo","log_prob":-0.5}
{"input":"tab\there","id":null,"tags":null,"output":"","label":"ham","probability":1,` +
		`"labels":[{"label":"ham","probability":1}]}
{"input":"many","id":"é","tags":{"k":1},"output":"p",` +
		`"sequences":[{"output":"p","log_prob":-1},{"output":"q","log_prob":-2,"truncated":true}]}
`
	keep := []inputfile.Keep{{Column: "id", Name: "id"}, {Column: "tags", Name: "tags, too"}}
	lines = strings.ReplaceAll(lines, `"tags":`, `"tags, too":`)
	header := []string{"input", "id", `tags, too`, "rank", "output", "label", "probability", "log_prob", "truncated",
		"truncated_input", "labels", "entities", "unplaced", "confidence", "unsure"}
	quoted := []string{`"a, ""b"""`, "7", `"[""x"",""<y>""]"`, "", "\"one\r\ntwo\"", "", "", "-0.5", "false", "false",
		"", "", "0", "", "false"}
	for format, delimiter := range map[table.Format]string{table.CSV: ",", table.TSV: "\t"} {
		var out bytes.Buffer
		if err := FormsOf(keep, Prediction.Rows)(format)(strings.NewReader(lines), &out); err != nil {
			t.Fatal(err)
		}
		if format == table.CSV {
			header[2] = `"tags, too"`
			want := strings.Join(header, ",") + "\r\n" + strings.Join(quoted, ",") + "\r\n"
			if !strings.HasPrefix(out.String(), want) {
				t.Errorf("got %q, want it to begin with %q", out.String(), want)
			}
			header[2] = "tags, too"
		}
		if first, _, _ := strings.Cut(out.String(), "\r\n"); format == table.TSV &&
			first != strings.Join(header, delimiter) {
			t.Errorf("the header is %q", first)
		}
		path := filepath.Join(t.TempDir(), "answers."+string(format))
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		var got []string
		spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"input"}}
		back := []inputfile.Keep{{Column: "output", Name: "o"}, {Column: "id", Name: "i"},
			{Column: "tags, too", Name: "t"}, {Column: "rank", Name: "r"}, {Column: "labels", Name: "l"}}
		err := inputfile.Read(t.Context(), path, format, spec, back, nil, func(in inputfile.Input) error {
			got = append(got, in.Shown+" "+string(in.Kept.AppendTo(nil)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			`a, "b" ,"o":"one\ntwo","i":"7","t":"[\"x\",\"<y>\"]","r":"","l":""`,
			`tab	here ,"o":"","i":"","t":"","r":"","l":"[{\"label\":\"ham\",\"probability\":1}]"`,
			`many ,"o":"p","i":"é","t":"{\"k\":1}","r":"1","l":""`,
			`many ,"o":"q","i":"é","t":"{\"k\":1}","r":"2","l":""`,
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", format, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestTableOfDamagedLines(t *testing.T) {
	toTable := FormsOf(nil, Prediction.Rows)(table.CSV)
	if err := toTable(strings.NewReader("{\"input\":\"a\"}\n{\"inp\n"), new(bytes.Buffer)); err == nil {
		t.Error("no error")
	}
	if FormsOf(nil, Prediction.Rows)(table.JSONL) != nil {
		t.Error("JSON lines are made into JSON lines")
	}
}
