package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"t5train/checkpoints/builtin"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
)

// TestMain lets the test binary be t5train, so that scripts start real processes without a build.
func TestMain(m *testing.M) {
	testdir.InMemory()
	testscript.Main(tests{m}, map[string]func(){"t5train": main})
}

// shared is a folder of what several tests read; it lasts as long as they do.
var shared string

type tests struct{ m *testing.M }

func (t tests) Run() int {
	var err error
	if shared, err = os.MkdirTemp("", "t5train-tests-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(shared)
	return t.m.Run()
}

// smallVocabulary makes a folder with 400 pieces and 100 sentinels. With T5's 32,000 most of the time of a small
// process goes into the vocabulary.
var smallVocabulary = sync.OnceValue(func() string {
	dir := filepath.Join(shared, "vocabulary")
	out, err := exec.Command("t5train", "tokenizer", "train", "--input",
		"../../testdata/sms_spam/validation-00000-of-00001.parquet:sms",
		"--vocab-size", "400", "--normalization", "identity", "--output", dir).CombinedOutput()
	if err != nil {
		panic(fmt.Sprintf("tokenizer train: %v\n%s", err, out))
	}
	return dir
})

// TestScripts runs what a user types.
func TestScripts(t *testing.T) { runScripts(t, "testdata/script", nil) }

// runScripts runs the scripts of a folder, with more commands. A script finds in its environment
//
//	REPO   the root of the repository
//	TRAIN  parquet files of SMS messages, with the columns sms and label (0 ham, 1 spam)
//	HELD   the held-out part of them
//	RUN    a finished run on TRAIN, which all scripts share: to be read only
//	T5RUN  one with T5's vocabulary, for scripts that look at sizes; its processes take twenty times as long
//
// and in its folder tiny.yaml, a configuration without data and output, and t5.yaml, which is that with T5's
// vocabulary.
func runScripts(t *testing.T, dir string, more map[string]func(*testscript.TestScript, bool, []string)) {
	t.Helper()
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	tiny, err := os.ReadFile("testdata/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	train := filepath.Join(repo, "testdata/sms_spam/train-00000-of-00001.parquet")
	held := filepath.Join(repo, "testdata/sms_spam/validation-00000-of-00001.parquet")
	finetune := func(more ...string) string {
		run := filepath.Join(t.TempDir(), "run")
		command := append([]string{"finetune", "--config", "testdata/tiny.yaml", "--train", train, "--validation", held,
			"--output", run}, more...)
		if out, err := exec.Command("t5train", command...).CombinedOutput(); err != nil {
			t.Fatalf("finetune: %v\n%s", err, out)
		}
		return run
	}
	finished, large := finetune("--tokenizer", smallVocabulary(), "--set", "data.max_target_length=8"), finetune()
	own := map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits, "signal": signalWhen, "keys": keys, "parquet": writeParquet, "flip": flip, "page": page,
		"pytorch": asPyTorch, "pulled": pulled,
		"events": events,
	}
	maps.Copy(own, more)
	testscript.Run(t, testscript.Params{
		Dir: dir, Cmds: own, RequireExplicitExec: true,
		Condition: func(cond string) (bool, error) {
			if cond != "builtin" {
				return false, fmt.Errorf("there is no condition %q", cond)
			}
			return builtin.Has(builtin.Default), nil
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("REPO", repo)
			env.Setenv("TRAIN", train)
			env.Setenv("HELD", held)
			env.Setenv("RUN", finished)
			env.Setenv("T5RUN", large)
			// "spam" is 4 letters
			small := bytes.Replace(tiny, []byte("max_target_length: 4\n"), []byte("max_target_length: 8\n"), 1)
			small = fmt.Appendf(small, "\ntokenizer:\n  path: %s\n", smallVocabulary())
			return errors.Join(os.WriteFile(filepath.Join(env.WorkDir, "tiny.yaml"), small, 0o600),
				os.WriteFile(filepath.Join(env.WorkDir, "t5.yaml"), tiny, 0o600))
		},
	})
}

// asPyTorch gives the weights of a model folder the name and the format of PyTorch.
func asPyTorch(ts *testscript.TestScript, _ bool, args []string) {
	if err := testrun.AsPyTorch(ts.MkAbs(args[0]), 1); err != nil {
		ts.Fatalf("%v", err)
	}
}

// pulled puts a model into the cache of Hugging Face, as t5train pull does:
//
//	pulled google/flan-t5-small $RUN/best
func pulled(ts *testscript.TestScript, _ bool, args []string) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	home := ts.MkAbs("home")
	dir := filepath.Join(home, "hub", "models--"+strings.ReplaceAll(args[0], "/", "--"))
	ts.Check(os.MkdirAll(filepath.Join(dir, "snapshots"), 0o777))
	ts.Check(os.MkdirAll(filepath.Join(dir, "refs"), 0o777))
	ts.Check(os.WriteFile(filepath.Join(dir, "refs", "main"), []byte(commit), 0o600))
	ts.Check(os.Symlink(ts.MkAbs(args[1]), filepath.Join(dir, "snapshots", commit)))
	ts.Setenv("HF_HOME", home)
}

// exits runs a command that must end with a status:
//
//	exits 1 t5train predict --model nowhere --text hello
//
// A status other than 0 is a promise: one message, at the end, no stack trace and no hidden file left behind.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := status(ts, ts.Exec(args[1], args[2:]...)); got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
	if want != 0 {
		checkFailure(ts, ts.ReadFile("stderr"))
	}
}

// status returns the exit status of a command that has ended.
func status(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

func checkFailure(ts *testscript.TestScript, stderr string) {
	if strings.Contains(stderr, "goroutine ") || strings.Contains(stderr, "panic:") {
		ts.Fatalf("a stack trace")
	}
	if n := len(regexp.MustCompile(`(?m)^t5train: `).FindAllString(stderr, -1)); n != 1 {
		ts.Fatalf("%d messages, want one", n)
	}
	work := ts.Getenv("WORK")
	ts.Check(filepath.WalkDir(work, func(path string, d fs.DirEntry, err error) error {
		if path == filepath.Join(work, ".tmp") { // of testscript itself
			return fs.SkipDir
		}
		if err == nil && strings.HasPrefix(d.Name(), ".") {
			ts.Fatalf("left behind: %s", path)
		}
		return err
	}))
}

// signalWhen sends a signal to a command when a line of its standard error, which it leaves in signal.log, matches, and
// wants the exit status 128 + signal:
//
//	signal INT 'step 2/' t5train finetune --config run.yaml
func signalWhen(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}
	if neg || len(args) < 3 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal INT|TERM|HUP regexp command [args...]")
	}
	sig, pattern := signals[args[0]], regexp.MustCompile(args[1])
	cmd := exec.Command(args[2], args[3:]...)
	cmd.Dir = ts.MkAbs(".")
	log := &trigger{pattern: pattern, fire: func() { ts.Check(cmd.Process.Signal(sig)) }}
	cmd.Stderr = log
	err := cmd.Run()
	ts.Check(os.WriteFile(ts.MkAbs("signal.log"), log.text.Bytes(), 0o600))
	ts.Logf("%s", log.text.Bytes())
	if got, want := status(ts, err), 128+int(sig); got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
	if strings.Contains(log.text.String(), "goroutine ") {
		ts.Fatalf("a stack trace")
	}
}

// trigger gathers what is written and calls fire once when it matches. The buffer is no embedded field: its ReadFrom
// would pass by Write.
type trigger struct {
	text    bytes.Buffer
	pattern *regexp.Regexp
	fire    func()
}

func (t *trigger) Write(p []byte) (int, error) {
	n, err := t.text.Write(p)
	if t.fire != nil && t.pattern.Match(t.text.Bytes()) {
		t.fire()
		t.fire = nil
	}
	return n, err
}

// keys checks that every line of a file, or the whole of it, is one flat JSON object that has these keys, in this
// order; standard output is the file stdout:
//
//	keys stdout examples loss perplexity
func keys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: keys file key...")
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	objects := 0
	for ; decoder.More(); objects++ {
		var raw json.RawMessage
		ts.Check(decoder.Decode(&raw))
		if got := keysOf(ts, raw); !slices.Equal(got, args[1:]) {
			ts.Fatalf("keys %v, want %v", got, args[1:])
		}
	}
	if objects == 0 {
		ts.Fatalf("%s holds no JSON object", args[0])
	}
}

func keysOf(ts *testscript.TestScript, object json.RawMessage) []string {
	decoder := json.NewDecoder(bytes.NewReader(object))
	token, err := decoder.Token()
	ts.Check(err)
	if token != json.Delim('{') {
		ts.Fatalf("%s is no JSON object", object)
	}
	var names []string
	for decoder.More() {
		name, err := decoder.Token()
		ts.Check(err)
		names = append(names, name.(string))
		var value json.RawMessage
		ts.Check(decoder.Decode(&value))
	}
	return names
}

// flip inverts a byte of a file, counted from its start:
//
//	flip data.parquet 3000
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip file offset")
	}
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	content := []byte(ts.ReadFile(args[0]))
	content[at] ^= 0xff
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o600))
}

// page runs the t5train commands of a page, or of a section of it, from the first to the last, with the files that they
// name in the script's folder. What would take long is replaced by something smaller, and must be there:
//
//	page 'docs/prediction.md#Score texts'
//	page docs/guides/continue-hugging-face.md '--steps 1000=--steps 2'
func page(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: page path[#section] [old=new...]")
	}
	path, section, one := strings.Cut(args[0], "#")
	text := ts.ReadFile(filepath.Join(ts.Getenv("REPO"), path))
	if one {
		_, rest, found := strings.Cut(text, "\n## "+section+"\n")
		if !found {
			ts.Fatalf("%s has no section %s", path, section)
		}
		text, _, _ = strings.Cut(rest, "\n## ")
	}
	for _, replacement := range args[1:] {
		old, small, _ := strings.Cut(replacement, "=")
		if !strings.Contains(text, old) {
			ts.Fatalf("the page has no %s", old)
		}
		text = strings.ReplaceAll(text, old, small)
	}
	for _, line := range commands(text) {
		// serve would not end (see serve_test.go), pull asks the hub, and label an endpoint (see their packages)
		asks := strings.HasPrefix(line, "t5train pull ") || strings.HasPrefix(line, "t5train label ")
		if !strings.HasPrefix(line, "t5train serve ") && !asks {
			ts.Logf("$ %s", line)
			ts.Check(ts.Exec("sh", "-c", line))
		}
	}
}

// commands returns the lines that begin with t5train in the sh blocks of a Markdown text. A backslash at the end of a
// line continues it.
func commands(text string) (list []string) {
	inBlock := false
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", "")) {
		switch {
		case strings.HasPrefix(line, "```"):
			inBlock = line == "```sh\n"
		case inBlock && strings.HasPrefix(line, "t5train "):
			list = append(list, line)
		}
	}
	return list
}

// TestPagesRun makes sure that a script runs each page with commands, or each section of it that has some.
func TestPagesRun(t *testing.T) {
	var scripts strings.Builder
	for _, script := range glob(t, "testdata/script/*.txtar") {
		scripts.Write(testdir.Read(t, script))
	}
	root := filepath.Join("..", "..")
	for _, path := range append(glob(t, root+"/docs/*.md", root+"/docs/guides/*.md"), root+"/README.md") {
		text := string(testdir.Read(t, path))
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.ToSlash(name)
		if len(commands(text)) == 0 || name == "docs/serving.md" { // which serve_test.go runs
			continue
		}
		for _, section := range strings.Split("\n"+text, "\n## ")[1:] {
			title, _, _ := strings.Cut(section, "\n")
			whole := regexp.MustCompile("(?m)^page '?" + regexp.QuoteMeta(name) + `('?$|'? )`)
			if len(commands(section)) > 0 && !whole.MatchString(scripts.String()) &&
				!strings.Contains(scripts.String(), "page '"+name+"#"+title+"'") {
				t.Errorf("no script runs the commands of %s, section %q", name, title)
			}
		}
	}
}

func glob(t *testing.T, patterns ...string) (files []string) {
	t.Helper()
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.FromSlash(p))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}
