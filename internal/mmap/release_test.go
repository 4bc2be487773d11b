package mmap

import "testing"

// Memory that is no mapping keeps its content.
func TestReleaseOfOtherMemory(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = 7
	}
	Release(data)
	for i, b := range data {
		if b != 7 {
			t.Fatalf("byte %d is %d", i, b)
		}
	}
}
