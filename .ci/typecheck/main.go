// Command typecheck checks the types of all packages of the module and of their tests, as another processor would
// build them:
//
//	go run ./.ci/typecheck arm64
//
// It reads sources only. go build and go vet would compile the whole of Go and of the dependencies for that processor,
// which takes minutes.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: typecheck GOARCH")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// source is a package as go list writes it.
type source struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	ImportMap  map[string]string // of the imports whose path is another: vendored packages, and those with their tests
	Module     *struct{ Main bool }
}

// run lists the packages with their dependencies, which come first, and checks one after the other.
func run(arch string) error {
	list := exec.Command("go", "list", "-deps", "-test", "-json=ImportPath,Dir,GoFiles,ImportMap,Module", "./...")
	list.Env = append(os.Environ(), "GOARCH="+arch, "CGO_ENABLED=0")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	checked := map[string]*types.Package{"unsafe": types.Unsafe}
	var failed []error
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var s source
		if err := decoder.Decode(&s); errors.Is(err, io.EOF) {
			return errors.Join(failed...)
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		// the main package of a test is generated
		if s.ImportPath == "unsafe" || strings.HasSuffix(s.ImportPath, ".test") {
			continue
		}
		var found []error
		checked[s.ImportPath], found = check(s, arch, checked)
		failed = append(failed, found...)
	}
}

// check returns a package and what is wrong with it. Of a dependency only the declarations are read.
func check(s source, arch string, checked map[string]*types.Package) (*types.Package, []error) {
	own := s.Module != nil && s.Module.Main
	var failed []error
	var files []*ast.File
	fset := token.NewFileSet()
	for _, name := range s.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(s.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, []error{err}
		}
		files = append(files, file)
	}
	config := types.Config{
		IgnoreFuncBodies: !own,
		Sizes:            types.SizesFor("gc", arch),
		Importer:         importer(func(path string) (*types.Package, error) { return imported(s, path, checked) }),
		Error:            func(err error) { failed = append(failed, err) },
	}
	path, _, _ := strings.Cut(s.ImportPath, " ") // "path [path.test]" is path with its tests
	pkg, _ := config.Check(path, fset, files, nil)
	if !own { // unused imports, as the bodies are left out
		failed = nil
	}
	return pkg, failed
}

func imported(s source, path string, checked map[string]*types.Package) (*types.Package, error) {
	if other, ok := s.ImportMap[path]; ok {
		path = other
	}
	if pkg := checked[path]; pkg != nil {
		return pkg, nil
	}
	return nil, fmt.Errorf("%s imports %s, which was not checked", s.ImportPath, path)
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }
