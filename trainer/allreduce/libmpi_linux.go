//go:build mpi && (amd64 || arm64)

package allreduce

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// withMPI reports whether this program can open an MPI library.
const withMPI = true

// dlopen loads a library. Its functions are visible to the plug-ins that it loads itself.
func dlopen(name string) (uintptr, error) {
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
}

// dlsym returns the address of a function or variable of a library; of library 0, of the program and the C library.
func dlsym(library uintptr, name string) (uintptr, error) { return purego.Dlsym(library, name) }

// call calls a function of C with integers and addresses.
//
//go:uintptrescapes
func call(function uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(function, args...)
	return r
}

// alloc returns memory of zeros for messages. It is none of Go's heap and stays for the life of the process: drivers of
// networks remember the pages of an address, and do not notice that Go gives some back to the system.
func alloc(bytes int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, max(1, bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("allocate %d bytes for messages: %w", bytes, err)
	}
	return b[:bytes:bytes], nil
}

// sleep sleeps on this thread. time.Sleep takes a millisecond for any shorter time while the process is idle.
func sleep(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // a signal ends it early
}

// prepareThread lets sleeps of this thread end on time: Linux adds up to 50 us to each by default.
func prepareThread() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) }

// processors names the set of processors that this process may use.
func processors() string {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return ""
	}
	return fmt.Sprint(set)
}

// keepSignals calls f and then gives all signals back the handlers that they had: libraries such as UCX handle faults
// themselves, of which Go makes errors.
func keepSignals(f func() error) error {
	sigaction, err := dlsym(0, "sigaction")
	if err != nil {
		return err
	}
	const first, last = 1, 31 // those behind them are the C library's
	var handlers [last + 1][32]uint64
	for s := first; s <= last; s++ {
		call(sigaction, uintptr(s), 0, uintptr(unsafe.Pointer(&handlers[s]))) // fails for those that nobody handles
	}
	err = f()
	for s := first; s <= last; s++ {
		call(sigaction, uintptr(s), uintptr(unsafe.Pointer(&handlers[s])), 0)
	}
	return err
}
