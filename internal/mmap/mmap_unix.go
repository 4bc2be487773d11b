//go:build unix

package mmap

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Map maps the first size bytes of f for reading. The mapping outlives f. Reading it is for [Guard], as the file may be
// cut.
func Map(f *os.File, size int) (data []byte, unmap func() error, err error) {
	if size == 0 { // mmap refuses an empty range
		return nil, func() error { return nil }, nil
	}
	data, err = unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("map %d bytes into memory: %w", size, err)
	}
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("map %d bytes into memory: %w", size, err), unix.Munmap(data))
	}
	add(mapping{data, os.NewFile(uintptr(fd), f.Name())})
	return data, func() error {
		remove(data)
		return unix.Munmap(data)
	}, nil
}

// Random tells the system that the parts of a mapping are read in no order. Without it each touch of a file that is
// larger than the memory reads the neighbourhood too, which pushes out what other parts need. It changes no content.
func Random(data []byte) {
	if len(data) > 0 {
		_ = unix.Madvise(data, unix.MADV_RANDOM) // a hint: nothing is lost if it is not taken
	}
}

// Release lets the memory of a part of a mapping go: the system reads it again when it is touched. It changes no
// content, and does nothing to memory that is no mapping.
func Release(part []byte) {
	if _, mapped := pathAt(uintptr(unsafe.Pointer(unsafe.SliceData(part)))); !mapped {
		return // it would become zeros
	}
	page := uintptr(os.Getpagesize())
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	skip := (page - begin%page) % page // other parts share the first page and the last one
	if whole := (uintptr(len(part)) - min(skip, uintptr(len(part)))) / page * page; whole > 0 {
		_ = unix.Madvise(part[skip:skip+whole], unix.MADV_DONTNEED) // a hint: nothing is lost if it is not taken
	}
}
