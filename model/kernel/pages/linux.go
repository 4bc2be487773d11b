package pages

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// useHugePages gives the system a hint. Nothing depends on what it makes of it, so an error is none.
func useHugePages(x []float32) {
	const page = 2 << 20 // the huge pages of amd64 and, with pages of 4 KB, of arm64
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
	first := int(-uintptr(unsafe.Pointer(&bytes[0])) % page)
	if whole := (len(bytes) - first) / page * page; whole > 0 {
		_ = unix.Madvise(bytes[first:first+whole], unix.MADV_HUGEPAGE)
	}
}
