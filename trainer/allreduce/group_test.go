//go:build mpi

package allreduce

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() {
	scenarios["exchange"] = exchange
	scenarios["halted"] = halted
	scenarios["late"] = late
	scenarios["slow"] = slow
	scenarios["late itself"] = lateItself
	scenarios["agree"] = agree
	scenarios["faults"] = faults
}

func TestExchange(t *testing.T) { eachFamily(t, "exchange") }

// exchange sends messages of other lengths by each rank, in one piece and in two.
func exchange(g *Group) error {
	for _, size := range []int{0, 1, slotBytes - 8, slotBytes - 7, 100_000} {
		message := func(rank int) []byte { return bytes.Repeat([]byte{byte(rank + 1)}, size*(1+rank)) }
		got, err := g.Exchange(message(g.Rank()))
		if err != nil {
			return err
		}
		for rank, m := range got {
			if !bytes.Equal(m, message(rank)) {
				return fmt.Errorf("rank %d got %d bytes of rank %d, want %d", g.Rank(), len(m), rank,
					len(message(rank)))
			}
		}
	}
	return nil
}

func TestAgree(t *testing.T) { eachFamily(t, "agree") }

func agree(g *Group) error {
	if err := g.Agree(nil); err != nil {
		return fmt.Errorf("without errors: %w", err)
	}
	var own error
	if g.Rank() == 1 {
		own = errors.New("no such file")
	}
	err := g.Agree(own)
	if err == nil || !strings.Contains(err.Error(), "no such file") || !errors.As(err, new(CommonError)) {
		return fmt.Errorf("rank %d has the error %v", g.Rank(), err)
	}
	if g.Rank() != 1 && !strings.Contains(err.Error(), "rank 1") {
		return fmt.Errorf("the error %v does not say where it is", err)
	}
	return nil
}

// A rank that hangs is missed, by its name.
func TestLate(t *testing.T) {
	out, err := launch(t, OpenMPI, 3, "late")
	if err == nil || !strings.Contains(out, "no answer from rank 2") {
		t.Errorf("%v\n%s", err, out)
	}
}

func late(g *Group) error {
	g.SetTimeout(100 * time.Millisecond)
	if g.Rank() == 2 {
		time.Sleep(time.Hour) // it ends with the job
	}
	_, err := g.Exchange(nil)
	return err
}

// A rank that is slow is named once for all that wait for it without a limit.
func TestSlow(t *testing.T) {
	for family := range launchers {
		t.Run(strings.ReplaceAll(family, " ", ""), func(t *testing.T) {
			out, err := launch(t, family, 3, "slow")
			if err != nil || strings.Count(out, "0 says: waiting for rank 2") != 1 || strings.Count(out,
				"says: ") != 1 {
				t.Errorf("%v, want one line of rank 0 alone\n%s", err, out)
			}
		})
	}
}

func slow(g *Group) error {
	g.Remind(2*time.Second, func(line string) { fmt.Fprintln(os.Stderr, g.Rank(), "says:", line) })
	if g.Rank() == 2 {
		time.Sleep(3 * time.Second)
	}
	_, err := g.Exchange(nil)
	return err
}

// TestHalted halts a rank while it waits for another one, for longer than its timeout: it has not waited for so long.
func TestHalted(t *testing.T) {
	if out, err := launch(t, OpenMPI, 2, "halted"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func halted(g *Group) error {
	g.SetTimeout(3 * time.Second)
	if g.Rank() == 1 {
		g.SetTimeout(0)
		time.Sleep(5 * time.Second)
	} else {
		script := fmt.Sprintf("sleep 0.3; kill -STOP %[1]d; sleep 4; kill -CONT %[1]d", os.Getpid())
		if err := exec.Command("sh", "-c", script).Start(); err != nil {
			return err
		}
	}
	_, err := g.Exchange(nil)
	return err
}

// TestLateItself lets a rank look for the last time when all is there.
func TestLateItself(t *testing.T) { eachFamily(t, "late itself") }

func lateItself(g *Group) error {
	var list []transfer
	for rank := range g.Size() {
		if rank != g.Rank() {
			list = append(list, transfer{rank, g.slots[:1], true},
				transfer{rank, g.slots[(1+rank)*slotBytes:][:1], false})
		}
	}
	return g.mpi.thread.run(0, func() error {
		if err := g.transfer(list, alwaysEager); err != nil {
			return err
		}
		return g.late(list, time.Second)
	})
}

// TestAbsent starts two ranks of which one never looks for the other.
func TestAbsent(t *testing.T) {
	for family := range launchers {
		t.Run(strings.ReplaceAll(family, " ", ""), func(t *testing.T) {
			if out, err := launch(t, family, 2, absent); err == nil || !strings.Contains(out,
				"the ranks have not found each other for 1s") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestMissing opens libraries that are not there or not of MPI: one line says what to do.
func TestMissing(t *testing.T) {
	for library, want := range map[string]string{"/nowhere/libmpi.so": "correct T5_MPI, or unset it",
		"libm.so.6": "name one of Open MPI in T5_MPI, or unset it"} {
		t.Setenv(LibraryVariable, library)
		_, err := Open(Launcher{OpenMPI, 0, 2, true}, 0)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", library, err)
		}
	}
}

// TestFaults reads a nil pointer and a mapped file that has become shorter beside the library: both are still Go's to
// handle.
func TestFaults(t *testing.T) { eachFamily(t, "faults") }

func faults(*Group) error {
	f, err := os.CreateTemp("", "t5train")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := f.Truncate(1 << 16); err != nil {
		return err
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, 1<<16, syscall.PROT_READ, syscall.MAP_SHARED)
	if err := errors.Join(err, f.Truncate(0)); err != nil {
		return err
	}
	for _, p := range []*byte{nil, &b[0]} {
		if !faulty(p) {
			return fmt.Errorf("reading %p is no panic", p)
		}
	}
	return nil
}

func faulty(p *byte) (panics bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { panics = recover() != nil }()
	return *p == 1 && false
}
