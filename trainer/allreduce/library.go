package allreduce

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"unsafe"
)

// The families of libraries. Programs of one family run with the libraries of it only: handles differ.
const (
	OpenMPI = "Open MPI"
	MPICH   = "MPICH"
)

// LibraryVariable is the environment variable that names the library to open.
const LibraryVariable = "T5_MPI"

// library is an opened MPI library.
type library struct {
	thread *thread // which makes all calls
	family string
	flag   []byte // an int of MPI

	init, finalize, abort, rank, size, isend, irecv, testAll, test uintptr

	comm, bytes  uintptr // the communicator of all ranks, and the type of bytes
	requestBytes int     // size of the handle of a request
}

// libraries lists the names of the libraries of a family, those of the runtime packages first.
var libraries = map[string][]string{
	OpenMPI: {"libmpi.so.40", "libmpi.so.80", "libmpi.so.20", "libmpi.so"},
	MPICH:   {"libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.so"},
}

// remedies say what to install.
var remedies = map[string]string{
	OpenMPI: "install Open MPI (Debian, Ubuntu: openmpi-bin; Fedora, RHEL: openmpi, then module load mpi)",
	MPICH:   "install MPICH (Debian, Ubuntu: mpich; Fedora, RHEL: mpich, then module load mpi)",
}

// errWithoutMPI says how to get a program that ranks can run.
var errWithoutMPI = errors.New("start MPI: this t5train is built without it, so that it runs on every Linux: build " +
	"the other one by go build -tags mpi ./cmd/t5train, or take t5train-mpi of a release")

// openLibrary opens the library of the launcher's family, or the one that the environment names.
func openLibrary(l Launcher) (*library, error) {
	if !withMPI {
		return nil, errWithoutMPI
	}
	m := &library{thread: newThread()}
	var err error
	if m.flag, err = alloc(8); err != nil {
		return nil, err
	}
	// A library may start threads and install handlers of signals already as it is opened.
	return m, m.thread.run(0, func() error { return keepSignals(func() error { return m.open(l) }) })
}

func (m *library) open(l Launcher) error {
	family := MPICH
	if l.Name != MPICH {
		family = OpenMPI // also under Slurm, whose plugins serve both
	}
	handle, err := openFirst(l, family)
	if err != nil {
		return err
	}
	if err := m.resolve(handle); err != nil {
		return fmt.Errorf("open the MPI library: %w: it is none of Open MPI or MPICH that is known: %s", err,
			remedy(family))
	}
	if known := l.Name == OpenMPI || l.Name == MPICH; known && m.family != l.Name {
		return fmt.Errorf("open the MPI library: it is of %s, but the launcher is of %s: start with the launcher of "+
			"%s, or %s",
			m.family, l.Name, m.family, remedy(l.Name))
	}
	return nil
}

// remedy says how to get a library of a family in place of the one that was opened.
func remedy(family string) string {
	if os.Getenv(LibraryVariable) != "" {
		return fmt.Sprintf("name one of %s in %s, or unset it", family, LibraryVariable)
	}
	return remedies[family]
}

// openFirst loads the first library that there is, of the family or, if the launcher may be of another one, of any.
func openFirst(l Launcher, family string) (handle uintptr, err error) {
	if name := os.Getenv(LibraryVariable); name != "" {
		if handle, err = dlopen(name); err != nil {
			return 0, fmt.Errorf("open the MPI library %s: %w: correct %s, or unset it to look for the usual names",
				name, err,
				LibraryVariable)
		}
		return handle, nil
	}
	names := libraries[family]
	if l.Name != family {
		names = slices.Concat(names, libraries[MPICH])
	}
	var first error
	for _, name := range names {
		if handle, err = dlopen(name); err == nil {
			return handle, nil
		}
		first = cmp.Or(first, err)
	}
	return 0, fmt.Errorf("open the MPI library: %w: %s, or name the file in %s", first, remedies[family],
		LibraryVariable)
}

// resolve finds the functions and handles of a library.
func (m *library) resolve(handle uintptr) error {
	for _, f := range []struct {
		name string
		to   *uintptr
	}{
		{"MPI_Init_thread", &m.init}, {"MPI_Finalize", &m.finalize}, {"MPI_Abort", &m.abort},
		{"MPI_Comm_rank", &m.rank},
		{"MPI_Comm_size", &m.size}, {"MPI_Isend", &m.isend}, {"MPI_Irecv", &m.irecv}, {"MPI_Testall", &m.testAll},
		{"MPI_Test", &m.test},
	} {
		var err error
		if *f.to, err = dlsym(handle, f.name); err != nil {
			return err
		}
	}
	var err error
	if m.comm, err = dlsym(handle, "ompi_mpi_comm_world"); err == nil {
		// Handles are addresses of structures.
		m.family, m.requestBytes = OpenMPI, 8
		m.bytes, err = dlsym(handle, "ompi_mpi_byte")
		return err
	}
	// Handles are numbers, those of the common ABI of MPICH, Intel MPI, MVAPICH and Cray.
	m.family, m.requestBytes = MPICH, 4
	m.comm, m.bytes = 0x44000000, 0x4c00010d
	return nil
}

// start joins the ranks of the job. All calls are made by the thread that makes this one.
func (m *library) start() error {
	const funneled = 1 // MPI_THREAD_FUNNELED: there are other threads, which do not call the library
	return keepSignals(func() error { return m.do("MPI_Init_thread", m.init, 0, 0, funneled, address(m.flag)) })
}

// statusIgnored returns MPI_STATUS_IGNORE and MPI_STATUSES_IGNORE, which are the same.
func (m *library) statusIgnored() uintptr {
	if m.family == OpenMPI {
		return 0
	}
	return 1
}

// do calls a function that returns an error code.
func (m *library) do(name string, function uintptr, args ...uintptr) error {
	if code := int32(call(function, args...)); code != 0 {
		return fmt.Errorf("%s: error code %d", name, code)
	}
	return nil
}

// number returns the int that a function has left in flag.
func (m *library) number() int32 { return *(*int32)(unsafe.Pointer(&m.flag[0])) }

// address returns where memory of alloc is; of no memory it is 0.
func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
