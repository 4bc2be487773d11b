package checkpoints

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"t5train/checkpoints/peft"
	"t5train/checkpoints/safetensors"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
	"t5train/model"
)

// DescribeTokenizer writes its kind and its special tokens.
func DescribeTokenizer(l ui.Lines, t *tokenizer.Tokenizer) {
	l.Line("tokenizer", "%s, %d tokens with %d sentinels, rules of %s",
		kindText(t.Kind()), t.VocabSize(), t.ExtraIDs(), t.Rules())
	l.Line("special", "pad %d, eos %d, unk %d", t.Pad(), t.EOS(), t.Unk())
}

func kindText(kind string) string {
	if kind == "bytes" {
		return "ByT5 bytes"
	}
	return "SentencePiece " + kind
}

// DescribeRun lists the checkpoints of a run with their metrics.
func DescribeRun(l ui.Lines, path string) error {
	run, err := OpenRun(path)
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
		info, err := ReadInfo(run.Dir(step))
		if err != nil {
			return err
		}
		mark := ""
		if hasBest && step == best {
			mark = "  (best)"
		}
		l.Line("checkpoint", "step %d%s%s", step, mark, metricsText(info.Metrics))
	}
	return nil
}

// Describe writes what a checkpoint holds. Without verify the weights are not read.
func Describe(l ui.Lines, dir string, verify bool) error {
	if IsAdapter(dir) {
		return describeAdapter(l, dir, verify)
	}
	weights, err := OpenWeights(dir)
	if err != nil {
		return err
	}
	defer weights.Close()
	l.Line("folder", "%s", dir)
	isEncoder := model.IsEncoder(weights)
	parse, check := model.ParseConfig, model.Check
	if isEncoder {
		parse, check = model.ParseEncoderConfig, model.CheckEncoder
	}
	config, configErr := parse(weights.Config())
	if configErr == nil && isEncoder {
		l.Line("model", "encoder alone of %s, %s, d_model %d, d_kv %d, d_ff %d, %d heads, %d layers, vocabulary %d",
			config.ModelType, config.FeedForwardProj, config.DModel, config.DKV, config.DFF, config.NumHeads,
			config.NumLayers, config.VocabSize)
	} else if configErr == nil {
		l.Line("model", "%s, %s, d_model %d, d_kv %d, d_ff %d, %d heads, %d encoder and %d decoder layers, "+
			"vocabulary %d",
			config.ModelType, config.FeedForwardProj, config.DModel, config.DKV, config.DFF, config.NumHeads,
			config.NumLayers, config.NumDecoderLayers, config.VocabSize)
	}
	weights.Describe(l)
	if pickleFiles.in(dir) && filepath.Ext(weights.paths[0]) == pickleFiles.extension {
		l.Line("format", "PyTorch (%s), of which nothing is executed", pickleFiles.single())
	}
	if t, err := tokenizer.Load(dir); err == nil {
		DescribeTokenizer(l, t)
	} else {
		l.Line("tokenizer", "none that can be read: %v", err)
	}
	info, err := ReadInfo(dir)
	if err != nil {
		return err
	}
	describeTraining(l, info)
	if configErr == nil {
		configErr = check(config, weights)
	}
	if configErr != nil {
		return fmt.Errorf("inspect: the weights can be listed, but the model not be built: %w", configErr)
	}
	l.Line("tensors", "names and shapes are those of config.json")
	if !verify {
		return nil
	}
	if err := weights.Verify(); err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	return nil
}

// describeAdapter is Describe for the folder of an adapter.
func describeAdapter(l ui.Lines, dir string, verify bool) error {
	c, err := peft.ReadConfig(dir)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	f, err := safetensors.Open(filepath.Join(dir, peft.WeightsName))
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	defer f.Close()
	info, err := ReadInfo(dir)
	if err != nil {
		return err
	}
	elements := 0
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		elements += t.Elements()
	}
	l.Line("folder", "%s", dir)
	l.Line("adapter", "LoRA beside %s, rank %d, alpha %g, on %s", c.Base, c.Rank, c.Alpha,
		strings.Join(c.TargetModules, ", "))
	l.Line("parameters", "%d in %d tensors, %s", elements, len(f.Names()), ui.Bytes(int64(f.Size())))
	describeTraining(l, info)
	if !verify {
		return nil
	}
	if err := Verify(dir); err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	return nil
}

// describeTraining says what a checkpoint was trained for, and how good it is.
func describeTraining(l ui.Lines, info Info) {
	if info.Objective != nil {
		l.Line("objective", "%s", *info.Objective)
	}
	if info.Task != nil {
		describeTask(l, "task", *info.Task)
	}
	for _, name := range slices.Sorted(maps.Keys(info.Tasks)) {
		describeTask(l, "component "+name, info.Tasks[name])
	}
	if info.Objective != nil || info.Task != nil || len(info.Tasks) > 0 {
		l.Line("trained", "%d steps, inputs up to %d tokens, targets up to %d",
			info.Step, info.MaxInputLength, info.MaxTargetLength)
	}
	if len(info.Metrics) > 0 {
		l.Line("metrics", "%s", strings.TrimSpace(metricsText(info.Metrics)))
	}
}

// Describe writes how many parameters there are and of which types.
func (w *Weights) Describe(l ui.Lines) {
	parameters := w.Elements()
	for _, name := range w.Names() {
		if _, ok := w.Int8(name); ok {
			scales, _ := w.Tensor(model.ScaleName(name)) // of no elements if it is missing, which Check tells
			parameters -= scales.Elements()
		}
	}
	l.Line("parameters", "%d in %d tensors, %s", parameters, len(w.Names()), ui.Bytes(int64(w.Bytes())))
	for _, d := range w.DTypes() {
		l.Line("stored", "%s: %d tensors, %d parameters, %s", d.DType, d.Tensors, d.Elements, ui.Bytes(int64(d.Bytes)))
	}
}

func metricsText(metrics map[string]float64) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		text += fmt.Sprintf("  %s %.4g", name, metrics[name])
	}
	return text
}

// describeTask says what a checkpoint was trained for.
func describeTask(l ui.Lines, title string, t task.Spec) {
	how := fmt.Sprintf("%s, prefix %q, text columns %s", t.Name, t.InputPrefix(), strings.Join(t.TextColumns, ", "))
	if t.Template != "" {
		how += fmt.Sprintf(", template %q", t.Template)
	}
	l.Line(title, "%s", how)
	for _, list := range []struct {
		title  string
		labels []task.Label
	}{{"labels", t.Labels}, {"entities", t.Entities}} {
		var texts []string
		for _, label := range list.labels {
			texts = append(texts, label.Text)
		}
		if len(texts) > 0 {
			l.Line(list.title, "%s", ui.Shorten(texts, 20))
		}
	}
}
