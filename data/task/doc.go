// Package task turns rows into the text that goes into T5 and the text that should come out, and answers back into
// labels. It is pure: a [Spec] is plain data, which a checkpoint keeps so that it remembers what it was trained for.
//
//	spec, said, err := task.Infer(set.Columns(), task.Options{Name: task.Classification, Prefix: "sms_spam"})
//	// said: "label column: label (the only ClassLabel)", "text column: sms (the only string column)", ...
//	err = set.Scan(ctx, spec.Columns(), func(row int64, cells []parquetio.Cell) error {
//		example, err := spec.Example(cells)
//		...
//	})
//
// # The text of a classification row
//
// It follows the glue rule of T5's preprocessors: the prefix, then each text column's name, a colon and its text.
// For the row {sms: "Free entry in 2 a wkly comp\n", label: 1} of the data set above:
//
//	input:  sms_spam sms: Free entry in 2 a wkly comp
//	target: spam
//
// and for two columns
//
//	input:  mrpc sentence1: He came . sentence2: He left .
//	target: not_equivalent
//
// An empty prefix leaves out the first word and its space.
//
// # The text of a seq2seq row
//
// The prefix and the text, with nothing between them: a prefix such as "translate English to German: " brings its own
// space.
//
// # White space
//
// Text is left as it is, but for white space at the very end of an input or a target, which is cut: many data sets
// keep each line's newline, a line typed at a prompt has none, and SentencePiece drops it anyway. So the same text
// gives the same input wherever it comes from, and outputs stay on one line.
package task
