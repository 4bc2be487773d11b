package main

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"t5train/trainer/sweep"
)

var sweepKills = flag.Int("sweep-kills", 3, "how often TestSweepAfterKills kills a sweep")

// sweepFile writes the file of a sweep of small trials.
func sweepFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.yaml")
	const text = `rungs: 3
reduction: 2
trials: 8
base:
  model: {size: v1_1-tiny, d_model: 8, d_kv: 4, d_ff: 8, num_layers: 1, num_heads: 2}
  data:
    train: [../../testdata/sms_spam/train-00000-of-00001.parquet]
    validation: [../../testdata/sms_spam/validation-00000-of-00001.parquet]
    max_train_examples: 64
    max_validation_examples: 16
    max_input_length: 32
    max_target_length: 8
  task: {name: classification}
  train: {steps: 48, batch_size: 4, threads: 1}
  eval: {every_steps: 6}
search:
  optimizer.learning_rate: {log_uniform: [1e-3, 1e-1]}
  train.batch_size: [4, 8]
`
	if err := os.WriteFile(path, []byte(text+"test: [../../testdata/sms_spam/validation-00000-of-00001.parquet]\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sweepInto is the process of a sweep. Only its table depends on nothing but the trials.
func sweepInto(file, output string) (cmd *exec.Cmd, table, said *bytes.Buffer) {
	cmd = exec.Command("t5train", "sweep", "--config", file, "--output", output)
	cmd.Env = append(os.Environ(), "T5TRAIN_TOKENIZER_PATH="+smallVocabulary())
	table, said = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = table, said
	return cmd, table, said
}

// TestSweepAfterKills kills a sweep at any instant, again and again. In the end its table, its gains and its best
// settings are those of one that never stopped:
//
//	go test ./cmd/t5train -run SweepAfterKills -sweep-kills 20 -v
func TestSweepAfterKills(t *testing.T) {
	file, dir := sweepFile(t), t.TempDir()
	begun := time.Now()
	cmd, want, said := sweepInto(file, filepath.Join(dir, "whole"))
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	longest := time.Since(begun)
	same := func(b *bytes.Buffer, name string) string { // the table names its folder
		return string(bytes.ReplaceAll(b.Bytes(), []byte(filepath.Join(dir, name)), nil))
	}
	instants := rand.New(rand.NewPCG(3, 4))
	killed, finished := 0, 0
	for round := 0; killed < *sweepKills; round++ {
		name := "killed"
		cmd, got, said := sweepInto(file, filepath.Join(dir, name))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(instants.Int64N(int64(longest))), func() { cmd.Process.Kill() })
		err := cmd.Wait()
		if !timer.Stop() && err != nil {
			killed++
			continue
		}
		if err != nil {
			t.Fatalf("after %d kills: %v\n%s", killed, err, said)
		}
		if a, b := same(want, "whole"), same(got, name); a != b {
			t.Fatalf("after %d kills:\n%s\nwant\n%s", killed, b, a)
		}
		finished++
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	cmd, got, said := sweepInto(file, filepath.Join(dir, "killed"))
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if a, b := same(want, "whole"), same(got, "killed"); a != b {
		t.Errorf("after %d kills:\n%s\nwant\n%s", killed, b, a)
	}
	t.Logf("%d kills at instants up to %v, over %d sweeps", killed, longest, finished+1)
}

// TestSweepShared lets two processes work on one sweep, of which one is killed: the other one goes on with its trial.
func TestSweepShared(t *testing.T) {
	file, output := sweepFile(t), filepath.Join(t.TempDir(), "sweep")
	first, _, _ := sweepInto(file, output)
	second, _, said := sweepInto(file, output)
	for _, cmd := range []*exec.Cmd{first, second} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	time.AfterFunc(time.Second, func() { first.Process.Kill() })
	first.Wait()
	if err := second.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	r, err := sweep.Read(output)
	if err != nil || len(r.Trials) != 8 {
		t.Fatalf("%d trials, %v\n%s", len(r.Trials), err, said)
	}
	for _, trial := range r.Trials {
		if trial.Failed != "" || len(trial.Rungs) <= trial.Target {
			t.Errorf("trial %d: %+v", trial.Number, trial)
		}
	}
}
