// Package trainer trains T5: the loop that ties data, model, optimizer and checkpoints together. See trainer/evaluate and
// trainer/predict for what is done with the result.
//
// It is what the commands call, and what another Go program calls to fine-tune a model and use it:
//
//	result, err := trainer.Finetune(ctx, config, trainer.Options{Sink: sink})
//	bundle, _, err := checkpoints.Open("runs/quickstart")          // the best checkpoint of the run
//	spec, err := evaluate.PredictionTask(bundle, task.Options{})
//	predictor := predict.NewPredictor(bundle, spec, nil, predict.PredictorOptions{})
//	answers, err := predictor.Classify(ctx, []string{"sms: You have won a prize"})
//
// The state of a run is its weights, the optimizer's state, one step number and the seed: everything random is a pure
// function of (seed, epoch, index, op), so a run that was stopped goes on to the same bits.
package trainer
