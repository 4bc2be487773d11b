package trainer

import (
	"strings"
	"testing"
)

// The program in the README is the example of the package, which is compiled.
func TestReadmeShowsTheExample(t *testing.T) {
	_, example, _ := strings.Cut(string(mustRead(t, "example_test.go")), "func ExamplePredictor() {")
	if readme := string(mustRead(t, "../README.md")); example == "" || !strings.Contains(readme, "func main() {"+example) {
		t.Error("the README has another program")
	}
}
