//go:build linux && (amd64 || arm64)

package foreign

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrEnded is the cause of errors of a companion that has ended: killed, or by itself.
var ErrEnded = errors.New("the process of the library has ended")

// Process is a companion. It is for one goroutine at a time.
type Process struct {
	cmd    *exec.Cmd
	conn   *os.File
	memory *os.File
	size   int64    // of memory
	shared []region // what of it is mapped, on both sides
	text   []byte   // shared memory for names
	ended  chan struct{}
	how    error // it ended, once ended is closed

	dlopen, dlsym, dlerror, mmap, strncpy uintptr
}

// region is shared memory as both sides see it.
type region struct {
	here  []byte
	there uintptr
}

// Start starts a companion with the environment of this process. It does not get the signals by which users and
// schedulers stop programs: it ends with its owner.
func Start() (*Process, error) {
	if _, err := os.Stat(loader); err != nil {
		return nil, fmt.Errorf("start the process of a library: %w: this machine has no glibc, which the library needs", err)
	}
	p := &Process{ended: make(chan struct{})}
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("start the process of a library: %w", err)
	}
	if err := p.greet(); err != nil {
		p.Kill()
		return nil, fmt.Errorf("start the process of a library: %w", err)
	}
	return p, nil
}

func (p *Process) start() error {
	program, err := memoryFile("t5train-mpi", unix.MFD_EXEC, image(machine, loader, relocation))
	if err != nil {
		return err
	}
	defer program.Close()
	if p.memory, err = memoryFile("t5train-shared", unix.MFD_NOEXEC_SEAL, nil); err != nil {
		return err
	}
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	theirs := os.NewFile(uintptr(ends[1]), "companion")
	defer theirs.Close()
	if err := unix.SetNonblock(ends[0], true); err != nil {
		return err
	}
	p.conn = os.NewFile(uintptr(ends[0]), "companion") // non-blocking, so it has deadlines

	cmd := exec.Command(fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), program.Fd()))
	cmd.Args = []string{"t5train-mpi"}
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr // standard output is for results
	cmd.ExtraFiles = []*os.File{theirs, p.memory} // socket is the first
	cmd.Env = os.Environ()
	if err := passLauncher(cmd); err != nil {
		return err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd = cmd
	started := make(chan error)
	go func() {
		// The signal comes when the thread that has started the process ends: it stays.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.how = cmd.Wait()
			close(p.ended)
		}
	}()
	return <-started
}

// passLauncher hands on the socket by which a launcher of MPICH talks to the library: its number stands in PMI_FD.
func passLauncher(cmd *exec.Cmd) error {
	for i, v := range cmd.Env {
		text, ok := strings.CutPrefix(v, "PMI_FD=")
		if !ok {
			continue
		}
		var fd int
		if _, err := fmt.Sscan(text, &fd); err != nil {
			return fmt.Errorf("read PMI_FD %q: %w", text, err)
		}
		cmd.Env[i] = fmt.Sprintf("PMI_FD=%d", socket+len(cmd.ExtraFiles))
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(fd), "PMI_FD"))
	}
	return nil
}

// memoryFile returns a file without a name. how says whether it can be executed, which a machine may forbid for others.
func memoryFile(name string, how int, content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|how)
	if errors.Is(err, unix.EINVAL) { // Linux before 6.3, where all such files can be executed
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	}
	if errors.Is(err, unix.EACCES) {
		return nil, fmt.Errorf("%w: this machine forbids executable files in memory: sysctl vm.memfd_noexec must be 0 or 1", err)
	}
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err := f.Write(content); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// greet learns the addresses of functions and prepares the companion.
func (p *Process) greet() error {
	hello := make([]byte, helloBytes)
	if _, err := p.conn.Read(hello); err != nil {
		return p.lost(err)
	}
	for i, to := range []*uintptr{&p.dlopen, &p.dlsym, &p.dlerror, &p.mmap} {
		*to = uintptr(binary.LittleEndian.Uint64(hello[8*i:]))
	}
	var err error
	if p.text, err = p.Alloc(os.Getpagesize()); err != nil {
		return err
	}
	if p.strncpy, err = p.Symbol(0, "strncpy"); err != nil {
		return err
	}
	if err := p.name("t5train-mpi"); err != nil {
		return err
	}
	signal, err := p.Symbol(0, "signal")
	if err != nil {
		return err
	}
	const ignore = 1 // SIG_IGN
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2} {
		if _, err := p.Call(signal, uintptr(s), ignore); err != nil {
			return err
		}
	}
	return nil
}

// name makes the companion appear under a name in lists of processes.
func (p *Process) name(s string) error {
	prctl, err := p.Symbol(0, "prctl")
	if err == nil {
		_, err = p.Call(prctl, unix.PR_SET_NAME, p.string(s))
	}
	return err
}

// Open loads the first library of the names that there is.
func (p *Process) Open(names ...string) (library uintptr, err error) {
	const now, global = 2, 0x100 // RTLD_NOW, RTLD_GLOBAL: plug-ins of a library look for its functions
	var errs []error
	for _, name := range names {
		library, err := p.Call(p.dlopen, p.string(name), now|global)
		if err != nil || library != 0 {
			return library, err
		}
		errs = append(errs, p.failure())
	}
	return 0, errors.Join(errs...)
}

// Symbol returns the address of a function or variable of a library; of library 0, of the C library.
func (p *Process) Symbol(library uintptr, name string) (uintptr, error) {
	address, err := p.Call(p.dlsym, library, p.string(name))
	if err == nil && address == 0 {
		err = p.failure()
	}
	return address, err
}

// failure returns the error of dlopen and dlsym.
func (p *Process) failure() error {
	text, err := p.Call(p.dlerror)
	if err != nil {
		return err
	}
	s, err := p.CString(text)
	if err != nil {
		return err
	}
	return errors.New(s)
}

// CString returns the text at an address of the companion, up to about a page of it.
func (p *Process) CString(address uintptr) (string, error) {
	if address == 0 {
		return "", nil
	}
	if _, err := p.Call(p.strncpy, p.shared[0].there, address, uintptr(len(p.text)-1)); err != nil {
		return "", err
	}
	return unix.ByteSliceToString(p.text), nil
}

// string returns the address of a text, which holds until the next one.
func (p *Process) string(s string) uintptr {
	n := copy(p.text[:len(p.text)-1], s)
	p.text[n] = 0
	return p.shared[0].there
}

// Call calls a function with up to eight integers or addresses of the companion and returns its result. The error is
// ErrEnded where the companion does not live to tell it.
func (p *Process) Call(function uintptr, args ...uintptr) (uintptr, error) {
	var frame [frameBytes]byte
	binary.LittleEndian.PutUint64(frame[:], uint64(function))
	for i, a := range args {
		binary.LittleEndian.PutUint64(frame[8*(1+i):], uint64(a))
	}
	if _, err := p.again(p.conn.Write, frame[:]); err != nil {
		return 0, p.lost(err)
	}
	if n, err := p.again(p.conn.Read, frame[:]); err != nil || n != 8 {
		return 0, p.lost(err)
	}
	return uintptr(binary.LittleEndian.Uint64(frame[:])), nil
}

// again makes a transfer a second time where its deadline has passed. If this process was halted meanwhile it has come no
// later than it had to.
func (p *Process) again(transfer func([]byte) (int, error), frame []byte) (int, error) {
	n, err := transfer(frame)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if err := p.conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
			return 0, err
		}
		n, err = transfer(frame)
	}
	return n, err
}

// SetDeadline sets when calls end with os.ErrDeadlineExceeded, a second after it. The companion is of no use after that: kill it.
func (p *Process) SetDeadline(t time.Time) error { return p.conn.SetDeadline(t) }

// lost says how the companion has ended, if that is why it does not answer.
func (p *Process) lost(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(time.Second): // it has closed the socket and goes on
		p.Kill()
	}
	if p.how == nil {
		return ErrEnded
	}
	return fmt.Errorf("%w: %w", ErrEnded, p.how)
}

// Alloc returns memory of zeros that the companion sees too. It stays for the life of the process.
func (p *Process) Alloc(bytes int) ([]byte, error) {
	size := (int64(bytes) + page - 1) / page * page
	if err := p.memory.Truncate(p.size + size); err != nil {
		return nil, fmt.Errorf("share memory: %w", err)
	}
	here, err := unix.Mmap(int(p.memory.Fd()), p.size, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("share memory: %w", err)
	}
	const theirs = socket + 1 // file descriptor of the memory in the companion
	there, err := p.Call(p.mmap, 0, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED, theirs, uintptr(p.size))
	if err != nil {
		return nil, fmt.Errorf("share memory: %w", err)
	}
	if there == ^uintptr(0) {
		return nil, fmt.Errorf("share memory: the process of the library has no place for %d bytes", size)
	}
	p.size += size
	p.shared = append(p.shared, region{here, there})
	return here[:bytes:bytes], nil
}

// Address returns where the companion sees memory of Alloc. Of no memory it is 0.
func (p *Process) Address(b []byte) uintptr {
	if len(b) == 0 {
		return 0
	}
	at := uintptr(unsafe.Pointer(&b[0]))
	for _, r := range p.shared {
		if begin := uintptr(unsafe.Pointer(&r.here[0])); at >= begin && at < begin+uintptr(len(r.here)) {
			return r.there + at - begin
		}
	}
	panic("foreign: memory is not of Alloc")
}

// Close lets the companion end.
func (p *Process) Close() error {
	err := errors.Join(p.conn.Close(), p.memory.Close())
	<-p.ended
	return err
}

// Kill ends the companion whatever it does. Memory of Alloc stays.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
	_ = p.conn.Close() // may be a second time
	_ = p.memory.Close()
}
