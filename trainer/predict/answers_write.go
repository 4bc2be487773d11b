package predict

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"t5train/internal/atomicfile"
)

// Match reports whether the answer to the next input, which is lines with these beginnings, is there already. Other
// lines are an error: the inputs have changed. An answer that is not whole, of a command that was killed, is cut off.
func (f *AnswerFile) Match(beginnings ...[]byte) (answered bool, err error) {
	for _, b := range beginnings {
		f.inputs.Write(b)
		f.inputs.Write([]byte{'\n'})
	}
	if f.old == nil {
		return f.complete, nil
	}
	end := f.at
	for _, beginning := range beginnings {
		begins, shown, size, err := f.nextLine(beginning)
		if errors.Is(err, io.EOF) {
			return false, f.cut()
		}
		if err != nil {
			return false, fmt.Errorf("resume %s: %w", f.path, err)
		}
		if !begins {
			return false, fmt.Errorf("resume %s: its answer %.100s is where that of %.100s belongs: restore the "+
				"inputs, choose another run.output, or start again with run.overwrite",
				f.path, bytes.TrimSpace(shown), beginning)
		}
		end += size
	}
	f.at = end
	return true, nil
}

// nextLine passes over the next line, whatever its length, and reports whether it has that beginning. shown is the
// first bytes of the line.
func (f *AnswerFile) nextLine(beginning []byte) (begins bool, shown []byte, size int64, err error) {
	const mostShown = 200
	for begins = true; ; {
		part, err := f.old.ReadSlice('\n')
		size += int64(len(part))
		shown = append(shown, part[:min(len(part), mostShown-len(shown))]...)
		n := min(len(part), len(beginning))
		begins = begins && bytes.Equal(part[:n], beginning[:n])
		beginning = beginning[n:]
		if !errors.Is(err, bufio.ErrBufferFull) {
			return begins && len(beginning) == 0, shown, size, err
		}
	}
}

// cut ends the answers that are there behind the last one that was matched.
func (f *AnswerFile) cut() error {
	f.old = nil
	err := f.part.Truncate(f.at)
	if err == nil {
		_, err = f.part.Seek(f.at, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("resume %s: %w", f.path, atomicfile.WithRemedy(err))
	}
	return nil
}

// Write adds answers: whole lines.
func (f *AnswerFile) Write(lines []byte) (int, error) {
	if f.part == nil {
		if err := f.begin(); err != nil {
			return 0, err
		}
	}
	n, err := f.writer.Write(lines)
	return n, atomicfile.WriteError(f.partPath(), err)
}

// Flush hands the answers so far to the system, where they outlive this process.
func (f *AnswerFile) Flush() error {
	if f.part == nil {
		return nil
	}
	err := f.writer.Flush()
	if err == nil && time.Since(f.synced) >= syncEvery {
		err = f.part.Sync()
		f.synced = time.Now()
	}
	return atomicfile.WriteError(f.partPath(), err)
}

// Finish gives the answers their name, or makes sure that a complete file answers these inputs. convert, if not nil,
// writes them in another form.
func (f *AnswerFile) Finish(convert func(lines io.ReadSeeker, w io.Writer) error) error {
	digest := hex.EncodeToString(f.inputs.Sum(nil))
	if f.complete {
		if digest != f.wanted {
			return fmt.Errorf("write %s: it answers other inputs: choose another run.output, or replace it with "+
				"run.overwrite", f.path)
		}
		return nil
	}
	if f.old != nil {
		if _, err := f.old.ReadByte(); !errors.Is(err, io.EOF) {
			return fmt.Errorf("resume %s: it has answers to more inputs than there are: restore the inputs, "+
				"choose another run.output, or start again with run.overwrite", f.path)
		}
	}
	if f.part == nil { // there were no inputs
		if err := f.begin(); err != nil {
			return err
		}
	}
	if err := cmp.Or(f.writer.Flush(), f.part.Sync()); err != nil {
		return atomicfile.WriteError(f.partPath(), err)
	}
	ready := f.partPath()
	if convert != nil {
		ready = f.readyPath()
		if err := f.convert(ready, convert); err != nil {
			atomicfile.Remove(ready)
			return fmt.Errorf("write %s: %w: the answers are in %s", f.path, atomicfile.WithRemedy(err), f.partPath())
		}
	}
	info, err := os.Stat(ready)
	if err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	if err := f.note(&completion{info.Size(), digest, convert != nil}); err != nil {
		return err
	}
	return f.rename(ready)
}

func (f *AnswerFile) convert(to string, convert func(lines io.ReadSeeker, w io.Writer) error) error {
	if _, err := f.part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return atomicfile.Write(to, func(w io.Writer) error { return convert(f.part, w) })
}

// rename gives the complete file its name and removes what it was made from.
func (f *AnswerFile) rename(ready string) error {
	if err := atomicfile.Move(ready, f.path); err != nil {
		return atomicfile.WriteError(f.path, err)
	}
	f.complete = true
	atomicfile.Remove(f.partPath()) // all that it held is in the file
	return nil
}
