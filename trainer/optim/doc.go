// Package optim turns gradients into weight updates: Adafactor, AdamW and SGD, the clipping of gradients,
// and learning-rate schedules. It works on plain float32 slices and knows nothing of models or files.
//
//	optimizer, err := optim.NewAdafactor(optim.DefaultAdafactor(), params, workers)
//	schedule, err := optim.NewSchedule("constant", optim.ScheduleOptions{LR: 1e-3})
//	for step := range steps {
//		... params[i].Grad = gradient of the loss ...
//		norm := optim.ClipGlobalNorm(params, 1, workers)
//		err := optimizer.Step(schedule.LR(step), params)
//	}
//
// Every optimizer cuts a tensor into the same blocks and adds up their sums in the same order, whatever
// the number of threads: a run on one thread and a run on sixty-four give the same bits. State and Load
// carry everything between two steps, so a resumed run gives the bits of an unbroken one.
package optim
