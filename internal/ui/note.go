package ui

import (
	"fmt"
)

// Note is something that a person should know of a run or an evaluation, and would not see in its numbers.
type Note struct {
	Kind string `json:"kind"` // what it is about, for programs
	Text string `json:"text"` // a sentence, with the remedy where there is one
}

// The kinds of notes.
const (
	NoteCutAnswers = "cut_answers" // answers to questions, or entities, lie behind the cut of their inputs
	NoteOneAnswer  = "one_answer"  // the model answers the same to all examples
	NoteConstant   = "constant"    // the model is not better than a constant answer
	// the probabilities of labels could not be made better, and stay those of the model
	NoteCalibration = "calibration"
	NoteSampled     = "sampled"      // the probabilities of labels were looked at for some examples only
	NoteTexts       = "texts"        // what texts, targets first of all, lose on their way to the model and back
	NoteLabels      = "labels"       // labels that nothing trains, or that alone are there
	NoteRounding    = "step"         // rounding changes the numbers of a regression much
	NoteCeiling     = "ceiling"      // metrics that right answers cannot bring to their best value
	NoteImproving   = "still_better" // the last evaluation was the best by far
)

// Notef returns one note.
func Notef(kind, format string, args ...any) []Note {
	return []Note{{Kind: kind, Text: fmt.Sprintf(format, args...)}}
}

// SayNotes sends notes as what they are of is read.
func SayNotes(s Sink, notes []Note) {
	for _, n := range notes {
		send(s, Message{Key: Warning, Text: n.Text, Detail: true, Kind: n.Kind})
	}
}
