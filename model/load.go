package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/model/op"
)

// TensorSource is where Load reads tensors from; checkpoints.Weights is one.
type TensorSource interface {
	Names() []string
	Shape(name string) (shape []int, ok bool)
	CopyFloat32(name string, dst []float32) error // converts from the stored type
	Release(name string)                          // the tensor has been read: its memory may go until it is read again
	// the elements of a tensor stored in eight bits; shared, not to be changed
	Int8(name string) (values []int8, ok bool)
	Equal(a, b string) (bool, error) // same elements; the shapes are the same
}

const (
	sharedName = "shared.weight"
	lmHeadName = "lm_head.weight"
)

// aliases are names under which older checkpoints repeat shared.weight.
var aliases = [...]string{"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}

// unusedTensor is one that early exports of T5 carry and no model uses.
const unusedTensor = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"

// Tensor is a parameter and where a checkpoint stores it.
type Tensor struct {
	Name   string // of the parameter
	Stored string // in the checkpoint: shared.weight may have another name there
	Shape  []int
	Int8   bool // stored in eight bits, with scales beside it: see ScaleName
}

// ErrNoModel says that a model has no weights: it was not made by New or Load.
var ErrNoModel = errors.New("there is no model: open one or make a new one")

var errNoSource = errors.New("load model: there are no tensors: open the weights of a checkpoint")

// Load returns the model that a config and its tensors describe. All tensors must be there with the shapes of the
// config, and no unknown ones.
//
// The stored tensors outrank the config about tying, because transformers 5 writes tie_word_embeddings: true in any
// case: an lm_head.weight that differs from shared.weight is a matrix of its own. Whether the decoder output is scaled
// is the config's word in any case. Without a stored lm_head.weight the embedding takes its place, and the other way
// round. Other copies of shared.weight must be equal to it: here is one embedding.
func Load(c Config, src TensorSource) (*T5, error) {
	c, tensors, err := Resolve(c, src)
	if err != nil {
		return nil, err
	}
	return build(c, params{bare: true}).read(src, tensors)
}

// LoadEncoder is Load for the encoder alone, of a whole model or of a T5EncoderModel: the result has no Decoder and no
// LMHead, and what a checkpoint has of these is not read.
func LoadEncoder(c Config, src TensorSource) (*T5, error) {
	tensors, err := ResolveEncoder(c, src)
	if err != nil {
		return nil, err
	}
	return buildEncoder(c, params{bare: true}).read(src, tensors)
}

// ResolveEncoder is LoadEncoder without the elements: the tensors that the encoder consists of.
func ResolveEncoder(c Config, src TensorSource) ([]Tensor, error) {
	if src == nil {
		return nil, errNoSource
	}
	if err := checkCopies(src, storedShared(src), aliases[:1]); err != nil {
		return nil, err
	}
	return matchEncoder(c, src)
}

// read reads the parameters, each from its tensor.
func (m *T5) read(src TensorSource, tensors []Tensor) (_ *T5, err error) {
	for i, p := range m.Params {
		if t := tensors[i]; t.Int8 {
			p.Int8, err = loadInt8(src, t)
		} else {
			p.Value = op.NewParam(p.Name, p.Shape...).Value
			err = src.CopyFloat32(t.Stored, p.Value)
			if m.params.halves {
				halve(p)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("load model: %w", err)
		}
		src.Release(tensors[i].Stored)
	}
	return m, nil
}

// IsVocabulary reports whether a parameter has a row for each token.
func IsVocabulary(name string) bool { return name == sharedName || name == lmHeadName }

// Check compares the names and shapes of the stored tensors with those of the config. It reads no elements.
func Check(c Config, src TensorSource) error {
	if src == nil {
		return errNoSource
	}
	c.TieWordEmbeddings = !storesHead(src) // tied or not, it has that shape
	_, err := match(c, src)
	return err
}

// CheckEncoder is Check for the encoder alone.
func CheckEncoder(c Config, src TensorSource) error {
	if src == nil {
		return errNoSource
	}
	_, err := matchEncoder(c, src)
	return err
}

// Resolve is Load without the elements: the config as the stored tensors correct it, and the tensors that the model
// consists of, in the order of its modules. Only to see whether lm_head.weight is a matrix of its own it reads some.
func Resolve(c Config, src TensorSource) (Config, []Tensor, error) {
	if src == nil {
		return Config{}, nil, errNoSource
	}
	shared := storedShared(src)
	if err := checkCopies(src, shared, aliases[:]); err != nil {
		return Config{}, nil, err
	}
	if !storesHead(src) {
		c.TieWordEmbeddings = true
	} else if c.TieWordEmbeddings {
		differs, err := differs(src, lmHeadName, shared)
		if err != nil {
			return Config{}, nil, fmt.Errorf("load model: %w", err)
		}
		if differs {
			c.TieWordEmbeddings = false // scaled or not by the config, as in transformers 5
		}
	}
	tensors, err := match(c, src)
	return c, tensors, err
}

// checkCopies refuses tensors that should be the embedding and are not.
func checkCopies(src TensorSource, shared string, names []string) error {
	for _, name := range names {
		differs, err := differs(src, name, shared)
		if err == nil && differs {
			err = fmt.Errorf("%s differs from %s, but t5train has one embedding for both: copy the file "+
				"of the model again", name, shared)
		}
		if err != nil {
			return fmt.Errorf("load model: %w", err)
		}
	}
	return nil
}

// storesHead reports whether lm_head.weight is stored beside the embedding, and not in its place.
func storesHead(src TensorSource) bool {
	_, ok := src.Shape(lmHeadName)
	return ok && storedShared(src) != lmHeadName
}

// storedShared returns the name under which the embedding is stored. As in transformers 5 that is lm_head.weight where
// there is no other.
func storedShared(src TensorSource) string {
	for _, name := range slices.Concat([]string{sharedName}, aliases[:], []string{lmHeadName}) {
		if _, ok := src.Shape(name); ok {
			return name
		}
	}
	return sharedName
}

// match finds the tensors of a config.
func match(c Config, src TensorSource) ([]Tensor, error) {
	err := checkKind(src)
	if err == nil && IsEncoder(src) {
		err = errors.New("the weights hold an encoder alone (T5EncoderModel), without a decoder, and so cannot " +
			"answer with text: name the whole model that it was taken from, or embed texts with it")
	}
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	return matchParams(build(c, params{bare: true}).Params, src, func(string) bool { return false })
}

// matchEncoder is match for the encoder alone.
func matchEncoder(c Config, src TensorSource) ([]Tensor, error) {
	err := checkKind(src)
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	return matchParams(buildEncoder(c, params{bare: true}).Params, src, func(name string) bool {
		return strings.HasPrefix(name, "decoder.") || strings.HasPrefix(name, lmHeadName)
	})
}

// matchParams finds the tensors of parameters. Others must be known names, or left as unread says.
func matchParams(params []*op.Param, src TensorSource, unread func(name string) bool) ([]Tensor, error) {
	if err := checkSize(params, src); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	known := map[string]bool{unusedTensor: true, lmHeadName: true, sharedName: true}
	for _, name := range aliases {
		known[name] = true
	}
	var tensors []Tensor
	var errs []error
	for _, p := range params {
		t := Tensor{Name: p.Name, Stored: p.Name, Shape: p.Shape}
		if t.Name == sharedName {
			t.Stored = storedShared(src)
		}
		known[t.Stored] = true
		shape, ok := src.Shape(t.Stored)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("%s is missing", t.Stored))
		case !slices.Equal(shape, t.Shape):
			errs = append(errs, fmt.Errorf("%s has shape %v, want %v", t.Stored, shape, t.Shape))
		default:
			if _, t.Int8 = src.Int8(t.Stored); t.Int8 {
				known[ScaleName(t.Stored)] = true
				if err := checkInt8(src, t); err != nil {
					errs = append(errs, err)
				}
			}
		}
		tensors = append(tensors, t)
	}
	eight := slices.ContainsFunc(tensors, func(t Tensor) bool { return t.Int8 })
	for _, t := range tensors {
		if eight && !t.Int8 && IsLinear(t.Name, t.Shape) {
			errs = append(errs, fmt.Errorf("%s is not in eight bits as others are", t.Stored))
		}
	}
	for _, name := range src.Names() {
		if !known[name] && !unread(name) {
			errs = append(errs, fmt.Errorf("%s is unknown", name))
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("load model: %w: config.json and weights belong to different models: copy both from one",
			first(errs, 3))
	}
	return tensors, nil
}

// checkSize refuses a config that asks for far more memory than the stored tensors can justify, before any is
// allocated.
func checkSize(params []*op.Param, src TensorSource) error {
	stored := 0.0
	for _, name := range src.Names() {
		shape, _ := src.Shape(name)
		n := 1.0
		for _, d := range shape {
			n *= float64(d)
		}
		stored += n
	}
	if described := elements(params); described > 2*stored+1e6 {
		return fmt.Errorf("config.json describes a model of %.3g parameters, but the weights hold %.3g: they belong "+
			"to different models", described, stored)
	}
	return nil
}

// differs reports whether a tensor is stored that is not equal to another one.
func differs(src TensorSource, name, other string) (bool, error) {
	shape, ok := src.Shape(name)
	if !ok || name == other {
		return false, nil
	}
	if otherShape, _ := src.Shape(other); !slices.Equal(shape, otherShape) {
		return true, nil
	}
	equal, err := src.Equal(name, other)
	return !equal, err
}

// first joins the first n errors in one line and says how many there are besides: a config of another size makes one
// of every tensor.
func first(errs []error, n int) error {
	var list []string
	for _, err := range errs[:min(n, len(errs))] {
		list = append(list, err.Error())
	}
	if more := len(errs) - len(list); more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return errors.New(strings.Join(list, "; "))
}

// checkKind refuses the weights of models that are related to T5 but do not answer with text: no other files would
// help.
func checkKind(src TensorSource) error {
	if name := containing(src, ".lora_", ".ia3_", ".base_layer.", "prompt_embeddings"); name != "" {
		return fmt.Errorf("the weights hold an adapter (%s): merge it into its base model with peft, "+
			"model.merge_and_unload().save_pretrained(FOLDER), and name that folder", name)
	}
	for _, head := range [...]struct{ part, what string }{
		{"classification_head.", "a classification head (T5ForSequenceClassification)"},
		{"classifier.", "a head that classifies tokens (T5ForTokenClassification)"},
		{"qa_outputs.", "a head for extractive question answering (T5ForQuestionAnswering)"},
	} {
		if name := containing(src, head.part); name != "" {
			return fmt.Errorf("the weights hold %s, %s, but t5train runs models that answer with text "+
				"(T5ForConditionalGeneration): name the model that it was made from, and fine-tune that", head.what,
				name)
		}
	}
	return nil
}

// IsEncoder reports whether stored tensors are those of an encoder without a decoder.
func IsEncoder(src TensorSource) bool {
	return src != nil && containing(src, "encoder.") != "" && containing(src, "decoder.") == ""
}

// containing returns the first name of a tensor that has one of the parts in it, "" if none has.
func containing(src TensorSource, parts ...string) string {
	for _, name := range src.Names() {
		for _, part := range parts {
			if strings.Contains(name, part) {
				return name
			}
		}
	}
	return ""
}
