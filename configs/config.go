package configs

import (
	"fmt"

	"t5train/checkpoints/peft"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/trainer/distill"
	"t5train/trainer/optim"
)

// The tags of a field say what it accepts: `unit` what a number counts or a text names, `range` the bounds of a number,
// `zero` that 0 switches the key off, `oneof` the words a text may be, `names` what it may name (tasks, objectives,
// optimizers or schedules), `for` the only kind of run that has the key or section, `of` the only values of the key
// name of its section that have it. A pointer is optional: nil means unset. The keys of objective, task, lora,
// distill and optimizer are with their types.

// Config is the whole configuration of a run. One that names an objective is of pre-training, any other of fine-tuning.
type Config struct {
	// Folder of the run: checkpoints, metrics and the resolved configuration go here. Required.
	Output string `yaml:"output" unit:"path"`

	Model      Model          `yaml:"model"`
	Tokenizer  Tokenizer      `yaml:"tokenizer"`
	Data       Data           `yaml:"data"`
	Objective  objective.Spec `yaml:"objective" for:"pre-training"`
	Task       task.Spec      `yaml:"task" for:"fine-tuning"`
	LoRA       peft.Spec      `yaml:"lora"`
	Distill    distill.Spec   `yaml:"distill" for:"fine-tuning"`
	Train      Train          `yaml:"train"`
	Optimizer  optim.Spec     `yaml:"optimizer"`
	Schedule   Schedule       `yaml:"schedule"`
	Eval       Eval           `yaml:"eval"`
	Checkpoint Checkpoint     `yaml:"checkpoint"`
}

// Model says which weights training starts from: those in path, or new ones of a size.
type Model struct {
	// Model to start from: a Hugging Face folder, the folder of a run, one checkpoint, or builtin:en-tiny, the small
	// English model of the program. Alternative to size.
	Path string `yaml:"path" unit:"path"`
	// Size of a model that starts from random weights, a name listed by `t5train sizes`, also as t5-small. Alternative
	// to path. Small sizes learn simple tasks in minutes; on little data a pre-trained model in path is far better.
	Size string `yaml:"size" unit:"name"`

	// Rows of the embedding table. Unset: the tokens of the tokenizer, up to a multiple of 128; 32128 for the 32100 of
	// T5.
	VocabSize *int `yaml:"vocab_size" unit:"rows" range:">= 2 and <= 268435456"`
	// Width of the residual stream. Unset: that of the size. Memory and time grow linearly with it.
	DModel *int `yaml:"d_model" unit:"features" range:">= 1 and <= 1048576"`
	// Width of one attention head. Unset: that of the size. num_heads x d_kv may differ from d_model.
	DKV *int `yaml:"d_kv" unit:"features" range:">= 1 and <= 1048576"`
	// Width of the feed-forward layers. Unset: that of the size. Two to four times d_model is usual.
	DFF *int `yaml:"d_ff" unit:"features" range:">= 1 and <= 16777216"`
	// Encoder blocks. Unset: that of the size.
	NumLayers *int `yaml:"num_layers" unit:"blocks" range:">= 1 and <= 4096"`
	// Decoder blocks. Unset: as many as the encoder has.
	NumDecoderLayers *int `yaml:"num_decoder_layers" unit:"blocks" range:">= 1 and <= 4096"`
	// Attention heads of every block. Unset: that of the size.
	NumHeads *int `yaml:"num_heads" unit:"heads" range:">= 1 and <= 65536"`
	// Feed-forward activation. Unset: that of the size. T5 1.0 has relu, T5 1.1 and Flan-T5 gated-gelu, which learns
	// better for the same parameters.
	FeedForwardProj *string `yaml:"feed_forward_proj" oneof:"relu gelu gelu_new silu gated-relu gated-gelu gated-gelu_new gated-silu"`
	// Whether the output layer is the embedding table. Unset: that of the size. Tied saves vocab_size x d_model
	// parameters.
	TieWordEmbeddings *bool `yaml:"tie_word_embeddings"`
	// Buckets of the relative position bias, an even number. Unset: that of the size, 32.
	RelativeAttentionNumBuckets *int `yaml:"relative_attention_num_buckets" unit:"buckets" range:">= 4 and <= 1048576"`
	// Distance from which on all positions share the last bucket. Unset: that of the size, 128. Must be more than half
	// the buckets.
	RelativeAttentionMaxDistance *int `yaml:"relative_attention_max_distance" unit:"tokens" range:">= 1 and <= 2147483647"`
	// Share of activations dropped in training. Unset: the checkpoint's, or that of the size; 0 for pre-training, which
	// sees no text often enough to learn it by heart. 0.1 for fine-tuning, also of a model pre-trained without.
	DropoutRate *float64 `yaml:"dropout_rate" range:">= 0 and < 1"`
}

// Tokenizer says how text becomes tokens.
type Tokenizer struct {
	// A spiece.model, a folder that holds one, or the name of a built-in model. Empty: the one in model.path, else T5's
	// own vocabulary.
	Path string `yaml:"path" unit:"path"`
}

// Data says which examples a run reads. Relative paths are relative to the current directory.
type Data struct {
	// Files to train on, parquet, CSV, TSV or JSON: paths, folders or globs such as train-*.parquet. Required, or
	// mixture in its place.
	Train []string `yaml:"train" unit:"paths"`
	// Tasks, and for pre-training also corpora, to train on together, each with keys of its own, in place of train,
	// validation and the section task.
	Mixture []Component `yaml:"mixture" unit:"entries"`
	// Most examples that a component of the mixture without a rate counts for, so that a large one does not drown a
	// small one; 0 = no cap.
	MixtureCap float64 `yaml:"mixture_cap" unit:"examples" range:">= 0"`
	// Flattens the rates of the components without a rate, rate^(1/temperature): 1 leaves them, larger ones bring them
	// towards equal; 3.3 in mT5.
	MixtureTemperature float64 `yaml:"mixture_temperature" range:">= 1"`
	// Files to evaluate on, as train. Empty: no evaluation, so no best checkpoint and no early stopping.
	Validation []string `yaml:"validation" unit:"paths"`
	// Column of the text in train and validation. Empty: found from the schema and noted.
	TextColumn string `yaml:"text_column" unit:"column name" for:"pre-training"`
	// How documents become chunks of the objective's length: concat lays them end to end and cuts, as T5 was trained;
	// document never puts two into one chunk, so short documents make short chunks.
	Split string `yaml:"split" oneof:"concat document" for:"pre-training"`
	// Folder of the token stores: text is tokenized once and found there again by all runs that share the folder.
	// Empty: tokens in output.
	Tokens string `yaml:"tokens" unit:"path" for:"pre-training"`
	// Longest input with its end token; what is longer is cut. Attention's time grows with the square of it, but only
	// as far as texts are that long: nothing is padded. Pre-training: of the tasks in the mixture; that of text is
	// objective.input_length.
	MaxInputLength int `yaml:"max_input_length" unit:"tokens" range:">= 2 and <= 1048576"`
	// Longest target with its end token; what is longer is cut.
	MaxTargetLength int `yaml:"max_target_length" unit:"tokens" range:">= 2 and <= 1048576"`
	// Train on a sample of n examples only, drawn at random by train.seed; 0 = all. For a quick try. Pre-training:
	// chunks of each corpus, all of which is tokenized nevertheless.
	MaxTrainExamples int `yaml:"max_train_examples" unit:"examples" range:">= 0"`
	// Evaluate on a sample of n examples only, drawn at random, the same ones in every run; 0 = all. Pre-training:
	// chunks of text; for each kind of noise of ul2 its share of them, rounded, and one at least.
	MaxValidationExamples int `yaml:"max_validation_examples" unit:"examples" range:">= 0"`
}

// Component is one corpus or task of a mixture.
type Component struct {
	// Name in messages. Required, and another one for each component.
	Name string `yaml:"name"`
	// Files of the component, as data.train. Required.
	Train []string `yaml:"train" unit:"paths"`
	// Files to evaluate the component on. Empty: it is not evaluated.
	Validation []string `yaml:"validation" unit:"paths" for:"fine-tuning"`
	// What its rows are: those of a task, or in pre-training text for the objective. Empty: text. Required for
	// fine-tuning.
	Task task.Spec `yaml:"task,inline"`
	// Text: column of lists of numbers, of one length up to d_model, such as the vectors of a sentence encoder. Each
	// row is an example of its own, and the model learns the direction of its vector too: in the mean of the encoder's
	// states, and in the first state of the decoder. Empty: none.
	VectorColumn string `yaml:"vector_column" unit:"column name" for:"pre-training"`
	// Mixing rate: how many of the examples come from here, in proportion to the rates of the others. Unset: its number
	// of examples, under mixture_cap and mixture_temperature.
	MixingRate *float64 `yaml:"rate" range:"> 0"`
}

// Train says how long a run is and what one step is.
type Train struct {
	// Optimizer steps in all; 0 = off. Alternative to epochs and minutes.
	Steps int `yaml:"steps" unit:"steps" range:">= 1" zero:"off"`
	// Passes over the training data, whole or not (0.5); 0 = off. Alternative to steps and minutes. 3 to 10 for
	// fine-tuning; where nothing is given it follows from the rows and the model, up to 50. Time grows with it.
	Epochs float64 `yaml:"epochs" unit:"epochs" range:"> 0 and <= 1000000" zero:"off"`
	// Minutes that the run may take, with its evaluations; 0 = off. Alternative to steps and epochs: the first seconds
	// measure how many steps that makes. config.yaml of the run has their number as train.steps, which gives the same
	// run again.
	Minutes float64 `yaml:"minutes" unit:"minutes" range:"> 0 and <= 1000000" zero:"off"`
	// Examples a micro-batch; 0 = off. Alternative to batch_tokens. Memory grows with it. 32 to 128 for fine-tuning.
	BatchSize int `yaml:"batch_size" unit:"examples" range:">= 1 and <= 1048576" zero:"off"`
	// Input and target tokens a micro-batch holds at most; 0 = off. Alternative to batch_size: memory stays even when
	// lengths vary.
	BatchTokens int `yaml:"batch_tokens" unit:"tokens" range:">= 1" zero:"off"`
	// Micro-batches a step, which are divided over the ranks of mpirun. Use it for a larger batch in the same memory; a
	// step takes that many times longer on one machine.
	Accumulate int `yaml:"accumulate" unit:"micro-batches" range:">= 1 and <= 1048576"`
	// Modules that stay as they are: [encoder, embedding, decoder.block.0-3], by the paths of their tensors. A step
	// takes less time and memory without them, most where the lowest blocks are frozen.
	Freeze []string `yaml:"freeze" unit:"modules"`
	// Largest global norm of the gradient; 0 = off. 1 with adamw; 0 with adafactor, which clips on its own.
	ClipNorm float64 `yaml:"clip_norm" range:">= 0"`
	// Share of the target probability spread over the whole vocabulary. 0 for T5; 0.1 is usual in translation.
	LabelSmoothing float64 `yaml:"label_smoothing" range:">= 0 and < 1"`
	// Weight of the log(Z)^2 term that keeps logits small. 1e-4 in T5's pre-training; 0 as transformers has it.
	ZLoss float64 `yaml:"z_loss" range:">= 0"`
	// Decay of a moving average of the weights, such as 0.999; 0 = off. Evaluations and checkpoints, and so the best
	// one, have the average for their model. It costs one float a parameter.
	EMA float64 `yaml:"ema" range:">= 0 and < 1"`
	// Keep only the inputs of the blocks and compute the blocks again in the backward pass: the same numbers in far
	// less memory for large batches and long texts, for a sixth to three tenths more time.
	Recompute bool `yaml:"recompute"`
	// What the operands of matrix products in training are rounded to. bfloat16 is faster on processors that have
	// AVX512-BF16 (AMD since Zen 4, Intel since Cooper Lake), and only there; a run says if it is not. Weights, sums,
	// optimizer, evaluations and checkpoints are float32 in any case.
	Precision string `yaml:"precision" names:"precisions"`
	// Seed of new weights, order and dropout. The same seed gives the same run, bit for bit.
	Seed int `yaml:"seed" range:">= 0"`
	// Threads to compute with; 0 = all processors. Results do not depend on it.
	Threads int `yaml:"threads" unit:"threads" range:">= 0 and <= 1024"`
	// Steps from one row of metrics.jsonl to the next. A log that is no terminal has a line of them every ten seconds.
	LogEvery int `yaml:"log_every" unit:"steps" range:">= 1"`
}

// Batch says what a step is made of, as "2 x 16 examples".
func (t Train) Batch() string {
	size := fmt.Sprintf("%d examples", t.BatchSize)
	if t.BatchTokens > 0 {
		size = fmt.Sprintf("up to %s tokens", ui.Grouped(t.BatchTokens))
	}
	if t.Accumulate > 1 {
		size = fmt.Sprintf("%d x %s", t.Accumulate, size)
	}
	return size
}

// Schedule says how the learning rate changes from step to step.
type Schedule struct {
	// Shape of the curve: constant for fine-tuning with adafactor, linear or cosine with adamw and for model.size,
	// rsqrt for pre-training. Linear, cosine and polynomial reach their end at the last step of the run.
	Name string `yaml:"name" names:"schedules"`
	// Steps until the peak is reached. About 5 % of the run with adamw from random weights: without them the loss may
	// stay high. For rsqrt: steps at the peak, before which the rate does not rise; 0 means 10000, as T5 had.
	WarmupSteps int `yaml:"warmup_steps" unit:"steps" range:">= 0"`
}

// Eval says when and how a run is evaluated on data.validation. The end of the run always is.
type Eval struct {
	// Steps from one evaluation to the next; 0 = at the end of every epoch. Each costs one pass over the validation
	// data.
	EverySteps int `yaml:"every_steps" unit:"steps" range:">= 0"`
	// Examples evaluated at a time. Changes memory and time, and results by rounding only.
	BatchSize int `yaml:"batch_size" unit:"examples" range:">= 1 and <= 1048576"`
	// The metric that decides which checkpoint is best. Empty: that of the task: accuracy, or f1_macro where a label
	// has more than two thirds of the rows to train on; pearson, f1, bleu, rouge1; loss for pre-training and where
	// texts have to be exactly right.
	Metric string `yaml:"metric" unit:"name"`
	// Evaluations without improvement before the run stops; 0 = never.
	Patience int `yaml:"patience" unit:"evaluations" range:">= 0"`
	// Held-out chunks that each evaluation shows in the log, with what the model fills into their spans.
	Samples int `yaml:"samples" unit:"chunks" range:">= 0" for:"pre-training"`
}

// Checkpoint says when the run is saved and how much of it is kept. The end of the run always is saved.
type Checkpoint struct {
	// Steps from one checkpoint to the next; 0 = with every evaluation. Each holds the weights and the optimizer's
	// state. It is written while training goes on, which takes up to its size in memory.
	EverySteps int `yaml:"every_steps" unit:"steps" range:">= 0"`
	// Minutes after which the run is saved in any case; 0 = off. It bounds what a killed process or a power cut costs:
	// 10 for a long run.
	EveryMinutes float64 `yaml:"every_minutes" unit:"minutes" range:">= 0 and <= 1000000"`
	// Checkpoints kept, the newest first; the best one is kept besides. Each takes 4 bytes a parameter, and 8 more with
	// adamw.
	KeepLast int `yaml:"keep_last" unit:"checkpoints" range:">= 1"`
}
