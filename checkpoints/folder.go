package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"t5train/checkpoints/builtin"
	"t5train/checkpoints/peft"
	"t5train/checkpoints/safetensors"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/bounded"
	"t5train/internal/lfs"
	"t5train/internal/mmap"
	"t5train/model"
)

// InfoName is the file of a checkpoint folder that says what transformers' files cannot.
const InfoName = "t5train.json"

// GenerationName is the file with the options of generation, as transformers has them.
const GenerationName = "generation_config.json"

// Info is what a checkpoint remembers besides the model: how rows become text, and how good it is.
type Info struct {
	Task *task.Spec `json:"task,omitempty"`
	// of a model that is trained on a mixture, by the names of its components
	Tasks           map[string]task.Spec `json:"tasks,omitempty"`
	Objective       *objective.Config    `json:"objective,omitempty"`         // of a model that is pre-trained
	MaxInputLength  int                  `json:"max_input_length,omitempty"`  // tokens, with EOS
	MaxTargetLength int                  `json:"max_target_length,omitempty"` // tokens, with EOS
	// of the tasks of a model that is pre-trained
	TaskMaxInput  int                `json:"task_max_input_length,omitempty"`
	TaskMaxTarget int                `json:"task_max_target_length,omitempty"`
	Step          int                `json:"step"`
	Metrics       map[string]float64 `json:"metrics,omitempty"` // on the validation data, at that step

	// Temperature divides the log-probabilities of the labels of a classification, so that their probabilities are
	// right as often as they say. It was found on the validation data; 0 is none.
	Temperature float64 `json:"temperature,omitempty"`
}

// Confidence makes a probability of the mean log-probability of the tokens of a text, in nats, as the logistic function
// of Slope times it plus Bias.
type Confidence struct{ Slope, Bias float64 }

// Confidence tells how probable it is that a text which the model writes is right, which means, has the text of its
// target. It was found on the validation data, and is among the metrics. ok is false where it is not known.
func (i Info) Confidence() (c Confidence, ok bool) {
	c = Confidence{i.Metrics["confidence_slope"], i.Metrics["confidence_bias"]}
	return c, c.Slope > 0
}

// Of returns the probability that a text of so many tokens and with a log-probability is right.
func (c Confidence) Of(logProb float64, tokens int) float64 {
	return 1 / (1 + math.Exp(-(c.Slope*logProb/float64(max(1, tokens)) + c.Bias)))
}

// Folder is a model with what belongs to it.
type Folder struct {
	Dir       string // that it was opened from
	Model     *model.T5
	Tokenizer *tokenizer.Tokenizer
	// empty for a folder of Hugging Face, which does not say what task it is for: see [Folder.PredictionTask]
	Info Info

	// Adapter is what stands beside the model and is trained in its place, nil for a whole model. Then the checkpoint
	// holds the adapter alone.
	Adapter    *peft.Config
	adapterDir string // that an adapter was opened from, merged or not
}

// IsEmpty reports whether a folder has no model, or none that can read and write texts.
func (b *Folder) IsEmpty() bool {
	return b == nil || b.Model == nil || b.Model.LMHead == nil || b.Tokenizer == nil
}

// OpenTokenizer loads a spiece.model, a tokenizer.json, or the tokenizer of a folder. The tokenizer of a run folder is
// that of its best checkpoint, that of a built-in model goes by its name, and "" is T5's.
func OpenTokenizer(path string) (*tokenizer.Tokenizer, error) {
	if path == "" {
		return tokenizer.T5()
	}
	if dir, _, err := Resolve(path); err == nil {
		path = dir
	} else if builtin.IsName(path) {
		return nil, err
	}
	return tokenizer.Load(path)
}

func openFolder(dir string, tok *tokenizer.Tokenizer, verify bool, l loader) (*Folder, error) {
	m, err := loadModel(dir, verify, l)
	if err != nil {
		return nil, err
	}
	info, err := ReadInfo(dir)
	if err != nil {
		return nil, err
	}
	if slices.Contains(m.Config.EOSTokenIDs, int(tok.EOS())) {
		m.Config.EOSTokenID = int(tok.EOS()) // that of texts, whatever else ends an output
	}
	if err := CheckTokenizer(m.Config, tok); err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return &Folder{Dir: dir, Model: m, Tokenizer: tok, Info: info}, nil
}

// LoadModel reads config.json and the weights of a checkpoint folder.
func LoadModel(dir string) (*model.T5, error) { return loadModel(dir, true, wholeModel) }

// loadModel verifies weights while it reads them, which takes hardly longer than reading them alone.
func loadModel(dir string, verify bool, l loader) (*model.T5, error) {
	weights, err := OpenWeights(dir)
	if err != nil {
		return nil, err
	}
	defer weights.Close()
	verified := make(chan error, 1)
	if verify {
		go func() { verified <- weights.Verify() }()
	} else {
		verified <- nil
	}
	var m *model.T5
	err = mmap.Guard(func() error {
		c, err := l.parse(weights.Config())
		if err == nil {
			m, err = l.load(c, weights)
		}
		return err
	})
	if damage := <-verified; damage != nil {
		err = damage // which may be why they could not be read
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return m, nil
}

// ReadModelConfig reads the architecture of a checkpoint folder, and makes sure that the weights are of it without
// reading them. Eight bits are an error unless they are to stay frozen: it is for training.
func ReadModelConfig(dir string, frozen bool) (model.Config, error) {
	weights, err := OpenWeights(dir)
	if err != nil {
		return model.Config{}, err
	}
	defer weights.Close()
	c, err := model.ParseConfig(weights.Config())
	if err == nil {
		err = model.Check(c, weights)
	}
	if err == nil && !frozen && model.InInt8(weights) {
		err = model.ErrInt8
	}
	if err != nil {
		return model.Config{}, fmt.Errorf("open %s: %w", dir, err)
	}
	return c, nil
}

// ReadInfo reads t5train.json of a checkpoint folder; without the file it is empty.
func ReadInfo(dir string) (Info, error) {
	path := filepath.Join(dir, InfoName)
	raw, err := bounded.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, nil
	}
	if err != nil {
		return Info{}, fmt.Errorf("read checkpoint: %w", err)
	}
	var info Info
	if err := lfs.Check(raw); err != nil {
		return Info{}, fmt.Errorf("read %s: %w", path, err)
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return Info{}, fmt.Errorf("read %s: %w: copy the file again, or delete it and name the task by options", path,
			err)
	}
	if !(info.Temperature >= 0) {
		return Info{}, fmt.Errorf("read %s: temperature is %g, want above 0: correct the file", path, info.Temperature)
	}
	specs := slices.Collect(maps.Values(info.Tasks))
	if info.Task != nil {
		specs = append(specs, *info.Task)
	}
	for _, spec := range specs {
		if err := spec.Validate(); err != nil {
			return Info{}, fmt.Errorf("read %s: %w: correct the file, or delete it and name the task by options", path,
				err)
		}
	}
	return info, nil
}

// CheckTokenizer makes sure that model and tokenizer belong together as far as sizes tell.
func CheckTokenizer(c model.Config, tok *tokenizer.Tokenizer) error {
	switch {
	case tok.VocabSize() > c.VocabSize:
		return tooManyTokens(c, tok)
	case tok.EOS() < 0:
		return errors.New("the tokenizer has no </s>, with which every text must end: use T5's tokenizer or one " +
			"trained like it")
	case int(tok.EOS()) != c.EOSTokenID && !slices.Contains(c.EOSTokenIDs, int(tok.EOS())):
		return fmt.Errorf("</s> is token %d of the tokenizer, but eos_token_id of the model is %d: use the model's "+
			"own tokenizer", tok.EOS(), c.EOSTokenID)
	}
	return nil
}

// tooManyTokens is the error of an embedding that lacks rows for some of the tokens.
func tooManyTokens(c model.Config, tok *tokenizer.Tokenizer) error {
	return fmt.Errorf("the tokenizer has %d tokens but the model only %d rows (vocab_size): if tokens were added to "+
		"its own tokenizer, give them rows with convert.vocab_size %d, and else use its own "+
		"tokenizer", tok.VocabSize(), c.VocabSize,
		PaddedRows(tok.VocabSize()))
}

// Write puts everything that makes the folder a checkpoint into d: the Hugging Face files and t5train.json.
func (b *Folder) Write(d *Dir) error {
	files, err := b.Files()
	if err != nil {
		return err
	}
	return WriteFolder(d, files, safetensors.LazyOf(b.Weights()))
}

// WriteFolder puts the files of a model folder into d.
func WriteFolder(d *Dir, files []tokenizer.File, weights []safetensors.Lazy) error {
	for _, f := range files {
		if err := d.WriteFile(f.Name, f.Data); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(files, func(f tokenizer.File) bool { return f.Name == peft.ConfigName }) {
		return d.WriteLazy(peft.WeightsName, weights, map[string]string{"format": "pt"})
	}
	return d.WriteWeights(weights, DefaultShardSize)
}

// Files returns the small files of a checkpoint: all but the weights.
func (b *Folder) Files() ([]tokenizer.File, error) {
	if b.IsEmpty() {
		return nil, fmt.Errorf("write checkpoint: %w", model.ErrNoModel)
	}
	config, err := b.configFiles()
	if err != nil {
		return nil, err
	}
	info, err := json.MarshalIndent(b.Info, "", "  ")
	if err != nil {
		return nil, err
	}
	own, err := b.Tokenizer.Files()
	if err != nil {
		return nil, err
	}
	return slices.Concat(config, []tokenizer.File{{Name: InfoName, Data: info}}, own), nil
}

// configFiles returns the files that say what the weights are of.
func (b *Folder) configFiles() ([]tokenizer.File, error) {
	if b.Adapter != nil {
		config, err := b.Adapter.JSON(b.Model)
		return []tokenizer.File{{Name: peft.ConfigName, Data: config}}, err
	}
	config, err := b.Model.Config.JSON()
	if err != nil {
		return nil, err
	}
	generation, err := GenerationConfig(b.Model.Config)
	return []tokenizer.File{{Name: configName, Data: config}, {Name: GenerationName, Data: generation}}, err
}

// Weights returns the tensors of the model, or of its adapter, which share its memory.
func (b *Folder) Weights() []safetensors.Tensor {
	if b.Adapter != nil {
		return peft.Tensors(b.Model)
	}
	var tensors []safetensors.Tensor
	for _, p := range b.Model.Params {
		tensors = append(tensors, safetensors.FromFloat32(p.Name, p.Shape, p.Value))
	}
	return tensors
}

// TensorName returns the name of a parameter among the weights.
func (b *Folder) TensorName(param string) string {
	if b.Adapter != nil {
		return peft.TensorName(param)
	}
	return param
}

// GenerationConfig is the content of generation_config.json: the tokens that a decoder starts and ends with.
func GenerationConfig(c model.Config) ([]byte, error) {
	return json.MarshalIndent(map[string]int{
		"decoder_start_token_id": c.DecoderStartTokenID, "eos_token_id": c.EOSTokenID, "pad_token_id": c.PadTokenID,
	}, "", "  ")
}

// PaddedRows returns the rows of an embedding of n tokens: a multiple of 128, as those of T5's family are. T5
// has 32,128 rows for 32,100 tokens.
func PaddedRows(tokens int) int { return (tokens + 127) / 128 * 128 }

// ChooseTask makes a checkpoint that was trained on several tasks one of the component of that name. A checkpoint of
// one task has no components: name is empty. So it may be for one that is pre-trained, which then is one of its
// objective.
func (b *Folder) ChooseTask(name string) error {
	names := strings.Join(slices.Sorted(maps.Keys(b.Info.Tasks)), ", ")
	switch spec, ok := b.Info.Tasks[name]; {
	case ok:
		b.Info.Task = &spec
		if b.Info.Objective != nil {
			b.Info.MaxInputLength, b.Info.MaxTargetLength = b.Info.TaskMaxInput, b.Info.TaskMaxTarget
		}
		return nil
	case name == "" && (len(b.Info.Tasks) == 0 || b.Info.Objective != nil):
		return nil
	case name == "":
		return fmt.Errorf("choose a task: the checkpoint was trained on several, %s: name one with "+
			"checkpoints.component", names)
	case names == "" && b.Info.Objective != nil:
		return errors.New("choose a task: the checkpoint remembers no tasks of its pre-training: leave out " +
			"checkpoints.component, or name a task with task.name")
	case names == "":
		return errors.New("choose a task: the checkpoint was not trained on a mixture of tasks: leave out " +
			"checkpoints.component")
	}
	return fmt.Errorf("choose a task: the checkpoint has no component %q: it has %s", name, names)
}

// PredictionTask returns the task for inputs that have no answers: the checkpoint's with corrections, or another one
// that is asked for. A checkpoint that knows another task than seq2seq, which is asked for, keeps the form of its
// input.
func (b *Folder) PredictionTask(o task.Spec) (task.Spec, error) {
	var stored *task.Spec
	if b != nil {
		stored = b.Info.Task
	}
	switch {
	case stored != nil && (o.Name == "" || o.Name == stored.Name):
		return stored.Correct(o)
	case (o.Name == "" || o.Name == task.Seq2Seq) && len(o.LabelTexts) > 0:
		return task.Spec{}, errors.New("predict: task.labels are for a classification: add task.name classification")
	case stored != nil && o.Name == task.Seq2Seq:
		spec := *stored
		if o.Prefix != nil {
			spec.Prefix = o.Prefix
		}
		if len(o.TextColumns) > 0 {
			spec.TextColumns = o.TextColumns
		}
		spec.Labels = nil
		return spec, nil
	case o.Name == "":
		o.Name = task.Seq2Seq // what a checkpoint without a task, such as one from Hugging Face, can do
	}
	spec, err := task.Alone(o)
	if err != nil {
		return task.Spec{}, fmt.Errorf("predict: %w", err)
	}
	return spec, nil
}
