//go:build unix

package mmap

import (
	"bytes"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

func TestGuard(t *testing.T) {
	page := int64(os.Getpagesize())
	path := filepath.Join(t.TempDir(), "file")
	sum := func(data []byte) error { // by assembly
		crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
		return nil
	}
	for name, c := range map[string]struct {
		left int64 // bytes of the file
		read func(data []byte) error
	}{
		"one load":      {page, func(data []byte) error { bytes.Clone(data[2*page : 2*page+1]); return nil }},
		"a copy":        {0, func(data []byte) error { bytes.Clone(data); return nil }},
		"assembly":      {page, sum},
		"the last page": {2*page + 10, sum},
		"by the system": {page, func(data []byte) error {
			return os.WriteFile(filepath.Join(t.TempDir(), "copy"),
				data, 0o600)
		}},
		"what is not cut": {page, func(data []byte) error { return sum(data[:10]) }},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, make([]byte, 2*page+100), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			data, unmap, err := Map(f, int(2*page+100))
			f.Close()
			if err != nil {
				t.Fatal(err)
			}
			defer unmap()
			if err := Guard(func() error { return sum(data) }); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, c.left); err != nil {
				t.Fatal(err)
			}
			var fault *Fault
			if err := Guard(func() error { return c.read(data) }); !errors.As(err, &fault) || fault.Path != path {
				t.Errorf("got error %v, want a fault of %s", err, path)
			}
		})
	}
	if err := Guard(func() error { return os.ErrClosed }); err != os.ErrClosed {
		t.Errorf("got error %v, want that of the function", err)
	}
	defer func() {
		if r := recover(); r != "other" {
			t.Errorf("recovered %v, want the panic of the function", r)
		}
	}()
	Guard(func() error { panic("other") })
}
