package allreduce

import (
	"context"
	"errors"
	"fmt"

	"t5train/internal/difference"
)

// CommonError is an error that all ranks have: the job ends in order, and one rank says why.
type CommonError struct{ error }

func (e CommonError) Unwrap() error { return e.error }

// Common marks an error that comes up on all ranks alike. Of nil, of a process on its own, and where exchange has
// failed, nothing is marked.
func (g *Group) Common(err error) error {
	if err == nil || g.Size() == 1 || g.Broken() || errors.As(err, new(CommonError)) {
		return err
	}
	return CommonError{err}
}

// Agree returns the error of the first rank that has one, so that all end together or continue together. That other
// ranks were stopped is context.Canceled here too.
func (g *Group) Agree(own error) error {
	if g.Size() == 1 || errors.As(own, new(CommonError)) {
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
	all, err := Gather(g, mine)
	if err != nil {
		return errors.Join(own, err)
	}
	for rank, r := range all {
		switch {
		case !r.Failed:
		case rank == g.rank:
			return CommonError{own}
		case r.Canceled:
			return CommonError{context.Canceled}
		case own != nil && own.Error() == r.Text:
			return CommonError{own}
		default:
			return CommonError{fmt.Errorf("%s: %s", g.Name(rank), r.Text)}
		}
	}
	return nil
}

// OnFirst calls f on the first rank alone. Its error is one of all ranks.
func (g *Group) OnFirst(f func() error) error {
	var err error
	if g.First() {
		err = f()
	}
	return g.Agree(err)
}

// Same makes sure that all ranks are about to do the same: values, by their names, say what a rank does and with what.
// Where they differ all ranks have an error, which names the first of them.
func (g *Group) Same(own map[string]string) error {
	return Compare(g, own, func(own, first map[string]string) string {
		for _, name := range difference.Names(first, own) {
			if own[name] != first[name] {
				return "another " + name
			}
		}
		return ""
	})
}

// Compare makes sure that no rank differs from the first one. differs says in what it does, as in "another seed", "" if
// in nothing; it becomes an error of all ranks.
func Compare[T any](g *Group, own T, differs func(own, first T) string) error {
	if g.Size() == 1 {
		return nil
	}
	all, err := Gather(g, own)
	if err != nil {
		return err
	}
	for rank, v := range all {
		if what := differs(v, all[0]); what != "" {
			return g.Common(fmt.Errorf("%s has %s than %s: give all ranks the same command, program and files",
				g.Name(rank),
				what, g.Name(0)))
		}
	}
	return nil
}
