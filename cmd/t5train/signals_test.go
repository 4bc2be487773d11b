package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// readStep starts a run and reads what it says until it has trained a step.
func readStep(t *testing.T, cmd *exec.Cmd) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "step ") {
			return r
		}
	}
	t.Fatal("ended before the first step")
	return nil
}

// A run saves when the program that reads its log is gone.
func TestUnreadLogSaves(t *testing.T) {
	output := filepath.Join(t.TempDir(), "run")
	cmd := longRun(output)
	readStep(t, cmd).Close()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 128+int(syscall.SIGPIPE) {
		t.Errorf("exit status %d, want 141", code)
	}
	if _, err := os.Stat(filepath.Join(output, "checkpoints", "latest")); err != nil {
		t.Error(err)
	}
}

// Under nohup a run outlives its terminal.
func TestNohup(t *testing.T) {
	if _, err := exec.LookPath("nohup"); err != nil {
		t.Skip(err)
	}
	cmd := longRun(filepath.Join(t.TempDir(), "run"))
	nohup := exec.Command("nohup", cmd.Args...)
	log := readStep(t, nohup)
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		if err := nohup.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if s == syscall.SIGTERM {
			break
		}
		for lines, n := bufio.NewScanner(log), 0; n < 2 && lines.Scan(); n++ { // it trains on
		}
	}
	for lines := bufio.NewScanner(log); lines.Scan(); {
	}
	nohup.Wait()
	if code := nohup.ProcessState.ExitCode(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit status %d, want 143: SIGHUP shall do nothing", code)
	}
}

// longRun is trainCommand with steps for minutes, of which each is logged and none saved.
func longRun(output string) *exec.Cmd {
	cmd := trainCommand(output)
	cmd.Args = append(cmd.Args, "--steps", "100000", "--set", "checkpoint.every_steps=100000", "--set",
		"eval.every_steps=100000", "--set", "train.log_every=1")
	return cmd
}
