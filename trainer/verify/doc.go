// Package verify trains a run again and tells whether its checkpoints come from its data by its settings, bit for bit.
//
//	c, err := verify.Run(ctx, "runs/first", verify.Options{}) // all steps, in a temporary folder beside the run
//	err = verify.Check("runs/first", c)// later, or by others, without training
package verify
