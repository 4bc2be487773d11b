// Package predict answers inputs with a model: one by one, in batches, and from files to files.
//
// A [Predictor] answers texts in batches: Classify with labels, found by label scoring ([LabelScorer]), Generate with
// texts, Score with how probable given targets are. Predict answers by the task, and returns a [Prediction] for each
// input.
//
// File and ScoreFile answer the inputs of a file, which [inputfile.Source] reads, as JSON lines or rows of parquet. A
// [Stream] puts inputs together to batches, shares these among ranks and keeps the order. Answers are written as they
// come, to an [AnswerFile]: beside the file stands a record of the [Job] that they are made by, so that an interrupted
// command resumes, and one with other options does not mix its answers with those that are there.
package predict
