package predict

import (
	"strings"
	"testing"

	"t5train/internal/testdir"
)

// The program in the README is the example of the package, which is compiled.
func TestReadmeShowsTheExample(t *testing.T) {
	_, example, _ := strings.Cut(string(testdir.Read(t, "example_test.go")), "func ExamplePredictor() {")
	if readme := string(testdir.Read(t, "../../README.md")); example == "" || !strings.Contains(readme,
		"func main() {"+example) {
		t.Error("the README has another program")
	}
}
