package configs

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestPresets(t *testing.T) {
	names := Presets()
	if !slices.Contains(names, "quickstart") || !slices.Contains(names, "finetune-classification") {
		t.Errorf("got %v, want quickstart and finetune-classification among them", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			content, err := Preset(name)
			if err != nil {
				t.Fatal(err)
			}
			mustLoad(t, string(content), LoadOptions{})
			head, _, _ := strings.Cut(string(content), "\n\n")
			if !strings.Contains(head, "--config configs/"+name+".yaml") || !strings.Contains(head, "--set ") {
				t.Errorf("want its command and an override at the top, got\n%s", head)
			}
			if onDisk, err := os.ReadFile(name + ".yaml"); err != nil || string(onDisk) != string(content) {
				t.Errorf("want the file configs/%s.yaml itself, got %v", name, err)
			}
		})
	}
	if _, err := Preset("quick"); err == nil || !strings.Contains(err.Error(), "want one of finetune-classification, pretrain-tiny, quickstart") {
		t.Errorf("unknown preset: got %v", err)
	}
}
