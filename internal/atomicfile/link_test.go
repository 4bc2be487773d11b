package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// outside makes a file, and a link to it in a folder elsewhere. check says whether the file has changed.
func outside(t *testing.T, name string) (link string, check func()) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link = filepath.Join(t.TempDir(), name)
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	return link, func() {
		t.Helper()
		if got, err := os.ReadFile(file); err != nil || string(got) != "precious" {
			t.Errorf("the file outside is %q, error %v", got, err)
		}
	}
}

func TestLinksAreNotWrittenThrough(t *testing.T) {
	link, check := outside(t, "metrics.jsonl")
	for name, open := range map[string]func() error{
		"create": func() error { _, err := Create(link); return err },
		"append": func() error { _, err := OpenFile(link, os.O_WRONLY|os.O_APPEND, 0); return err },
		"lock":   func() error { _, err := TryLock(link); return err },
		"new":    func() error { return replaceThrough(link+".other", link, nil) },
	} {
		if _, err := os.Lstat(link); err != nil {
			link, check = outside(t, "metrics.jsonl")
		}
		if err := open(); err == nil || !strings.Contains(err.Error(), link+": it is a symbolic link") {
			t.Errorf("%s: got %v, want an error that names the link", name, err)
		}
		check()
	}
}

func TestReplaceFileReplacesALink(t *testing.T) {
	link, check := outside(t, "config.yaml")
	if err := ReplaceFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	check()
	if got, err := os.ReadFile(link); err != nil || string(got) != "new" {
		t.Errorf("got %q, error %v", got, err)
	}
}

func TestDanglingLinksMakeNoFile(t *testing.T) {
	target := filepath.Join(t.TempDir(), "target")
	link := filepath.Join(t.TempDir(), ".lock")
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	if _, err := TryLock(link); err == nil {
		t.Error("the lock was taken")
	}
	if _, err := Create(link); err == nil {
		t.Error("the file was made")
	}
	if Exists(target) {
		t.Error("a file was made outside")
	}
}

func TestLinkedFoldersAreFollowed(t *testing.T) {
	link := filepath.Join(t.TempDir(), "run")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Skip(err)
	}
	if err := ReplaceFile(filepath.Join(link, "latest"), nil); err != nil {
		t.Error(err)
	}
	release, err := TryLock(filepath.Join(link, ".lock"))
	if err != nil {
		t.Fatal(err)
	}
	release()
}

func TestInnerFoldersAreNoLinks(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	link := filepath.Join(root, "report")
	if err := os.Symlink(outside, link); err != nil {
		t.Skip(err)
	}
	if err := MkdirInner(link); err == nil || !strings.Contains(err.Error(), link+": it is a symbolic link") {
		t.Errorf("got %v, want an error that names the link", err)
	}
	if err := MkdirInner(filepath.Join(link, "report")); err != nil || !Exists(filepath.Join(outside, "report")) {
		t.Errorf("behind a link that the user names: %v", err)
	}
}

// A folder that is handed over must not make us take files from elsewhere, or remove any there.
func TestLinkedStagesAreNotFollowed(t *testing.T) {
	outside := t.TempDir()
	for name, text := range map[string]string{journalName: `{"Files": ["secret"]}`, "secret": "secret"} {
		if err := os.WriteFile(filepath.Join(outside, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{publishName, stageName} {
		dir := t.TempDir()
		if err := os.Symlink(outside, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
		s, err := OpenStage(dir)
		if err == nil {
			err = s.Close()
		}
		if name == publishName && (err == nil ||
			!strings.Contains(err.Error(), publishName+": it is a symbolic link")) {
			t.Errorf("got %v, want an error that names the link", err)
		}
		if name == publishName && Settle(dir) == nil {
			t.Error("settled")
		}
		if !Exists(filepath.Join(outside, journalName)) || !Exists(filepath.Join(outside, "secret")) {
			t.Errorf("%s: files outside have gone", name)
		}
	}
}

// What a process leaves that is killed while it looks is removed by the next one.
func TestCheckWritableLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".t5train-tmp"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckWritable(dir); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left %v, error %v", entries, err)
	}
}
