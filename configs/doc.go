// Package configs is the configuration of a run: typed, documented and strict.
//
// A value comes from the first of these that gives it:
//
//	flag         t5train finetune --set train.batch_size=16
//	environment  T5TRAIN_TRAIN_BATCH_SIZE=16
//	file         t5train finetune --config run.yaml
//	default      [Default]
//
// [Load] reads them all and reports every mistake at once, one line each, with the key, what was got, what is wanted,
// the remedy, and where it stands:
//
//	train.batch_size: got 10.7, want an integer number of examples >= 1 and <= 1048576 (run.yaml:7)
//	train.stesp: unknown key: did you mean train.steps? (run.yaml:8)
//	optimizer.name: got "adam", want one of adafactor, adamw, sgd: did you mean adamw? (T5TRAIN_OPTIMIZER_NAME)
//
// Some keys are alternatives: train.steps, train.epochs and train.minutes, train.batch_size and train.batch_tokens,
// model.path and model.size. Exactly one of each group is set. Setting one replaces another that comes from lower down:
// --set train.steps=100 takes the place of the epochs in a file.
//
// An optional key that is not set stays unset (nil, or empty text). The value null unsets what a file has set: --set
// optimizer.beta2=null.
//
// The fields of [Config] are the only list of keys. Their doc comments and tags give the reader its types and ranges,
// [Keys] its documentation and [Config.YAML] its comments.
package configs
