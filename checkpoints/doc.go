// Package checkpoints reads and writes model folders in Hugging Face layout and keeps the checkpoints of a
// training run. [Open] reads all that a folder says about its model:
//
//	folder, how, err := checkpoints.Open("runs/quickstart") // a run, a checkpoint of it, or a model folder
//	folder, how, err = checkpoints.OpenWith("flan-t5-base", checkpoints.OpenOptions{Adapter: "runs/adapter"})
//	folder.Model                                            // the network with its weights
//	folder.Tokenizer
//	folder.Info                                             // task, objective, metrics
//
// [OpenWeights] reads tensors one by one:
//
//	w, err := checkpoints.OpenWeights("flan-t5-small") // config.json + model.safetensors, or shards + index
//	defer w.Close()
//	shared, ok := w.Tensor("shared.weight")
//
// A run keeps its checkpoints below its output folder:
//
//	OUTPUT/best, OUTPUT/latest                  links to checkpoints, for other programs
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
// A folder appears complete or not at all, also where the process or the machine stops or the disk is full. The state
// of a training is the caller's: this package stores it and does not read it.
package checkpoints
