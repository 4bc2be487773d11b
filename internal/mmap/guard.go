package mmap

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"unsafe"
)

// Fault is the error of a mapped file that was cut short, or cannot be read any more, while it was in use.
type Fault struct{ Path string } // "" where it is not known which one

func (f *Fault) Error() string {
	name := f.Path
	if name == "" {
		name = "a file in use"
	}
	return name + " was cut short or cannot be read any more while it was in use: restore it, and start again"
}

// mapping is a file in memory. It stays open so that its size can be asked for.
type mapping struct {
	data []byte
	file *os.File
}

// mapped are the mappings that there are, as the system has them.
var mapped struct {
	sync.Mutex
	list []mapping
}

func add(m mapping) {
	mapped.Lock()
	defer mapped.Unlock()
	mapped.list = append(mapped.list, m)
}

// remove forgets a mapping before its memory goes.
func remove(data []byte) {
	mapped.Lock()
	defer mapped.Unlock()
	mapped.list = slices.DeleteFunc(mapped.list, func(m mapping) bool {
		same := unsafe.SliceData(m.data) == unsafe.SliceData(data)
		if same {
			m.file.Close()
		}
		return same
	})
}

// Guard calls f, which reads mapped memory in this goroutine, and returns its error. It returns a *Fault instead where
// the memory could not be read, or a mapped file is shorter now: its last page then reads as zeros.
func Guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		at, ok := r.(interface{ Addr() uintptr })
		if !ok {
			panic(r)
		}
		path, ok := pathAt(at.Addr())
		if !ok {
			panic(r)
		}
		err = &Fault{path}
	}()
	err = f()
	if fault := changed(); fault != nil {
		return fault
	}
	if errors.Is(err, syscall.EFAULT) { // a system call has read the memory
		return fmt.Errorf("%w (%w)", &Fault{}, err)
	}
	return err
}

// pathAt returns the file that is mapped at an address.
func pathAt(address uintptr) (path string, ok bool) {
	mapped.Lock()
	defer mapped.Unlock()
	for _, m := range mapped.list {
		begin := uintptr(unsafe.Pointer(unsafe.SliceData(m.data)))
		if address >= begin && address-begin < uintptr(len(m.data)) {
			return m.file.Name(), true
		}
	}
	return "", false
}

// changed returns a fault for a file that is shorter than its mapping.
func changed() error {
	mapped.Lock()
	defer mapped.Unlock()
	for _, m := range mapped.list {
		if info, err := m.file.Stat(); err != nil || info.Size() < int64(len(m.data)) {
			return &Fault{m.file.Name()}
		}
	}
	return nil
}
