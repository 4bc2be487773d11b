package trainer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"t5train/checkpoints"
	"t5train/internal/ui"
	"t5train/trainer/allreduce"
)

// exclusive locks an output folder for the first rank and waits until all ranks see that lock: with folders of their
// own a run would go well until another rank is to resume it. unlock can be called after an error too.
func exclusive(ctx context.Context, g *allreduce.Group, console *ui.Console, output string) (unlock func(), err error) {
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
	waiting := time.AfterFunc(5*time.Second, func() { console.Say("output: waiting until all ranks see who writes to %s", output) })
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
			return fmt.Errorf("output: %s is not the folder that %s writes to: put it on a file system that all ranks share", output, writer)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
