package trainer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// A run writes nothing where links inside of its folder lead to, and says so before it begins.
func TestFoldersOfARunAreNoLinks(t *testing.T) {
	for _, name := range []string{checkpoints.DirName, runlog.DirName, runlog.EventsName, setup.TokensName} {
		t.Run(name, func(t *testing.T) {
			config, outside := tinyPretraining(t), t.TempDir()
			if err := os.MkdirAll(config.Output, 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(config.Output, name)); err != nil {
				t.Skip(err)
			}
			_, err := Pretrain(t.Context(), config, silent())
			if err == nil || !strings.Contains(err.Error(), name+": it is a symbolic link") {
				t.Errorf("got error %v, want one that names the link", err)
			}
			if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
				t.Errorf("outside there are %v, error %v", entries, err)
			}
		})
	}
}

func TestFilesOfARunReplaceLinks(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	file, link := filepath.Join(outside, "precious"), filepath.Join(dir, runlog.HistoryName)
	const text = `{"kind": "train", "step": 1}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	h, err := runlog.OpenLog(link, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != text {
		t.Errorf("the file outside is %q, error %v", got, err)
	}
	if err := runlog.Write(filepath.Join(dir, filepath.FromSlash(runlog.RunName)), runlog.Run{}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, runlog.DirName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, runlog.DirName)); err != nil {
		t.Fatal(err)
	}
	if runlog.Write(filepath.Join(dir, filepath.FromSlash(runlog.RunName)), runlog.Run{}) == nil {
		t.Error("a report was written through a link")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside there are %v, error %v", entries, err)
	}
}
