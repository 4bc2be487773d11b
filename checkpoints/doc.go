// Package checkpoints reads and writes model folders in Hugging Face layout and keeps the checkpoints of a
// training run.
//
//	w, err := checkpoints.OpenWeights("flan-t5-small") // config.json + model.safetensors, or shards + index
//	defer w.Close()
//	shared, ok := w.Tensor("shared.weight")
//
// A run keeps its checkpoints below its output folder:
//
//	OUTPUT/checkpoints/latest                   the name of a folder beside it
//	OUTPUT/checkpoints/best                     the same
//	OUTPUT/checkpoints/checkpoint-00000500/     a model folder that transformers opens as it is, and
//	    t5train.json                                the task and the metrics
//	    trainer/optimizer.safetensors               the rest of the training state
//	    trainer/state.json
//	    trainer/checksums.json                      what damage is told by
//
// and is written so:
//
//	unlock, err := checkpoints.LockRun(output)
//	defer unlock()
//	run, err := checkpoints.OpenRun(output)
//	err = run.Save(500, func(d *checkpoints.Dir) error {
//		if err := d.WriteFile("config.json", config); err != nil {
//			return err
//		}
//		return d.WriteWeights(tensors, checkpoints.DefaultShardSize)
//	})
//
// A folder appears complete or not at all, whenever the process, the machine or the disk gives up. What the
// files mean (sizes, names, state) is the caller's business: this package knows files and tensors only.
package checkpoints
