// Package trainer trains T5. [Finetune] and [Pretrain] do what a configuration says:
//
//	read     model, tokenizer and data, and find what is wrong with them before anything is written
//	resume   at the last checkpoint of the output folder, if it holds a run of the same configuration
//	loop     batch, step, evaluation if one is due, checkpoint if one is due
//
// It is what the commands call, and what another Go program calls to fine-tune a model and use it:
//
//	result, err := trainer.Finetune(ctx, config, trainer.Options{})
//	predictor, err := predict.Open("runs/quickstart", predict.OpenOptions{}) // the best checkpoint of the run
//	answers, err := predictor.Classify(ctx, []string{"sms: You have won a prize"})
//
// The loop stands in loop.go, one optimizer step in step.go. What a run tells others goes through [Hooks]: lines on
// the console, metrics.jsonl with the events for TensorBoard, and the notes of the report are hooks, and a program can
// add its own. What is only needed where several processes train together is in ranks.go.
//
// # State
//
// The state of a run is its weights, the state of the optimizer, the seed, and the numbers of steps, micro-batches and
// examples that are done. The number of examples is its position. The state also has the best evaluation, the number of
// evaluations since, and the losses that no row of metrics has yet. A checkpoint holds all of this but the seed, which
// the configuration holds.
//
// What is random, such as the order of the examples, the spans that are corrupted and the masks of dropout, is a pure
// function of the seed, the position and the operation. So a run that was stopped and is resumed computes the same
// bits as one that never stopped, with any number of threads.
package trainer
