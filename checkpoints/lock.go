package checkpoints

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
)

// runLockName is the lock of a run in its output folder. Its text says who holds it.
const runLockName = ".t5train-lock"

// lookTime is far more than a look at the lock takes.
const lookTime = 200 * time.Millisecond

// LockRun makes this process the only writer of the run in output until it calls unlock or ends, however it
// ends. The folder is made if missing. What a killed process left there is restored or removed.
func LockRun(output string) (unlock func(), err error) {
	if unlock, err = lockRun(output); err != nil {
		return nil, fmt.Errorf("lock run %s: %w", output, atomicfile.WithRemedy(err))
	}
	return unlock, nil
}

func lockRun(output string) (unlock func(), err error) {
	output, err = filepath.Abs(output)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.MkdirAll(output); err != nil {
		return nil, err
	}
	path := filepath.Join(output, runLockName)
	unlock, err = atomicfile.TryLock(path)
	if errors.Is(err, atomicfile.ErrLocked) { // perhaps by somebody who only looks: see Running
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		defer cancel()
		unlock, err = atomicfile.Lock(ctx, path)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		name, _ := Holder(output) // it may have ended just now
		return nil, fmt.Errorf("%s is writing there: wait for it, stop it, or choose another output folder",
			cmp.Or(name, "another process"))
	}
	if err != nil {
		return nil, err
	}
	inner := filepath.Join(output, DirName)
	if err = errors.Join(writeHolder(path), atomicfile.CheckNoLink(inner)); err == nil {
		err = atomicfile.RecoverAll(inner)
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// writeHolder says in the lock at path, which is held, who holds it.
func writeHolder(path string) error {
	f, err := atomicfile.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.File.Write([]byte(holder()))
	return errors.Join(err, f.Close())
}

// Holder returns what the lock of the run in output says about the process that took it last.
func Holder(output string) (string, error) {
	text, err := bounded.ReadFile(filepath.Join(output, runLockName))
	if err != nil {
		return "", fmt.Errorf("look at the lock of run %s: %w", output, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Running reports whether a process is writing the run in output.
func Running(output string) (bool, error) {
	running, err := atomicfile.Locked(filepath.Join(output, runLockName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the lock of run %s: %w", output, err)
	}
	return running, nil
}

// holder names this process, and no other one: in containers hosts and numbers are the same time and again.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this host"
	}
	return fmt.Sprintf("process %d on %s (since %s)\n", os.Getpid(), host,
		time.Now().UTC().Format("2006-01-02 15:04:05.000 MST"))
}
