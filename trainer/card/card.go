// Package card writes the model card of a checkpoint: README.md, with what the hub of Hugging Face reads, in YAML, in
// front of a text about model, data, recipe and results.
package card

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"t5train/checkpoints"
	"t5train/checkpoints/builtin"
	"t5train/checkpoints/hub"
	"t5train/configs"
	"t5train/data/task"
	"t5train/internal/ui"
)

// Name is the file of a card.
const Name = "README.md"

// WriteAll gives the checkpoints of a finished run their cards, and tells of what could not be written: the run is
// complete without.
func WriteAll(sink ui.Sink, c *configs.Config, dirs ...string) {
	for _, dir := range slices.Compact(dirs) {
		if err := Write(dir, c); err != nil {
			ui.Say(sink, ui.Warning, "the model card of %s was not written: %v", dir, err)
		}
	}
}

// Write gives the checkpoint dir of a run its card. A card that is there is kept: it may be the user's.
func Write(dir string, c *configs.Config) error {
	path := filepath.Join(dir, Name)
	if _, err := os.Lstat(path); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	info, err := checkpoints.ReadInfo(dir)
	if err != nil {
		return err
	}
	text, err := Text(c, info)
	if err != nil {
		return err
	}
	return checkpoints.ReplaceFile(path, []byte(text))
}

// metadata is what the hub reads, under its names.
type metadata struct {
	Library   string   `yaml:"library_name"`
	Pipeline  string   `yaml:"pipeline_tag"`
	Languages []string `yaml:"language,omitempty"`
	BaseModel string   `yaml:"base_model,omitempty"`
	Tags      []string `yaml:"tags"`
	Index     []index  `yaml:"model-index,omitempty"`
}

type index struct {
	Name    string   `yaml:"name"`
	Results []result `yaml:"results"`
}

type result struct {
	Task    kind     `yaml:"task"`
	Dataset named    `yaml:"dataset"`
	Metrics []metric `yaml:"metrics"`
}

type kind struct {
	Type string `yaml:"type"`
}

type named struct {
	Name string `yaml:"name"`
	Type string `yaml:"type"`
}

type metric struct {
	Type  string  `yaml:"type"`
	Value float64 `yaml:"value"`
}

// Text returns the card of a checkpoint. It names files and folders without the folders that these are in, which tell
// about the machine and not about the model.
func Text(c *configs.Config, info checkpoints.Info) (string, error) {
	name := filepath.Base(filepath.Clean(c.Output))
	var spec task.Spec
	if info.Task != nil {
		spec = *info.Task
	}
	pipeline := map[string]string{task.Translation: "translation", task.Summarization: "summarization"}[spec.Name]
	if pipeline == "" {
		pipeline = "text2text-generation"
	}
	m := metadata{Library: "transformers", Pipeline: pipeline, Tags: []string{"t5", "t5train"}}
	for _, language := range []string{spec.SourceLanguage, spec.TargetLanguage} {
		if language != "" {
			m.Languages = append(m.Languages, language)
		}
	}
	base, onHub := baseModel(c.Model)
	if onHub {
		m.BaseModel = base
	}
	validation := strings.Join(files(c.Data.Validation), ", ")
	if len(info.Metrics) > 0 {
		r := result{Task: kind{pipeline}, Dataset: named{"validation data", "custom"}}
		if validation != "" {
			r.Dataset.Name = validation
		}
		for _, key := range measured(info) {
			r.Metrics = append(r.Metrics, metric{key, info.Metrics[key]})
		}
		m.Index = []index{{name, []result{r}}}
	}
	raw, err := yaml.Marshal(m)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("---\n" + string(raw) + "# to fill in before the model is published:\n# license: apache-2.0\n")
	if len(m.Languages) == 0 {
		b.WriteString("# language: en\n")
	}
	fmt.Fprintf(&b, "---\n\n# %s\n\n", line(name))
	body(&b, c, info, base)
	return b.String(), nil
}

// measured lists the metrics that say how good the checkpoint is, and not how much it was measured on, or the
// temperature that calibrates it.
func measured(info checkpoints.Info) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(info.Metrics)), func(name string) bool {
		own := task.OwnName(name)
		return task.MetricOf(own).IsCount || own == "temperature" || strings.HasPrefix(own, "confidence_")
	})
}

// baseModel returns the model that training started from, and whether that is a name on the hub.
func baseModel(m configs.Model) (name string, onHub bool) {
	if m.Path == "" || builtin.IsName(m.Path) {
		return m.Path, false
	}
	if n, ok := hub.ParseName(m.Path); ok {
		if _, err := os.Stat(m.Path); err != nil {
			return n.Model, true
		}
	}
	return filepath.Base(filepath.Clean(m.Path)), false
}

// files returns the names of files without their folders.
func files(paths []string) []string {
	list := make([]string, len(paths))
	for i, path := range paths {
		list[i] = filepath.Base(filepath.Clean(path))
	}
	return list
}

// body writes the text of a card.
func body(b *strings.Builder, c *configs.Config, info checkpoints.Info, base string) {
	from := "random weights"
	if base != "" {
		from = "`" + line(base) + "`"
	}
	what := "fine-tuned"
	if c.Pretraining() {
		what = "pre-trained"
	}
	fmt.Fprintf(b, "A T5 model, %s by t5train from %s. It opens with `T5ForConditionalGeneration` of transformers and "+
		"with t5train.\n\n", what, from)
	if teacher, _ := baseModel(configs.Model{Path: c.Distill.Teacher}); teacher != "" {
		fmt.Fprintf(b, "It is a student of `%s`, and has learnt from what that answers to the training data.\n\n",
			line(teacher))
	}
	b.WriteString("## Data\n\n")
	list := func(title string, paths []string) {
		if len(paths) > 0 {
			fmt.Fprintf(b, "- %s: %s\n", title, line(strings.Join(files(paths), ", ")))
		}
	}
	list("training", c.Data.Train)
	list("validation", c.Data.Validation)
	for _, p := range c.Data.Mixture {
		list("component "+line(p.Name), p.Train)
	}
	if s := info.Task; s != nil {
		fmt.Fprintf(b, "- task: %s\n", s.Name)
		if prefix := s.InputPrefix(); prefix != "" {
			fmt.Fprintf(b, "- inputs begin with `%s`\n", line(prefix))
		}
		if len(s.Labels) > 0 {
			names := make([]string, len(s.Labels))
			for i, l := range s.Labels {
				names[i] = l.Text
			}
			fmt.Fprintf(b, "- labels: %s\n", line(strings.Join(names, ", ")))
		}
	}
	if o := info.Objective; o != nil {
		fmt.Fprintf(b, "- objective: %s\n", o.Name)
	}
	fmt.Fprintf(b, "\nWhere the data comes from, whom it is about and under which licence it is: to fill in.\n\n"+
		"## Recipe\n\n- %d steps of %s, %s optimizer, seed %d\n- inputs of at most %d tokens, outputs of at "+
		"most %d\n\n## Results\n\n", info.Step, c.Train.Batch(), c.Optimizer.Name, c.Train.Seed, info.MaxInputLength,
		info.MaxTargetLength)
	if len(info.Metrics) == 0 {
		b.WriteString("The model was not evaluated.\n")
	} else {
		b.WriteString("On the validation data, by which this checkpoint was chosen:\n\n| metric | value |\n|---|---|\n")
		for _, key := range measured(info) {
			fmt.Fprintf(b, "| %s | %.4f |\n", key, info.Metrics[key])
		}
	}
	b.WriteString("\n## Limits\n\nThe numbers hold for data like the validation data; what the model does with other " +
		"texts was not measured. It repeats what is wrong or unfair in its data and in the model that it started " +
		"from. What it is for, and what it is not for: to fill in.\n")
}

// line is a text without the characters that would end a line or a code span.
func line(text string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "`", "'", "|", "/").Replace(text)
}
