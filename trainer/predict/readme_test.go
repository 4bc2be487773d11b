package predict

import (
	"strings"
	"testing"

	"t5train/internal/testdir"
)

// The program in docs/prediction.md is the example of the package, which is compiled, and README.md shows its lines.
func TestReadmeShowsTheExample(t *testing.T) {
	_, example, found := strings.Cut(string(testdir.Read(t, "example_test.go")), "func ExamplePredictor() {\n")
	if page := string(testdir.Read(t, "../../docs/prediction.md")); !found || !strings.Contains(page,
		"func main() {\n"+example) {
		t.Error("docs/prediction.md has another program")
	}
	lines := strings.TrimSuffix(strings.ReplaceAll("\n"+example, "\n\t", "\n"), "\n}\n")
	if readme := string(testdir.Read(t, "../../README.md")); !strings.Contains(readme, "```go"+lines+"\n```") {
		t.Errorf("README.md has other lines than%s", lines)
	}
}
