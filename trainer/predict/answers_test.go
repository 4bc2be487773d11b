package predict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inputs are those of a test; the answer to one is its length.
var inputs = []string{"one", "three", "seventeen", ""}

func beginning(in string) []byte { return fmt.Appendf(nil, `{"input":%q`, in) }

func line(in string) string { return fmt.Sprintf("{\"input\":%q,\"length\":%d}\n", in, len(in)) }

// answer is a command that answers inputs, and stops before the answer of number stop as if it were killed.
func answer(path string, job Job, overwrite bool, inputs []string, stop int) (computed int, err error) {
	f, err := OpenAnswers(path, job, overwrite)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for i, in := range inputs {
		if i == stop {
			return computed, nil
		}
		there, err := f.Match(beginning(in))
		if err != nil {
			return computed, err
		}
		if there {
			continue
		}
		computed++
		if _, err := io.WriteString(f, line(in)); err != nil {
			return computed, err
		}
		if err := f.Flush(); err != nil {
			return computed, err
		}
	}
	return computed, f.Finish(nil)
}

func content(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func whole() string {
	var b strings.Builder
	for _, in := range inputs {
		b.WriteString(line(in))
	}
	return b.String()
}

func TestGoesOnAnywhere(t *testing.T) {
	job := Job{"beams": "4"}
	for stop := range len(inputs) + 1 {
		for _, torn := range []string{"", `{"in`} {
			path := filepath.Join(t.TempDir(), "out")
			first, err := answer(path, job, false, inputs, stop)
			if err != nil {
				t.Fatal(err)
			}
			if stop < len(inputs) && stop > 0 {
				if _, err := os.Stat(path); err == nil {
					t.Errorf("stopped before answer %d: the file has its name", stop)
				}
				if err := os.WriteFile(path+".part", []byte(content(t, path+".part")+torn), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			second, err := answer(path, job, false, inputs, -1)
			if err != nil {
				t.Fatal(err)
			}
			if got := content(t, path); got != whole() || first+second != len(inputs) {
				t.Errorf("stopped before answer %d, torn %q: %d and %d answers computed: %s", stop, torn, first,
					second, got)
			}
			if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 2 {
				t.Errorf("left %v, want the file and what made it", entries)
			}
		}
	}
}

func TestCompleteFileIsLeftAlone(t *testing.T) {
	path, job := filepath.Join(t.TempDir(), "out"), Job{"beams": "4"}
	if n, err := answer(path, job, false, inputs, -1); n != len(inputs) || err != nil {
		t.Fatal(n, err)
	}
	if n, err := answer(path, job, false, inputs, -1); n != 0 || err != nil {
		t.Errorf("again: %d answers computed, %v", n, err)
	}
	if n, err := answer(path, job, true, inputs, -1); n != len(inputs) || err != nil {
		t.Errorf("overwrite: %d answers computed, %v", n, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if n, err := answer(path, job, false, inputs, -1); n != len(inputs) || err != nil {
		t.Errorf("moved away: %d answers computed, %v", n, err)
	}
}

// The last answer is there, and the process is killed before the file has its name.
func TestKilledBeforeTheName(t *testing.T) {
	path, job := filepath.Join(t.TempDir(), "out"), Job{}
	if _, err := answer(path, job, false, inputs, -1); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{".part", ".ready"} {
		if err := os.Rename(path, path+suffix); err != nil {
			t.Fatal(err)
		}
		if suffix == ".ready" {
			record := strings.Replace(content(t, path+".t5train.json"), `"inputs"`, `"converted":true,"inputs"`, 1)
			write(".t5train.json", record)(t, path)
		}
		if n, err := answer(path, job, false, inputs, -1); n != 0 || err != nil || content(t, path) != whole() {
			t.Errorf("%s: %d answers computed, %v", suffix, n, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	job := Job{"beams": "4", "seed": "1"}
	for name, c := range map[string]struct {
		stop   int // of the command before; 0 is no such command
		change func(t *testing.T, path string)
		job    Job
		inputs []string
		want   string
	}{
		"a foreign file": {0, write("", "theirs"), job, inputs, "this command has not made"},
		"a foreign part": {0, write(".part", "theirs"), job, inputs, "this command has not made"},
		"another job": {2, nothing, Job{"beams": "1", "top": "2"}, inputs,
			"beams: 4 -> 1\n  seed: 1 -> unset\n  top: unset -> 2"},
		"another job, complete": {-1, nothing, Job{"beams": "1"}, inputs, "beams: 4 -> 1"},
		"other inputs": {2, nothing, job, []string{"one", "two", "three"},
			`is where that of {"input":"two" belongs`},
		"fewer inputs": {3, nothing, job, inputs[:2], "more inputs than there are"},
		"other inputs, complete": {-1, nothing, job, []string{"one", "three", "seventeen", "a"},
			"answers other inputs"},
		"more inputs, complete":       {-1, nothing, job, append(inputs[:4:4], "a"), "answers other inputs"},
		"a changed file":              {-1, write("", "edited"), job, inputs, "it has been changed"},
		"a foreign file beside parts": {2, write("", "theirs"), job, inputs, "it exists, but the answers so far"},
		"a damaged record":            {2, write(".t5train.json", "{"), job, inputs, "out.t5train.json"},
		"an empty record":             {2, write(".t5train.json", "{}"), job, inputs, "made_by"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out")
			if c.stop != 0 {
				if _, err := answer(path, job, false, inputs, c.stop); err != nil {
					t.Fatal(err)
				}
			}
			c.change(t, path)
			n, err := answer(path, c.job, false, c.inputs, -1)
			if err == nil || n != 0 && !strings.HasPrefix(name, "more inputs") || !strings.Contains(err.Error(),
				c.want) ||
				!strings.Contains(err.Error(), "run.overwrite") {
				t.Errorf("%d answers computed, error %v, want %q in it", n, err, c.want)
			}
			if _, err := answer(path, c.job, true, c.inputs, -1); err != nil {
				t.Errorf("overwrite: %v", err)
			}
		})
	}
}

// What --overwrite replaces is there until all new answers are, whenever the command ends.
func TestOverwriteKeepsTheOldFile(t *testing.T) {
	for stop := range len(inputs) {
		path := filepath.Join(t.TempDir(), "out")
		if _, err := answer(path, Job{"beams": "1"}, false, inputs[:2], -1); err != nil {
			t.Fatal(err)
		}
		old := content(t, path)
		job := Job{"beams": "4"}
		if _, err := answer(path, job, true, inputs, stop); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != old {
			t.Errorf("stopped before answer %d: the file holds %q, want what was there", stop, got)
		}
		if stop == 0 { // nothing has happened: the file is still known
			if n, err := answer(path, Job{"beams": "1"}, false, inputs[:2], -1); n != 0 || err != nil {
				t.Errorf("the old command: %d answers computed, %v", n, err)
			}
			continue
		}
		if n, err := answer(path, job, false, inputs, -1); n != len(inputs)-stop || err != nil || content(t,
			path) != whole() {
			t.Errorf("stopped before answer %d: resumed with %d answers, %v: %s", stop, n, err, content(t, path))
		}
	}
}

// The new answers are all there, and the process is killed before they take the name of a file of the same size.
func TestKilledBeforeItReplaces(t *testing.T) {
	path, job := filepath.Join(t.TempDir(), "out"), Job{}
	if _, err := answer(path, job, false, inputs, -1); err != nil {
		t.Fatal(err)
	}
	write(".part", whole())(t, path)
	write("", strings.Repeat("x", len(whole())))(t, path)
	if n, err := answer(path, job, false, inputs, -1); n != 0 || err != nil || content(t, path) != whole() {
		t.Errorf("%d answers computed, %v: %s", n, err, content(t, path))
	}
}

func nothing(*testing.T, string) {}

func write(suffix, text string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		if err := os.WriteFile(path+suffix, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f, err := OpenAnswers(path, Job{}, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAnswers(path, Job{}, false); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second writer: error %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 0 {
		t.Errorf("without answers %v stay", entries)
	}
}

// An input may have several lines. An answer that lacks some of them is computed again.
func TestAnswersOfSeveralLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path+".t5train.json", []byte(`{"made_by":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".part", []byte("a1\na2\nb1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenAnswers(path, Job{}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range []string{"a", "b", "c"} {
		there, err := f.Match([]byte(name+"1"), []byte(name+"2"))
		if err != nil || there != (name == "a") {
			t.Fatalf("%s: answered %v, %v", name, there, err)
		}
		if !there {
			fmt.Fprintf(f, "%[1]s1\n%[1]s2\n", name)
		}
	}
	if err := f.Finish(nil); err != nil {
		t.Fatal(err)
	}
	if got, want := content(t, path), "a1\na2\nb1\nb2\nc1\nc2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Answers are longer than what is read at once, and inputs that differ at their ends are told apart.
func TestLongAnswers(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for name, c := range map[string]struct {
		in    string
		there bool
		err   string
	}{
		"the same":       {long, true, ""},
		"another end":    {long[1:] + "y", false, "belongs"},
		"longer":         {long + long, false, "belongs"},
		"another length": {long[1:], false, "belongs"},
		"another and long": {"y" + long, false,
			`its answer {"input":"` + strings.Repeat("x", 90) + ` is where that of {"input":"y`},
	} {
		path := filepath.Join(t.TempDir(), "out")
		if err := os.WriteFile(path+".t5train.json", []byte(`{"made_by":{}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".part", []byte(line(long)+line("two")+line(long)[:5000]), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := OpenAnswers(path, Job{}, false)
		if err != nil {
			t.Fatal(err)
		}
		there, err := f.Match([]byte(fmt.Sprintf(`{"input":%q`, c.in)))
		if there != c.there || c.err == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: answered %v, %v", name, there, err)
		}
		if c.err == "" {
			if there, err := f.Match(beginning("two")); !there || err != nil {
				t.Errorf("the next: answered %v, %v", there, err)
			}
			if there, err := f.Match(beginning(long)); there || err != nil {
				t.Errorf("a part of a line: answered %v, %v", there, err)
			}
			if got := content(t, path+".part"); got != line(long)+line("two") {
				t.Errorf("%d bytes are left", len(got))
			}
		}
		f.Close()
	}
}

func TestConversionThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f, err := OpenAnswers(path, Job{}, false)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, line("one"))
	broken := errors.New("broken")
	err = f.Finish(func(lines io.ReadSeeker, w io.Writer) error { io.Copy(w, lines); return broken })
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil || content(t, path+".part") != line("one") {
		t.Errorf("the file has its name, or its answers are gone")
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`{"made_by":{"a":"b"},"complete":{"bytes":1,"inputs":"x"}}`))
	f.Add([]byte(`{"made_by":null}`))
	f.Add([]byte(`{"made_by":{}} {}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseRecord(raw)
		if err != nil {
			return
		}
		again, err := r.file()
		if err != nil {
			t.Fatal(err)
		}
		second, err := parseRecord(again)
		if err != nil {
			t.Fatal(err)
		}
		if twice, _ := second.file(); !bytes.Equal(again, twice) {
			t.Errorf("%s becomes %s", again, twice)
		}
	})
}
