package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/data/chunks"
	"t5train/data/objective"
	"t5train/data/parquetio"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
	"t5train/model"
)

func inspectCommand(a app) *cobra.Command {
	noVerify := false
	c := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Describe a parquet file, a tokenizer, a token store, a checkpoint or a run",
		Example: `  t5train inspect train.parquet
  t5train inspect spiece.model
  t5train inspect runs/quickstart
  t5train inspect runs/first/tokens`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("got %d paths, want one: put globs in quotes", len(args)), c.CommandPath()}
			}
			p := printer{ui.NewLines(a.stdout), noVerify}
			return p.Finish(p.path(args[0]))
		},
	}
	addNoVerify(c, &noVerify)
	return c
}

// printer writes descriptions.
type printer struct {
	ui.Lines
	noVerify bool // weights that are described are not read
}

func (p printer) path(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil && !strings.ContainsAny(path, "*?["):
		return fmt.Errorf("inspect: %w", err)
	case err == nil && info.IsDir():
		return p.folder(path)
	case strings.HasSuffix(path, ".safetensors"), filepath.Base(path) == "config.json":
		return p.folder(filepath.Dir(path))
	case strings.HasSuffix(path, ".model"), filepath.Base(path) == "tokenizer.json":
		return p.tokenizer(path)
	default:
		return p.parquet(path)
	}
}

func (p printer) folder(path string) error {
	if dir, how, err := checkpoints.Resolve(path); err == nil {
		if dir != path {
			if err := p.run(path); err != nil {
				return err
			}
			p.Line("shown", "%s", how)
		}
		return p.checkpoint(dir)
	} else if parts, err := partsOf([]string{path}); err != nil {
		return err
	} else if parquet, _ := filepath.Glob(filepath.Join(path, "*.parquet")); len(parquet) > 0 || parts[0].split != "" {
		for i, s := range parts {
			part(p.Lines, i, s.title)
			if err := p.parquet(s.files...); err != nil {
				return err
			}
		}
		return nil
	} else if stores := storesIn(path); len(stores) > 0 {
		return p.stores(stores)
	} else if t, tokErr := tokenizer.Load(path); tokErr == nil {
		p.tokenizerLines(t)
		return nil
	} else {
		return fmt.Errorf("inspect: %s is no checkpoint, no run, no folder of parquet files, no tokenizer and no token store: %w", path, err)
	}
}

func (p printer) parquet(paths ...string) error {
	set, err := parquetio.Open(paths...)
	if err != nil {
		return err
	}
	for _, f := range set.Files() {
		p.Line("file", "%s: %d rows, %d row groups, %s, %s, written by %s", f.Path, f.Rows, f.RowGroups, ui.Bytes(f.Bytes), strings.Join(f.Compression, "+"), f.CreatedBy)
	}
	p.Line("rows", "%d", set.Rows())
	for _, c := range set.Columns() {
		kind := c.FullType()
		if c.Nullable {
			kind += ", may be null"
		}
		if c.ClassLabels != nil {
			kind += fmt.Sprintf(", ClassLabel of %d: %s", len(c.ClassLabels), ui.Shorten(c.ClassLabels, 10))
		}
		p.Line("column", "%s: %s", c.Name, kind)
	}
	for _, conflict := range set.Conflicts() {
		p.Line("left out", "%s", conflict)
	}
	for _, note := range set.Notes() {
		p.Line("note", "%s", note)
	}
	return nil
}

func (p printer) tokenizer(path string) error {
	t, err := tokenizer.Load(path)
	if err != nil {
		return err
	}
	p.tokenizerLines(t)
	return nil
}

func (p printer) tokenizerLines(t *tokenizer.Tokenizer) {
	p.Line("tokenizer", "%s, %d tokens with %d sentinels, rules of %s", kindText(t.Kind()), t.VocabSize(), t.ExtraIDs(), t.Rules())
	p.Line("special", "pad %d, eos %d, unk %d", t.Pad(), t.EOS(), t.Unk())
}

// storesIn returns the token store in a folder, or those below it.
func storesIn(path string) []string {
	for _, pattern := range []string{"store.json", filepath.Join("tokens-*", "store.json")} {
		if found, _ := filepath.Glob(filepath.Join(path, pattern)); len(found) > 0 {
			return found
		}
	}
	return nil
}

func (p printer) stores(files []string) error {
	for _, file := range files {
		dir := filepath.Dir(file)
		m, err := chunks.ReadManifest(dir)
		if err != nil {
			return err
		}
		p.Line("store", "%s: %d documents, %d tokens, %d bytes of text, from %d of %d rows", dir, m.Documents, m.Tokens, m.TextBytes, m.Done, m.Rows)
		var names []string
		for _, f := range m.Files {
			names = append(names, f.Name)
		}
		p.Line("text", "column %s of %s", m.Column, ui.Shorten(names, 10))
	}
	return nil
}

func kindText(kind string) string {
	if kind == "bytes" {
		return "ByT5 bytes"
	}
	return "SentencePiece " + kind
}

func (p printer) run(path string) error {
	run, err := checkpoints.OpenRun(path)
	if err != nil {
		return err
	}
	steps, err := run.Steps()
	if err != nil {
		return err
	}
	best, hasBest, err := run.Best()
	if err != nil {
		return err
	}
	for _, step := range steps {
		info, err := checkpoints.ReadInfo(run.Dir(step))
		if err != nil {
			return err
		}
		mark := ""
		if hasBest && step == best {
			mark = "  (best)"
		}
		p.Line("checkpoint", "step %d%s%s", step, mark, metricsText(info.Metrics))
	}
	return nil
}

func (p printer) checkpoint(dir string) error {
	weights, err := checkpoints.OpenWeights(dir)
	if err != nil {
		return err
	}
	defer weights.Close()
	p.Line("folder", "%s", dir)
	config, configErr := model.ParseConfig(weights.Config())
	if configErr == nil {
		p.Line("model", "%s, %s, d_model %d, d_kv %d, d_ff %d, %d heads, %d encoder and %d decoder layers, vocabulary %d", config.ModelType,
			config.FeedForwardProj, config.DModel, config.DKV, config.DFF, config.NumHeads, config.NumLayers, config.NumDecoderLayers, config.VocabSize)
	}
	p.weights(weights)
	if t, err := tokenizer.Load(dir); err == nil {
		p.tokenizerLines(t)
	} else {
		p.Line("tokenizer", "none that can be read: %v", err)
	}
	info, err := checkpoints.ReadInfo(dir)
	if err != nil {
		return err
	}
	if info.Objective != nil {
		p.objective(*info.Objective)
	}
	if info.Task != nil {
		p.task("task", *info.Task)
	}
	for _, name := range slices.Sorted(maps.Keys(info.Tasks)) {
		p.task("part "+name, info.Tasks[name])
	}
	if info.Objective != nil || info.Task != nil || len(info.Tasks) > 0 {
		p.Line("trained", "%d steps, inputs up to %d tokens, targets up to %d", info.Step, info.MaxInputLength, info.MaxTargetLength)
	}
	if len(info.Metrics) > 0 {
		p.Line("metrics", "%s", strings.TrimSpace(metricsText(info.Metrics)))
	}
	if configErr == nil {
		configErr = model.Check(config, weights)
	}
	if configErr != nil {
		return fmt.Errorf("inspect: the weights can be listed, but the model not be built: %w", configErr)
	}
	p.Line("tensors", "names and shapes are those of config.json")
	if p.noVerify {
		return nil
	}
	if err := weights.Verify(); err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	return nil
}

func (p printer) weights(w *checkpoints.Weights) {
	parameters := w.Elements()
	for _, name := range w.Names() {
		if _, ok := w.Int8(name); ok {
			scales, _ := w.Tensor(model.ScaleName(name)) // of no elements if it is missing, which Check tells
			parameters -= scales.Elements()
		}
	}
	p.Line("parameters", "%d in %d tensors, %s", parameters, len(w.Names()), ui.Bytes(int64(w.Bytes())))
	for _, d := range w.DTypes() {
		p.Line("stored", "%s: %d tensors, %d parameters, %s", d.DType, d.Tensors, d.Elements, ui.Bytes(int64(d.Bytes)))
	}
}

func metricsText(metrics map[string]float64) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		text += fmt.Sprintf("  %s %.4g", name, metrics[name])
	}
	return text
}

// objective says what a checkpoint was pre-trained by, with the settings that its objective has.
func (p printer) objective(o objective.Config) {
	how := fmt.Sprintf("%s of %d tokens, documents by %s", o.Name, o.InputLength, o.Split)
	if o.Density > 0 {
		how += fmt.Sprintf(", density %g", o.Density)
	}
	if o.MeanSpanLength > 0 {
		how += fmt.Sprintf(", mean span length %g", o.MeanSpanLength)
	}
	if o.FinalSentinel {
		how += ", final sentinel"
	}
	if o.ModeTokens {
		how += ", mode tokens"
	}
	if o.SequentialRate > 0 {
		how += fmt.Sprintf(", sequential rate %g", o.SequentialRate)
	}
	p.Line("objective", "%s", how)
}

// task says what a checkpoint was trained for.
func (p printer) task(title string, t task.Spec) {
	how := fmt.Sprintf("%s, prefix %q, text columns %s", t.Name, t.Prefix, strings.Join(t.TextColumns, ", "))
	if t.Template != "" {
		how += fmt.Sprintf(", template %q", t.Template)
	}
	p.Line(title, "%s", how)
	for _, list := range []struct {
		title  string
		labels []task.Label
	}{{"labels", t.Labels}, {"entities", t.Entities}} {
		var texts []string
		for _, l := range list.labels {
			texts = append(texts, l.Text)
		}
		if len(texts) > 0 {
			p.Line(list.title, "%s", ui.Shorten(texts, 20))
		}
	}
}
