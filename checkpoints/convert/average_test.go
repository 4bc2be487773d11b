package convert

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
)

// runOf writes a run with a checkpoint of other weights for each step, and returns the weights of each.
func runOf(t *testing.T, tied bool, steps ...int) (output string, models []*checkpoints.Folder) {
	t.Helper()
	output = filepath.Join(t.TempDir(), "run")
	run, err := checkpoints.OpenRun(output)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		b, _, err := checkpoints.Open(testrun.ModelOf(t, 40, tied, testrun.TinyTokenizer(t)))
		if err != nil {
			t.Fatal(err)
		}
		b.Model.Init(uint64(step))
		b.Info.Step, b.Info.Metrics, b.Info.Temperature = step, map[string]float64{"loss": 1}, 2
		b.Info.MaxInputLength = 33
		if err := run.Save(step, b.Write); err != nil {
			t.Fatal(err)
		}
		models = append(models, b)
	}
	return output, models
}

func TestPaper_MeanOfCheckpoints(t *testing.T) {
	for _, tied := range []bool{true, false} {
		output, models := runOf(t, tied, 3, 12, 500, 1000)
		alone := testrun.ModelOf(t, 40, tied, testrun.TinyTokenizer(t))
		for text, of := range map[string][]int{
			"last:3": {1, 2, 3}, "3, 500": {0, 2}, "checkpoint-00000012,1000": {1, 3},
			output + "," + output + "/checkpoints/checkpoint-00000003": {3, 0},
		} {
			out := filepath.Join(t.TempDir(), "out")
			if err := convert(output, out, ConvertOptions{Average: text}); err != nil {
				t.Fatal(err)
			}
			got, _, err := checkpoints.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range got.Model.Params {
				for j, v := range p.Value {
					sum := 0.0
					for _, n := range of {
						sum += float64(models[n].Model.Params[i].Value[j])
					}
					if want := float32(sum / float64(len(of))); v != want {
						t.Fatalf("%s: %s[%d] is %g, want %g", text, p.Name, j, v, want)
					}
				}
			}
			if info := got.Info; info.Step != 0 || info.Metrics != nil || info.Temperature != 0 ||
				info.MaxInputLength != 33 {
				t.Errorf("%s: it says of itself %+v", text, info)
			}
		}
		// Without a run, of folders alone; in eight bits as from the mean.
		out, eight := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "eight")
		for folder, o := range map[string]ConvertOptions{
			out: {Average: output + "," + alone}, eight: {Average: output + "," + alone, DType: Int8},
		} {
			if err := convert("", folder, o); err != nil {
				t.Fatal(err)
			}
		}
		again := filepath.Join(t.TempDir(), "again")
		if err := convert(out, again, ConvertOptions{DType: Int8}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(testdir.Read(t, filepath.Join(eight, "model.int8.safetensors")),
			testdir.Read(t, filepath.Join(again, "model.int8.safetensors"))) {
			t.Error("eight bits of a mean are not those of its folder")
		}
	}
}

func TestAverageRefuses(t *testing.T) {
	output, _ := runOf(t, false, 3, 12)
	tied := testrun.ModelOf(t, 40, true, testrun.TinyTokenizer(t))
	rows := testrun.Model(t, 64)
	words := testrun.ModelOf(t, 40, false, testrun.TokenizerOf(t, 3, "▁", "e", "n"))
	eight := filepath.Join(t.TempDir(), "eight")
	if err := convert(output, eight, ConvertOptions{DType: Int8}); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"last:5": "holds 2 of so many checkpoints: name a smaller number", "last:1": "want last:N with N from 2",
		"last:x": "want last:N", "3": "want two checkpoints or more", "3,checkpoint-00000003": "is named twice",
		"3,4": "there is no such folder", "3,,12": "find checkpoint", tied + ",3": "tie_word_embeddings: true -> false",
		rows + ",3": "vocab_size: 64 -> 40", words + ",3": "another vocabulary", eight + ",3": "eight bits",
	} {
		out := filepath.Join(t.TempDir(), "out")
		err := convert(output, out, ConvertOptions{Average: text})
		if err == nil || !strings.Contains(fmt.Sprint(err), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got error %v, want one with %q", text, err, want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a folder is left", text)
		}
	}
}
