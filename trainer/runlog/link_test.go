package runlog

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestReplaceLeavesWhatLinksName(t *testing.T) {
	now := time.Unix(1000, 0)
	file, dir := filepath.Join(t.TempDir(), "precious"), t.TempDir()
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, filepath.Join(dir, fileName(1000))); err != nil {
		t.Skip(err)
	}
	w, err := ReplaceEvents(dir, now, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "precious" {
		t.Errorf("the file outside is %q, error %v", got, err)
	}
}

func TestReplaceFollowsNoLinkToAFolder(t *testing.T) {
	outside, link := t.TempDir(), filepath.Join(t.TempDir(), "tensorboard")
	if err := os.Symlink(outside, link); err != nil {
		t.Skip(err)
	}
	if _, err := ReplaceEvents(link, time.Unix(1000, 0), nil); err == nil {
		t.Error("events were written through a link")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside there are %v, error %v", entries, err)
	}
}
