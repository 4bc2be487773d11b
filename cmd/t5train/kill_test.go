package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"t5train/checkpoints"
)

// TestResumeAfterKills kills real processes at any instant, every other one while it writes a checkpoint or a token
// store. What they leave always loads, and the run that resumes ends with the files of one that never stopped.
func TestResumeAfterKills(t *testing.T) {
	const kills = 20
	whole := filepath.Join(t.TempDir(), "run")
	begun := time.Now()
	if out, err := trainCommand(whole).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	longest := time.Since(begun)
	want := runFiles(t, whole)

	instants := rand.New(rand.NewPCG(1, 2))
	output, killed, writing := filepath.Join(t.TempDir(), "run"), 0, 0
	for killed < kills {
		at := time.Duration(instants.Int64N(int64(longest)))
		if killed == 0 {
			at = 0 // its first work is the token store
		}
		done := runUntil(t, output, at, killed%2 == 0)
		if !done {
			killed++
			if unfinished(output) {
				writing++
			}
			checkLoads(t, output)
			continue
		}
		compareFiles(t, fmt.Sprintf("after %d kills", killed), want, runFiles(t, output))
		output = filepath.Join(t.TempDir(), "run")
	}
	t.Logf("%d processes of up to %v were killed, %d of them while they wrote a checkpoint or a token store", killed,
		longest, writing)
	if out, err := trainCommand(output).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	compareFiles(t, "in the end", want, runFiles(t, output))
}

// trainCommand is a run on text and a task that saves a checkpoint at every step.
func trainCommand(output string) *exec.Cmd {
	const train = "../../testdata/sms_spam/train-00000-of-00001.parquet"
	return exec.Command("t5train", "pretrain", "--validation",
		"../../testdata/sms_spam/validation-00000-of-00001.parquet",
		"--output", output,
		"--set", "data.mixture=[{name: text, train: ["+train+"]}, {name: spam, train: ["+train+
			"], task: classification}]",
		"--size", "v1_1-tiny", "--tokenizer", smallVocabulary(), "--set", "model.d_model=8", "--set",
		"model.tie_word_embeddings=true", "--set", "model.dropout_rate=0.1", "--set", "data.max_validation_examples=16",
		"--set", "data.max_train_examples=64", "--input-length", "32", "--steps", "40", "--batch-size", "4",
		"--threads", "1",
		"--set", "train.accumulate=2",
		"--set", "checkpoint.every_steps=1", "--set", "eval.every_steps=10", "--set", "optimizer.name=adamw")
}

// runUntil starts a run and kills it after some time, or as soon after that as it writes a checkpoint. done tells that
// it has ended by itself.
func runUntil(t *testing.T, output string, after time.Duration, writing bool) (done bool) {
	t.Helper()
	cmd := trainCommand(output)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	due := time.After(after)
	for waiting := true; waiting; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v\n%s", err, said.Bytes())
			}
			return true
		case <-due:
			waiting = false
		}
	}
	for writing && !unfinished(output) {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v\n%s", err, said.Bytes())
			}
			return true
		case <-time.After(100 * time.Microsecond):
		}
	}
	if err := cmd.Process.Kill(); err != nil { // it ended just now
		if err := <-ended; err != nil {
			t.Fatalf("%v\n%s", err, said.Bytes())
		}
		return true
	}
	return <-ended == nil
}

// unfinished reports whether a checkpoint or a token store is being written, or was when the process was killed.
func unfinished(output string) bool {
	for _, pattern := range []string{"checkpoints/.checkpoint-*-tmp", "tokens/*.part"} {
		if found, err := filepath.Glob(filepath.Join(output, pattern)); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// checkLoads opens the best and the latest checkpoint of a run, if it has any.
func checkLoads(t *testing.T, output string) {
	t.Helper()
	run, err := checkpoints.OpenRun(output)
	if err != nil {
		t.Fatal(err)
	}
	step, found, err := run.Latest()
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		return
	}
	for _, dir := range []string{output, run.Dir(step)} {
		if _, _, err := checkpoints.Open(dir); err != nil {
			t.Error(err)
		}
	}
}

// runFiles returns the files of a run that two equal runs have in common, by name.
func runFiles(t *testing.T, output string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := fs.WalkDir(os.DirFS(output), ".", func(name string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && name == "tensorboard" {
			return fs.SkipDir // has a file for each process, named by the time
		}
		if err != nil || entry.IsDir() || name == "config.yaml" || name == "report/run.json" || strings.HasSuffix(name,
			"-lock") {
			return err // config.yaml names the folder, run.json each process; a killed one leaves the file of its lock
		}
		if entry.Type() == fs.ModeSymlink {
			files[name], err = os.Readlink(filepath.Join(output, name))
			return err
		}
		content, err := os.ReadFile(filepath.Join(output, name))
		if name == "metrics.jsonl" {
			content = times.ReplaceAll(content, nil)
		}
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// times are the parts of a metrics line that say when it was, how long something took and how much memory.
var times = regexp.MustCompile(`,"(seconds|seconds_left|tokens_per_second|fma_peak_share|peak_memory_mb|reduce_share|time)":[^,}]*`)

func compareFiles(t *testing.T, when string, want, got map[string]string) {
	t.Helper()
	if a, b := slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)); !slices.Equal(a, b) {
		t.Errorf("%s: the run has the files %q, want %q", when, b, a)
	}
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s: %s differs", when, name)
		}
	}
}
