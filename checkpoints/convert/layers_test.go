package convert

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/internal/testrun"
	"t5train/model"
)

// deep writes a model of four blocks in each stack.
func deep(t *testing.T, kind string) (dir string, b *checkpoints.Folder) {
	t.Helper()
	b, _, err := checkpoints.Open(testrun.ModelOf(t, 40, false, testrun.TinyTokenizer(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := b.Model.Config
	c.NumLayers, c.NumDecoderLayers, c.ModelType = 4, 4, kind
	if b.Model, err = model.New(c); err != nil {
		t.Fatal(err)
	}
	b.Model.Init(3)
	b.Info = checkpoints.Info{MaxInputLength: 33, Step: 7, Metrics: map[string]float64{"loss": 1}}
	dir = filepath.Join(t.TempDir(), "deep")
	if err := checkpoints.Create(dir, b.Write); err != nil {
		t.Fatal(err)
	}
	return dir, b
}

// The student has the blocks of the teacher in the order that is named; position biases stay with the first block.
func TestLayers(t *testing.T) {
	for _, kind := range []string{"t5", "umt5"} {
		dir, teacher := deep(t, kind)
		for text, want := range map[string]layers{
			"1,3": {[]int{1, 3}, []int{1, 3}}, "0, 2/3": {[]int{0, 2}, []int{3}},
		} {
			out := filepath.Join(t.TempDir(), "out")
			if err := convert(dir, out, ConvertOptions{Layers: text}); err != nil {
				t.Fatal(err)
			}
			student, _, err := checkpoints.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			c := student.Model.Config
			if c.NumLayers != len(want.encoder) || c.NumDecoderLayers != len(want.decoder) {
				t.Errorf("%s: %d and %d layers", text, c.NumLayers, c.NumDecoderLayers)
			}
			if student.Info.MaxInputLength != 33 || student.Info.Metrics != nil || student.Info.Step != 0 {
				t.Errorf("%s: the student says %+v", text, student.Info)
			}
			for _, p := range student.Model.Params {
				name := p.Name
				if parts := blockName.FindStringSubmatch(name); parts != nil {
					list := map[string][]int{"encoder": want.encoder, "decoder": want.decoder}[parts[1]]
					at := list[parts[2][0]-'0']
					if strings.Contains(name, "relative_attention_bias") && kind == "t5" {
						at = 0
					}
					name = parts[1] + ".block." + string(rune('0'+at)) + "." + parts[3]
				}
				if !slices.Equal(p.Value, teacher.Model.Param(name).Value) {
					t.Errorf("%s: %s is not the teacher's %s", text, p.Name, name)
				}
			}
		}
	}
}

// Other changes go along with it.
func TestLayersInEightBits(t *testing.T) {
	dir, _ := deep(t, "t5")
	out := filepath.Join(t.TempDir(), "out")
	if err := convert(dir, out, ConvertOptions{Layers: "2,0", DType: Int8, VocabSize: 64}); err != nil {
		t.Fatal(err)
	}
	b, _, err := checkpoints.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if !b.Model.Int8() || b.Model.Config.NumLayers != 2 || b.Model.Config.VocabSize != 64 {
		t.Errorf("%s with %+v", b.Model.DType(), b.Model.Config)
	}
}

func TestLayersRefuses(t *testing.T) {
	dir, _ := deep(t, "t5")
	for text, want := range map[string]string{
		"1,4": "names block 4, but the encoder has blocks 0 to 3", "0/9": "the decoder has blocks 0 to 3",
		"1,1": "names block 1 twice", "x": "want numbers of blocks from 0", "0/": "want numbers", "-1": "want numbers",
	} {
		err := convert(dir, filepath.Join(t.TempDir(), "out"), ConvertOptions{Layers: text})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", text, err, want)
		}
	}
}

func FuzzParseLayers(f *testing.F) {
	for _, seed := range []string{"0,2,4", "0/1", "", "1,1", "9999999999999999999", "0,,1", "a/b/c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseLayers(text)
		if err == nil && (len(l.encoder) == 0 || len(l.decoder) == 0 || slices.Min(l.encoder) < 0) {
			t.Errorf("%q gives %+v", text, l)
		}
	})
}
