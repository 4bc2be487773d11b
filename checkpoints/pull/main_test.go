package pull

import (
	"os"
	"testing"

	"t5train/internal/testdir"
)

func TestMain(m *testing.M) {
	testdir.InMemory()
	os.Exit(m.Run())
}
