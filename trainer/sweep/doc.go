// Package sweep finds settings: it trains a configuration many times, each time with other values of some keys, gives
// most of the time to those that do well, and says what that has gained over the settings as they were.
//
//	spec, err := sweep.Parse("sweep.yaml", content, configs.LoadOptions{})
//	result, err := sweep.Run(ctx, spec, sweep.Options{})
//	err = result.WriteTable(os.Stdout)
//
// A trial is a run like any other, in OUTPUT/trials/NNN. Trial 0 has the settings as they are, and always trains to its
// end; those of another are a pure function of the seed and its number. Of the others, ASHA (Li et al. 2018, "A System
// for Massively Parallel Hyperparameter Tuning") decides which go on: a trial is paused at its first evaluation behind
// a share of its steps, a rung, and goes on from there if it is among the best of those that came so far. To be paused
// changes nothing of a run, because a run that stops is resumed to the same bits.
//
// What is decided follows from trials/NNN/trial.json alone, so a sweep that is killed and started again takes the same
// decisions. Several processes, on several machines too, may work on one folder: each takes the lock of the trial that
// it trains. They take other decisions than one process, because they know of fewer results as they take them.
package sweep
