package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manyInputs writes a file that takes a while to answer, and trains a model for it.
func manyInputs(t *testing.T) (run, input string) {
	t.Helper()
	dir := t.TempDir()
	run, input = filepath.Join(dir, "run"), filepath.Join(dir, "in.txt")
	out, err := exec.Command("t5train", "finetune", "--config", "testdata/tiny.yaml", "--train",
		"../../testdata/sms_spam/train-00000-of-00001.parquet",
		"--tokenizer", smallVocabulary(), "--output", run, "--steps", "2", "--set",
		"data.max_target_length=8").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var lines bytes.Buffer
	words := strings.Fields("win a free prize now call me when you are at home")
	random := rand.New(rand.NewPCG(1, 2))
	for range 600 {
		for range 1 + random.IntN(12) {
			lines.WriteString(words[random.IntN(len(words))] + " ")
		}
		lines.WriteString("\n")
	}
	if err := os.WriteFile(input, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return run, input
}

func predictTo(run, input, output string) *exec.Cmd {
	return exec.Command("t5train", "predict", "--model", run, "--input", input, "--output", output, "--task",
		"seq2seq",
		"--max-output-length", "12", "--batch-size", "1")
}

// Processes that are killed at any instant leave no file of a part of the answers, and the command that resumes ends
// with the file of one that never stopped.
func TestPredictAfterKills(t *testing.T) {
	run, input := manyInputs(t)
	for _, name := range []string{"out.jsonl", "out.parquet"} {
		whole := filepath.Join(t.TempDir(), name)
		begun := time.Now()
		if out, err := predictTo(run, input, whole).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		longest := time.Since(begun)
		instants := rand.New(rand.NewPCG(3, 4))
		output, kills, working := filepath.Join(t.TempDir(), name), 0, 0
		for kills < 6 {
			if !predictUntil(t, predictTo(run, input, output), time.Duration(instants.Int64N(int64(longest)))) {
				kills++
				if _, err := os.Stat(output); err == nil { // killed when all was done, before it ended
					samePrediction(t, whole, output)
					output = filepath.Join(t.TempDir(), name)
					continue
				}
				if info, err := os.Stat(output + ".part"); err == nil && info.Size() > 0 {
					working++
				}
				continue
			}
			samePrediction(t, whole, output)
			output = filepath.Join(t.TempDir(), name)
		}
		if out, err := predictTo(run, input, output).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		samePrediction(t, whole, output)
		t.Logf("%s: %d processes were killed, %d of them with a part of the answers", name, kills, working)
	}
}

// predictUntil kills a process after some time. done tells that it has ended by itself.
func predictUntil(t *testing.T, cmd *exec.Cmd, after time.Duration) (done bool) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err != nil && cmd.ProcessState.ExitCode() >= 0 {
		t.Fatalf("%v\n%s", err, said.Bytes())
	}
	return err == nil
}

func samePrediction(t *testing.T, want, got string) {
	t.Helper()
	a, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("%s differs from %s", got, want)
	}
}

// A signal ends the work within a batch. What is answered is kept, and how to resume is noted.
func TestPredictInterrupted(t *testing.T) {
	run, input := manyInputs(t)
	output := filepath.Join(t.TempDir(), "out.jsonl")
	cmd := predictTo(run, input, output)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		if info, err := os.Stat(output + ".part"); err == nil && info.Size() > 0 {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("ended before it was interrupted: %v\n%s", err, said.Bytes())
		case <-time.After(time.Millisecond):
		}
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-ended
	if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.Contains(said.String(),
		"inputs are kept: the same command resumes from there") {
		t.Errorf("exit status %d, said %s", code, said.Bytes())
	}
	raw, err := os.ReadFile(output + ".part")
	if err != nil || !bytes.HasSuffix(raw, []byte("\n")) {
		t.Errorf("the answers so far do not end with a whole line: %v", err)
	}
	if out, err := predictTo(run, input, output).CombinedOutput(); err != nil || !strings.Contains(string(out),
		"resume after the answers to") {
		t.Errorf("%v\n%s", err, out)
	}
}
