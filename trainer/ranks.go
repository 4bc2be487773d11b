package trainer

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/difference"
	"t5train/internal/ui"
	"t5train/trainer/allreduce"
)

// What a run does besides training where several ranks share its work.

// divisible makes sure that all ranks have the same number of micro-batches. A resumed run keeps their number.
func divisible(t configs.Train, ranks int, resume bool) error {
	if t.Accumulate%ranks == 0 {
		return nil
	}
	remedy := fmt.Sprintf("set train.accumulate to a multiple of %d, or start another number of ranks", ranks)
	if resume {
		remedy = fmt.Sprintf("start %s to resume this run, whose train.accumulate stays what it is",
			divisors(t.Accumulate))
	} else if t.Accumulate == 1 && t.BatchSize%ranks == 0 {
		remedy += fmt.Sprintf("; train.accumulate=%d with train.batch_size=%d are the same examples a step",
			ranks, t.BatchSize/ranks)
	}
	return fmt.Errorf("divide a step over %d ranks: it has %d micro-batches (train.accumulate), and each rank "+
		"computes the same number of them: %s", ranks, t.Accumulate, remedy)
}

// divisors returns the numbers of ranks that divide n, as in "1, 2 or 4 ranks".
func divisors(n int) string {
	if n == 1 {
		return "1 rank"
	}
	text := "1"
	for d := 2; d < n; d++ {
		if n%d == 0 {
			text += fmt.Sprintf(", %d", d)
		}
	}
	return fmt.Sprintf("%s or %d ranks", text, n)
}

// compareRanks makes sure that all ranks are about to do the same.
func (p *preparedRun) compareRanks() error {
	g := p.options.Group
	if g.Size() == 1 {
		return nil
	}
	own := rankState{
		Overwrite: p.options.Overwrite, Step: p.from.step, Resume: p.from.resume, Config: resumeKeys(p.config),
	}
	if p.datasets != nil {
		own.Data, own.Examples = p.datasets.Digests, int64(p.datasets.Train.Len())
		own.Weights = weightsDigest(p.folder)
	}
	return allreduce.Compare(g, own, rankState.diff)
}

// rankState is what a rank is about to do. All must be about to do the same. Fields are exported for the exchange.
type rankState struct {
	Overwrite bool
	Step      int // to resume at
	Resume    bool
	Config    map[string]string // see resumeKeys
	Data      map[string]string // see setup.Datasets
	Examples  int64
	Weights   uint32 // their checksum
}

// diff returns what is other than in o, "" if nothing is.
func (s rankState) diff(o rankState) string {
	switch {
	case s.Overwrite != o.Overwrite:
		return "another run.overwrite"
	case s.Step != o.Step || s.Resume != o.Resume:
		return fmt.Sprintf("another run in its output folder, which must be on a file system that all ranks share "+
			"(it would %s, the other one %s)", s.action(), o.action())
	case !maps.Equal(s.Config, o.Config):
		return "another configuration (" + difference.Of(o.Config, s.Config)[0] + ")"
	case s.Examples != o.Examples || !maps.Equal(s.Data, o.Data):
		return "other examples"
	case s.Weights != o.Weights:
		return "other weights to start from"
	}
	return ""
}

func (s rankState) action() string {
	if s.Resume {
		return fmt.Sprintf("resume from step %d", s.Step)
	}
	return "begin anew"
}

// weightsDigest returns a checksum of all weights.
func weightsDigest(b *checkpoints.Folder) (digest uint32) {
	table := crc32.MakeTable(crc32.Castagnoli)
	for _, t := range b.Weights() {
		digest = crc32.Update(digest, table, t.Data)
	}
	return digest
}

// exclusive locks an output folder for the first rank and waits until all ranks see that lock: with folders of their
// own a run would go well until another rank is to resume it. unlock can be called after an error too.
func exclusive(ctx context.Context, g *allreduce.Group, sink ui.Sink, output string) (unlock func(), err error) {
	unlock = func() {}
	err = g.OnFirst(func() error {
		release, err := checkpoints.LockRun(output)
		if err == nil {
			unlock = release
		}
		return err
	})
	if err != nil || g.Size() == 1 {
		return unlock, err
	}
	var holder string
	err = g.OnFirst(func() (err error) {
		holder, err = checkpoints.Holder(output)
		return err
	})
	if err != nil {
		return unlock, err
	}
	holders, err := allreduce.Gather(g, holder)
	if err != nil {
		return unlock, err
	}
	waiting := time.AfterFunc(5*time.Second, func() {
		ui.Say(sink, "output", "waiting until all ranks see who writes to %s", output)
	})
	defer waiting.Stop()
	return unlock, g.Agree(waitForLock(ctx, output, holders[0], g.Name(0)))
}

// outputCached is how long network file systems may keep what they know of a folder, and some more.
const outputCached = 75 * time.Second

// waitForLock waits until the lock in the output folder is that of holder, which writer has made.
func waitForLock(ctx context.Context, output, holder, writer string) error {
	for begun := time.Now(); ; {
		got, err := checkpoints.Holder(output)
		if err == nil && got == holder {
			return nil
		}
		if time.Since(begun) > outputCached {
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("output: %w: all ranks must be able to read what %s writes", err, writer)
			}
			return fmt.Errorf("output: %s is not the folder that %s writes to: "+
				"put it on a file system that all ranks share", output, writer)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// computeOn adds the processors of the ranks that compute the next steps to the state, and shows a note where they are
// of several kinds, or of others than before.
func (l *loop) computeOn(ranks []string) {
	before := l.state.Processors
	var kinds, added []string
	for _, kind := range ranks {
		if slices.Contains(kinds, kind) {
			continue
		}
		kinds = append(kinds, kind)
		if !slices.Contains(before, kind) {
			added = append(added, kind)
		}
	}
	switch now := strings.Join(kinds, " and "); {
	case len(before) > 0 && len(added) > 0:
		ui.Say(l.sink, "processors", "the steps so far were computed on %s, the next ones will be on %s: "+
			"the result may differ by rounding from that of a run on one kind",
			strings.Join(before, " and "), now)
	case len(kinds) > 1:
		ui.Say(l.sink, "processors", "the ranks compute on %s: "+
			"the result may differ by rounding from that of ranks on one kind", now)
	}
	l.state.Processors = slices.Concat(before, added)
}
