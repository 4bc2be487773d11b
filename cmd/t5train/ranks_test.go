//go:build mpi

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"t5train/checkpoints"
	"t5train/model/kernel"
	"t5train/trainer/runlog"
)

// mpirun returns a command that starts a command as a number of ranks, or skips the test.
func mpirun(t *testing.T, ranks int, command ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("mpirun.openmpi"); err != nil {
		t.Skip("Open MPI is not installed (Debian: openmpi-bin): several ranks are not tested")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // a launcher that gives up may hang itself
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "mpirun.openmpi",
		append([]string{"--allow-run-as-root", "--oversubscribe", "-n", fmt.Sprint(ranks)}, command...)...)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// divided is trainCommand with four micro-batches a step, in a number of ranks; 0 is one process without a launcher.
func divided(t *testing.T, ranks int, output string, more ...string) *exec.Cmd {
	t.Helper()
	command := append(append(trainCommand(output).Args, "--set", "train.accumulate=4", "--set", "train.log_every=1",
		"--steps", "16"), more...)
	if ranks == 0 {
		return exec.Command(command[0], command[1:]...)
	}
	return mpirun(t, ranks, command...)
}

// finish runs a command to its good end and returns what it writes.
func finish(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// losses returns the training losses of a run, by step.
func losses(t *testing.T, output string) []float64 {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(output, runlog.HistoryName))
	if err != nil {
		t.Fatal(err)
	}
	var list []float64
	for line := range bytes.Lines(raw) {
		var l struct {
			Kind string
			Loss float64
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		if l.Kind == runlog.KindTrain {
			list = append(list, l.Loss)
		}
	}
	return list
}

// near wants two courses of losses to be the same but for rounding.
func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d losses, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-4*want[i] {
			t.Errorf("%s: the loss of step %d is %g, want %g", what, i+1, got[i], want[i])
		}
	}
}

// TestRanks trains in one process and in 2 and 4 ranks: the losses are the same up to rounding, a second time the files
// are the same bits, and evaluations and predictions are those of one process, to the bit.
func TestRanks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one := filepath.Join(dir, "one")
	finish(t, divided(t, 0, one))
	const held = "../../testdata/sms_spam/validation-00000-of-00001.parquet"
	tuned := filepath.Join(dir, "tuned")
	finish(t, exec.Command("t5train", "finetune", "--config", "testdata/tiny.yaml", "--train",
		"../../testdata/sms_spam/train-00000-of-00001.parquet", "--output", tuned))
	ask := func(t *testing.T, cmd *exec.Cmd) string {
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, said.Bytes())
		}
		return string(out)
	}
	// whose rows travel alone
	untied := []string{"--set", "model.tie_word_embeddings=false", "--set", "model.vocab_size=8000"}
	alone := filepath.Join(dir, "alone")
	finish(t, divided(t, 0, alone, untied...))
	inputs := filepath.Join(dir, "inputs.txt")
	if err := os.WriteFile(inputs, []byte(strings.Repeat("you have won\ncall me\nThe <extra_id_0> is late\n", 9)),
		0o600); err != nil {
		t.Fatal(err)
	}
	about := []string{"--input", held, "--max-examples", "50", "--batch-size", "7", "--threads", "1"}
	pretrained := append([]string{"t5train", "evaluate", "--model", one}, about...)
	classified := append([]string{"t5train", "evaluate", "--model", tuned}, about...)
	written := append(append([]string{}, classified...), "--task", "seq2seq", "--text-column", "label",
		"--target-column", "sms")
	predict := []string{"t5train", "predict", "--model", one, "--task", "seq2seq", "--input", inputs,
		"--batch-size",
		"4", "--max-output-length", "5", "--sample", "--seed", "1", "--threads", "1"}
	for _, ranks := range []int{2, 4} {
		t.Run(fmt.Sprintf("%d ranks", ranks), func(t *testing.T) {
			first, second := filepath.Join(dir, fmt.Sprint(ranks), "run"), filepath.Join(t.TempDir(), "run")
			if out := finish(t, divided(t, ranks, first)); strings.Count(out, "16 steps of 4 x 4 examples") != 1 {
				t.Errorf("the ranks say other than once what they do:\n%s", out)
			}
			near(t, "training", losses(t, first), losses(t, one))
			finish(t, divided(t, ranks, second))
			compareFiles(t, "trained again", runFiles(t, first), runFiles(t, second))
			loose := filepath.Join(t.TempDir(), "run")
			finish(t, divided(t, ranks, loose, untied...))
			near(t, "untied", losses(t, loose), losses(t, alone))
			for _, command := range [][]string{pretrained, classified, written, predict} {
				want := ask(t, exec.Command(command[0], command[1:]...))
				if got := ask(t, mpirun(t, ranks, command...)); got != want || want == "" {
					t.Errorf("%s: %q, want %q", command[1], got, want)
				}
			}
		})
	}
}

// TestRanksByMPICH trains in ranks that the other launcher starts, to the end and until one is killed.
func TestRanksByMPICH(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("mpirun.mpich"); err != nil {
		t.Skip("MPICH is not installed (Debian: mpich): its launcher is not tested")
	}
	by := func(output string) *exec.Cmd {
		return exec.Command("mpirun.mpich", append([]string{"-n", "2"}, divided(t, 0, output).Args...)...)
	}
	dir := t.TempDir()
	one, two, killed := filepath.Join(dir, "one"), filepath.Join(dir, "two"), filepath.Join(dir, "killed")
	finish(t, divided(t, 0, one))
	if out := finish(t, by(two)); !strings.Contains(out, "2 ranks on one machine, by MPICH") {
		t.Errorf("the ranks do not find each other:\n%s", out)
	}
	near(t, "by MPICH", losses(t, two), losses(t, one))
	if out, err := disturb(t, by(killed), killed, 1, syscall.SIGKILL); err == nil {
		t.Errorf("the job ends well although a rank is killed:\n%s", out)
	}
	finish(t, by(killed))
	compareFiles(t, "resumed", runFiles(t, two), runFiles(t, killed))
}

// TestRanksOptions trains by what divides a step, ends a run and updates weights in other ways.
func TestRanksOptions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]string{
		"batches by tokens": {"--batch-size=0", "--set=train.batch_tokens=640"},
		// with which no evaluation is better than the first
		"patience":  {"--learning-rate=1e-12", "--set=eval.patience=2"},
		"adafactor": {"--set=optimizer.name=adafactor", "--set=model.tie_word_embeddings=false"},
	} {
		t.Run(name, func(t *testing.T) {
			train := func(ranks int) []float64 {
				output := filepath.Join(t.TempDir(), "run")
				finish(t, divided(t, ranks, output, append([]string{"--set=eval.every_steps=2"}, change...)...))
				return losses(t, output)
			}
			one := train(0)
			if stopped := len(one) < 16; stopped != (name == "patience") {
				t.Errorf("one process ends after %d steps", len(one))
			}
			near(t, name, train(2), one)
		})
	}
}

// TestRanksOfTwoKinds trains in ranks with other kernels each: the first says so, and the run that resumes in one
// process of either kind has nothing to say.
func TestRanksOfTwoKinds(t *testing.T) {
	t.Parallel()
	if len(kernel.ISAs()) == 1 {
		t.Skip("this processor has one kind of kernels")
	}
	here := runtime.GOARCH + " " + kernel.NewWorkers(1).RoundingISA()
	there := runtime.GOARCH + " " + kernel.Portable
	output := filepath.Join(t.TempDir(), "run")
	command := divided(t, 0, output).Args
	other := append([]string{":", "-n", "1", "env", kernel.ISAVariable + "=" + kernel.Portable}, command...)
	out, _ := disturb(t, mpirun(t, 1, append(command, other...)...), output, 0, syscall.SIGTERM)
	if says := "the ranks compute on " + here + " and " + there + ": "; strings.Count(out, says) != 1 {
		t.Errorf("want once %q\n%s", says, out)
	}
	if out := finish(t, divided(t, 0, output)); strings.Contains(out, "computed on") {
		t.Errorf("the ranks had this kind of processor too, but\n%s", out)
	}
	var state struct{ Processors []string }
	raw, err := os.ReadFile(filepath.Join(output, "checkpoints", "checkpoint-00000016", runlog.StateName))
	if err := errors.Join(err, json.Unmarshal(raw, &state)); err != nil || !slices.Equal(state.Processors,
		[]string{here, there}) {
		t.Errorf("the state names the processors %q, %v, want %q and %q", state.Processors, err, here, there)
	}
}

// TestRanksRefuse gives ranks what they cannot do together: one message says what, and what to do.
func TestRanksRefuse(t *testing.T) {
	t.Parallel()
	first, second := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
	finish(t, trainCommand(first))
	finish(t, exec.Command("t5train", append(trainCommand(second).Args[1:], "--seed", "7")...))
	predict := func(checkpoint string) []string {
		return []string{"t5train", "predict", "--model", checkpoint, "--task", "seq2seq", "--text", "hello"}
	}
	evaluate := func(examples string) []string {
		return []string{"t5train", "evaluate", "--model", first, "--task", "seq2seq", "--text-column", "label",
			"--target-column", "sms",
			"--input", "../../testdata/sms_spam/validation-00000-of-00001.parquet", "--max-examples", examples}
	}
	and := []string{":", "-n", "1"}
	output := filepath.Join(t.TempDir(), "run")
	command := trainCommand(output).Args
	tune, hosts := tuneThere(t, output)
	other := append(append([]string{}, command...), "--seed", "7")
	for name, c := range map[string]struct {
		cmd  *exec.Cmd
		want string
	}{
		"a step that does not divide": {mpirun(t, 4, command...), "divide a step over 4 ranks: it has 2 micro-batches"},
		"two configurations": {mpirun(t, 1, append(append(command, ":", "-n", "1"), other...)...),
			"has another configuration (train.seed"},
		"one to overwrite": {mpirun(t, 1, slices.Concat(trainCommand(first).Args, and, trainCommand(first).Args,
			[]string{"--overwrite"})...), "has another --overwrite than rank 0"},
		"two machines' data": {mpirun(t, 1, slices.Concat([]string{"-wdir", hosts[0]}, tune, and,
			[]string{"-wdir", hosts[1]}, tune)...), "has other examples than rank 0"},
		"two checkpoints": {mpirun(t, 1, slices.Concat(predict(first), and, predict(second))...),
			"has another checkpoint than rank 0"},
		"two tasks": {mpirun(t, 1, slices.Concat(predict(first), and, predict(first),
			[]string{"--beams", "2"})...), "has another generation.Beams than rank 0"},
		"two outputs": {mpirun(t, 1, slices.Concat(predict(first), []string{"--output", output + "1"}, and,
			predict(first), []string{"--output", output + "2"})...), "has another output than rank 0"},
		"two texts": {mpirun(t, 1, slices.Concat(predict(first), and, predict(first),
			[]string{"--text", "more"})...), "has another text than rank 0"},
		"two data sets": {mpirun(t, 1, slices.Concat(evaluate("5"), and, evaluate("6"))...),
			"has another set of examples than rank 0"},
		"work that is not shared": {mpirun(t, 2, "t5train", "convert", "--model", first, "--output", output),
			"2 processes of t5train convert were started"},
		"a wrong key":  {mpirun(t, 2, append(command, "--set", "train.steps=-1")...), "train.steps"},
		"a wrong flag": {mpirun(t, 2, append(command, "--stepz", "1")...), "did you mean --steps?"},
	} {
		out, err := c.cmd.CombinedOutput()
		if err == nil || strings.Count(string(out), "t5train: ") != 1 || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v, want one message with %q\n%s", name, err, c.want, out)
		}
	}
	if _, err := os.Stat(filepath.Join(output, "config.yaml")); err == nil {
		t.Error("a run that cannot begin has written its configuration")
	}
}

// TestRanksRefuseFoldersApart starts ranks that have an output folder each, new ones and two copies of a run that they
// are to overwrite. It takes the time that network file systems may need, in which the other tests of ranks run.
func TestRanksRefuseFoldersApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	finish(t, trainCommand(run))
	for _, name := range []string{"new", "copy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, other := filepath.Join(dir, name, "1"), filepath.Join(dir, name, "2")
			initial := filepath.Join(dir, name, "initial")
			if name == "copy" {
				for _, to := range []string{one, other} {
					if err := os.CopyFS(to, os.DirFS(run)); err != nil {
						t.Fatal(err)
					}
				}
			}
			train := func(output string) []string {
				return append(trainCommand(output).Args,
					"--save-initial", initial, "--overwrite", "--tokens", filepath.Join(dir, name, "tokens"))
			}
			cmd := mpirun(t, 1, slices.Concat(train(one), []string{":", "-n", "1"}, train(other))...)
			out, err := cmd.CombinedOutput()
			if want := other + " is not the folder that rank 0"; err == nil || strings.Count(string(out), want) != 1 {
				t.Errorf("%v, want once %q\n%s", err, want, out)
			}
			if _, err := os.Stat(initial); err == nil {
				t.Error("a run that cannot begin has saved its initial model")
			}
			if name == "copy" {
				compareFiles(t, "not overwritten", runFiles(t, run), runFiles(t, one))
			} else if _, err := os.Stat(filepath.Join(one, "config.yaml")); err == nil {
				t.Error("a run that cannot begin has written its configuration")
			}
		})
	}
}

// tuneThere returns a command that fine-tunes on train.parquet, and two folders that each have another file of that
// name. Of the second one the steps are fewer than those of the warm-up.
func tuneThere(t *testing.T, output string) (command []string, folders [2]string) {
	config, err := filepath.Abs("testdata/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"train", "validation"} {
		folders[i] = t.TempDir()
		file, err := filepath.Abs("../../testdata/sms_spam/" + name + "-00000-of-00001.parquet")
		if err := errors.Join(err, os.Symlink(file, filepath.Join(folders[i], "train.parquet"))); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"t5train", "finetune", "--config", config, "--train", "train.parquet", "--output", output, "--set",
		"train.steps=0", "--epochs", "1", "--batch-size", "16",
		"--set", "train.accumulate=2", "--set", "data.max_train_examples=2000", "--set", "schedule.name=linear",
		"--set",
		"schedule.warmup_steps=50"}, folders
}

// TestDistributedLibrary asks for ranks where there is no library: one line says what is missing.
func TestDistributedLibrary(t *testing.T) {
	cmd := exec.Command("t5train", "predict", "--distributed", "--model", "x", "--text", "y")
	cmd.Env = append(os.Environ(), "T5_MPI=/nowhere/libmpi.so")
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out),
		"open the MPI library /nowhere/libmpi.so") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestRanksOfTwoHosts trains on two machines, as far as MPI can tell: in two network namespaces, over TCP. The files
// are those of two ranks of one machine; a rank that is killed ends the job there too.
func TestRanksOfTwoHosts(t *testing.T) {
	t.Parallel()
	local := filepath.Join(t.TempDir(), "run")
	finish(t, divided(t, 2, local))
	if os.Getuid() != 0 || exec.Command("ip", "netns", "list").Run() != nil || exec.Command("unshare", "--uts",
		"true").Run() != nil {
		t.Skip("no rights to make network namespaces (or no ip and unshare): two hosts are not tested")
	}
	program, err := exec.LookPath("t5train")
	if err != nil {
		t.Fatal(err)
	}
	hosts := func(output string) *exec.Cmd {
		command := divided(t, 0, output).Args[1:]
		for i, argument := range command { // the second host starts in another folder
			command[i] = strings.ReplaceAll(argument, "../../testdata", absolute(t, "../../testdata"))
		}
		script := absolute(t, "testdata/hosts/two_hosts.sh")
		return exec.Command(script, append([]string{fmt.Sprintf("t5train-%d", os.Getpid()), program}, command...)...)
	}
	output := filepath.Join(t.TempDir(), "run")
	if out := finish(t, hosts(output)); !strings.Contains(out, "2 ranks on 2 machines") {
		t.Errorf("the ranks do not see two machines:\n%s", out)
	}
	near(t, "two hosts", losses(t, output), losses(t, local))
	weights := func(output string) string {
		run, err := checkpoints.OpenRun(output)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(run.Dir(16), "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if weights(output) != weights(local) {
		t.Error("two hosts train other weights than two ranks of one")
	}
	output = filepath.Join(t.TempDir(), "run")
	if out, err := disturb(t, hosts(output), output, 1, syscall.SIGKILL); err == nil || !strings.Contains(out,
		"signal 9") {
		t.Errorf("%v, want an exit status and a word about signal 9\n%s", err, out)
	}
	checkLoads(t, output)
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
