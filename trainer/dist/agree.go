package dist

import (
	"context"
	"errors"
	"fmt"

	"t5train/internal/difference"
)

// CommonError is an error that all ranks have: the job ends in order, and one rank says why.
type CommonError struct{ error }

func (e CommonError) Unwrap() error { return e.error }

// Common marks an error that comes up on all ranks alike. Of nil, of a process on its own, and where exchange has failed,
// nothing is marked.
func (w *World) Common(err error) error {
	if err == nil || w.Size() == 1 || w.Broken() || errors.As(err, new(CommonError)) {
		return err
	}
	return CommonError{err}
}

// Agree returns the error of the first rank that has one, so that all end together or go on together. That other ranks
// were stopped is context.Canceled here too.
func (w *World) Agree(own error) error {
	if w.Size() == 1 || errors.As(own, new(CommonError)) {
		return own
	}
	type report struct {
		Text     string
		Failed   bool
		Canceled bool
	}
	mine := report{Failed: own != nil, Canceled: errors.Is(own, context.Canceled)}
	if own != nil {
		mine.Text = own.Error()
	}
	all, err := Gather(w, mine)
	if err != nil {
		return errors.Join(own, err)
	}
	for rank, r := range all {
		switch {
		case !r.Failed:
		case rank == w.rank:
			return CommonError{own}
		case r.Canceled:
			return CommonError{context.Canceled}
		case own != nil && own.Error() == r.Text:
			return CommonError{own}
		default:
			return CommonError{fmt.Errorf("%s: %s", w.Name(rank), r.Text)}
		}
	}
	return nil
}

// Same makes sure that all ranks are about to do the same: values, by their names, say what a rank does and with what. Where
// they differ all ranks have an error, which names the first of them.
func (w *World) Same(own map[string]string) error {
	return Compare(w, own, func(own, first map[string]string) string {
		for _, name := range difference.Names(first, own) {
			if own[name] != first[name] {
				return "another " + name
			}
		}
		return ""
	})
}

// Compare makes sure that no rank differs from the first one. differs says in what it does, as in "another seed", "" if in
// nothing; it becomes an error of all ranks.
func Compare[T any](w *World, own T, differs func(own, first T) string) error {
	if w.Size() == 1 {
		return nil
	}
	all, err := Gather(w, own)
	if err != nil {
		return err
	}
	for rank, v := range all {
		if what := differs(v, all[0]); what != "" {
			return w.Common(fmt.Errorf("%s has %s than %s: give all ranks the same command, program and files", w.Name(rank), what, w.Name(0)))
		}
	}
	return nil
}
