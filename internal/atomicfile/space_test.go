package atomicfile

import (
	"path/filepath"
	"runtime"
	"testing"
)

func TestFree(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("known on Linux")
	}
	dir := t.TempDir()
	if free, ok := Free(dir); !ok || free <= 0 {
		t.Errorf("%s: %d bytes free, %t", dir, free, ok)
	}
	if _, ok := Free(filepath.Join(dir, "nothing")); ok {
		t.Error("a folder that is not there has free space")
	}
}
