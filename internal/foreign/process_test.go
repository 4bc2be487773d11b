//go:build linux && (amd64 || arm64)

package foreign

import (
	"debug/elf"
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func begin(t *testing.T) *Process {
	t.Helper()
	if _, err := os.Stat(loader); err != nil {
		t.Skip("no glibc on this machine")
	}
	p, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func symbol(t *testing.T, p *Process, library uintptr, name string) uintptr {
	t.Helper()
	f, err := p.Symbol(library, name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func call(t *testing.T, p *Process, f uintptr, args ...uintptr) uintptr {
	t.Helper()
	r, err := p.Call(f, args...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCall calls functions with none to eight arguments, through shared memory and in a library that is loaded.
func TestCall(t *testing.T) {
	p := begin(t)
	if pid := int(call(t, p, symbol(t, p, 0, "getpid"))); pid != p.cmd.Process.Pid {
		t.Errorf("getpid: %d, want %d", pid, p.cmd.Process.Pid)
	}
	b, err := p.Alloc(200)
	if err != nil {
		t.Fatal(err)
	}
	f := symbol(t, p, 0, "snprintf")
	format := copy(b[100:], "%d %d %d %d %d\x00")
	call(t, p, f, p.Address(b), 100, p.Address(b[100:100+format]), 1, 2, 3, 4, 5)
	if got := string(b[:9]); got != "1 2 3 4 5" {
		t.Errorf("snprintf: %q", got)
	}
	math, err := p.Open("libnothing.so.99", "libm.so.6")
	if err != nil {
		t.Fatal(err)
	}
	symbol(t, p, math, "cos")
	if _, err := p.Symbol(math, "no_such_function"); err == nil || !strings.Contains(err.Error(), "no_such_function") {
		t.Errorf("a function that is not there: %v", err)
	}
	if _, err := p.Open("libnothing.so.99"); err == nil || !strings.Contains(err.Error(), "libnothing.so.99") {
		t.Errorf("a library that is not there: %v", err)
	}
	if err := p.Close(); err != nil || p.how != nil {
		t.Errorf("close: %v, %v", err, p.how)
	}
}

// TestSignals sends what stops programs: the companion leaves that to its owner.
func TestSignals(t *testing.T) {
	p := begin(t)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		if err := p.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	call(t, p, symbol(t, p, 0, "getpid"))
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestEnds ends companions that abort, that are killed and that do not answer.
func TestEnds(t *testing.T) {
	p := begin(t)
	if _, err := p.Call(symbol(t, p, 0, "abort")); !errors.Is(err, ErrEnded) || !strings.Contains(err.Error(), "abort") {
		t.Errorf("abort: %v", err)
	}
	p = begin(t)
	f := symbol(t, p, 0, "getpid")
	p.Kill()
	if _, err := p.Call(f); !errors.Is(err, ErrEnded) {
		t.Errorf("killed: %v", err)
	}
	p = begin(t)
	// A process that was halted finds its deadline in the past.
	if err := p.SetDeadline(time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if pid, err := p.Call(symbol(t, p, 0, "getpid")); err != nil || int(pid) != p.cmd.Process.Pid {
		t.Errorf("process %d, %v", pid, err)
	}
	pause := symbol(t, p, 0, "pause")
	if err := p.SetDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Call(pause); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("pause: %v", err)
	}
	p.Kill()
}

// TestImage holds the program to what tools for ELF read in it.
func TestImage(t *testing.T) {
	f, err := elf.NewFile(strings.NewReader(string(image(machine, loader, relocation))))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Progs {
		if s.Flags&elf.PF_W != 0 && s.Flags&elf.PF_X != 0 {
			t.Errorf("segment %v can be written and executed", s.ProgHeader)
		}
	}
	if runtime.GOARCH == "amd64" && f.Machine != elf.EM_X86_64 {
		t.Errorf("machine %v", f.Machine)
	}
}
