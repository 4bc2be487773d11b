// Package task turns rows into the text that goes into T5 and the text that should come out, and answers back into what
// they mean. It is pure: a [Spec] is plain data, which a checkpoint keeps so that it remembers what it was trained for.
//
//	spec, notes, err := infer.Task(infer.Data{Columns: set.Columns()}, task.Spec{Name: task.Classification})
//	err = set.Scan(ctx, spec.Columns(), func(row int64, cells []table.Cell) error {
//		examples, err := spec.Train(cells)                // to train on: mostly one
//		example, reference, err := spec.HeldOut(cells)    // to evaluate: one, and what an answer is checked against
//		...
//	})
//
// # The text of a row
//
// The input is the prefix and then, unless a template says it:
//
//	classification      each column's name, a colon and its text: the glue rule of T5's preprocessors
//	regression          the same
//	ner                 the tokens with a space between
//	translation         the text; the prefix is "translate English to German: "
//	summarization       the text; the prefix is "summarize: "
//	question_answering  question: Q context: C
//	seq2seq             the text
//	template            always a template
//
// The glue rule puts a space behind the prefix, for all others a prefix brings its own. A template has columns in
// braces, "question: {question} context: {context}"; a brace of the text itself is doubled. For the row {sentence1: "He
// came .", sentence2: "He left .", label: 0} and the prefix mrpc:
//
//	input:  mrpc sentence1: He came . sentence2: He left .
//	target: not_equivalent
//
// The text of a column of lists is that of its items with a space between. Where a target column holds lists of texts,
// the first is trained on, and all are right in an evaluation. A question whose list of answers is empty, as SQuAD 2
// has them, has the answer [Unanswerable].
//
// The languages of a translation are named as T5 names them, see [language.Name]; a code that is not known stands for
// itself.
//
// # Numbers
//
// A number is written as the nearest multiple of round_to, of two the even one. In T5's own tasks that is 0.2, as STS-B
// has it; for others package infer finds it from the numbers. An answer that is no number counts as -1. Evaluation
// compares with the number of the data set, not the rounded one.
//
// # Entities
//
// The target of named-entity recognition lists the entities in their order, each with its type:
//
//	input:  Barack Obama was born in Hawaii
//	target: person: Barack Obama; location: Hawaii
//
// or says none. [Spec.TagsOf] places the entities of an answer on the tokens again, from left to right. It cannot tell
// which place is meant where the same tokens stand, untagged or with the tags of another entity, at several places: of
// the 4,403 rows of WNUT 17 (train and validation) 4,401 come back as they were.
//
// # T5's tasks
//
// [Named] has those of T5 by name: glue/cola, super_glue/multirc, squad, wmt/en-de and others, with the exact text that
// T5 was trained on. What is special about some of them is a [Rule]: punctuation in squad stands by itself, a row of
// super_glue/record is an example for each answer, and in super_glue/wsc, glue/wnli and dpr the model names what a
// marked pronoun stands for; [SameReferent] holds its answer to a name.
//
// # White space
//
// Text is left as it is, but for white space at the very end of an input or a target, which is cut: many data sets keep
// each line's newline, a line typed at a prompt has none, and SentencePiece drops it anyway. So the same text gives the
// same input wherever it comes from, and outputs stay on one line.
package task
