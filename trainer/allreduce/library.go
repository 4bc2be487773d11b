package allreduce

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"t5train/internal/foreign"
)

// The families of libraries. Programs of one family run with the libraries of it only: handles differ.
const (
	OpenMPI = "Open MPI"
	MPICH   = "MPICH"
)

// LibraryVariable is the environment variable that names the library to open.
const LibraryVariable = "T5_MPI"

// library is an MPI library in the process that calls it.
type library struct {
	*foreign.Process
	family string
	handle uintptr

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

// openLibrary opens the library of the launcher's family, or the one that the environment names.
func openLibrary(l Launcher) (*library, error) {
	process, err := foreign.Start()
	if err != nil {
		return nil, err
	}
	m := &library{Process: process}
	if err := m.open(l); err != nil {
		process.Kill()
		return nil, err
	}
	return m, nil
}

func (m *library) open(l Launcher) error {
	family := MPICH
	remedy := func(family string) string {
		if os.Getenv(LibraryVariable) != "" {
			return fmt.Sprintf("name one of %s in %s, or unset it", family, LibraryVariable)
		}
		return remedies[family]
	}
	if l.Name != MPICH {
		family = OpenMPI // also under Slurm, whose plugins serve both
	}
	var err error
	if name := os.Getenv(LibraryVariable); name != "" {
		if m.handle, err = m.Process.Open(name); err != nil {
			return fmt.Errorf("open the MPI library %s: %w: correct %s, or unset it to look for the usual names", name, err, LibraryVariable)
		}
	} else {
		names := libraries[family]
		if l.Name != family {
			names = append(append([]string{}, names...), libraries[MPICH]...)
		}
		if m.handle, err = m.Process.Open(names...); err != nil {
			if errors.Is(err, foreign.ErrEnded) {
				return err
			}
			first, _, _ := strings.Cut(err.Error(), "\n")
			return fmt.Errorf("open the MPI library: %s: %s, or name the file in %s", first, remedies[family], LibraryVariable)
		}
	}
	if err := m.resolve(); err != nil {
		return fmt.Errorf("open the MPI library: %w: it is none of Open MPI or MPICH that is known: %s", err, remedy(family))
	}
	if known := l.Name == OpenMPI || l.Name == MPICH; known && m.family != l.Name {
		return fmt.Errorf("open the MPI library: it is of %s, but the launcher is of %s: start with the launcher of %s, or %s", m.family, l.Name, m.family, remedy(l.Name))
	}
	return nil
}

// resolve finds the functions and handles.
func (m *library) resolve() error {
	for _, f := range []struct {
		name string
		to   *uintptr
	}{
		{"MPI_Init", &m.init}, {"MPI_Finalize", &m.finalize}, {"MPI_Abort", &m.abort}, {"MPI_Comm_rank", &m.rank}, {"MPI_Comm_size", &m.size},
		{"MPI_Isend", &m.isend}, {"MPI_Irecv", &m.irecv}, {"MPI_Testall", &m.testAll}, {"MPI_Test", &m.test},
	} {
		var err error
		if *f.to, err = m.Symbol(m.handle, f.name); err != nil {
			return err
		}
	}
	var err error
	if m.comm, err = m.Symbol(m.handle, "ompi_mpi_comm_world"); err == nil {
		// Handles are addresses of structures.
		m.family, m.requestBytes = OpenMPI, 8
		m.bytes, err = m.Symbol(m.handle, "ompi_mpi_byte")
		return err
	}
	if errors.Is(err, foreign.ErrEnded) {
		return err
	}
	// Handles are numbers, those of the common ABI of MPICH, Intel MPI, MVAPICH and Cray.
	m.family, m.requestBytes = MPICH, 4
	m.comm, m.bytes = 0x44000000, 0x4c00010d
	return nil
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
	code, err := m.Call(function, args...)
	if err == nil && int32(code) != 0 {
		err = fmt.Errorf("error code %d", int32(code))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
