// Package tfevents writes scalars for TensorBoard: a file of records (TFRecord), each an Event of
// tensorflow/core/util/event.proto.
//
//	w, err := tfevents.Replace("runs/quickstart/tensorboard", time.Now(), nil)
//	err = w.Add(tfevents.Point{Time: time.Now(), Step: 10, Scalars: []tfevents.Scalar{{Tag: "train/loss", Value: 2.5}}})
//	err = w.Close()
//
// and then: tensorboard --logdir runs
package tfevents
