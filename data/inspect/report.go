package inspect

import (
	"fmt"
	"slices"

	"t5train/data/tokenizer"
	"t5train/data/tokenizer/usage"
)

// Report is the result of a check.
type Report struct {
	Splits   []SplitRows       `json:"splits"`
	Roles    Roles             `json:"roles"`
	Findings []Finding         `json:"findings"` // errors first
	Unknown  []usage.Character `json:"unknown_characters"`
	Clean    string            `json:"clean,omitempty"` // the command that drops rows which are found
}

// SplitRows is a split and the number of its rows.
type SplitRows struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// Errors counts the findings that falsify an evaluation.
func (r *Report) Errors() int {
	n := 0
	for _, f := range r.Findings {
		if f.Error {
			n++
		}
	}
	return n
}

// Finding is what is wrong with some rows of a split.
type Finding struct {
	Kind      Kind       `json:"kind"`
	Error     bool       `json:"error"` // it falsifies an evaluation
	Split     string     `json:"split"`
	Message   string     `json:"message"`
	Detail    string     `json:"detail,omitempty"` // the column, or the other split
	Count     int64      `json:"count"`
	Instances []Instance `json:"instances"` // the first of them
	Remedy    string     `json:"remedy"`
}

// Instance is a row of a finding.
type Instance struct {
	Place
	Other *Place `json:"other,omitempty"` // the row that it is compared with
	Text  string `json:"text,omitempty"`
}

// Kind is a kind of finding.
type Kind string

// The kinds. The first six falsify an evaluation.
const (
	Leak                Kind = "leak"
	LeakNormalised      Kind = "leak_normalised"
	LabelRange          Kind = "label_range"
	ClassNames          Kind = "class_names"
	NoLabel             Kind = "no_label"
	HiddenLabels        Kind = "hidden_labels"
	Duplicate           Kind = "duplicate"
	DuplicateNormalised Kind = "duplicate_normalised"
	ConflictingLabels   Kind = "conflicting_labels"
	UntrainedLabel      Kind = "untrained_label"
	EmptyText           Kind = "empty_text"
	EmptyTarget         Kind = "empty_target"
	UnknownCharacters   Kind = "unknown_characters"
	CutText             Kind = "cut_text"
	CutTarget           Kind = "cut_target"
	AnswerStart         Kind = "answer_start"
	OneLabel            Kind = "one_label"
	Rounding            Kind = "rounding"
	LabelText           Kind = "label_text"
	TargetSpecial       Kind = "target_special_token"
	TargetSpace         Kind = "target_white_space"
	TargetNormalized    Kind = "target_normalized"
)

// falsifies says whether a kind makes an evaluation wrong, or only worse.
func (k Kind) falsifies() bool {
	switch k {
	case Leak, LeakNormalised, LabelRange, ClassNames, NoLabel, HiddenLabels:
		return true
	}
	return false
}

// explain says what is wrong with the rows of a kind, and what to do about it.
func (k Kind) explain() (message, remedy string) {
	const divide = "remove them from the earlier split (t5train data clean), or divide the data anew with " +
		"import.group COLUMN"
	const repeat = "remove them (t5train data clean does where the targets are the same too), unless they are meant " +
		"to count more than once"
	switch k {
	case Leak:
		return "rows with the texts of a row of another split", divide
	case LeakNormalised:
		return "rows with the texts, but for case and white space, of a row of another split", divide
	case LabelRange:
		return "labels that are no class", "correct the labels, or the class names in the schema"
	case ClassNames:
		return "columns with other class names than the first split, where the same number means another class",
			"import all splits at once, as in t5train data import train=FILE validation=FILE"
	case NoLabel:
		return "missing labels", "drop these rows (t5train data clean): training and evaluation need a label in each"
	case HiddenLabels:
		return "no row has a label: all are -1 or null, as in a test split whose labels are hidden",
			"take a split with labels, such as validation, or divide the train split (import.split " +
				"train=0.9,validation=0.1); predict answers rows without labels"
	case OneLabel:
		return "rows that all have the same label, from which nothing can be learnt or told", "add rows with other " +
			"labels, or choose another column with task.label_column"
	case Rounding:
		return "numbers of which a regression learns little", "use numbers that differ by more than a millionth, " +
			"scale them in the data, or take another column"
	case LabelText:
		return "labels that the vocabulary cannot write as they are", "give them other texts: task.labels of a " +
			"fine-tuning, in the order of the classes"
	case TargetSpecial:
		return explainTarget(tokenizer.SpecialToken)
	case TargetSpace:
		return explainTarget(tokenizer.WhiteSpace)
	case TargetNormalized:
		return explainTarget(tokenizer.Normalized)
	case Duplicate:
		return "rows with the texts of an earlier row", repeat
	case DuplicateNormalised:
		return "rows with the texts, but for case and white space, of an earlier row", repeat
	case ConflictingLabels:
		return "rows with the texts of an earlier row and another label", "decide for one label, as no model can " +
			"learn both (t5train data clean keeps the first)"
	case UntrainedLabel:
		return "labels that the first split does not have", "add rows of them, or divide the data anew with " +
			"import.stratify COLUMN"
	case EmptyText:
		return "texts that are empty or null", "drop the rows (t5train data clean), or fill them in"
	case EmptyTarget:
		return "targets that are empty or null", "drop the rows (t5train data clean): they teach to answer nothing"
	case UnknownCharacters:
		return "texts with characters that the vocabulary lacks, which a model neither reads nor writes",
			"replace the characters, choose a model with another vocabulary, such as mT5 or ByT5, or carry the model " +
				"to one of your own (convert.tokenizer)"
	case CutText:
		return "texts that lose their end", "raise inspect.max_input_length, or shorten the texts"
	case CutTarget:
		return "targets that lose their end", "raise inspect.max_target_length, or shorten the targets"
	case AnswerStart:
		return "answers that are not where answer_start says in the context",
			"correct answer_start, which counts characters from 0, or the answer; training reads the answer alone"
	}
	return string(k), ""
}

// Message says what is wrong with the rows of a kind.
func (k Kind) Message() string {
	message, _ := k.explain()
	return message
}

// targetKind returns the kind of a target that comes back changed.
func targetKind(l tokenizer.Loss) Kind {
	switch l {
	case tokenizer.SpecialToken:
		return TargetSpecial
	case tokenizer.WhiteSpace:
		return TargetSpace
	}
	return TargetNormalized
}

func explainTarget(l tokenizer.Loss) (message, remedy string) {
	what, remedy := l.Explain()
	return "targets that " + what + ", so that exact_match counts even right answers as wrong", remedy
}

// findings gathers what is found, by kind, split and detail.
type findings struct {
	most int // instances of each
	byID map[findingID]*Finding
	list []*Finding
}

type findingID struct {
	kind          Kind
	split, detail string
}

func newFindings(most int) *findings { return &findings{most: most, byID: map[findingID]*Finding{}} }

// drop forgets a finding.
func (f *findings) drop(k Kind, split, detail string) {
	id := findingID{k, split, detail}
	f.list = slices.DeleteFunc(f.list, func(found *Finding) bool { return found == f.byID[id] })
	delete(f.byID, id)
}

// add counts a row of a finding, which it returns.
func (f *findings) add(k Kind, split, detail string, at Instance) *Finding {
	id := findingID{k, split, detail}
	found := f.byID[id]
	if found == nil {
		message, remedy := k.explain()
		found = &Finding{Kind: k, Error: k.falsifies(), Split: split, Message: message, Detail: detail, Remedy: remedy}
		f.byID[id] = found
		f.list = append(f.list, found)
	}
	found.Count++
	if len(found.Instances) < f.most {
		found.Instances = append(found.Instances, at)
	}
	return found
}

// mostCharacters is the number of unknown characters that a report names.
const mostCharacters = 20

// share adds to the message of a finding about targets which part of the rows it is.
func (c *checking) share(f Finding) Finding {
	for _, s := range c.splits {
		if s.Name == f.Split && slices.Contains([]Kind{UnknownCharacters, TargetSpecial, TargetSpace, TargetNormalized},
			f.Kind) {
			f.Message += fmt.Sprintf(" (%.1f %% of the rows)", 100*float64(f.Count)/float64(s.Set.Rows()))
		}
	}
	return f
}

// tolerate makes warnings of texts that few rows of a split share with others.
func (c *checking) tolerate() {
	leaks := func(s Split) (found []*Finding) {
		for _, f := range c.findings.list {
			if f.Split == s.Name && (f.Kind == Leak || f.Kind == LeakNormalised) {
				found = append(found, f)
			}
		}
		return found
	}
	for _, s := range c.splits {
		shared := int64(0)
		for _, f := range leaks(s) {
			shared += f.Count
		}
		for _, f := range leaks(s) {
			f.Error = float64(shared) > c.MaxShared*float64(s.Set.Rows())
		}
	}
}

// Cleanable reports whether [Clean] leaves out rows that are found.
func (r *Report) Cleanable() bool {
	kinds := []Kind{Leak, LeakNormalised, NoLabel, Duplicate, DuplicateNormalised, ConflictingLabels, EmptyText,
		EmptyTarget}
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return slices.Contains(kinds, f.Kind) })
}

func (c *checking) report() *Report {
	c.untrained()
	r := &Report{Roles: c.Roles, Unknown: c.characters.Most(mostCharacters)}
	for _, s := range c.splits {
		r.Splits = append(r.Splits, SplitRows{s.Name, s.Set.Rows()})
	}
	c.tolerate()
	for _, wantErrors := range []bool{true, false} {
		for _, found := range c.findings.list {
			if found.Error == wantErrors {
				r.Findings = append(r.Findings, c.share(*found))
			}
		}
	}
	return r
}
