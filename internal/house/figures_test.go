package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A flag is a word after two hyphens; "a--b" and a line of hyphens are none.
var flagged = regexp.MustCompile(`(?:^|[^-\w])--[a-z]`)

// printing are the functions that write to standard output or standard error.
var printing = regexp.MustCompile(`^(fmt\.Print|log\.(Print|Fatal|Panic))`)

// talk counts what a library leaves to the command: texts that name a flag, and calls that print.
func talk(t *testing.T, s source) (texts, calls int) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), s.name, s.text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING &&
				flagged.MatchString(text) {
				texts++
			}
		case *ast.CallExpr:
			if prints(n) {
				calls++
			}
		case *ast.SelectorExpr:
			if of, ok := n.X.(*ast.Ident); ok && of.Name == "os" && (n.Sel.Name == "Stdout" || n.Sel.Name == "Stderr") {
				calls++
			}
		}
		return true
	})
	return texts, calls
}

// prints reports whether a call writes to standard output or standard error; whoever names these two prints as well.
// ui.Say does not: it sends a value to a ui.Sink, and the command decides what becomes of it.
func prints(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		to, ok := call.Fun.(*ast.Ident)
		return ok && (to.Name == "print" || to.Name == "println")
	}
	of, ok := f.X.(*ast.Ident)
	return ok && printing.MatchString(of.Name+"."+f.Sel.Name)
}

func TestPrints(t *testing.T) {
	s := source{name: "x.go", text: []byte(`package x
func f() {
	fmt.Println("--wrong"); fmt.Fprintln(os.Stderr, "a--b", "----"); w := os.Stdout; println() // four calls
	fmt.Fprintln(w, "--" + name); log := s.log.Printf; slog.Info("quiet"); ui.Say(sink, "", "see --right"); s.print()
}`)}
	if texts, calls := talk(t, s); texts != 2 || calls != 4 {
		t.Errorf("%d texts and %d calls, want 2 and 4", texts, calls)
	}
}

// TestFigures prints the size of everything: go test ./internal/house -run Figures -v
func TestFigures(t *testing.T) {
	n := count(t)
	sum := func(what string) (total int) {
		for c, k := range n {
			if c.what == what {
				total += k
			}
		}
		return total
	}
	longest, where := 0, ""
	tests := 0
	for _, s := range all(t) {
		if s.test {
			tests += s.lines
		} else if !s.made && s.lines > longest {
			longest, where = s.lines, s.name
		}
	}
	row := func(what string, value any) { fmt.Printf("| %-58s | %14v |\n", what, value) }
	if !testing.Verbose() {
		return
	}
	row("Go lines outside tests and generated files", sum("lines"))
	row("Go lines of tests", tests)
	row("package trainer, files", n[counted{"files", "trainer"}])
	row("package trainer, lines", n[counted{"lines", "trainer"}])
	row("calls that print below cmd", sum("says"))
	row("texts below cmd that name a flag", sum("flags"))
	row(fmt.Sprintf("lines of more than %d columns", lineLength), sum("long"))
	row("longest file, "+where, longest)
	over := map[string][]string{}
	for c, k := range n {
		if (c.what == "lines" || c.what == "files") && k > c.limit() {
			over[c.what] = append(over[c.what], fmt.Sprintf("%s %d", c.folder, k))
		}
	}
	for _, what := range []string{"lines", "files"} {
		slices.Sort(over[what])
		row(fmt.Sprintf("packages over %d %s", limits[what], what), len(over[what]))
		fmt.Println("  ", strings.Join(over[what], ", "))
	}
}
