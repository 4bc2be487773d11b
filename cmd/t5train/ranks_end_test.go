//go:build mpi

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"t5train/checkpoints"
	"t5train/internal/atomicfile"
)

// TestRanksPredictAfterKills kills a rank that answers inputs. The file that ranks, or one process, resume is that of
// one process that never stopped.
func TestRanksPredictAfterKills(t *testing.T) {
	t.Parallel()
	run, input := manyInputs(t)
	for _, name := range []string{"out.jsonl", "out.parquet"} {
		whole := filepath.Join(t.TempDir(), name)
		finish(t, predictTo(run, input, whole))
		for _, goOn := range []int{2, 0} {
			output := filepath.Join(t.TempDir(), name)
			command := predictTo(run, input, output)
			ranks := mpirun(t, 2, command.Args...)
			if err := ranks.Start(); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			for info, err := os.Stat(output + ".part"); err != nil || info.Size() == 0; info,
				err = os.Stat(output + ".part") {
				if time.Sleep(time.Millisecond); time.Since(begun) > 3*time.Minute {
					t.Fatalf("no answer comes to %s", output)
				}
			}
			if p, ok := rankOf(output, goOn/2); !ok || p.Kill() != nil { // either of them
				t.Fatal("the rank has ended")
			}
			if err := ranks.Wait(); err == nil {
				t.Errorf("%s: the job ends well although a rank is killed", name)
			}
			if goOn == 2 {
				command = mpirun(t, 2, command.Args...)
			}
			if out := finish(t, command); !strings.Contains(out, "resume after the answers to") {
				t.Errorf("%s: nothing is left of the job that was killed:\n%s", name, out)
			}
			samePrediction(t, whole, output)
		}
	}
}

// rankOf returns the process of a rank that trains to an output folder.
func rankOf(output string, rank int) (*os.Process, bool) {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environments {
		env, err := os.ReadFile(path)
		command, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		of := func(variable string) bool { return bytes.Contains(env, fmt.Appendf(nil, "%s=%d\x00", variable, rank)) }
		if err != nil || !of("OMPI_COMM_WORLD_RANK") && !of("PMI_RANK") || !bytes.Contains(command, []byte(output)) {
			continue
		}
		var pid int
		fmt.Sscanf(path, "/proc/%d/", &pid)
		p, err := os.FindProcess(pid)
		return p, err == nil
	}
	return nil, false
}

// disturb starts ranks, sends a signal to one of them once there is a checkpoint, and returns what they write and how
// they end.
func disturb(t *testing.T, cmd *exec.Cmd, output string, rank int, s syscall.Signal) (string, error) {
	t.Helper()
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	untilSaved(t, output)
	if p, ok := rankOf(output, rank); !ok {
		t.Errorf("rank %d has ended", rank)
	} else if err := p.Signal(s); err != nil {
		t.Error(err)
	}
	err := cmd.Wait()
	return b.String(), err
}

// untilSaved waits until a run has saved its second step.
func untilSaved(t *testing.T, output string) {
	t.Helper()
	begun := time.Now()
	for saved := 0; saved < 2; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > 3*time.Minute {
			t.Fatalf("no second step is saved in %s", output)
		}
		run, err := checkpoints.OpenRun(output)
		if err != nil {
			t.Fatal(err)
		}
		if step, ok, err := run.Latest(); err == nil && ok {
			saved = step
		}
	}
}

// TestRanksEnd stops, kills and halts one of two ranks. The job ends and says why, the last checkpoint is whole, and
// the run that resumes, with the same number of ranks, ends with the files of one that never stopped; with another
// number it has the same examples.
func TestRanksEnd(t *testing.T) {
	t.Parallel()
	whole := filepath.Join(t.TempDir(), "run")
	finish(t, divided(t, 2, whole))
	want := runFiles(t, whole)
	for _, c := range []struct {
		name    string
		signal  syscall.Signal
		rank    int
		says    string
		goOn    int
		options []string
	}{
		{"stop the first", syscall.SIGTERM, 0, "and saved: the same command resumes from there", 2, nil},
		{"stop the second", syscall.SIGTERM, 1, "and saved: the same command resumes from there", 2, nil},
		{"kill the first", syscall.SIGKILL, 0, "exited on signal 9", 2, nil},
		{"kill the second", syscall.SIGKILL, 1, "exited on signal 9", 2, nil},
		{"halt the second", syscall.SIGSTOP, 1, "no answer from rank 1", 2, []string{"--rank-timeout", "5s"}},
		{"resume with four", syscall.SIGTERM, 1, "and saved", 4, nil},
		{"resume alone", syscall.SIGTERM, 1, "and saved", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			output := filepath.Join(t.TempDir(), "run")
			out, err := disturb(t, divided(t, 2, output, c.options...), output, c.rank, c.signal)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(out, c.says) || strings.Contains(out, "goroutine ") {
				t.Errorf("%v, want an exit status and %q\n%s", err, c.says, out)
			}
			checkLoads(t, output)
			finish(t, divided(t, c.goOn, output))
			if c.goOn == 2 {
				compareFiles(t, "resumed", want, runFiles(t, output))
			}
			near(t, "resumed", losses(t, output), losses(t, whole))
		})
	}
}

// TestRanksEvaluationStops stops and halts one of two ranks that evaluate, when the work begins and while the first one
// finds intervals. They end together and say so, and leave no file.
func TestRanksEvaluationStops(t *testing.T) {
	const train = "../../testdata/sms_spam/train-00000-of-00001.parquet"
	dir := t.TempDir()
	// With few tokens and many metrics nearly all of the time is for the intervals.
	if err := os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), []byte(`{"tokenizer_class": "ByT5Tokenizer"}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(dir, "run")
	finish(t, exec.Command("t5train", "finetune", "--config", "testdata/tiny.yaml", "--tokenizer", dir, "--set",
		"data.max_target_length=8", "--train", train, "--output", run))
	evaluate := func(output string) *exec.Cmd {
		return mpirun(t, 2, "t5train", "evaluate", "--model", run, "--output", output, "--input", train,
			"--max-examples",
			"2000", "--task", "seq2seq",
			"--text-column", "label", "--target-column", "sms", "--max-target-length", "2", "--batch-size", "100",
			"--threads",
			"1", "--rank-timeout", "2s",
			"--metrics", "bleu,chrf,ter,rouge1,rouge2,rougeL,rougeLsum")
	}
	whole, line := evaluate(filepath.Join(dir, "metrics.json")), regexp.MustCompile("evaluation: ")
	var begun time.Time
	said := &trigger{pattern: line, fire: func() { begun = time.Now() }}
	whole.Stderr = said
	if err := whole.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &said.text)
	}
	long := time.Since(begun)
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		rank   int
		part   float64 // of the time that the work takes
		status int
		says   string
	}{
		{"stop the first at work", syscall.SIGTERM, 0, 0, 143, "t5train: stopped by terminated"},
		{"stop the second at work", syscall.SIGTERM, 1, 0, 143, "t5train: another rank was stopped"},
		{"halt the second at work", syscall.SIGSTOP, 1, 0, 1, "no answer from rank 1"},
		{"stop the first at intervals", syscall.SIGTERM, 0, 0.7, 143, "t5train: stopped by terminated"},
		{"stop the second at intervals", syscall.SIGTERM, 1, 0.7, 143, "t5train: another rank was stopped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			output := filepath.Join(t.TempDir(), "metrics.json")
			cmd := evaluate(output)
			ended := false
			said := &trigger{pattern: line, fire: func() {
				time.Sleep(time.Duration(c.part * float64(long)))
				p, ok := rankOf(output, c.rank)
				ended = !ok || p.Signal(c.signal) != nil
			}}
			cmd.Stdout, cmd.Stderr = said, said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // the status tells
			left, err := os.ReadDir(filepath.Dir(output))
			if err != nil {
				t.Fatal(err)
			}
			if ended || len(left) == 1 && left[0].Name() == filepath.Base(output) {
				t.Skip("the signal has come too late")
			}
			out := said.text.String()
			if status := cmd.ProcessState.ExitCode(); status != c.status || strings.Count(out, c.says) != 1 ||
				strings.Contains(out, "goroutine ") {
				t.Errorf("exit status %d, want %d and once %q\n%s", status, c.status, c.says, out)
			}
			if c.status == 143 && len(left) > 0 {
				t.Errorf("it has left %v", left)
			}
		})
	}
}

// TestRanksWaitForInputs lets two ranks wait for inputs for longer than they wait for each other: only then, when one
// of them is halted, does the job end.
func TestRanksWaitForInputs(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	finish(t, trainCommand(run))
	for _, halted := range []bool{false, true} {
		cmd := mpirun(t, 2, "t5train", "predict", "--model", run, "--task", "seq2seq", "--max-output-length", "4",
			"--input", "-", "--rank-timeout", "1s")
		var b bytes.Buffer
		cmd.Stdout, cmd.Stderr = &b, &b
		inputs, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		if halted {
			p, ok := rankOf(run, 1)
			if !ok {
				t.Fatalf("there is no rank 1\n%s", &b)
			}
			if err := p.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintln(inputs, "hello")
		inputs.Close()
		err = cmd.Wait()
		if want := map[bool]string{false: `"input":"hello"`,
			true: "no answer from rank 1"}[halted]; (err != nil) != halted ||
			strings.Count(b.String(), want) != 1 {
			t.Errorf("halted %t: %v, want once %q\n%s", halted, err, want, &b)
		}
	}
}

// TestRanksStopWhileReading stops one of two ranks while another process makes their token store: it says that it
// waits.
func TestRanksStopWhileReading(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tokens, output := filepath.Join(dir, "tokens"), filepath.Join(dir, "run")
	finish(t, divided(t, 0, output, "--tokens", tokens))
	stores, err := filepath.Glob(filepath.Join(tokens, "*"))
	if err != nil || len(stores) == 0 {
		t.Fatalf("no token store: %v", err)
	}
	for _, s := range stores {
		release, err := atomicfile.TryLock(filepath.Join(tokens, "."+filepath.Base(s)+".t5train-lock"))
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if err := os.RemoveAll(s); err != nil {
			t.Fatal(err)
		}
	}
	output = filepath.Join(dir, "stopped")
	cmd := divided(t, 2, output, "--tokens", tokens)
	said := &trigger{pattern: regexp.MustCompile("waiting for it"), fire: func() {
		if p, ok := rankOf(output, 1); !ok || p.Signal(syscall.SIGTERM) != nil {
			t.Error("rank 1 has ended")
		}
	}}
	waits := &trigger{pattern: regexp.MustCompile(`(?m)^rank 1 .* was told to stop`), fire: func() {
		if p, ok := rankOf(output, 0); !ok || p.Signal(syscall.SIGTERM) != nil {
			t.Error("rank 0 has ended")
		}
	}}
	cmd.Stderr = io.MultiWriter(said, waits)
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 143 || strings.Count(waits.text.String(),
		"was told to stop") != 1 {
		t.Errorf("%v, want exit status 143 and once that a rank does not end yet\n%s", err, &waits.text)
	}
}
