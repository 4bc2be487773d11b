package mmap

import (
	"fmt"
	"math"
	"os"
)

// Open maps the whole regular file at path. Its errors do not name the path.
func Open(path string) (data []byte, unmap func() error, err error) {
	// Before opening: to open a named pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, reason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("it is no regular file (%s)", info.Mode())
	}
	handle, err := os.Open(path)
	if err != nil {
		return nil, nil, reason(err)
	}
	defer handle.Close() // a mapping outlives its file handle
	if info, err = handle.Stat(); err != nil {
		return nil, nil, reason(err)
	}
	if info.Size() > math.MaxInt {
		return nil, nil, fmt.Errorf("%d bytes do not fit the address space of this machine", info.Size())
	}
	return Map(handle, int(info.Size()))
}

// reason takes the path off an error of package os.
func reason(err error) error {
	if pathErr, ok := err.(*os.PathError); ok {
		return pathErr.Err
	}
	return err
}
