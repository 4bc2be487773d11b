package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A walk follows a fine-tuning of one task, in one process and from new weights, from the command to its first step.
// It enters, in the order of the calls, the functions of rooms that lead to the step, and those that return what a run
// is made of. Each function that it enters is a stay: somebody who follows the run has to read it, and of what else it
// calls the name is enough. A return is a stay in a file that was left before.
const (
	walkStart = "cmd/t5train.finetuneCommand"
	walkEnd   = "trainer.Stepper.Step"
)

var (
	walkRooms = []string{"cmd/t5train", "configs", "trainer", "trainer/setup"}
	// made is what a run is made of, as results of functions name it.
	made = []string{"*configs.Config", "*checkpoints.Folder", "*setup.Datasets", "setup.openRows", "setup.taskRows",
		"*trainer.preparedRun", "trainer.resumePoint", "*trainer.loop", "*trainer.Stepper", "[]model.Batch"}
	// elsewhere are the branches that such a run does not take: other data, adapters, and a run that is
	// resumed or has a time in place of its steps.
	elsewhere = []string{"configs.DefaultPretraining", "trainer/setup.readText", "trainer/setup.readParts",
		"trainer/setup.startAdapter", "trainer.withRounding", "trainer.preparedRun.chooseSteps"}
	walkLimit = walked{stays: 25, files: 11, returns: 14}
)

type walked struct{ stays, files, returns int }

// node is a function.
type node struct {
	name, file string
	calls      []call // in their order
	makes      bool
}

// call is a call of a function of the rooms; passes are those of functions that it is given.
type call struct {
	name   string
	passes []call
}

// functions reads those of the rooms. Calls are found by names: a method is any of its package that has the name.
func functions(t *testing.T) map[string]*node {
	nodes, byName := map[string]*node{}, map[string][]string{}
	var bodies []func()
	prefix := module(t) + "/"
	for _, s := range all(t) {
		if s.test || !slices.Contains(walkRooms, s.folder) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), s.name, s.text, 0)
		if err != nil {
			t.Fatal(err)
		}
		packages := map[string]string{}
		for _, i := range s.imports {
			packages[path.Base(i)] = strings.TrimPrefix(i, prefix)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			name := s.folder + "." + f.Name.Name
			if f.Recv != nil {
				name = s.folder + "." + strings.Trim(types.ExprString(f.Recv.List[0].Type), "*") + "." + f.Name.Name
				byName[s.folder+" "+f.Name.Name] = append(byName[s.folder+" "+f.Name.Name], name)
			}
			n := &node{name: name, file: s.name, makes: makes(f, path.Base(s.folder))}
			nodes[name] = n
			bodies = append(bodies, func() { n.calls = calls(f.Body, s.folder, packages, byName) })
		}
	}
	for _, b := range bodies {
		b()
	}
	return nodes
}

// calls lists the functions that a body calls or names.
func calls(body ast.Node, folder string, packages map[string]string, byName map[string][]string) (list []call) {
	ast.Inspect(body, func(a ast.Node) bool {
		switch a := a.(type) {
		case *ast.CallExpr:
			var passes []call
			for _, arg := range a.Args {
				switch arg.(type) {
				case *ast.FuncLit, *ast.Ident, *ast.SelectorExpr:
					passes = append(passes, calls(arg, folder, packages, byName)...)
				}
			}
			switch f := a.Fun.(type) {
			case *ast.Ident:
				if isFunction(f) {
					list = append(list, call{folder + "." + f.Name, passes})
				}
			case *ast.SelectorExpr:
				for _, method := range byName[folder+" "+f.Sel.Name] {
					list = append(list, call{method, passes})
				}
			}
		case *ast.SelectorExpr:
			if of, ok := a.X.(*ast.Ident); ok && packages[of.Name] != "" {
				list = append(list, call{packages[of.Name] + "." + a.Sel.Name, nil})
			}
			list = append(list, calls(a.X, folder, packages, byName)...)
			return false
		case *ast.Ident:
			if isFunction(a) {
				list = append(list, call{folder + "." + a.Name, nil})
			}
		}
		return true
	})
	return list
}

// isFunction reports whether a name may be that of a function of the package, and is none of a variable.
func isFunction(name *ast.Ident) bool { return name.Obj == nil || name.Obj.Kind == ast.Fun }

// makes reports whether a function returns what a run is made of.
func makes(f *ast.FuncDecl, in string) bool {
	if f.Type.Results == nil {
		return false
	}
	return slices.ContainsFunc(f.Type.Results.List, func(r *ast.Field) bool {
		name := types.ExprString(r.Type)
		if !strings.Contains(name, ".") {
			stars := len(name) - len(strings.TrimLeft(name, "*[]"))
			name = name[:stars] + in + "." + name[stars:]
		}
		return slices.Contains(made, name)
	})
}

// walk returns the stays in their order.
func walk(t *testing.T) (stays []*node) {
	nodes := functions(t)
	leads := map[string]bool{walkEnd: true}
	lead := func(c call) bool { return leads[c.name] }
	matters := func(c call) bool { return leads[c.name] || nodes[c.name] != nil && nodes[c.name].makes }
	for changed := true; changed; {
		changed = false
		for name, n := range nodes {
			if !leads[name] && slices.ContainsFunc(n.calls, lead) {
				leads[name], changed = true, true
			}
		}
	}
	var enter func(c call) (arrived bool)
	enter = func(c call) bool {
		n := nodes[c.name]
		if n == nil || slices.Contains(stays, n) || slices.Contains(elsewhere, c.name) ||
			!matters(c) && !slices.ContainsFunc(c.passes, matters) {
			return false
		}
		stays = append(stays, n)
		return c.name == walkEnd || slices.ContainsFunc(n.calls, enter)
	}
	if !enter(call{name: walkStart}) {
		t.Fatalf("no way leads from %s to %s", walkStart, walkEnd)
	}
	return stays
}

func measure(stays []*node) walked {
	w := walked{stays: len(stays)}
	seen := map[string]bool{}
	for i, s := range stays {
		if seen[s.file] && s.file != stays[i-1].file {
			w.returns++
		}
		seen[s.file] = true
	}
	w.files = len(seen)
	return w
}

func TestWalk(t *testing.T) {
	stays := walk(t)
	w := measure(stays)
	if w.stays > walkLimit.stays || w.files > walkLimit.files || w.returns > walkLimit.returns {
		t.Errorf("the way of a fine-tuning to its first step is %+v, want at most %+v", w, walkLimit)
	}
	if testing.Verbose() {
		fmt.Printf("| %-58s | %14s |\n", "a fine-tuning to its first step: stays, files, returns",
			fmt.Sprintf("%d, %d, %d", w.stays, w.files, w.returns))
	}
}

// The page of the architecture has the stays; -lower writes them.
func TestWalkOnPage(t *testing.T) {
	const begin, end = "<!-- walk -->\n", "<!-- end of walk -->"
	page := filepath.Join("..", "..", "docs", "architecture.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	list, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("docs/architecture.md has no %q and %q", begin, end)
	}
	var want strings.Builder
	for i, s := range walk(t) {
		fmt.Fprintf(&want, "%d. `%s`: `%s`\n", i+1, s.file, s.name[len(path.Dir(s.file))+1:])
	}
	switch {
	case list == want.String():
	case *lower:
		if err := os.WriteFile(page, []byte(before+begin+want.String()+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("docs/architecture.md lists other functions: "+
			"go test ./internal/house -run WalkOnPage -lower writes\n%s", &want)
	}
}
