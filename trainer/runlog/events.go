package runlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"t5train/internal/atomicfile"
)

// The names of our files. TensorBoard reads the files of a folder in the order of their names.
const (
	prefix = "events.out.tfevents."
	suffix = ".t5train"
)

// Point is what is known of a step.
type Point struct {
	Time    time.Time
	Step    int
	Scalars []Scalar
}

// EventWriter appends to the scalars of a run for TensorBoard: a file of records (TFRecord), each an Event of
// tensorflow/core/util/event.proto. It is not safe for concurrent use.
//
//	w, err := runlog.ReplaceEvents("runs/quickstart/tensorboard", time.Now(), nil)
//	err = w.Add(runlog.Point{Time: time.Now(), Step: 10, Scalars: []runlog.Scalar{{Tag: "train/loss", Value: 2.5}}})
//	err = w.Close()
//
// and then: tensorboard --logdir runs
type EventWriter struct{ file *atomicfile.File }

// ReplaceEvents begins a file in a folder, which is made if missing, in the place of those that a Writer has left
// there: a run that resumes from an earlier step has lost what it did after that, and its curves must not show it
// twice. points are those that still hold. They come again in the new file, because it begins with an event that lets a
// TensorBoard that is running drop all it has. That looks for the new file only while the one that it reads is there:
// so the last one is emptied, and those before it, which are empty, are removed. A process that is killed in between
// leaves two files, which read as the new one alone.
func ReplaceEvents(dir string, now time.Time, points []Point) (*EventWriter, error) {
	w, err := replaceEvents(dir, now, points)
	if err != nil {
		return nil, fmt.Errorf("write events: %w", err)
	}
	return w, nil
}

func replaceEvents(dir string, now time.Time, points []Point) (*EventWriter, error) {
	if err := atomicfile.MkdirInner(dir); err != nil {
		return nil, err
	}
	old, err := eventFiles(dir)
	if err != nil {
		return nil, err
	}
	second := now.Unix()
	if len(old) > 0 {
		last, _ := secondOf(old[len(old)-1])
		second = max(second, last+1) // a clock may have been put back
	}
	file, err := atomicfile.Create(filepath.Join(dir, fileName(second)))
	if err != nil {
		return nil, err
	}
	w := &EventWriter{file}
	if err := w.begin(dir, old, now, points); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return w, nil
}

// begin writes the first events, and takes the old files away.
func (w *EventWriter) begin(dir string, old []string, now time.Time, points []Point) error {
	records := appendRecord(appendRecord(nil, versionEvent(now)), startEvent(now))
	for _, p := range points {
		records = appendRecord(records, p.event())
	}
	if _, err := w.file.Write(records); err != nil {
		return err
	}
	for i, name := range old {
		path := filepath.Join(dir, name)
		take := os.Remove
		if i == len(old)-1 && atomicfile.CheckNoLink(path) == nil { // what a link names is not ours
			take = func(path string) error { return os.Truncate(path, 0) }
		}
		if err := take(path); err != nil {
			return err
		}
	}
	return nil
}

func fileName(second int64) string { return fmt.Sprintf("%s%010d%s", prefix, second, suffix) }

// secondOf returns the number in the name of a file; ok is false for one that is not ours.
func secondOf(name string) (second int64, ok bool) {
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, suffix), prefix)
	second, err := strconv.ParseInt(digits, 10, 64)
	return second, ok && err == nil && name == fileName(second)
}

// eventFiles returns the names of our files in a folder, in order.
func eventFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if _, ours := secondOf(e.Name()); ours {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Add writes a point, in one call, so that a killed process leaves whole records.
func (w *EventWriter) Add(p Point) error {
	if _, err := w.file.Write(appendRecord(nil, p.event())); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	return nil
}

// Close ends the file.
func (w *EventWriter) Close() error { return w.file.Close() }

// Discard ends the file and removes it, and its folder if nothing else is there.
func (w *EventWriter) Discard() error {
	err := errors.Join(w.file.Close(), os.Remove(w.file.Name()))
	_ = os.Remove(filepath.Dir(w.file.Name())) // fails where something else is there
	return err
}
